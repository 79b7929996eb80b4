"""History: the changes of a hostname's addresses, each with the key that made it, and how many there were on each day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Count
from django.db.models.functions import TruncDate
from django.utils import timezone

from ddns.models import AddressUpdate, Hostname, UpdateKey


@dataclass(frozen=True, slots=True)
class Day:
    """How often the addresses changed on one day (UTC)."""

    date: date
    count: int


def latest(hostname: Hostname, count: int) -> list[AddressUpdate]:
    """The newest first, by two queries: rows of history outlive keys and have no foreign keys."""
    changes = list(hostname.address_updates.all()[:count])
    keys = UpdateKey.objects.in_bulk({change.key_id for change in changes if change.key_id is not None})
    for change in changes:
        change.key = keys.get(change.key_id)
    return changes


def per_day(hostname: Hostname, days: int) -> Sequence[Day]:
    """The last days with today, the oldest first; those without a change too. One query."""
    first = timezone.now().date() - timedelta(days=days - 1)
    counts = dict(
        hostname.address_updates.filter(at__date__gte=first)
        .order_by()
        .annotate(day=TruncDate("at"))
        .values_list("day")
        .annotate(Count("pk"))
    )
    dates = [first + timedelta(days=number) for number in range(days)]
    return [Day(each, counts.get(each, 0)) for each in dates]
