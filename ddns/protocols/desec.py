"""deSEC: the update of update.dedyn.io, by its documentation and its source (docs/protocols.md)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network

from ddns import addresses, interface_ids
from ddns.address_updates import Barred, Excluded, Outcome, Restricted, Standing, Unknown, Wish
from ddns.addresses import Address, Addresses, is_publishable
from ddns.protocols.answers import Answer
from ddns.protocols.dyndns2 import MAX_HOSTNAMES, bad_agent, challenge, credentials, full_name, outage, text
from ddns.protocols.parameters import Parameters, last

# Credentials, and what is answered to missing and wrong ones, are dyndns2's.
__all__ = ["NAME", "bad_agent", "challenge", "credentials", "outage"]

NAME = "desec"

# In the order in which they are looked at.
_PARAMETERS = {4: ("myip", "myipv4", "ip"), 6: ("myipv6", "ipv6", "myip", "ip")}
_OF_ONE_HOSTNAME = {"myipv4:": 4, "myipv6:": 6}
# A value without it is not meant for the family, and passed over.
_MARKS = {4: ".", 6: ":"}
_PRESERVE = {"preserve", "<preserve>"}
_WILDCARD = "*."


class Malformed(ValueError):
    """code is deSEC's, for the answer; the message is for the hostname's last requests."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Put:
    """These addresses and no others of the family."""

    given: tuple[Address, ...]


@dataclass(frozen=True, slots=True)
class Move:
    """The addresses that there are, in this network."""

    network: IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Keep:
    """The addresses that there are."""


Action = Put | Move | Keep


@dataclass(frozen=True, slots=True)
class Wanted:
    """What shall become of a hostname's addresses, by family; a family without an action is kept."""

    actions: Mapping[int, Action]
    wildcard: bool | None = None

    def wish(self, standing: Standing) -> Wish:
        """The first address of a family is the hostname's own, all others are further ones. Raises Malformed."""
        own: dict[int, Address] = {}
        further: list[Address] = []
        for version, present in ((4, standing.ipv4), (6, standing.ipv6)):
            also_present = [each for each in standing.further if each.version == version]
            first, rest = _after(self.actions.get(version, Keep()), present, also_present)
            further += rest
            if first is not None:
                own[version] = first
        return Wish(
            Addresses.of(*own.values()),
            wildcard=self.wildcard,
            offline=False,
            removed=frozenset({4, 6} - own.keys()),
            others=None if set(further) == set(standing.further) else tuple(further),
        )


def parse(sent: Parameters, hostnames: Iterable[str], source: Address) -> dict[str | None, Wanted]:
    """By normalised name, for these hostnames and those that have parameters of their own; None: not a full name.

    Raises Malformed.
    """
    actions = {version: _of_all(sent, version, source) for version in _PARAMETERS}
    wanted: dict[str | None, Wanted] = {}
    for hostname in hostnames:
        name, is_wildcard = _name(hostname)
        before = wanted.get(name)
        wanted[name] = Wanted(actions, True if is_wildcard or (before and before.wildcard) else None)
    for hostname, of_one in _of_single_ones(sent).items():
        name, _ = _name(hostname)
        before = wanted.get(name, Wanted({}))
        wanted[name] = Wanted({**before.actions, **of_one}, before.wildcard)
    parents = {name.partition(".")[2] for name in wanted if name is not None}
    if len(parents) > 1:
        raise Malformed("cross-domain-update", f"One request is about hostnames of {' and '.join(sorted(parents))}.")
    return wanted


def hostnames(sent: Parameters, user: str) -> list[str]:
    """Those that the request names, or the user name does, as they were sent. None of them: the key's only one is meant."""
    said = [last(sent, "hostname"), last(sent, "host_id")]
    users = [each for each in (user, last(sent, "username")) if "@" not in each]
    for value in (*(each for each in said if each != "YES"), *users):
        named = list(filter(None, dict.fromkeys(map(str.strip, value.split(",")))))
        # Reading a name takes its time, and of a list that is too long, each with its wildcard, its length is all that matters.
        named = named[: 2 * MAX_HOSTNAMES + 1]
        if any(_name(each)[0] for each in named):
            return named
    return []


