"""Signals: gathers what is known about a case. A constant number of bounded queries, however much is on the case."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from allauth.mfa.models import Authenticator
from disposable_email_domains import blocklist
from django.conf import settings
from django.db.models import Count, Max, Min, Q
from django.utils import timezone

from abuse import lookalikes, movements, networks, protected_names, stays, stems, voices
from abuse.facts import Claim, Facts, FeedHit, Place, Suspended
from abuse.models import Appeal, Brand, Case, Decision, Report, Reporter, Suspension
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
_WEIGHS = Q(reporter__kind=Reporter.Kind.FEED) | Q(reporter__tier__in=[Reporter.Tier.TRUSTED, Reporter.Tier.KNOWN])


def gather(case: Case, *, at: datetime | None = None) -> Facts:
    """About twenty queries of the database; addresses are looked up on this machine. Nothing is locked or written."""
    now = at or timezone.now()
    case = Case.objects.select_related(
        "category", "account", "hostname__account", "hostname__domain", "hostname__restriction", "hostname__contact"
    ).get(pk=case.pk)
    label = case.name.partition(".")[0]
    known: dict[str, Any] = {
        "protection": protected_names.reason_of(case.name),
        **_said(case),
        **_of_label(label, case),
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


def _said(case: Case) -> dict[str, Any]:
    """What reporters and feeds say. Five queries."""
    spoken = voices.of(case)
    counted = Report.objects.counted().filter(case=case)
    sums = counted.aggregate(count=Count("pk"), first=Min("evidence_at"), last=Max("evidence_at"))
    latest = list(counted.order_by("-received_at").values_list("kind", "url")[:MOST_REPORTS])
    paths = (urlsplit(url).path[:MOST_PATH_CHARACTERS] for _, url in latest if url)
    return {
        "voices": tuple(each for each in spoken if each.kind not in (Reporter.Kind.ANONYMOUS, Reporter.Kind.FEED)),
        "anonymous_count": voices.anonymous(spoken),
        "feed_hits": _feed_hits(case),
        "kinds": _distinct(kind for kind, _ in latest),
        "paths": _distinct(paths)[:20],
        "report_count": sums["count"],
        "first_evidence_at": sums["first"],
        "last_evidence_at": sums["last"],
    }


def _feed_hits(case: Case) -> tuple[FeedHit, ...]:
    rows = (
        Report.objects.counted()
        .filter(case=case, reporter__kind=Reporter.Kind.FEED)
        .order_by("-received_at")
        .values_list("reporter__identity", "reporter__tier", "evidence_at", "details", "external_id")[:MOST_FEED_HITS]
    )
    return tuple(
        FeedHit(
            feed=identity.removeprefix("feed:"),
            at=at,
            confidence=_share(details.get("confidence")),
            is_compromised=details.get("is_compromised") is True,
            reference=str(details.get("reference") or external_id)[:200],
            tier=tier,
        )
        for identity, tier, at, details, external_id in rows
    )


def _share(value: Any) -> float | None:
    """From 0 to 1. A feed that counts to a hundred was brought down by its parser; what is beyond is no confidence."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and 0 <= value <= 1 else None


def _of_label(label: str, case: Case) -> dict[str, Any]:
    """What the label itself says, and names like it. Two queries."""
    holder = case.account.email if case.account else ""
    words = Brand.objects.exclude(holders__contains=[holder]).values_list("word", flat=True)[:MOST_BRANDS]
    stem = stems.of(label)
    found = (
        Hostname.objects.unreleased().filter(stems.siblings(stem)).exclude(name=case.name).select_related("restriction")
        if stem
        else Hostname.objects.none()
    )
    siblings = [each for each in found[:MOST_NAMES] if stems.is_sibling(each.name.partition(".")[0], stem)]
    return {
        "likeness": lookalikes.likeness(label, words),
        "tokens": lookalikes.tokens(label),
        "looks_random": lookalikes.looks_random(label),
        "siblings": tuple(each.name for each in siblings),
        "suspended_siblings": tuple(each.name for each in siblings if _is_suspended(each)),
    }


def _of_hostname(case: Case, hostname: Hostname, now: datetime) -> dict[str, Any]:
    """Its state, where it is and was, who else is there. Up to six queries."""
    rows = movements.latest(hostname)
    contact = hostname.contact_or_none
    early = Q(evidence_at__lt=hostname.created_at) | Q(standing=Report.Standing.HELD_SINCE)
    return {
        "state": hostname.state.value,
        "created_at": hostname.created_at,
        "is_released": hostname.released_at is not None,
        "has_wildcard": hostname.wildcard,
        "last_contact_at": contact and contact.at,
        "last_agent": contact.agent if contact else "",
        "before_holder_count": Report.objects.counted().filter(_WEIGHS, early, case=case).count(),
        "claims": _claims(case, hostname, rows, now),
        "settled_at": _settled_at(hostname, case),
        "places": tuple(_place(hostname, each, now) for each in (hostname.ipv4, hostname.ipv6) if each),
        "movement": movements.summed_up(rows, now),
    }


def _claims(case: Case, hostname: Hostname, rows: list, now: datetime) -> tuple[Claim, ...]:
    """The DNS that reporters say they saw, beside what our history says of that minute."""
    known_since = max(hostname.created_at, now - settings.HISTORY_RETENTION)
    found = (
        Report.objects.counted()
        .filter(case=case, details__has_key="dns_records")
        .order_by("-evidence_at")
        .annotate(weighs=_WEIGHS)
        .values_list("pk", "evidence_at", "details", "reporter__identity", "weighs")[:MOST_CLAIMS]
    )
    today = (hostname.ipv4, hostname.ipv6)
    return tuple(
        Claim(
            report=str(pk),
            at=at,
            claimed=claimed,
            ours=movements.answered_at(rows, at, now=today, known_since=known_since),
            identity=identity,
            weighs=weighs,
        )
        for pk, at, details, identity, weighs in found
        if (claimed := _claimed(details["dns_records"]))
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
    """Who the holder is. Five queries."""
    domain = account.email.rpartition("@")[2].lower()
    suspended = (
        Suspension.objects.in_force()
        .exclude(kind=Suspension.Kind.HELD)
        .exclude(hostname=case.hostname_id)
        .filter(hostname__account=account, decided_at__gt=now - REMEMBERED)
        .values_list("hostname__name", "decided_at")[:MOST_NAMES]
    )
    return {
        "account": account.pk,
        "joined_at": account.date_joined,
        "plan": account.plan,
        "is_staff": account.is_staff,
        "is_paid": account.plan != plans.DEFAULT,
        "has_second_factor": Authenticator.objects.filter(user=account)
        .exclude(type=Authenticator.Type.RECOVERY_CODES)
        .exists(),
        "mail_domain": domain,
        "is_mail_disposable": is_disposable(domain),
        "other_name_count": Hostname.objects.held_by(account).exclude(name=case.name).count(),
        "suspended_names": tuple(Suspended(name=name, at=at) for name, at in suspended),
        "sign_ups_nearby": _sign_ups_nearby(account),
        "appeals_won": Appeal.objects.filter(
            case__account=account, party=Appeal.Party.CUSTOMER, is_upheld=True
        ).count(),
    }


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
