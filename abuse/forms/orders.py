"""The form by which an officer files an order: what it asks for each kind, and which problem belongs to which field."""

import datetime as dt
import uuid
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from abuse import order_pages
from abuse.errors import InvalidOrder
from abuse.forms.report import FilesInput
from abuse.models import Officer, Order, OrderFile
from abuse.order_filings import HOLD_DAYS, MAX_TEXT_CHARACTERS, PARTS, Filing, UploadedFile
from abuse.submissions import MAX_SIZE, MIB
from ddns.forms.fields import AS_TYPED

Kind = Order.Kind
# Of the request with everything in it; what is beyond is not read.
MAX_REQUEST = MAX_SIZE + MIB
# Pasted; Django holds fields of 2.5 MiB in all. More comes as a file.
MAX_PASTED = 2 * MIB
MAX_REASON = 2000
_INFORMATION = (Kind.INFORMATION, Kind.EMERGENCY)
# Asked only for these kinds.
_ONLY_FOR = {
    "wanted_effect": (Kind.TAKEDOWN,),
    "ends_at": (Kind.TAKEDOWN,),
    "return_conditions": (Kind.TAKEDOWN,),
    "hold_days": (Kind.PRESERVATION,),
    "parts": _INFORMATION,
    "since": _INFORMATION,
    "until": _INFORMATION,
}
# Problems of the verb that stand at a field of another name.
_FIELDS = {"order": "papers", "wanted_records": "parts"}


class PapersField(forms.FileField):
    """Several at once, of any size that the request had: how much there may be in all says the verb."""

    widget = FilesInput

    def clean(self, data: Any, initial: Any = None) -> list:
        return [super(PapersField, self).clean(each, initial) for each in data or []]


