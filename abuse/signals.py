"""Signals: gathers what is known about a case. A constant number of bounded queries, however much is on the case."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from uuid import UUID

from allauth.mfa.models import Authenticator
from disposable_email_domains import blocklist
from django.conf import settings
from django.db.models import Count, Exists, Max, Min, Q, QuerySet, Subquery, Value
from django.utils import timezone

from abuse import lookalikes, models, movements, networks, protected_names, stays, stems, voices
from abuse.facts import Claim, Facts, FeedHit, Place, Suspended
from abuse.models import Appeal, Case, Decision, Report, Reporter, Suspension
from ddns import plans
from ddns.models import Hostname, Restriction, User

DAY = timedelta(days=1)
# Reports, hits and claims that are looked into one by one; all are counted.
MOST_REPORTS = 200
MOST_FEED_HITS = 50
MOST_CLAIMS = 20
MOST_NAMES = 50
MOST_BRANDS = 2000
# In a neighbourhood a name counts as new for so long. Those of a household are stable and move together; a campaign's are new.
NEW_NAME = timedelta(days=30)
# After so long a suspension of another name weighs nothing (the signal decays towards it).
REMEMBERED = timedelta(days=365)
MOST_PATH_CHARACTERS = 200
# Reporters on whom a rule may rely, so that what is wrong with their reports forbids it.
_RELIED_ON = (Reporter.Tier.TRUSTED, Reporter.Tier.KNOWN)
_WEIGHS = Q(reporter__kind=Reporter.Kind.FEED) | Q(reporter__tier__in=_RELIED_ON)


# What gather reads of a case besides its own fields.
WITH = ("category", "account", "hostname__account", "hostname__domain", "hostname__restriction", "hostname__contact")


class BrandWord(NamedTuple):
    """A word that others imitate, and the mail addresses of those who may use it."""

    word: str
    holders: tuple[str, ...]


class _Heard(NamedTuple):
    """What is read of a report. Its details may be long: only what counts here."""

    pk: UUID
    kind: str
    url: str
    evidence_at: datetime
    standing: str
    external_id: str
    reporter_kind: str
    identity: str
    tier: str
    confidence: Any
    is_compromised: Any
    reference: Any
    dns_records: Any

    @property
    def weighs(self) -> bool:
        """As _WEIGHS says it."""
        return self.reporter_kind == Reporter.Kind.FEED or self.tier in _RELIED_ON


_HEARD = (
    *("pk", "kind", "url", "evidence_at", "standing", "external_id", "reporter__kind", "reporter__identity"),
    *("reporter__tier", "details__confidence", "details__is_compromised", "details__reference", "details__dns_records"),
)


def gather(case: Case, *, at: datetime | None = None) -> Facts:
    """About fifteen queries of the database; addresses are looked up on this machine. Nothing is locked or written."""
    return gather_loaded(Case.objects.select_related(*WITH).get(pk=case.pk), brands(), at=at)


def brands() -> tuple[BrandWord, ...]:
    """All that count, for many cases. One query."""
    rows = models.Brand.objects.values_list("word", "holders")[:MOST_BRANDS]
    return tuple(BrandWord(word, tuple(holders)) for word, holders in rows)


def gather_loaded(case: Case, words: Iterable[BrandWord], *, at: datetime | None = None) -> Facts:
    """Of a case that was read together with what WITH names."""
    now = at or timezone.now()
    label = case.name.partition(".")[0]
    known: dict[str, Any] = {
        "protection": protected_names.reason_of(case.name),
        **_said(case, now),
        **_of_label(label, case, words),
    }
    if case.hostname is not None:
        known |= _of_hostname(case, case.hostname, now)
    if case.account is not None:
        known |= _of_account(case, case.account, now)
    return Facts(
        at=now,
        case=case.pk,
        name=case.name,
        label=label,
        kind=case.category_id,
        route=case.route,
        may_hold=case.category.may_hold,
        opened_at=case.opened_at,
        **known,
    )


def _said(case: Case, now: datetime) -> dict[str, Any]:
    """What reporters and feeds say. Three queries; some more of a case with very many reports."""
    spoken = voices.of(case)
    counted = Report.objects.counted().filter(case=case)
    latest = _heard(counted.order_by("-received_at"), MOST_REPORTS + 1)
    if len(latest) <= MOST_REPORTS:
        hits = [each for each in latest if each.reporter_kind == Reporter.Kind.FEED]
        seen = [each.evidence_at for each in latest]
        count, first, last = len(latest), min(seen, default=None), max(seen, default=None)
        before = sum(each.weighs and _is_before(each, case) for each in latest)
        claiming = [each for each in latest if each.dns_records is not None]
        claiming.sort(key=lambda each: each.evidence_at, reverse=True)
    else:
        # A flood must not push out what a feed has said, or what somebody saw in DNS.
        hits = _heard(counted.filter(reporter__kind=Reporter.Kind.FEED).order_by("-received_at"), MOST_FEED_HITS)
        claiming = _heard(counted.filter(details__has_key="dns_records").order_by("-evidence_at"), MOST_CLAIMS)
        early = Q(standing=Report.Standing.HELD_SINCE)
        if case.hostname is not None:
            early |= Q(evidence_at__lt=case.hostname.created_at)
        count, first, last, before = counted.aggregate(
            count=Count("pk"),
            first=Min("evidence_at"),
            last=Max("evidence_at"),
            before=Count("pk", filter=early & _WEIGHS),
        ).values()
    paths = (urlsplit(each.url).path[:MOST_PATH_CHARACTERS] for each in latest[:MOST_REPORTS] if each.url)
    known = {
        "voices": tuple(each for each in spoken if each.kind not in (Reporter.Kind.ANONYMOUS, Reporter.Kind.FEED)),
        "anonymous_count": voices.anonymous(spoken),
        "feed_hits": tuple(map(_feed_hit, hits[:MOST_FEED_HITS])),
        "kinds": _distinct(each.kind for each in latest[:MOST_REPORTS]),
        "paths": _distinct(paths)[:20],
        "report_count": count,
        "first_evidence_at": first,
        "last_evidence_at": last,
    }
    if case.hostname is not None:
        rows = movements.latest(case.hostname)
        known |= {
            "before_holder_count": before,
            "claims": _claims(claiming[:MOST_CLAIMS], case.hostname, rows, now),
            "movement": movements.summed_up(rows, now),
        }
    return known


def _heard(reports: QuerySet[Report], most: int) -> list[_Heard]:
    return [_Heard(*each) for each in reports.values_list(*_HEARD)[:most]]


def _is_before(report: _Heard, case: Case) -> bool:
    """Whether it is about who held the name before."""
    is_early = case.hostname is not None and report.evidence_at < case.hostname.created_at
    return is_early or report.standing == Report.Standing.HELD_SINCE


def _feed_hit(report: _Heard) -> FeedHit:
    return FeedHit(
        feed=report.identity.removeprefix("feed:"),
        at=report.evidence_at,
        confidence=_share(report.confidence),
        is_compromised=report.is_compromised is True,
        reference=str(report.reference or report.external_id)[:200],
        tier=report.tier,
    )


def _share(value: Any) -> float | None:
    """From 0 to 1. A feed that counts to a hundred was brought down by its parser; what is beyond is no confidence."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and 0 <= value <= 1 else None


