"""Verification: what the zone says beside what the rows say, and the repair of every difference."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import groupby, islice

import dns.name
from django.db import connection

from dnsupdate import catalogs, outbox, publications, transfers, wire, zones
from dnsupdate.errors import InvalidName
from dnsupdate.messages import FENCE_LABEL
from dnsupdate.models import Zone
from dnsupdate.names import is_within, normalise
from dnsupdate.transfers import Changes, Whole

_CHUNK = 5000

Progress = Callable[[int], None]


class Kind(StrEnum):
    MISSING = "missing from the zone"
    EXTRA = "in the zone, in no row"
    NOT_WITHDRAWN = "in the zone, withdrawn in its row"
    DIFFERENT = "different in the zone"


@dataclass(frozen=True, slots=True)
class Difference:
    name: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Base:
    """A serial at which the zone was found to follow its rows, and the fence that it had then."""

    serial: int
    fence: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """waiting_count names are on their way and count as neither equal nor different.

    from_serial is set where only what changed since then was compared (IXFR), which says nothing of the rest.
    """

    name_count: int
    waiting_count: int
    differences: list[Difference]
    serial: int
    fence: str
    from_serial: int | None = None


class NotItsHistory(Exception):
    """The zone does not continue from where it was verified: it was put back, and has moved on since."""


def compare(zone: Zone, *, since: Base | None = None, on_progress: Progress = lambda count: None) -> Comparison:
    """Compares every owner name, or since a base only what changed in the zone, where its server still knows that.

    The apex, the names of its nameservers, the fence and the signer's records are the operator's. Holds the zone
    once, some 200 octets for each name; reads the rows in slices. on_progress gets the number of names compared.
    Raises PrimaryError, and NotItsHistory where the base is none of this zone's.
    """
    started_at = _database_time()
    if since is not None:
        found = transfers.changes(zone, since.serial, lambda count: on_progress(0))
        if isinstance(found, Changes):
            return _compare_changes(zone, found, since, started_at, on_progress)
    else:
        found = transfers.whole(zone, lambda count: on_progress(0))
    return _compare_whole(zone, found, started_at, on_progress)


def repair(
    zone: Zone, differences: Sequence[Difference], *, on_progress: Progress = lambda count: None
) -> list[Difference]:
    """Sends the rows again where the zone differs, and withdraws what stands in no row; what must go, goes first.

    In chunks, each committed. on_progress gets the number of names queued. A few go as ordinary updates do, many
    behind them. Gives what it cannot repair: names that no row can hold, such as an escaped dot, put there by hand.
    """
    differences, left = _split(differences)
    strays = [each.name for each in differences if each.kind == Kind.EXTRA]
    rest = [each for each in differences if each.kind != Kind.EXTRA]
    # One that has got a row meanwhile is left as that says.
    outbox.withdraw_strays(zone, strays)
    on_progress(len(strays))
    if zone.is_catalog:
        # Whole, since its version must come after its members.
        catalogs.fill(zone, also=[each.name for each in rest])
        return left
    outbox.republish(
        zone,
        [each.name for each in sorted(rest, key=lambda each: each.kind == Kind.MISSING)],
        on_progress=lambda count: on_progress(len(strays) + count),
    )
    return left


def _compare_whole(zone: Zone, found: Whole, started_at: datetime, on_progress: Progress) -> Comparison:
    contents, fence, count = found.names, found.fence, 0
    for owner in _operators_owners(zone, contents):
        contents.pop(owner, None)
    verdict = _Verdict(zone, started_at)
    cut, take = -len(zone.name) - 1, contents.pop
    for rows in publications.slices(zone):
        suspects = []
        for name, expected in rows:
            there = take(name[:cut].encode(), b"")
            if there != expected and not wire.is_same(there, expected):
                suspects.append(Difference(name, _kind(there, expected)))
        verdict.add(suspects)
        count += len(rows)
        on_progress(count)
    # Given back as they are named: a zone whose rows are lost must not be held twice.
    while extra := [_full_name(zone, contents.popitem()[0]) for _ in range(min(_CHUNK, len(contents)))]:
        verdict.add([Difference(name, Kind.EXTRA) for name in extra])
    return Comparison(count, verdict.moving_count, verdict.differences, found.serial, fence)


def _compare_changes(
    zone: Zone, found: Changes, since: Base, started_at: datetime, on_progress: Progress
) -> Comparison:
    """Each record that was added or deleted last must be, or not be, among those that its name shall have."""
    if transfers.is_newer(since.serial, found.serial) or found.first_fence not in (None, since.fence):
        raise NotItsHistory
    verdict, count = _Verdict(zone, started_at), 0
    operators = {zone.name, f"{FENCE_LABEL}.{zone.name}", *zones.nameserver_names(zone)}
    for touched in _touched(zone, found):
        for name in operators & touched.keys():
            del touched[name]
        expected = dict(publications.named(zone, list(touched)))
        suspects = [
            Difference(name, _kind_of_change(deleted, added, expected.get(name)))
            for name, (added, deleted) in touched.items()
            if not _agrees(added, deleted, expected.get(name, b""))
        ]
        verdict.add(suspects)
        count += len(touched)
        on_progress(count)
    fence = since.fence if found.last_fence is None else found.last_fence
    return Comparison(count, verdict.moving_count, verdict.differences, found.serial, fence, since.serial)


def _agrees(added: list[bytes], deleted: list[bytes], expected: bytes) -> bool:
    there = wire.split(expected)
    return all(each in there for each in added) and not any(each in there for each in deleted)


def _touched(zone: Zone, found: Changes) -> Iterator[dict[str, tuple[list[bytes], list[bytes]]]]:
    """By name what was added and what was deleted there, in chunks of names."""
    keys = sorted(_outcomes(found))
    grouped = groupby(keys, key=lambda each: each[0].partition(b"\0")[0])
    while chunk := {
        _full_name(zone, owner): _by_outcome([(key[len(owner) + 1 :], is_added) for key, is_added in pairs])
        for owner, pairs in islice(grouped, _CHUNK)
    }:
        yield chunk


def _outcomes(found: Changes) -> Iterator[tuple[bytes, bool]]:
    """Every record with whether it stands there in the end."""
    yield from ((key, True) for key in found.added)
    yield from ((key, False) for key in found.deleted)


def _by_outcome(pairs: Iterable[tuple[bytes, bool]]) -> tuple[list[bytes], list[bytes]]:
    added: list[bytes] = []
    deleted: list[bytes] = []
    for record, is_added in pairs:
        (added if is_added else deleted).append(record)
    return added, deleted


def _kind(there: bytes, expected: bytes) -> Kind:
    if there:
        return Kind.DIFFERENT if expected else Kind.NOT_WITHDRAWN
    return Kind.MISSING


def _kind_of_change(deleted: list[bytes], added: list[bytes], expected: bytes | None) -> Kind:
    """expected is None where there is no row."""
    if not expected:
        return Kind.EXTRA if expected is None else Kind.NOT_WITHDRAWN
    is_gone = not added and all(each in deleted for each in wire.split(expected))
    return Kind.MISSING if is_gone else Kind.DIFFERENT


@dataclass(slots=True)
class _Verdict:
    """Collects what differs, and leaves out what was moving."""

    zone: Zone
    started_at: datetime
    differences: list[Difference] = field(default_factory=list)
    moving_count: int = 0

    def add(self, suspects: list[Difference]) -> None:
        for start in range(0, len(suspects), _CHUNK):
            chunk = suspects[start : start + _CHUNK]
            moving = _moving(self.zone, [each.name for each in chunk], self.started_at)
            self.moving_count += len(moving)
            self.differences += [each for each in chunk if each.name not in moving]


def _moving(zone: Zone, names: list[str], since: datetime) -> set[str]:
    """The names among these that were published while the zone was being compared, or still wait."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT name FROM dnsupdate_publication publication
            WHERE zone_id = %s AND name = ANY (%s) AND (
                published_at >= %s
                OR EXISTS (SELECT FROM dnsupdate_pendingpublication WHERE publication_id = publication.id)
            )
            """,
            [zone.pk, names, since],
        )
        return {name for (name,) in cursor.fetchall()}


def _database_time() -> datetime:
    """The clock by which published_at is written."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        return cursor.fetchone()[0]


def _operators_owners(zone: Zone, contents: dict[bytes, bytes]) -> set[bytes]:
    owners = {b"", FENCE_LABEL.encode()}
    for record in wire.split(contents.get(b"", b"")):
        if wire.type_of(record) == wire.NS:
            target = dns.name.from_wire(wire.rdata_of(record), 0)[0].to_text(omit_final_dot=True).lower()
            if is_within(target, zone.name):
                owners.add(target[: -len(zone.name) - 1].encode())
    return owners


def _full_name(zone: Zone, owner: bytes) -> str:
    return f"{owner.decode()}.{zone.name}" if owner else zone.name


def _split(differences: Sequence[Difference]) -> tuple[list[Difference], list[Difference]]:
    ours: list[Difference] = []
    left: list[Difference] = []
    for difference in differences:
        try:
            (ours if normalise(difference.name) == difference.name else left).append(difference)
        except InvalidName:
            left.append(difference)
    return ours, left
