"""Acknowledgements: a receipt by mail to whoever reported by mail. The rows of mails are the queue.

Never to a machine: two that answer each other do not stop (RFC 3834).
"""

import json
import logging
import time
from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db.models import F
from django.utils import timezone

from abuse import authentication_results, receipts, reporter_links, templates
from abuse.mail_headers import Headers
from abuse.models import Mail, Submission

logger = logging.getLogger(__name__)

# To one address in a day: a person who reports writes a few mails, and one who is forged shall not be flooded.
PER_ADDRESS = 10
DAY = timedelta(days=1)
# Longer than a mail server takes (EMAIL_TIMEOUT, a few times).
CLAIM = timedelta(minutes=5)
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(hours=1)
# As mail servers do (RFC 5321 §4.5.4.1).
GIVE_UP_AFTER = timedelta(days=5)
RUN_SECONDS = 30.0
MAX_AT_ONCE = 200

# Whoever is not acknowledged for these reasons alone is answered all the same.
_NOT_HERE = "Mails are not acknowledged here."
_ENOUGH = "The address had its acknowledgements of the day."
# Who reads nothing.
_MACHINES = (
    "mailer-daemon",
    "postmaster",
    "noreply",
    "no-reply",
    "donotreply",
    "do-not-reply",
    "bounce",
    "root",
    "daemon",
)
_LISTS = ("list-id", "list-post", "list-unsubscribe", "list-help", "mailing-list", "x-loop", "x-mailing-list")


def why_not(headers: Headers, sender: str, recipient: str) -> str:
    """Why nobody gets one, in a sentence; empty: the sender does. One query at most."""
    if reason := _is_machine(headers, sender, recipient):
        return reason
    if authentication_results.has_failed(headers, settings.ABUSE_AUTHSERV_ID):
        return "The sender is forged, as our mail server found."
    if not settings.ABUSE_ACKNOWLEDGE:
        return _NOT_HERE
    today = Mail.objects.filter(answer_to=sender, received_at__gt=timezone.now() - DAY)
    if today.count() >= PER_ADDRESS:
        return _ENOUGH
    return ""


def not_to_answer(submissions: Iterable[Submission]) -> set[UUID]:
    """Of these the mails that are no person's, or forged as far as we know: what becomes of their reports is told to nobody by
    mail either. Spam names hosts too, and whose address it bears has sent nothing. One query, where one may be such.
    """
    ids = [each.pk for each in submissions if each.door == Submission.Door.MAIL and each.reporter_id is None]
    withheld = Mail.objects.filter(submission__in=ids).exclude(withheld__in=("", _NOT_HERE, _ENOUGH))
    return set(withheld.values_list("submission", flat=True)) if ids else set()


def is_deaf(address: str) -> bool:
    """Whether nobody reads what is sent there, or we ourselves do."""
    local = address.lower().partition("@")[0]
    return (
        address.lower() in _ours() or local.startswith(_MACHINES) or local.endswith(("-bounces", "-request", "-owner"))
    )


def send_due() -> int:
    """Sends what is due, oldest first, for RUN_SECONDS at most; how many. Not inside a transaction."""
    due = Mail.objects.to_answer().filter(due_at__lte=timezone.now()).order_by("due_at")
    mails = list(due.select_related("submission__receipt__key")[:MAX_AT_ONCE])
    if not mails:
        return 0
    ends_at, count, server = time.monotonic() + RUN_SECONDS, 0, get_connection()
    try:
        # Where there is no mail server nothing is claimed, and nothing tried in vain.
        server.open()
        for mail in mails:
            if time.monotonic() > ends_at:
                break
            count += _send(mail, server)
    except OSError as error:
        logger.warning("Acknowledgements wait for the mail server: %s", error)
    finally:
        server.close()
    return count


def _is_machine(headers: Headers, sender: str, recipient: str) -> str:
    automatic = headers.first("auto-submitted").partition(";")[0].strip().lower()
    precedence = headers.first("precedence").strip().lower()
    kind = headers.first("content-type").partition(";")[0].strip().lower()
    if not sender:
        return "It has no sender: a bounce."
    if sender in _ours() | {recipient}:
        return "It comes from ourselves."
    if is_deaf(sender):
        return "Nobody reads mails to this address."
    if automatic not in ("", "no"):
        return "It was sent by a machine (Auto-Submitted)."
    if precedence in ("bulk", "list", "junk", "auto_reply"):
        return f"It was sent by a machine (Precedence: {precedence})."
    if any(headers.first(name) for name in _LISTS):
        return "It came by a mailing list."
    if headers.first("x-auto-response-suppress"):
        return "It asks for no automatic answer."
    if kind == "multipart/report":
        return "It was sent by a machine (multipart/report)."
    return ""


def _ours() -> set[str]:
    return {each.lower() for each in (settings.DEFAULT_FROM_EMAIL, settings.ABUSE_CONTACT, settings.ABUSE_IMAP_USER)}


def _send(mail: Mail, server: BaseEmailBackend) -> bool:
    """Claims it first, so that of two tasks at once one sends."""
    now = timezone.now()
    if not Mail.objects.filter(pk=mail.pk, due_at=mail.due_at).update(due_at=now + CLAIM):
        return False
    row = Mail.objects.filter(pk=mail.pk)
    try:
        _message(mail, server).send()
    except (OSError, ValueError) as error:
        server.close()
        pause = min(FIRST_PAUSE * 2 ** min(mail.try_count, 16), LONGEST_PAUSE)
        is_over = now - mail.received_at > GIVE_UP_AFTER
        failure = f"{type(error).__name__}: {error}"[:500]
        row.update(try_count=F("try_count") + 1, failure=failure, due_at=None if is_over else now + pause)
        logger.warning("submission %s was not acknowledged: %s", mail.submission_id, failure)
        return False
    row.update(sent_at=timezone.now(), due_at=None, failure="")
    return True


def _message(mail: Mail, server: BaseEmailBackend) -> EmailMessage:
    """Nothing of the mail stands in it: it would else carry anybody's words to anybody."""
    submission = mail.submission
    receipt = submission.receipt
    words = templates.render(
        "answer.received",
        mail.language,
        received=f"{submission.received_at:%Y-%m-%d %H:%M:%S}",
        digest=submission.blob_id,
        number=receipt.pk,
        link=reporter_links.link(submission),
    )
    message = EmailMessage(
        f"[{settings.SITE_NAME}] {words.subject}",
        words.text + "\n",
        settings.DEFAULT_FROM_EMAIL,
        [mail.answer_to],
        headers=_headers(mail),
        reply_to=[settings.ABUSE_CONTACT],
        connection=server,
    )
    message.attach("receipt.json", json.dumps(receipts.document(receipt), indent=1), "application/json")
    return message


def _headers(mail: Mail) -> dict[str, str]:
    headers = {"Auto-Submitted": "auto-replied", "X-Auto-Response-Suppress": "All", "Precedence": "bulk"}
    if mail.message_id.startswith("<") and mail.message_id.isascii() and " " not in mail.message_id:
        headers |= {"In-Reply-To": mail.message_id, "References": mail.message_id}
    return headers
