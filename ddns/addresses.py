"""Addresses: parsed at the edge, compared as addresses, and whether they may be published."""

from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address

from django.conf import settings

Address = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class Addresses:
    """One address per family; None where a family is not spoken of."""

    ipv4: IPv4Address | None = None
    ipv6: IPv6Address | None = None

    @classmethod
    def of(cls, *addresses: Address) -> "Addresses":
        """At most one of each family."""
        ipv4 = next((address for address in addresses if isinstance(address, IPv4Address)), None)
        ipv6 = next((address for address in addresses if isinstance(address, IPv6Address)), None)
        return cls(ipv4, ipv6)

    def __iter__(self):
        return (address for address in (self.ipv4, self.ipv6) if address is not None)


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
    if settings.ALLOW_NON_GLOBAL_ADDRESSES:
        return True
    return address.is_global and not address.is_multicast and not address.is_reserved
