"""Address updates: the hot path. One SELECT knows the key, the names and what is in force; one statement changes a name."""

import hmac
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple, cast

from django.db import transaction
from django.utils import timezone

from ddns import addresses, contacts
from ddns.addresses import Address, Addresses
from ddns.errors import Conflict, HostnameReleased, HostnameRestricted, WrongKey
from ddns.hostnames import address_rrsets, lock_unrestricted, publish
from ddns.keys import digest
from ddns.models import AddressUpdate, Hostname, UpdateKey
from dnsupdate import outbox, wake
from dnsupdate.outbox import Rewrite
from dnsupdate.statements import Row, Statement

# How often somebody else may change the same hostname between our read and our write before we give up.
TRIES = 5
MAX_AGENT_CHARACTERS = 200
PURGE_CHUNK = 5000

Pair = tuple[IPv4Address | None, IPv6Address | None]
Spelt = tuple[str | None, str | None]

# The publisher looks once more after it has let go of its lease, so while the lease stands nobody needs waking;
# nor while the zone backs off, which the sweep ends.
# One name by equality and not a list of them, so that the plan goes from index to index however few rows there are.
_READ = Statement(
    """
    SELECT key.id, key.digest, hostname.id, hostname.ipv4, hostname.ipv6, hostname.wildcard,
           hostname.offline, domain.ttl, restriction.kind, publication.id, publication.revision,
           wildcard.id, wildcard.revision, zone.id, zone.lease_expires_at > now() OR zone.retry_at > now(),
           key.covers_account OR scope.id IS NOT NULL
    FROM ddns_updatekey key
    JOIN ddns_user account ON account.id = key.account_id AND account.is_active
    LEFT JOIN ddns_hostname hostname
        ON hostname.name = $2 AND hostname.released_at IS NULL AND hostname.account_id = key.account_id
    LEFT JOIN ddns_updatekey_hostnames scope ON scope.updatekey_id = key.id AND scope.hostname_id = hostname.id
    LEFT JOIN ddns_domain domain ON domain.id = hostname.domain_id
    LEFT JOIN ddns_restriction restriction ON restriction.hostname_id = hostname.id
    LEFT JOIN dnsupdate_publication publication ON publication.id = hostname.publication_id
    LEFT JOIN dnsupdate_publication wildcard ON wildcard.id = hostname.wildcard_publication_id
    LEFT JOIN dnsupdate_zone zone ON zone.id = publication.zone_id
    WHERE key.digest = $1::bytea AND key.revoked_at IS NULL
    """
)

_CHANGE = Statement(
    f"""
    WITH {outbox.REPUBLISH_CTE}, hostname AS (
        UPDATE ddns_hostname AS hostname SET ipv4 = $5::inet, ipv6 = $6::inet, changed_at = now()
        FROM ddns_hostname AS old
        WHERE hostname.id = $4::bigint AND old.id = hostname.id AND EXISTS (SELECT FROM written)
        RETURNING hostname.id, old.ipv4 AS old_ipv4, old.ipv6 AS old_ipv6
    ), history AS (
        INSERT INTO ddns_addressupdate
            (hostname_id, key_id, at, source, agent, protocol, old_ipv4, new_ipv4, old_ipv6, new_ipv6)
        SELECT id, $7::bigint, now(), $8::inet, $9, $10, old_ipv4, $5::inet, old_ipv6, $6::inet FROM hostname
    )
    SELECT id FROM written
    """
)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks for an update, as it came in."""

    key: str
    source: Address
    agent: str
    protocol: str


@dataclass(frozen=True, slots=True)
class Wish:
    """What shall become of a hostname. A family that is not given, and an option that is None, stay as they are."""

    addresses: Addresses
    wildcard: bool | None = None
    offline: bool | None = None


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


Outcome = Changed | Unchanged | Unknown | Restricted


class _Standing(NamedTuple):
    """A hostname as the SELECT saw it."""

    hostname_id: int
    ipv4: IPv4Address | None
    ipv6: IPv6Address | None
    wildcard: bool
    offline: bool
    ttl: int
    is_restricted: bool
    publication: tuple[int, int]
    wildcard_publication: tuple[int, int] | None
    zone_id: int
    needs_no_wake: bool

    @classmethod
    def from_row(cls, row: Row) -> "_Standing":
        return cls(
            hostname_id=int(row[2]),
            ipv4=cast(IPv4Address | None, row[3] and addresses.parse(row[3].decode())),
            ipv6=cast(IPv6Address | None, row[4] and addresses.parse(row[4].decode())),
            wildcard=row[5] == b"t",
            offline=row[6] == b"t",
            ttl=int(row[7]),
            is_restricted=row[8] is not None,
            publication=(int(row[9]), int(row[10])),
            wildcard_publication=(int(row[11]), int(row[12])) if row[11] is not None else None,
            zone_id=int(row[13]),
            needs_no_wake=row[14] == b"t",
        )

    def addresses_after(self, wish: Wish) -> Pair:
        """The addresses that the wish leaves the hostname with: a family that is not given stays."""
        return wish.addresses.ipv4 or self.ipv4, wish.addresses.ipv6 or self.ipv6

    def fulfils(self, wish: Wish) -> bool:
        """Whether there is nothing to do: addresses are compared as addresses, however they were spelt."""
        if wish.wildcard not in (None, self.wildcard) or wish.offline not in (None, self.offline):
            return False
        return self.addresses_after(wish) == (self.ipv4, self.ipv6)


def update(caller: Caller, names: Sequence[str], wish: Wish) -> list[Outcome]:
    """One outcome per normalised name, in order. Each changed name is one transaction. Raises WrongKey.

    Changed and Unchanged mean: committed in the database. Publishing follows by itself.
    """
    return [_update_one(caller, name, wish) for name in names]


def check_key(key: str) -> int:
    """The number of the working key. Raises WrongKey."""
    return _read(key, "")[0]


def _read(key: str, name: str) -> tuple[int, _Standing | None]:
    """The key's number, and the standing of the name if the key may update it: one indexed SELECT, no slow hash.

    Raises WrongKey.
    """
    key_digest = b"\\x" + digest(key).hex().encode()
    rows = _READ(key_digest, name.encode())
    if not rows or not hmac.compare_digest(rows[0][1], key_digest):
        raise WrongKey
    row = rows[0]
    may_update = row[2] is not None and row[15] == b"t"
    return int(row[0]), _Standing.from_row(row) if may_update else None


def only_name(key: str) -> str | None:
    """The name that a client means that names none: the key's, if it covers just one. Raises WrongKey."""
    row = UpdateKey.objects.get(pk=check_key(key))
    covered = Hostname.objects.filter(account=row.account_id) if row.covers_account else row.hostnames
    names = list(covered.unreleased().values_list("name", flat=True)[:2])
    return names[0] if len(names) == 1 else None


