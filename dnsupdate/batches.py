"""Batches: what waits in a zone, read in order, and marked when the primary has acknowledged it."""

import json
from collections.abc import Iterable, Sequence
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from dnsupdate import outbox
from dnsupdate.leases import DURATION, Lease
from dnsupdate.messages import Change
from dnsupdate.models import PendingPublication
from dnsupdate.statements import Statement, planned_without

# BIND takes 31,000 to 48,000 names a second at 100 to 250 names per message, and fewer on either side of that.
MAX_NAMES = 250
# A refused name is tried again: the operator may have mended the cause. Doubled each time up to the cap.
FIRST_REFUSAL_PAUSE = timedelta(seconds=30)
LONGEST_REFUSAL_PAUSE = timedelta(hours=1)

_READ = Statement(
    f"""
    SELECT publication.id, publication.name, publication.revision, publication.rrsets
    FROM dnsupdate_pendingpublication pending
    JOIN dnsupdate_publication publication ON publication.id = pending.publication_id
    WHERE pending.zone_id = $1::bigint AND (pending.retry_at IS NULL OR pending.retry_at <= now())
    ORDER BY pending.urgency DESC, pending.queued_at LIMIT {MAX_NAMES}
    """
)

# Locks in name order like every writer of publications. A publication that changed after it was read stays pending.
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
    )
    UPDATE dnsupdate_zone
    SET published_at = now(), failing_since = NULL, failure_count = 0, failure = '', failed_at = NULL, retry_at = NULL,
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


def read(zone_id: int) -> list[Change]:
    """What is due now, urgent first, oldest first, MAX_NAMES at most."""
    with planned_without("seqscan", "hashjoin"):
        rows = _READ(str(zone_id).encode())
    return [Change(int(id), name.decode(), int(revision), json.loads(rrsets)) for id, name, revision, rrsets in rows]


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
    pending.retry_at = timezone.now() + pause
    pending.save(update_fields=["refusal_count", "retry_at"])


def _array(values: Iterable[int]) -> bytes:
    """Of numbers or of booleans, as PostgreSQL reads them."""
    return ("{" + ",".join(map(str, values)) + "}").encode()
