"""python bench/publish.py: how fast dirty rows are in DNS, beside what the nameserver itself takes (README.md)."""

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import dns.exception

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from bench import ceiling, cpu, latency  # noqa: E402 - the path comes first
from bench.customers import ADDRESSES  # noqa: E402
from bench.figures import cpu_per_name  # noqa: E402
from bench.nameservers import KINDS  # noqa: E402
from bench.rig import Case, Mismatch, Rig, directory, print_line, say  # noqa: E402
from bench.zones import SeededZone  # noqa: E402
from deploy.local.errors import LocalError  # noqa: E402
from dnsupdate.errors import DnsUpdateError  # noqa: E402

PARTS = ("ceiling", "drain", "latency", "parallel")
# A small zone is drained several times, until so many names have gone through.
LEAST_NAMES = 50_000
CEILING_NAMES = 100_000
# Every message costs Knot 12 ms, and 160 ms where the zone has a million names.
KNOT_MESSAGE_SECONDS, KNOT_SECONDS_PER_NAME = 0.015, 0.16e-6
KNOT_SECONDS = 4
PARALLEL_ZONES, PARALLEL_NAMES = 4, 50_000
# A drain that is slower than this has failed.
SLOWEST_NAMES_PER_SECOND = 200
WARM_UP_NAMES = 500


def main() -> int:
    options = _options()
    try:
        with directory(keep=options.keep) as path:
            rig = Rig(path, publishers=options.publishers)
            with rig.run():
                bench = _Bench(rig, options)
                bench.run()
            return bench.failure_count > 0
    except (LocalError, TimeoutError) as error:
        print(f"bench: {error}", file=sys.stderr)
    return 1


