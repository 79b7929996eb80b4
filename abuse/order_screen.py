"""The screen of an order: what a member of staff has to see before deciding about it, gathered in a fixed number of queries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Count, Max
from django.db.models.functions import Coalesce

from abuse import order_queue
from abuse.impact import PUBLISHING_SECONDS
from abuse.models import EffectReport, LedgerEntry, Order, OrderFile, OrderGroup, OrderItem, Vetting
from abuse.queue import Clock
from dnsupdate.zone_settings import NEGATIVE_TTL

MOST_ENTRIES = 60

Action = OrderGroup.Action
State = Order.State
# What each group of a plan is, in words for whoever decides about it. Of an unknown one the key is said.
GROUPS: Mapping[str, tuple[str, str]] = {
    "live": ("Live", "They answer an address."),
    "live-settled": ("Live, settled", "Old and steadily used, or paid for: look at them before you act."),
    "dormant": ("Dormant", "Held, and answer nothing."),
    "suspended": ("Suspended already", "An earlier decision covers them; this order may cover them too."),
    "protected": (
        "Protected",
        "On the list of protected names: a second person always looks. Our own names stay as they are.",
    ),
    "released": ("Released", "Were held once, and are held by nobody now."),
    "never": ("Never existed", "In a zone of ours, and never registered."),
    "not_ours": ("Not ours", "In no zone of ours."),
    "invalid": ("Names no host", "Lines that cannot be read as a name."),
    "repeated": ("Repeated", "Lines that repeat an earlier one."),
}
# Of these there is, or was, an account or a name to act on.
HELD = ("live", "live-settled", "dormant", "suspended", "protected", "released")


@dataclass(frozen=True, slots=True)
class GroupRow:
    """One group with its decision. percent is its part of the list."""

    group: OrderGroup
    title: str
    meaning: str
    percent: float
    is_held: bool

    @property
    def acts(self) -> bool:
        return self.group.action != Action.NONE


@dataclass(frozen=True, slots=True)
class Screen:
    """line_count is of the items, which are the letter's lines; group_sum is of the groups: they have to be the same.

    Seconds are None where DNS stays as it is.
    """

    order: Order
    clock: Clock
    is_sealed: bool
    files: Sequence[OrderFile]
    vettings: Sequence[Vetting]
    groups: Sequence[GroupRow]
    line_count: int
    states: Mapping[str, int]
    seconds_until_seen: int | None
    seconds_until_undo_seen: int | None
    reports: Sequence[EffectReport]
    entries: Sequence[LedgerEntry]

    @property
    def group_sum(self) -> int:
        return sum(row.group.item_count for row in self.groups)

    @property
    def adds_up(self) -> bool:
        return self.group_sum == self.line_count

    @property
    def acting_count(self) -> int:
        """Lines that something will be done about."""
        return sum(row.group.item_count for row in self.groups if row.acts)

    @property
    def quiet_count(self) -> int:
        return self.line_count - self.acting_count

    @property
    def acted_count(self) -> int:
        return self.states.get(OrderItem.State.ACTED, 0)

    @property
    def is_untouched(self) -> bool:
        """Nothing was done for it yet, or left."""
        return set(self.states) <= {OrderItem.State.LISTED}

    @property
    def is_plannable(self) -> bool:
        return self.order.state in order_queue.TO_DECIDE and self.is_untouched

    @property
    def confirmed(self) -> Vetting | None:
        """Who confirmed the officer last."""
        return next((each for each in self.vettings if each.step == Vetting.Step.CONFIRM), None)

    @property
    def called_back(self) -> Vetting | None:
        return next((each for each in self.vettings if each.step == Vetting.Step.CALL), None)

    def by_action(self) -> list[tuple[str, int]]:
        """(what is done, to how many lines), for the sentence beside the button."""
        sums: dict[str, int] = {}
        for row in self.groups:
            if row.acts:
                words = Action(row.group.action).label + (f" to {row.group.target}" if row.group.target else "")
                sums[words] = sums.get(words, 0) + row.group.item_count
        return list(sums.items())


def of(order: Order) -> Screen:
    """About ten queries, however many lines there are."""
    items = OrderItem.objects.filter(order=order).order_by()
    states = dict(items.values_list("state").annotate(Count("pk")))
    groups = list(OrderGroup.objects.filter(order=order).select_related("target"))
    line_count = sum(states.values())
    seen, undo_seen = _seconds(order, groups)
    return Screen(
        order=order,
        clock=order_queue.clock_of(order),
        is_sealed=order_queue.is_sealed(order),
        files=list(OrderFile.objects.filter(order=order).select_related("blob").defer("blob__content")),
        vettings=list(Vetting.objects.filter(officer=order.officer_id).select_related("by").order_by("-pk")),
        groups=[_row(group, line_count) for group in groups],
        line_count=line_count,
        states=states,
        seconds_until_seen=seen,
        seconds_until_undo_seen=undo_seen,
        reports=list(EffectReport.objects.filter(order=order).defer("body").select_related("receipt")),
        entries=list(LedgerEntry.objects.filter(object=f"order {order.pk}")[:MOST_ENTRIES]),
    )


def title_of(key: str) -> str:
    return GROUPS.get(key, (key, ""))[0]


def _row(group: OrderGroup, line_count: int) -> GroupRow:
    title, meaning = GROUPS.get(group.key, (group.key, ""))
    return GroupRow(group, title, meaning, 100 * group.item_count / max(line_count, 1), group.key in HELD)


def _seconds(order: Order, groups: Sequence[OrderGroup]) -> tuple[int | None, int | None]:
    """How long the world may go on believing what was: after the act, and after its undoing."""
    undo = {Action.SUSPEND: NEGATIVE_TTL[-1], Action.HOLD: 0}
    moving = {group.key: group for group in groups if group.action in (Action.SUSPEND, Action.DIVERT, Action.HOLD)}
    if not moving:
        return None, None
    held = OrderItem.objects.filter(order=order, group__in=moving, hostname__isnull=False).order_by()
    longest = held.aggregate(ttl=Max(Coalesce("hostname__ttl", "hostname__domain__ttl")))["ttl"]
    if longest is None:
        return None, None
    after = max(
        group.target.ttl if group.target is not None else undo.get(Action(group.action), 0) for group in moving.values()
    )
    is_dark = any(group.action != Action.HOLD for group in moving.values())
    return (longest if is_dark else 0) + PUBLISHING_SECONDS, after + PUBLISHING_SECONDS
