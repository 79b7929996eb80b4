"""Mails: notifications in their owner's language, few and together. The rows of deliveries are the queue.

One mail has everything of a kind that is due for an account. A hostname is in one mail about its addresses in MAIL_EVERY,
and an account gets MAILS_PER_DAY in a day: what is beyond waits, and comes in one mail when its time has come.
"""

import logging
import time
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.db.models import Min, QuerySet
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from ddns import renewals, unsubscriptions, wordings
from ddns.models import Delivery, User
from ddns.models.notifications import ALWAYS_MAILED, Kind

logger = logging.getLogger(__name__)

MAIL_EVERY = timedelta(minutes=15)
MAILS_PER_DAY = 20
# Of those, for what an account is always told: a flapping line must not keep the mail that saves a name.
MAILS_KEPT = 5
DAY = timedelta(days=1)
# In one mail; of the rest it has the number.
MAX_LINES = 50
MAX_NOTIFICATIONS = 5000
# Longer than a mail server takes (EMAIL_TIMEOUT, a few times).
CLAIM = timedelta(minutes=5)
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(hours=1)
# As mail servers do (RFC 5321 §4.5.4.1).
GIVE_UP_AFTER = timedelta(days=5)
# Other periodic work wants its turn; the next run is there five seconds later.
RUN_SECONDS = 30.0
MAX_GROUPS = 500


def send_due() -> int:
    """Sends what is due, oldest first, for RUN_SECONDS at most; how many mails."""
    groups = (
        Delivery.objects.by_mail()
        .due(timezone.now())
        .values_list("account_id", "notification__kind")
        .annotate(first=Min("due_at"))
        .order_by("first")[:MAX_GROUPS]
    )
    ends_at, count = time.monotonic() + RUN_SECONDS, 0
    server = get_connection()
    try:
        for account_id, kind, _first in groups:
            if time.monotonic() > ends_at:
                break
            # One connection for many mails. Where there is none nothing is claimed, and nothing tried in vain.
            server.open()
            count += _send(User.objects.get(pk=account_id), Kind(kind), server)
    except OSError as error:
        logger.warning("Mails wait for the mail server: %s", error)
    finally:
        server.close()
    return count


def _send(account: User, kind: Kind, server: BaseEmailBackend) -> bool:
    """Claims them first, so that of two tasks at once one sends."""
    if account.closed_at is not None:
        _due(account, kind).update(due_at=None, given_up_at=timezone.now())
        return False
    if (free_at := _free_at(account, kind)) is not None:
        _due(account, kind).update(due_at=free_at)
        return False
    if kind == Kind.ADDRESS_CHANGED:
        _put_off_mailed(account)
    deliveries = _claim(account, kind)
    if not deliveries:
        return False
    try:
        _message(account, kind, deliveries, server).send()
    except (OSError, ValueError) as error:
        server.close()
        _fail(deliveries, f"{type(error).__name__}: {error}"[:500])
        return False
    sent = Delivery.objects.filter(pk__in=[each.pk for each in deliveries])
    sent.update(sent_at=timezone.now(), due_at=None, answer="")
    return True


def _due(account: User, kind: Kind) -> QuerySet[Delivery]:
    return Delivery.objects.by_mail().due(timezone.now()).filter(account=account, notification__kind=kind)


@transaction.atomic
def _claim(account: User, kind: Kind) -> list[Delivery]:
    due = _due(account, kind).select_related("notification__hostname").order_by("pk")
    deliveries = list(due.select_for_update(of=("self",), skip_locked=True)[:MAX_NOTIFICATIONS])
    claimed = Delivery.objects.filter(pk__in=[each.pk for each in deliveries])
    claimed.update(due_at=timezone.now() + CLAIM)
    return deliveries


