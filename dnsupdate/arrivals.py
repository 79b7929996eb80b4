"""Arrivals: whether a zone that was added is served by its primary and by every secondary, and what is missing yet."""

import time
from collections.abc import Callable
from datetime import timedelta

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype

from dnsupdate import nameservers, publisher, zones
from dnsupdate.errors import PrimaryError, ZoneMissing
from dnsupdate.models import Nameserver, Zone

# Seconds: one look at one server. A server that needs longer is looked at again.
ANSWER_TIMEOUT = 1.0
PAUSE_SECONDS = 0.2


def wait(zone: Zone, *, within: timedelta, say: Callable[[str], None] = lambda _: None) -> list[str]:
    """Waits until the zone is served everywhere; what is missing after that time, in words, or nothing.

    Publishes the catalog itself, under its lease: the first zone is added before any worker runs. say is told what is
    missing whenever that changes.
    """
    deadline, said = time.monotonic() + within.total_seconds(), ""
    while True:
        if zone.membership is not None:
            publisher.drain(zone.membership.zone_id)
        missing = look(zone)
        if not missing or time.monotonic() > deadline:
            return missing
        if (now := " ".join(missing)) != said:
            say(f"waiting: {now}")
            said = now
        time.sleep(PAUSE_SECONDS)


def wait_for_departure(
    zone: Zone, catalog: Zone, *, within: timedelta, say: Callable[[str], None] = lambda _: None
) -> list[str]:
    """Waits until nobody serves the retired zone any more; who still does after that time, in words, or nothing."""
    deadline, said = time.monotonic() + within.total_seconds(), ""
    servers = [zone.primary, *zone.secondaries.all()]
    while serving := [f"{server} still serves it." for server in servers if serves(server, zone)]:
        if time.monotonic() > deadline:
            break
        if (now := " ".join(serving)) != said:
            say(f"waiting: {now}")
            said = now
        publisher.drain(catalog.pk)
        time.sleep(PAUSE_SECONDS)
    return serving


def look(zone: Zone) -> list[str]:
    """What is missing now, in words: the catalog's change, the primary, each secondary. Asks them in that order."""
    zone.refresh_from_db()
    if zone.membership is not None and (waits := _catalogs_change(zone)):
        return [waits]
    try:
        zones.check(zone)
    except PrimaryError as error:
        hint = " Is keep-zones running beside it?" if zone.membership and isinstance(error, ZoneMissing) else ""
        return [f"the primary, {zone.primary}: {error}{hint}"]
    return [
        f"the secondary {server} does not serve it yet."
        for server in zone.secondaries.all()
        if not serves(server, zone)
    ]


def serves(server: Nameserver, zone: Zone) -> bool:
    """Whether the server answers for the zone with authority now."""
    query = dns.message.make_query(f"{zone}.", dns.rdatatype.SOA, flags=0)
    try:
        answer = dns.query.tcp(query, nameservers.resolve(server), port=server.port, timeout=ANSWER_TIMEOUT)
    except (dns.exception.DNSException, OSError):
        return False
    return bool(answer.flags & dns.flags.AA) and answer.rcode() == dns.rcode.NOERROR


def _catalogs_change(zone: Zone) -> str:
    membership = zone.membership
    if membership is None or not membership.is_dirty:
        return ""
    catalog = membership.zone
    if catalog.failure:
        return f"the catalog {catalog} cannot be published: {catalog.failure}"
    return f"the catalog {catalog} does not name it yet: {membership.refusal or 'its change waits for a publisher.'}"
