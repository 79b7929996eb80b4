"""Wishes: what an UPDATE message leaves hostnames with, in the terms of the verbs. From the zone after it."""

from collections.abc import Collection
from ipaddress import IPv4Address, IPv6Address

import dns.rdatatype

from ddns.address_updates import Wish
from ddns.addresses import Address, Addresses
from ddns.models import Hostname
from ddns.nsupdate.errors import Refused
from ddns.nsupdate.names import ADDRESS_TYPES, WILDCARD, Owner
from dnsupdate.serving import names
from dnsupdate.serving.zone import Zone

# The label and the type that an update of the message is about.
Touched = Collection[tuple[str, int]]

_FAMILIES = {dns.rdatatype.A: 4, dns.rdatatype.AAAA: 6}


def of_addresses(hostname: Hostname, after: Zone, touched: Touched) -> Wish | None:
    """For a message that touches addresses of the hostname or of its wildcard; None for one that does not.

    Raises Refused where the wildcard would answer something else than the hostname.
    """
    spoken = [rdtype for rdtype in ADDRESS_TYPES if ("", rdtype) in touched]
    found = {rdtype: _addresses(after, Owner(hostname.name, ""), rdtype) for rdtype in ADDRESS_TYPES}
    wildcard = _wildcard(hostname, after, touched)
    if not spoken:
        return None if wildcard is None else Wish(Addresses(), wildcard)
    main = {rdtype: _main(hostname, rdtype, found[rdtype]) for rdtype in ADDRESS_TYPES}
    chosen = [each for rdtype in spoken if (each := main[rdtype]) is not None]
    return Wish(
        Addresses.of(*chosen),
        wildcard=wildcard,
        # Who makes a name answer an address does not want it offline.
        offline=False if chosen else None,
        removed=frozenset(_FAMILIES[rdtype] for rdtype in spoken if main[rdtype] is None),
        others=tuple(each for rdtype in ADDRESS_TYPES for each in found[rdtype] if each != main[rdtype]),
    )


def address(rdata: bytes) -> Address:
    """Of an A or AAAA record."""
    return IPv4Address(rdata) if len(rdata) == 4 else IPv6Address(rdata)


def _main(hostname: Hostname, rdtype: int, found: list[Address]) -> Address | None:
    """The one that the hostname has if it keeps it: the others stand beside it."""
    stored = hostname.ipv4 if rdtype == dns.rdatatype.A else hostname.ipv6
    return next((each for each in found if str(each) == stored), found[0] if found else None)


def _wildcard(hostname: Hostname, after: Zone, touched: Touched) -> bool | None:
    """Whether the wildcard answers from now on, which is what the hostname answers; None: as before."""
    if not any((WILDCARD, rdtype) in touched for rdtype in ADDRESS_TYPES):
        return None
    own, below = (
        [_addresses(after, Owner(hostname.name, label), rdtype) for rdtype in ADDRESS_TYPES] for label in ("", WILDCARD)
    )
    if any(below) and own != below:
        detail = f"*.{hostname.name} answers the addresses of {hostname.name} or none"
        raise Refused("notallowed", detail, hostname=hostname.name)
    return any(below)


def _addresses(zone: Zone, owner: Owner, rdtype: int) -> list[Address]:
    rrset = zone.rrset(names.from_text(owner.name), rdtype)
    return [address(rdata) for rdata in rrset.rdatas] if rrset else []
