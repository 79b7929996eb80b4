"""Address updates: the hot path. One SELECT knows the key, the names and what is in force; one statement changes a name."""

import hmac
import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address
from typing import Any, NamedTuple, cast

from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext

from ddns import addresses, blocks, changes, contacts, records, requests
from ddns import hostnames as held
from ddns.addresses import Address, Addresses
from ddns.errors import (
    Conflict,
    HostnameReleased,
    HostnameRestricted,
    KeyNotAllowed,
    NotInPlan,
    TooManyChanges,
    TooManyRecords,
    WrongKey,
)
from ddns.hostnames import address_rrsets, lock_unrestricted, parking_rrsets
from ddns.keys import Proven, check_network, digest
from ddns.models import AddressUpdate, Hostname, UpdateKey
from ddns.models.keys import MAY_UPDATE
from dnsupdate import outbox, wake
from dnsupdate.outbox import Rewrite
from dnsupdate.rrsets import RRsets
from dnsupdate.statements import Statement

# How often somebody else may change the same hostname between our read and our write before we give up.
TRIES = 5
PURGE_CHUNK = 5000

Pair = tuple[IPv4Address | None, IPv6Address | None]
Spelt = tuple[str | None, str | None]

# What a Standing is made of, of the relations hostname, restriction, domain and publication.
STANDING = """
    hostname.id, hostname.ipv4, hostname.ipv6, hostname.wildcard, hostname.offline, restriction.hostname_id,
    coalesce(hostname.ttl, domain.ttl), publication.id, publication.revision, hostname.wildcard_publication_id,
    hostname.others, hostname.account_id, hostname.parked
"""

# One name by equality and not a list of them, so that the plan goes from index to index however few rows there are.
_READ = Statement(
    f"""
    SELECT key.id, key.digest, key.permission,
           CASE WHEN cardinality(key.networks) > 0 THEN array_to_string(key.networks, ' ') END,
           key.covers_account OR scope.id IS NOT NULL OR hostname.group_id = key.group_id,
           {STANDING}
    FROM ddns_updatekey key
    JOIN ddns_user account ON account.id = key.account_id AND account.is_active
    LEFT JOIN ddns_hostname hostname
        ON hostname.name = $2 AND hostname.released_at IS NULL AND hostname.account_id = key.account_id
    LEFT JOIN ddns_updatekey_hostnames scope ON scope.updatekey_id = key.id AND scope.hostname_id = hostname.id
    LEFT JOIN ddns_domain domain ON domain.id = hostname.domain_id
    LEFT JOIN ddns_restriction restriction ON restriction.hostname_id = hostname.id
    LEFT JOIN dnsupdate_publication publication ON publication.id = hostname.publication_id
    WHERE key.digest = $1::bytea AND key.revoked_at IS NULL AND (key.expires_at IS NULL OR key.expires_at > now())
    """
)

# The old addresses are those that were read: the publication's revision says that nobody has changed them since.
# The publisher looks once more after it has let go of its lease (wake.LAST_LOOK), so while the lease stands nobody needs
# waking; nor while the zone backs off, which the sweep ends.
_CHANGE = Statement(
    f"""
    WITH {outbox.REPUBLISH_CTE}, hostname AS (
        UPDATE ddns_hostname SET ipv4 = $5::inet, ipv6 = $6::inet, changed_at = now()
        WHERE id = $4::bigint AND EXISTS (SELECT FROM written)
        RETURNING id
    ), history AS (
        INSERT INTO ddns_addressupdate
            (hostname_id, key_id, at, source, agent, protocol, old_ipv4, new_ipv4, old_ipv6, new_ipv6)
        SELECT id, $7::bigint, now(), $8::inet, $9, $10, $11::inet, $5::inet, $12::inet, $6::inet FROM hostname
    )
    SELECT zone.id, zone.lease_expires_at > now() OR zone.retry_at > now()
    FROM written JOIN dnsupdate_zone zone ON zone.id = written.zone_id
    """
)


# NamedTuples, and not frozen dataclasses, where one is made for every request: they cost a third.
class Caller(NamedTuple):
    """Who asks for an update, as it came in."""

    key: str | Proven
    source: Address
    agent: str
    protocol: str


class Wish(NamedTuple):
    """What shall become of a hostname. A family that is not given, and an option that is None, stay as they are.

    removed are the families (4, 6) that it shall have no address of. others are further addresses, of either family,
    that it shall answer beside those.
    """

    addresses: Addresses
    wildcard: bool | None = None
    offline: bool | None = None
    removed: frozenset[int] = frozenset()
    others: tuple[Address, ...] | None = None


