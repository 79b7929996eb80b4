"""python bench/takedown.py: 30 June 2014 replayed: a letter of 18,472 names, from its upload to the proof (README.md)."""

import argparse
import base64
import http.client
import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from bench import letters, zone_dumps  # noqa: E402 - the path comes first
from bench.customers import ADDRESSES, Customer  # noqa: E402
from bench.letters import Parts  # noqa: E402
from bench.load import Load, write_hosts  # noqa: E402
from bench.nameservers import attach, primary  # noqa: E402
from bench.orders import Orders  # noqa: E402
from bench.provider import Services  # noqa: E402
from bench.rig import directory, print_line, say  # noqa: E402
from bench.sightings import Sightings  # noqa: E402
from bench.zones import SeededZone  # noqa: E402
from deploy.local.bind import Bind  # noqa: E402
from deploy.local.errors import LocalError  # noqa: E402
from deploy.local.knot import Knot  # noqa: E402
from deploy.local.ports import LOOPBACK  # noqa: E402
from deploy.local.server import Server  # noqa: E402
from deploy.local.supervisor import Supervisor  # noqa: E402
from deploy.local.zones import serial  # noqa: E402
from dnsupdate.messages import FENCE_LABEL  # noqa: E402

ZONES = 23
NAMES = 18_472
# What the letter of 2014 named, by what was left of it: some 2,000 in use; how the rest is divided nobody has said.
LIVE_IN_2014 = 2_000
DORMANT, RELEASED, FOREIGN, INVALID = 1_000, 8_000, 400, 72
# Stored as it came, and never rendered.
PAPER = b"%PDF-1.7 The order itself."
DEVICES = 500
INNOCENTS = 20_000
POLL_SECONDS = 0.01
ASKED_AT_ONCE, ASK_SECONDS = 200, 5.0
# Until a step has failed.
PLAN_SECONDS, ACT_SECONDS, REPORT_SECONDS = 120.0, 120.0, 300.0
MOST_LOAD_SECONDS = 3600

# What an officer may file in a day, were the drill to go on.
_LIMITS = {"DDNS_NAMES_PER_OFFICER": "10000000", "DDNS_NAMES_PER_AGENCY": "10000000"}
_WITHDRAWN = """
    SELECT extract(epoch FROM max(publication.withdrawn_at)), extract(epoch FROM max(item.acted_at)), count(*)
    FROM abuse_orderitem item JOIN ddns_hostname hostname ON hostname.id = item.hostname_id
    JOIN dnsupdate_publication publication ON publication.id = hostname.publication_id
    WHERE item.order_id = %s AND item.state = 'acted' AND publication.rrsets = '{}'
"""
_WAITING = """
    SELECT count(*) FROM abuse_orderitem item JOIN ddns_hostname hostname ON hostname.id = item.hostname_id
    JOIN dnsupdate_pendingpublication pending ON pending.publication_id = hostname.publication_id
    WHERE item.order_id = %s
"""
_UPDATES = """
    SELECT count(*) FROM ddns_addressupdate WHERE at >= to_timestamp(%s) AND at < to_timestamp(%s)
"""


def main() -> int:
    options = _options()
    try:
        with directory(keep=options.keep) as path, Supervisor(say=say) as supervisor:
            drill = _Drill(path, options)
            with drill.run(supervisor):
                for name in options.letters:
                    drill.replay(name)
            return drill.failure_count > 0
    except (LocalError, TimeoutError, psycopg.Error, RuntimeError) as error:
        print(f"bench: {type(error).__name__}: {error}", file=sys.stderr)
    return 1


@dataclass
class _Servers:
    bind: Bind
    knot: Knot

    @property
    def ports(self) -> dict[str, int]:
        return {"primary": self.bind.port, "secondary": self.knot.port}

    @property
    def all(self) -> dict[str, Server]:
        return {"primary": self.bind, "secondary": self.knot}


