"""Evidence: everything that an analyst needs to decide about one hostname, and whether DNS follows the decision."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from abuse import restricted
from abuse.models import LedgerEntry, Suspension
from ddns import hostnames
from ddns.models import AddressUpdate, Hostname, Record, UpdateKey, User
from dnsupdate import propagation
from dnsupdate.models import Publication, Zone
from dnsupdate.propagation import Answer

# What one screen holds; the rest is a query away.
HISTORY_ROWS = 50
LEDGER_ROWS = 20
RECORD_ROWS = 50


@dataclass(frozen=True, slots=True)
class InDns:
    """How far DNS is with what the hostname shall answer: the publications of the name and of its wildcard."""

    zone: Zone
    publications: Sequence[Publication]
    answers: Sequence[Answer]
    decided_at: datetime | None

    @property
    def waiting_since(self) -> datetime | None:
        """When the oldest change was queued that the primary has not acknowledged."""
        waiting = [getattr(row, "pending", None) for row in self.publications]
        return min((pending.queued_at for pending in waiting if pending is not None), default=None)

    @property
    def is_waiting(self) -> bool:
        return any(row.is_dirty for row in self.publications)

    @property
    def published_at(self) -> datetime | None:
        """When the primary acknowledged the last change; None while one is waiting."""
        times = [row.published_at for row in self.publications if row.published_at is not None]
        return None if self.is_waiting or len(times) < len(self.publications) else max(times)

    @property
    def stopped_at(self) -> datetime | None:
        """When the primary acknowledged that a name under a suspension answers nothing any more."""
        times = [row.withdrawn_at for row in self.publications if row.withdrawn_at is not None]
        is_withdrawn = not self.is_waiting and len(times) == len(self.publications)
        return max(times) if self.decided_at is not None and is_withdrawn else None

    @property
    def stopped_after(self) -> timedelta | None:
        """From the decision to the acknowledgement; None if the name answered nothing before it was decided about."""
        if self.stopped_at is None or self.decided_at is None or self.stopped_at < self.decided_at:
            return None
        return self.stopped_at - self.decided_at

    @property
    def refusals(self) -> list[Publication]:
        return [row for row in self.publications if row.refusal]

    @property
    def is_settled(self) -> bool:
        """Whether nothing more will change by itself."""
        return not self.is_waiting


@dataclass(frozen=True, slots=True)
class Evidence:
    """One hostname on one screen."""

    hostname: Hostname
    in_dns: InDns
    other_name_count: int
    records: Sequence[Record]
    suspensions: Sequence[Suspension]
    history: Sequence[AddressUpdate]
    ledger: Sequence[LedgerEntry]

    @property
    def in_force(self) -> list[Suspension]:
        return [each for each in self.suspensions if each.is_in_force]


def of(hostname: Hostname, *, by: User) -> Evidence:
    """As far as by may know of it. Asks every nameserver of the zone, too (a second at most each). Not inside a transaction."""
    covering = hostname.suspensions.select_related(
        "decided_by", "lifted_by", "decision__case__account", "order_item__order"
    )
    suspensions = restricted.without_reasons(covering, by)
    return Evidence(
        hostname=hostname,
        in_dns=in_dns(hostname, suspensions),
        other_name_count=Hostname.objects.held_by(hostname.account).exclude(pk=hostname.pk).count(),
        records=list(hostname.records.all()[:RECORD_ROWS]),
        suspensions=suspensions,
        history=_history(hostname),
        ledger=list(restricted.entries(by).filter(object=f"hostname {hostname.name}")[:LEDGER_ROWS]),
    )


def in_dns(hostname: Hostname, suspensions: Sequence[Suspension]) -> InDns:
    """The part that changes while one looks at it."""
    zone = Zone.objects.select_related("primary").get(pk=hostname.publication.zone_id)
    ids = hostnames.publication_ids([hostname])
    return InDns(
        zone=zone,
        publications=list(Publication.objects.select_related("pending").filter(pk__in=ids).order_by("pk")),
        answers=propagation.ask(zone, hostname.name),
        decided_at=min((each.decided_at for each in suspensions if each.is_in_force), default=None),
    )


def _history(hostname: Hostname) -> list[AddressUpdate]:
    """The latest changes, each with the key that made it: rows of history outlive keys and have no foreign keys."""
    rows = list(hostname.address_updates.all()[:HISTORY_ROWS])
    keys = UpdateKey.objects.in_bulk({row.key_id for row in rows if row.key_id is not None})
    for row in rows:
        row.key = keys.get(row.key_id)
    return rows
