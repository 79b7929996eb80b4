"""Zone health: tells people of zones that have not followed their rows for too long, and when they follow again."""

from datetime import timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from dnsupdate import alarms
from dnsupdate.errors import PrimaryError
from dnsupdate.models import Alarm, PendingPublication, Zone
from dnsupdate.models.pending import Urgency

# A nameserver that is restarted is back within seconds: nobody is woken for that.
FAILS_TOO_LONG = timedelta(minutes=1)
# A change is in DNS within a fraction of a second; 60 seconds is what the addresses' own TTL makes people wait anyway.
WAITS_TOO_LONG = timedelta(seconds=60)
# An alarm ends when the backlog has, and not whenever its oldest change is just young enough.
FOLLOWS_AGAIN = timedelta(seconds=10)

SAME_REASON = timedelta(minutes=10)

FAILING = (
    "{zone} cannot be published at {primary}. {message} "
    "Updates are accepted and wait; they are sent by themselves when the nameserver takes them. "
    "The zone's page at the desk has the details of the last try."
)
WAITING = (
    f"Changes of {{zone}} wait for longer than {WAITS_TOO_LONG.seconds} seconds although nothing fails. "
    "If its last acknowledged update is not of this minute, nobody publishes: look whether publish, beat and the broker run. "
    "Else more is changed than its primary takes, and it ends by itself."
)


def watch() -> None:
    """Opens and closes alarms. Two queries, and a few more for each alarm that opens, changes or closes."""
    found = Alarm.objects.open().filter(kind=Alarm.Kind.ZONE, nameserver=None).select_related("zone")
    known = {alarm.zone_id: alarm for alarm in found}
    for zone in _watched():
        alarm, text = known.pop(zone.pk, None), _trouble(zone)
        if text and (alarm is None or (alarm.text != text and not _fails_briefly(zone) and _is_old(alarm))):
            alarms.open(Alarm.Kind.ZONE, text, zone=zone)
        elif alarm is not None and _follows(zone):
            alarms.close(Alarm.Kind.ZONE, zone=zone)
    for alarm in known.values():
        # Its zone rests: somebody has decided that it does not follow.
        alarms.close(Alarm.Kind.ZONE, zone=alarm.zone)


def _is_old(alarm: Alarm) -> bool:
    """One that gives two reasons by turns would else be told with every look."""
    return alarm.changed_at < timezone.now() - SAME_REASON


def _watched() -> QuerySet[Zone]:
    return (
        Zone.objects.followed()
        .select_related("primary")
        .annotate(
            is_failing_long=Q(failing_since__lt=Now() - FAILS_TOO_LONG),
            is_late=Exists(_older_than(WAITS_TOO_LONG)),
            is_behind=Exists(_older_than(FOLLOWS_AGAIN)),
        )
    )


def _older_than(age: timedelta) -> QuerySet[PendingPublication]:
    """Goes down the index once for each urgency. What the primary refused waits for a person and is no backlog; a refill
    takes its time behind all else.
    """
    return PendingPublication.objects.filter(
        zone=OuterRef("pk"),
        urgency__in=[Urgency.ORDINARY, Urgency.WITHDRAWAL],
        queued_at__lt=Now() - age,
        retry_at=None,
    )


def _trouble(zone) -> str:
    """What to tell of a zone from _watched; empty where there is nothing to tell yet, or any more."""
    if zone.is_failing and (zone.is_late or not _fails_briefly(zone)):
        return FAILING.format(zone=zone, primary=zone.primary.name, message=_message(zone.failure))
    return WAITING.format(zone=zone) if zone.is_late else ""


def _fails_briefly(zone) -> bool:
    """A nameserver that takes every other message would else be told in two ways by turns."""
    return zone.is_failing and not zone.is_failing_long


def _follows(zone) -> bool:
    return not zone.is_failing and not zone.is_behind


def _message(failure: str) -> str:
    """The failure without what may differ with every try, so that the alarm is told once."""
    messages = [(error.__doc__ or "").strip() for error in PrimaryError.__subclasses__()]
    known = next((message for message in messages if failure.startswith(message)), failure)
    return known.rstrip(":.") + "."
