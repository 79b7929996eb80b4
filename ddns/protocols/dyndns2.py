"""dyndns2: /nic/update and /v3/update, as Dyn and No-IP defined it and as their clients read it (docs/protocols.md)."""

import re
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv6Network, ip_interface
from typing import NamedTuple
from wsgiref.types import WSGIEnvironment

from ddns import addresses, prefixes
from ddns.address_updates import Barred, Changed, Excluded, Outcome, Restricted, Unchanged, Unknown, Wish
from ddns.addresses import Address, Addresses
from ddns.errors import InvalidPrefix
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
# Of the network behind the device: FRITZ!Box, dynv6, ipv64.
_PREFIX_PARAMETERS = frozenset({"ipv6prefix", "ip6lanprefix"})
# What devices send where they know no value: placeholders that were not filled in.
LEFTOVER = re.compile(r"%\w+%?|<[^>]*>|\[\w+\]|\{\w+\}|__\w+__|\$\w+|YES|NO|no|preserve|auto")


# No name, and no pair of addresses, is longer. What is longer is not kept in memory.
_MAX_CACHED_CHARACTERS = 300

Entries = tuple[tuple[Address | IPv6Network, str], ...]


class Malformed(ValueError):
    """An address parameter that is neither an address, a prefix nor a known placeholder."""


class UpdateRequest(NamedTuple):
    """What the client asks for. names holds what was sent, in order; None where it is not a full name.

    Of a list that is too long only MAX_HOSTNAMES + 1 are read. addresses is None where none were sent: then the source
    address is meant, unless a prefix was. echo holds the addresses exactly as sent, or else the prefix. kept are the
    families that are to stay as they are, without any address.
    """

    names: list[str | None]
    addresses: Addresses | Malformed | None
    echo: str
    wildcard: bool | None
    offline: bool | None
    kept: frozenset[int] = frozenset()
    prefix: IPv6Network | None = None
    group: str | None = None

    @property
    def is_for_followers_alone(self) -> bool:
        """Of a request with a prefix: whether it says of no hostname by name what shall become of it."""
        return not self.names and self.addresses is None

    def wish(self, source: Address) -> Wish:
        """What shall become of each hostname; without an address, the source's is meant. Raises Malformed."""
        if isinstance(self.addresses, Malformed):
            raise self.addresses
        if self.offline:
            return Wish(Addresses(), wildcard=self.wildcard, offline=True)
        if self.addresses is None and self.prefix is not None:
            return Wish(Addresses(), wildcard=self.wildcard)
        wanted = self.addresses or (Addresses() if source.version in self.kept else Addresses.of(source))
        # As at Dyn: an update brings a hostname back that was offline, unless it says NOCHG.
        return Wish(wanted, wildcard=self.wildcard, offline=self.offline)