class MomentField(forms.DateTimeField):
    """A time in UTC, as authorities in several zones can agree on."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
        super().__init__(widget=widget, required=False, **kwargs)

    def to_python(self, value: Any) -> dt.datetime | None:
        at = super().to_python(value)
        return at and at.astimezone(dt.UTC)


def _text(label: Any, *, help_text: Any = "", rows: int = 3, required: bool = True) -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": rows, "class": "prose"})
    return forms.CharField(
        label=label, help_text=help_text, required=required, max_length=MAX_TEXT_CHARACTERS, widget=widget
    )


class OrderForm(forms.Form):
    """Of one kind. Everything that is wrong stands at its field, the verb's findings too; files are chosen again then."""

    once = forms.UUIDField(widget=forms.HiddenInput, required=False)
    names = forms.CharField(
        label=gettext_lazy("Names"),
        required=False,
        max_length=MAX_PASTED,
        widget=forms.Textarea(attrs={**AS_TYPED, "rows": 8}),
        help_text=gettext_lazy(
            "One on each line, as they stand in your file: hxxp://, [.], host:port, URLs and capitals are understood, and so "
            "are comments that begin with #. Every line is answered, those too that name nothing of ours."
        ),
    )
    names_files = PapersField(
        label=gettext_lazy("Or the list as a file"),
        required=False,
        help_text=gettext_lazy("Text, CSV, XARF, STIX 2.1, or the letter's text. Both are read where both are given."),
    )
    instrument = forms.ChoiceField(label=gettext_lazy("What is it based on?"))
    reference = forms.CharField(
        label=gettext_lazy("Your file number"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    issuing_authority = forms.CharField(label=gettext_lazy("Court or office that issued it"), max_length=200)
    legal_basis = forms.CharField(
        label=gettext_lazy("Legal basis"),
        max_length=300,
        help_text=gettext_lazy("The provisions, as the order has them."),
    )
    reasons = _text(gettext_lazy("Why"), rows=5, help_text=gettext_lazy("What is illegal, or what is looked into."))
    territorial_scope = forms.CharField(
        label=gettext_lazy("Where it applies"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("Mandatory for administrative orders. A name that is out of DNS is so everywhere."),
    )
    papers = PapersField(
        label=gettext_lazy("The order itself"),
        required=False,
        help_text=gettext_lazy(
            "Best as PDF; 25 MiB with everything. It is stored as it is, and its SHA-256 stands in your receipt."
        ),
    )
    redress = _text(
        gettext_lazy("What can those concerned do against it?"),
        required=False,
        help_text=gettext_lazy("They are told so, unless the order is sealed."),
    )
    contact = _text(gettext_lazy("Who answers our questions, and how?"), rows=2)
    return_conditions = _text(
        gettext_lazy("When do the names go back? (optional)"),
        rows=2,
        required=False,
        help_text=gettext_lazy("For example: when the account proves that it was broken into."),
    )
    wanted_effect = forms.ChoiceField(label=gettext_lazy("What shall happen in DNS?"))
    ends_at = MomentField(label=gettext_lazy("Ends by itself (optional, UTC)"))
    hold_days = forms.TypedChoiceField(label=gettext_lazy("For how long?"), coerce=int)
    parts = forms.MultipleChoiceField(
        label=gettext_lazy("Which records?"), widget=forms.CheckboxSelectMultiple, required=False
    )
    since = MomentField(label=gettext_lazy("From (optional, UTC)"))
    until = MomentField(label=gettext_lazy("To (optional, UTC)"))
    due_at = MomentField(
        label=gettext_lazy("Deadline in the order (optional, UTC)"),
        help_text=gettext_lazy("Ours is 8 hours in an emergency, 24 hours for names, 10 days for information."),
    )
    sealed_until = MomentField(
        label=gettext_lazy("Nobody concerned is told until (optional, UTC)"), help_text=gettext_lazy("A year at most.")
    )
    seal_ground = forms.CharField(
        label=gettext_lazy("Which provision says so?"),
        max_length=300,
        required=False,
        help_text=gettext_lazy("If sealed."),
    )
    is_meant_twice = forms.BooleanField(label=gettext_lazy("File it all the same, as another order"), required=False)

    def __init__(self, kind: Kind, officer: Officer, *args: Any, **kwargs: Any) -> None:
        contact = f"{officer.name}, {officer.account.email}, {officer.phone_said}"
        kwargs["initial"] = {"once": uuid.uuid4(), "contact": contact, **kwargs.get("initial", {})}
        super().__init__(*args, **kwargs)
        self.kind = kind
        self.same: Order | None = None
        for name, kinds in _ONLY_FOR.items():
            if kind not in kinds:
                del self.fields[name]
        self._choose("instrument", [("", _("Choose")), *order_pages.INSTRUMENTS.items()])
        effects = [(each, words) for each, words in order_pages.EFFECTS.items() if each != Order.Effect.NONE]
        self._choose("wanted_effect", effects)
        self._choose("hold_days", [(days, _("{count} days").format(count=days)) for days in HOLD_DAYS])
        self._choose("parts", [(each, order_pages.RECORDS[each]) for each in PARTS])
        if kind not in _INFORMATION:
            self.fields["names"].widget.attrs["rows"] = 12

    def filing(self) -> Filing:
        """Once it is valid."""
        said = {name: self.cleaned_data[name] for name in Filing.__dataclass_fields__ if name in self.cleaned_data}
        wanted = {name: self.cleaned_data[name] for name in ("parts", "since", "until") if name in self.cleaned_data}
        return Filing(**said, kind=self.kind, wanted_records=wanted)

    def uploads(self) -> list[UploadedFile]:
        """Reads them."""
        cleaned, names = self.cleaned_data, OrderFile.Role.NAMES
        papers = [_uploaded(each, OrderFile.Role.ORDER) for each in cleaned["papers"]]
        lists = [_uploaded(each, names) for each in cleaned["names_files"]]
        if cleaned["names"]:
            lists.insert(0, UploadedFile(cleaned["names"].encode(errors="replace"), "names.txt", "text/plain", names))
        return [*papers, *lists]

    def refuse(self, error: InvalidOrder) -> None:
        """What the verb found, at its fields."""
        for name, found in error.problems.items():
            field = _FIELDS.get(name, name)
            for each in found:
                self.add_error(field if field in self.fields else None, each)

    def again(self) -> None:
        """The next sending of this form is another one."""
        again: Any = self.data.copy()
        again["once"] = str(uuid.uuid4())
        self.data = again

    def _choose(self, name: str, choices: list) -> None:
        if name in self.fields:
            self.fields[name].choices = choices


class WithdrawForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Why do you take it back?"),
        max_length=MAX_REASON,
        widget=forms.Textarea(attrs={"rows": 3, "class": "prose"}),
    )


class ItemsForm(forms.Form):
    """What the list of lines is narrowed to."""

    q = forms.CharField(label=gettext_lazy("Name or text"), max_length=253, required=False)
    outcome = forms.ChoiceField(label=gettext_lazy("What it is"), required=False)

    def __init__(self, rows: list[tuple[str, str, int]], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(value or "looked_at", f"{words} ({count})") for value, words, count in rows]
        self.fields["outcome"].choices = [("", _("All lines")), *choices]


def _uploaded(file: Any, role: str) -> UploadedFile:
    return UploadedFile(file.read(), file.name or "", file.content_type or "", role)
