"""Zone transfers: the whole zone (AXFR, RFC 5936), or what changed in it since a serial (IXFR, RFC 1995)."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import chain
from typing import NoReturn

import dns.rdatatype

from dnsupdate import sequences, wire
from dnsupdate.errors import TransferFailed, Unreachable
from dnsupdate.messages import FENCE_LABEL
from dnsupdate.models import Zone
from dnsupdate.sequences import Part
from dnsupdate.wire import SOA, TXT, Record

# By owner name, then by type: the TTL and the rdata in canonical wire form (RFC 4034 §6.2).
Contents = dict[str, dict[str, tuple[int, frozenset[bytes]]]]
# Counts the names that have been read.
Progress = Callable[[int], None]

# A server that sends without end must not fill the memory: this many names and twice as many records, about 1 GiB.
MOST_NAMES = 5_000_000
_MOST_OCTETS_PER_NAME = 1 << 17
_FENCE = FENCE_LABEL.encode()


@dataclass(slots=True)
class Whole:
    """A zone at one serial: by owner below the apex (that itself: empty), the records one behind the other (wire.split)."""

    serial: int = -1
    names: dict[bytes, bytes] = field(default_factory=dict)

    @property
    def fence(self) -> str:
        return fence_text(wire.split(self.names.get(_FENCE, b"")))


@dataclass(slots=True)
class Changes:
    """What changed from one serial to another, netted: each record, behind its owner and a NUL, as it stood in the end.

    first_fence is the fence that was taken away first (none: it was not touched), last_fence what it became.
    """

    from_serial: int
    serial: int
    added: set[bytes] = field(default_factory=set)
    deleted: set[bytes] = field(default_factory=set)
    first_fence: str | None = None
    last_fence: str | None = None


def transfer(zone: Zone) -> Contents:
    """Everything in the zone but the signer's records, for small zones. Raises as whole does."""
    contents: Contents = {}
    with _named(zone), closing(sequences.parts(zone, dns.rdatatype.AXFR)) as parts:
        for owner, type_code, record in _records(parts):
            name = f"{owner.decode()}.{zone.name}" if owner else zone.name
            types = contents.setdefault(name, {})
            type_name = dns.rdatatype.to_text(dns.rdatatype.RdataType.make(type_code))
            _, earlier = types.get(type_name, (0, frozenset()))
            types[type_name] = (wire.ttl_of(record), earlier | {wire.rdata_of(record)})
    return contents


def whole(zone: Zone, on_progress: Progress = lambda count: None) -> Whole:
    """The zone by AXFR, in memory once. Raises Unreachable, TransferFailed, KeyRefused, ClockSkew, ZoneMissing."""
    with _named(zone), closing(sequences.parts(zone, dns.rdatatype.AXFR)) as parts:
        return _read_whole(parts, on_progress)


def changes(zone: Zone, since: int, on_progress: Progress = lambda count: None) -> Whole | Changes:
    """What changed since the serial, by IXFR; the whole zone where the server has no such journal any more.

    A server whose serial is behind says that nothing has changed: compare the serials. Raises as whole does.
    """
    with _named(zone), closing(sequences.parts(zone, dns.rdatatype.IXFR, since=since)) as parts:
        first = next(parts)
        newest = _first_serial(first.records)
        if len(first.records) == 1 and not is_newer(newest, since):
            return Changes(since, newest) if first.is_proved else _unproved()
        while len(first.records) < 2:
            second = next(parts)
            first = Part(first.records + second.records, second.is_proved)
        second_record = first.records[1]
        rest = chain([first], parts)
        if second_record[1] == SOA and wire.serial_of(second_record[2]) != newest:
            return _read_changes(rest, since, newest, on_progress)
        return _read_whole(rest, on_progress)


def is_newer(serial: int, other: int) -> bool:
    """By serial number arithmetic (RFC 1982 §3.2). Numbers half the circle apart are neither newer nor older."""
    return 0 < (serial - other) % 2**32 < 2**31


def fence_text(records: list[bytes]) -> str:
    """The fence as one text that can be compared and stored; empty where there is none."""
    return " ".join(sorted(wire.rdata_of(each)[1:].decode("latin-1") for each in records if wire.type_of(each) == TXT))


