"""Status: what anybody may know of how the platform does now and did lately. No name of a customer, none of a hidden server."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Least, Now
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ddns.models import Domain
from dnsupdate.metrics import bounded
from dnsupdate.models import Alarm, PendingPublication, ServerState
from dnsupdate.models.pending import Urgency
from dnsupdate.zone_health import FOLLOWS_AGAIN

# As old as what is shown may be: however often the page is asked for, each process looks once in so long.
KEPT = timedelta(seconds=10)
SHOWN = timedelta(days=30)
MAX_INCIDENTS = 20
# Servers are asked every ten seconds: what is older is no statement about now.
UNKNOWN_AFTER = timedelta(minutes=2)

# What customers notice of each kind of alarm. Unsafe settings are the operator's alone: nobody notices those.
WORDS: dict[str, Promise] = {
    Alarm.Kind.ZONE: _(
        "Changes reached DNS late. None was lost: what devices sent waited and was published afterwards."
    ),
    Alarm.Kind.SERVER: _("One nameserver gave no answer, or an old one. Resolvers ask another when one is silent."),
    Alarm.Kind.DRIFT: _(
        "A nameserver said something else than we had published. It is compared and put right by itself."
    ),
    Alarm.Kind.DELEGATION: _("The registry pointed to other nameservers than expected."),
}


@dataclass(frozen=True, slots=True)
class Server:
    """One of a domain's nameservers at its last look, without saying which."""

    is_known: bool
    is_answering: bool
    is_current: bool


@dataclass(frozen=True, slots=True)
class DomainStatus:
    """How far DNS is with one domain. delay is the age of the oldest change that is not in DNS yet."""

    name: str
    delay: timedelta
    is_failing: bool
    is_frozen: bool
    servers: Sequence[Server] = field(default_factory=list)

    @property
    def known(self) -> list[Server]:
        return [server for server in self.servers if server.is_known]

    @property
    def answering_count(self) -> int:
        return sum(server.is_answering for server in self.known)

    @property
    def current_count(self) -> int:
        return sum(server.is_current for server in self.known)

    @property
    def is_late(self) -> bool:
        return self.is_failing or self.is_frozen or self.delay > FOLLOWS_AGAIN

    @property
    def is_known(self) -> bool:
        return bool(self.servers) and len(self.known) == len(self.servers)

    @property
    def is_well(self) -> bool:
        """Whether a change is in DNS at once, and every server answers the newest."""
        return self.is_known and not self.is_late and self.current_count == len(self.servers)


@dataclass(frozen=True, slots=True)
class Incident:
    """What an alarm meant for customers."""

    subject: str
    words: str | Promise
    opened_at: datetime
    closed_at: datetime | None

    @property
    def duration(self) -> timedelta:
        return (self.closed_at or timezone.now()) - self.opened_at


@dataclass(frozen=True, slots=True)
class Status:
    """Everything at one moment."""

    at: datetime
    domains: Sequence[DomainStatus]
    incidents: Sequence[Incident]

    @property
    def is_well(self) -> bool:
        return all(domain.is_well for domain in self.domains)

    @property
    def is_late(self) -> bool:
        return any(domain.is_late for domain in self.domains)

    @property
    def is_unknown(self) -> bool:
        """Whether nothing is known to be wrong, and not everything is known."""
        is_wrong = any(domain.current_count < len(domain.known) for domain in self.domains)
        return not is_wrong and not self.is_late and not all(domain.is_known for domain in self.domains)


_looking = threading.Lock()
_last: tuple[float, Status] | None = None


def current() -> Status:
    """At most KEPT old, and of this process: neither the broker nor the cache is asked. Raises django.db.Error."""
    global _last
    with _looking:
        now = time.monotonic()
        if _last is None or now - _last[0] >= KEPT.total_seconds():
            _last = (now, look())
        return _last[1]


def forget() -> None:
    """The next one who asks looks anew."""
    global _last
    _last = None


def look() -> Status:
    """By three queries, each bounded in time."""
    with bounded():
        servers = _servers()
        domains = [_status(domain, servers.get(domain.zone_id, [])) for domain in _domains()]
        return Status(timezone.now(), domains, _incidents())


def _status(domain, servers: Sequence[Server]) -> DomainStatus:
    """Of a domain from _domains, by the database's clock, which wrote the times."""
    delay = domain.now - domain.oldest if domain.oldest else timedelta(0)
    return DomainStatus(
        name=domain.name,
        delay=max(timedelta(0), delay),
        is_failing=domain.zone.is_failing,
        is_frozen=domain.zone.is_frozen,
        servers=servers,
    )


def _domains() -> QuerySet[Domain]:
    in_service = Domain.objects.filter(zone__retired_at=None).select_related("zone")
    return in_service.annotate(now=Now(), oldest=Least(*(_oldest(each) for each in Urgency if each >= 0)))


def _oldest(urgency: Urgency) -> Subquery:
    """Goes down the index. What the primary refused waits for its owner, a refill behind all else."""
    waiting = PendingPublication.objects.filter(zone=OuterRef("zone"), urgency=urgency, retry_at=None)
    return Subquery(waiting.order_by("queued_at").values("queued_at")[:1])


def _servers() -> dict[int, list[Server]]:
    found: dict[int, list[Server]] = {}
    for state in ServerState.objects.order_by("zone_id", "nameserver_id"):
        is_known = timezone.now() - state.asked_at < UNKNOWN_AFTER
        server = Server(is_known, not state.error, state.state == ServerState.State.CURRENT)
        found.setdefault(state.zone_id, []).append(server)
    return found


def _incidents() -> list[Incident]:
    lately = Q(closed_at=None) | Q(closed_at__gt=timezone.now() - SHOWN)
    public = Alarm.objects.filter(lately, kind__in=WORDS, zone__domain__isnull=False).select_related("zone")
    return [
        Incident(str(alarm.zone), WORDS[alarm.kind], alarm.opened_at, alarm.closed_at)
        for alarm in public.order_by("-opened_at")[:MAX_INCIDENTS]
    ]