def _of_label(label: str, case: Case, words: Iterable[BrandWord]) -> dict[str, Any]:
    """What the label itself says, and names like it. One query, where the label has a stem."""
    holder = case.account.email if case.account else ""
    imitable = [each.word for each in words if holder not in each.holders]
    stem = stems.of(label)
    found = (
        Hostname.objects.unreleased().filter(stems.siblings(stem)).exclude(name=case.name).select_related("restriction")
        if stem
        else Hostname.objects.none()
    )
    siblings = [each for each in found[:MOST_NAMES] if stems.is_sibling(each.name.partition(".")[0], stem)]
    return {
        "likeness": lookalikes.likeness(label, imitable),
        "tokens": lookalikes.tokens(label),
        "looks_random": lookalikes.looks_random(label),
        "siblings": tuple(each.name for each in siblings),
        "suspended_siblings": tuple(each.name for each in siblings if _is_suspended(each)),
    }


def _of_hostname(case: Case, hostname: Hostname, now: datetime) -> dict[str, Any]:
    """Its state, where it is, who else is there. Up to three queries."""
    contact = hostname.contact_or_none
    return {
        "state": hostname.state.value,
        "created_at": hostname.created_at,
        "is_released": hostname.released_at is not None,
        "has_wildcard": hostname.wildcard,
        "last_contact_at": contact and contact.at,
        "last_agent": contact.agent if contact else "",
        "settled_at": _settled_at(hostname, case),
        "places": tuple(_place(hostname, each, now) for each in (hostname.ipv4, hostname.ipv6) if each),
    }


def _claims(found: Iterable[_Heard], hostname: Hostname, rows: list, now: datetime) -> tuple[Claim, ...]:
    """The DNS that reporters say they saw, beside what our history says of that minute."""
    known_since = max(hostname.created_at, now - settings.HISTORY_RETENTION)
    today = (hostname.ipv4, hostname.ipv6)
    return tuple(
        Claim(
            report=str(each.pk),
            at=each.evidence_at,
            claimed=claimed,
            ours=movements.answered_at(rows, each.evidence_at, now=today, known_since=known_since),
            identity=each.identity,
            weighs=each.weighs,
        )
        for each in found
        if (claimed := _claimed(each.dns_records))
    )