def _read_whole(parts: Iterator[Part], on_progress: Progress) -> Whole:
    found = Whole()
    names, known = found.names, found.names.get
    for part in parts:
        for owner, type_code, record in part.records:
            if found.serial < 0:
                _first_serial(part.records)
                found.serial = wire.serial_of(record)
            elif type_code == SOA:
                _check_end(part, record, names[b""])
                return found
            if len(record) > 64 and owner:
                record = wire.kept(record)
            earlier = known(owner)
            names[owner] = record if earlier is None else _join(earlier, record)
        if len(names) > MOST_NAMES:
            raise TransferFailed(f"it holds more than {MOST_NAMES:,} names.")
        on_progress(len(names))
    raise TransferFailed("it has no end.")


def _join(earlier: bytes, record: bytes) -> bytes:
    if len(earlier) > _MOST_OCTETS_PER_NAME:
        raise TransferFailed("a name holds more records than can be compared.")
    return earlier + record


def _check_end(part: Part, record: bytes, apex: bytes) -> None:
    """The SOA record stands at both ends of a transfer."""
    if part.records[-1][2] is not record or not apex.startswith(record):
        raise TransferFailed("its end is not its end.")
    if not part.is_proved:
        _unproved()


def _read_changes(parts: Iterator[Part], since: int, newest: int, on_progress: Progress) -> Changes:
    """Pairs of what was deleted and what was added, each begun by a SOA record (RFC 1995 §4)."""
    found = Changes(since, newest)
    at, is_adding, is_begun = since, True, False
    for part in parts:
        for index, (owner, type_code, record) in enumerate(part.records):
            if not is_begun:
                is_begun = True
            elif type_code == SOA and not owner:
                serial = wire.serial_of(record)
                if is_adding and at == newest and serial == newest:
                    if index != len(part.records) - 1:
                        raise TransferFailed("its end is not its end.")
                    return found if part.is_proved else _unproved()
                if is_adding and serial != at:
                    raise TransferFailed("its changes do not follow one another.")
                at, is_adding = serial, not is_adding
            elif is_adding:
                _add(found, owner, record)
            else:
                _delete(found, owner, record)
        if len(found.added) + len(found.deleted) > MOST_NAMES:
            raise TransferFailed(f"it holds more than {MOST_NAMES:,} changes.")
        on_progress(len(found.added))
    raise TransferFailed("it has no end.")


def _add(found: Changes, owner: bytes, record: bytes) -> None:
    if owner == _FENCE:
        found.last_fence = fence_text([record])
    key = owner + b"\0" + wire.kept(record)
    found.deleted.discard(key)
    found.added.add(key)


def _delete(found: Changes, owner: bytes, record: bytes) -> None:
    if owner == _FENCE:
        found.last_fence = ""
        if found.first_fence is None:
            found.first_fence = fence_text([record])
    key = owner + b"\0" + wire.kept(record)
    found.added.discard(key)
    found.deleted.add(key)


def _records(parts: Iterator[Part]) -> Iterator[Record]:
    """All records of an AXFR, the SOA record once."""
    soa: bytes | None = None
    for part in parts:
        for owner, type_code, record in part.records:
            if soa is None:
                _first_serial(part.records)
                soa = record
            elif type_code == SOA:
                return _check_end(part, record, soa)
            yield owner, type_code, record


def _first_serial(records: list[Record]) -> int:
    if not records or records[0][1] != SOA or records[0][0]:
        raise TransferFailed("it does not begin with the zone's SOA record.")
    return wire.serial_of(records[0][2])


def _unproved() -> NoReturn:
    raise TransferFailed("its last message is not signed.")


@contextmanager
def _named(zone: Zone) -> Iterator[None]:
    """Says of which zone and server an error speaks."""
    try:
        yield
    except OSError as error:
        reason = f"the transfer of {zone} from {zone.primary} ended: {error or type(error).__name__}."
        raise Unreachable(reason) from error
    except TransferFailed as error:
        raise TransferFailed(f"{zone} from {zone.primary}: {error.args[0]}") from error
