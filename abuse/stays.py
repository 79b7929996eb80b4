"""Stays: follows who has which address, some seconds late, and says who else is at one.

No index may name a column that an address update touches, so the table of hostnames cannot say it. What is followed is the
history, as ddns.address_changes follows it; what was there before the first run is gathered once, chunk by chunk.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from abuse.models import Stay
from ddns import address_changes, cursors
from ddns.models import Cursor, Hostname

NAME = "stays"
GATHERING = "stays-gathering"
MENDING = "stays-mending"
# Rows of history, or hostnames, per transaction: some tenths of a second.
CHUNK = 5000
RUN_SECONDS = 10.0
# After it nobody asks any more who was at an address: signals look back a day, people some weeks.
KEPT = timedelta(days=30)
# Names at one address that are looked at. Behind a carrier's gateway are thousands, and the count says nothing then.
MOST_NAMES = 200

# A stay that was open before the chunk ends with the first change away from it.
_LEAVE = """
    WITH changes AS (
        SELECT hostname_id, at, id, old_ipv4 AS old, new_ipv4 AS new FROM ddns_addressupdate
        WHERE id BETWEEN %(first)s AND %(last)s AND old_ipv4 IS DISTINCT FROM new_ipv4
        UNION ALL
        SELECT hostname_id, at, id, old_ipv6, new_ipv6 FROM ddns_addressupdate
        WHERE id BETWEEN %(first)s AND %(last)s AND old_ipv6 IS DISTINCT FROM new_ipv6
    ), left_ones AS (
        SELECT hostname_id, old AS address, min(at) AS at FROM changes WHERE old IS NOT NULL GROUP BY 1, 2
    )
    UPDATE abuse_stay stay SET until = left_ones.at FROM left_ones
    WHERE stay.hostname_id = left_ones.hostname_id AND stay.address = left_ones.address AND stay.until IS NULL
"""
# What was come to and left again within the chunk is a stay too: an address of minutes is what one looks for.
_COME = """
    WITH changes AS (
        SELECT hostname_id, 4 AS family, at, id, new_ipv4 AS new FROM ddns_addressupdate
        WHERE id BETWEEN %(first)s AND %(last)s AND old_ipv4 IS DISTINCT FROM new_ipv4
        UNION ALL
        SELECT hostname_id, 6, at, id, new_ipv6 FROM ddns_addressupdate
        WHERE id BETWEEN %(first)s AND %(last)s AND old_ipv6 IS DISTINCT FROM new_ipv6
    ), stays AS (
        SELECT hostname_id, new AS address, at AS since,
               lead(at) OVER (PARTITION BY hostname_id, family ORDER BY at, id) AS until
        FROM changes
    )
    INSERT INTO abuse_stay (hostname_id, address, since, until)
    SELECT hostname_id, address, since, until FROM stays WHERE address IS NOT NULL
    ON CONFLICT DO NOTHING
"""
# Before anything was followed: where names are now, since when they say.
_GATHER = """
    INSERT INTO abuse_stay (hostname_id, address, since)
    SELECT hostname.id, address, coalesce(hostname.changed_at, hostname.created_at)
    FROM ddns_hostname hostname, unnest(ARRAY[hostname.ipv4, hostname.ipv6]) AS address
    WHERE hostname.id BETWEEN %s AND %s AND hostname.released_at IS NULL AND address IS NOT NULL
    ON CONFLICT DO NOTHING
"""


# Where a name was given up its history says nothing more; and what was gathered in the moment of a change may be stale.
_MEND = """
    WITH stale AS (
        SELECT stay.id, hostname.released_at FROM abuse_stay stay JOIN ddns_hostname hostname ON hostname.id = stay.hostname_id
        WHERE stay.id BETWEEN %(first)s AND %(last)s AND stay.until IS NULL AND (
            hostname.released_at IS NOT NULL
            OR (stay.address IS DISTINCT FROM hostname.ipv4 AND stay.address IS DISTINCT FROM hostname.ipv6)
        ) AND stay.since < now() - interval '1 hour'
    )
    UPDATE abuse_stay stay SET until = coalesce(stale.released_at, now()) FROM stale WHERE stay.id = stale.id