def purge(before: datetime) -> int:
    """Deletes what is older, some thousand rows at a time, and gives how many; may be stopped and run again."""
    total = 0
    while True:
        oldest = AddressUpdate.objects.filter(at__lt=before).values("pk")[:PURGE_CHUNK]
        deleted, _ = AddressUpdate.objects.filter(pk__in=oldest).delete()
        total += deleted
        if not deleted:
            return total


def _update_one(caller: Caller, name: str, wish: Wish) -> Outcome:
    for _ in range(TRIES):
        key_id, standing = _read(caller.key, name)
        contacts.remember(key_id, caller.source, _printable(caller.agent))
        if standing is None:
            return Unknown()
        if standing.is_restricted:
            return Restricted()
        if standing.fulfils(wish):
            return Unchanged()
        # If somebody else wrote the name after we read it: decide again on what is there now.
        with suppress(Conflict):
            return _change(caller, key_id, wish, standing)
    raise Conflict


def _change(caller: Caller, key_id: int, wish: Wish, standing: _Standing) -> Outcome:
    if wish.wildcard not in (None, standing.wildcard) or wish.offline not in (None, standing.offline):
        return _reconfigure(caller, key_id, wish, standing)
    new = _spelt(standing.addresses_after(wish))
    rrsets = {} if standing.offline else address_rrsets(*new, standing.ttl)
    change = Rewrite(*standing.publication, rrsets)
    if standing.wildcard_publication is None:
        # One statement is a transaction of its own.
        _write(caller, key_id, standing, change, new)
    else:
        below = Rewrite(*standing.wildcard_publication, rrsets if standing.wildcard else {})
        with transaction.atomic():
            outbox.lock([change.publication_id, below.publication_id])
            _write(caller, key_id, standing, change, new)
            if not outbox.rewrite(below):
                raise Conflict
    if not standing.needs_no_wake:
        transaction.on_commit(lambda: wake.wake(standing.zone_id))
    return Changed()


def _write(caller: Caller, key_id: int, standing: _Standing, change: Rewrite, new: Spelt) -> None:
    """Publication, queue, hostname and history. Raises Conflict where the publication is not as it was read."""
    written = _CHANGE(
        *change.parameters(),
        str(standing.hostname_id).encode(),
        *(address.encode() if address else None for address in new),
        str(key_id).encode(),
        str(caller.source).encode(),
        _printable(caller.agent).encode(),
        caller.protocol.encode(),
    )
    if not written:
        raise Conflict


@transaction.atomic
def _reconfigure(caller: Caller, key_id: int, wish: Wish, standing: _Standing) -> Outcome:
    """The rare update that changes an option too: under the hostname's lock."""
    try:
        hostname = lock_unrestricted(Hostname(pk=standing.hostname_id))
    except HostnameRestricted:
        return Restricted()
    except HostnameReleased:
        return Unknown()
    old = hostname.ipv4, hostname.ipv6
    if wish.addresses.ipv4:
        hostname.ipv4 = str(wish.addresses.ipv4)
    if wish.addresses.ipv6:
        hostname.ipv6 = str(wish.addresses.ipv6)
    new = hostname.ipv4, hostname.ipv6
    hostname.wildcard = hostname.wildcard if wish.wildcard is None else wish.wildcard
    hostname.offline = hostname.offline if wish.offline is None else wish.offline
    if new != old:
        hostname.changed_at = timezone.now()
        _record(caller, key_id, standing, old, new)
    hostname.save(update_fields=["ipv4", "ipv6", "wildcard", "offline", "changed_at"])
    publish(hostname)
    return Changed()


def _record(caller: Caller, key_id: int, standing: _Standing, old: Spelt, new: Spelt) -> None:
    AddressUpdate.objects.create(
        hostname_id=standing.hostname_id,
        key_id=key_id,
        at=timezone.now(),
        source=str(caller.source),
        agent=_printable(caller.agent),
        protocol=caller.protocol,
        old_ipv4=old[0],
        new_ipv4=new[0],
        old_ipv6=old[1],
        new_ipv6=new[1],
    )


def _spelt(pair: Pair) -> Spelt:
    ipv4, ipv6 = pair
    return str(ipv4) if ipv4 else None, str(ipv6) if ipv6 else None


def _printable(agent: str) -> str:
    """A User-Agent as it may be stored: PostgreSQL takes no NUL, pages no control characters."""
    return "".join(character for character in agent[:MAX_AGENT_CHARACTERS] if character.isprintable())
