"""The one door in: what a name shall answer is written here, in the transaction of the decision."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from django.db import connection, transaction
from django.db.models.functions import Collate

from dnsupdate import rrsets as records
from dnsupdate import wake
from dnsupdate.errors import InvalidName
from dnsupdate.messages import FENCE_LABEL
from dnsupdate.models import Publication, Zone
from dnsupdate.models.pending import Urgency
from dnsupdate.names import is_within, normalise
from dnsupdate.rrsets import RRsets
from dnsupdate.statements import Statement

# Every writer locks publications in this order, so that no two can wait for each other.
IN_LOCK_ORDER = Collate("name", "C")
# Bulk work holds so many locks at most: a device's update waits for some tens of milliseconds, not for all of it.
CHUNK = 2000

_QUEUE = """
    INSERT INTO dnsupdate_pendingpublication AS pending (publication_id, zone_id, urgency, queued_at)
    SELECT id, zone_id, {urgency}, now() FROM written
    ON CONFLICT (publication_id) DO UPDATE
    SET urgency = greatest(pending.urgency, excluded.urgency),
        -- Where it goes into another lane, behind what a publisher may have read of that.
        queued_at = CASE WHEN excluded.urgency > pending.urgency OR pending.retry_at IS NOT NULL THEN excluded.queued_at
            ELSE pending.queued_at END,
        retry_at = NULL, refusal_count = 0
"""

_PUBLISH = f"""
WITH written AS (
    INSERT INTO dnsupdate_publication AS publication (zone_id, name, rrsets, revision, published_revision, refusal)
    SELECT %(zone)s, wanted.key, wanted.value, 1, 0, ''
    FROM jsonb_each(%(wanted)s::jsonb) AS wanted ORDER BY wanted.key COLLATE "C"
    ON CONFLICT (zone_id, name) DO UPDATE
    SET rrsets = excluded.rrsets, revision = publication.revision + 1, refusal = ''
    RETURNING id, zone_id, name
), queued AS ({_QUEUE.format(urgency="%(urgency)s")})
SELECT name, id FROM written
"""

_WITHDRAW_STRAYS = f"""
WITH written AS (
    INSERT INTO dnsupdate_publication (zone_id, name, rrsets, revision, published_revision, refusal)
    SELECT %(zone)s, stray.name, '{{}}', 1, 0, ''
    FROM unnest(%(names)s::text[]) AS stray(name) ORDER BY stray.name COLLATE "C"
    ON CONFLICT (zone_id, name) DO NOTHING
    RETURNING id, zone_id
)
{_QUEUE.format(urgency=Urgency.WITHDRAWAL.value)}
"""

# The planner knows no array's length and nothing of a table that was just filled: the rows are found by the index of names.
_REPUBLISH_NAMES = f"""
WITH locked AS (
    SELECT id FROM dnsupdate_publication WHERE zone_id = %(zone)s AND name = ANY (%(names)s::text[])
    ORDER BY name COLLATE "C" FOR NO KEY UPDATE
), written AS (
    UPDATE dnsupdate_publication AS publication SET revision = revision + 1, refusal = ''
    FROM locked WHERE publication.id = locked.id
    RETURNING publication.id, zone_id, rrsets = '{{}}'::jsonb AS is_withdrawal
)
{_QUEUE.format(urgency=f"CASE WHEN is_withdrawal THEN {Urgency.WITHDRAWAL.value} ELSE %(urgency)s END")}
"""

_LOCK = """
    SELECT id FROM dnsupdate_publication WHERE id = ANY (%(ids)s::bigint[]) ORDER BY name COLLATE "C" FOR NO KEY UPDATE
