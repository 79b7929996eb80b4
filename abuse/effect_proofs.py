"""Effect proofs: what every authoritative server answers for the names that an order acted on, asked until it is as decided.

The answers are rows of dnsupdate (Proof): a run that was killed is gone on with where it was.
"""

import random
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from abuse.models import EffectReport, Order, OrderGroup, OrderItem
from dnsupdate import propagation
from dnsupdate.inquiry import NOT_IN_TIME
from dnsupdate.models import Nameserver, Proof, ServerState, Zone

# Of an order in one run: some zones more than a server that is slow to answer takes from it (propagation.PROOF_DEADLINE).
RUN = timedelta(seconds=45)
# Names by which a server that lagged is looked at before it is asked for all of its names again. They are drawn anew
# each time, since some may never answer as decided while the others do.
SAMPLE = 8
# What changes DNS; a preserved account stays as it is there.
IN_DNS = (OrderGroup.Action.SUSPEND, OrderGroup.Action.DIVERT, OrderGroup.Action.HOLD)
# The owner names of an item, its own first.
_PUBLICATIONS = (
    "hostname__publication",
    "hostname__wildcard_publication",
    "hostname__below_names__publication",
)


class Owner(NamedTuple):
    """One owner name of an item. is_out: its row says that it answers nothing."""

    item: int
    zone: int
    name: str
    is_own: bool
    is_dirty: bool
    is_out: bool
    withdrawn_at: datetime | None
    published_at: datetime | None


class Answered(NamedTuple):
    """The latest that one server answered for one name."""

    name: str
    server: int
    serial: int | None
    asked_at: datetime
    rcode: str
    answer: dict
    is_match: bool
    error: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How far it is. waiting is how many names are on their way to their primary."""

    name_count: int
    proven_count: int
    waiting_count: int

    @property
    def is_proven(self) -> bool:
        return self.proven_count == self.name_count


def of_order(order: Order) -> EffectReport.Of:
    """What is to be proven of it now: what was done, or once that was undone its undoing."""
    return EffectReport.Of.ACT if order.undone_at is None else EffectReport.Of.UNDOING


def note_serials(order: Order, *, of: EffectReport.Of) -> None:
    """Before the first name is touched: the serials that the servers had when they were last watched, for the report.

    Within the transaction that begins the act, or its undoing. Two queries; asks nobody. What was proven before is no more.
    """
    zones = order.items.filter(hostname__isnull=False).values("hostname__domain__zone").distinct()
    serials: dict[str, dict[str, int]] = {}
    for state in ServerState.objects.filter(zone__in=zones, serial__isnull=False).order_by("zone", "nameserver"):
        serials.setdefault(str(state.zone_id), {})[str(state.nameserver_id)] = state.serial or 0
    order.proving, order.prove_at = {"of": of.value, "serials": serials}, None
    Order.objects.filter(pk=order.pk).update(proving=order.proving, prove_at=None)


def owners_of(order: Order, of: EffectReport.Of) -> list[Owner]:
    """The owner names of every item that was acted on in DNS, wildcards and what is below included; an item's own first."""
    state = OrderItem.State.ACTED if of == EffectReport.Of.ACT else OrderItem.State.UNDONE
    groups = order.groups.filter(action__in=IN_DNS).values("key")
    items = OrderItem.objects.filter(order=order, state=state, group__in=groups, hostname__isnull=False)
    found: list[Owner] = []
    for path in _PUBLICATIONS:
        fields = ("zone", "name", "published_revision", "revision", "rrsets", "withdrawn_at", "published_at")
        rows = items.filter(**{f"{path}__isnull": False}).order_by("position")
        for item, zone, name, published, revision, rrsets, withdrawn_at, published_at in rows.values_list(
            "pk", *(f"{path}__{field}" for field in fields)
        ):
            is_own, is_dirty = path == _PUBLICATIONS[0], published < revision
            found.append(Owner(item, zone, name, is_own, is_dirty, not rrsets, withdrawn_at, published_at))
    return found


def by_zone(owners: Iterable[Owner]) -> dict[Zone, list[Owner]]:
    """With the zones' primaries, by name."""
    of_zone: dict[int, list[Owner]] = {}
    for owner in owners:
        of_zone.setdefault(owner.zone, []).append(owner)
    zones = Zone.objects.filter(pk__in=of_zone).select_related("primary").order_by("name")
    return {zone: of_zone[zone.pk] for zone in zones}