@dataclass(frozen=True, slots=True)
class Changed:
    """The hostname has what was asked for, and did not before."""


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The hostname had it already; nothing was written."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """The key may not update such a hostname: whether it exists is not said."""


@dataclass(frozen=True, slots=True)
class Restricted:
    """The hostname is suspended, held or diverted."""


@dataclass(frozen=True, slots=True)
class Excluded:
    """The account's plan does not have the option that was asked for; nothing was written."""


@dataclass(frozen=True, slots=True)
class Barred:
    """The address is in a network that the abuse desk has blocked; nothing was written. The hostname itself is not restricted."""


Outcome = Changed | Unchanged | Unknown | Restricted | Excluded | Barred


# How each outcome stands among a hostname's last requests.
CODES: dict[type, str] = {
    Changed: "good",
    Unchanged: "nochg",
    Unknown: "nohost",
    Restricted: "abuse",
    Excluded: "!donator",
    Barred: "blocked",
}
_MAY_UPDATE = frozenset(permission.encode() for permission in MAY_UPDATE)
_FAMILIES = {4: "A", 6: "AAAA"}


class Standing:
    """A hostname as the SELECT saw it. What only a change needs is read out of the row only then."""

    __slots__ = (
        "_account_id", "_hostname_id", "_others", "_parked", "_publication_id", "_revision", "_ttl", "_wildcard_publication_id",
        "ipv4", "ipv6", "is_restricted", "offline", "wildcard",
    )  # fmt: skip

    def __init__(self, columns: Sequence[Any]) -> None:
        """The columns STANDING."""
        (
            self._hostname_id, ipv4, ipv6, wildcard, offline, restriction,
            self._ttl, self._publication_id, self._revision, self._wildcard_publication_id, self._others,
            self._account_id, self._parked,
        ) = columns  # fmt: skip
        self.ipv4 = cast(IPv4Address | None, ipv4 and addresses.parse(ipv4.decode()))
        self.ipv6 = cast(IPv6Address | None, ipv6 and addresses.parse(ipv6.decode()))
        self.wildcard = wildcard == b"t"
        self.offline = offline == b"t"
        self.is_restricted = restriction is not None

    @property
    def hostname_id(self) -> int:
        return int(self._hostname_id)

    @property
    def account_id(self) -> int:
        return int(self._account_id)

    @property
    def ttl(self) -> int:
        return int(self._ttl)

    @property
    def publication_id(self) -> int:
        return int(self._publication_id)

    @property
    def revision(self) -> int:
        """The publication's."""
        return int(self._revision)

    @property
    def wildcard_publication_id(self) -> int | None:
        return int(self._wildcard_publication_id) if self._wildcard_publication_id is not None else None

    @property
    def publication_ids(self) -> list[int]:
        """Of the names that answer its addresses: itself, and its wildcard."""
        return [int(each) for each in (self._publication_id, self._wildcard_publication_id) if each is not None]

    @property
    def others(self) -> RRsets | None:
        """The RRsets of its records at the name itself."""
        return json.loads(self._others) if self._others is not None else None

    def rrsets_with(self, ipv4: str | None, ipv6: str | None) -> RRsets:
        """What it answers with these addresses."""
        if self.offline:
            return parking_rrsets(self.ttl) if self._parked == b"t" else {}
        return address_rrsets(ipv4, ipv6, self.ttl, self.others)

    def addresses_after(self, wish: Wish) -> Pair:
        """The addresses that the wish leaves the hostname with: a family that is not given stays."""
        if wish.removed:
            return (
                wish.addresses.ipv4 or (None if 4 in wish.removed else self.ipv4),
                wish.addresses.ipv6 or (None if 6 in wish.removed else self.ipv6),
            )
        return wish.addresses.ipv4 or self.ipv4, wish.addresses.ipv6 or self.ipv6

    def fulfils(self, wish: Wish) -> bool:
        """Whether there is nothing to do: addresses are compared as addresses, however they were spelt."""
        return self.has_options_of(wish) and self.addresses_after(wish) == (self.ipv4, self.ipv6)

    def has_options_of(self, wish: Wish) -> bool:
        return (
            wish.wildcard in (None, self.wildcard)
            and wish.offline in (None, self.offline)
            and (wish.others is None or _by_family(wish.others) == self._further_addresses())
        )

    def gains(self, wish: Wish) -> list[Address]:
        """The addresses that it answers after the wish and not before, so far as it is for the wish to say."""
        after = [each for each in self.addresses_after(wish) if each is not None]
        before: set[Address | None] = set() if wish.offline is False and self.offline else {self.ipv4, self.ipv6}
        if wish.others is not None:
            after += wish.others
        if before and wish.others is not None:
            before |= set(self.further)
        return [each for each in after if each not in before]

    @property
    def further(self) -> tuple[Address, ...]:
        """The addresses that it answers beside its own."""
        return tuple(addresses.parse(each) for rdata in self._further_addresses().values() for each in rdata)

    def _further_addresses(self) -> dict[str, list[str]]:
        others = self.others or {}
        return {rdtype: others[rdtype]["rdata"] for rdtype in _FAMILIES.values() if rdtype in others}


