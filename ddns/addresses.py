"""Addresses: parsed at the edge, compared as addresses, and whether they may be published."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from django.conf import settings

Address = IPv4Address | IPv6Address

# Spelt out, because is_global differs between Python 3.11 and 3.14, and lets fec0::/10 and 192.88.99.0/24 through.
_NOT_ROUTED_4 = [
    IPv4Network(each)
    for each in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        "224.0.0.0/4", "240.0.0.0/4",
    )
]  # fmt: skip
# IANA has given global unicast addresses from here alone: no IPv4-compatible, NAT64, site-local or multicast ones.
_UNICAST_6 = IPv6Network("2000::/3")
# Protocol assignments, the dead Teredo and its embedded addresses among them; documentation.
_NOT_ROUTED_6 = [IPv6Network(each) for each in ("2001::/23", "2001:db8::/32", "3fff::/20")]


@dataclass(frozen=True, slots=True)
class Addresses:
    """One address per family; None where a family is not spoken of."""

    ipv4: IPv4Address | None = None
    ipv6: IPv6Address | None = None

    @classmethod
    def of(cls, *addresses: Address) -> "Addresses":
        """At most one of each family."""
        ipv4: IPv4Address | None = None
        ipv6: IPv6Address | None = None
        for address in addresses:
            if isinstance(address, IPv4Address):
                ipv4 = address
            else:
                ipv6 = address
        return cls(ipv4, ipv6)

    def __str__(self) -> str:
        return ",".join(map(str, self))

    def __iter__(self) -> Iterator[Address]:
        return filter(None, (self.ipv4, self.ipv6))


# The same devices come again and again, and reading an address costs a tenth of an unchanged update.
@lru_cache(maxsize=16_384)
def parse(text: str) -> Address:
    """An address; an IPv4-mapped one (RFC 4291 §2.5.5.2) counts as IPv4. Raises ValueError."""
    address = ip_address(text)
    if isinstance(address, IPv6Address):
        if address.scope_id is not None:
            raise ValueError("An address with a zone index means something on one host only.")
        return address.ipv4_mapped or address
    return address


def is_publishable(address: Address) -> bool:
    """Whether the Internet routes to it (IANA special-purpose registries), or the setting allows any."""
    return is_routed(address) or settings.ALLOW_NON_GLOBAL_ADDRESSES


# Two dozen networks are looked through, and the same devices come again and again.
@lru_cache(maxsize=16_384)
def is_routed(address: Address) -> bool:
    """Whether the Internet routes to it, whatever the setting says."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _NOT_ROUTED_4)
    if address not in _UNICAST_6 or any(address in network for network in _NOT_ROUTED_6):
        return False
    return address.sixtofour is None or is_routed(address.sixtofour)
