"""Watches: every zone's serial and fence at its primary, looked at every few seconds, and what their movement says."""

import socket
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import dns.rrset
import dns.tsig
import dns.update
from django.db.models import Exists, OuterRef
from django.utils import timezone

from dnsupdate import nameservers, transfers, wire
from dnsupdate.errors import KeyRefused, ServerFailed, Unreachable, UpdateForbidden, ZoneMissing
from dnsupdate.messages import FENCE_LABEL
from dnsupdate.models import PendingPublication, Watch, Zone
from dnsupdate.models.verifications import Trigger

# Of one server; a dead one must not hold up the others' looks.
TIMEOUT_SECONDS = 2.0
CONCURRENCY = 16
# A zone that fell back is lifted so far above what was last seen: secondaries may have seen a few looks more, and follow
# only a newer serial. More messages than a primary takes between two looks.
LIFT = 100_000


@dataclass(frozen=True, slots=True)
class Look:
    """What a primary says of a zone."""

    serial: int
    fence: str


@dataclass(frozen=True, slots=True)
class _State:
    """What the rows say of a zone's publishing."""

    published_at: datetime | None
    is_waiting: bool


def watch() -> list[Zone]:
    """Looks at every zone at its primary, but for those at rest, and marks and gives those that are to be verified.

    A primary that does not answer is left out: publishing and others tell of it. As many queries for any number of zones.
    """
    zones = list(Zone.objects.followed().select_related("primary"))
    before = _states()
    # As of before the looks: beside what another process saw meanwhile, these would seem to have gone back.
    watches = Watch.objects.in_bulk([zone.pk for zone in zones])
    looks = look_at(zones)
    after = _states()
    seen, suspected = [], []
    for zone, look in zip(zones, looks, strict=True):
        state = after.get(zone.pk)
        if look is None or state is None:
            continue
        # A message that the primary has taken and no row tells of yet belongs to rows that still wait.
        is_settled = before.get(zone.pk) == state and not state.is_waiting
        known = watches.get(zone.pk)
        if known is not None and (reason := judge(known, look, is_quiet=is_settled and _is_as_before(known, state))):
            suspected.append(zone)
            _suspect(known, reason)
        seen.append(_seen(zone, look, state, is_settled))
    fields = ["serial", "fence", "published_at", "is_settled", "seen_at"]
    Watch.objects.bulk_create(seen, update_conflicts=True, unique_fields=["zone"], update_fields=fields)
    return suspected


def judge(known: Watch, look: Look, *, is_quiet: bool) -> Trigger | None:
    """What the movement since the last look says. is_quiet: we published nothing from that look to this one.

    A signer moves the serial as well: whether anything of ours changed is for the verification to say.
    """
    if known.serial is None:
        return None
    if look.serial != known.serial and not transfers.is_newer(look.serial, known.serial):
        return Trigger.WENT_BACK
    if known.fence and not look.fence:
        # Every message of ours sets one.
        return Trigger.LOST
    if is_quiet and (look.serial, look.fence) != (known.serial, known.fence):
        return Trigger.MOVED
    return None


def look_at(zones: Sequence[Zone]) -> list[Look | None]:
    """One look for each zone, several at a time; None where the primary gave no answer that says something."""
    if not zones:
        return []
    with ThreadPoolExecutor(min(CONCURRENCY, len(zones)), thread_name_prefix="look") as pool:
        return list(pool.map(_try_to_look, zones))


def look(zone: Zone) -> Look:
    """Asks the primary over one TCP connection. Raises OSError, dns.exception.DNSException, ZoneMissing."""
    server, until = zone.primary, time.monotonic() + TIMEOUT_SECONDS
    address = nameservers.resolve(server)
    with socket.create_connection((address, server.port), timeout=TIMEOUT_SECONDS) as connection:
        soa = _ask(connection, f"{zone.name}.", "SOA", until)
        if not soa:
            raise ZoneMissing
        fence = _ask(connection, f"{FENCE_LABEL}.{zone.name}.", "TXT", until)
    return Look(soa[0].serial, transfers.fence_text([wire.record(wire.TXT, 0, each.to_wire()) for each in fence]))


