"""The queue: which cases wait for whom, what is due first first, page by page, and found by whatever was pasted."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from abuse import presence
from abuse.models import Appeal, Case, Category, Decision, Message, Report, Submission
from abuse.models.cases import CaseQuerySet
from abuse.refang import refang
from ddns import addresses
from ddns.models import Hostname, User

PAGE_ROWS = 50
# Counting goes no further: nobody acts differently on 1,000 cases and on 40,000.
MOST_COUNTED = 999
FOUND_ROWS = 200
ABOUT_ROWS = 50
# How many are looked through for the next one that nobody else has open.
CANDIDATES = 20


class Tab(StrEnum):
    """The parts of the queue, by whom they wait for."""

    MINE = "mine"
    SECOND = "second"
    CUSTOMER = "customer"
    REPORTER = "reporter"
    OVERDUE = "overdue"
    APPEALS = "appeals"
    UNREADABLE = "unreadable"
    RESTRICTED = "restricted"
    CLOSED = "closed"


TITLES = {
    Tab.MINE: "To decide",
    Tab.SECOND: "Second person",
    Tab.CUSTOMER: "Waits for customer",
    Tab.REPORTER: "Waits for reporter",
    Tab.OVERDUE: "Overdue",
    Tab.APPEALS: "Appeals",
    Tab.UNREADABLE: "Unreadable",
    Tab.RESTRICTED: "Restricted",
    Tab.CLOSED: "Closed",
}
# What is due first first; of those due at once the worst.
_ORDER = ("due_at", "-severity", "pk")


@dataclass(frozen=True, slots=True)
class Clock:
    """How much time is left, in hundredths of what there was."""

    left: timedelta
    percent: int
    is_paused: bool
    is_over: bool

    @property
    def is_overdue(self) -> bool:
        return self.left < timedelta(0) and not self.is_over

    @property
    def late(self) -> timedelta:
        return -self.left

    @property
    def is_short(self) -> bool:
        """Less than a quarter is left."""
        return self.percent <= 25


@dataclass(frozen=True, slots=True)
class Reason:
    points: int
    sentence: str


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the queue. is_written_to: its customer or a reporter wrote what nobody has read."""

    case: Case
    clock: Clock
    reasons: Sequence[Reason]
    waiting: Decision | None
    is_written_to: bool
    viewers: Sequence[presence.Viewer]

    @property
    def top_reason(self) -> Reason | None:
        return max(self.reasons, key=lambda each: abs(each.points), default=None)


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows, and the mark to go on from; empty: these were the last. is_presence_known: whether Redis answered."""

    rows: Sequence[Row]
    next_mark: str
    is_presence_known: bool


def visible(user: User) -> CaseQuerySet:
    """The cases that this member of staff may know of: restricted ones are for named people alone."""
    return Case.objects.all() if may_see_restricted(user) else Case.objects.unrestricted()


def may_see_restricted(user: User) -> bool:
    return user.has_perm("abuse.view_restricted_case")


def tabs(user: User) -> list[Tab]:
    return [tab for tab in Tab if tab != Tab.RESTRICTED or may_see_restricted(user)]


def of(user: User, tab: Tab) -> CaseQuerySet:
    """The cases of a tab, in its order. Those that a second person has to look at wait for them and for nobody else."""
    cases, now = visible(user), timezone.now()
    match tab:
        case Tab.SECOND:
            return cases.filter(_is_waiting()).order_by(*_ORDER)
        case Tab.CUSTOMER:
            return cases.filter(closed_at=None, state=Case.State.WAITING_CUSTOMER).order_by(*_ORDER)
        case Tab.REPORTER:
            return cases.filter(closed_at=None, state=Case.State.WAITING_REPORTER).order_by(*_ORDER)
        case Tab.OVERDUE:
            return cases.open().filter(due_at__lt=now, paused_at=None).order_by(*_ORDER)
        case Tab.APPEALS:
            return cases.filter(Exists(Appeal.objects.filter(case=OuterRef("pk"), decided_at=None))).order_by(*_ORDER)
        case Tab.RESTRICTED:
            return cases.open().filter(route=Category.Route.RESTRICTED).order_by(*_ORDER)
        case Tab.CLOSED:
            return cases.exclude(closed_at=None).order_by("-closed_at", "-pk")
        case Tab.UNREADABLE:
            return cases.none()
    return cases.in_queue().exclude(_is_waiting())


def unreadable() -> Any:
    """Submissions that a person has to read, the oldest first."""
    return Submission.objects.for_people().select_related("reporter").order_by("received_at")


def counts(user: User) -> Mapping[Tab, int]:
    """How many each tab has, as far as MOST_COUNTED; what is closed is not counted. One short query each."""
    of_cases = {tab: of(user, tab).order_by()[: MOST_COUNTED + 1].count() for tab in tabs(user) if tab != Tab.CLOSED}
    return of_cases | {Tab.UNREADABLE: unreadable().order_by()[: MOST_COUNTED + 1].count()}


def page(user: User, tab: Tab, *, after: str = "") -> Page:
    """The rows behind a mark, or the first. A mark that is none is the beginning."""
    cases = _behind(of(user, tab), tab, after).with_queue()
    rows = list(cases[: PAGE_ROWS + 1])
    return _page(rows[:PAGE_ROWS], mark_of(rows[PAGE_ROWS - 1], tab) if len(rows) > PAGE_ROWS else "")


def found(user: User, pasted: str) -> Page:
    """By number, e-mail address, IP address, receipt or report, hash of evidence, or name however it is spelt; newest first."""
    cases = search(visible(user), pasted).order_by("-pk").with_queue()
    return _page(list(cases[:FOUND_ROWS]), "")


def search(cases: CaseQuerySet, pasted: str) -> CaseQuerySet:
    text = pasted.strip()
    if number := re.fullmatch(r"(?:case\s*)?#?\s*(\d{1,15})", text, re.IGNORECASE):
        return cases.filter(pk=int(number[1]))
    if (key := _uuid(text)) is not None:
        return cases.filter(_has_report(Q(pk=key) | Q(submission=key) | Q(submission__receipt=key)))
    if re.fullmatch(r"[0-9a-fA-F]{64}", text):
        return cases.filter(_has_report(Q(submission__blob=text.lower()) | Q(evidence__blob=text.lower())))
    if "@" in text and "/" not in text:
        mailbox = text.strip(" <>\"'").removeprefix("mailto:")
        return cases.filter(Q(account__email__icontains=mailbox) | _has_report(Q(reporter__contact__iexact=mailbox)))
    return _by_host(cases, refang(text))


def _by_host(cases: CaseQuerySet, host: str) -> CaseQuerySet:
    try:
        address = addresses.parse(host)
    except ValueError:
        pass
    else:
        answers = Q(**{f"hostname__ipv{address.version}": str(address)})
        return cases.filter(answers | _has_report(Q(address=str(address))))
    host = host.removeprefix("*.")
    if not host:
        return cases.none()
    same = cases.filter(Q(name__in=_parents(host)) | _has_report(Q(name=host)))
    return same if same.exists() else cases.filter(name__contains=host)


def about(subject: Hostname | User, user: User) -> list[Case]:
    """The cases about a hostname or of an account, that this member of staff may know of; the newest first."""
    of_subject = Q(hostname=subject) if isinstance(subject, Hostname) else Q(account=subject)
    return list(visible(user).filter(of_subject).with_queue().order_by("-pk")[:ABOUT_ROWS])


def next_after(case: Case, user: User, tab: Tab) -> Case | None:
    """The case that comes next in the tab, from the beginning again behind the last; rather one that nobody else has open."""
    tab = Tab.MINE if tab == Tab.UNREADABLE else tab
    waiting = of(user, tab).exclude(pk=case.pk)
    candidates = list(_behind(waiting, tab, mark_of(case, tab))[:CANDIDATES]) or list(waiting[:CANDIDATES])
    looked_at = presence.on([each.pk for each in candidates]) or {}
    return next((each for each in candidates if each.pk not in looked_at), next(iter(candidates), None))


def clock_of(case: Case) -> Clock:
    """The clock stands while it is paused, and is over once the case is closed."""
    now = case.closed_at or case.paused_at or timezone.now()
    left, whole = case.due_at - now, case.due_at - case.opened_at
    percent = round(100 * left / whole) if whole > timedelta(0) else 0
    return Clock(
        left=left,
        percent=min(max(percent, 0), 100),
        is_paused=case.paused_at is not None,
        is_over=case.closed_at is not None,
    )


def reasons_of(case: Case) -> list[Reason]:
    """The score's reasons as they were stored, the heaviest first."""
    reasons = [Reason(each.get("points", 0), each.get("sentence", "")) for each in case.score_reasons]
    return sorted(reasons, key=lambda each: -abs(each.points))


