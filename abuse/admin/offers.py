"""Offers: the decisions that the page of a case has keys and buttons for, who may take them, and what their forms ask."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django import forms
from django.utils import timezone

from abuse.actions import say
from abuse.models import Case, Decision, DiversionTarget, Report
from ddns.models import User

Action = Decision.Action

MAX_REASON_CHARACTERS = 4000
MAX_TEXT_CHARACTERS = 8000

FOREVER = ""
EVERYBODY = ""
# To choose from; all of the case are asked by choosing none.
MOST_ASKED = 100
LASTS = [
    (FOREVER, "until it is undone"),
    ("1", "1 day"),
    ("3", "3 days"),
    ("7", "7 days"),
    ("30", "30 days"),
    ("90", "90 days"),
]


@dataclass(frozen=True, slots=True)
class Offer:
    """One decision that can be taken. asks: the fields of its form besides the reason."""

    action: Decision.Action
    key: str
    title: str
    permission: str
    asks: Sequence[str] = ()
    is_dark: bool = False  # takes something away from a customer
    is_for_many: bool = False

    @property
    def value(self) -> str:
        return self.action.value


_DECIDE, _GRAVELY = "abuse.decide_case", "abuse.decide_gravely"
_TOLD = ("text", "ground", "withheld")

OFFERS = (
    Offer(Action.DISMISS, "d", "Dismiss", _DECIDE, ("outcome",), is_for_many=True),
    Offer(Action.ASK, "a", "Ask", _DECIDE, ("report", "text"), is_for_many=True),
    Offer(Action.INFORM, "i", "Inform", _DECIDE, ("text",), is_for_many=True),
    Offer(Action.WARN, "w", "Warn", _DECIDE, ("hours", *_TOLD), is_for_many=True),
    Offer(Action.HOLD, "h", "Hold", _DECIDE, ("lasts", *_TOLD), is_dark=True, is_for_many=True),
    Offer(Action.SUSPEND, "s", "Suspend", _DECIDE, ("lasts", *_TOLD), is_dark=True, is_for_many=True),
    Offer(Action.DIVERT, "v", "Divert", _GRAVELY, ("target", "lasts", *_TOLD), is_dark=True),
    Offer(Action.LOCK_ACCOUNT, "l", "Lock account", _GRAVELY, _TOLD, is_dark=True),
    Offer(Action.PRESERVE, "p", "Preserve", "abuse.preserve_account", ("lasts",)),
    Offer(Action.REFER, "r", "Refer", "abuse.refer_case", ("authority", "text")),
    Offer(Action.FORWARD, "f", "Forward", _DECIDE, ("to", "text")),
    Offer(Action.BLOCK_NETWORK, "b", "Block network", _GRAVELY, ("network", "lasts", "withheld")),
    Offer(Action.BLOCK_PATTERN, "t", "Block pattern", _GRAVELY, ("pattern", "lasts", "withheld")),
    Offer(Action.RESERVE_LABEL, "e", "Reserve label", _GRAVELY, ("label", "withheld")),
)
BY_ACTION = {offer.value: offer for offer in OFFERS}
# What goes by itself when nothing was chosen. A block without an end outlives its reason.
_LASTS_BY_DEFAULT = {Action.PRESERVE: "90", Action.BLOCK_NETWORK: "30", Action.BLOCK_PATTERN: "30", Action.HOLD: "7"}
_TEXT_LABELS = {
    Action.ASK: "The question",
    Action.INFORM: "Also tell the customer",
    Action.FORWARD: "The mail",
    Action.REFER: "For the authority",
}
_MUST_END = {Action.PRESERVE, Action.BLOCK_NETWORK, Action.BLOCK_PATTERN}


def to(user: User) -> list[Offer]:
    """Those that the user may take, or propose to a second person."""
    return [offer for offer in OFFERS if user.has_perm(offer.permission)]


class DecisionForm(forms.Form):
    """What one decision needs. Fields that it does not ask for are not there."""

    outcome = forms.ChoiceField(
        label="Because",
        choices=[
            (Report.Outcome.REJECTED, "the reports are wrong: it is no abuse"),
            (Report.Outcome.INSUFFICIENT, "the evidence is not enough"),
            (Report.Outcome.ALREADY_DONE, "it was acted on before"),
        ],
    )
    report = forms.ChoiceField(label="Whom", required=False, choices=[(EVERYBODY, "every reporter of the case")])
    text = forms.CharField(
        label="What they are told",
        max_length=MAX_TEXT_CHARACTERS,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    hours = forms.ChoiceField(
        label="Time to put it right", choices=[("24", "24 hours"), ("48", "48 hours"), ("72", "72 hours")], initial="48"
    )
    target = forms.ModelChoiceField(DiversionTarget.objects.none(), label="To", empty_label=None)
    authority = forms.CharField(label="Authority", max_length=200)
    to = forms.EmailField(label="To")
    network = forms.CharField(label="Network", max_length=50)
    pattern = forms.CharField(label="Pattern of labels", max_length=100, help_text="* stands for any letters.")
    label = forms.CharField(label="Label", max_length=63)
    lasts = forms.ChoiceField(label="Lasts", choices=LASTS, required=False)
    ground = forms.CharField(
        label="Ground", max_length=200, required=False, help_text="The law or clause; empty: the rules of use."
    )
    withheld = forms.CharField(
        label="Do not tell the customer, because",
        max_length=200,
        required=False,
        help_text="Empty: they get a statement of reasons.",
    )
    reason = forms.CharField(
        label="Reason",
        max_length=MAX_REASON_CHARACTERS,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "A decision needs a reason: the customer and a court may ask for it."},
    )
    keep_open = forms.BooleanField(label="Keep the case open", required=False)
    version = forms.CharField(widget=forms.HiddenInput, max_length=64, required=False)

    def __init__(self, offer: Offer, case: Case | None, *args, **kwargs) -> None:
        super().__init__(*args, auto_id=f"{offer.value}_%s", **kwargs)
        self.offer, self.case = offer, case
        asked = {*offer.asks, "reason", *(["version", "keep_open"] if case else [])}
        # Of many cases each has reporters of its own.
        asked -= set() if case else {"report"}
        for name in set(self.fields) - asked:
            del self.fields[name]
        if "target" in self.fields:
            self.fields["target"].queryset = DiversionTarget.objects.filter(is_enabled=True)
        if "lasts" in self.fields:
            self._choose_end()
        if case is not None:
            self._suggest(case)
        if case is not None and "report" in self.fields:
            self.fields["report"].choices += [(str(each.pk), _named(each)) for each in say.to_ask(case)[-MOST_ASKED:]]
        if "text" in self.fields:
            self.fields["text"].label = _TEXT_LABELS.get(offer.action, "Also tell the customer")
            self.fields["text"].required = offer.action in (Action.ASK, Action.FORWARD)

    def _choose_end(self) -> None:
        field = self.fields["lasts"]
        field.initial = _LASTS_BY_DEFAULT.get(self.offer.action, FOREVER)
        if self.offer.action in _MUST_END:
            field.required, field.choices = True, LASTS[1:]

    def _suggest(self, case: Case) -> None:
        hostname = case.hostname
        address = (hostname.ipv4 or hostname.ipv6) if hostname else ""
        suggestions = {
            "label": case.name.partition(".")[0],
            "pattern": case.name.partition(".")[0].rstrip("0123456789-") + "*",
            "network": f"{address}/{128 if ':' in address else 32}" if address else "",
        }
        for name, suggestion in suggestions.items():
            if name in self.fields:
                self.fields[name].initial = suggestion

    @property
    def asked(self) -> list[forms.BoundField]:
        """The fields in the order of reading: what, then why."""
        seldom = {field.name for field in self.seldom}
        return [field for field in self.visible_fields() if field.name not in seldom]

    @property
    def seldom(self) -> list[forms.BoundField]:
        """What is mostly left as it is: folded up."""
        folded = {"withheld", "keep_open", "ground", *(["text"] if self.offer.asks[-3:] == _TOLD else [])}
        return [field for field in self.visible_fields() if field.name in folded]

    def ends_at(self) -> datetime | None:
        days = self.cleaned_data.get("lasts")
        return timezone.now() + timedelta(days=int(days)) if days else None

    def parameters(self) -> dict:
        """As abuse.decisions wants them."""
        data = self.cleaned_data
        found: dict = {name: data[name] for name in _PARAMETERS if data.get(name)}
        if "hours" in data:
            found["hours"] = int(data["hours"])
        if "target" in data:
            found["target"] = data["target"].pk
        return found


_PARAMETERS = ("outcome", "report", "text", "authority", "to", "network", "pattern", "label")


def _named(report: Report) -> str:
    return f"{report.reporter}{'' if report.contact else ' (left no address)'}"
