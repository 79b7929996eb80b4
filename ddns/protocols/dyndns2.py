"""dyndns2: /nic/update and /v3/update, as Dyn and No-IP defined it and as their clients read it (docs/protocols.md)."""

import re
from collections.abc import Iterable
from ipaddress import ip_interface
from typing import NamedTuple
from wsgiref.types import WSGIEnvironment

from ddns import addresses
from ddns.address_updates import Changed, Excluded, Outcome, Restricted, Unchanged, Unknown, Wish
from ddns.addresses import Address, Addresses
from ddns.protocols.answers import Answer
from ddns.protocols.credentials import Credentials, find
from ddns.protocols.parameters import Parameters, last
from dnsupdate.errors import InvalidName
from dnsupdate.names import normalise

NAME = "dyndns2"
REALM = "DDNS"
MAX_HOSTNAMES = 20
# A device that meets an outage tries again after ten minutes, as inadyn does by itself.
RETRY_AFTER_SECONDS = 600

_NOT_STORED = (("Cache-Control", "no-store"),)

_OPTIONS = {"ON": True, "OFF": False}
_HOSTNAME_PARAMETERS = ("hostname", "host", "domain", "domains", "host_id")
_IPV6_PARAMETERS = frozenset({"myipv6", "myip6", "ip6", "ipv6", "aaaa"})
ADDRESS_PARAMETERS = _IPV6_PARAMETERS | {"myip", "myipv4", "ip", "ip4", "ipv4", "a", "address", "addr"}
# What devices send where they know no value: placeholders that were not filled in.
LEFTOVER = re.compile(r"%\w+%?|<[^>]*>|\[\w+\]|\{\w+\}|__\w+__|\$\w+|YES|NO|no|preserve|auto")


class Malformed(ValueError):
    """An address parameter that is neither an address nor a known placeholder."""


class UpdateRequest(NamedTuple):
    """What the client asks for. names holds what was sent, in order; None where it is not a full name.

    Of a list that is too long only MAX_HOSTNAMES + 1 are read. addresses is None where the source address is meant;
    echo holds the addresses exactly as sent. kept are the families that are to stay as they are, without any address.
    """

    names: list[str | None]
    addresses: Addresses | Malformed | None
    echo: str
    wildcard: bool | None
    offline: bool | None
    kept: frozenset[int] = frozenset()

    def wish(self, source: Address) -> Wish:
        """What shall become of each hostname; without an address, the source's is meant. Raises Malformed."""
        if isinstance(self.addresses, Malformed):
            raise self.addresses
        if self.offline:
            return Wish(Addresses(), wildcard=self.wildcard, offline=True)
        wanted = self.addresses or (Addresses() if source.version in self.kept else Addresses.of(source))
        # As at Dyn: an update brings a hostname back that was offline, unless it says NOCHG.
        return Wish(wanted, wildcard=self.wildcard, offline=self.offline)


def parse(parameters: Parameters) -> UpdateRequest:
    """Reads the parameters of docs/protocols.md; unknown ones are ignored."""
    given: Addresses | Malformed | None
    try:
        given, echo = _addresses(parameters)
    except Malformed as error:
        given, echo = error, ""
    is_given = isinstance(given, Malformed) or any(given)
    return UpdateRequest(
        names=names(parameters),
        addresses=given if is_given else None,
        echo=echo,
        wildcard=_option(parameters, "wildcard"),
        offline=_offline(parameters),
        kept=frozenset() if is_given else _kept(parameters),
    )


def credentials(environ: WSGIEnvironment, sent: Parameters) -> Credentials | None:
    return find(environ.get("HTTP_AUTHORIZATION", ""), sent)


def names(sent: Parameters) -> list[str | None]:
    """The hostnames that are named, normalised, in order; None where it is not a full name."""
    for parameter in _HOSTNAME_PARAMETERS:
        for value in reversed(sent.get(parameter, ())):
            named = list(filter(None, map(str.strip, value.split(","))))
            if named and not any(map(LEFTOVER.fullmatch, named)):
                if "alias" in sent:
                    named = _below(named, last(sent, "alias").strip())
                return [full_name(name) for name in named[: MAX_HOSTNAMES + 1]]
    return []


def full_name(text: str) -> str | None:
    """The normalised name, or None if it is not a full name."""
    try:
        name = normalise(text)
    except InvalidName:
        return None
    return name if "." in name and not name.startswith("*") else None