def update(caller: Caller, names: Sequence[str | None], wish: Wish) -> list[Outcome | None]:
    """One outcome per normalised name, in order; None for None. Each changed name is one transaction.

    Changed and Unchanged mean: committed in the database. Publishing follows by itself. Raises WrongKey, and KeyNotAllowed
    where the key works but may not update addresses, or not from there. Raises Conflict, and TooManyChanges beyond a rate.
    """
    return [None if name is None else _update_one(caller, name, wish) for name in names]


def check_key(caller: Caller) -> int:
    """The number of the working key. Raises WrongKey and KeyNotAllowed."""
    return read(caller, "")[0]


def read(caller: Caller, name: str) -> tuple[int, Standing | None]:
    """The key's number, and the standing of the name if the key may update it: one indexed SELECT, no slow hash.

    Raises WrongKey and KeyNotAllowed.
    """
    key_digest = b"\\x" + digest(caller.key).hex().encode()
    rows = _READ(key_digest, name.encode())
    if not rows or not hmac.compare_digest(rows[0][1], key_digest):
        raise WrongKey
    key_id, _, permission, networks, is_covered, *hostname = rows[0]
    if networks is not None:
        check_network(networks.decode().split(), caller.source)
    if permission not in _MAY_UPDATE:
        raise KeyNotAllowed(gettext("it may not update addresses."))
    return int(key_id), Standing(hostname) if hostname[0] is not None and is_covered == b"t" else None


def only_name(caller: Caller) -> str | None:
    """The name that a client means that names none: the key's, if it covers just one. Raises WrongKey and KeyNotAllowed."""
    row = UpdateKey.objects.get(pk=check_key(caller))
    names = list(Hostname.objects.unreleased().in_scope_of(row).values_list("name", flat=True)[:2])
    return names[0] if len(names) == 1 else None


def purge(before: datetime) -> int:
    """Deletes what is older, some thousand rows at a time, and gives how many; may be stopped and run again.

    Kept: that of accounts under a preservation hold, until it ends.
    """
    preserved = Hostname.objects.filter(account__preserve_until__gt=Now()).values("pk")
    old = AddressUpdate.objects.filter(at__lt=before).exclude(hostname__in=preserved)
    total = 0
    while True:
        oldest = old.values("pk")[:PURGE_CHUNK]
        deleted, _ = AddressUpdate.objects.filter(pk__in=oldest).delete()
        total += deleted
        if not deleted:
            return total


def _update_one(caller: Caller, name: str, wish: Wish) -> Outcome:
    for _ in range(TRIES):
        key_id, standing = read(caller, name)
        contacts.remember(key_id, caller.source, caller.agent)
        if standing is None:
            requests.note_of_key(key_id, caller, "nohost", name)
            return Unknown()
        # If somebody else wrote the name after we read it: decide again on what is there now.
        try:
            outcome = decide(caller, key_id, wish, standing)
        except TooManyChanges as error:
            requests.note(name, caller, "toomany", str(error))
            raise
        except Conflict:
            continue
        requests.note(name, caller, CODES[type(outcome)], wish.addresses)
        return outcome
    raise Conflict


def decide(
    caller: Caller, key_id: int, wish: Wish, standing: Standing, *, admit: Callable[..., None] = changes.admit
) -> Outcome:
    """Changes the hostname as it was read, if there is anything to change and it is admitted. Notes nothing.

    Raises Conflict where somebody has written it since, and what admit raises.
    """
    if standing.is_restricted:
        return Restricted()
    if standing.fulfils(wish):
        return Unchanged()
    if blocks.bars(standing.gains(wish)):
        return Barred()
    admit(hostname_id=standing.hostname_id, key_id=key_id, account_id=standing.account_id, source=caller.source)
    return _change(caller, key_id, wish, standing)


