"""Heads of the ledger: signed and published every day, so that nobody can write it anew unnoticed."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from abuse import ledger, receipts
from abuse.errors import LedgerBroken, WrongReceipt
from abuse.models import LedgerEntry, Receipt

EVERY = timedelta(days=1)
# What the public list shows. Whoever keeps copies has more.
PUBLISHED = 400
# Any number that nothing else in this database uses for an advisory lock.
_LOCK = 0x4EAD5


@transaction.atomic
def publish() -> Receipt | None:
    """A signed head, once in EVERY: its entry's number and hash. None where it is not due, or the ledger is empty."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    last = _heads().first()
    if last is not None and last.issued_at > timezone.now() - EVERY:
        return None
    entry = LedgerEntry.objects.first()
    if entry is None:
        return None
    body = {"entry": entry.sequence, "hash": entry.hash, "at": entry.at.isoformat()}
    return receipts.issue(Receipt.Kind.LEDGER_HEAD, body)


def published() -> list[dict[str, Any]]:
    """The latest, newest first, as they are handed out."""
    return [receipts.document(head) for head in _heads().select_related("key")[:PUBLISHED]]


def check(documents: Iterable[Any], keys: Mapping[str, bytes]) -> int:
    """Whether the ledger still has every head that was published and kept elsewhere; gives how many were compared.

    Raises WrongReceipt for a document that is no head of ours, and LedgerBroken that names the first entry that differs.
    """
    wanted: dict[int, str] = {}
    for document in documents:
        body = receipts.verify(document, keys)
        if body.get("kind") != Receipt.Kind.LEDGER_HEAD:
            raise WrongReceipt("it is not a head of the ledger.")
        wanted[body["entry"]] = body["hash"]
    found = dict(LedgerEntry.objects.filter(sequence__in=wanted).values_list("sequence", "hash"))
    for sequence in sorted(wanted):
        if sequence not in found:
            raise LedgerBroken(f"entry {sequence} was published, and is missing.")
        if found[sequence] != wanted[sequence]:
            raise LedgerBroken(f"entry {sequence} is not the one that was published.")
    ledger.verify()
    return len(wanted)


def _heads():
    return Receipt.objects.filter(kind=Receipt.Kind.LEDGER_HEAD).order_by("-issued_at")
