"""UPDATE messages (RFC 2136): the changes, all or none."""

import logging

import dns.rcode

from dnsupdate.serving import prerequisites
from dnsupdate.serving.errors import RejectedError
from dnsupdate.serving.requests import Request
from dnsupdate.serving.updates import apply_one, prescan
from dnsupdate.serving.zone import Transaction, Zone

from .journal import Journal

log = logging.getLogger(__name__)


def apply(request: Request, zone: Zone, journal: Journal) -> None:
    """Carry out the message; on return the changes are on disk.

    Raises RejectedError, MalformedMessageError; then nothing has changed.
    """
    prerequisites.check(request, zone)
    updates = prescan(request, zone)
    transaction = Transaction(zone)
    try:
        for record, rdata in updates:
            apply_one(transaction, record, rdata)
        _store(transaction, journal)
    except Exception:
        transaction.undo()
        raise
    if journal.is_large:
        journal.compact(zone.content())


def _store(transaction: Transaction, journal: Journal) -> None:
    if not transaction.changes():
        return
    transaction.raise_serial()
    try:
        journal.append(transaction.changes())
    except OSError as error:
        log.error("update not stored, answered SERVFAIL: %s", error)
        raise RejectedError(dns.rcode.SERVFAIL) from error
