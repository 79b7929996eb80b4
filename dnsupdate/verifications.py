"""Verifications: when a zone is compared with its rows, what is kept of it, and who is told."""

import logging
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from dnsupdate import agenda, alarms, verify, watches
from dnsupdate.errors import DnsUpdateError, PrimaryError, VerificationRefused, VerificationRunning
from dnsupdate.models import Alarm, PendingPublication, Verification, Watch, Zone
from dnsupdate.models.pending import Urgency
from dnsupdate.models.verifications import Trigger
from dnsupdate.verify import Base, Comparison, Difference, Kind

logger = logging.getLogger(__name__)

# A run that gave no sign of life for so long has died with its process. One gives a sign every second; a server may pause
# for sequences.MESSAGE_TIMEOUT.
SILENCE = timedelta(minutes=2)
# Comparisons that fail for longer than that open the alarm: nobody is woken for a primary that is restarted.
FAILS_TOO_LONG = timedelta(hours=1)
# Names that stand in no row are withdrawn unasked up to so many, or up to so large a part of the zone: more of them say
# that rows are lost rather than that somebody added names, and every one may be a customer's. None in a catalog, where
# one takes a whole zone from all nameservers.
MOST_STRAYS, MOST_STRAYS_SHARE = 100, 0.01
# Runs that are kept of each zone: those that tell something, and those that found an hour's changes in order.
KEPT, KEPT_ROUTINE = 100, 20
EXAMPLES = 50
_LONG_AGO = datetime.min.replace(tzinfo=UTC)

Progress = Callable[[Verification], None]


def run(
    zone: Zone,
    *,
    trigger: Trigger = Trigger.BY_HAND,
    repair: bool = False,
    changes_only: bool = False,
    on_progress: Progress = lambda verification: None,
) -> Verification:
    """Compares the zone with its rows, sends again what differs if repair is said, and keeps what was found.

    changes_only compares what changed since the zone was last found in order (IXFR), where that is known. Opens the
    zone's alarm of drift, or closes it when nothing differs any more. Unless it is by hand, names in no row are only
    withdrawn while they are few. Raises VerificationRefused for a zone that is frozen or retired, since nothing may be
    sent there, VerificationRunning, and PrimaryError, which is kept as well.
    """
    if not Zone.objects.followed().filter(pk=zone.pk).exists():
        raise VerificationRefused(f"{zone} is frozen or retired, and nothing is sent to it.")
    verification = _begin(zone, trigger)
    known, _ = Watch.objects.get_or_create(zone=zone)
    counting = _Run(zone, verification, known, repair, changes_only, on_progress)
    try:
        comparison = counting.compare()
        counting.repair(comparison)
    except BaseException as error:
        verification.error = str(error) or type(error).__name__
        counting.end()
        Watch.objects.filter(zone=zone).update(failed_at=Now())
        _tell_of_failures(zone)
        _forget_old(zone)
        raise
    counting.end()
    with transaction.atomic():
        _remember(counting, comparison)
        _tell(counting)
    _forget_old(zone)
    return verification


def run_next() -> Verification | None:
    """Verifies the zone that is due most, if any is and none is being verified; what went wrong is kept, not raised."""
    if Verification.objects.filter(finished_at=None, progress_at__gt=timezone.now() - SILENCE).exists():
        return None
    due = agenda.next_due(timezone.now())
    if due is None:
        return None
    try:
        return run(due.zone, trigger=due.trigger, repair=settings.REPAIR, changes_only=due.changes_only)
    except DnsUpdateError as error:
        logger.warning("zone %s was not verified: %s", due.zone, error)
        return None


def _begin(zone: Zone, trigger: Trigger) -> Verification:
    """Claims the zone: the database holds one running verification of each."""
    Verification.objects.filter(zone=zone, finished_at=None, progress_at__lt=timezone.now() - SILENCE).update(
        finished_at=Now(), error="It was interrupted."
    )
    try:
        with transaction.atomic():
            return Verification.objects.create(zone=zone, trigger=trigger, started_at=timezone.now())
    except IntegrityError as error:
        raise VerificationRunning(f"{zone}.") from error


