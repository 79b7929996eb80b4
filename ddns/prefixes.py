"""IPv6 prefixes: hostnames that follow the prefix which a provider delegates, and keep their own part of the address."""

from collections.abc import Container, Iterable, Iterator, Sequence
from ipaddress import IPv6Address, IPv6Network
from typing import NamedTuple

from django.db import transaction
from django.utils.translation import gettext

from ddns import address_updates, addresses, changes, contacts, hostnames, interface_ids, requests
from ddns.address_updates import (
    STANDING,
    TRIES,
    Caller,
    Changed,
    Outcome,
    Restricted,
    Standing,
    Unchanged,
    Wish,
)
from ddns.addresses import Addresses
from ddns.errors import Conflict, InvalidPrefix, NoSuchGroup, TooManyChanges
from ddns.interface_ids import LONGEST_PREFIX, SHORTEST_PREFIX
from ddns.models import Group, Hostname, UpdateKey
from dnsupdate import outbox
from dnsupdate.statements import Statement

# So many changed hostnames share a commit, and are locked against other updates for some tens of milliseconds.
CHUNK = 100

# The account and the key once more: they may have been stopped since the key was looked at.
# Those without a host part, neither of their own nor in an address, wait for their first address.
_FOLLOWERS = Statement(
    f"""
    SELECT hostname.name, coalesce(hostname.interface_id, hostname.ipv6), hostname.interface_id IS NOT NULL, {STANDING}
    FROM ddns_updatekey key
    JOIN ddns_user account ON account.id = key.account_id AND account.is_active
    JOIN ddns_hostname hostname
        ON hostname.account_id = key.account_id AND hostname.released_at IS NULL AND hostname.follows_prefix
        AND (hostname.interface_id IS NOT NULL OR hostname.ipv6 IS NOT NULL)
    JOIN ddns_domain domain ON domain.id = hostname.domain_id
    JOIN dnsupdate_publication publication ON publication.id = hostname.publication_id
    LEFT JOIN ddns_updatekey_hostnames scope ON scope.updatekey_id = key.id AND scope.hostname_id = hostname.id
    LEFT JOIN ddns_restriction restriction ON restriction.hostname_id = hostname.id
    WHERE key.id = $1::bigint AND key.revoked_at IS NULL AND (key.expires_at IS NULL OR key.expires_at > now())
        AND ($2::bigint IS NULL OR hostname.group_id = $2::bigint)
        AND (key.covers_account OR scope.id IS NOT NULL OR hostname.group_id = key.group_id)
    ORDER BY hostname.name COLLATE "C"
    """
)


class _Follower(NamedTuple):
    """host is its part of the address: its interface id if it has one, else its present address."""

    name: str
    host: IPv6Address
    has_interface_id: bool
    standing: Standing

    def wish(self, prefix: IPv6Network) -> Wish:
        """Its own part of the address, in the prefix. The rest of it, and whether it is offline, stays."""
        return Wish(Addresses.of(interface_ids.combine(prefix, self.host)))


def parse(text: str) -> IPv6Network:
    """A prefix as devices write it: "2001:db8:1::/56"; bits behind its length do not count. Raises InvalidPrefix."""
    if "/" not in text:
        raise InvalidPrefix(gettext("“{text}” has no length. Write it like 2001:db8:1::/56.").format(text=text[:80]))
    try:
        return IPv6Network(text.strip(), strict=False)
    except ValueError as error:
        raise InvalidPrefix(gettext("“{text}”. Write it like 2001:db8:1::/56.").format(text=text[:80])) from error


def check(prefix: IPv6Network) -> None:
    """Raises InvalidPrefix for one that nobody is delegated, or that the Internet does not route."""
    if not SHORTEST_PREFIX <= prefix.prefixlen <= LONGEST_PREFIX:
        raise InvalidPrefix(
            gettext("{prefix}. Its length must be from {shortest} to {longest}.").format(
                prefix=prefix, shortest=SHORTEST_PREFIX, longest=LONGEST_PREFIX
            )
        )
    if not addresses.is_publishable(prefix[0]) or not addresses.is_publishable(prefix[-1]):
        raise InvalidPrefix(gettext("{prefix}. The Internet does not route to it.").format(prefix=prefix))


@transaction.atomic
def follow(hostname: Hostname, interface_id: IPv6Address | None = None) -> Hostname:
    """From the next prefix on the hostname moves with it, with this interface id, else with that of its address.

    interface_ids.parse and of_mac make one. Raises InvalidInterfaceId, HostnameRestricted, HostnameReleased.
    """
    hostname = hostnames.lock_unrestricted(hostname)
    hostname.follows_prefix = True
    hostname.interface_id = None if interface_id is None else str(interface_ids.check(interface_id))
    hostname.save(update_fields=["follows_prefix", "interface_id"])
    return hostname


@transaction.atomic
def unfollow(hostname: Hostname) -> Hostname:
    """It keeps the address that it has. Raises HostnameRestricted, HostnameReleased."""
    hostname = hostnames.lock_unrestricted(hostname)
    hostname.follows_prefix, hostname.interface_id = False, None
    hostname.save(update_fields=["follows_prefix", "interface_id"])
    return hostname