"""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Another name that is, or was within the time asked for, at an address."""

    hostname: Hostname
    since: datetime
    is_there: bool


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Those at one address, the latest first; is_least: there are more than were looked at."""

    rows: tuple[Neighbour, ...]
    is_least: bool


def at(address: str, *, since: datetime, besides: Hostname | None = None) -> Neighbours:
    """Who is at the address or left it after `since`: one query, MOST_NAMES rows at most, with account, restriction, contact.

    A name that has gone elsewhere in the seconds that the table is behind is not said to be there.
    """
    found = (
        Stay.objects.filter(Q(until=None) | Q(until__gt=since), address=address, hostname__released_at=None)
        .select_related("hostname__account", "hostname__restriction", "hostname__contact")
        .order_by("-since")[: MOST_NAMES + 1]
    )
    rows: Sequence[Stay] = list(found)
    by_name: dict[int, Neighbour] = {}
    for row in rows[:MOST_NAMES]:
        if besides is not None and row.hostname_id == besides.pk:
            continue
        is_there = address in (row.hostname.ipv4, row.hostname.ipv6)
        by_name.setdefault(row.hostname_id, Neighbour(row.hostname, row.since, is_there))
    return Neighbours(tuple(by_name.values()), is_least=len(rows) > MOST_NAMES)


def follow() -> int:
    """Follows what is new in the history, for RUN_SECONDS at most; how many rows of it were read. May run twice."""
    ends_at, total = time.monotonic() + RUN_SECONDS, 0
    while time.monotonic() < ends_at:
        with cursors.take(NAME) as cursor:
            if cursor is None or not address_changes.advance(cursor):
                return total
            first, cursor.position = cursor.position + 1, min(cursor.position + CHUNK, cursor.horizon)
            _follow(first, cursor.position)
            total += cursor.position - first + 1
            cursor.save()
    return total


def gather() -> bool:
    """Notes where names were before the history was followed, once, for RUN_SECONDS at most. Whether all of it is done.

    Begins after follow has taken its place in the history, so that no change falls between the two.
    """
    if not Cursor.objects.filter(name=NAME, horizon_xid__gt=0).exists():
        return False
    ends_at = time.monotonic() + RUN_SECONDS
    while time.monotonic() < ends_at:
        with cursors.take(GATHERING) as cursor:
            if cursor is None:
                return False
            if cursor.began_at is None:
                newest = Hostname.objects.order_by("-pk").values_list("pk", flat=True).first()
                cursor.began_at, cursor.horizon = timezone.now(), newest or 0
            if cursor.position >= cursor.horizon:
                cursor.save()
                return True
            last = min(cursor.position + CHUNK, cursor.horizon)
            with connection.cursor() as database:
                database.execute(_GATHER, [cursor.position + 1, last])
            cursor.position = last
            cursor.save()
    return False


def mend() -> bool:
    """Ends stays that the history did not end: of names that were given up. A pass a day; whether one was ended now."""
    return cursors.sweep(MENDING, Stay, _mend, every=timedelta(days=1), seconds=RUN_SECONDS)


def purge(before: datetime) -> int:
    """Deletes stays that ended before, some thousand at a time; how many. May be stopped and run again.

    Kept: those of accounts under a preservation hold.
    """
    preserved = Hostname.objects.filter(account__preserve_until__gt=Now()).values("pk")
    total = 0
    while True:
        oldest = (
            Stay.objects.filter(until__lt=before).exclude(hostname__in=preserved).order_by("until").values("pk")[:CHUNK]
        )
        deleted, _ = Stay.objects.filter(pk__in=oldest).delete()
        total += deleted
        if not deleted:
            return total


@transaction.atomic
def _follow(first: int, last: int) -> None:
    with connection.cursor() as database:
        database.execute(_LEAVE, {"first": first, "last": last})
        database.execute(_COME, {"first": first, "last": last})


def _mend(first: int, last: int) -> None:
    with connection.cursor() as database:
        database.execute(_MEND, {"first": first, "last": last})
