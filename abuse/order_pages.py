"""What an officer sees of an order of the own agency: how it stands, what its lines are to us once that may be told, what to do.

Before staff has answered, or released the plan, lines say only what says nothing about any customer.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q, QuerySet, TextChoices
from django.utils.translation import gettext_lazy as _

from abuse import effect_papers, plan_words
from abuse.effect_bodies import OPEN_OUTCOMES
from abuse.models import EffectReport, Order, OrderItem

State, Outcome = Order.State, OrderItem.Outcome

# Of an effect report.
FORMS = {"json": "application/json", "csv": "text/csv; charset=utf-8", "pdf": "application/pdf"}
_REFUSED = (State.REFUSED, State.WITHDRAWN)
_CELLS = ("line", "text", "name", "outcome", "note", "since", "state", "acted_at", "undone_at")
# What a spreadsheet takes for a formula.
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")


class Standing(TextChoices):
    """How far it is; what our people discuss meanwhile is theirs."""

    RECEIVED = "received", _("received")
    LOOKED_AT = "looked_at", _("being looked at")
    ACTING = "acting", _("being carried out")
    PROVING = "proving", _("being proven")
    UNDOING = "undoing", _("being undone")
    ANSWERED = "answered", _("answered")
    REFUSED = "refused", _("refused")
    WITHDRAWN = "withdrawn", _("withdrawn")


_STANDINGS = {
    State.PLANNED: Standing.LOOKED_AT,
    State.PROPOSED: Standing.LOOKED_AT,
    State.STOPPED: Standing.LOOKED_AT,
}
NEXT: Mapping[Standing, object] = {
    Standing.RECEIVED: _("Every line is matched with what we hold. That takes seconds; people look at it then."),
    Standing.LOOKED_AT: _("The list is matched. Our people decide what is done; you are answered by the deadline."),
    Standing.ACTING: _("It is being carried out. Every authoritative server is asked afterwards."),
    Standing.PROVING: _("Every authoritative server is asked for every name. The signed report follows."),
    Standing.UNDOING: _("What was done is being undone, exactly."),
    Standing.ANSWERED: _("This is answered. What was done and proven stands below."),
    Standing.REFUSED: _("We do not carry this out; why stands below. You may file a corrected order."),
    Standing.WITHDRAWN: _("Your agency took this back. Nothing was done for it."),
}
KINDS: Mapping[str, object] = {
    Order.Kind.TAKEDOWN: _("Takedown"),
    Order.Kind.PRESERVATION: _("Preservation"),
    Order.Kind.INFORMATION: _("Information"),
    Order.Kind.EMERGENCY: _("Emergency disclosure"),
}
INSTRUMENTS: Mapping[str, object] = {
    Order.Instrument.COURT_ORDER: _("Court order"),
    Order.Instrument.WARRANT: _("Warrant"),
    Order.Instrument.SUBPOENA: _("Subpoena"),
    Order.Instrument.ADMINISTRATIVE: _("Administrative order (DSA Art. 9, 10)"),
    Order.Instrument.PRODUCTION: _("European Production Order (Reg. 2023/1543)"),
    Order.Instrument.PRESERVATION: _("Preservation order or letter"),
    Order.Instrument.UNDERTAKING: _("Undertaking between parties"),
    Order.Instrument.REQUEST: _("Request without compulsion"),
}
EFFECTS: Mapping[str, object] = {
    Order.Effect.NXDOMAIN: _("The names leave DNS"),
    Order.Effect.SINKHOLE: _("The names answer a sinkhole"),
    Order.Effect.FREEZE: _("The names go on answering and change no more"),
    Order.Effect.NONE: _("Nothing changes in DNS"),
}
RECORDS: Mapping[str, object] = {
    "subscriber": _("Who the customer is, as they said"),
    "addresses": _("Addresses that the names had, with times and sources"),
    "log_ins": _("Log-ins to the account"),
}
OUTCOMES: Mapping[str, object] = {
    Outcome.LIVE: _("live"),
    Outcome.DORMANT: _("held, and answers nothing"),
    Outcome.SUSPENDED: _("was suspended already"),
    Outcome.RELEASED: _("held by nobody any more"),
    Outcome.NEVER: _("never existed"),
    Outcome.NOT_OURS: _("not under our domains"),
    Outcome.PROTECTED: _("protected"),
    Outcome.INVALID: _("names no host"),
    Outcome.REPEATED: _("repeats an earlier line"),
    "": _("being looked at"),
}
ITEM_STATES: Mapping[str, object] = {
    OrderItem.State.LISTED: _("not acted on"),
    OrderItem.State.ACTED: _("acted on"),
    OrderItem.State.LEFT: _("left: it changed since it was planned"),
    OrderItem.State.UNDONE: _("undone"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the list. outcome is empty while it is being looked at; state too then."""

    position: int
    text: str
    name: str
    port: int | None
    outcome: str
    note: str
    since: datetime | None
    state: str
    acted_at: datetime | None
    undone_at: datetime | None

    @property
    def outcome_words(self) -> str:
        return str(OUTCOMES[self.outcome])

    @property
    def state_words(self) -> str:
        return str(ITEM_STATES[self.state]) if self.state else ""


