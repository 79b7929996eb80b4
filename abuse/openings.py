"""Openings: a case that a member of staff opens by hand, with a submission and a report of theirs as its source."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from abuse import ledger, queue, reports, uploads
from abuse.errors import AlreadySuspended, CaseOpen, InvalidParameter, NotAllowed, ReasonMissing
from abuse.intake.drafts import Draft, Subject
from abuse.models import Case, Category, Submission
from ddns import hostnames
from ddns.errors import HostnameReleased
from ddns.models import Hostname, User
from ddns.models.hostnames import State

MAX_REASON_CHARACTERS = 4000
# What one screen holds; the rest is on the page of the account.
OTHER_ROWS = 60


@dataclass(frozen=True, slots=True)
class Other:
    """Another name of the account. case is the open one about it."""

    hostname: Hostname
    case: Case | None

    @property
    def state(self) -> State:
        return self.hostname.state

    @property
    def is_to_open(self) -> bool:
        """Whether there is something left to decide that nobody works on."""
        return self.case is None and self.state not in (State.SUSPENDED, State.DIVERTED)


@dataclass(frozen=True, slots=True)
class Others:
    """The first OTHER_ROWS by name, and how many there are."""

    rows: Sequence[Other]
    count: int

    @property
    def next(self) -> Other | None:
        return next((each for each in self.rows if each.is_to_open), None)


@transaction.atomic
def open_by_hand(hostname: Hostname, category: Category, *, reason: str, by: User, after: Case | None = None) -> Case:
    """A case with one report, by `by`, whose words are the reason. Nothing else happens to the name.

    after is the case because of which it is looked at. Locks the hostname. Raises ReasonMissing, InvalidParameter, NotAllowed,
    HostnameReleased, AlreadySuspended for a name that is out of DNS, and CaseOpen where somebody works on it already.
    """
    reason = _checked(category, reason, by)
    hostname = hostnames.lock(hostname)
    if hostname.released_at is not None:
        raise HostnameReleased
    same = Case.objects.open().filter(hostname=hostname, account=hostname.account_id, route=category.route).first()
    if same is not None:
        raise CaseOpen(f"Case {same.pk}.")
    submission = _submission(hostname, category, reason, by)
    draft = Draft(
        # A category of all types ("connection/*") is that of a type which has none of its own.
        kind=category.key.replace("/*", "/unclassified"),
        subjects=(Subject(name=hostname.name, role="domain"),),
        description=reason,
        # Opened again on the same day in the same words it is no duplicate.
        external_id=str(submission.pk),
    )
    (report,) = reports.settle(submission, [draft], by=by, reason=reason)
    if report.case is None or report.case.closed_at is not None:
        raise AlreadySuspended
    ledger.append(
        actor=by,
        action="open-case",
        object=f"hostname {hostname.name}",
        reason=reason,
        details={
            "case": report.case.pk,
            "submission": str(submission.pk),
            "account": hostname.account_id,
            "after": after and after.pk,
        },
    )
    return report.case


def others_of(case: Case, *, by: User) -> Others | None:
    """The other names of an account that is locked, to be looked at one by one. None while it is not. Three queries."""
    if case.account is None or case.account.is_active:
        return None
    held = Hostname.objects.held_by(case.account).exclude(pk=case.hostname_id or 0)
    names = list(held.with_state().order_by("name")[:OTHER_ROWS])
    found = queue.visible(by).open().filter(hostname__in=names, account=case.account)
    cases = {each.hostname_id: each for each in found}
    return Others([Other(each, cases.get(each.pk)) for each in names], held.count())


def _checked(category: Category, reason: str, by: User) -> str:
    """Raises ReasonMissing, InvalidParameter, NotAllowed."""
    reason = reason.replace("\x00", "").strip()
    if not by.is_active or not by.has_perm("abuse.file_report"):
        raise NotAllowed("it takes the right to file reports.")
    if category.route == Category.Route.RESTRICTED and not queue.may_see_restricted(by):
        raise NotAllowed("this category is for the people who are named for restricted cases.")
    if not reason:
        raise ReasonMissing
    if len(reason) > MAX_REASON_CHARACTERS:
        raise InvalidParameter(f"a reason has {MAX_REASON_CHARACTERS} characters at most.")
    return reason


def _submission(hostname: Hostname, category: Category, reason: str, by: User) -> Submission:
    """What it rests on, as octets: nothing is on the desk without a source."""
    words = f"Opened by hand.\nName: {hostname.name}\nCategory: {category.key}\nReason: {reason}\n"
    return uploads.accept(words.encode(errors="replace"), by=by, content_type="text/plain", kind=category.key)