def _claimed(records: Any) -> tuple[str, ...]:
    """Addresses among what a report says of A and AAAA, each in its one spelling."""
    if not isinstance(records, dict):
        return ()
    said = [each for key in ("a", "aaaa", "A", "AAAA") for each in _listed(records.get(key))]
    return _distinct(spelt for each in said[:20] if (spelt := _address(each)))


def _listed(value: Any) -> list:
    return value if isinstance(value, list) else [] if value is None else [value]


def _address(text: Any) -> str:
    try:
        return str(ip_address(str(text).strip()))
    except ValueError:
        return ""


def _settled_at(hostname: Hostname, case: Case) -> datetime | None:
    """When something about this name and holder was last dismissed, undone or ended: what was said before has been heard."""
    state, action = Decision.State, Decision.Action
    found = Decision.objects.filter(case__hostname=hostname, case__account=case.account_id).aggregate(
        dismissed=Max("decided_at", filter=Q(action=action.DISMISS, state=state.DONE)),
        undone=Max("undone_at", filter=Q(state=state.UNDONE)),
        ended=Max("ends_at", filter=Q(state=state.ENDED)),
    )
    return max(filter(None, found.values()), default=None)


def _place(hostname: Hostname, address: str, now: datetime) -> Place:
    around = stays.at(address, since=now - DAY, besides=hostname)
    others = [each.hostname for each in around.rows if each.hostname.account_id != hostname.account_id]
    here = {each.hostname.pk for each in around.rows if each.is_there}
    return Place(
        address=address,
        network=networks.of(address),
        name_count=len(here),
        new_in_day=sum(each.hostname.created_at > now - NEW_NAME for each in around.rows),
        suspended=tuple(each.name for each in others if each.pk in here and _is_suspended(each))[:MOST_NAMES],
        is_least=around.is_least,
    )


def _is_suspended(hostname: Hostname) -> bool:
    restriction = hostname.restriction_or_none
    return restriction is not None and restriction.kind != Restriction.Kind.HELD


def _of_account(case: Case, account: User, now: datetime) -> dict[str, Any]:
    """Who the holder is. Two queries, and one for its network."""
    domain = account.email.rpartition("@")[2].lower()
    suspended = (
        Suspension.objects.in_force()
        .exclude(kind=Suspension.Kind.HELD)
        .exclude(hostname=case.hostname_id)
        .filter(hostname__account=account, decided_at__gt=now - REMEMBERED)
        .values_list("hostname__name", "decided_at")[:MOST_NAMES]
    )
    counts = _counts_of(account, case)
    return {
        "account": account.pk,
        "joined_at": account.date_joined,
        "plan": account.plan,
        "is_staff": account.is_staff,
        "is_paid": account.plan != plans.DEFAULT,
        "has_second_factor": counts["has_second_factor"],
        "mail_domain": domain,
        "is_mail_disposable": is_disposable(domain),
        "other_name_count": counts["other_name_count"] or 0,
        "suspended_names": tuple(Suspended(name=name, at=at) for name, at in suspended),
        "sign_ups_nearby": _sign_ups_nearby(account),
        "appeals_won": counts["appeals_won"] or 0,
    }


def _counts_of(account: User, case: Case) -> dict[str, Any]:
    """One query: each goes to the server and back, which is what scoring takes its time for."""
    factors = Authenticator.objects.filter(user=account).exclude(type=Authenticator.Type.RECOVERY_CODES)
    others = Hostname.objects.held_by(account).exclude(name=case.name)
    won = Appeal.objects.filter(case__account=account, party=Appeal.Party.CUSTOMER, is_upheld=True)
    return dict(
        User.objects.filter(pk=account.pk).values(
            has_second_factor=Exists(factors), other_name_count=_count(others), appeals_won=_count(won)
        )[0]
    )


def _count(rows: QuerySet) -> Subquery:
    """As a column; null: none."""
    return Subquery(rows.order_by().annotate(one=Value(1)).values("one").annotate(count=Count("pk")).values("count"))


def is_disposable(domain: str) -> bool:
    """Whether the mail domain, or one above it, gives addresses away for minutes."""
    labels = domain.split(".")
    return any(".".join(labels[place:]) in blocklist for place in range(len(labels) - 1))


def _sign_ups_nearby(account: User) -> int:
    """Accounts of the same network within a day before or after, itself not counted; none behind a carrier, a VPN or Tor."""
    kind = networks.of(account.sign_up_network.partition("/")[0]).kind
    if not account.sign_up_network or kind in (networks.CGNAT, networks.VPN, networks.TOR):
        return 0
    window = (account.date_joined - DAY, account.date_joined + DAY)
    near = User.objects.filter(sign_up_network=account.sign_up_network, date_joined__range=window)
    return near.exclude(pk=account.pk).count()


def _distinct(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, words)))
