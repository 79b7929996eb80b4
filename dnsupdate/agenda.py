"""The agenda: which zone is to be verified next, and why."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zlib import crc32

from django.conf import settings
from django.db.models import Exists, F, OuterRef, Q

from dnsupdate.models import PendingPublication, Watch, Zone
from dnsupdate.models.verifications import Trigger

# After a comparison that could not be made.
RETRY = timedelta(minutes=1)
# A repair is looked at when it is published; if that found something again, after a pause that doubles up to this.
LONGEST_PAUSE = timedelta(hours=6)

# The gravest first.
_ORDER = [
    Trigger.WENT_BACK,
    Trigger.LOST,
    Trigger.MOVED,
    Trigger.REPAIRED,
    Trigger.SCHEDULED,
    Trigger.CHANGES,
]
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Due:
    zone: Zone
    trigger: Trigger
    changes_only: bool


def next_due(now: datetime) -> Due | None:
    """The zone to be verified next: suspicions first, then repairs to be looked at, then the schedule. One query."""
    waiting = PendingPublication.objects.filter(zone=OuterRef("zone")).due()
    watches = (
        Watch.objects.filter(
            Q(failed_at=None) | Q(failed_at__lte=now - RETRY), seen_at__isnull=False, zone__in=Zone.objects.followed()
        )
        .select_related("zone__primary__key")
        .annotate(is_repair_waiting=Exists(waiting.filter(queued_at__lte=OuterRef("repaired_at"))))
        .order_by(F("checked_at").asc(nulls_first=True))
    )
    found = [(known, trigger) for known in watches if (trigger := _trigger(known, known.is_repair_waiting, now))]
    if not found:
        return None
    known, trigger = min(found, key=lambda each: _ORDER.index(each[1]))
    is_broken = trigger in (Trigger.WENT_BACK, Trigger.LOST, Trigger.SCHEDULED)
    return Due(known.zone, trigger, changes_only=not is_broken and known.verified_serial is not None)


def _trigger(known: Watch, is_repair_waiting: bool, now: datetime) -> Trigger | None:
    if known.suspicion:
        return Trigger(known.suspicion)
    if known.repaired_at and not is_repair_waiting and known.repaired_at + _pause(known.unclean_count) <= now:
        return Trigger.REPAIRED
    if settings.VERIFY_EVERY and (known.compared_at or _LONG_AGO) < last_turn(known.zone.name, now):
        return Trigger.SCHEDULED
    has_changed = known.verified_serial is not None and known.serial != known.verified_serial
    checked_at = known.checked_at or _LONG_AGO
    if settings.VERIFY_CHANGES_EVERY and has_changed and checked_at + settings.VERIFY_CHANGES_EVERY <= now:
        return Trigger.CHANGES
    return None


def last_turn(name: str, now: datetime) -> datetime:
    """When it was last this zone's turn to be compared as a whole: by its name, so that the zones spread over the day."""
    period = settings.VERIFY_EVERY.total_seconds()
    phase = crc32(name.encode()) / 2**32 * period
    seconds = now.timestamp()
    return datetime.fromtimestamp((seconds - phase) // period * period + phase, tz=UTC)


def _pause(unclean_count: int) -> timedelta:
    if unclean_count <= 1:
        return timedelta(0)
    return min(timedelta(minutes=1) * 2 ** min(unclean_count - 2, 16), LONGEST_PAUSE)
