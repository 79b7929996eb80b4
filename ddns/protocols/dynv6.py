"""dynv6: /api/update, as dynv6.com documents it and as its clients read the answers (docs/protocols.md)."""

import re
from ipaddress import IPv4Address, IPv6Address, IPv6Interface, IPv6Network
from typing import NamedTuple
from wsgiref.types import WSGIEnvironment

from ddns import addresses, prefixes
from ddns.address_updates import Barred, Changed, Outcome, Restricted, Unchanged, Wish
from ddns.addresses import Address, Addresses
from ddns.errors import InvalidPrefix
from ddns.interface_ids import LONGEST_PREFIX, SHORTEST_PREFIX
from ddns.protocols.answers import Answer
from ddns.protocols.credentials import Credentials, find
from ddns.protocols.dyndns2 import REALM, RETRY_AFTER_SECONDS, full_name
from ddns.protocols.parameters import Parameters, last

NAME = "dynv6"

_NAME_PARAMETERS = ("zone", "hostname", "Hostname")
# What FRITZ!Box and scripts send where they know no value.
_LEFTOVER = re.compile(r"<[^>]*>|\[\w+\]|%\w+%?|\$\w+")
_NOT_STORED = (("Cache-Control", "no-store"),)


class Malformed(ValueError):
    """A parameter that is none of the values that dynv6 has for it."""


class UpdateRequest(NamedTuple):
    """What the client asks for. name is None where none was sent or it is no full name."""

    is_named: bool
    name: str | None
    wish: Wish
    prefix: IPv6Network | None


def parse(sent: Parameters, source: Address, family: int | None = None) -> UpdateRequest:
    """family is that of the host which was asked, where its name has one alone (ipv4.*, ipv6.*). Raises Malformed."""
    named = _named(sent)
    prefix = _prefix(sent, source)
    given, removed = _addresses(sent, source, family)
    says_anything = any(given) or bool(removed)
    wish = Wish(given, offline=False if says_anything else None, removed=removed)
    return UpdateRequest(bool(named), full_name(named), wish, prefix)


def credentials(environ: WSGIEnvironment, sent: Parameters) -> Credentials | None:
    return find(environ.get("HTTP_AUTHORIZATION", ""), sent)


def names(sent: Parameters) -> list[str | None]:
    return [full_name(_named(sent))]


def render(outcome: Outcome) -> Answer:
    match outcome:
        case Changed():
            return _text("addresses updated")
        case Unchanged():
            return _text("addresses unchanged")
        case Restricted():
            return refusal("zone is suspended")
        case Barred():
            return refusal("the network of the address is blocked")
    return refusal("zone not found")


def refusal(body: str) -> Answer:
    """Not 404, which ends clients for good; not 200, which those that read no bodies take for a success."""
    return _text(body, 400)


def challenge() -> Answer:
    """For missing and for wrong tokens alike."""
    answer = _text("invalid authentication token", 401)
    return answer._replace(headers=(*_NOT_STORED, ("WWW-Authenticate", f'Basic realm="{REALM}"')))


def bad_agent() -> Answer:
    return refusal("blocked client")


def outage() -> Answer:
    answer = _text("temporarily unavailable", 503)
    return answer._replace(headers=(*_NOT_STORED, ("Retry-After", str(RETRY_AFTER_SECONDS))))


def _text(body: str, status: int = 200) -> Answer:
    return Answer(body.encode(), status, headers=_NOT_STORED)


def _named(sent: Parameters) -> str:
    return next((value for name in _NAME_PARAMETERS if (value := _value(sent, name))), "")


def _value(sent: Parameters, name: str) -> str:
    """Empty where it was not filled in."""
    value = last(sent, name).strip()
    return "" if _LEFTOVER.fullmatch(value) else value


def _addresses(sent: Parameters, source: Address, family: int | None) -> tuple[Addresses, frozenset[int]]:
    """The addresses that were given, and the families that shall have none; what is empty stays. Raises Malformed."""
    found: list[Address] = []
    removed: set[int] = set()
    for version, text in ((4, _value(sent, "ipv4")), (6, _value(sent, "ipv6"))):
        if text == "-":
            removed.add(version)
        elif (address := _address(version, text, sent, source)) is not None:
            found.append(address)
    # inadyn's preset asks for ipv6=auto, whatever it connects by.
    is_presets = _value(sent, "ipv6") == "auto" and not _value(sent, "ipv4")
    if is_presets and isinstance(source, IPv4Address) and family != 6:
        found.append(source)
    return Addresses.of(*found), frozenset(removed)


def _address(version: int, text: str, sent: Parameters, source: Address) -> Address | None:
    """None for what stays. Raises Malformed."""
    if not text:
        return None
    if text == "auto":
        return source if source.version == version else None
    if version == 6 and text == "6to4":
        return _six_to_four(sent, source)[1]
    if version == 6 and _is_bare(text):
        return None
    try:
        address = addresses.parse(text.partition("/")[0] if version == 6 else text)
    except ValueError:
        address = None
    if address is None or address.version != version:
        raise Malformed(f"invalid ipv{version} address")
    return address


def _prefix(sent: Parameters, source: Address) -> IPv6Network | None:
    """That of ipv6prefix, else the one that the address in ipv6 was sent with. Raises Malformed."""
    match _value(sent, "ipv6prefix"):
        case "":
            return _implied_prefix(_value(sent, "ipv6"))
        case "-":
            # We keep none: each hostname has its whole address. So that it had none would say nothing of them.
            return None
        case "auto":
            return IPv6Network((source, LONGEST_PREFIX), strict=False) if isinstance(source, IPv6Address) else None
        case "6to4":
            return _six_to_four(sent, source)
        case text:
            try:
                return prefixes.parse(text)
            except InvalidPrefix as error:
                raise Malformed("invalid ipv6 prefix") from error


def _implied_prefix(text: str) -> IPv6Network | None:
    """dynv6.sh sends its interface's, or /128 if it is not told: then there is nothing to move."""
    if "/" not in text:
        return None
    try:
        prefix = IPv6Interface(text).network
    except ValueError as error:
        raise Malformed("invalid ipv6 address") from error
    return prefix if SHORTEST_PREFIX <= prefix.prefixlen <= LONGEST_PREFIX else None


def _is_bare(text: str) -> bool:
    """Whether it is a prefix without an address in it."""
    try:
        interface = IPv6Interface(text)
    except ValueError:
        return False
    return "/" in text and interface.network.prefixlen < 128 and interface.ip == interface.network.network_address


def _six_to_four(sent: Parameters, source: Address) -> IPv6Network:
    """The prefix that belongs to the IPv4 address (RFC 3056 §2). Raises Malformed."""
    address = _address(4, _value(sent, "ipv4").removeprefix("-"), sent, source) or source
    if not isinstance(address, IPv4Address):
        raise Malformed("6to4 needs an ipv4 address")
    return IPv6Network((0x2002 << 112 | int(address) << 80, 48))