def lift(zone: Zone, above: int) -> int:
    """Sets the zone's serial LIFT above the given one by an UPDATE of its SOA record (RFC 2136 §3.4.2.2); gives the new one.

    Secondaries that had the zone at a higher serial would wait until it is passed. Nothing is done where it is above
    already. Raises PrimaryError.
    """
    server = zone.primary
    if server.key is None:
        raise KeyRefused(f"{server} has no key.")
    key = server.key.for_messages()
    serial = (above + LIFT) % 2**32
    try:
        address = nameservers.resolve(server)
        query = dns.message.make_query(f"{zone.name}.", "SOA", flags=0)
        found = dns.query.tcp(query, address, port=server.port, timeout=TIMEOUT_SECONDS)
        soa = next((each for each in found.answer if each.rdtype == dns.rdatatype.SOA), None)
        if soa is None:
            raise ZoneMissing
        if transfers.is_newer(soa[0].serial, above):
            return soa[0].serial
        update = dns.update.UpdateMessage(
            zone.name, keyring={key.name: key}, keyname=key.name, keyalgorithm=key.algorithm
        )
        update.add(f"{zone.name}.", soa.ttl, soa[0].replace(serial=serial))
        rcode = dns.query.tcp(update, address, port=server.port, timeout=TIMEOUT_SECONDS).rcode()
    except dns.tsig.PeerError as error:
        raise KeyRefused(f"({type(error).__name__})") from error
    except (dns.exception.DNSException, OSError) as error:
        raise Unreachable(f"{server}: {error or type(error).__name__}.") from error
    if rcode == dns.rcode.REFUSED:
        raise UpdateForbidden("Its policy must allow the SOA record too.")
    if rcode != dns.rcode.NOERROR:
        raise ServerFailed(f"{dns.rcode.to_text(rcode)}.")
    Watch.objects.filter(zone=zone).update(serial=serial)
    return serial


def _try_to_look(zone: Zone) -> Look | None:
    try:
        return look(zone)
    except (OSError, dns.exception.DNSException, ZoneMissing):
        return None


def _ask(connection: socket.socket, name: str, type_name: str, until: float) -> list:
    query = dns.message.make_query(name, type_name, flags=0)
    timeout = max(0.001, until - time.monotonic())
    answer = dns.query.tcp(query, "", timeout=timeout, sock=connection)
    if not answer.flags & dns.flags.AA or answer.rcode() not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        raise ZoneMissing
    return [rdata for rrset in answer.answer if rrset.rdtype == query.question[0].rdtype for rdata in rrset]


def _states() -> dict[int, _State]:
    due = PendingPublication.objects.filter(zone=OuterRef("pk")).due()
    rows = Zone.objects.annotate(is_waiting=Exists(due)).values_list("pk", "published_at", "is_waiting")
    return {pk: _State(published_at, is_waiting) for pk, published_at, is_waiting in rows}


def _is_as_before(known: Watch, state: _State) -> bool:
    return known.is_settled and known.published_at == state.published_at


def _seen(zone: Zone, look: Look, state: _State, is_settled: bool) -> Watch:
    return Watch(
        zone=zone,
        serial=look.serial,
        fence=look.fence,
        published_at=state.published_at,
        is_settled=is_settled,
        seen_at=timezone.now(),
    )


def _suspect(known: Watch, reason: Trigger) -> None:
    """The gravest reason stays until a verification has seen to it."""
    changes: dict = {"suspicion": reason, "suspected_at": timezone.now()}
    if reason == Trigger.WENT_BACK:
        changes["lost_serial"] = known.serial if known.lost_serial is None else known.lost_serial
    watches = Watch.objects.filter(pk=known.pk)
    if reason == Trigger.MOVED:
        watches = watches.exclude(suspicion__in=[Trigger.WENT_BACK, Trigger.LOST])
    watches.update(**changes)
