"""Metrics of publishing, read from the database at every scrape: right whatever process is asked, and after restarts.

Ages are by the database's clock, which wrote the times, and not by the clock of whoever asks.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import connection, transaction
from django.db.models import Count, Min, Q
from django.db.models.functions import Now
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from dnsupdate import metrics_servers
from dnsupdate.metric_families import counter, gauge
from dnsupdate.models import Alarm, Failure, PendingPublication, ServerState, Zone
from dnsupdate.models.pending import Urgency

# Counting what waits is one pass over the queue (measured: 0.1 s for 500,000 names, 0.5 s for 4 million). A web process
# answers nobody else meanwhile, so a database that is slower than this is not waited for.
STATEMENT_TIMEOUT = timedelta(seconds=2)


class _ZoneRow(NamedTuple):
    id: int
    name: str
    name_count: int
    message_count: int
    published_at: datetime | None
    failing_since: datetime | None
    frozen_at: datetime | None
    now: datetime

    def age(self, since: datetime) -> float:
        """Seconds, and never less than none: another transaction's clock may be a little ahead."""
        return max(0.0, (self.now - since).total_seconds())


class _Queue(NamedTuple):
    waiting_count: int = 0
    refused_count: int = 0
    oldest_queued_at: datetime | None = None


class Publishing(Collector):
    """Queue, rate, failures, alarms and servers of every zone, by five queries."""

    def collect(self) -> Iterator[Metric]:
        zones = _zones()
        queues = _queues()
        yield from _waiting(zones, queues)
        yield from _published(zones)
        yield from _health(zones)
        yield _failures()
        yield _alarms()
        yield from metrics_servers.families(ServerState.objects.select_related("zone", "nameserver"))


@contextmanager
def bounded() -> Iterator[None]:
    """Whatever is read inside takes STATEMENT_TIMEOUT at most, for each query: then django.db.OperationalError is raised."""
    milliseconds = STATEMENT_TIMEOUT // timedelta(milliseconds=1)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(milliseconds)])
        yield


def _zones() -> list[_ZoneRow]:
    columns = _ZoneRow._fields
    return [
        _ZoneRow(*row) for row in Zone.objects.in_service().order_by("name").annotate(now=Now()).values_list(*columns)
    ]


def _queues() -> dict[tuple[int, int], _Queue]:
    """By zone and urgency. A name that the primary refused waits for nothing but a person, and is counted apart."""
    refused = Q(retry_at__isnull=False)
    rows = (
        PendingPublication.objects.order_by()
        .values_list("zone_id", "urgency")
        .annotate(
            waiting=Count("pk", filter=~refused),
            refused=Count("pk", filter=refused),
            oldest=Min("queued_at", filter=~refused),
        )
    )
    return {(zone_id, urgency): _Queue(*queue) for zone_id, urgency, *queue in rows}


def _waiting(zones: Sequence[_ZoneRow], queues: dict[tuple[int, int], _Queue]) -> Iterator[Metric]:
    parts = [
        (zone, urgency.name.lower(), queues.get((zone.id, urgency.value), _Queue()))
        for zone in zones
        for urgency in Urgency
    ]
    yield gauge(
        "dnsupdate_waiting_names",
        "Names whose change is not in DNS yet, without those that the primary refused.",
        ["zone", "urgency"],
        (([zone.name, urgency], queue.waiting_count) for zone, urgency, queue in parts),
    )
    yield gauge(
        "dnsupdate_oldest_waiting_seconds",
        "Age of the oldest of them; 0 where nothing waits.",
        ["zone", "urgency"],
        (
            ([zone.name, urgency], zone.age(queue.oldest_queued_at) if queue.oldest_queued_at else 0.0)
            for zone, urgency, queue in parts
        ),
    )
    refused = {zone.name: 0 for zone in zones}
    for zone, _, queue in parts:
        refused[zone.name] += queue.refused_count
    yield gauge(
        "dnsupdate_refused_names",
        "Names set aside because the primary refuses their records.",
        ["zone"],
        (([name], count) for name, count in refused.items()),
    )


def _published(zones: Sequence[_ZoneRow]) -> Iterator[Metric]:
    yield counter(
        "dnsupdate_published_names",
        "Names that the primary has acknowledged.",
        ["zone"],
        (([zone.name], zone.name_count) for zone in zones),
    )
    yield counter(
        "dnsupdate_messages",
        "UPDATE messages that the primary has acknowledged.",
        ["zone"],
        (([zone.name], zone.message_count) for zone in zones),
    )


def _health(zones: Sequence[_ZoneRow]) -> Iterator[Metric]:
    yield gauge(
        "dnsupdate_zone_failing",
        "1 while the primary does not take the zone's updates, else 0.",
        ["zone"],
        (([zone.name], float(zone.failing_since is not None)) for zone in zones),
    )
    yield gauge(
        "dnsupdate_zone_frozen",
        "1 while somebody keeps the zone from being published, else 0.",
        ["zone"],
        (([zone.name], float(zone.frozen_at is not None)) for zone in zones),
    )
    yield gauge(
        "dnsupdate_zone_failing_seconds",
        "Since when that is so; 0 while it takes them.",
        ["zone"],
        (([zone.name], zone.age(zone.failing_since) if zone.failing_since else 0.0) for zone in zones),
    )
    yield gauge(
        "dnsupdate_zone_acknowledged_seconds",
        "Since the last acknowledged UPDATE message; none for a zone that never had one.",
        ["zone"],
        (([zone.name], zone.age(zone.published_at)) for zone in zones if zone.published_at),
    )


def _failures() -> Metric:
    rows = Failure.objects.order_by("zone__name", "reason").values_list("zone__name", "reason", "count")
    return counter(
        "dnsupdate_failures",
        "Tries that failed, by response code; UNREACHABLE where there was no answer.",
        ["zone", "reason"],
        (([zone, reason], count) for zone, reason, count in rows),
    )


def _alarms() -> Metric:
    counts = dict(Alarm.objects.open().order_by().values_list("kind").annotate(Count("pk")))
    return gauge(
        "dnsupdate_open_alarms",
        "Alarms that are open.",
        ["kind"],
        (([kind], counts.get(kind, 0)) for kind in Alarm.Kind.values),
    )
