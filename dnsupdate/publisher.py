"""Drains a zone: reads what is dirty, sends it to the primary, marks what was acknowledged."""

import logging
import time
from collections.abc import Sequence
from datetime import timedelta

from dnsupdate import batches, failures, leases, primaries, wake
from dnsupdate.batches import Queue
from dnsupdate.errors import (
    DnsUpdateError,
    FenceMoved,
    InvalidRRset,
    MessageTooBig,
    PrimaryError,
    RecordsRefused,
    ServerFailed,
    UpdateForbidden,
)
from dnsupdate.leases import Lease
from dnsupdate.messages import Change, UpdateMessage
from dnsupdate.primary import FENCE_TRIES, Primary

logger = logging.getLogger(__name__)

# A task ends by then and the rest is enqueued again behind the other zones: a withdrawal in a quiet zone waits for
# a busy one no longer than this.
BUDGET = timedelta(seconds=1)
# Between two batches that were not full: gathers some tens of names per message under load (CPU per name falls by
# two thirds) and stays far below the 250 ms that an update may take to be in DNS.
GATHER = timedelta(milliseconds=30)
# A name that changes alone is followed by nothing that is worth the wait.
GATHER_PER_NAME = timedelta(milliseconds=5)


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
        with primaries.lend(zone_id) as primary:
            is_drained = _drain(_Publishing(lease, primary, time.monotonic() + budget.total_seconds()))
    except PrimaryError as error:
        failures.record(zone_id, error)
        return True
    finally:
        lease.release()
    return is_drained and _is_still_drained(zone_id)


def _drain(publishing: "_Publishing") -> bool:
    if publishing.lease.is_failing:
        publishing.probe()
    for _ in range(FENCE_TRIES):
        try:
            return _publish(publishing, Queue(publishing.lease.zone_id))
        except FenceMoved:
            # Another publisher has sent newer rows than we have read: those are worth nothing any more.
            if not publishing.start_again():
                return True
    raise FenceMoved


def _publish(publishing: "_Publishing", queue: Queue) -> bool:
    was_idle = False
    while not publishing.is_late:
        # In this order: a row is only sent under a fence that was known before it was read (decisions/0001).
        publishing.primary.learn_fence()
        limit = publishing.primary.batch_size.names
        changes = queue.read(limit)
        if changes:
            publishing.send(changes)
        elif was_idle:
            return True
        was_idle = not changes
        if len(changes) < limit:
            publishing.finish()
            queue.rewind()
            time.sleep(min(GATHER, GATHER_PER_NAME * max(1, len(changes))).total_seconds())
    publishing.finish()
    return False


def _is_still_drained(zone_id: int) -> bool:
    """An update that saw the lease did not wake anybody: wait until such are committed, and look once more."""
    time.sleep(wake.LAST_LOOK.total_seconds())
    return not batches.is_any_due(zone_id)


class _Publishing:
    """Two batches under way: one is prepared while the one before it is on the wire, which is marked while this one is."""

    def __init__(self, lease: Lease, primary: Primary, deadline: float) -> None:
        self.lease, self.primary, self._deadline = lease, primary, deadline
        self._on_wire: Sequence[Change] = ()
        self._collected_at = 0.0
        self._has_set_aside = False

    @property
    def is_late(self) -> bool:
        """Whether the turn is over."""
        return time.monotonic() >= self._deadline

    def start_again(self) -> bool:
        """Forgets what is under way; whether the zone is still ours to publish."""
        self._on_wire, self._collected_at = (), 0.0
        self.primary.settle()
        return self.lease.renew()

    def probe(self) -> None:
        """One small message instead of a batch, to see whether the primary works again. Raises PrimaryError."""
        self.primary.check()
        batches.mark_published(self.lease, [])
        failures.end(self.lease.zone_id)

    def send(self, changes: Sequence[Change]) -> None:
        """Sends the batch once the one before is acknowledged. Raises PrimaryError; what was not marked stays dirty."""
        message = self._prepare(changes)
        before = self._collect()
        if message is None:
            self._mark(before)
            self._send_alone(changes)
            return
        try:
            # Whatever went wrong with the batch before, this message can no longer follow it.
            self.primary.post(message if self.primary.is_next(message) else self.primary.prepare(changes))
            self._on_wire = changes
        finally:
            self._mark(before)

    def finish(self) -> None:
        """Waits for what is on the wire. Raises PrimaryError."""
        self._mark(self._collect())
        self._collected_at = 0.0

    def _prepare(self, changes: Sequence[Change]) -> UpdateMessage | None:
        """None where no message can hold them all: _send_alone finds out which."""
        try:
            return self.primary.prepare(changes)
        except MessageTooBig:
            self.primary.batch_size.shrink()
        except InvalidRRset:
            pass
        return None

    def _collect(self) -> Sequence[Change]:
        """What the primary has acknowledged, to be marked; nothing if that was not all that was on the wire."""
        changes, self._on_wire = self._on_wire, ()
        if not changes:
            return ()
        try:
            self.primary.collect()
        except (RecordsRefused, UpdateForbidden, ServerFailed):
            # A name is bad, or the zone. Sent once more, it shows which.
            self._send_alone(changes)
            return ()
        self._time(len(changes))
        return changes

    def _time(self, count: int) -> None:
        now, before = time.monotonic(), self._collected_at
        self._collected_at = now
        if before and count == self.primary.batch_size.names:
            self.primary.batch_size.record(count, now - before)

    def _mark(self, changes: Sequence[Change]) -> None:
        if changes:
            batches.mark_published(self.lease, changes)

    def _send_alone(self, changes: Sequence[Change]) -> None:
        """Sends and marks; a batch that the server refuses is halved until the names that it refuses stand alone.

        Once one does, the rest is left dirty when the turn is over: hundreds of refused names take thousands of messages.
        """
        if self.is_late and self._has_set_aside:
            return
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

    def _halve(self, changes: Sequence[Change], error: DnsUpdateError) -> None:
        if len(changes) == 1:
            logger.warning("%s set aside: %s", changes[0].name, error)
            failures.count(self.lease.zone_id, error)
            batches.set_aside(changes[0], str(error) or "The records do not fit into one message.")
            self._has_set_aside = True
            return
        if not self.lease.renew():
            raise FenceMoved
        middle = len(changes) // 2
        self._send_alone(changes[:middle])
        self._send_alone(changes[middle:])