def parse(parameters: Parameters) -> UpdateRequest:
    """Reads the parameters of docs/protocols.md; unknown ones are ignored."""
    given: Addresses | Malformed | None
    try:
        given, echo, prefix = _addresses(parameters)
    except Malformed as error:
        given, echo, prefix = error, "", None
    is_given = isinstance(given, Malformed) or any(given)
    return UpdateRequest(
        names=names(parameters),
        addresses=given if is_given else None,
        echo=echo,
        wildcard=_option(parameters, "wildcard"),
        offline=_offline(parameters),
        kept=frozenset() if is_given else _kept(parameters),
        prefix=prefix,
        group=_group(parameters) if prefix is not None else None,
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
    return _full_name(text) if len(text) <= _MAX_CACHED_CHARACTERS else None


# The same devices come again and again with the same names and addresses; reading both anew cost a seventh of an unchanged
# update in this process.
@lru_cache(maxsize=16_384)
def _full_name(text: str) -> str | None:
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
        case Barred():
            # Not "abuse", which says that the hostname is blocked and ends many clients for good: another address is taken.
            return "dnserr"
        case Unknown():
            return "nohost"
    return "notfqdn"


def _addresses(parameters: Parameters) -> tuple[Addresses, str, IPv6Network | None]:
    """The addresses, how they were spelt, and the prefix. A parameter for IPv6 alone wins over one for both families.

    Raises Malformed.
    """
    found: dict[int, tuple[Address, str]] = {}
    bare: tuple[IPv6Network, str] | None = None
    for parameter, values in parameters.items():
        if parameter not in ADDRESS_PARAMETERS:
            continue
        for entry, spelling in _last_usable(values):
            if isinstance(entry, IPv6Network):
                bare = entry, spelling
            elif entry.version not in found or parameter in _IPV6_PARAMETERS:
                found[entry.version] = entry, spelling
    if not _PREFIX_PARAMETERS.isdisjoint(parameters):
        bare = _prefix(parameters) or bare
    prefix, spelt_prefix = bare or (None, "")
    if not found:
        return Addresses(), spelt_prefix, prefix
    given, spellings = zip(*found.values(), strict=True)
    return Addresses.of(*given), ",".join(spellings), prefix


def _prefix(parameters: Parameters) -> tuple[IPv6Network, str] | None:
    """The last usable one of the parameters that are for a prefix alone. Raises Malformed if none is."""
    malformed: Malformed | None = None
    for parameter in sorted(_PREFIX_PARAMETERS):
        for value in reversed(parameters.get(parameter, ())):
            spelling = _before_a_second_url(value).strip()
            if not spelling or LEFTOVER.fullmatch(spelling):
                continue
            try:
                prefix = prefixes.parse(spelling)
            except InvalidPrefix as error:
                malformed = Malformed(str(error))
                continue
            if _is_known(prefix):
                return prefix, spelling
    if malformed is not None:
        raise malformed
    return None


def _last_usable(values: list[str]) -> Entries:
    """A parameter may come twice: EdgeOS appends a second query string to the first. Raises Malformed if none is usable."""
    malformed: Malformed | None = None
    for value in reversed(values):
        try:
            entries = _entries(_before_a_second_url(value))
        except Malformed as error:
            malformed = error
            continue
        if entries:
            return entries
    if malformed is not None:
        raise malformed
    return ()


def _before_a_second_url(value: str) -> str:
    """Without the URL that some FRITZ!Boxes glue to the first with a blank, where the user gave two."""
    return value.split(" http", maxsplit=1)[0] if " http" in value else value


def _entries(value: str) -> Entries:
    return _parse_list(value) if len(value) <= _MAX_CACHED_CHARACTERS else _parse_list.__wrapped__(value)


@lru_cache(maxsize=16_384)
def _parse_list(value: str) -> Entries:
    """The addresses of "v4,v6" in order, and a bare prefix among them. Placeholders and empty entries are passed over.

    Raises Malformed.
    """
    entries: list[tuple[Address | IPv6Network, str]] = []
    kinds: set[type] = set()
    for each in value.split(","):
        spelling = each.strip()
        # No leftover begins with a digit, as nearly all addresses do; the search would cost a fifteenth of reading them.
        if not spelling or (not spelling[0].isdigit() and LEFTOVER.fullmatch(spelling)):
            continue
        entry = _parse_one(spelling)
        if entry is None:
            continue
        if type(entry) in kinds:
            raise Malformed(value)
        kinds.add(type(entry))
        entries.append((entry, spelling))
    return tuple(entries)


def _parse_one(spelling: str) -> Address | IPv6Network | None:
    """An address, without its prefix length where it has one; or a bare IPv6 prefix. None for one that says nothing.

    Raises Malformed.
    """
    text, slash, _ = spelling.partition("/")
    try:
        # Of an address with a zone index the interface would lose it, and be accepted.
        address = addresses.parse(text)
        if not slash:
            return address
        interface = ip_interface(spelling)
    except ValueError as error:
        raise Malformed(spelling) from error
    network = interface.network
    if network.prefixlen == network.max_prefixlen or interface.ip != network.network_address:
        return address
    return network if isinstance(network, IPv6Network) and _is_known(network) else None


def _is_known(prefix: IPv6Network) -> bool:
    """A router that was delegated none says "::/0" or the like."""
    return int(prefix.network_address) != 0


def _group(parameters: Parameters) -> str | None:
    """The group that a prefix is for, where it is said by a parameter of its own."""
    return last(parameters, "group").strip() or last(parameters, "location").strip() or None


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