@dataclass
class _Timeline:
    """Seconds of the clock."""

    uploaded_at: float = 0.0
    planned_at: float = 0.0
    approved_at: float = 0.0
    written_at: float = 0.0
    out_at: dict[str, float] = field(default_factory=dict)
    answered_at: float = 0.0


class _Drill:
    def __init__(self, path: Path, options: argparse.Namespace) -> None:
        self.path, self.options = path, options
        self.failure_count = 0
        self.services = Services(path)
        self.services.environment.update(_LIMITS)
        each = options.hosts // ZONES
        self.zones = [SeededZone(f"zone{n}.test", each) for n in range(ZONES)]
        self.chance = random.Random(20140630)

    @contextmanager
    def run(self, supervisor: Supervisor) -> Iterator[None]:
        """Seeded, served by both nameservers, every program running."""
        services = self.services
        bind = primary("bind", self.path / "bind", self.zones, key=services.key, log=self.path / "bind.log")
        supervisor.start(services.postgres, services.valkey)
        began = time.monotonic()
        bind.begin()
        services.manage("migrate", "--noinput")
        services.manage("collectstatic", "--noinput")
        apexes = [zone.apex for zone in self.zones]
        knot = Knot(
            self.path / "knot",
            zones=apexes,
            key=services.key,
            primary=(LOOPBACK, bind.port),
            log=self.path / "knot.log",
        )
        self.servers = _Servers(bind, knot)
        try:
            hands = Orders(services.environment, self.path / "hands.log", module="bench.takedown_rows")
            with hands as self.hands, psycopg.connect(services.postgres.url, autocommit=True) as self.database:
                self._seed(bind, knot)
                bind.finish_start()
                knot.start_time = bind.start_time
                attach(bind, [knot])
                supervisor.start(*services.programs)
                self._make_devices()
                self.officer_key = self.hands.do("people")["key"]
                self.hands.do("settle")
                say(f"  ready after {time.monotonic() - began:.0f} s")
                yield
        finally:
            # What they hold is not needed any more.
            for server in (bind, knot):
                server.kill()

    def replay(self, name: str) -> None:
        """One letter: planned, carried out, proven, undone, and the zones compared at every server."""
        parts = self._parts(name)
        text = letters.write(parts, seed=len(parts.live))
        say(f"{name}: {sum(parts.counts.values()):,} names, {parts.counts}")
        before, load_before = self._dump("before"), round(os.getloadavg()[0], 2)
        innocents = self._visit(set(parts.live))
        with self._updates() as updates:
            began = time.time()
            time.sleep(self.options.seconds)
            order, times = self._act(text)
            time.sleep(self.options.seconds)
            figures = self._figures(name, order, times, began)
        figures |= self._innocents(_end(innocents), times) | {"update_failures": updates["failures"]}
        acted, load_between = self._dump("acted"), round(os.getloadavg()[0], 2)
        figures["collateral"] = self._compare(before, acted, besides=set(parts.live))
        with self._updates():
            figures["undo"] = self._undo(order, parts)
        figures["undo"]["differences"] = self._compare(before, self._dump("after"), besides=set())
        print_line(**figures, load_before=load_before, load_before_undo=load_between)

    # --- The provider ------------------------------------------------------------------------------------

    def _seed(self, bind: Bind, knot: Knot) -> None:
        extra = {"dormant": -(-DORMANT // ZONES), "released": -(-RELEASED // ZONES)}
        for zone in self.zones:
            where = {"apex": zone.apex, "host": bind.host, "port": bind.port, "key": str(self.services.key)}
            made = self.hands.do("zone", **where, secondary_port=knot.port)
            first = zone.copy_rows(self.database, made["id"])
            self.hands.do(
                "silent", zone=made["id"], domain=made["domain"], apex=zone.apex, first=first, count=zone.count, **extra
            )
        say(f"  {self.options.hosts:,} hostnames")

    def _make_devices(self) -> None:
        """Registered like everybody's, and changed all the time."""
        labels = [f"device{number}" for number in range(DEVICES)]
        customers = [Customer(**each) for each in self.hands.do("devices", domain=self.zones[0].apex, labels=labels)]
        self.device_names = {customer.name for customer in customers}
        self.hosts_file = self.path / "hosts"
        write_hosts(self.hosts_file, customers)

    def _parts(self, name: str) -> Parts:
        live_count = NAMES if name == "all" else LIVE_IN_2014
        live = self._live(live_count)
        if name == "all":
            return Parts(live)
        apexes = [zone.apex for zone in self.zones]
        never = NAMES - live_count - DORMANT - RELEASED - FOREIGN - INVALID
        return Parts(
            live,
            dormant=[f"d{n // ZONES + 1}.{apexes[n % ZONES]}" for n in range(DORMANT)],
            released=[f"r{n // ZONES + 1}.{apexes[n % ZONES]}" for n in range(RELEASED)],
            never=[f"never{n}.{apexes[n % ZONES]}" for n in range(never)],
            foreign=[f"host{n}.dyndns.example" for n in range(FOREIGN)],
            invalid=[f"see sheet {n}" for n in range(INVALID)],
        )

    def _live(self, count: int) -> list[str]:
        """Spread over all zones and over each of them."""
        chosen = []
        for number, zone in enumerate(self.zones):
            share = count // ZONES + (number < count % ZONES)
            chosen += [zone.name(each) for each in self.chance.sample(range(zone.count), share)]
        return chosen

    # --- The steps ---------------------------------------------------------------------------------------

    def _act(self, text: str) -> tuple[str, _Timeline]:
        times = _Timeline(uploaded_at=time.time())
        order = self._file(text)
        self._wait(order, {"planned"}, PLAN_SECONDS)
        times.planned_at = time.time()
        digest = self.hands.do("propose", id=order)["digest"]
        times.approved_at = self.hands.do("approve", id=order, digest=digest)["at"]
        self._wait_until_out(order, times)
        self._wait(order, {"answered"}, REPORT_SECONDS)
        times.answered_at = time.time()
        return order, times

    def _file(self, text: str) -> str:
        """By the API, as an officer's program does."""
        body = {
            "kind": "takedown",
            "instrument": "court_order",
            "reference": f"12 Cr {self.chance.randrange(1000)}/26",
            "issuing_authority": "Regional Court of Example",
            "legal_basis": "Section 1 of the Example Act",
            "reasons": "The names control malware.",
            "territorial_scope": "worldwide",
            "redress": "Objection to the court within two weeks.",
            "contact": "Olivia Example, +43 1 555 0199",
            "names": text,
            "papers": [{"content": base64.b64encode(PAPER).decode(), "filename": "order.pdf"}],
        }
        connection = http.client.HTTPConnection(LOOPBACK, self.services.web_port)
        headers = {"Authorization": f"Bearer {self.officer_key}", "Content-Type": "application/json"}
        connection.request("POST", "/api/v1/authorities/orders", body=json.dumps(body), headers=headers)
        response = connection.getresponse()
        answer = response.read()
        connection.close()
        if response.status not in (201, 202):
            raise RuntimeError(f"the order was answered with {response.status}: {answer[:500]!r}")
        return json.loads(answer)["id"]

    def _wait(self, order: str, states: set[str], within: float) -> None:
        end = time.monotonic() + within
        while (row := self._one("SELECT state, plan_problem FROM abuse_order WHERE id = %s", order))[0] not in states:
            if row[1] or time.monotonic() > end:
                raise TimeoutError(f"the order is {row[0]} after {within:.0f} s. {row[1]}")
            time.sleep(POLL_SECONDS)

    def _wait_until_out(self, order: str, times: _Timeline) -> None:
        """At the primary by its acknowledgements, at the secondary by the serials that the primary has then."""
        end = time.monotonic() + ACT_SECONDS
        while (
            self._one("SELECT acted_at IS NULL FROM abuse_order WHERE id = %s", order)[0]
            or self._one(_WAITING, order)[0]
        ):
            if time.monotonic() > end:
                raise TimeoutError("the names are not out of DNS")
            time.sleep(POLL_SECONDS)
        out_at, written_at, _ = self._one(_WITHDRAWN, order)
        times.out_at["primary"], times.written_at = float(out_at), float(written_at)
        self._wait_for_secondary(end)
        times.out_at["secondary"] = time.time()

    def _wait_for_primary(self, order: str, step: str, end: float) -> None:
        """Until the step is written, and the primary has acknowledged all of it."""
        is_written = f"SELECT {step} IS NOT NULL FROM abuse_order WHERE id = %s"
        while not self._one(is_written, order)[0] or self._one(_WAITING, order)[0]:
            if time.monotonic() > end:
                raise TimeoutError(f"not all is published after {ACT_SECONDS:.0f} s, or there is no {step}")
            time.sleep(POLL_SECONDS)

    def _wait_for_secondary(self, end: float) -> None:
        bind, knot = self.servers.bind, self.servers.knot
        wanted = {zone.apex: serial(bind.port, zone.apex) for zone in self.zones}
        for apex, least in wanted.items():
            while (serial(knot.port, apex) or 0) < (least or 0):
                if time.monotonic() > end:
                    raise TimeoutError(f"the secondary lags in {apex}")
                time.sleep(POLL_SECONDS)

    def _undo(self, order: str, parts: Parts) -> dict:
        """Between act and undoing every name is asked for at both servers, and both zones are compared."""
        out = {server: self._count_out(port, parts.live) for server, port in self.servers.ports.items()}
        began = self.hands.do("undo", id=order)["at"]
        end = time.monotonic() + ACT_SECONDS
        self._wait_for_primary(order, "undone_at", end)
        primary_s = time.time() - began
        self._wait_for_secondary(end)
        secondary_s = time.time() - began
        self._wait(order, {"answered"}, REPORT_SECONDS)
        return {
            "out_before": out,
            "back_at_primary_s": round(primary_s, 2),
            "back_at_secondary_s": round(secondary_s, 2),
            "report_s": round(time.time() - began, 2),
        }

    def _count_out(self, port: int, names: Sequence[str]) -> int:
        """How many of the names the server says not to exist."""
        seen = 0
        # More at once are more than a socket's buffer holds.
        for start in range(0, len(names), ASKED_AT_ONCE):
            chunk = names[start : start + ASKED_AT_ONCE]
            sightings = Sightings({"server": port}, chunk)
            expected = [sightings.expect(number, None) for number in range(len(chunk))]
            end = time.monotonic() + ASK_SECONDS
            while sightings.is_any_under_way and time.monotonic() < end:
                sightings.look(0.05)
            sightings.close()
            seen += sum(bool(each.seen_at) for each in expected)
        return seen

    # --- What is measured beside it ----------------------------------------------------------------------

    def _visit(self, live: set[str]) -> subprocess.Popen[str]:
        """Names of other people, with the addresses that they have."""
        names = []
        while len(names) < min(INNOCENTS, self.options.hosts // 2):
            zone = self.chance.choice(self.zones)
            number = self.chance.randrange(zone.count)
            if zone.name(number) not in live:
                names.append((zone.name(number), ADDRESSES[number % len(ADDRESSES)]))
        asked = {"ports": self.servers.ports, "names": names, "per_second": self.options.queries}
        process = subprocess.Popen(
            [sys.executable, "-m", "bench.innocents"],
            cwd=ROOT,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        process.stdin.write(json.dumps(asked) + "\n")
        process.stdin.flush()
        return process

    @contextmanager
    def _updates(self) -> Iterator[dict]:
        """Devices that get other addresses all the while; afterwards what their programs were told."""
        load = Load(
            self.services.web_port, self.hosts_file, case="changed", concurrency=self.options.concurrency,
            seconds=MOST_LOAD_SECONDS, rest_milliseconds=self.options.rest,
        )  # fmt: skip
        said: dict = {}
        try:
            yield said
        finally:
            said.update(load.stop())

    def _figures(self, name: str, order: str, times: _Timeline, began: float) -> dict:
        out_s = times.out_at["secondary"] - times.approved_at
        outcomes = "SELECT outcome, count(*) FROM abuse_orderitem WHERE order_id = %s GROUP BY outcome"
        report = "SELECT name_count, proven_count FROM abuse_effectreport WHERE order_id = %s ORDER BY made_at LIMIT 1"
        name_count, proven_count = self._one(report, order)
        rates = {
            "before": self._rate(began + 1, times.uploaded_at),
            "during": self._rate(times.approved_at, times.out_at["secondary"]),
            "after": self._rate(times.answered_at, time.time()),
        }
        return {
            "letter": name,
            "hosts": self.options.hosts,
            "zones": ZONES,
            "outcomes": dict(self.database.execute(outcomes, [order]).fetchall()),
            "plan_s": round(times.planned_at - times.uploaded_at, 2),
            "written_s": round(times.written_at - times.approved_at, 2),
            "out_at_primary_s": round(times.out_at["primary"] - times.approved_at, 2),
            "out_at_secondary_s": round(out_s, 2),
            "report_s": round(times.answered_at - times.approved_at, 2),
            "acted_on": name_count,
            "proven": proven_count,
            "updates_per_s": rates,
            "updates_during_to_before": round(rates["during"] / max(rates["before"], 1), 2),
        }

    def _rate(self, since: float, until: float) -> float:
        """Changes of addresses that were acknowledged, by the history."""
        return round(self._one(_UPDATES, since, until)[0] / max(until - since, 0.001), 1)

    def _innocents(self, visited: Mapping[str, Mapping[str, int]], times: _Timeline) -> dict:
        during = range(int(times.approved_at), int(times.out_at["secondary"]) + 1)
        total, meanwhile = Counter(), Counter()
        for second, counts in visited.items():
            total.update(counts)
            if int(second) in during:
                meanwhile.update(counts)
        seconds = len(during)
        return {
            "innocent_queries_per_s_during": round(meanwhile["answered"] / seconds, 1),
            "innocent_asked": total["asked"],
            "innocent_wrong": total["wrong"],
            "innocent_lost": total["lost"],
        }

    def _dump(self, when: str) -> dict[str, Path]:
        apexes = [zone.apex for zone in self.zones]
        paths = {server: self.path / f"{when}-{server}.zones" for server in self.servers.all}
        for server, path in paths.items():
            count = zone_dumps.write(self.servers.all[server], apexes, self.services.key, path)
            say(f"  {server} {when}: {count:,} records")
        return paths

    def _compare(self, before: Mapping[str, Path], after: Mapping[str, Path], *, besides: set[str]) -> dict[str, int]:
        """Records that one of both dumps has, but for serials, the publisher's own, and those of the devices."""
        besides = besides | self.device_names | {f"{FENCE_LABEL}.{zone.apex}" for zone in self.zones}
        counts = {}
        for server in before:
            found = zone_dumps.differences(before[server], after[server])
            counts[server] = sum(each.name not in besides for each in found)
        self.failure_count += any(counts.values())
        return counts

    def _one(self, query: str, *parameters: object) -> tuple:
        row = self.database.execute(query, parameters).fetchone()
        assert row is not None, query
        return row


def _end(innocents: subprocess.Popen[str]) -> dict[str, dict[str, int]]:
    said, _ = innocents.communicate()
    return json.loads(said)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hosts", type=int, default=4_000_000, metavar="COUNT", help=f"in {ZONES} zones")
    parser.add_argument("--letters", nargs="+", choices=["2014", "all"], default=["2014", "all"])
    parser.add_argument("--seconds", type=float, default=10, help="of updates before, between and behind the steps")
    parser.add_argument("--concurrency", type=int, default=8, help="connections of devices")
    parser.add_argument(
        "--rest",
        type=int,
        default=12,
        metavar="MS",
        help="of each connection behind an answer; 0: as many updates as go",
    )
    parser.add_argument(
        "--queries", type=int, default=500, help="a second, for innocent names, at both servers together"
    )
    parser.add_argument("--keep", action="store_true", help="leave the directory with data and logs behind")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
