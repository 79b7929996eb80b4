"""Customer pages: what customers may see of the cases about their names, by log-in or by a signed link from a mail.

Shown is what was told: a case that nobody has told them of is not there. What reporters wrote is redacted, who they are is
not said.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import unquote

from django.conf import settings
from django.core import signing
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils import timezone

from abuse import redactions
from abuse.errors import WrongLink
from abuse.models import Appeal, Case, Decision, Message, Report, Statement
from abuse.models.cases import CaseQuerySet
from ddns.models import AddressUpdate, User

_SALT = "abuse.customer_pages"
_LINK = re.compile(r"(/abuse/c/)[^/\s]+/")
# Of many reports the first and the last say what the others do.
MAX_SIGHTINGS = 20
# Changes of addresses that are looked through for what the name answered when it was seen.
MAX_HISTORY = 500


@dataclass(frozen=True, slots=True)
class Sighting:
    """One report, as its subject may see it."""

    at: datetime
    place: str
    port: int | None
    description: str
    addresses: Sequence[str]


@dataclass(frozen=True, slots=True)
class Told:
    """One decision that was told, and what can be done about it."""

    statement: Statement
    decision: Decision
    appeals: Sequence[Appeal]
    why_no_appeal: str

    @property
    def is_in_force(self) -> bool:
        return self.decision.state == Decision.State.DONE


@dataclass(frozen=True, slots=True)
class Page:
    """One case for its customer."""

    case: Case
    told: Sequence[Told]
    sightings: Sequence[Sighting]
    sighting_count: int
    messages: Sequence[Message]
    deadline: datetime | None

    @property
    def is_overdue(self) -> bool:
        return self.deadline is not None and self.deadline <= timezone.now()


def link(about: Case | User) -> str:
    """A signed address that nobody can guess: of one case, or of all of an account. "" for a case that is about nobody.

    It has no end, since mails are kept; it ends with SECRET_KEY, and with the account.
    """
    account_id = about.account_id if isinstance(about, Case) else about.pk
    return settings.SITE_URL + link_path(about) if account_id is not None else ""


def link_path(about: Case | User) -> str:
    return reverse("customer_link", args=[token(about)])


def without_token(text: str) -> str:
    """As staff, and whoever gets an export of the case, may see it: nobody else speaks for the customer."""
    return _LINK.sub(r"\1…/", text)


def path(case: Case) -> str:
    """For those who log in."""
    return reverse("customer_case", args=[case.pk])


def token(about: Case | User) -> str:
    case_id, account_id = (about.pk, about.account_id) if isinstance(about, Case) else (0, about.pk)
    return _signer().sign(f"{account_id}-{case_id}")


def read(text: str) -> tuple[User, Case | None]:
    """Whose link it is, and of which case. Raises WrongLink."""
    try:
        account_id, _, case_id = _signer().unsign(text).partition("-")
        account = User.objects.get(pk=int(account_id), forgotten_at=None)
        return account, cases_of(account).get(pk=int(case_id)) if int(case_id) else None
    except (signing.BadSignature, ValueError, User.DoesNotExist, Case.DoesNotExist) as error:
        raise WrongLink from error


def cases_of(account: User) -> CaseQuerySet:
    """Those about which the account was told anything, the newest first."""
    told = Statement.objects.filter(decision__case=OuterRef("pk"), account=account)
    said = Message.objects.filter(case=OuterRef("pk"), side=Message.Side.CUSTOMER)
    rows = Case.objects.filter(Q(Exists(told)) | Q(Exists(said)), account=account)
    return rows.select_related("category", "hostname", "account").order_by("-pk")


def page(case: Case) -> Page:
    """A fixed number of queries, however much there is."""
    told = _told(case)
    sightings, count = _sightings(case) if told else ([], 0)
    return Page(
        case=case,
        told=told,
        sightings=sightings,
        sighting_count=count,
        messages=list(case.messages.filter(side=Message.Side.CUSTOMER).order_by("pk")),
        deadline=_deadline(case, told),
    )


def place(report: Report) -> str:
    """Where it was seen, without what may name somebody: parameters, fragments, mail addresses, passwords in it."""
    if report.url:
        return _without_strangers(report.url)
    if report.name and report.port:
        return f"{report.name}:{report.port}"
    return report.name


def _signer() -> signing.Signer:
    # A colon is cut off by some mail programs that make links of addresses.
    return signing.Signer(salt=_SALT, sep=".")


def _told(case: Case) -> list[Told]:
    from abuse import appeals

    statements = Statement.objects.filter(decision__case=case).select_related("decision__case").order_by("-pk")
    filed: dict[int, list[Appeal]] = {}
    for each in Appeal.objects.filter(case=case, party=Appeal.Party.CUSTOMER).order_by("pk"):
        filed.setdefault(each.decision_id, []).append(each)
    return [
        Told(
            statement=statement,
            decision=statement.decision,
            appeals=filed.get(statement.decision_id, []),
            why_no_appeal=appeals.problem_with(statement.decision, party=Appeal.Party.CUSTOMER),
        )
        for statement in statements
    ]


def _sightings(case: Case) -> tuple[list[Sighting], int]:
    reports = list(
        case.reports.counted().select_related("reporter", "submission").order_by("-evidence_at")[:MAX_SIGHTINGS]
    )
    history = _history(case, max((each.evidence_at for each in reports), default=None))
    is_restricted = case.route == "restricted"
    return [
        Sighting(
            at=each.evidence_at,
            place="" if is_restricted else place(each),
            port=each.port,
            description="" if is_restricted else redactions.description(each),
            addresses=_answered(history, each.evidence_at),
        )
        for each in reports
    ], case.report_count or len(reports)


def _history(case: Case, before: datetime | None) -> list[AddressUpdate]:
    if case.hostname_id is None or before is None:
        return []
    rows = AddressUpdate.objects.filter(hostname=case.hostname_id, at__lte=before)
    return list(rows.order_by("-at")[:MAX_HISTORY])


def _answered(history: Sequence[AddressUpdate], at: datetime) -> list[str]:
    """What the name pointed to then, by our own history."""
    last = next((each for each in history if each.at <= at), None)
    return [each for each in (last.new_ipv4, last.new_ipv6) if each] if last is not None else []


def _deadline(case: Case, told: Sequence[Told]) -> datetime | None:
    if case.state != Case.State.WAITING_CUSTOMER:
        return None
    warnings = (each.decision for each in told if each.decision.action == Decision.Action.WARN and each.is_in_force)
    return next((each.ends_at for each in warnings), None)


def _without_strangers(url: str) -> str:
    bare = re.split(r"[?#;]", url, maxsplit=1)[0][:300]
    scheme, found, rest = bare.partition("://")
    authority, slash, way = (rest if found else bare).partition("/")
    authority = authority.rpartition("@")[2]
    before = scheme + found if found else ""
    return f"{before}{authority}{slash}{redactions.strangers(unquote(way))}"
