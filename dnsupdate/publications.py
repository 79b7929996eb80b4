"""Publications read in bulk, in the form that a transfer has: what each name's records should be."""

import json
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from socket import AF_INET, AF_INET6, inet_pton

import dns.rdatatype

from dnsupdate import rrsets, wire
from dnsupdate.models import Zone
from dnsupdate.statements import Statement, planned_without

# Each slice is a statement of its own of some tens of milliseconds: one that read for as long as a whole zone takes would
# keep the publisher's queue from being vacuumed meanwhile, and every look at it would cost more.
SLICE = 20_000

# One value for all rows: a row of its own for each costs the client as much again as comparing it.
_LINES = "string_agg(name || E'\\t' || rrsets::text, E'\\n')"
_READ_SLICE = Statement(
    f"""
    SELECT {_LINES} FROM (
        SELECT name, rrsets FROM dnsupdate_publication
        WHERE zone_id = $1::bigint AND name > $2::text ORDER BY name LIMIT {SLICE}
    ) AS slice
    """
)
_READ_NAMES = Statement(
    f"SELECT {_LINES} FROM dnsupdate_publication WHERE zone_id = $1::bigint AND name = ANY ($2::text[])"
)

# How PostgreSQL writes a jsonb of one A, one AAAA, one of each, or nothing: nearly all names, and none needs json.
_PLAIN = re.compile(
    r"\{(?:\"A\": \{\"ttl\": (\d+), \"rdata\": \[\"([0-9.]+)\"\]\})?"
    r"(?:(?:, )?\"AAAA\": \{\"ttl\": (\d+), \"rdata\": \[\"([0-9a-f:.]+)\"\]\})?\}"
).fullmatch

# The owner name, and its records one behind the other as wire.Whole has them.
Row = tuple[str, bytes]


def slices(zone: Zone) -> Iterator[list[Row]]:
    """All rows of the zone, SLICE by SLICE, in the database's order of names. Each slice is a snapshot of its own."""
    last = b""
    while lines := _read_slice(zone, last):
        last = lines[-1].partition("\t")[0].encode()
        yield [_row(line) for line in lines]


def named(zone: Zone, names: Sequence[str]) -> list[Row]:
    """The rows with these names, as many as there are."""
    with planned_without("seqscan"):
        ((value,),) = _READ_NAMES(str(zone.pk).encode(), _array(names))
    return [_row(line) for line in _lines(value)]


def _read_slice(zone: Zone, last: bytes) -> list[str]:
    # A planner that knows nothing of the table yet would sort all of it for every slice.
    with planned_without("seqscan", "bitmapscan", "sort"):
        ((value,),) = _READ_SLICE(str(zone.pk).encode(), last)
    return _lines(value)


def _lines(value: bytes | None) -> list[str]:
    # Neither a normalised name nor a jsonb's text holds a line break or a tabulator.
    return value.decode().split("\n") if value else []


def _row(line: str) -> Row:
    name, _, text = line.partition("\t")
    match = _PLAIN(text)
    if match is None:
        return name, _records(text)
    a_ttl, a, aaaa_ttl, aaaa = match.groups()
    try:
        if aaaa is None:
            return name, _head(wire.A, a_ttl, 4) + inet_pton(AF_INET, a) if a else b""
        second = _head(wire.AAAA, aaaa_ttl, 16) + inet_pton(AF_INET6, aaaa)
        return name, (_head(wire.A, a_ttl, 4) + inet_pton(AF_INET, a) if a else b"") + second
    except OSError:
        return name, _records(text)


@lru_cache(maxsize=1024)
def _head(type_code: int, ttl: str, length: int) -> bytes:
    return wire.head(type_code, int(ttl), length)


def _records(text: str) -> bytes:
    found = set()
    for type_name, rrset in json.loads(text).items():
        type_code = dns.rdatatype.from_text(type_name)
        for rdata in rrset["rdata"]:
            found.add(wire.record(type_code, rrset["ttl"], rrsets.to_canonical(type_name, rdata)))
    return b"".join(found)


def _array(names: Sequence[str]) -> bytes:
    """As PostgreSQL reads an array of texts; names that somebody put into the zone by hand may hold anything."""
    return ("{" + ",".join('"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"' for name in names) + "}").encode()
