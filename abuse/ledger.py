"""The ledger: appended to in the transaction of every decision, verified from the first entry to the last."""

import hashlib
import json
import logging
from dataclasses import dataclass

from django.db import connection, transaction
from django.utils import timezone

from abuse.errors import LedgerBroken
from abuse.models import LedgerEntry
from ddns.models import User

logger = logging.getLogger(__name__)

# What the first entry names as its predecessor's hash.
GENESIS = "0" * 64
# Any number that nothing else in this database uses for an advisory lock.
_LOCK = 0x1ED6E4


@dataclass(frozen=True, slots=True)
class Verified:
    """The result of a verification without fault: what to compare with a copy kept elsewhere."""

    entry_count: int
    last_hash: str


@transaction.atomic
def append(*, actor: User | None, action: str, object: str, reason: str, details: dict | None = None) -> LedgerEntry:
    """Adds the next entry. One at a time: the lock is held until the transaction ends.

    Cases, hostnames and accounts are locked before it, reports and reporters after it.
    """
    lock()
    last = LedgerEntry.objects.first()
    entry = LedgerEntry(
        sequence=last.sequence + 1 if last else 1,
        at=timezone.now(),
        actor=actor,
        actor_name=actor.email if actor else "system",
        action=action,
        object=object,
        reason=reason,
        details=details or {},
        previous_hash=last.hash if last else GENESIS,
    )
    entry.hash = hash_of(entry)
    entry.save(force_insert=True)
    # A copy that this database cannot change: logs are shipped elsewhere. Not before the commit, which may not come.
    transaction.on_commit(lambda: logger.info("ledger: %d %s", entry.sequence, entry.hash))
    return entry


def lock() -> None:
    """For whoever has to lock reporters before they have anything to enter: waits for its turn now, as append does."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def hash_of(entry: LedgerEntry) -> str:
    """SHA-256 over a canonical JSON of everything in the entry but its own hash."""
    content = [
        entry.sequence,
        entry.at.isoformat(timespec="microseconds"),
        entry.actor_id,
        entry.actor_name,
        entry.action,
        entry.object,
        entry.reason,
        entry.details,
        entry.previous_hash,
    ]
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def verify(kept: Verified | None = None) -> Verified:
    """Follows the chain from the first entry; kept is what was verified or logged at some time and kept elsewhere.

    Raises LedgerBroken that names the first entry that does not hold, or is not the one that was kept.
    """
    previous_hash, count = GENESIS, 0
    for entry in LedgerEntry.objects.order_by("sequence").iterator():
        count += 1
        if entry.sequence != count:
            raise LedgerBroken(f"entry {count} is missing.")
        if entry.previous_hash != previous_hash:
            raise LedgerBroken(f"entry {count} does not follow from the one before it.")
        if entry.hash != hash_of(entry):
            raise LedgerBroken(f"entry {count} does not match its own hash.")
        if kept is not None and kept.entry_count == count and kept.last_hash != entry.hash:
            raise LedgerBroken(f"entry {count} is not the one that was kept, so it or one before it was replaced.")
        previous_hash = entry.hash
    if kept is not None and count < kept.entry_count:
        raise LedgerBroken(f"it ends with entry {count}, and entry {kept.entry_count} was kept.")
    return Verified(count, previous_hash)
