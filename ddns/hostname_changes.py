"""Hostname changes: what an owner asks of a hostname at once. All of it happens or nothing, for one hostname or for many."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from enum import Enum
from functools import partial
from ipaddress import IPv4Address, IPv6Address
from typing import Any, Final, NamedTuple

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from ddns import addresses, changes, contacts, domains, hostnames, prefixes, requests
from ddns.addresses import Address
from ddns.errors import ChangedMeanwhile, DdnsError, FollowsNoPrefix, HostnameUnknown, InvalidAddress, NoSuchGroup
from ddns.models import AddressUpdate, Group, Hostname, User
from dnsupdate.errors import DnsUpdateError


class Keep(Enum):
    """What is not spoken of."""

    KEEP = "keep"


KEEP: Final = Keep.KEEP


@dataclass(frozen=True, slots=True)
class Change:
    """What shall become of a hostname; what is KEEP stays as it is. An address that is None is taken away."""

    ipv4: IPv4Address | Keep | None = KEEP
    ipv6: IPv6Address | Keep | None = KEEP
    wildcard: bool | Keep = KEEP
    offline: bool | Keep = KEEP
    parked: bool | Keep = KEEP
    ttl: int | Keep | None = KEEP
    group: Group | Keep | None = KEEP
    follows_prefix: bool | Keep = KEEP
    interface_id: IPv6Address | Keep | None = KEEP

    @property
    def given_addresses(self) -> list[Address]:
        return [each for each in (self.ipv4, self.ipv6) if isinstance(each, IPv4Address | IPv6Address)]

    @property
    def speaks_of_addresses(self) -> bool:
        return self.ipv4 is not KEEP or self.ipv6 is not KEEP

    def fields(self) -> dict[str, Any]:
        """What the hostname's row shall hold, of what is spoken of; how it follows a prefix is said by ddns.prefixes."""
        wanted: dict[str, Any] = {
            "ipv4": None if self.ipv4 is None else self.ipv4 if self.ipv4 is KEEP else str(self.ipv4),
            "ipv6": None if self.ipv6 is None else self.ipv6 if self.ipv6 is KEEP else str(self.ipv6),
            "wildcard": self.wildcard,
            "offline": self.offline,
            "parked": self.parked,
            "ttl": self.ttl,
            "group_id": self.group.pk if isinstance(self.group, Group) else self.group,
        }
        return {name: value for name, value in wanted.items() if value is not KEEP}


class Author(NamedTuple):
    """Who changes it, as the history says. Without a key: somebody who was logged in."""

    source: Address
    agent: str
    protocol: str
    key_id: int | None = None


class Registration(NamedTuple):
    """A whole name that is wanted, and what shall become of it at once."""

    name: str
    change: Change


# A hostname as it is now, or why there was no change.
Result = Hostname | DdnsError | DnsUpdateError


@transaction.atomic
def register(account: User, wanted: Registration, *, author: Author) -> Hostname:
    """A new hostname with its addresses and options. Raises what hostnames.register and apply raise."""
    label, domain = domains.split(wanted.name)
    return apply(hostnames.register(account, domain=domain, label=label), wanted.change, author=author)


@transaction.atomic
def apply(hostname: Hostname, change: Change, *, author: Author, version: str | None = None) -> Hostname:
    """The hostname as it is then; where it was so already nothing is written. Locks it.

    Raises ChangedMeanwhile where it is not of this version, InvalidAddress, InvalidRecord, InvalidInterfaceId,
    FollowsNoPrefix, NotInPlan, NoSuchGroup, HostnameRestricted, HostnameReleased, and TooManyChanges beyond a rate.
    """
    locked = hostnames.lock_unrestricted(hostname)
    check_version(locked, version)
    _check(locked, change)
    locked = _follow(locked, change)
    wanted = {name: value for name, value in change.fields().items() if getattr(locked, name) != value}
    if wanted:
        changes.admit(hostname_id=locked.pk, key_id=author.key_id, account_id=locked.account_id, source=author.source)
        _write(locked, wanted, author)
    # With a key it is a device, or a program in the place of one, that was heard of.
    if change.speaks_of_addresses and author.key_id is not None:
        code, said = "good" if wanted else "nochg", ",".join(map(str, change.given_addresses))
        transaction.on_commit(lambda: requests.note(locked.name, author, code, said))
    return locked


@transaction.atomic
def release(hostname: Hostname, *, version: str | None = None) -> Hostname:
    """As hostnames.release, where it is of this version. Raises ChangedMeanwhile too."""
    check_version(hostnames.lock_unrestricted(hostname), version)
    return hostnames.release(hostname)