def move(
    caller: Caller, prefix: IPv6Network, *, group: str | None = None, but: Container[str | None] = ()
) -> list[tuple[str, Outcome]]:
    """Moves what follows: every such hostname that the key may update, or those of them in the account's group.

    Those named in but are left alone unless they have an interface id: a router watches its own address in DNS. In name
    order; each hostname is changed wholly or not at all, and whoever was interrupted sends again. One move counts as one
    change, and for each hostname as one of its own; those that change too often stay behind. Raises WrongKey,
    KeyNotAllowed, InvalidPrefix, NoSuchGroup, Conflict, and TooManyChanges before anything or after the others moved.
    """
    key_id = address_updates.check_key(caller)
    check(prefix)
    group_id = _group_id(key_id, group)
    contacts.remember(key_id, caller.source, caller.agent)
    outcomes: dict[str, Outcome] = {}
    for attempt in range(TRIES):
        followers = [each for each in _read(key_id, group_id) if each.has_interface_id or each.name not in but]
        changing = _changing(prefix, followers, outcomes)
        if changing and attempt == 0:
            _admit(caller, key_id, changing[0].standing.account_id)
        late: dict[str, TooManyChanges] = {}
        moved = _move(caller, key_id, prefix, changing, late)
        outcomes |= moved
        # If somebody else wrote one after we read it: decide again on what is there now.
        if len(moved) + len(late) == len(changing):
            _note(caller, prefix, followers, outcomes, late)
            if late:
                raise TooManyChanges(
                    gettext("{count} of them have changed too often; the others have moved.").format(count=len(late))
                )
            return sorted(outcomes.items())
    raise Conflict


def update(
    caller: Caller,
    names: Sequence[str | None],
    wish: Wish,
    prefix: IPv6Network,
    *,
    group: str | None = None,
    but: Container[str | None] | None = None,
) -> list[Outcome | None]:
    """An address update of these hostnames that tells a prefix too: first what follows moves, then they are updated.

    One outcome per name, as address_updates.update gives them; Unchanged is Changed if something moved. Of those that have
    an interface id the prefix says the IPv6 address; names are what move leaves alone, unless it is told. Raises what
    move raises.
    """
    moved = dict(move(caller, prefix, group=group, but=names if but is None else but))
    has_moved = any(isinstance(outcome, Changed) for outcome in moved.values())
    outcomes: list[Outcome | None] = []
    for name in names:
        (outcome,) = address_updates.update(caller, [name], _without_ipv6(wish) if name in moved else wish)
        outcomes.append(Changed() if has_moved and isinstance(outcome, Unchanged) else outcome)
    return outcomes


def _without_ipv6(wish: Wish) -> Wish:
    return wish._replace(addresses=Addresses(ipv4=wish.addresses.ipv4), removed=wish.removed - {6})


def _group_id(key_id: int, name: str | None) -> int | None:
    """Of the key's account."""
    if name is None:
        return None
    account_id = UpdateKey.objects.values("account_id").filter(pk=key_id)
    found = Group.objects.filter(account__in=account_id, name__iexact=name).values_list("pk", flat=True)
    # PostgreSQL takes no NUL, not even to find nothing.
    group_id = found.first() if name.isprintable() else None
    if group_id is None:
        raise NoSuchGroup(f"{name[:80]}.")
    return group_id


def _read(key_id: int, group_id: int | None) -> Iterator[_Follower]:
    """How everything stands that follows and that the key covers, in name order: one SELECT, however many they are."""
    parameters = str(key_id).encode(), None if group_id is None else str(group_id).encode()
    for name, host, has_interface_id, *standing in _FOLLOWERS(*parameters):
        yield _Follower(name.decode(), IPv6Address(host.decode()), has_interface_id == b"t", Standing(standing))


def _changing(prefix: IPv6Network, followers: Iterable[_Follower], outcomes: dict[str, Outcome]) -> list[_Follower]:
    """Those that are elsewhere and may move; puts an outcome beside the names of the others."""
    changing = []
    for follower in followers:
        if follower.standing.is_restricted:
            outcomes[follower.name] = Restricted()
        elif follower.standing.fulfils(follower.wish(prefix)):
            outcomes.setdefault(follower.name, Unchanged())
        else:
            changing.append(follower)
    return changing


def _admit(caller: Caller, key_id: int, account_id: int) -> None:
    """However many move, it is one change of the key's, the account's and the network's. Raises TooManyChanges."""
    try:
        changes.admit_move(key_id=key_id, account_id=account_id, source=caller.source)
    except TooManyChanges as error:
        requests.note_of_key(key_id, caller, "toomany", error)
        raise


def _move(
    caller: Caller,
    key_id: int,
    prefix: IPv6Network,
    changing: Sequence[_Follower],
    late: dict[str, TooManyChanges],
) -> dict[str, Outcome]:
    moved: dict[str, Outcome] = {}
    for start in range(0, len(changing), CHUNK):
        moved |= _move_chunk(caller, key_id, prefix, changing[start : start + CHUNK], late)
    return moved


@transaction.atomic
def _move_chunk(
    caller: Caller, key_id: int, prefix: IPv6Network, chunk: Sequence[_Follower], late: dict[str, TooManyChanges]
) -> dict[str, Outcome]:
    """By name, without those that somebody else has written since they were read; those that change too often are late."""
    outbox.lock([each for follower in chunk for each in follower.standing.publication_ids])
    moved = {}
    for follower in chunk:
        try:
            moved[follower.name] = address_updates.decide(
                caller, key_id, follower.wish(prefix), follower.standing, admit=changes.admit_moved
            )
        except TooManyChanges as error:
            late[follower.name] = error
        except Conflict:
            continue
    return moved


def _note(
    caller: Caller,
    prefix: IPv6Network,
    followers: Iterable[_Follower],
    outcomes: dict[str, Outcome],
    late: dict[str, TooManyChanges],
) -> None:
    """A request about every hostname that follows, and so the last contact of those that no device speaks of by name."""
    for follower in followers:
        if follower.name in late:
            requests.note(follower.name, caller, "toomany", str(late[follower.name]))
        else:
            code = address_updates.CODES[type(outcomes[follower.name])]
            requests.note(follower.name, caller, code, follower.wish(prefix).addresses)