@dataclass(slots=True)
class _Run:
    """One run: moves the counts of its row, once a second at most."""

    zone: Zone
    verification: Verification
    known: Watch
    is_to_repair: bool
    changes_only: bool
    on_progress: Progress
    lifted_to: int | None = None
    told_at: float = field(default_factory=time.monotonic)

    def compare(self) -> Comparison:
        self._lift()
        base = None
        if self.changes_only and self.known.verified_serial is not None:
            base = Base(self.known.verified_serial, self.known.verified_fence)
        try:
            comparison = verify.compare(self.zone, since=base, on_progress=self._compared)
        except verify.NotItsHistory:
            comparison = verify.compare(self.zone, on_progress=self._compared)
        verification, kinds = self.verification, Counter(each.kind for each in comparison.differences)
        verification.method = Verification.Method.AXFR if comparison.from_serial is None else Verification.Method.IXFR
        verification.from_serial, verification.serial = comparison.from_serial, comparison.serial
        verification.compared_count, verification.waiting_count = comparison.name_count, comparison.waiting_count
        verification.missing_count, verification.different_count = kinds[Kind.MISSING], kinds[Kind.DIFFERENT]
        verification.extra_count = kinds[Kind.EXTRA] + kinds[Kind.NOT_WITHDRAWN]
        verification.examples = [f"{each.name}: {each.kind}" for each in comparison.differences[:EXAMPLES]]
        self._save()
        return comparison

    def repair(self, comparison: Comparison) -> None:
        if not self.is_to_repair or not comparison.differences:
            return
        differences, held_back = self._split_strays(comparison)
        left = verify.repair(self.zone, differences, on_progress=self._queued)
        self.verification.repaired_count = len(differences) - len(left)
        self.verification.unrepaired = " ".join(filter(None, [self.verification.unrepaired, held_back, _left(left)]))

    def end(self) -> None:
        self.verification.finished_at = timezone.now()
        self._save()

    def _lift(self) -> None:
        if self.known.lost_serial is None or not self.is_to_repair:
            return
        try:
            self.lifted_to = watches.lift(self.zone, self.known.lost_serial)
        except PrimaryError as error:
            self.verification.unrepaired = (
                f"Its serial could not be lifted above {self.known.lost_serial}, so secondaries wait for that. {error}"
            )

    def _split_strays(self, comparison: Comparison) -> tuple[list[Difference], str]:
        strays = sum(each.kind == Kind.EXTRA for each in comparison.differences)
        limit = 0 if self.zone.is_catalog else max(MOST_STRAYS, int(comparison.name_count * MOST_STRAYS_SHARE))
        if self.verification.trigger == Trigger.BY_HAND or strays <= limit:
            return comparison.differences, ""
        return [each for each in comparison.differences if each.kind != Kind.EXTRA], (
            f"{strays} names stand in no row: more than are withdrawn unasked. If no rows are lost, withdraw them by "
            f"`manage.py verify_zone {self.zone} --repair`."
        )

    def _compared(self, count: int) -> None:
        self.verification.compared_count = count
        self._progress()

    def _queued(self, count: int) -> None:
        self.verification.repaired_count = count
        self._progress()

    def _progress(self) -> None:
        if time.monotonic() - self.told_at >= 1:
            self.told_at = time.monotonic()
            self._save()
            self.on_progress(self.verification)

    def _save(self) -> None:
        self.verification.progress_at = timezone.now()
        self.verification.save()


def _left(left: list[Difference]) -> str:
    if not left:
        return ""
    names = ", ".join(each.name for each in left[:EXAMPLES])
    return f"Delete these by hand, no row can hold them: {names}{', ...' if len(left) > EXAMPLES else '.'}"


