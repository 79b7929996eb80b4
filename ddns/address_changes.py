"""Address changes: told to those who want to know, from the history and behind the hot path's back.

An update writes its row of history and nothing else. Rows get their numbers before they are committed, so that a lower one
may appear after a higher one. What is told is therefore what lies below a horizon: the highest number that could be seen when
all transactions were still to end that had begun by then (docs/decisions/0019-notifications.md).
"""

import time
from collections.abc import Iterable
from typing import Any

from django.db import connection

from ddns import cursors, notifications, preferences
from ddns.models import AddressUpdate, Cursor, Notification
from ddns.models.notifications import Kind

NAME = "address-changes"
# Rows of history per transaction.
CHUNK = 5000
# The next run is there after a few seconds.
RUN_SECONDS = 10.0

# One statement, one snapshot. A row's number is drawn by a transaction that has its own number already: publication and
# hostname are written first. xid8, which never wraps around.
_LOOK = """
    SELECT coalesce(max(id), 0), pg_snapshot_xmin(pg_current_snapshot())::text::bigint,
           pg_snapshot_xmax(pg_current_snapshot())::text::bigint
    FROM ddns_addressupdate
"""


def tell() -> int:
    """Tells what is new, for RUN_SECONDS at most; how many notifications."""
    ends_at, total = time.monotonic() + RUN_SECONDS, 0
    while time.monotonic() < ends_at:
        with cursors.take(NAME) as cursor:
            if cursor is None or not advance(cursor):
                return total
            first, cursor.position = cursor.position + 1, min(cursor.position + CHUNK, cursor.horizon)
            total += _tell(first, cursor.position)
            cursor.save()
    return total


def advance(cursor: Cursor) -> bool:
    """Sets the next horizon where the last one is reached. Whether there is something below a horizon that is safe."""
    with connection.cursor() as database:
        database.execute(_LOOK)
        ((newest, oldest_running, next_xid),) = database.fetchall()
    if cursor.horizon_xid == 0:
        # Never before: what has been is history.
        cursor.position = newest
    if cursor.position >= cursor.horizon:
        cursor.horizon, cursor.horizon_xid = max(newest, cursor.position), next_xid
    cursor.save()
    return cursor.position < cursor.horizon and oldest_running >= cursor.horizon_xid


def _tell(first: int, last: int) -> int:
    wanting = preferences.wanting(Kind.ADDRESS_CHANGED).values("pk")
    rows = (
        AddressUpdate.objects.filter(pk__range=(first, last), hostname__account__in=wanting)
        .select_related("hostname")
        .order_by("pk")
    )
    by_hostname: dict[int, list[AddressUpdate]] = {}
    for row in rows:
        by_hostname.setdefault(row.hostname_id, []).append(row)
    news = [told for each in by_hostname.values() if (told := _summed_up(each)) is not None]
    return len(notifications.tell_all(news))


def _summed_up(rows: list[AddressUpdate]) -> Notification | None:
    """One notification about a hostname, from the first address to the last; None where it is back at the first."""
    first, last = rows[0], rows[-1]
    old, new = (first.old_ipv4, first.old_ipv6), (last.new_ipv4, last.new_ipv6)
    if old == new:
        return None
    details: dict[str, Any] = {"old": _spelt(old), "new": _spelt(new), "source": last.source, "count": len(rows)}
    hostname = last.hostname
    return Notification(
        account_id=hostname.account_id,
        kind=Kind.ADDRESS_CHANGED,
        hostname=hostname,
        details={**details, "at": last.at.isoformat()},
        occasion=f"update {last.pk}",
    )


def _spelt(pair: Iterable[str | None]) -> list[str]:
    return [each for each in pair if each]
