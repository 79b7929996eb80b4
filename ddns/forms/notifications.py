"""What a customer says about being told."""

from collections.abc import Iterator

from django import forms
from django.forms import BoundField
from django.utils.translation import gettext_lazy as _

from ddns import preferences
from ddns.models import User
from ddns.models.notifications import ALWAYS_MAILED, Kind
from ddns.webhooks import MAX_URL_CHARACTERS


class PreferencesForm(forms.Form):
    """Two boxes for every kind, and the days of silence."""

    days = forms.IntegerField(label=_("Days of silence"), min_value=1, max_value=365)

    def __init__(self, account: User, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.account = account
        self.fields["days"].initial = preferences.days_of(account)
        for kind, ways in preferences.of(account).items():
            is_fixed = kind in ALWAYS_MAILED
            self.fields[f"{kind}_mail"] = forms.BooleanField(
                required=False, initial=ways.by_mail, disabled=is_fixed, label=_("by mail")
            )
            self.fields[f"{kind}_webhook"] = forms.BooleanField(
                required=False, initial=ways.by_webhook, label=_("by webhook")
            )

    def rows(self) -> Iterator[tuple[Kind, BoundField, BoundField]]:
        for kind in Kind:
            yield kind, self[f"{kind}_mail"], self[f"{kind}_webhook"]

    def save(self) -> None:
        for kind in Kind:
            by_mail, by_webhook = self.cleaned_data[f"{kind}_mail"], self.cleaned_data[f"{kind}_webhook"]
            preferences.choose(self.account, kind, by_mail=by_mail, by_webhook=by_webhook)
        preferences.choose_days(self.account, self.cleaned_data["days"])


class WebhookForm(forms.Form):
    url = forms.CharField(
        label=_("Address"),
        max_length=MAX_URL_CHARACTERS,
        widget=forms.TextInput(attrs={"type": "url", "placeholder": "https://example.com/hook", "autocomplete": "off"}),
    )
