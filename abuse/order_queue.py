"""The queue of orders: which wait for whom, the nearest deadline first, found by file number, agency or a name in them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from django.db.models import Count, Exists, F, OuterRef, Q, Subquery, Sum
from django.utils import timezone

from abuse.intake.text import clean
from abuse.models import Disclosure, Order, OrderGroup, OrderItem
from abuse.models.orders import OrderQuerySet
from abuse.queue import Clock
from abuse.refang import refang
from ddns.models import User
from dnsupdate.models import Alarm

PAGE_ROWS = 50
# Nobody turns more pages; older ones are found by their number.
MOST_PAGES = 200

State = Order.State
TO_DECIDE = (State.RECEIVED, State.PLANNED, State.STOPPED)
UNDER_WAY = (State.ACTING, State.PROVING, State.UNDOING)
# What whoever deals with authorities has to look at.
ALARMS = (Alarm.Kind.ORDER, Alarm.Kind.OFFICER, Alarm.Kind.HOLD)
OVER = (State.ANSWERED, State.REFUSED, State.WITHDRAWN)


class Tab(StrEnum):
    """The parts of the queue, by whom they wait for."""

    DECIDE = "decide"
    SECOND = "second"
    UNDER_WAY = "under_way"
    ANSWERED = "answered"
    ALL = "all"


TITLES = {
    Tab.DECIDE: "To plan and decide",
    Tab.SECOND: "Second person",
    Tab.UNDER_WAY: "Under way",
    Tab.ANSWERED: "Answered",
    Tab.ALL: "All",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One line. name_count is None where the list was not read yet."""

    order: Order
    clock: Clock
    name_count: int | None
    is_sealed: bool
    waits_for_second: str


@dataclass(frozen=True, slots=True)
class Page:
    rows: Sequence[Row]
    number: int
    has_next: bool


@dataclass(frozen=True, slots=True)
class Waiting:
    """What the start page says. next_due is the open one whose deadline is nearest, left what is left of it, or negative."""

    open_count: int
    second_count: int
    overdue_count: int
    next_due: Order | None
    left: timedelta
    alarms: Sequence[Alarm]

    @property
    def is_late(self) -> bool:
        return self.left < timedelta(0)

    @property
    def late(self) -> timedelta:
        return -self.left


def visible(user: User) -> OrderQuerySet:
    """The orders that this member of staff may know of: sealed ones by need-to-know."""
    return Order.objects.filter(pk__in=Order.objects.visible_to(user).order_by().values("pk"))


def is_sealed(order: Order) -> bool:
    return order.sealed_until is not None and order.sealed_until > timezone.now()


def of(user: User, tab: Tab) -> OrderQuerySet:
    """The orders of a tab, in its order. What waits for a second person waits for nobody else."""
    orders = visible(user)
    match tab:
        case Tab.DECIDE:
            return orders.filter(state__in=TO_DECIDE).exclude(_waits_for_second()).order_by("due_at", "pk")
        case Tab.SECOND:
            return orders.filter(_waits_for_second()).order_by("due_at", "pk")
        case Tab.UNDER_WAY:
            return orders.filter(state__in=UNDER_WAY).order_by("due_at", "pk")
        case Tab.ANSWERED:
            return orders.filter(state__in=OVER).order_by(F("answered_at").desc(nulls_last=True), "-filed_at", "pk")
    return orders.order_by("-filed_at", "pk")


def counts(user: User) -> Mapping[Tab, int]:
    """How many wait in each tab; what is over is not counted. One query."""
    second = _waits_for_second()
    found = (
        visible(user)
        .open()
        .aggregate(
            decide=Count("pk", filter=Q(state__in=TO_DECIDE) & ~second),
            second=Count("pk", filter=second),
            under_way=Count("pk", filter=Q(state__in=UNDER_WAY)),
        )
    )
    return {Tab.DECIDE: found["decide"], Tab.SECOND: found["second"], Tab.UNDER_WAY: found["under_way"]}


def page(user: User, tab: Tab, *, number: int = 1) -> Page:
    return _page(of(user, tab), number)


def found(user: User, text: str, *, number: int = 1) -> Page:
    """By file number, agency, officer, number of the order, or a name in its list however it is spelt; the newest first."""
    return _page(search(visible(user), text).order_by("-filed_at", "pk"), number)


def search(orders: OrderQuerySet, text: str) -> OrderQuerySet:
    text = clean(text).strip()
    if (key := _uuid(text)) is not None:
        return orders.filter(pk=key)
    named = Q(reference__icontains=text) | Q(agency__name__icontains=text) | Q(officer__name__icontains=text)
    host = refang(text)
    if "." in host:
        named |= Q(pk__in=OrderItem.objects.filter(name=host).values("order"))
    return orders.filter(named)


def waiting(user: User) -> Waiting:
    """Three queries."""
    orders, now = visible(user).open(), timezone.now()
    totals = orders.aggregate(
        open=Count("pk"),
        second=Count("pk", filter=_waits_for_second()),
        overdue=Count("pk", filter=Q(due_at__lt=now)),
    )
    nearest = orders.select_related("agency").order_by("due_at").first() if totals["open"] else None
    return Waiting(
        open_count=totals["open"],
        second_count=totals["second"],
        overdue_count=totals["overdue"],
        next_due=nearest,
        left=nearest.due_at - now if nearest else timedelta(0),
        alarms=list(Alarm.objects.open().filter(kind__in=ALARMS)),
    )


def clock_of(order: Order) -> Clock:
    """What is left until it has to be answered; it is over with the answer."""
    over = order.state in OVER
    now = (order.answered_at if over else None) or timezone.now()
    left, whole = order.due_at - now, order.due_at - order.filed_at
    percent = round(100 * left / whole) if whole > timedelta(0) else 0
    return Clock(left=left, percent=min(max(percent, 0), 100), is_paused=False, is_over=over)


def _waits_for_second() -> Q:
    return Q(state=State.PROPOSED) | Q(Exists(_prepared()))


def _prepared():
    return Disclosure.objects.filter(order=OuterRef("pk"), state=Disclosure.State.PREPARED)


def _page(orders: OrderQuerySet, number: int) -> Page:
    number = min(max(number, 1), MOST_PAGES)
    sums = OrderGroup.objects.filter(order=OuterRef("pk")).order_by().values("order").annotate(sum=Sum("item_count"))
    shown = orders.select_related("agency", "officer", "proposed_by").prefetch_related("handlers")
    shown = shown.annotate(line_count=Subquery(sums.values("sum")), is_disclosed_soon=Exists(_prepared()))
    start = (number - 1) * PAGE_ROWS
    rows = list(shown[start : start + PAGE_ROWS + 1])
    return Page([_row(each) for each in rows[:PAGE_ROWS]], number, len(rows) > PAGE_ROWS)


def _row(order) -> Row:
    words = "act" if order.state == State.PROPOSED else "disclosure" if order.is_disclosed_soon else ""
    return Row(
        order=order,
        clock=clock_of(order),
        name_count=order.line_count if order.planned_at else None,
        is_sealed=is_sealed(order),
        waits_for_second=words,
    )


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text) if len(text) in (32, 36) else None
    except ValueError:
        return None