def _change(caller: Caller, key_id: int, wish: Wish, standing: Standing) -> Outcome:
    if not standing.has_options_of(wish):
        return _reconfigure(caller, key_id, wish, standing)
    new = _spelt(standing.addresses_after(wish))
    rrsets = standing.rrsets_with(*new)
    change = Rewrite(standing.publication_id, standing.revision, rrsets)
    wildcard_id = standing.wildcard_publication_id
    began = time.monotonic()
    if wildcard_id is None:
        # One statement is a transaction of its own.
        zone_id, needs_no_wake = _write(caller, key_id, standing, change, new)
    else:
        with transaction.atomic():
            locked = outbox.lock([change.publication_id, wildcard_id])
            zone_id, needs_no_wake = _write(caller, key_id, standing, change, new)
            outbox.rewrite(Rewrite(wildcard_id, locked[wildcard_id].revision, rrsets if standing.wildcard else {}))
    # It saw the lease after it began and has committed by now: in time for the last look, or nobody knows. Among others in
    # a transaction it has not committed.
    if not needs_no_wake or connection.in_atomic_block or time.monotonic() - began >= wake.LAST_LOOK.total_seconds():
        transaction.on_commit(lambda: wake.wake(zone_id))
    return Changed()


def _write(caller: Caller, key_id: int, standing: Standing, change: Rewrite, new: Spelt) -> tuple[int, bool]:
    """Publication, queue, hostname and history; gives the zone's id, and whether its publisher needs no wake-up.

    Raises Conflict where the publication is not as it was read.
    """
    written = _CHANGE(
        *change.parameters(),
        str(standing.hostname_id).encode(),
        *map(_encoded, new),
        str(key_id).encode(),
        str(caller.source).encode(),
        contacts.printable(caller.agent).encode(),
        caller.protocol.encode(),
        *map(_encoded, _spelt((standing.ipv4, standing.ipv6))),
    )
    if not written:
        raise Conflict
    ((zone_id, needs_no_wake),) = written
    return int(zone_id), needs_no_wake == b"t"


@transaction.atomic
def _reconfigure(caller: Caller, key_id: int, wish: Wish, standing: Standing) -> Outcome:
    """The rare update that changes an option too: under the hostname's lock."""
    try:
        hostname = lock_unrestricted(Hostname(pk=standing.hostname_id))
    except HostnameRestricted:
        return Restricted()
    except HostnameReleased:
        return Unknown()
    try:
        held.check_options(hostname, wildcard=wish.wildcard, offline=wish.offline)
        if wish.others is not None:
            records.set_further_addresses(hostname, wish.others)
    except (NotInPlan, TooManyRecords):
        transaction.set_rollback(True)
        return Excluded()
    old = hostname.ipv4, hostname.ipv6
    if wish.addresses.ipv4 or 4 in wish.removed:
        hostname.ipv4 = str(wish.addresses.ipv4) if wish.addresses.ipv4 else None
    if wish.addresses.ipv6 or 6 in wish.removed:
        hostname.ipv6 = str(wish.addresses.ipv6) if wish.addresses.ipv6 else None
    new = hostname.ipv4, hostname.ipv6
    hostname.wildcard = hostname.wildcard if wish.wildcard is None else wish.wildcard
    hostname.offline = hostname.offline if wish.offline is None else wish.offline
    if new != old:
        hostname.changed_at = timezone.now()
        _record(caller, key_id, standing, old, new)
    hostname.save(update_fields=["ipv4", "ipv6", "wildcard", "offline", "changed_at"])
    held.publish(hostname)
    return Changed()


def _record(caller: Caller, key_id: int, standing: Standing, old: Spelt, new: Spelt) -> None:
    AddressUpdate.objects.create(
        hostname_id=standing.hostname_id,
        key_id=key_id,
        at=timezone.now(),
        source=str(caller.source),
        agent=contacts.printable(caller.agent),
        protocol=caller.protocol,
        old_ipv4=old[0],
        new_ipv4=new[0],
        old_ipv6=old[1],
        new_ipv6=new[1],
    )


def _by_family(further: Iterable[Address]) -> dict[str, list[str]]:
    """As records.set_further_addresses leaves them."""
    found: dict[str, list[str]] = {}
    for address in dict.fromkeys(further):
        found.setdefault(_FAMILIES[address.version], []).append(str(address))
    return found


def _spelt(pair: Pair) -> Spelt:
    ipv4, ipv6 = pair
    return str(ipv4) if ipv4 else None, str(ipv6) if ipv6 else None


def _encoded(text: str | None) -> bytes | None:
    return None if text is None else text.encode()