def mark_of(case: Case, tab: Tab) -> str:
    """Where a page ends, so that the next begins behind it whatever was closed meanwhile."""
    if tab == Tab.CLOSED:
        return f"{_micros(case.closed_at or case.due_at)}.0.{case.pk}"
    return f"{_micros(case.due_at)}.{case.severity}.{case.pk}"


def _behind(cases: CaseQuerySet, tab: Tab, mark: str) -> CaseQuerySet:
    found = re.fullmatch(r"(\d{1,17})\.(\d{1,3})\.(\d{1,15})", mark)
    if not found:
        return cases
    at = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=int(found[1]))
    severity, pk = int(found[2]), int(found[3])
    if tab == Tab.CLOSED:
        return cases.filter(closed_at__lte=at).exclude(closed_at=at, pk__gte=pk)
    # The first condition alone lets the index begin in the right place.
    same_time = Q(due_at=at) & (Q(severity__lt=severity) | Q(severity=severity, pk__gt=pk))
    return cases.filter(Q(due_at__gt=at) | same_time, due_at__gte=at)


def _page(cases: Sequence[Case], next_mark: str) -> Page:
    viewers = presence.on([case.pk for case in cases])
    waiting = {each.case_id: each for each in Decision.objects.waiting().filter(case__in=cases)}
    unread = Message.objects.filter(case__in=cases, is_ours=False, read_at=None)
    written_to = set(unread.order_by().values_list("case", flat=True))
    rows = [
        Row(
            case=case,
            clock=clock_of(case),
            reasons=reasons_of(case),
            waiting=waiting.get(case.pk),
            is_written_to=case.pk in written_to,
            viewers=(viewers or {}).get(case.pk, []),
        )
        for case in cases
    ]
    return Page(rows, next_mark, viewers is not None)


def _is_waiting() -> Q:
    return Q(pk__in=Decision.objects.waiting().values("case"))


def _has_report(condition: Q) -> Q:
    return Q(pk__in=Report.objects.filter(condition, case__isnull=False).values("case"))


def _parents(host: str) -> list[str]:
    """The name and what it is below of: www.home.example.org is a report about home.example.org."""
    labels = host.split(".")
    return [".".join(labels[number:]) for number in range(max(len(labels) - 1, 1))]


def _micros(at: datetime) -> int:
    return (at - datetime.fromtimestamp(0, UTC)) // timedelta(microseconds=1)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text) if re.fullmatch(r"[0-9a-fA-F-]{32,36}", text) else None
    except ValueError:
        return None
