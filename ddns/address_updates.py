"""Address updates: the hot path. One SELECT knows the key, the names and what is in force; one statement changes a name."""

import hmac
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
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
_READ = Statement(
    """
    SELECT key.id, key.digest, hostname.id, hostname.name, hostname.ipv4, hostname.ipv6, hostname.wildcard,
           hostname.offline, domain.ttl, restriction.kind, publication.id, publication.revision,
           wildcard.id, wildcard.revision, zone.id, zone.lease_expires_at > now() OR zone.retry_at > now()
    FROM ddns_updatekey key
    JOIN ddns_user account ON account.id = key.account_id AND account.is_active
    LEFT JOIN ddns_hostname hostname
        ON hostname.name = ANY ($2::text[]) AND hostname.released_at IS NULL AND hostname.account_id = key.account_id
        AND (key.covers_account OR EXISTS (
            SELECT FROM ddns_updatekey_hostnames scope
            WHERE scope.updatekey_id = key.id AND scope.hostname_id = hostname.id))
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
    WITH {outbox.REPUBLISH_CTE.format(wanted="$1")}, hostname AS (
        UPDATE ddns_hostname AS hostname SET ipv4 = $3::inet, ipv6 = $4::inet, changed_at = now()
        FROM ddns_hostname AS old
        WHERE hostname.id = $2::bigint AND old.id = hostname.id AND EXISTS (SELECT FROM written)
        RETURNING hostname.id, old.ipv4 AS old_ipv4, old.ipv6 AS old_ipv6
    ), history AS (
        INSERT INTO ddns_addressupdate
            (hostname_id, key_id, at, source, agent, protocol, old_ipv4, new_ipv4, old_ipv6, new_ipv6)
        SELECT id, $5::bigint, now(), $6::inet, $7, $8, old_ipv4, $3::inet, old_ipv6, $4::inet FROM hostname
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

    key_id: int
    hostname_id: int
    name: str
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
        number = [int(row[i]) if row[i] is not None else 0 for i in (0, 2, 8, 10, 11, 12, 13, 14)]
        key_id, hostname_id, ttl, publication_id, revision, wildcard_id, wildcard_revision, zone_id = number
        return cls(
            key_id=key_id,
            hostname_id=hostname_id,
            name=row[3].decode(),
            ipv4=cast(IPv4Address | None, row[4] and addresses.parse(row[4].decode())),
            ipv6=cast(IPv6Address | None, row[5] and addresses.parse(row[5].decode())),
            wildcard=row[6] == b"t",
            offline=row[7] == b"t",
            ttl=ttl,
            is_restricted=row[9] is not None,
            publication=(publication_id, revision),
            wildcard_publication=(wildcard_id, wildcard_revision) if wildcard_id else None,
            zone_id=zone_id,
            needs_no_wake=row[15] == b"t",
        )

    def addresses_after(self, wish: Wish) -> Pair:
        """The addresses that the wish leaves the hostname with: a family that is not given stays."""
        return wish.addresses.ipv4 or self.ipv4, wish.addresses.ipv6 or self.ipv6

    def fulfils(self, wish: Wish) -> bool:
        """Whether there is nothing to do: addresses are compared as addresses, however they were spelt."""
        if wish.wildcard not in (None, self.wildcard) or wish.offline not in (None, self.offline):
            return False
        return self.addresses_after(wish) == (self.ipv4, self.ipv6)


@dataclass(frozen=True, slots=True)
class Standings:
    """What one SELECT found out about a key and the names that it asks for."""

    key_id: int
    by_name: dict[str, _Standing]


def update(caller: Caller, names: Sequence[str], wish: Wish) -> list[Outcome]:
    """One outcome per normalised name, in order. Each changed name is one transaction. Raises WrongKey.

    Changed and Unchanged mean: committed in the database. Publishing follows by itself.
    """
    standings = read(caller.key, names)
    contacts.remember(standings.key_id, caller.source, _printable(caller.agent))
    return [_update_one(caller, name, wish, standings.by_name.get(name)) for name in names]


def read(key: str, names: Iterable[str]) -> Standings:
    """The key's standing towards the names: one indexed SELECT, no slow hash. Raises WrongKey."""
    key_digest = digest(key)
    array = "{" + ",".join(f'"{name}"' for name in names) + "}"
    rows = _READ(b"\\x" + key_digest.hex().encode(), array.encode())
    if not rows or not hmac.compare_digest(rows[0][1], b"\\x" + key_digest.hex().encode()):
        raise WrongKey
    found = [_Standing.from_row(row) for row in rows if row[2] is not None]
    return Standings(int(rows[0][0]), {standing.name: standing for standing in found})


def only_name(key: str) -> str | None:
    """The name that a client means that names none: the key's, if it covers just one. Raises WrongKey."""
    row = UpdateKey.objects.get(pk=read(key, []).key_id)
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


def _update_one(caller: Caller, name: str, wish: Wish, standing: _Standing | None) -> Outcome:
    for _ in range(TRIES):
        if standing is None:
            return Unknown()
        if standing.is_restricted:
            return Restricted()
        if standing.fulfils(wish):
            return Unchanged()
        try:
            return _change(caller, wish, standing)
        except Conflict:
            # Somebody else wrote the name after we read it: decide again on what is there now.
            standing = read(caller.key, [name]).by_name.get(name)
    raise Conflict


def _change(caller: Caller, wish: Wish, standing: _Standing) -> Outcome:
    if wish.wildcard not in (None, standing.wildcard) or wish.offline not in (None, standing.offline):
        return _reconfigure(caller, wish, standing)
    ipv4, ipv6 = (str(address) if address else None for address in standing.addresses_after(wish))
    rrsets = {} if standing.offline else address_rrsets(ipv4, ipv6, standing.ttl)
    rewrites = [Rewrite(*standing.publication, rrsets)]
    if standing.wildcard_publication is not None:
        rewrites.append(Rewrite(*standing.wildcard_publication, rrsets if standing.wildcard else {}))
    # One row is one statement and a transaction of its own; two rows must both be unchanged or neither is written.
    with transaction.atomic() if len(rewrites) > 1 else nullcontext():
        if len(rewrites) > 1:
            # In the order of all other writers: the UPDATE itself would lock them in the order of its plan.
            outbox.lock([each.publication_id for each in rewrites])
        written = _CHANGE(
            outbox.rewrites_as_json(rewrites),
            str(standing.hostname_id).encode(),
            ipv4.encode() if ipv4 else None,
            ipv6.encode() if ipv6 else None,
            str(standing.key_id).encode(),
            str(caller.source).encode(),
            _printable(caller.agent).encode(),
            caller.protocol.encode(),
        )
        if len(written) != len(rewrites):
            raise Conflict
    if not standing.needs_no_wake:
        transaction.on_commit(lambda: wake.wake(standing.zone_id))
    return Changed()


@transaction.atomic
def _reconfigure(caller: Caller, wish: Wish, standing: _Standing) -> Outcome:
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
        _record(caller, standing, old, new)
    hostname.save(update_fields=["ipv4", "ipv6", "wildcard", "offline", "changed_at"])
    publish(hostname)
    return Changed()


def _record(caller: Caller, standing: _Standing, old: Spelt, new: Spelt) -> None:
    AddressUpdate.objects.create(
        hostname_id=standing.hostname_id,
        key_id=standing.key_id,
        at=timezone.now(),
        source=str(caller.source),
        agent=_printable(caller.agent),
        protocol=caller.protocol,
        old_ipv4=old[0],
        new_ipv4=new[0],
        old_ipv6=old[1],
        new_ipv6=new[1],
    )


def _printable(agent: str) -> str:
    """A User-Agent as it may be stored: PostgreSQL takes no NUL, pages no control characters."""
    return "".join(character for character in agent[:MAX_AGENT_CHARACTERS] if character.isprintable())
