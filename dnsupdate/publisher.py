"""Drains a zone: reads what is dirty, sends it to the primary, marks what was acknowledged."""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from dnsupdate import batches, leases, wake, zones
from dnsupdate.errors import InvalidRRset, PrimaryError, RecordsRefused, ServerFailed, UpdateForbidden
from dnsupdate.leases import Lease
from dnsupdate.messages import Change, MessageTooBig
from dnsupdate.primary import Primary

logger = logging.getLogger(__name__)

# A task ends by then and the rest is enqueued again behind the other zones: a withdrawal in a quiet zone waits for
# a busy one no longer than this.
BUDGET = timedelta(seconds=1)
# Between two batches that were not full: gathers some tens of names per message under load (CPU per name falls by
# two thirds) and stays far below the 250 ms that an update may take to be in DNS.
GATHER = timedelta(milliseconds=30)


def drain(zone_id: int, budget: timedelta = BUDGET) -> bool:
    """Publishes what waits in the zone. Whether nothing is left that is due: if not, call it again.

    Returns at once while somebody else publishes the zone or it is backing off. What goes wrong with the
    nameserver is kept on the zone and tried again later; it is not raised.
    """
    # First of all: a mark left by one that finds the lease taken would swallow the wake-ups of the next second, after
    # the lease is free (measured: 950 ms to DNS instead of 185, in the 99th percentile).
    wake.forget(zone_id)
    lease = leases.claim(zone_id)
    if lease is None:
        return True
    try:
        is_drained = _drain(lease, time.monotonic() + budget.total_seconds())
    except PrimaryError as error:
        zones.record_failure(zone_id, error)
        return True
    finally:
        lease.release()
    return is_drained and _is_still_drained(zone_id)


def _drain(lease: Lease, deadline: float) -> bool:
    primary = zones.primary_of(lease.zone_id)
    was_idle = False
    while time.monotonic() < deadline:
        changes = batches.read(lease.zone_id)
        if changes:
            _Sending(lease, primary).send(changes)
        elif was_idle:
            return True
        was_idle = not changes
        if len(changes) < batches.MAX_NAMES:
            time.sleep(GATHER.total_seconds())
    return False


def _is_still_drained(zone_id: int) -> bool:
    """An update that saw the lease did not wake anybody: wait until such are committed, and look once more."""
    time.sleep(wake.LAST_LOOK.total_seconds())
    return not batches.is_any_due(zone_id)


@dataclass(frozen=True, slots=True)
class _Sending:
    lease: Lease
    primary: Primary

    def send(self, changes: Sequence[Change]) -> None:
        """Sends and marks; a batch that the server refuses is halved until the names that it refuses stand alone."""
        try:
            self.primary.send(changes)
        except (MessageTooBig, InvalidRRset) as error:
            self._halve(changes, error)
        except (RecordsRefused, UpdateForbidden, ServerFailed) as error:
            # A message without names tells a bad name from a bad zone: this raises if the zone is the reason.
            self.primary.send([])
            batches.mark_published(self.lease, [])
            self._halve(changes, error)
        else:
            batches.mark_published(self.lease, changes)

    def _halve(self, changes: Sequence[Change], error: Exception) -> None:
        if len(changes) == 1:
            logger.warning("%s set aside: %s", changes[0].name, error)
            batches.set_aside(changes[0], str(error) or "The records do not fit into one message.")
            return
        self.lease.renew()
        middle = len(changes) // 2
        self.send(changes[:middle])
        self.send(changes[middle:])