def register_all(
    account: User, wanted: Sequence[Registration], *, author: Author, is_all_or_none: bool
) -> list[Result]:
    """By position. Each is a transaction of its own, or none is registered unless all can be."""
    # By name, so that two such requests at once do not wait for each other.
    order = sorted(range(len(wanted)), key=lambda position: wanted[position].name.lower())
    verbs = {position: partial(register, account, wanted[position], author=author) for position in order}
    return _run(verbs, [], is_all_or_none)


def apply_all(
    wanted: Sequence[tuple[Hostname | None, Change]], *, author: Author, is_all_or_none: bool
) -> list[Result]:
    """By position, HostnameUnknown for None. Each is a transaction of its own, or none is changed unless all can be."""
    verbs = {
        position: partial(_apply_known, hostname, change, author) for position, (hostname, change) in enumerate(wanted)
    }
    return _run(verbs, [hostname for hostname, _ in wanted if hostname is not None], is_all_or_none)


def check_version(locked: Hostname, version: str | None) -> None:
    """Raises ChangedMeanwhile."""
    if version is not None and version != locked.version:
        raise ChangedMeanwhile


def _run(verbs: Mapping[int, Callable[[], Hostname]], held: Sequence[Hostname], is_all_or_none: bool) -> list[Result]:
    results: dict[int, Result] = {}
    with transaction.atomic() if is_all_or_none else nullcontext():
        if is_all_or_none:
            hostnames.lock_all(held)
        for position, verb in verbs.items():
            try:
                results[position] = verb()
            except (DdnsError, DnsUpdateError) as error:
                results[position] = error
        if is_all_or_none and not all(isinstance(result, Hostname) for result in results.values()):
            transaction.set_rollback(True)
    return [results[position] for position in sorted(results)]


def _apply_known(hostname: Hostname | None, change: Change, author: Author) -> Hostname:
    if hostname is None:
        raise HostnameUnknown
    return apply(hostname, change, author=author)


def _check(locked: Hostname, change: Change) -> None:
    for address in change.given_addresses:
        if not addresses.is_publishable(address):
            raise InvalidAddress(_("{address} is one that the Internet does not route.").format(address=address))
    own = {locked.ipv4, locked.ipv6}
    gained = [each for each in change.given_addresses if str(each) not in own]
    if locked.offline and change.offline is False:
        gained += hostnames.stored_addresses(locked)
    hostnames.check_blocks(gained)
    if isinstance(change.group, Group) and change.group.account_id != locked.account_id:
        raise NoSuchGroup(f"{change.group.pk}.")
    if change.ttl is not KEEP:
        hostnames.check_ttl(locked, change.ttl)
    hostnames.check_options(
        locked,
        wildcard=None if change.wildcard is KEEP else change.wildcard,
        offline=None if change.offline is KEEP else change.offline,
    )


def _follow(locked: Hostname, change: Change) -> Hostname:
    """As prefixes.follow and unfollow leave it. Raises FollowsNoPrefix for an interface id that nothing would come of."""
    present = IPv6Address(locked.interface_id) if locked.interface_id else None
    follows = locked.follows_prefix if change.follows_prefix is KEEP else change.follows_prefix
    if not follows:
        if isinstance(change.interface_id, IPv6Address):
            raise FollowsNoPrefix
        return prefixes.unfollow(locked) if locked.follows_prefix else locked
    wanted = present if change.interface_id is KEEP else change.interface_id
    return locked if locked.follows_prefix and wanted == present else prefixes.follow(locked, wanted)


def _write(locked: Hostname, wanted: dict[str, Any], author: Author) -> None:
    old_ipv4, old_ipv6 = locked.ipv4, locked.ipv6
    for name, value in wanted.items():
        setattr(locked, name, value)
    if (locked.ipv4, locked.ipv6) != (old_ipv4, old_ipv6):
        locked.changed_at = wanted["changed_at"] = timezone.now()
        AddressUpdate.objects.create(
            hostname=locked,
            key_id=author.key_id,
            at=locked.changed_at,
            source=str(author.source),
            agent=contacts.printable(author.agent),
            protocol=author.protocol,
            old_ipv4=old_ipv4,
            new_ipv4=locked.ipv4,
            old_ipv6=old_ipv6,
            new_ipv6=locked.ipv6,
        )
    locked.save(update_fields=list(wanted))
    # A group says who may, and nothing in DNS.
    if wanted.keys() != {"group_id"}:
        hostnames.publish(locked)