@dataclass(frozen=True, slots=True)
class Counts:
    """They add up to the list's: outcomes with "" for what is being looked at. states are empty before it is told."""

    line_count: int
    outcomes: Mapping[str, int]
    states: Mapping[str, int]

    @property
    def rows(self) -> list[tuple[str, str, int]]:
        """Value, words and number, those that there are."""
        return [(each, str(OUTCOMES[each]), self.outcomes[each]) for each in OUTCOMES if self.outcomes.get(each)]

    @property
    def acted_count(self) -> int:
        return self.states.get(OrderItem.State.ACTED, 0)


def standing(order: Order) -> Standing:
    state = State(order.state)
    return _STANDINGS.get(state) or Standing(state.value)


def facts(order: Order) -> list[tuple[str, str]]:
    """What was filed, as people read it, without what was left empty."""
    wanted = order.wanted_records
    said = [
        (_("Filed"), f"{order.filed_at:%Y-%m-%d %H:%M} UTC, {order.officer.name}"),
        (_("Answer due"), f"{order.due_at:%Y-%m-%d %H:%M} UTC"),
        (_("Based on"), str(INSTRUMENTS[order.instrument])),
        (_("Issued by"), order.issuing_authority),
        (_("Legal basis"), order.legal_basis),
        (_("Why"), order.reasons),
        (_("Where it applies"), order.territorial_scope),
        (_("Redress"), order.redress),
        (_("Contact"), order.contact),
        (_("Conditions of return"), order.return_conditions),
        (_("Sealed until"), _moment(order.sealed_until)),
        (_("By"), order.seal_ground),
        (_("In DNS"), str(EFFECTS[order.wanted_effect]) if order.kind == Order.Kind.TAKEDOWN else ""),
        (_("Ends by itself"), _moment(order.ends_at)),
        (_("Held for"), _("{count} days").format(count=order.hold_days) if order.hold_days else ""),
        (_("Records"), "; ".join(str(RECORDS[each]) for each in wanted.get("parts", []))),
        (_("From"), wanted.get("since") or ""),
        (_("To"), wanted.get("until") or ""),
    ]
    return [(str(name), value) for name, value in said if value]


def paper(report: EffectReport, form: str) -> tuple[bytes, str]:
    """An effect report in one of FORMS, json being the very octets whose SHA-256 was signed; and its content type."""
    match form:
        case "json":
            content = report.body.encode()
        case "csv":
            content = effect_papers.as_csv(report).encode()
        case _:
            content = effect_papers.as_pdf(report)
    return content, FORMS[form]


def is_settled(order: Order) -> bool:
    """Whether nothing changes by itself any more."""
    return standing(order) in (Standing.ANSWERED, Standing.REFUSED, Standing.WITHDRAWN)


def is_told(order: Order) -> bool:
    """Whether the authority may see what each line is to us: it was answered once, or staff has released the plan."""
    if order.state in _REFUSED:
        return False
    return order.preview_released_at is not None or order.answered_at is not None


def may_withdraw(order: Order) -> bool:
    """As far as one can see: the verb looks at the lines too."""
    return standing(order) in (Standing.RECEIVED, Standing.LOOKED_AT)


def counts(order: Order) -> Counts:
    """One query."""
    outcomes: dict[str, int] = {}
    states: dict[str, int] = {}
    told = is_told(order)
    found = order.items.order_by().values_list("outcome", "state").annotate(count=Count("pk"))
    for outcome, state, count in found:
        shown = _shown(outcome, told=told)
        outcomes[shown] = outcomes.get(shown, 0) + count
        if told:
            states[state] = states.get(state, 0) + count
    return Counts(sum(outcomes.values()), outcomes, states)


def items(order: Order, *, outcome: str | None = None, search: str = "") -> QuerySet[OrderItem]:
    """In the order of the list; of one outcome as it is shown ("" is what is being looked at), with search in what it says."""
    found = order.items.order_by("position")
    told = is_told(order)
    if search:
        found = found.filter(Q(text__icontains=search) | Q(name__icontains=search))
    if outcome is None:
        return found
    if told:
        return found.filter(outcome=outcome)
    if outcome == "":
        return found.exclude(outcome__in=OPEN_OUTCOMES)
    return found.filter(outcome=outcome) if outcome in OPEN_OUTCOMES else found.none()


def lines(order: Order, found: Iterable[OrderItem]) -> Iterator[Line]:
    told = is_told(order)
    for item in found:
        yield line(item, told=told)


def line(item: OrderItem, *, told: bool) -> Line:
    """Notes about customers and what keeps us from acting are for our people."""
    return Line(
        position=item.position,
        text=item.text,
        name=item.name,
        port=item.port,
        outcome=_shown(item.outcome, told=told),
        note=plan_words.shown(item.note) if item.outcome in OPEN_OUTCOMES else "",
        since=item.since if told else None,
        state=item.state if told else "",
        acted_at=item.acted_at if told else None,
        undone_at=item.undone_at if told else None,
    )


def as_csv(order: Order) -> str:
    """All lines (RFC 4180), times as RFC 3339. What a spreadsheet would take for a formula has an apostrophe before it."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(_CELLS)
    for each in lines(order, items(order).iterator(chunk_size=2000)):
        times = [at and at.isoformat() for at in (each.since, each.acted_at, each.undone_at)]
        said = [_inert(cell) for cell in (each.text, each.name, each.outcome, each.note)]
        writer.writerow([each.position, *said, times[0], each.state, *times[1:]])
    return out.getvalue()


def _shown(outcome: str, *, told: bool) -> str:
    return outcome if told or outcome in OPEN_OUTCOMES else ""


def _moment(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else ""


def _inert(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULAS) else cell