"""

_ANSWER = f"""
WITH locked AS ({_LOCK}), written AS (
    UPDATE dnsupdate_publication AS publication
    SET rrsets = %(rrsets)s::jsonb, revision = revision + 1, refusal = ''
    FROM locked WHERE publication.id = locked.id
    RETURNING publication.id, zone_id
), queued AS ({_QUEUE.format(urgency="%(urgency)s")})
SELECT DISTINCT zone_id FROM written
"""

# For a writable CTE on the hot path: changes one publication, only where its revision is still the one that was read,
# and queues it. Gives the relation `written` (id, zone_id). One row by equality, so that the plan goes by the indexes.
REPUBLISH_CTE = f"""
written AS (
    UPDATE dnsupdate_publication SET rrsets = $3::jsonb, revision = revision + 1, refusal = ''
    WHERE id = $1::bigint AND revision = $2::bigint
    RETURNING id, zone_id
), queued AS ({_QUEUE.format(urgency=Urgency.ORDINARY.value)})
"""

_REPUBLISH = Statement(f"WITH {REPUBLISH_CTE} SELECT id FROM written")


class Rewrite(NamedTuple):
    """What a publication shall answer instead, if its revision is still the one that was read."""

    publication_id: int
    revision: int
    rrsets: RRsets

    def parameters(self) -> tuple[bytes, bytes, bytes]:
        """$1 to $3 of REPUBLISH_CTE."""
        return str(self.publication_id).encode(), str(self.revision).encode(), json.dumps(self.rrsets).encode()


def publish(zone: Zone, wanted: Mapping[str, RRsets], urgency: Urgency = Urgency.ORDINARY) -> dict[str, int]:
    """Writes what the names shall answer, raises their revisions, and wakes the publisher on commit.

    Gives the publications' ids by name. Locks the publications in name order until the transaction ends.
    Raises InvalidName for a name that is not below the apex, or is the fence's, and InvalidRRset for records that
    cannot stand.
    """
    if not wanted:
        return {}
    _check_names(zone, wanted)
    for rrsets in wanted.values():
        records.check(rrsets)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_PUBLISH, {"zone": zone.pk, "wanted": json.dumps(wanted), "urgency": urgency.value})
        ids = dict(cursor.fetchall())
        transaction.on_commit(lambda: wake.wake(zone.pk))
    return ids


def answer(publication_ids: Sequence[int], rrsets: RRsets, urgency: Urgency) -> None:
    """Makes all of them answer the same, in whatever zones they are; {} withdraws them. Wakes each zone on commit.

    Locks the publications in name order until the transaction ends. Raises InvalidRRset for records that cannot stand.
    """
    if not publication_ids:
        return
    records.check(rrsets)
    with transaction.atomic(), connection.cursor() as cursor:
        ids, text = list(publication_ids), json.dumps(rrsets)
        cursor.execute(_ANSWER, {"ids": ids, "rrsets": text, "urgency": urgency.value})
        for (zone_id,) in cursor.fetchall():
            transaction.on_commit(partial(wake.wake, zone_id))


def rewrite(change: Rewrite) -> bool:
    """Writes and queues it, and says whether the revision was still the one that was read. Wakes nobody."""
    return bool(_REPUBLISH(*change.parameters()))


def lock(publication_ids: Sequence[int]) -> dict[int, Publication]:
    """The publications by id, locked in name order. Whoever holds them decides what the names answer:

    a verb that reads a restriction or an address after this sees every decision that came before its own.
    """
    locked = Publication.objects.select_for_update(no_key=True).filter(pk__in=publication_ids).order_by(IN_LOCK_ORDER)
    return {publication.pk: publication for publication in locked}


def lock_unread(publication_ids: Sequence[int]) -> None:
    """As lock, for whoever needs nothing of what they say: of thousands that is most of the time."""
    if not publication_ids:
        return
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM ({_LOCK}) AS locked", {"ids": list(publication_ids)})


def republish(
    zone: Zone,
    names: Sequence[str],
    *,
    urgency: Urgency | None = None,
    on_progress: Callable[[int], None] = lambda count: None,
) -> None:
    """Sends again what the rows say, for names that the zone lost or that somebody changed there; withdrawals first.

    More than CHUNK of them are a refill, which new updates overtake, unless an urgency is given. Each CHUNK of names, in
    the order given, is a transaction of its own: what was interrupted may be called again. on_progress gets the number
    of names so far.
    """
    if urgency is None:
        urgency = Urgency.ORDINARY if len(names) <= CHUNK else Urgency.REFILL
    for start in range(0, len(names), CHUNK):
        with transaction.atomic(), connection.cursor() as cursor:
            chunk = list(names[start : start + CHUNK])
            cursor.execute(_REPUBLISH_NAMES, {"zone": zone.pk, "names": chunk, "urgency": urgency.value})
            transaction.on_commit(lambda: wake.wake(zone.pk))
        on_progress(min(start + CHUNK, len(names)))


def withdraw_strays(zone: Zone, names: Sequence[str]) -> None:
    """Withdraws names that stand in the zone and in no row. A row that is there by now is left as it is.

    Each CHUNK of names is a transaction of its own. Raises InvalidName like publish.
    """
    _check_names(zone, names)
    for chunk in _chunks(names):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_WITHDRAW_STRAYS, {"zone": zone.pk, "names": chunk})
            transaction.on_commit(lambda: wake.wake(zone.pk))


def _check_names(zone: Zone, names: Iterable[str]) -> None:
    reserved = (zone.name, f"{FENCE_LABEL}.{zone.name}")
    for name in names:
        if normalise(name) != name or not is_within(name, zone.name) or name in reserved:
            raise InvalidName(f"{name} is not a normalised name below {zone.name}.")


def _chunks(names: Iterable[str]) -> Iterator[list[str]]:
    """In lock order: normalised names are ASCII, where Python sorts as the collation C does."""
    ordered = sorted(names)
    for start in range(0, len(ordered), CHUNK):
        yield ordered[start : start + CHUNK]
