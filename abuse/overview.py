"""The overview: the few numbers that an analyst and an operator look at first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min, Q

from abuse import queue, restricted
from abuse.models import Case, LedgerEntry, Mailbox, Officer, OfficerAlert
from abuse.queue import Tab
from ddns.models import Hostname, Restriction, User
from ddns.models.hostnames import State
from dnsupdate.models import PendingPublication, Zone

LATEST_DECISIONS = 10
MAILBOXES = 20


@dataclass(frozen=True, slots=True)
class Overview:
    hostnames: dict[str, int]
    failing: Sequence[Zone]
    waiting_count: int
    oldest_queued_at: datetime | None
    decisions: Sequence[LedgerEntry]


def now(user: User) -> Overview:
    """Five queries; the count reads every hostname once (a second or so at some millions)."""
    waiting = PendingPublication.objects.aggregate(count=Count("pk"), oldest=Min("queued_at"))
    return Overview(
        hostnames=_hostnames_by_state(),
        failing=list(Zone.objects.exclude(failing_since=None).order_by("failing_since")),
        waiting_count=waiting["count"],
        oldest_queued_at=waiting["oldest"],
        decisions=list(restricted.entries(user)[:LATEST_DECISIONS]),
    )


@dataclass(frozen=True, slots=True)
class OfDesk:
    """What waits for people, as far as this member of staff may know of it. Counts end at queue.MOST_COUNTED."""

    counts: Mapping[Tab, int]
    oldest: Case | None
    mailboxes: Sequence[Mailbox]

    @property
    def failing_mailboxes(self) -> list[Mailbox]:
        return [each for each in self.mailboxes if each.failing_since is not None]

    def tiles(self) -> list[tuple[str, str, int]]:
        """(part of the queue, words, count): what is wrong when it is not nothing comes with its tab."""
        wanted = (Tab.MINE, Tab.OVERDUE, Tab.SECOND, Tab.APPEALS, Tab.UNREADABLE, Tab.CUSTOMER)
        return [(tab.value, TILES[tab], self.counts[tab]) for tab in wanted]


TILES = {
    Tab.MINE: "to decide",
    Tab.OVERDUE: "overdue",
    Tab.SECOND: "wait for a second person",
    Tab.APPEALS: "with an open appeal",
    Tab.UNREADABLE: "submissions to read",
    Tab.CUSTOMER: "wait for a customer",
}


def of_desk(user: User) -> OfDesk:
    """A short query for each part of the queue."""
    return OfDesk(
        counts=queue.counts(user),
        oldest=queue.of(user, Tab.MINE).order_by("opened_at").first(),
        mailboxes=list(Mailbox.objects.order_by("name")[:MAILBOXES]),
    )


@dataclass(frozen=True, slots=True)
class OfOfficers:
    """Officers of authorities that people here have to do something about."""

    to_call: int
    to_confirm: int
    alerts: int


def of_officers() -> OfOfficers:
    """Two queries."""
    states = dict(Officer.objects.to_vet().order_by().values_list("state").annotate(Count("pk")))
    return OfOfficers(
        to_call=states.get(Officer.State.APPLIED, 0),
        to_confirm=states.get(Officer.State.CALLED, 0),
        alerts=OfficerAlert.objects.waiting().count(),
    )


def _hostnames_by_state() -> dict[str, int]:
    released = Q(released_at__isnull=False)
    rows = Hostname.objects.aggregate(
        released=Count("pk", filter=released),
        offline=Count("pk", filter=~released & Q(offline=True)),
        unreleased=Count("pk", filter=~released),
    )
    restricted = dict(
        Restriction.objects.filter(hostname__released_at=None).values_list("kind").annotate(Count("pk")).order_by()
    )
    offline_too = Restriction.objects.filter(hostname__released_at=None, hostname__offline=True).count()
    offline = rows["offline"] - offline_too
    return {
        State.LIVE.value: rows["unreleased"] - offline - sum(restricted.values()),
        State.OFFLINE.value: offline,
        **{kind: restricted.get(kind, 0) for kind in (State.HELD.value, State.SUSPENDED.value, State.DIVERTED.value)},
        State.RELEASED.value: rows["released"],
    }
