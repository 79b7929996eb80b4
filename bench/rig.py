"""The publishing half of the provider set-up, with zones at scale: seeded, served, made dirty, drained."""

import json
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import dns.message
import dns.query
import dns.tsig
import psycopg

from bench import nameservers
from bench.orders import Orders
from bench.provider import Services
from bench.zones import SeededZone
from deploy.local.bind import Bind
from deploy.local.knot import Knot
from deploy.local.server import Server
from deploy.local.supervisor import Supervisor

POLL_SECONDS = 0.01
ANSWER_SECONDS = 10

# From the far end of the index, which is drained last: what was drained already is not walked over at every look.
_IS_ANY_PENDING = """
    SELECT FROM dnsupdate_pendingpublication WHERE zone_id = %s
    ORDER BY zone_id DESC, urgency, queued_at DESC LIMIT 1
"""


@dataclass(frozen=True)
class ServedZone:
    """A zone at its primary, and its rows."""

    seeded: SeededZone
    id: int
    first_id: int


@dataclass
class Case:
    """A primary with its zones."""

    kind: str
    primary: Bind | Knot
    zones: list[ServedZone] = field(default_factory=list)


class Rig(Services):
    """Database, broker, worker and beat; no web. Use run() as a context manager in the main thread."""

    @contextmanager
    def run(self) -> Iterator[None]:
        with Supervisor(say=say) as supervisor, ExitStack() as stack:
            supervisor.start(self.postgres, self.valkey)
            self.manage("migrate", "--noinput")
            self.programs = [program for program in self.programs if program.name != "web"]
            supervisor.start(*self.programs)
            self.database = stack.enter_context(psycopg.connect(self.postgres.url, autocommit=True))
            self.orders = stack.enter_context(
                Orders(self.environment, self.directory / "writer.log", module="bench.writer")
            )
            self.facts = self.orders.do("facts")
            yield

    @contextmanager
    def case(self, kind: str, zones: Sequence[SeededZone]) -> Iterator[Case]:
        """The primary serves the zones from files of their own; the rows say the same and are published."""
        directory = Path(tempfile.mkdtemp(prefix=f"{kind}-", dir=self.directory))
        directory.chmod(0o711)
        count = sum(zone.count for zone in zones)
        say(f"{kind}: {count:,} names in {len(zones)} zone{'s'[: len(zones) > 1]}")
        case = Case(kind, nameservers.primary(kind, directory / kind, zones, key=self.key, log=directory / "log"))
        try:
            began = time.monotonic()
            case.primary.begin()
            case.zones = [self._seed(case, zone) for zone in zones]
            say(f"  rows after {time.monotonic() - began:.1f} s")
            case.primary.finish_start()
            self._settle()
            say(f"  ready after {time.monotonic() - began:.1f} s")
            yield case
        finally:
            # What it holds is not needed any more: it need not take its time to write it down.
            case.primary.kill()
            shutil.rmtree(directory, ignore_errors=True)

    def servers_of(self, case: Case) -> dict[str, Server]:
        """For accounting."""
        return {**self.servers, "nameserver": case.primary}

    @property
    def message_key(self) -> dns.tsig.Key:
        return dns.tsig.Key(self.key.name, self.key.secret, self.key.algorithm)

    def make_dirty(self, zone: ServedZone, count: int, round: int) -> None:
        """`count` names spread over the zone get other addresses. Wakes nobody."""
        step = zone.seeded.count // count
        order = {"zone_id": zone.id, "first_id": zone.first_id, "step": step, "offset": round % step, "count": count}
        done = self.orders.do("dirty", **order, round=round)["count"]
        if done != count:
            raise Mismatch(f"{done} names of {zone.seeded.apex} became dirty instead of {count}")

    def numbers(self, zone: ServedZone, count: int, round: int) -> range:
        """Which names make_dirty takes."""
        step = zone.seeded.count // count
        return range(round % step, step * count, step)

    def wait_until_drained(self, zones: Sequence[ServedZone], within: float) -> None:
        """Raises TimeoutError with what the zone's row says."""
        end = time.monotonic() + within
        for zone in zones:
            while self.is_any_pending(zone):
                if time.monotonic() > end:
                    raise TimeoutError(f"not drained within {within:.0f} s: {self._state(zone)}")
                time.sleep(POLL_SECONDS)

    def is_any_pending(self, zone: ServedZone) -> bool:
        return self.database.execute(_IS_ANY_PENDING, [zone.id], prepare=True).rowcount > 0

    def pending_count(self, zone: ServedZone) -> int:
        """Reads all of the index: not while something is timed."""
        query = "SELECT count(*) FROM dnsupdate_pendingpublication WHERE zone_id = %s"
        return self.database.execute(query, [zone.id]).fetchone()[0]

    def message_totals(self, zones: Sequence[ServedZone]) -> tuple[int, int]:
        """Messages and names as the publisher has counted them."""
        query = "SELECT sum(message_count)::bigint, sum(name_count)::bigint FROM dnsupdate_zone WHERE id = ANY (%s)"
        return self.database.execute(query, [[zone.id for zone in zones]]).fetchone()

    def check(self, case: Case, zone: ServedZone, numbers: Sequence[int], asked: int = 300) -> dict:
        """How many rows are not published, and of some names, how many answer something else than their rows say."""
        query = "SELECT count(*) FROM dnsupdate_publication WHERE zone_id = %s AND published_revision <> revision"
        dirty_count = self.database.execute(query, [zone.id]).fetchone()[0]
        ids = [zone.first_id + number for number in random.sample(numbers, min(asked, len(numbers)))]
        query = "SELECT name, revision, rrsets FROM dnsupdate_publication WHERE id = ANY (%s)"
        rows = self.database.execute(query, [ids]).fetchall()
        if any(revision < 2 for _, revision, _ in rows):
            raise Mismatch(f"names of {zone.seeded.apex} were not changed")
        wrong = sum(_addresses(case.primary, name) != set(rrsets["A"]["rdata"]) for name, _, rrsets in rows)
        return {"asked": len(rows), "wrong_answers": wrong, "unpublished": dirty_count}

    def _seed(self, case: Case, seeded: SeededZone) -> ServedZone:
        order = {"apex": seeded.apex, "host": case.primary.host, "port": case.primary.port, "key": str(self.key)}
        zone_id = self.orders.do("add_zone", **order)["id"]
        return ServedZone(seeded, zone_id, seeded.copy_rows(self.database, zone_id))

    def _settle(self) -> None:
        """A provider's database knows its tables, and has written down what was loaded long ago."""
        self.database.execute("VACUUM (ANALYZE) dnsupdate_publication")
        self.database.execute("VACUUM (ANALYZE) dnsupdate_pendingpublication")
        self.database.execute("CHECKPOINT")

    def _state(self, zone: ServedZone) -> str:
        failure, count = self.database.execute(
            "SELECT failure, failure_count FROM dnsupdate_zone WHERE id = %s", [zone.id]
        ).fetchone()
        return f"{self.pending_count(zone)} names of {zone.seeded.apex} wait, {count} failures, the last: {failure!r}"


class Mismatch(Exception):
    """Something is not as it was made."""


@contextmanager
def directory(*, keep: bool) -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="ddns-bench-"))
    # BIND and Knot drop root's rights and must reach their directories below this one.
    made.chmod(0o711)
    try:
        yield made
    finally:
        if not keep:
            shutil.rmtree(made, ignore_errors=True)


def say(text: str) -> None:
    """Standard output is for the results."""
    print(text, file=sys.stderr, flush=True)


def print_line(**fields) -> None:
    print(json.dumps(fields), flush=True)


def _addresses(server: Server, name: str) -> set[str]:
    query = dns.message.make_query(f"{name}.", "A", flags=0)
    answer = dns.query.udp(query, server.host, port=server.port, timeout=ANSWER_SECONDS)
    return {rdata.to_text() for rrset in answer.answer for rdata in rrset}
