"""Forms of the desk about what came in: settling what no parser understood, and uploading."""

from typing import Any

from django import forms
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminSplitDateTimeWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from abuse import settlements
from abuse.errors import InvalidParameter
from abuse.models import Category
from abuse.settlements import Reading
from abuse.submissions import MAX_SIZE, MIB

MAX_TEXT_CHARACTERS = 20_000
MAX_PASTED_CHARACTERS = 2 * MIB


def _categories() -> list[tuple[str, str]]:
    return [(each.key, f"{each.title} ({each.key})") for each in Category.objects.all()]


class SettleForm(forms.Form):
    """What a person read out of it; or that there is nothing in it."""

    is_nothing = forms.BooleanField(required=False, label="There is no report in it")
    names = forms.CharField(
        required=False,
        max_length=MAX_TEXT_CHARACTERS,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 4, "spellcheck": "false", "autofocus": True}),
        help_text="One on each line: a host, host:port, address or URL, as it is written there.",
    )
    kind = forms.ChoiceField(required=False, label="Category", widget=UnfoldAdminSelectWidget)
    seen_at = forms.SplitDateTimeField(
        required=False,
        label="Seen at (UTC)",
        widget=UnfoldAdminSplitDateTimeWidget,
        help_text="When the reporter saw it; empty: when it came in.",
    )
    description = forms.CharField(
        required=False, max_length=MAX_TEXT_CHARACTERS, widget=UnfoldAdminTextareaWidget(attrs={"rows": 4})
    )
    reason = forms.CharField(
        max_length=4000,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
        error_messages={"required": "Say how you came to that: it goes into the ledger."},
        help_text="Goes into the ledger, unchangeable.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = [("", "Choose…"), *_categories()]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("is_nothing"):
            if cleaned.get("names", "").strip():
                self.add_error("is_nothing", "Names are given: either they are reported, or nothing is in it.")
            return cleaned
        try:
            settlements.subjects_of(cleaned.get("names", ""))
        except InvalidParameter as error:
            self.add_error("names", str(error))
        if not cleaned.get("kind"):
            self.add_error("kind", "Choose what it is about.")
        return cleaned

    @property
    def reading(self) -> Reading | None:
        cleaned = self.cleaned_data
        if cleaned["is_nothing"]:
            return None
        return Reading(cleaned["names"], cleaned["kind"], cleaned["description"], cleaned["seen_at"])


class UploadForm(forms.Form):
    """A file, or what was pasted."""

    file = forms.FileField(
        required=False,
        widget=UnfoldAdminFileFieldWidget,
        help_text=f"XARF, STIX, MISP, CSV, a mail (.eml), a list of names. At most {MAX_SIZE // MIB} MiB.",
    )
    pasted = forms.CharField(
        required=False,
        strip=False,
        max_length=MAX_PASTED_CHARACTERS,
        label="Or paste it",
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 8, "spellcheck": "false"}),
    )
    kind = forms.ChoiceField(
        required=False,
        label="Category",
        widget=UnfoldAdminSelectWidget,
        help_text="Where it does not say itself: lists of names.",
    )
    on_behalf_of = forms.CharField(
        required=False,
        max_length=254,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
        help_text="A mailbox or domain that you vouch for: it counts as theirs. Empty: it counts as yours.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = [("", "It says so itself"), *_categories()]

    def clean_file(self) -> Any:
        file = self.cleaned_data.get("file")
        if file and file.size > MAX_SIZE:
            raise forms.ValidationError(f"It has {file.size} octets; the most is {MAX_SIZE}. Upload it in parts.")
        return file

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors and bool(cleaned.get("file")) == bool(cleaned.get("pasted", "").strip()):
            raise forms.ValidationError("Choose a file, or paste something: one of both.")
        return cleaned

    @property
    def content(self) -> bytes:
        file = self.cleaned_data["file"]
        return file.read() if file else self.cleaned_data["pasted"].encode()