class _Bench:
    def __init__(self, rig: Rig, options: argparse.Namespace) -> None:
        self.rig, self.options = rig, options
        self.batch = options.batch or rig.facts["max_names"]
        self.rounds = 0
        self.failure_count = 0

    def run(self) -> None:
        for kind in self.options.servers:
            for count in self.options.names:
                with self.rig.case(kind, [SeededZone(f"{kind}{count}.test", count)]) as case:
                    self._one_zone(case, count)
            if "parallel" in self.options.parts:
                zones = [SeededZone(f"{kind}-{n}.test", PARALLEL_NAMES) for n in range(PARALLEL_ZONES)]
                with self.rig.case(kind, zones) as case:
                    self._part(case, "parallel", lambda case=case: self._drain(case, PARALLEL_NAMES, 1))

    def _one_zone(self, case: Case, count: int) -> None:
        figures = {}
        if "ceiling" in self.options.parts:
            figures = self._part(case, "ceiling", lambda: self._ceiling(case))
        if "drain" in self.options.parts:
            dirty_count = min(count, self.options.dirty, self._limit(case, CEILING_NAMES))
            rounds = self.options.rounds or -(-min(LEAST_NAMES, self._limit(case, LEAST_NAMES)) // dirty_count)
            self._part(case, "drain", lambda: self._drain(case, dirty_count, rounds, figures.get("names_per_s")))
        if "latency" in self.options.parts:
            self._part(case, "latency", lambda: latency.measure(self.rig, case, self._samples(case)))

    def _part(self, case: Case, part: str, measure: Callable[[], dict]) -> dict:
        """One line; one that failed says so and does not keep the others from running."""
        head = {"server": case.kind, "names": sum(zone.seeded.count for zone in case.zones), "part": part}
        say(f"  {part}")
        load_before = round(os.getloadavg()[0], 2)
        try:
            figures = measure()
        except (DnsUpdateError, dns.exception.DNSException, Mismatch, OSError) as error:
            self.failure_count += 1
            print_line(**head, failure=f"{type(error).__name__}: {error}")
            return {}
        print_line(**head, **figures, load_before=load_before)
        return figures

    def _ceiling(self, case: Case) -> dict:
        """Names spread like those that are drained."""
        zone = case.zones[0]
        spread = self.rig.numbers(zone, min(zone.seeded.count, self.options.dirty), 0)
        count = self._limit(case, CEILING_NAMES)
        changes = [
            (zone.seeded.name(spread[n % len(spread)]), ADDRESSES[(n + n // len(spread) + 1) % len(ADDRESSES)])
            for n in range(count)
        ]
        batches = [changes[start : start + self.batch] for start in range(0, count, self.batch)]
        servers = {"nameserver": case.primary}
        before = cpu.used(servers)
        figures = ceiling.measure(case.primary, zone.seeded.apex, self.rig.message_key, batches)
        return {"names_per_message": self.batch, **figures, **cpu_per_name(before, cpu.used(servers), count)}

    def _drain(self, case: Case, dirty_count: int, rounds: int, ceiling_rate: float | None = None) -> dict:
        """Every zone of the case at once. A first small round, unmeasured, has connections made and statements planned."""
        self._drain_once(case, min(dirty_count, WARM_UP_NAMES))
        messages_before, names_before = self.rig.message_totals(case.zones)
        times, cpu_before, cpu_after = [], {}, {}
        for _ in range(rounds):
            seconds, used, used_after = self._drain_once(case, dirty_count)
            times.append(seconds)
            cpu_before = _sum(cpu_before, used)
            cpu_after = _sum(cpu_after, used_after)
        messages, names = self.rig.message_totals(case.zones)
        count = dirty_count * rounds * len(case.zones)
        rates = sorted(dirty_count * len(case.zones) / seconds for seconds in times)
        figures = {
            "zones": len(case.zones),
            "dirty": dirty_count,
            "rounds": rounds,
            "seconds": round(sum(times), 3),
            "names_per_s": round(count / sum(times)),
            "names_per_s_range": [round(rates[0]), round(rates[-1])],
        }
        if ceiling_rate:
            figures["to_ceiling"] = round(count / sum(times) / ceiling_rate, 3)
        if messages > messages_before:
            figures["names_per_message"] = round((names - names_before) / (messages - messages_before))
        return {**figures, **cpu_per_name(cpu_before, cpu_after, count), **self._check(case, dirty_count)}

    def _drain_once(self, case: Case, dirty_count: int) -> tuple[float, dict, dict]:
        """Seconds from the wake-up, and the processors' use before and after."""
        self.rounds += 1
        for zone in case.zones:
            self.rig.make_dirty(zone, dirty_count, self.rounds)
        servers = self.rig.servers_of(case)
        used = cpu.used(servers)
        woken_at = self.rig.orders.do("wake", zone_ids=[zone.id for zone in case.zones])["woken_at"]
        allowed = 60 + dirty_count * len(case.zones) / SLOWEST_NAMES_PER_SECOND
        self.rig.wait_until_drained(case.zones, allowed)
        seconds = time.monotonic() - woken_at
        return seconds, used, cpu.used(servers)

    def _check(self, case: Case, dirty_count: int) -> dict:
        found: dict[str, int] = {}
        for zone in case.zones:
            found = _sum(found, self.rig.check(case, zone, self.rig.numbers(zone, dirty_count, self.rounds)))
        if found["wrong_answers"] or found["unpublished"]:
            raise Mismatch(f"after the queue was empty: {found}")
        return found

    def _limit(self, case: Case, count: int) -> int:
        """So many names, or as many as Knot takes in KNOT_SECONDS."""
        if case.kind != "knot":
            return count
        per_message = KNOT_MESSAGE_SECONDS + KNOT_SECONDS_PER_NAME * case.zones[0].seeded.count
        return min(count, int(KNOT_SECONDS / per_message) * self.batch)

    def _samples(self, case: Case) -> int:
        """Knot as primary is there for comparison: it tells its secondaries after a second, which makes a sample long."""
        return self.options.samples // 4 if case.kind == "knot" else self.options.samples


def _sum(one: dict, other: dict) -> dict:
    return {key: one.get(key, 0) + value for key, value in other.items()}


def _options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--servers", nargs="+", choices=list(KINDS), default=list(KINDS))
    parser.add_argument("--names", type=int, nargs="+", default=[10_000, 1_000_000], help="in the zone")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--dirty", type=int, default=100_000, help="names that are drained; all of a smaller zone")
    parser.add_argument("--rounds", type=int, help=f"of draining; by itself, until {LEAST_NAMES:,} names have gone")
    parser.add_argument("--batch", type=int, help="names per message of the ceiling; the publisher's unless given")
    parser.add_argument("--samples", type=int, default=200, help="of the latency")
    parser.add_argument("--publishers", type=int, default=16, help="threads of the worker")
    parser.add_argument("--keep", action="store_true", help="leave the directory with data and logs behind")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
