"""Zones at scale: one generator for the nameserver's zone file and for the rows, so that both agree."""

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg

from bench.customers import ADDRESSES
from deploy.local.zones import zone_file

TTL = 60
LINES_PER_WRITE = 10_000
# Knuth's multiplier, odd: labels come in no order, as customers' do, and none comes twice.
_MULTIPLIER = 2654435761

_COPY = """
    COPY dnsupdate_publication (zone_id, name, rrsets, revision, published_revision, refusal, published_at) FROM STDIN
"""


@dataclass(frozen=True)
class SeededZone:
    """`count` names with an A record each."""

    apex: str
    count: int

    def name(self, number: int) -> str:
        return f"{_label(number)}.{self.apex}"

    def write_file(self, path: Path) -> None:
        with path.open("w") as file:
            file.write(zone_file(self.apex))
            file.writelines(f"{_label(number)} A {_address(number)}\n" for number in range(self.count))

    def copy_rows(self, database: psycopg.Connection, zone_id: int) -> int:
        """Everything published. Gives the id of the first row: number N has that plus N."""
        with database.transaction(), database.cursor() as cursor:
            # A million look-ups of the same zone tell nothing; the role is the superuser of this database.
            cursor.execute("SET LOCAL session_replication_role = replica")
            with cursor.copy(_COPY) as copy:
                for text in self._lines(zone_id):
                    copy.write(text)
        first, last = database.execute(
            "SELECT min(id), max(id) FROM dnsupdate_publication WHERE zone_id = %s", [zone_id]
        ).fetchone()
        if last - first + 1 != self.count:
            raise RuntimeError(f"{self.count} rows got the ids {first} to {last}: somebody else writes here")
        return first

    def _lines(self, zone_id: int) -> Iterator[str]:
        rrsets = [json.dumps(a(address)) for address in ADDRESSES]
        for start in range(0, self.count, LINES_PER_WRITE):
            lines = io.StringIO()
            for number in range(start, min(start + LINES_PER_WRITE, self.count)):
                wanted = rrsets[number % len(rrsets)]
                lines.write(f"{zone_id}\t{self.name(number)}\t{wanted}\t1\t1\t\tnow\n")
            yield lines.getvalue()


def a(address: str) -> dict:
    """RRsets as the rows hold them."""
    return {"A": {"ttl": TTL, "rdata": [address]}}


def _label(number: int) -> str:
    return f"h{number * _MULTIPLIER % 2**32:08x}"


def _address(number: int) -> str:
    return ADDRESSES[number % len(ADDRESSES)]
