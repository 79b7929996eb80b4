"""Transparency: the yearly report of the Digital Services Act (Art. 15(1)), as tables for people and for machines.

Counted anew whenever it is asked for. Sealed orders stand in one line, without country and kind, and not at all while the
year runs: nobody shall see in a public page that one has come.
"""

import contextlib
import csv
import io
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import redis
from django.conf import settings
from django.core.cache import cache
from django.db.models import Count, Exists, ExpressionWrapper, F, Min, OuterRef, Q, QuerySet
from django.db.models.fields import DurationField
from django.db.models.functions import Coalesce
from django.utils import timezone

from abuse.contact import Median
from abuse.models import Appeal, Category, Decision, Order, OrderItem, Receipt, Report, Reporter, Suspension

logger = logging.getLogger(__name__)

Cell = str | int | float | None

# Whom we ask ourselves: what they say is our own initiative (Art. 15(1)(c)), not a notice.
_OWN = (Reporter.Kind.STAFF, Reporter.Kind.FEED)
# Restrictions of what a customer has (Art. 17(1)), as far as this platform can.
_RESTRICTIONS = (
    *(Decision.Action.HOLD, Decision.Action.SUSPEND, Decision.Action.DIVERT),
    *(Decision.Action.LOCK_ACCOUNT, Decision.Action.RESERVE_LABEL),
)
_TAKEN = (Decision.State.DONE, Decision.State.UNDONE, Decision.State.ENDED)
BY_NAME = "by name"
SEALED = "sealed"
# Seconds that a year's report is remembered: it reads every report of the year.
_REMEMBERED = 3600
VERSION = 1


@dataclass(frozen=True, slots=True)
class Table:
    """key names its file. Columns that end in _seconds are durations, _count numbers, _rate shares from 0 to 1."""

    key: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def as_csv(self) -> str:
        """RFC 4180, with a header; an empty cell is what was not measured."""
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(self.columns)
        writer.writerows(self.rows)
        return text.getvalue()


@dataclass(frozen=True, slots=True)
class Transparency:
    """The report over [since, until). is_whole is False while the year runs: until is the first of this month then."""

    year: int
    since: datetime
    until: datetime
    is_whole: bool
    tables: tuple[Table, ...]

    def table(self, key: str) -> Table | None:
        return next((each for each in self.tables if each.key == key), None)


def of(year: int, *, now: datetime | None = None) -> Transparency:
    """Some twenty queries, each over the rows of one year. Raises ValueError for a year that has not begun."""
    now = now or timezone.now()
    since, end = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
    if since > now:
        raise ValueError(f"{year} has not begun.")
    is_whole = end <= now
    until = end if is_whole else datetime(now.year, now.month, 1, tzinfo=UTC)
    tables = (
        _identification(year, since, until, is_whole),
        _orders(since, until, now, is_whole),
        _notices(since, until),
        _own_initiative(since, until),
        _complaints(since, until),
        _automated(since, until),
    )
    return Transparency(year, since, until, is_whole, tables)


def remembered(year: int) -> Transparency:
    """As of, at most an hour old: for the public page. Raises ValueError."""
    return _remembered(f"transparency-{VERSION}-{year}", lambda: of(year))


def years(now: datetime) -> list[int]:
    """Those that there is a report of, the latest first: from the first thing that came in. At most an hour old."""
    first = _remembered(f"transparency-{VERSION}-first", _first_year)
    return list(range(now.year, min(first, now.year) - 1, -1))


def _first_year() -> int:
    firsts = [
        Report.objects.aggregate(at=Min("received_at"))["at"],
        Order.objects.aggregate(at=Min("filed_at"))["at"],
    ]
    return min((each.year for each in firsts if each is not None), default=timezone.now().year)


def _remembered(name: str, count: Callable[[], Any]) -> Any:
    try:
        if (known := cache.get(name)) is not None:
            return known
    except redis.RedisError as error:
        logger.warning("A transparency report is counted anew: %s", error)
    found = count()
    with contextlib.suppress(redis.RedisError):
        cache.set(name, found, timeout=_REMEMBERED)
    return found


def _identification(year: int, since: datetime, until: datetime, is_whole: bool) -> Table:
    rows: tuple[tuple[Cell, ...], ...] = (
        ("provider", settings.SITE_NAME),
        ("site", settings.SITE_URL),
        ("service", "dynamic DNS: hosting of names, mere conduit of answers"),
        ("contact", settings.ABUSE_CONTACT),
        ("authorities", settings.AUTHORITY_CONTACT),
        ("year", year),
        ("from", since.date().isoformat()),
        ("until", until.date().isoformat()),
        ("state", "final" if is_whole else "provisional"),
    )
    return Table("1_identification", ("field", "value"), rows)


