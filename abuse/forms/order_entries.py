"""The desk's form for an order that an officer files by phone or letter: what they say, the papers, the names."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminFileFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminSplitDateTimeWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from abuse.models import Officer, Order, OrderFile
from abuse.orders import Filing, UploadedFile
from abuse.submissions import MAX_SIZE, MIB

MAX_PASTED_CHARACTERS = 2 * MIB
_PARTS = (("subscriber", "who holds the account"), ("addresses", "addresses of the names"), ("log_ins", "log-ins"))
# Where what is wrong with a filing is said in this form.
_FIELDS = {"order": "paper", "wanted_records": "parts"}


def _line(label: str, length: int, *, required: bool = True, help_text: str = "") -> forms.CharField:
    widget = UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"})
    return forms.CharField(label=label, max_length=length, required=required, help_text=help_text, widget=widget)


def _text(label: str, *, required: bool = True, rows: int = 3, help_text: str = "") -> forms.CharField:
    widget = UnfoldAdminTextareaWidget(attrs={"rows": rows})
    return forms.CharField(label=label, max_length=10_000, required=required, help_text=help_text, widget=widget)


def _moment(label: str, help_text: str = "") -> forms.SplitDateTimeField:
    widget = UnfoldAdminSplitDateTimeWidget()
    return forms.SplitDateTimeField(label=f"{label} (UTC)", required=False, help_text=help_text, widget=widget)


def _choice(label: str, choices: Sequence[tuple[Any, Any]], *, required: bool = True) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, choices=choices, required=required, widget=UnfoldAdminSelectWidget)


class OrderEntryForm(forms.Form):
    """What is wrong with the filing itself the verb says, by field: see show_problems."""

    officer = forms.ModelChoiceField(
        queryset=Officer.objects.none(),
        widget=UnfoldAdminSelectWidget,
        help_text="Those in office. Whoever is not among them applies first, and is vetted by two.",
    )
    checked = _text(
        "How you made sure that it is they",
        rows=2,
        help_text="Whom you called back, at the agency's number that we found ourselves. Goes into the ledger.",
    )
    kind = _choice("Kind", Order.Kind.choices)
    instrument = _choice("Instrument", Order.Instrument.choices)
    reference = _line("File number", 120)
    issuing_authority = _line("Issued by", 200, help_text="The court or office.")
    legal_basis = _line("Legal basis", 300)
    reasons = _text("Reasons", help_text="Why the names are illegal, or the information is needed (DSA Art. 9(2)(a)).")
    territorial_scope = _line("Territory", 200, required=False)
    redress = _text("Redress", required=False, rows=2, help_text="What customers can do against it.")
    contact = _text("Questions to", rows=2)
    wanted_effect = _choice("In DNS", [("", "as usual for its kind"), *Order.Effect.choices], required=False)
    ends_at = _moment("Ends", "What is done in DNS ends by itself then.")
    return_conditions = _text("Conditions of return", required=False, rows=2)
    hold_days = _choice(
        "Preserve for", [("", "–"), (60, "60 days"), (90, "90 days"), (365, "365 days")], required=False
    )
    parts = forms.MultipleChoiceField(
        label="Records", choices=_PARTS, required=False, widget=UnfoldAdminCheckboxSelectMultipleWidget
    )
    since = _moment("Records since")
    until = _moment("Records until")
    due_at = _moment("Deadline", "What the order says; empty: 8 hours, 24 hours or 10 days, by its kind.")
    sealed_until = _moment("Sealed until", "Nobody concerned is told before.")
    seal_ground = _line("Which provision seals it", 300, required=False)
    paper = forms.FileField(label="The order itself", required=False, widget=UnfoldAdminFileFieldWidget)
    names = forms.CharField(
        required=False,
        strip=False,
        max_length=MAX_PASTED_CHARACTERS,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 8, "spellcheck": "false"}),
        help_text="As they stand in the letter: one on each line, defanged, URLs, with comments.",
    )
    names_file = forms.FileField(label="Or the list as a file", required=False, widget=UnfoldAdminFileFieldWidget)
    is_meant_twice = forms.BooleanField(
        label="It is meant twice", required=False, widget=UnfoldBooleanWidget, help_text="The same is open already."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        officers = Officer.objects.in_office().select_related("agency").order_by("agency__name", "name")
        self.fields["officer"].queryset = officers

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for name in ("paper", "names_file"):
            if (file := cleaned.get(name)) and file.size > MAX_SIZE:
                self.add_error(name, f"It has {file.size} octets; the most is {MAX_SIZE}.")
        if cleaned.get("names", "").strip() and cleaned.get("names_file"):
            self.add_error("names", "Paste the list or choose its file: one of both.")
        return cleaned

    @property
    def filing(self) -> Filing:
        said = self.cleaned_data
        names = ("kind", "instrument", "reference", "issuing_authority", "legal_basis", "reasons", "contact")
        more = ("territorial_scope", "redress", "return_conditions", "sealed_until", "seal_ground", "due_at", "ends_at")
        records = {"parts": said["parts"], "since": said["since"], "until": said["until"]}
        return Filing(
            **{name: said[name] for name in (*names, *more)},
            wanted_effect=said["wanted_effect"],
            hold_days=int(said["hold_days"]) if said["hold_days"] else None,
            wanted_records=records if any(records.values()) else {},
        )

    @property
    def uploads(self) -> list[UploadedFile]:
        said, found = self.cleaned_data, []
        if paper := said["paper"]:
            found.append(UploadedFile(paper.read(), paper.name, paper.content_type or "", OrderFile.Role.ORDER))
        if listed := said["names_file"]:
            found.append(UploadedFile(listed.read(), listed.name, listed.content_type or "", OrderFile.Role.NAMES))
        elif said["names"].strip():
            found.append(UploadedFile(said["names"].encode(), "", "text/plain", OrderFile.Role.NAMES))
        return found

    def show_problems(self, problems: Mapping[str, Sequence[str]]) -> None:
        for name, sentences in problems.items():
            field = _FIELDS.get(name, name)
            for sentence in sentences:
                self.add_error(field if field in self.fields else None, sentence)
