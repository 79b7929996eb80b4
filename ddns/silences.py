"""Silences: hostnames of which no device has spoken for days, told once, and told again when somebody speaks."""

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import DurationField, ExpressionWrapper, F, OuterRef, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from ddns import cursors, notifications
from ddns.models import Hostname, Notification, Preference, Silence
from ddns.models.notifications import Kind

NAME = "silences"
EVERY = timedelta(minutes=30)
RUN_SECONDS = 10.0
RETURNS_PER_RUN = 1000


def look() -> None:
    """Who has come back, then who has fallen silent; bounded in time, resumable."""
    _tell_returns()
    cursors.sweep(NAME, Hostname, _tell_silent, every=EVERY, seconds=RUN_SECONDS)


@transaction.atomic
def _tell_returns() -> None:
    back = (
        Silence.objects.filter(hostname__contact__at__gt=F("since"))
        .select_related("hostname__contact")
        .order_by("pk")
        .select_for_update(of=("self",), skip_locked=True)[:RETURNS_PER_RUN]
    )
    silences = list(back)
    told = [each for each in silences if each.hostname.released_at is None]
    notifications.tell_all([_notification(Kind.SEEN_AGAIN, each.hostname, each) for each in told])
    Silence.objects.filter(pk__in=[each.pk for each in silences]).delete()


def _tell_silent(first: int, last: int) -> None:
    """Those that were heard of before: a name that never had a device has not lost one."""
    own_days = Preference.objects.filter(account=OuterRef("account"), kind=Kind.NOT_SEEN).values("days")
    days = Coalesce(Subquery(own_days), Value(settings.SILENCE_DAYS))
    silent = (
        Hostname.objects.under_no_decision()
        .filter(pk__range=(first, last), silence=None)
        .filter(contact__at__lt=timezone.now() - ExpressionWrapper(days * timedelta(days=1), DurationField()))
        .select_related("contact")
    )
    silences = [Silence(hostname=each, since=each.contact.at) for each in silent]
    Silence.objects.bulk_create(silences)
    notifications.tell_all([_notification(Kind.NOT_SEEN, each.hostname, each) for each in silences])


def _notification(kind: Kind, hostname: Hostname, silence: Silence) -> Notification:
    details = {"since": silence.since.isoformat()}
    return Notification(account_id=hostname.account_id, kind=kind, hostname=hostname, details=details)