def _orders(since: datetime, until: datetime, now: datetime, is_whole: bool) -> Table:
    """Art. 15(1)(a): by Member State, kind and instrument. Emergencies are counted with their own kind."""
    filed = Order.objects.filter(filed_at__gte=since, filed_at__lt=until)
    is_sealed = Q(sealed_until__gt=now)
    of = ("agency__country", "kind", "instrument")
    groups = _by(
        filed.exclude(is_sealed),
        of,
        count=Count("pk"),
        refused=_count(state=Order.State.REFUSED),
        withdrawn=_count(state=Order.State.WITHDRAWN),
        undone=_count(undone_at__isnull=False),
        effect=Median(
            _span(F("filed_at"), Coalesce("acted_at", "answered_at")),
            filter=~Q(state__in=[Order.State.REFUSED, Order.State.WITHDRAWN]),
        ),
    )
    open_orders = filed.exclude(is_sealed)
    items = _by(
        OrderItem.objects.filter(order__in=open_orders),
        tuple(f"order__{each}" for each in of),
        listed=Count("pk"),
        acted=_count(state__in=[OrderItem.State.ACTED, OrderItem.State.UNDONE]),
    )
    receipts = _by(
        Receipt.objects.filter(order__in=open_orders, kind=Receipt.Kind.ORDER),
        tuple(f"order__{each}" for each in of),
        told=Median(_span(F("order__filed_at"), F("issued_at"))),
    )
    rows: list[tuple[Cell, ...]] = [
        (
            *key,
            group["count"],
            items.get(key, {}).get("listed", 0),
            items.get(key, {}).get("acted", 0),
            group["refused"],
            group["withdrawn"],
            group["undone"],
            _seconds(receipts.get(key, {}).get("told")),
            _seconds(group["effect"]),
        )
        for key, group in groups.items()
    ]
    sealed = filed.filter(is_sealed).count() if is_whole else 0
    if sealed:
        rows.append(("", SEALED, "", sealed, None, None, None, None, None, None, None))
    counts = ("order_count", "name_count", "acted_name_count", "refused_count", "withdrawn_count", "undone_count")
    columns = ("country", "kind", "instrument", *counts, "median_receipt_seconds", "median_effect_seconds")
    return Table("2_orders", columns, tuple(rows))


def _notices(since: datetime, until: datetime) -> Table:
    """Art. 15(1)(b): by category, by trusted flaggers, what was done by law or by our terms, by automated means, how soon."""
    Outcome = Report.Outcome
    by_rule = Exists(Decision.objects.filter(case=OuterRef("case"), state__in=_TAKEN).exclude(rule=""))
    came = _reports(since, until).exclude(reporter__kind__in=_OWN).annotate(is_automated=by_rule)
    upheld = Q(outcome=Outcome.UPHELD)
    by_law = Q(category__route=Category.Route.RESTRICTED)
    groups = _by(
        came,
        ("category",),
        count=Count("pk"),
        trusted=_count(reporter__tier=Reporter.Tier.TRUSTED),
        law=Count("pk", filter=upheld & by_law),
        terms=Count("pk", filter=upheld & ~by_law),
        told=_count(outcome__in=[Outcome.INFORMED, Outcome.FORWARDED]),
        before=_count(outcome=Outcome.ALREADY_DONE),
        none=_count(outcome__in=[Outcome.REJECTED, Outcome.INSUFFICIENT, Outcome.NOT_OURS]),
        pending=_count(outcome=Outcome.PENDING),
        automated=_count(is_automated=True),
        median=Median(_span(F("received_at"), F("case__decided_at")), filter=Q(case__decided_at__gte=F("received_at"))),
    )
    rows = [
        (
            *key,
            *(group[each] for each in ("count", "trusted", "law", "terms", "told", "before", "none", "pending")),
            group["automated"],
            _seconds(group["median"]),
        )
        for key, group in groups.items()
    ]
    counts = ("notice_count", "trusted_flagger_count", "acted_by_law_count", "acted_by_terms_count", "passed_on_count")
    more = ("acted_before_count", "no_action_count", "pending_count", "automated_count", "median_action_seconds")
    return Table("3_notices", ("category", *counts, *more), tuple(rows))


