"""python bench/overtake.py: how soon a withdrawal is in DNS where 500,000 updates of its zone wait (README.md)."""

import argparse
import os
import random
import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import dns.exception

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from bench import cpu, nameservers  # noqa: E402 - the path comes first
from bench.figures import cpu_per_name, percentiles  # noqa: E402
from bench.rig import Case, Mismatch, Rig, ServedZone, directory, print_line, say  # noqa: E402
from bench.sightings import Sighting, Sightings  # noqa: E402
from bench.zones import SeededZone  # noqa: E402
from deploy.local.errors import LocalError  # noqa: E402

APEX = "overtake.test"
LATEST_SECONDS = 30.0
# The drain is under way by then.
LEAD_SECONDS = 1.0
# Between two withdrawals only the secondary is waited for.
IDLE_POLL_SECONDS = 0.002


def main() -> int:
    options = _options()
    if options.waiting > options.names:
        raise SystemExit("More names cannot wait than there are.")
    try:
        with directory(keep=options.keep) as path:
            rig = Rig(path, publishers=options.publishers)
            with rig.run(), rig.case("bind", [SeededZone(APEX, options.names)]) as case, ExitStack() as stack:
                followers = nameservers.secondaries(case.primary, case.primary.directory.parent, options.secondaries)
                stack.callback(lambda: [each.kill() for each in followers.values()])
                nameservers.attach(case.primary, list(followers.values()))
                say("  the secondaries are level")
                ports = {f"secondary_{kind}": each.port for kind, each in followers.items()}
                return _Overtake(rig, case, ports, options).run()
    except (LocalError, TimeoutError, OSError, Mismatch, dns.exception.DNSException) as error:
        print(f"bench: {type(error).__name__}: {error}", file=sys.stderr)
    return 1


@dataclass
class _Withdrawal:
    committed_at: float
    sighting: Sighting
    # how many waited right behind it
    waiting: Future

    def milliseconds(self, server: str) -> float | None:
        seen_at = self.sighting.seen_at.get(server)
        return None if seen_at is None else max(0.0, seen_at - self.committed_at) * 1e3


class _Overtake:
    def __init__(self, rig: Rig, case: Case, secondary_ports: dict[str, int], options: argparse.Namespace) -> None:
        self.rig, self.case, self.options = rig, case, options
        self.zone: ServedZone = case.zones[0]
        numbers = random.sample(range(self.zone.seeded.count), options.withdrawals)
        self.names = [self.zone.seeded.name(number) for number in numbers]
        self.ports = {"primary": case.primary.port, **secondary_ports}
        self.sightings = Sightings(self.ports, self.names)
        # Counting reads the whole queue: beside the looking, and not while a withdrawal is under way to the primary.
        self.counter = ThreadPoolExecutor(1)

    def run(self) -> int:
        say(f"  making {self.options.waiting:,} names dirty")
        self.rig.make_dirty(self.zone, self.options.waiting, 1)
        servers = self.rig.servers_of(self.case)
        load_before, used = os.getloadavg()[0], cpu.used(servers)
        began = self.rig.orders.do("wake", zone_ids=[self.zone.id])["woken_at"]
        self._pause(LEAD_SECONDS)
        done = [self._withdraw(number) for number in range(self.options.withdrawals)]
        left, seconds = done[-1].waiting.result(), time.monotonic() - began
        used_after = cpu.used(servers)
        self._wait_for_the_rest()
        # Once more, now that more of what waited was sent behind them.
        again = [self.sightings.expect(number, None) for number in range(len(done))]
        self._wait_for_the_rest()
        self.sightings.close()
        self.counter.shutdown()
        drained = self.options.waiting - left
        print_line(
            **self._figures(done),
            still_gone=sum(each.seen_at.keys() == self.ports.keys() for each in again),
            seconds=round(seconds, 1),
            drained=drained,
            drained_names_per_s=round(drained / seconds),
            **cpu_per_name(used, used_after, drained),
            load_before=round(load_before, 2),
        )
        return any(each.seen_at.keys() != self.ports.keys() for each in [*again, *(one.sighting for one in done)])

    def _withdraw(self, number: int) -> _Withdrawal:
        self.rig.orders.send("withdraw", zone_id=self.zone.id, name=self.names[number])
        sighting = self.sightings.expect(number, None)
        self.sightings.look_for(sighting, ["primary"], LATEST_SECONDS)
        committed_at = self.rig.orders.receive()["committed_at"]
        withdrawal = _Withdrawal(committed_at, sighting, self.counter.submit(self.rig.pending_count, self.zone))
        say(f"  {number + 1}: {withdrawal.milliseconds('primary') or float('nan'):.0f} ms")
        self._pause(random.uniform(0, 2 * self.options.pause))
        while not withdrawal.waiting.done():
            self.sightings.look(IDLE_POLL_SECONDS)
        return withdrawal

    def _pause(self, seconds: float) -> None:
        """Looks out for what is still under way to the secondary."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.sightings.look(IDLE_POLL_SECONDS)

    def _wait_for_the_rest(self) -> None:
        end = time.monotonic() + LATEST_SECONDS
        while self.sightings.is_any_under_way and time.monotonic() < end:
            self.sightings.look(IDLE_POLL_SECONDS)

    def _figures(self, done: list[_Withdrawal]) -> dict:
        figures = {"names": self.zone.seeded.count, "waited_at_first": self.options.waiting, "withdrawals": len(done)}
        for server in self.ports:
            times = [each.milliseconds(server) for each in done]
            figures |= percentiles(server, sorted(time for time in times if time is not None))
            figures[f"{server}_missing"] = times.count(None)
        waiting = [each.waiting.result() for each in done]
        slowest = max(done, key=lambda each: each.milliseconds("primary") or float("inf"))
        return {
            **figures,
            # A withdrawal that nothing was in front of says nothing.
            "overtook_none": waiting.count(0),
            "waited_at_slowest": slowest.waiting.result(),
            "each": [
                {"waiting": count, **{server: _rounded(one.milliseconds(server)) for server in self.ports}}
                for count, one in zip(waiting, done, strict=True)
            ],
        }


def _rounded(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else round(milliseconds, 1)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--names", type=int, default=600_000, help="in the zone")
    parser.add_argument("--waiting", type=int, default=500_000, help="ordinary updates when the worker is woken")
    parser.add_argument("--withdrawals", type=int, default=30, help="one after another, of any of the names")
    parser.add_argument("--pause", type=float, default=0.25, help="seconds between two, on average")
    parser.add_argument("--publishers", type=int, default=16, help="threads of the worker")
    parser.add_argument("--secondaries", nargs="*", choices=["bind", "knot"], default=["bind", "knot"])
    parser.add_argument("--keep", action="store_true", help="leave the directory with data and logs behind")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
