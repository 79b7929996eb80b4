"""Timeline: what happened to a case's name, in order, for people and for a chart."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from allauth.usersessions.models import UserSession
from django.utils import timezone

from abuse import networks
from abuse.models import Appeal, Case, Decision, Report, Sighting
from abuse.networks import UNKNOWN, Network
from ddns.models import AddressUpdate, Hostname

MOST_CHANGES = 200
MOST_OTHERS = 100
DAY, WEEK = timedelta(days=1), timedelta(days=7)


class Kind(StrEnum):
    SIGN_UP = "sign-up"
    CREATION = "creation"
    CHANGE = "change"
    CONTACT = "contact"
    LOG_IN = "log-in"
    REPORT = "report"
    DECISION = "decision"
    APPEAL = "appeal"


@dataclass(frozen=True, slots=True)
class Entry:
    """One event. of a change: old and new addresses, where it came from, the network that it went to."""

    at: datetime
    kind: Kind
    text: str
    source: str = ""
    agent: str = ""
    old: tuple[str, ...] = ()
    new: tuple[str, ...] = ()
    network: Network = UNKNOWN
    source_network: Network = UNKNOWN


@dataclass(frozen=True, slots=True)
class Timeline:
    """The newest first. Where there is more than is shown is_cut says so; the counts are of all."""

    entries: tuple[Entry, ...] = ()
    changes_in_day: int = 0
    changes_in_week: int = 0
    reports_in_day: int = 0
    reports_in_week: int = 0
    networks_in_week: tuple[str, ...] = ()
    countries_in_week: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()
    is_cut: bool = False
    ends_at: datetime = field(default_factory=timezone.now)

    def of_kind(self, kind: Kind) -> list[Entry]:
        return [each for each in self.entries if each.kind == kind]


def of(case: Case) -> Timeline:
    """Ten queries at most, each by an index and with a bound."""
    now = timezone.now()
    hostname = case.hostname
    reports = Report.objects.counted().filter(case=case)
    changes = AddressUpdate.objects.filter(hostname=hostname) if hostname else AddressUpdate.objects.none()
    rows = list(changes.order_by("-at")[:MOST_CHANGES])
    entries = [*_of_reports(case), *_of_decisions(case), *map(_of_change, rows)]
    if hostname is not None:
        entries += [*_of_hostname(hostname), *_of_account(hostname), *_of_sightings(hostname)]
    of_week = [each for each in entries if each.kind == Kind.CHANGE and each.at > now - WEEK]
    shown = sorted((each for each in entries if each.at <= now), key=lambda each: each.at, reverse=True)
    return Timeline(
        entries=tuple(shown),
        changes_in_day=changes.filter(at__gt=now - DAY).count(),
        changes_in_week=changes.filter(at__gt=now - WEEK).count(),
        reports_in_day=reports.filter(received_at__gt=now - DAY).count(),
        reports_in_week=reports.filter(received_at__gt=now - WEEK).count(),
        networks_in_week=_distinct(each.network.key for each in of_week),
        countries_in_week=_distinct(each.network.country for each in of_week),
        agents=_distinct(row.agent for row in rows),
        is_cut=len(rows) == MOST_CHANGES,
        ends_at=now,
    )


def _of_change(row: AddressUpdate) -> Entry:
    old = tuple(filter(None, (row.old_ipv4, row.old_ipv6)))
    new = tuple(filter(None, (row.new_ipv4, row.new_ipv6)))
    came = [each for each in new if each not in old] or list(new)
    return Entry(
        at=row.at,
        kind=Kind.CHANGE,
        text=f"{', '.join(old) or 'nothing'} → {', '.join(new) or 'nothing'}",
        source=row.source or "",
        agent=row.agent,
        old=old,
        new=new,
        network=networks.of(came[0] if came else None),
        source_network=networks.of(row.source),
    )


def _of_hostname(hostname: Hostname) -> Iterator[Entry]:
    yield Entry(hostname.created_at, Kind.CREATION, "The name was registered.")
    if hostname.released_at is not None:
        yield Entry(hostname.released_at, Kind.CREATION, "The name was given up.")
    if (contact := hostname.contact_or_none) is not None:
        yield Entry(
            contact.at,
            Kind.CONTACT,
            "Its device was last heard.",
            source=contact.source or "",
            agent=contact.agent,
            source_network=networks.of(contact.source),
        )


def _of_account(hostname: Hostname) -> Iterator[Entry]:
    account = hostname.account
    where = f" from {account.sign_up_network}" if account.sign_up_network else ""
    yield Entry(account.date_joined, Kind.SIGN_UP, f"The account was made{where}.")
    sessions = UserSession.objects.filter(user=account).order_by("-created_at")[:MOST_OTHERS]
    logged_in = [(each.created_at, each.ip, each.user_agent) for each in sessions]
    for at, ip, agent in logged_in:
        yield Entry(at, Kind.LOG_IN, "Its holder logged in.", source=ip, agent=agent, source_network=networks.of(ip))
    # Sessions end; the last log-in is remembered.
    if account.last_login is not None and not any(
        abs(at - account.last_login) < timedelta(minutes=1) for at, *_ in logged_in
    ):
        yield Entry(account.last_login, Kind.LOG_IN, "Its holder last logged in.")


def _of_sightings(hostname: Hostname) -> Iterator[Entry]:
    """What partners sent back about the name, in the lane of reports."""
    for row in hostname.sightings.select_related("partner").order_by("-received_at")[:MOST_OTHERS]:
        words = "says that it is innocent" if row.kind == Sighting.Kind.FALSE_POSITIVE else f"saw it {row.count} times"
        note = f": {row.note}" if row.note else "."
        yield Entry(row.received_at, Kind.REPORT, f"The partner {row.partner.name} {words}{note}")


def _of_reports(case: Case) -> Iterator[Entry]:
    found = Report.objects.counted().filter(case=case).select_related("reporter").order_by("-received_at")
    for report in found[:MOST_OTHERS]:
        yield Entry(report.received_at, Kind.REPORT, f"{report.reporter} reported {report.kind}.")


def _of_decisions(case: Case) -> Iterator[Entry]:
    decisions = Decision.objects.filter(case=case).select_related("decided_by", "undone_by").order_by("-pk")
    for each in decisions[:MOST_OTHERS]:
        who = each.decided_by or f"policy ({each.rule})"
        yield Entry(each.decided_at, Kind.DECISION, f"{each.get_action_display()} by {who}: {each.reason}")
        if each.undone_at is not None:
            what = "ended" if each.state == Decision.State.ENDED else f"undone: {each.undo_reason}"
            yield Entry(each.undone_at, Kind.DECISION, f"{each.get_action_display()} {what}")
    for appeal in Appeal.objects.filter(case=case).order_by("-pk")[:MOST_OTHERS]:
        yield Entry(appeal.filed_at, Kind.APPEAL, f"The {appeal.get_party_display()} appealed.")
        if appeal.decided_at is not None:
            verdict = "upheld" if appeal.is_upheld else "not upheld"
            yield Entry(appeal.decided_at, Kind.APPEAL, f"The appeal was {verdict}.")


def _distinct(words: Iterator[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, words)))