def names(sent: Parameters, user: str = "") -> list[str | None]:
    return [_name(each)[0] for each in hostnames(sent, user)]


def render(outcomes: Iterable[Outcome]) -> Answer:
    """One word for all, since all or none were changed; an unchanged address is good."""
    kinds = {type(outcome) for outcome in outcomes}
    for kind, code in ((Unknown, "nohost"), (Restricted, "abuse"), (Excluded, "!donator"), (Barred, "dnserr")):
        if kind in kinds:
            return text(code)
    return text("good")


def _name(hostname: str) -> tuple[str | None, bool]:
    """Normalised, or None if it is no full name; and whether it is the name of a wildcard."""
    is_wildcard = hostname.startswith(_WILDCARD)
    return full_name(hostname.removeprefix(_WILDCARD)), is_wildcard


def _of_all(sent: Parameters, version: int, source: Address) -> Action:
    """For the hostnames that the request names. Raises Malformed."""
    for parameter in _PARAMETERS[version]:
        if parameter in sent and (action := _action(parameter, last(sent, parameter), version)) is not None:
            return action
    return Put((source,) if source.version == version else ())


def _of_single_ones(sent: Parameters) -> dict[str, dict[int, Action]]:
    """The parameters like myipv6:office.example.com, by hostname and family. Raises Malformed."""
    found: dict[str, dict[int, Action]] = {}
    for parameter, values in sent.items():
        version = _OF_ONE_HOSTNAME.get(parameter[:7])
        if version is None:
            continue
        action = _action(parameter, ",".join(values), version) or Keep()
        for hostname in filter(None, map(str.strip, parameter[7:].split(","))):
            found.setdefault(hostname, {})[version] = action
    return found


def _action(parameter: str, value: str, version: int) -> Action | None:
    """None where nothing in the value is meant for the family. Raises Malformed."""
    entries = [each for each in map(str.strip, value.split(",")) if _MARKS[version] in each or each in {"", *_PRESERVE}]
    meant = list(dict.fromkeys("preserve" if each in _PRESERVE else each for each in entries))
    match meant:
        case []:
            return None
        case [""]:
            return Put(())
        case ["preserve"]:
            return Keep()
        case [only] if "/" in only:
            return _move(parameter, only, version)
    if {"", "preserve"} & set(meant):
        raise Malformed("inconsistent-parameter", f"{parameter} has addresses and is empty or “preserve” at once.")
    if any("/" in each for each in meant):
        raise Malformed("multiple-subnet", f"{parameter} has a network among addresses.")
    given = tuple(each for each in (_address(parameter, each) for each in meant) if each.version == version)
    return Put(given) if given else None


def _move(parameter: str, spelling: str, version: int) -> Action | None:
    try:
        network = ip_network(spelling, strict=False)
    except ValueError as error:
        raise Malformed("invalid-subnet", f"{parameter}={spelling[:80]}") from error
    return Move(network) if network.version == version else None


def _address(parameter: str, spelling: str) -> Address:
    try:
        return addresses.parse(spelling)
    except ValueError as error:
        raise Malformed("malformed", f"{parameter}={spelling[:80]}") from error


def _after(action: Action, own: Address | None, further: Sequence[Address]) -> tuple[Address | None, list[Address]]:
    """The hostname's own address of a family and its further ones after the action. Raises Malformed."""
    match action:
        case Keep():
            return own, list(further)
        case Put(given):
            own, further = (given[0], given[1:]) if given else (None, ())
        case Move(network):
            own = None if own is None else interface_ids.combine(network, own)
            further = [interface_ids.combine(network, each) for each in further]
    for address in filter(None, (own, *further)):
        if not is_publishable(address):
            raise Malformed("malformed", f"{address} is not routed in the Internet.")
    return own, [each for each in dict.fromkeys(further) if each != own]