def _remember(counting: _Run, comparison: Comparison) -> None:
    """What later runs and looks go by."""
    verification, known = counting.verification, counting.known
    watches = Watch.objects.filter(zone=counting.zone)
    changes: dict = {"checked_at": verification.started_at, "failed_at": None}
    if comparison.from_serial is None:
        changes["compared_at"] = verification.started_at
    if verification.is_clean:
        changes |= {"verified_serial": comparison.serial, "verified_fence": comparison.fence}
        if not _repair_waiting(counting.zone).exists():
            changes |= {"unclean_count": 0, "repaired_at": None}
    else:
        changes["unclean_count"] = min(known.unclean_count + 1, 100)
        changes["repaired_at"] = verification.finished_at if verification.repaired_count else None
        if comparison.from_serial is None:
            # What it found is in no history, so that none shows it mended: the next run compares all again.
            changes["verified_serial"] = None
    if counting.lifted_to is not None:
        changes["lost_serial"] = None
    watches.update(**changes)
    seen_to = watches.filter(suspected_at__lte=verification.started_at)
    seen_to.update(suspicion="", suspected_at=None)


def repair_waiting_count(zone: Zone) -> int:
    """How many names wait since before the last repair ended. Names that the primary refuses are not waited for."""
    return _repair_waiting(zone).count()


def _repair_waiting(zone: Zone) -> QuerySet[PendingPublication]:
    repaired = Watch.objects.filter(zone=zone).values("repaired_at")
    return PendingPublication.objects.filter(Q(urgency=Urgency.REFILL) | Q(queued_at__lte=repaired), zone=zone).due()


def _tell_of_failures(zone: Zone) -> None:
    """Without the reason of the last try: that differs from try to try, and each would be told anew."""
    known = Watch.objects.filter(zone=zone).first()
    if known is None:
        return
    failures = Verification.objects.filter(zone=zone, started_at__gt=known.checked_at or _LONG_AGO).exclude(error="")
    if not failures.filter(started_at__lte=timezone.now() - FAILS_TOO_LONG).exists():
        return
    since = f"since {known.checked_at:%d %B %Y %H:%M} UTC" if known.checked_at else "and never was"
    text = (
        f"{zone} cannot be compared with its rows {since}, so nothing tells whether it follows them. Every try fails; the "
        f"desk says why under Verifications, and `manage.py verify_zone {zone}` tries at once."
    )
    alarms.open(Alarm.Kind.DRIFT, text, zone=zone)


def _tell(counting: _Run) -> None:
    verification = counting.verification
    # Retired meanwhile, it is nobody's concern: no alarm may come after those that were closed.
    if Zone.objects.in_service().select_for_update(no_key=True).filter(pk=counting.zone.pk).first() is None:
        return
    if not verification.is_clean:
        alarms.open(Alarm.Kind.DRIFT, _text(counting), zone=counting.zone)
    elif not _repair_waiting(counting.zone).exists():
        alarms.close(Alarm.Kind.DRIFT, zone=counting.zone)


_CAUSES = {
    Trigger.WENT_BACK: "The serial went back: the primary was restored from an old copy, or lost its disk.",
    Trigger.LOST: "The fence is gone from the zone: it was loaded from elsewhere, or its primary lost its disk.",
    Trigger.MOVED: "The zone moved without us: somebody edited it.",
}


def _text(counting: _Run) -> str:
    each = counting.verification
    counts = [(each.missing_count, "missing"), (each.extra_count, "extra"), (each.different_count, "different")]
    found = ", ".join(f"{count} {word}" for count, word in counts if count)
    repaired = f"{each.repaired_count} are queued again, and are mended when they are published."
    advice = f"Nothing was repaired: `manage.py verify_zone {counting.zone} --repair` does."
    sentences = [
        _CAUSES.get(Trigger(each.trigger), ""),
        f"Names beside the rows: {found}.",
        f"Such as {'; '.join(each.examples[:5])}.",
        repaired if each.repaired_count else advice,
        each.unrepaired,
        f"Its serial is {counting.lifted_to} now, so that secondaries follow." if counting.lifted_to else "",
    ]
    return " ".join(filter(None, sentences))


def _forget_old(zone: Zone) -> None:
    finished = Verification.objects.filter(zone=zone, finished_at__isnull=False)
    routine = Q(method=Verification.Method.IXFR, error="", missing_count=0, extra_count=0, different_count=0)
    for runs, kept in ((finished.exclude(routine), KEPT), (finished.filter(routine), KEPT_ROUTINE)):
        old = list(runs.order_by("-started_at").values_list("pk", flat=True)[kept : kept + 1000])
        if old:
            Verification.objects.filter(pk__in=old).delete()
