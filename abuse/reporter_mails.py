"""Mails to reporters: what was answered to an address goes out together, and few times a day. The rows are the queue."""

import logging
import re
import time
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.core.validators import validate_email
from django.db import transaction
from django.utils import timezone

from abuse import acknowledgements, answer_words, reporter_links
from abuse.answer_words import Teller
from abuse.models import Report, ReporterMail
from abuse.wordings import Words

logger = logging.getLogger(__name__)

# Answers to a list come one after the other: those of a minute are one mail.
GATHER_FOR = timedelta(minutes=1)
# To one address. What is beyond waits, and comes together when its time has come: whoever fills in our form with another's
# address floods nobody.
MAILS_PER_DAY = 10
DAY = timedelta(days=1)
# In one mail; of the rest it has the numbers. The page of the report has all.
MAX_LINES = 50
MAX_LINKS = 10
# Longer than a mail server takes (EMAIL_TIMEOUT, a few times).
CLAIM = timedelta(minutes=5)
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(hours=1)
# As mail servers do (RFC 5321 §4.5.4.1).
GIVE_UP_AFTER = timedelta(days=5)
# The answer itself is kept with the report.
KEEP_FOR = timedelta(days=30)
RUN_SECONDS = 30.0
MAX_MAILS = 200
# Stand for what is filled in afterwards, and cannot be said by anybody.
_ANSWERS, _LINKS = "\ue000answers", "\ue000links"
# A number of the reporter's own, by which it finds its report again.
_NUMBER = re.compile(r"[A-Za-z0-9_.:#-]{1,60}")
# No auto-responder answers, and our own door for mails knows them (RFC 3834 §5).
HEADERS = {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"}


def is_mailable(address: str) -> bool:
    """Whether a person may read there: not our own mailboxes, which would answer themselves for ever."""
    try:
        validate_email(address)
    except ValidationError:
        return False
    return not acknowledgements.is_deaf(address)


def gather(reports: Sequence[Report]) -> None:
    """Puts answered reports, which are saved afterwards, into the mails to their addresses."""
    mails: dict[str, ReporterMail] = {}
    told = [report for report in reports if report.contact and is_mailable(report.contact)]
    if not settings.CAN_MAIL:
        return
    for address in sorted({report.contact.lower() for report in told}):
        mails[address] = _gathering(address)
    for report in told:
        report.mail = mails[report.contact.lower()]


def tell(address: str, *, subject: str, text: str) -> ReporterMail | None:
    """A mail of its own. None to where nobody reads."""
    if not is_mailable(address):
        return None
    return ReporterMail.objects.create(address=address.lower(), subject=subject[:300], text=text, due_at=timezone.now())


def send_due() -> int:
    """Sends what is due, oldest first, for RUN_SECONDS at most; how many mails."""
    due = ReporterMail.objects.filter(due_at__lte=timezone.now()).order_by("due_at").values_list("pk", flat=True)
    ends_at, count = time.monotonic() + RUN_SECONDS, 0
    server = get_connection()
    try:
        for mail_id in due[:MAX_MAILS]:
            if time.monotonic() > ends_at:
                break
            # One connection for many mails. Where there is none nothing is claimed, and nothing tried in vain.
            server.open()
            try:
                count += _send(mail_id, server)
            except Exception as error:
                # The others must not wait for it.
                logger.exception("a mail to a reporter could not be written")
                _fail(ReporterMail.objects.get(pk=mail_id), f"{type(error).__name__}: {error}"[:500])
    except OSError as error:
        logger.warning("Answers to reporters wait for the mail server: %s", error)
    finally:
        server.close()
    return count


def purge(now: datetime) -> int:
    """Deletes mails that were sent or given up long ago: the answers are with the reports."""
    return ReporterMail.objects.filter(due_at=None, created_at__lt=now - KEEP_FOR).delete()[0]


def _gathering(address: str) -> ReporterMail:
    """The one that waits. One that another transaction holds is left alone: two mails are better than one that waits for it."""
    found = ReporterMail.objects.gathering().filter(address=address).select_for_update(skip_locked=True).first()
    return found or ReporterMail.objects.create(address=address, due_at=timezone.now() + GATHER_FOR)


def _send(mail_id: int, server: BaseEmailBackend) -> bool:
    mail = _claim(mail_id)
    if mail is None:
        return False
    message = EmailMessage(
        mail.subject,
        mail.text,
        settings.DEFAULT_FROM_EMAIL,
        [mail.address],
        reply_to=[settings.ABUSE_CONTACT],
        headers=HEADERS,
        connection=server,
    )
    try:
        message.send()
    except (OSError, ValueError) as error:
        server.close()
        _fail(mail, f"{type(error).__name__}: {error}"[:500])
        return False
    ReporterMail.objects.filter(pk=mail.pk).update(sent_at=timezone.now(), due_at=None, failure="")
    return True


@transaction.atomic
def _claim(mail_id: int) -> ReporterMail | None:
    """With its text, from now on unchanged; of two tasks at once one gets it."""
    now = timezone.now()
    mail = ReporterMail.objects.filter(pk=mail_id, due_at__lte=now).select_for_update(skip_locked=True).first()
    if mail is None:
        return None
    if (free_at := _free_at(mail.address, now)) is not None:
        mail.due_at = free_at
        mail.save(update_fields=["due_at"])
        return None
    if not mail.text:
        reports = mail.reports.select_related("submission", "case").order_by("received_at", "position")
        if not (shown := list(reports[:MAX_LINES])):
            # What it was to tell was undone meanwhile.
            mail.delete()
            return None
        mail.subject, mail.text = _words(shown, reports.count())
    mail.due_at = now + CLAIM
    mail.save(update_fields=["due_at", "subject", "text"])
    return mail


def _free_at(address: str, now: datetime) -> datetime | None:
    """When the address may get another mail; None: now."""
    sent = ReporterMail.objects.filter(address=address, sent_at__gt=now - DAY).order_by("-sent_at")
    times = list(sent.values_list("sent_at", flat=True)[:MAILS_PER_DAY])
    return times[-1] + DAY if len(times) == MAILS_PER_DAY and times[-1] is not None else None


def _fail(mail: ReporterMail, failure: str) -> None:
    logger.warning("a mail to a reporter was not sent: %s", failure)
    now = timezone.now()
    mail.try_count, mail.failure = mail.try_count + 1, failure
    mail.due_at = now + min(FIRST_PAUSE * 2 ** min(mail.try_count - 1, 16), LONGEST_PAUSE)
    if now - mail.created_at > GIVE_UP_AFTER:
        mail.due_at, mail.given_up_at = None, now
    mail.save(update_fields=["try_count", "failure", "due_at", "given_up_at"])


def _words(shown: Sequence[Report], count: int) -> Words:
    """Of one report what there is to say about it; of many a line each, in the language of the first."""
    teller, language = Teller(), answer_words.language_of(shown[0])
    if count == 1:
        words = answer_words.mail(shown[0])
        return Words(f"[{settings.SITE_NAME}] {words.subject}"[:300], f"{words.text}\n{_reference(shown[0], teller)}")
    links = {reporter_links.link(report.submission): None for report in shown}
    paragraphs = list(dict.fromkeys(_paragraph(report, teller) for report in shown))
    more = teller.say("told.more", language, count=count - len(shown)).text if count > len(shown) else ""
    # What is said about many is longer than one value of a template may be.
    words = teller.say("told.several", language, count=count, answers=_ANSWERS, more=more, links=_LINKS)
    text = words.text.replace(_ANSWERS, "\n\n".join(paragraphs)).replace(_LINKS, "\n".join(list(links)[:MAX_LINKS]))
    return Words(f"[{settings.SITE_NAME}] {words.subject}"[:300], text + "\n")


def _paragraph(report: Report, teller: Teller) -> str:
    name = answer_words.defanged(report)
    answer = report.answer.replace(report.name, name) if report.name else report.answer
    return answer + _reference(report, teller)


def _reference(report: Report, teller: Teller) -> str:
    """What a stranger typed is no text of ours: a number, or nothing."""
    if not _NUMBER.fullmatch(report.external_id):
        return ""
    return "\n" + teller.say("told.reference", answer_words.language_of(report), number=report.external_id).text
