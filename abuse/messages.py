"""Messages: what is said on a case, between the desk and the customer, between the desk and a reporter, or among staff."""

from collections.abc import Iterable
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from abuse import clocks, customer_pages, reporter_links, reporter_mails, templates
from abuse.errors import TextMissing, TextTooLong, TooManyMessages
from abuse.intake import text as intake_text
from abuse.models import Case, Message, Report
from ddns import notifications
from ddns.models import User
from ddns.models.notifications import Kind

MAX_TEXT = 10_000
# Of a customer on one case: a long talk is a short one still.
ANSWERS_PER_DAY = 20


@transaction.atomic
def say(
    case: Case,
    *,
    side: Message.Side,
    text: str,
    author: User | None,
    is_ours: bool,
    report: Report | None = None,
    key: str = "message.reporter",
) -> Message:
    """Stores it, and tells whom it is for: the customer, or who reported (of no one report: all of the case, each once).

    What they say brings a case that waits for them back. key is the template of the mail to a reporter. Raises TextMissing
    and TextTooLong.
    """
    text = clean(text)
    is_to_reporters = side == Message.Side.REPORTER and is_ours
    to: list[Report | None] = list(_one_each(case)) if is_to_reporters and report is None else [report]
    for each in to or [None]:
        message = Message.objects.create(case=case, report=each, side=side, author=author, is_ours=is_ours, text=text)
        if is_to_reporters and each is not None:
            _write(message, each, key)
    if side == Message.Side.CUSTOMER and is_ours:
        _tell(message)
    if not is_ours and side != Message.Side.NOTE:
        _bring_back(case, side)
    return message


@transaction.atomic
def answer(case: Case, *, text: str, author: User) -> Message:
    """The customer's, from their page. Locks the case. Raises TextMissing, TextTooLong, TooManyMessages."""
    Case.objects.select_for_update().get(pk=case.pk)
    said = Message.objects.filter(case=case, side=Message.Side.CUSTOMER, is_ours=False)
    if said.filter(at__gt=timezone.now() - timedelta(days=1)).count() >= ANSWERS_PER_DAY:
        raise TooManyMessages
    return say(case, side=Message.Side.CUSTOMER, text=text, author=author, is_ours=False)


def clean(text: str) -> str:
    """As it is stored. Raises TextMissing and TextTooLong."""
    text = intake_text.clean(text).strip()
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
        case.account,
        Kind.STATEMENT,
        hostname=case.hostname,
        details={
            "headline": words.subject,
            "text": words.text,
            "case": case.pk,
            "page": customer_pages.path(case),
        },
    )


def _one_each(case: Case) -> Iterable[Report]:
    """The last report of each reporter."""
    return {each.reporter_id: each for each in case.reports.counted().order_by("received_at", "pk")}.values()


def _write(message: Message, report: Report, key: str) -> None:
    """To whoever reported, if they left an address where somebody reads."""
    words = templates.render(
        key,
        report.language,
        name=report.name or report.url,
        text=message.text,
        link=reporter_links.link(report.submission),
        days=clocks.MOST_PAUSE.days,
    )
    reporter_mails.tell(report.contact, subject=f"[{settings.SITE_NAME}] {words.subject}", text=words.text + "\n")


def _bring_back(case: Case, side: Message.Side) -> None:
    """Only from the one who was waited for. What was warned has as long as a new report then, and not until its deadline."""
    if side == Message.Side.REPORTER:
        if Case.objects.filter(pk=case.pk, state=Case.State.WAITING_REPORTER).exists():
            clocks.resume(case)
        return
    if not Case.objects.filter(pk=case.pk, state=Case.State.WAITING_CUSTOMER).exists():
        return
    clocks.lock(case)
    if case.state == Case.State.WAITING_CUSTOMER:
        case.state, case.due_at = Case.State.OPEN, min(case.due_at, timezone.now() + case.category.clock)
        case.save(update_fields=["state", "due_at"])
