"""Failures: the reason stands on the zone, the next try is set, and a dead nameserver is probed for all its zones by one."""

import logging
import random
from datetime import timedelta

from django.db import connection
from django.db.models import F
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from dnsupdate.errors import DnsUpdateError, PrimaryError, Unreachable, ZoneAtRest
from dnsupdate.models import Zone

logger = logging.getLogger(__name__)

# A restart of the nameserver takes about a second; an outage costs one probe in half a minute.
FIRST_PAUSE = timedelta(milliseconds=500)
LONGEST_PAUSE = timedelta(seconds=30)
# The other zones of a nameserver that does not answer wait so much longer than the one that probes it: its exchange may
# take four seconds.
BEHIND_THE_PROBE = timedelta(seconds=6)
# Then each tries for itself: the probe's zone may be the only one that still fails.
LONGEST_WAIT = timedelta(minutes=1)
# When it answers again they come back one by one.
SPREAD = timedelta(seconds=2)

_COUNT = """
    INSERT INTO dnsupdate_failure AS failure (zone_id, reason, count, last_at) VALUES (%s, %s, 1, now())
    ON CONFLICT (zone_id, reason) DO UPDATE SET count = failure.count + 1, last_at = now()
"""


# Locks what is free: the siblings' own publishers may be about to record the same.
_WAIT_BEHIND = """
    UPDATE dnsupdate_zone
    SET retry_at = least(
        now() + (%(pause)s + random() * %(spread)s) * interval '1 second', failed_at + %(longest)s * interval '1 second'
    )
    WHERE id IN (
        SELECT sibling.id FROM dnsupdate_zone sibling JOIN dnsupdate_zone zone ON zone.primary_id = sibling.primary_id
        WHERE zone.id = %(zone)s AND sibling.id <> zone.id AND sibling.failing_since IS NOT NULL
        ORDER BY sibling.id FOR NO KEY UPDATE OF sibling SKIP LOCKED
    )
"""


def record(zone_id: int, error: PrimaryError) -> None:
    """Keeps the reason and the time on the zone, and sets when to try again: doubled each time, capped, with jitter.

    If the nameserver did not answer at all, its other failing zones wait until this one has tried again: one probe for all.
    Rest is no failure: it is what somebody decided, and ends by a decision.
    """
    if isinstance(error, ZoneAtRest):
        return
    failures = Zone.objects.filter(pk=zone_id).values_list("failure_count", flat=True).get()
    pause = min(FIRST_PAUSE * 2 ** min(failures, 16), LONGEST_PAUSE) * random.uniform(0.5, 1)  # noqa: S311 - spread, no secret
    logger.warning("zone %s, try %d: %s", zone_id, failures + 1, error)
    # One that was retired meanwhile is nobody's concern any more.
    Zone.objects.in_service().filter(pk=zone_id).update(
        failure=str(error),
        failure_count=F("failure_count") + 1,
        failed_at=Now(),
        failing_since=Coalesce("failing_since", Now()),
        retry_at=timezone.now() + pause,
    )
    count(zone_id, error)
    if isinstance(error, Unreachable):
        _wait_behind(zone_id, pause + BEHIND_THE_PROBE)


def end(zone_id: int) -> None:
    """The zone's nameserver answers again: the other zones that failed there try at once, one by one."""
    _wait_behind(zone_id, timedelta(0))


def count(zone_id: int, error: DnsUpdateError) -> None:
    """One more failure of this kind, for the metrics."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [zone_id, error.reason])


def _wait_behind(zone_id: int, pause: timedelta) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            _WAIT_BEHIND,
            {
                "zone": zone_id,
                "pause": pause.total_seconds(),
                "spread": SPREAD.total_seconds(),
                "longest": LONGEST_WAIT.total_seconds(),
            },
        )