def _free_at(account: User, kind: Kind) -> datetime | None:
    """When the account may get another mail; None: now. Mails are told apart by the times when they were sent."""
    sent = Delivery.objects.by_mail().filter(account=account, sent_at__gt=timezone.now() - DAY)
    times = [at for at in sent.order_by("sent_at").values_list("sent_at", flat=True).distinct() if at is not None]
    limit = MAILS_PER_DAY if kind in ALWAYS_MAILED else MAILS_PER_DAY - MAILS_KEPT
    return times[-limit] + DAY if len(times) >= limit else None


def _put_off_mailed(account: User) -> None:
    """Changes of hostnames that were in a mail just now wait until MAIL_EVERY is over."""
    recent = Delivery.objects.by_mail().filter(
        account=account, notification__kind=Kind.ADDRESS_CHANGED, sent_at__gt=timezone.now() - MAIL_EVERY
    )
    for hostname_id, sent_at in recent.order_by("sent_at").values_list("notification__hostname", "sent_at").distinct():
        due = _due(account, Kind.ADDRESS_CHANGED).filter(notification__hostname=hostname_id)
        if sent_at is not None:
            due.update(due_at=sent_at + MAIL_EVERY)


def _fail(deliveries: Sequence[Delivery], failure: str) -> None:
    logger.warning("%d notifications were not mailed: %s", len(deliveries), failure)
    now = timezone.now()
    for each in deliveries:
        each.try_count, each.answer = each.try_count + 1, failure
        each.due_at = now + min(FIRST_PAUSE * 2 ** min(each.try_count - 1, 16), LONGEST_PAUSE)
        if now - each.created_at > GIVE_UP_AFTER:
            each.due_at, each.given_up_at = None, now
    Delivery.objects.bulk_update(deliveries, ["try_count", "answer", "due_at", "given_up_at"])


def _message(account: User, kind: Kind, deliveries: Sequence[Delivery], server: BaseEmailBackend) -> EmailMessage:
    with translation.override(account.language or settings.LANGUAGE_CODE):
        words = [wordings.of(each.notification) for each in deliveries if each.notification]
        subject = words[0].headline
        if len(words) > 1:
            subject = _("%(headline)s, and %(count)d more") % {"headline": subject, "count": len(words) - 1}
        return EmailMessage(
            f"[{settings.SITE_NAME}] {subject}",
            "\n\n".join([*_paragraphs(words), *_links(account, kind)]) + "\n",
            settings.DEFAULT_FROM_EMAIL,
            [account.email],
            headers=_headers(account, kind),
            connection=server,
        )


def _paragraphs(words: Sequence[wordings.Wording]) -> list[str]:
    """An explanation that several have in common stands once, behind the last of them."""
    shown = words[:MAX_LINES]
    following = [each.text for each in shown[1:]] + [""]
    paragraphs = [
        each.headline if each.text == next_text else f"{each.headline}\n{each.text}"
        for each, next_text in zip(shown, following, strict=True)
    ]
    if (more := len(words) - len(shown)) > 0:
        paragraphs.append(_("And %(count)d more, which the page of notifications shows.") % {"count": more})
    return paragraphs


def _links(account: User, kind: Kind) -> list[str]:
    links = []
    if kind == Kind.EXPIRING:
        links.append(_("To keep them:") + f"\n{_url('renew', renewals.token(account))}")
    links.append(_("All notifications, and which of them are mailed:") + f"\n{_url('notifications')}")
    if kind not in ALWAYS_MAILED:
        unsubscribe = _url("unsubscribe", unsubscriptions.token(account, kind))
        links.append(_("No more mails of this kind:") + f"\n{unsubscribe}")
    return links


def _headers(account: User, kind: Kind) -> dict[str, str]:
    """One click in the mail program ends mails of this kind (RFC 8058), and no auto-responder answers (RFC 3834)."""
    headers = {"Auto-Submitted": "auto-generated"}
    if kind not in ALWAYS_MAILED:
        unsubscribe = _url("unsubscribe", unsubscriptions.token(account, kind))
        headers |= {"List-Unsubscribe": f"<{unsubscribe}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    return headers


def _url(page: str, *arguments: str) -> str:
    return settings.SITE_URL + reverse(page, args=arguments)