def _own_initiative(since: datetime, until: datetime) -> Table:
    """Art. 15(1)(c): restrictions without a notice, by category, what it was, ground, and how it was found."""
    noticed = Report.objects.counted().filter(case=OuterRef("case")).exclude(reporter__kind__in=_OWN)
    by_feed = Report.objects.counted().filter(case=OuterRef("case"), reporter__kind=Reporter.Kind.FEED)
    own = (
        Decision.objects.filter(state__in=_TAKEN, action__in=_RESTRICTIONS)
        .filter(done_at__gte=since, done_at__lt=until)
        .annotate(is_found_by_feed=Exists(by_feed))
        .exclude(Exists(noticed))
    )
    groups = _by(
        own,
        ("case__category", "action", "is_found_by_feed", "case__route"),
        count=Count("pk"),
        undone=_count(state=Decision.State.UNDONE),
    )
    rows: list[tuple[Cell, ...]] = [
        (category, action, _ground(route), "automated" if by_feed else "person", group["count"], group["undone"])
        for (category, action, by_feed, route), group in groups.items()
    ]
    by_name = Suspension.objects.filter(decision=None, order_item=None, decided_at__gte=since, decided_at__lt=until)
    if count := by_name.count():
        undone = by_name.filter(lifted_by__isnull=False).count()
        rows.append((BY_NAME, Decision.Action.SUSPEND.value, "terms", "person", count, undone))
    columns = ("category", "restriction", "ground", "detection", "restriction_count", "undone_count")
    return Table("4_own_initiative", columns, _summed(rows, 4))


def _complaints(since: datetime, until: datetime) -> Table:
    """Art. 15(1)(d): by who complained and about what, the outcome, how soon, and how often a decision was reversed."""
    groups = _by(
        Appeal.objects.filter(filed_at__gte=since, filed_at__lt=until),
        ("party", "decision__action"),
        count=Count("pk"),
        reversed=_count(is_upheld=True),
        kept=_count(is_upheld=False),
        pending=_count(decided_at=None),
        median=Median(_span(F("filed_at"), F("decided_at")), filter=Q(decided_at__isnull=False)),
    )
    rows = [
        (*key, group["count"], group["reversed"], group["kept"], group["pending"], _seconds(group["median"]))
        for key, group in groups.items()
    ]
    columns = ("party", "about", "complaint_count", "reversed_count", "upheld_count", "pending_count")
    return Table("5_complaints", (*columns, "median_decision_seconds"), tuple(rows))


def _automated(since: datetime, until: datetime) -> Table:
    """Art. 15(1)(e): what rules did by themselves, and how much of it people undid: the rate of error.

    Rules hold names for some hours and no more; what ends by itself is no error.
    """
    made = Decision.objects.filter(done_at__gte=since, done_at__lt=until, state__in=_TAKEN).exclude(rule="")
    groups = _by(made, ("rule", "action"), count=Count("pk"), undone=_count(state=Decision.State.UNDONE))
    rows = [
        (*key, group["count"], group["undone"], round(group["undone"] / group["count"], 4))
        for key, group in groups.items()
    ]
    return Table("6_automated_means", ("rule", "action", "decision_count", "reversed_count", "error_rate"), tuple(rows))


def _reports(since: datetime, until: datetime) -> QuerySet[Report]:
    return Report.objects.counted().filter(received_at__gte=since, received_at__lt=until)


def _by(rows: QuerySet[Any], fields: Sequence[str], **totals: Any) -> dict[tuple[Any, ...], dict[str, Any]]:
    """What is asked of each group, by the fields' values, in their order."""
    found = rows.order_by(*fields).values(*fields).annotate(**totals)
    return {tuple(row[each] for each in fields): row for row in found}


def _count(**condition: Any) -> Count:
    return Count("pk", filter=Q(**condition))


def _span(since: Any, until: Any) -> ExpressionWrapper:
    return ExpressionWrapper(until - since, output_field=DurationField())


def _seconds(span: Any) -> int | None:
    return None if span is None else round(span.total_seconds())


def _ground(route: str) -> str:
    """As in statements of reasons: what is illegal to hold is so by law, the rest by our terms."""
    return "law" if route == Category.Route.RESTRICTED else "terms"


def _summed(rows: Iterable[tuple[Cell, ...]], width: int) -> tuple[tuple[Cell, ...], ...]:
    """Rows that say the same of what they count are one."""
    totals: dict[tuple[Cell, ...], list[int]] = {}
    for row in rows:
        counts = totals.setdefault(row[:width], [0] * (len(row) - width))
        for place, each in enumerate(row[width:]):
            counts[place] += int(each or 0)
    return tuple((*key, *counts) for key, counts in totals.items())
