"""The mailbox: polled, emptied into submissions, and watched, since a full or dead one loses reports in silence."""

import logging
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import OperationalError
from django.utils import timezone

from abuse import imap, mail
from abuse.errors import MailboxFailed, SubmissionEmpty, SubmissionTooBig
from abuse.imap import Folder, Place, Waiting
from abuse.models import Mail, Mailbox, Submission
from abuse.submissions import MAX_SIZE
from dnsupdate import alarms
from dnsupdate.models import Alarm

logger = logging.getLogger(__name__)

# Of one poll; the rest is for the next, so that a flood does not hold a worker.
MOST_AT_ONCE = 200
# Where what is in front cannot be stored or moved away.
MOST_LOOKED_AT = 2000


@dataclass(frozen=True, slots=True)
class Health:
    """How the mailbox fares, and what waits behind it. box is None where none is polled, or none was yet."""

    is_polled: bool
    box: Mailbox | None
    last_received_at: datetime | None
    waiting_to_be_read_count: int
    unreadable_count: int
    oldest_unreadable_at: datetime | None
    unacknowledged_count: int

    @property
    def is_failing(self) -> bool:
        """For longer than a restart of a mail server takes; a poll that does not even begin counts too."""
        if not self.is_polled or self.box is None:
            return False
        good_until = (self.box.succeeded_at or self.box.failing_since or timezone.now()) + settings.ABUSE_MAILBOX_ALARM
        return timezone.now() > good_until


def place() -> Place:
    """As the settings say."""
    return Place(
        host=settings.ABUSE_IMAP_HOST,
        port=settings.ABUSE_IMAP_PORT,
        security=settings.ABUSE_IMAP_SECURITY,
        user=settings.ABUSE_IMAP_USER,
        password=settings.ABUSE_IMAP_PASSWORD,
        folder=settings.ABUSE_IMAP_FOLDER,
    )


def poll() -> int:
    """Stores what is there and moves it away; how many. Not inside a transaction.

    A mail is moved after it was committed. Whoever dies in between stores nothing twice: the mail is known the next time.
    """
    if not settings.ABUSE_IMAP_HOST:
        return 0
    box, _ = Mailbox.objects.get_or_create(name=place().name[:300])
    stored: list[int] = []
    try:
        with imap.opened(place()) as folder:
            _empty(folder, stored)
            _succeeded(box, folder)
    except MailboxFailed as error:
        _failed(box, str(error))
    return len(stored)


def health() -> Health:
    """A few queries, each by an index."""
    unreadable = Submission.objects.for_people().order_by("received_at")
    latest = Mail.objects.order_by("-pk").first()
    oldest = unreadable.first()
    return Health(
        is_polled=bool(settings.ABUSE_IMAP_HOST),
        box=Mailbox.objects.filter(name=place().name[:300]).first() if settings.ABUSE_IMAP_HOST else None,
        last_received_at=latest.received_at if latest else None,
        waiting_to_be_read_count=Submission.objects.unread().count(),
        unreadable_count=unreadable.count(),
        oldest_unreadable_at=oldest.received_at if oldest else None,
        unacknowledged_count=Mail.objects.to_answer().filter(try_count__gt=0).count(),
    )


def _empty(folder: Folder, stored: list[int]) -> None:
    """What cannot be stored or moved stays, and the next ones are looked at: nobody can block the mailbox with it.

    Raises MailboxFailed, at last, where a mail could not be stored for a reason that is no mail's.
    """
    broken: list[str] = []
    folder.make(settings.ABUSE_IMAP_DONE_FOLDER)
    waiting = folder.waiting()[:MOST_LOOKED_AT]
    for first in range(0, len(waiting), MOST_AT_ONCE):
        for each in folder.describe(waiting[first : first + MOST_AT_ONCE]):
            try:
                _store(folder, each, stored, broken)
            except (MailboxFailed, OperationalError):
                raise
            except Exception as error:
                logger.exception("mail %d could not be stored", each.uid)
                broken.append(f"mail {each.uid}: {type(error).__name__}")
        if len(stored) >= MOST_AT_ONCE:
            break
    if broken:
        raise MailboxFailed(f"{', '.join(broken[:5])}. The log has more.")


def _store(folder: Folder, waiting: Waiting, stored: list[int], broken: list[str]) -> None:
    """One that is stored and cannot be moved is known the next time. Raises MailboxFailed where it cannot be fetched."""
    try:
        if waiting.size > MAX_SIZE:
            raise SubmissionTooBig(f"{waiting.size} octets.")
        mail.receive(folder.fetch(waiting.uid, most=MAX_SIZE + 1), sender=None, recipient=settings.ABUSE_IMAP_USER)
    except (SubmissionTooBig, SubmissionEmpty) as error:
        logger.warning("mail %d is left in the mailbox: %s", waiting.uid, error)
        folder.flag(waiting.uid)
        return
    try:
        folder.move(waiting.uid, settings.ABUSE_IMAP_DONE_FOLDER)
    except MailboxFailed as error:
        broken.append(f"mail {waiting.uid} is stored, and cannot be moved: {error}")
        return
    stored.append(waiting.uid)


def _succeeded(box: Mailbox, folder: Folder) -> None:
    waiting, left, now = folder.waiting(), folder.left(), timezone.now()
    oldest = folder.describe(waiting[:1])
    box.polled_at = box.succeeded_at = now
    box.failing_since, box.failure = None, ""
    box.waiting_count, box.left_count = len(waiting), len(left)
    box.oldest_at = oldest[0].arrived_at if oldest else None
    box.save()
    if left:
        alarms.open(
            Alarm.Kind.MAILBOX,
            f"{len(left)} mails in {box.name} are too big or empty, and flagged. Look at them with a mail program, and move "
            "them away.",
        )
    else:
        alarms.close(Alarm.Kind.MAILBOX)


def _failed(box: Mailbox, failure: str) -> None:
    now = timezone.now()
    box.polled_at, box.failure = now, failure
    box.failing_since = box.failing_since or now
    box.save(update_fields=["polled_at", "failure", "failing_since"])
    logger.warning("%s: %s", box.name, failure)
    if now - box.failing_since >= settings.ABUSE_MAILBOX_ALARM:
        since = f"{box.failing_since:%Y-%m-%d %H:%M} UTC"
        # Without the failure's words: they may differ with every poll, and each change is told.
        alarms.open(
            Alarm.Kind.MAILBOX,
            f"{box.name} cannot be read since {since}: reports wait there. Look at its failure on the desk's start page.",
        )
