"""The form of a feed. Its secret goes in and never out."""

from datetime import timedelta
from typing import Any

from django import forms
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminPasswordWidget,
    UnfoldAdminTextInputWidget,
    UnfoldAdminURLInputWidget,
)

from abuse import feeds
from abuse.errors import InvalidParameter
from abuse.models import Feed

MINUTE = timedelta(minutes=1)


class FeedForm(forms.ModelForm):
    url = forms.URLField(max_length=500, assume_scheme="https", label="URL", widget=UnfoldAdminURLInputWidget)
    every_minutes = forms.IntegerField(
        min_value=5, max_value=7 * 24 * 60, label="Every (minutes)", widget=UnfoldAdminIntegerFieldWidget
    )
    secret = forms.CharField(
        required=False,
        max_length=feeds.MAX_SECRET_CHARACTERS,
        widget=UnfoldAdminPasswordWidget(render_value=False, attrs={"autocomplete": "new-password"}),
        help_text="What the header says. Stored sealed and shown never; empty: it stays as it is.",
    )
    forgets_secret = forms.BooleanField(required=False, label="Forget the secret")

    class Meta:
        model = Feed
        fields = ("name", "url", "format", "default_kind", "auth_header", "is_enabled")
        widgets = {"default_kind": UnfoldAdminTextInputWidget, "auth_header": UnfoldAdminTextInputWidget}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        every = self.instance.every or timedelta(hours=1)
        self.fields["every_minutes"].initial = every // MINUTE

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if "every_minutes" in cleaned:
            self.instance.every = cleaned["every_minutes"] * MINUTE
        return cleaned

    def _post_clean(self) -> None:
        """When the instance has what was typed."""
        super()._post_clean()
        if not self.errors:
            try:
                feeds.check(self.instance, self.new_secret)
            except InvalidParameter as error:
                self.add_error(None, str(error))

    @property
    def new_secret(self) -> str | None:
        """None: as it is."""
        if self.cleaned_data.get("forgets_secret"):
            return ""
        return self.cleaned_data.get("secret") or None
