"""Messages: what is said on a case, between the desk and the customer, between the desk and a reporter, or among staff."""

from django.db import transaction
from django.utils import timezone

from abuse import customer_pages, templates
from abuse.errors import TextMissing, TextTooLong
from abuse.models import Case, Message, Report
from ddns import notifications
from ddns.models import User
from ddns.models.notifications import Kind

MAX_TEXT = 10_000


@transaction.atomic
def say(
    case: Case, *, side: Message.Side, text: str, author: User | None, is_ours: bool, report: Report | None = None
) -> Message:
    """Stores it. What the desk says to the customer is told to them; what they say brings a case that waits for them back.

    Raises TextMissing and TextTooLong.
    """
    message = Message.objects.create(
        case=case, report=report, side=side, author=author, is_ours=is_ours, text=clean(text)
    )
    if side == Message.Side.CUSTOMER and is_ours:
        _tell(message)
    if not is_ours and side != Message.Side.NOTE:
        _bring_back(case, side)
    return message


def clean(text: str) -> str:
    """As it is stored. Raises TextMissing and TextTooLong."""
    # PostgreSQL stores no NUL.
    text = text.replace("\r\n", "\n").replace("\x00", "").strip()
    if not text:
        raise TextMissing
    if len(text) > MAX_TEXT:
        raise TextTooLong(f"{len(text)} characters; the most is {MAX_TEXT}.")
    return text


def read(case: Case) -> int:
    """The desk has read what was written to it; gives how many were new."""
    return Message.objects.filter(case=case, is_ours=False, read_at=None).update(read_at=timezone.now())


def _tell(message: Message) -> None:
    case = message.case
    if case.account is None:
        return
    words = templates.render(
        "message", case.account.language, name=case.name, text=message.text, link=customer_pages.link(case)
    )
    notifications.tell(
        case.account, Kind.STATEMENT, hostname=case.hostname, details={"headline": words.subject, "text": words.text}
    )


def _bring_back(case: Case, side: Message.Side) -> None:
    """Only from the one who was waited for."""
    waited = {Message.Side.CUSTOMER: Case.State.WAITING_CUSTOMER, Message.Side.REPORTER: Case.State.WAITING_REPORTER}
    if Case.objects.filter(pk=case.pk, state=waited[side]).exists():
        _resume(Case.objects.select_for_update().get(pk=case.pk))


def _resume(case: Case) -> None:
    """The clock goes on where it stood."""
    if case.paused_at is not None:
        stood = timezone.now() - case.paused_at
        case.paused_at, case.paused_for, case.due_at = None, case.paused_for + stood, case.due_at + stood
    case.state = Case.State.OPEN
    case.save(update_fields=["state", "paused_at", "paused_for", "due_at"])
