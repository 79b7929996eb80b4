"""Interface ids: the host part of IPv6 addresses (RFC 4291 §2.5.1), and what becomes of it in another prefix. Pure."""

import re
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address

from django.utils.translation import gettext as _

from ddns.addresses import Address
from ddns.errors import InvalidInterfaceId

# Providers delegate /48 to /64, and own networks have a /32 at most; behind /64 the interface id begins.
SHORTEST_PREFIX, LONGEST_PREFIX = 32, 64

_INTERFACE_ID_MASK = (1 << 64) - 1
_WITH_SUBNETS_MASK = (1 << (128 - SHORTEST_PREFIX)) - 1
_LINK_LOCAL = IPv6Network("fe80::/64")
_MAC_ADDRESS = re.compile(
    r"[0-9a-f]{2}(?P<separator>[:-])(?:[0-9a-f]{2}(?P=separator)){4}[0-9a-f]{2}|(?:[0-9a-f]{4}\.){2}[0-9a-f]{4}|[0-9a-f]{12}"
)
_IS_LOCAL, _IS_MULTICAST = 0b10, 0b01


def parse(text: str) -> IPv6Address:
    """An interface id as people write it: "::5", with subnet bits "::1:0:0:0:5", a link-local address, or a MAC address.

    Raises InvalidInterfaceId.
    """
    spelt = text.strip().lower()
    if _MAC_ADDRESS.fullmatch(spelt):
        return of_mac(bytes.fromhex(re.sub(r"[:.-]", "", spelt)))
    try:
        address = ip_address(spelt)
    except ValueError as error:
        raise InvalidInterfaceId(
            _("“{text}”. Write it like ::5, or write the device's MAC address.").format(text=text[:80])
        ) from error
    if isinstance(address, IPv6Address) and address in _LINK_LOCAL and address.scope_id is None:
        return IPv6Address(int(address) & _INTERFACE_ID_MASK)
    return check(address)


def check(address: Address) -> IPv6Address:
    """The same, if it can be one. Raises InvalidInterfaceId."""
    if not isinstance(address, IPv6Address) or int(address) & ~_WITH_SUBNETS_MASK or address.scope_id is not None:
        raise InvalidInterfaceId(
            _("{address}. It is the end of an IPv6 address alone, like ::5 or ::1:0:0:0:5.").format(address=address)
        )
    if not int(address) & _INTERFACE_ID_MASK:
        raise InvalidInterfaceId(
            _("{address}. The address that ends in zeros is every router's (RFC 4291 §2.6.1).").format(address=address)
        )
    return address


def of_mac(octets: bytes) -> IPv6Address:
    """What a device makes of its MAC address (modified EUI-64, RFC 4291 appendix A). Raises InvalidInterfaceId."""
    first, *rest = octets
    if first & _IS_MULTICAST or not any(octets):
        raise InvalidInterfaceId(_("{octets}. It is no MAC address of a device.").format(octets=octets.hex(":")))
    return IPv6Address(int.from_bytes(bytes([first ^ _IS_LOCAL, *rest[:2], 0xFF, 0xFE, *rest[2:]])))


def combine(network: IPv4Network | IPv6Network, host: Address) -> Address:
    """The bits of the network, and below them those of the host: subnet and interface id alike. Of one family."""
    return type(host)(int(network.network_address) | int(host) & int(network.hostmask))