def answers(zone: Zone, names: Sequence[str], *, since: datetime) -> dict[tuple[str, int], Answered]:
    """The latest of each name and server that was asked for since. One query."""
    rows = (
        Proof.objects.filter(zone=zone, name__in=list(names), asked_at__gte=since)
        .order_by("name", "nameserver", "-asked_at", "-pk")
        .distinct("name", "nameserver")
        .values_list("name", "nameserver", "serial", "asked_at", "rcode", "answer", "is_match", "error")
    )
    return {(row[0], row[1]): Answered(*row) for row in rows.iterator(chunk_size=5000)}


def ask(order: Order, of: EffectReport.Of, *, since: datetime, is_last: bool, run: timedelta = RUN) -> Standing:
    """Zone after zone, what is not proven since then; how far it is after that. Not inside a transaction: this waits.

    What is on its way to a primary, and servers that lag, are asked for all their names only if this is the last time before
    a report.
    """
    ends_at = time.monotonic() + run.total_seconds()
    zones = by_zone(owners_of(order, of))
    # Servers that said nothing, or too little in the time: one dead server is waited for once in a run, not in each zone.
    silent: dict[int, str] = {}
    for zone, owners in zones.items():
        if time.monotonic() > ends_at:
            break
        names = [owner.name for owner in owners if is_last or not owner.is_dirty]
        for servers, its in _to_ask(zone, names, since=since, is_last=is_last, silent=silent).items():
            summary = propagation.prove(zone, its, at=servers, silent=silent)
            silent |= {server.nameserver.pk: why for server in summary.servers if (why := _silence(server))}
    return _standing(zones, since)


def _to_ask(
    zone: Zone, names: Sequence[str], *, since: datetime, is_last: bool, silent: dict[int, str]
) -> Mapping[tuple[int, ...], list[str]]:
    """Names by the servers that are to be asked for them together."""
    known, servers = answers(zone, names, since=since), propagation.servers_of(zone)
    lagging = {
        server.pk: [name for name in names if (found := known.get((name, server.pk))) and not found.is_match]
        for server in servers
    }
    again = set(lagging) if is_last else _caught_up(zone, lagging, silent)
    of_servers: dict[tuple[str, ...], list[int]] = {}
    for server in servers:
        unasked = [name for name in names if (name, server.pk) not in known]
        if its := (*unasked, *(lagging[server.pk] if server.pk in again else ())):
            of_servers.setdefault(its, []).append(server.pk)
    return {tuple(servers): list(its) for its, servers in of_servers.items()}


def _caught_up(zone: Zone, lagging: Mapping[int, list[str]], silent: dict[int, str]) -> set[int]:
    """Servers that lagged and answer some name as decided by now."""
    behind = {server: names for server, names in lagging.items() if names and server not in silent}
    if not behind:
        return set()
    names = {name for its in behind.values() for name in random.sample(its, min(SAMPLE, len(its)))}
    found = [proof for proof in propagation.look(zone, sorted(names), at=list(behind)) if proof.name in names]
    for server in behind:
        its = [proof for proof in found if proof.nameserver_id == server]
        if its and not any(proof.rcode for proof in its):
            silent[server] = its[0].error
    return {proof.nameserver_id for proof in found if proof.is_match and proof.name in behind[proof.nameserver_id]}


def _silence(server: propagation.ServerSummary) -> str:
    if server.silence:
        return server.silence
    return NOT_IN_TIME if any(error.endswith(NOT_IN_TIME) for error in server.differences.values()) else ""


def _standing(zones: Mapping[Zone, list[Owner]], since: datetime) -> Standing:
    names = proven = waiting = 0
    for zone, owners in zones.items():
        servers = [server.pk for server in propagation.servers_of(zone)]
        known = answers(zone, [owner.name for owner in owners], since=since)
        proven_names = [owner for owner in owners if all(_is_match(known, owner.name, pk) for pk in servers)]
        names += len(owners)
        proven += len(proven_names)
        waiting += sum(owner.is_dirty for owner in owners)
    return Standing(names, proven, waiting)


def _is_match(known: Mapping[tuple[str, int], Answered], name: str, server: int) -> bool:
    found = known.get((name, server))
    return found is not None and found.is_match


def servers_in(zones: Iterable[Zone]) -> list[Nameserver]:
    """Each once: primaries first, as they are met."""
    return list({server.pk: server for zone in zones for server in propagation.servers_of(zone)}.values())
