"""Alarms: opened and closed by whoever watches, and told to people by mail and webhook.

A notice is a row, written in the transaction of the alarm's change: a mail server that is away costs time and no notice.
"""

import json
import logging
from collections.abc import Callable, Sequence
from datetime import timedelta
from itertools import takewhile

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from dnsupdate import posts
from dnsupdate.errors import PostFailed
from dnsupdate.models import Alarm, Nameserver, Notice, Zone

logger = logging.getLogger(__name__)

# Longer than any channel takes.
CLAIM = timedelta(minutes=1)
# Doubled with every try: a mail server that was restarted has it within the minute, one that is gone is not hammered.
FIRST_PAUSE = timedelta(seconds=15)
LONGEST_PAUSE = timedelta(hours=1)


@transaction.atomic
def open(
    kind: Alarm.Kind, text: str, *, zone: Zone | None = None, nameserver: Nameserver | None = None
) -> Alarm | None:
    """The open alarm of this kind about this subject, with this text; people are told if it is new or says something new.

    None about a zone that was retired while somebody looked at it: nobody would close that.
    """
    if zone is not None and Zone.objects.exclude(retired_at=None).filter(pk=zone.pk).exists():
        return None
    alarm, is_new = Alarm.objects.open().get_or_create(
        kind=kind, zone=zone, nameserver=nameserver, closed_at=None, defaults={"text": text}
    )
    if is_new:
        logger.warning("alarm opened, %s: %s", alarm, text)
        _tell(alarm, Notice.Event.OPENED)
        return alarm
    alarm = Alarm.objects.select_for_update().get(pk=alarm.pk)
    if alarm.text != text:
        alarm.text, alarm.changed_at = text, timezone.now()
        alarm.save(update_fields=["text", "changed_at"])
        _tell(alarm, Notice.Event.CHANGED)
    return alarm


@transaction.atomic
def close(kind: Alarm.Kind, *, zone: Zone | None = None, nameserver: Nameserver | None = None) -> bool:
    """Ends the open alarm of this kind about this subject and tells people; whether there was one."""
    alarm = Alarm.objects.open().filter(kind=kind, zone=zone, nameserver=nameserver).select_for_update().first()
    if alarm is None:
        return False
    _close(alarm)
    return True


@transaction.atomic
def close_all(zone: Zone) -> None:
    """Ends every alarm about the zone: it is nobody's concern any more."""
    for alarm in Alarm.objects.open().filter(zone=zone).order_by("pk").select_for_update():
        _close(alarm)


def send_notices() -> int:
    """Sends what is due, oldest first; how many were sent. What fails is tried again later, with the reason kept.

    Everything that is due by mail goes into one: a nameserver that dies with all its zones is one mail. After a webhook that
    fails the others wait: a receiver that is away would else be waited for once for each.
    """
    due = Notice.objects.filter(_is_due(), sent_at=None)
    mails = list(due.filter(channel=Notice.Channel.MAIL).values_list("pk", flat=True))
    posts = list(due.filter(channel=Notice.Channel.WEBHOOK).values_list("pk", flat=True))
    return _send(mails, _mail) + sum(takewhile(bool, (_send([notice_id], _post) for notice_id in posts)))


def _close(alarm: Alarm) -> None:
    alarm.closed_at = timezone.now()
    alarm.save(update_fields=["closed_at"])
    logger.warning("alarm closed, %s", alarm)
    _tell(alarm, Notice.Event.CLOSED)


def _tell(alarm: Alarm, event: Notice.Event) -> None:
    channels = [Notice.Channel.MAIL] * bool(settings.ALARM_MAIL)
    channels += [Notice.Channel.WEBHOOK] * bool(settings.ALARM_WEBHOOK)
    Notice.objects.bulk_create(
        Notice(alarm=alarm, event=event, channel=channel, text=alarm.text) for channel in channels
    )


def _is_due() -> Q:
    return Q(retry_at=None) | Q(retry_at__lte=timezone.now())


def _send(notice_ids: Sequence[int], channel: Callable[[Sequence[Notice]], None]) -> int:
    """Claims them first, so that of two tasks at once one sends: a task that dies leaves them to the next try."""
    in_a_while = timezone.now() + CLAIM
    claimed = [
        notice_id
        for notice_id in notice_ids
        if Notice.objects.filter(_is_due(), pk=notice_id, sent_at=None).update(retry_at=in_a_while)
    ]
    notices = list(Notice.objects.select_related("alarm__zone", "alarm__nameserver").filter(pk__in=claimed))
    if not notices:
        return 0
    try:
        channel(notices)
    except (OSError, ValueError, PostFailed) as error:
        _put_off(notices, f"{type(error).__name__}: {error}"[:500])
        return 0
    return Notice.objects.filter(pk__in=claimed).update(sent_at=timezone.now(), failure="")


def _put_off(notices: Sequence[Notice], failure: str) -> None:
    logger.warning("%d notices of alarms were not sent: %s", len(notices), failure)
    for notice in notices:
        pause = min(FIRST_PAUSE * 2 ** min(notice.try_count, 16), LONGEST_PAUSE)
        notice.try_count += 1
        notice.failure, notice.retry_at = failure, timezone.now() + pause
    Notice.objects.bulk_update(notices, ["try_count", "failure", "retry_at"])


def _mail(notices: Sequence[Notice]) -> None:
    first = notices[0]
    subject = f"[{settings.SITE_NAME}] {first.event}: {first.alarm}"
    if len(notices) > 1:
        subject += f", and {len(notices) - 1} more"
    text = "\n\n".join(map(_in_words, notices))
    send_mail(subject, text, settings.DEFAULT_FROM_EMAIL, settings.ALARM_MAIL)


def _in_words(notice: Notice) -> str:
    alarm = notice.alarm
    times = f"Opened {alarm.opened_at:%Y-%m-%d %H:%M:%S} UTC."
    if alarm.closed_at:
        times += f" Closed {alarm.closed_at:%Y-%m-%d %H:%M:%S} UTC."
    return (
        f"{notice.event}: {alarm}\n{notice.text}\n{times}\n"
        f"{settings.SITE_URL}/admin/dnsupdate/alarm/{alarm.pk}/change/\n"
    )


def _post(notices: Sequence[Notice]) -> None:
    """One notice as JSON by POST. With a secret, X-Signature-256 is `sha256=` and the hexadecimal HMAC of the body (RFC 2104)."""
    (notice,) = notices
    alarm = notice.alarm
    body = json.dumps(
        {
            "id": notice.pk,
            "event": notice.event,
            "alarm": alarm.pk,
            "kind": alarm.kind,
            "zone": alarm.zone.name if alarm.zone else None,
            "nameserver": alarm.nameserver.name if alarm.nameserver else None,
            "text": notice.text,
            "opened_at": alarm.opened_at.isoformat(),
            "closed_at": alarm.closed_at.isoformat() if alarm.closed_at else None,
        }
    ).encode()
    secret = settings.ALARM_WEBHOOK_SECRET
    headers = {"X-Signature-256": posts.body_signature(secret, body)} if secret else {}
    answer = posts.post(settings.ALARM_WEBHOOK, body, headers)
    if not answer.is_accepted:
        raise PostFailed(f"it answers with status {answer.status}.")
