"""Batches: what waits in a zone, read in order, and marked when the primary has acknowledged it."""

import json
from collections.abc import Iterable, Sequence
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from dnsupdate import outbox
from dnsupdate.batch_size import SIZES
from dnsupdate.leases import DURATION, Lease
from dnsupdate.messages import Change
from dnsupdate.models import PendingPublication
from dnsupdate.models.pending import Urgency
from dnsupdate.statements import Statement, planned_without

# A refused name is tried again: the operator may have mended the cause. Doubled each time up to the cap.
FIRST_REFUSAL_PAUSE = timedelta(seconds=30)
LONGEST_REFUSAL_PAUSE = timedelta(hours=1)

# One per urgency: what waits behind where the last read ended. Each lane reads only what it gives, in the index's order,
# however much waits and however much of the index is dead (a row leaves the queue with every name that is published).
_LANE = """
    (SELECT publication_id, urgency, queued_at FROM dnsupdate_pendingpublication
    WHERE zone_id = $1::bigint AND urgency = {urgency} AND (retry_at IS NULL OR retry_at <= now())
        AND (queued_at, publication_id) > (${number}::timestamptz, ${next_number}::bigint)
    ORDER BY queued_at, publication_id LIMIT $2::bigint)
"""
_LANES = sorted(Urgency, reverse=True)
_READ = Statement(
    f"""
    SELECT publication.id, publication.name, publication.revision, publication.rrsets,
        waiting.urgency, waiting.queued_at
    FROM (
        SELECT * FROM (
            {
        " UNION ALL ".join(
            _LANE.format(urgency=urgency.value, number=3 + 2 * place, next_number=4 + 2 * place)
            for place, urgency in enumerate(_LANES)
        )
    }
        ) lanes LIMIT $2::bigint
    ) waiting
    JOIN dnsupdate_publication publication ON publication.id = waiting.publication_id
    ORDER BY waiting.urgency DESC, waiting.queued_at, publication.id
    """
)

# Locks in name order like every writer of publications. A publication that changed after it was read stays
# pending, and has waited since now: a name that changes all the time would seem to have waited since it first did.
# Since when a name answers nothing follows from what was sent: what the row says by now may never have been in DNS.
_MARK = Statement(
    """
    WITH acknowledged AS (
        SELECT publication.id, sent.revision, sent.is_withdrawal
        FROM dnsupdate_publication publication
        JOIN unnest($2::bigint[], $3::bigint[], $6::boolean[]) AS sent(id, revision, is_withdrawal) USING (id)
        WHERE publication.id = ANY ($2::bigint[])
        ORDER BY publication.name COLLATE "C" FOR NO KEY UPDATE OF publication
    ), marked AS (
        UPDATE dnsupdate_publication AS publication
        SET published_revision = acknowledged.revision, published_at = now(),
            withdrawn_at = CASE WHEN acknowledged.is_withdrawal THEN coalesce(publication.withdrawn_at, now()) END
        FROM acknowledged
        WHERE publication.id = ANY ($2::bigint[]) AND publication.id = acknowledged.id
            AND publication.published_revision < acknowledged.revision
        RETURNING publication.id, publication.revision = acknowledged.revision AS is_clean
    ), cleaned AS (
        DELETE FROM dnsupdate_pendingpublication
        WHERE publication_id = ANY (ARRAY(SELECT id FROM marked WHERE is_clean))
    ), requeued AS (
        UPDATE dnsupdate_pendingpublication SET queued_at = now()
        WHERE publication_id = ANY (ARRAY(SELECT id FROM marked WHERE NOT is_clean))
    )
    UPDATE dnsupdate_zone
    SET published_at = now(), message_count = message_count + 1, name_count = name_count + cardinality($2::bigint[]),
        failing_since = NULL, failure_count = 0, failure = '', failed_at = NULL, retry_at = NULL,
        lease_expires_at = CASE WHEN lease_token = $4::uuid THEN now() + $5::interval ELSE lease_expires_at END
    WHERE id = $1::bigint
    """
)

_IS_ANY_DUE = Statement(
    """
    SELECT FROM dnsupdate_pendingpublication
    WHERE zone_id = $1::bigint AND (retry_at IS NULL OR retry_at <= now()) LIMIT 1
    """
)


def is_any_due(zone_id: int) -> bool:
    """Whether read would give anything."""
    with planned_without("seqscan"):
        return bool(_IS_ANY_DUE(str(zone_id).encode()))


class Queue:
    """What waits in a zone: urgent first, oldest first. Remembers how far it was read.

    What was read and is not marked yet is behind that point, so the next batch can be read meanwhile. What was queued
    by a transaction that took long may be behind it too: rewind now and then.
    """

    def __init__(self, zone_id: int) -> None:
        self._zone = str(zone_id).encode()
        self.rewind()

    def rewind(self) -> None:
        """Reads from the beginning again. Only when everything that was read is marked or set aside."""
        self._ends = dict.fromkeys(_LANES, (b"-infinity", b"0"))

    def read(self, limit: int) -> list[Change]:
        """What is due now and was not read yet, at most so many."""
        ends = [value for urgency in _LANES for value in self._ends[urgency]]
        with planned_without("seqscan", "bitmapscan", "sort", "hashjoin", "mergejoin"):
            rows = _READ(self._zone, str(limit).encode(), *ends)
        for id, *_, urgency, queued_at in rows:
            self._ends[Urgency(int(urgency))] = (queued_at, id)
        return [
            Change(int(id), name.decode(), int(revision), json.loads(rrsets.decode()))
            for id, name, revision, rrsets, *_ in rows
        ]


def read(zone_id: int, limit: int = SIZES[0]) -> list[Change]:
    """What is due now, from the beginning of the queue."""
    return Queue(zone_id).read(limit)


def mark_published(lease: Lease, changes: Sequence[Change]) -> None:
    """Stores the revisions that were read, takes what is clean off the queue, ends a failure, renews the lease."""
    with planned_without("seqscan", "nestloop"):
        _MARK(
            str(lease.zone_id).encode(),
            _array(change.publication_id for change in changes),
            _array(change.revision for change in changes),
            str(lease.token).encode(),
            f"{DURATION.total_seconds()} seconds".encode(),
            _array(not change.rrsets for change in changes),
        )


@transaction.atomic
def set_aside(change: Change, reason: str) -> None:
    """Takes a refused name out of the way of the others until its pause is over; a new revision brings it back at once."""
    publication = outbox.lock([change.publication_id]).get(change.publication_id)
    if publication is None or publication.revision != change.revision:
        return
    pending = PendingPublication.objects.filter(pk=publication.pk).first()
    if pending is None:
        # Another publisher got this very revision through.
        return
    publication.refusal = reason
    publication.save(update_fields=["refusal"])
    pause = min(FIRST_REFUSAL_PAUSE * 2**pending.refusal_count, LONGEST_REFUSAL_PAUSE)
    pending.refusal_count = min(pending.refusal_count + 1, 16)
    # Behind what is queued until then: many refused names would else be tried before every new change.
    pending.queued_at = pending.retry_at = timezone.now() + pause
    pending.save(update_fields=["refusal_count", "retry_at", "queued_at"])


def _array(values: Iterable[int]) -> bytes:
    """Of numbers or of booleans, as PostgreSQL reads them."""
    return ("{" + ",".join(map(str, values)) + "}").encode()