def render(outcomes: Iterable[Outcome | None], echo: str) -> Answer:
    """One line per name, in the order of the request; None stands for what was not a full name."""
    return text("".join([f"{code(outcome, echo)}\n" for outcome in outcomes]))


def text(body: str) -> Answer:
    return Answer(body.encode(), headers=_NOT_STORED)


def challenge() -> Answer:
    """For missing and for wrong credentials alike."""
    return Answer(b"badauth\n", 401, headers=(*_NOT_STORED, ("WWW-Authenticate", f'Basic realm="{REALM}"')))


def bad_agent() -> Answer:
    return text("badagent\n")


def outage() -> Answer:
    """The only answer that makes every client come back later: inadyn exits for good on 429, 403 and 404."""
    return Answer(b"911\n", 503, headers=(*_NOT_STORED, ("Retry-After", str(RETRY_AFTER_SECONDS))))


def code(outcome: Outcome | None, echo: str = "") -> str:
    """The line about one hostname, without its end."""
    match outcome:
        case Changed():
            return f"good {echo}".rstrip()
        case Unchanged():
            return f"nochg {echo}".rstrip()
        case Restricted():
            return "abuse"
        case Excluded():
            return "!donator"
        case Unknown():
            return "nohost"
    return "notfqdn"


def _addresses(parameters: Parameters) -> tuple[Addresses, str]:
    """The addresses, and how they were spelt. A parameter for IPv6 alone wins over one for both families."""
    found: dict[int, tuple[Address, str]] = {}
    for parameter, values in parameters.items():
        if parameter not in ADDRESS_PARAMETERS:
            continue
        for address, spelling in _last_usable(values):
            if address.version not in found or parameter in _IPV6_PARAMETERS:
                found[address.version] = address, spelling
    if not found:
        return Addresses(), ""
    given, spellings = zip(*found.values(), strict=True)
    return Addresses.of(*given), ",".join(spellings)


def _last_usable(values: list[str]) -> list[tuple[Address, str]]:
    """A parameter may come twice: EdgeOS appends a second query string to the first. Raises Malformed if none is usable."""
    malformed: Malformed | None = None
    for value in reversed(values):
        try:
            entries = _parse_list(value)
        except Malformed as error:
            malformed = error
            continue
        if entries:
            return entries
    if malformed is not None:
        raise malformed
    return []


def _parse_list(value: str) -> list[tuple[Address, str]]:
    """The addresses of "v4,v6" in order. Placeholders, empty entries and prefixes are passed over. Raises Malformed."""
    entries: list[tuple[Address, str]] = []
    versions: set[int] = set()
    for entry in value.split(","):
        spelling = entry.strip()
        if not spelling or LEFTOVER.fullmatch(spelling):
            continue
        address = _parse_one(spelling)
        if address is None:
            continue
        if address.version in versions:
            raise Malformed(value)
        versions.add(address.version)
        entries.append((address, spelling))
    return entries


def _parse_one(spelling: str) -> Address | None:
    """An address; without its prefix length where it has one. None for a bare prefix. Raises Malformed."""
    text, slash, _ = spelling.partition("/")
    try:
        # Of an address with a zone index the interface would lose it, and be accepted.
        address = addresses.parse(text)
        if not slash:
            return address
        interface = ip_interface(spelling)
    except ValueError as error:
        raise Malformed(spelling) from error
    is_prefix = (
        interface.network.prefixlen < interface.max_prefixlen and interface.ip == interface.network.network_address
    )
    return None if is_prefix else address


def _below(named: list[str], alias: str) -> list[str]:
    """Dynu's clients send a zone as hostname, and the label in it as alias."""
    return [f"{alias}.{name}" for name in named] if alias else named


def _kept(parameters: Parameters) -> frozenset[int]:
    """The families that Dynu's "no" says to leave alone."""
    said_no = [name for name in ADDRESS_PARAMETERS & parameters.keys() if last(parameters, name).lower() == "no"]
    return frozenset(6 if name in _IPV6_PARAMETERS else 4 for name in said_no)


def _option(parameters: Parameters, name: str) -> bool | None:
    """ON and OFF; NOCHG and everything else leave things as they are."""
    return _OPTIONS.get(last(parameters, name).strip().upper()) if name in parameters else None


def _offline(parameters: Parameters) -> bool | None:
    """YES takes the name offline, NOCHG leaves it, and an update that does not speak of it brings it back (as at Dyn)."""
    if "offline" not in parameters:
        return False
    match last(parameters, "offline").strip().upper():
        case "YES" | "1" | "TRUE":
            return True
        case "NOCHG":
            return None
    return False
