"""python bench/update.py: what address updates cost in the provider set-up, and how fast they are in DNS (README.md)."""

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import psycopg

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from bench import cpu, suspension  # noqa: E402 - the path comes first
from bench.customers import ADDRESSES, Connection, Customer  # noqa: E402
from bench.load import Load, write_hosts  # noqa: E402
from bench.orders import Orders  # noqa: E402
from bench.probe import Prober  # noqa: E402
from bench.profiles import Stacks, Statements  # noqa: E402
from bench.provider import ZONE, Provider  # noqa: E402
from deploy.local.errors import LocalError  # noqa: E402
from deploy.local.supervisor import Supervisor  # noqa: E402

CASES = ("hello", "changed", "unchanged")
PROBE_HOSTS = 40
WARM_UP_SECONDS = 3
# Of every window the last seconds, for the suspension; the probes have what comes before.
SUSPENSION_SECONDS = 3


def main() -> int:
    options = _options()
    directory = Path(tempfile.mkdtemp(prefix="ddns-bench-"))
    # BIND and Knot drop root's rights and must reach their directories below this one.
    directory.chmod(0o711)
    try:
        with Supervisor(say=_say) as supervisor:
            provider = Provider(directory, settings="bench.settings")
            provider.start_servers(supervisor)
            if options.profile:
                Statements(provider.postgres).enable()
            provider.start_programs(supervisor)
            with Orders(provider.environment, directory / "desk.log") as orders:
                _Bench(provider, orders, options).run()
    except (LocalError, TimeoutError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    finally:
        if not options.keep:
            shutil.rmtree(directory, ignore_errors=True)
    return 0


class _Bench:
    """One set-up, measured case by case."""

    def __init__(self, provider: Provider, orders: Orders, options: argparse.Namespace) -> None:
        self.provider, self.orders, self.options = provider, orders, options
        self.first = 0
        self.statements = Statements(provider.postgres)
        self.hello: dict[int, dict] = {}
        cases = len(CASES) * len(options.concurrency)
        labels = [f"h{number}" for number in range(options.hosts + PROBE_HOSTS + cases)]
        _say(f"  registering {len(labels)} hostnames, each with a key of its own")
        customers = [Customer(**each) for each in orders.do("seed", domain=ZONE, labels=labels)]
        # A provider's database knows its tables; here autovacuum would come by only in the middle of a case.
        with psycopg.connect(provider.postgres.url, autocommit=True) as database:
            database.execute("ANALYZE")
        self.hosts, rest = customers[: options.hosts], customers[options.hosts :]
        self.probes, self.victims = rest[:PROBE_HOSTS], rest[PROBE_HOSTS:]
        self.hosts_file = provider.directory / "hosts"
        write_hosts(self.hosts_file, self.hosts)

    def run(self) -> None:
        self._settle()
        for case in ("changed", "hello"):
            self._load(case, self.options.concurrency[0], WARM_UP_SECONDS).result()
        for case in self.options.cases:
            for concurrency in self.options.concurrency:
                self._measure(case, concurrency)
                if self.options.profile:
                    self._profile(case, concurrency)

    def _profile(self, case: str, concurrency: int) -> None:
        """The same once more, under observation."""
        self._settle()
        self.statements.reset()
        load = self._load(case, concurrency, self.options.seconds)
        output = self.provider.directory / f"{case}-{concurrency}.stacks"
        stacks = Stacks(self.provider.servers["web"].pid, output, self.options.seconds - 1)
        functions = stacks.top()
        line = {"profile": case, "concurrency": concurrency, "requests": load.result()["requests"]}
        print(json.dumps({**line, "statements": self.statements.top(), "web": functions}), flush=True)

    def _measure(self, case: str, concurrency: int) -> None:
        self._settle()
        used, load_before = cpu.used(self.provider.servers), os.getloadavg()[0]
        load = self._load(case, concurrency, self.options.seconds)
        beside = {} if case == "hello" else self._beside(case)
        result = load.result()
        used_after = cpu.used(self.provider.servers)
        line = {"case": case, "concurrency": concurrency, **_summary(result, used, used_after), **beside}
        line["load_before"] = round(load_before, 2)
        if case == "hello":
            self.hello[concurrency] = line
        elif hello := self.hello.get(concurrency):
            line["rate_to_hello"] = round(line["requests_per_s"] / hello["requests_per_s"], 3)
            line["cpu_to_hello"] = round(line["cpu_ms_per_request"] / hello["cpu_ms_per_request"], 2)
        print(json.dumps(line), flush=True)

    def _load(self, case: str, concurrency: int, seconds: float) -> Load:
        first = self.first
        return Load(
            self.provider.web_port, self.hosts_file, case=case, concurrency=concurrency, seconds=seconds, first=first
        )

    def _settle(self) -> None:
        """Gives every host an address that the next window knows of."""
        self.first = (self.first + 1) % len(ADDRESSES)
        connection = Connection(self.provider.web_port)
        for customer in [*self.hosts, *self.probes, *self.victims]:
            connection.update(customer, ADDRESSES[self.first if customer in self.hosts else 0])
        connection.close()

    def _beside(self, case: str) -> dict:
        """What is measured by a few requests while the load runs."""
        ports = {"primary": self.provider.bind.port, "secondary": self.provider.knot.port}
        prober = Prober(self.provider.web_port, ports, self.probes)
        prober.run(max(1.0, self.options.seconds - SUSPENSION_SECONDS))
        times = {server: prober.milliseconds(server) for server in ports}
        prober.close()
        return {
            "dns_samples": len(times["primary"]),
            "dns_failures": prober.failures,
            **_percentiles("dns", times["primary"]),
            **_percentiles("dns_secondary", times["secondary"]),
            **suspension.measure(
                self.provider.web_port, ports["primary"], self.orders, self.victims.pop(), is_changing=case == "changed"
            ),
        }


def _summary(result: dict, used: dict[str, float], used_after: dict[str, float]) -> dict:
    requests = max(1, result["requests"])
    milliseconds = {name: (used_after[name] - used[name]) * 1e3 / requests for name in used}
    return {
        "requests": result["requests"],
        "requests_per_s": round(result["requests"] / result["seconds"], 1),
        "p50_ms": result["p50_ms"],
        "p99_ms": result["p99_ms"],
        "max_ms": result["max_ms"],
        "cpu_ms_per_request": round(sum(milliseconds.values()), 3),
        "cpu_ms_by": {name: round(value, 3) for name, value in milliseconds.items()},
        "failures": result["failures"],
        **({"failure": result["failure"]} if result["failures"] else {}),
    }


def _percentiles(name: str, times: Sequence[float]) -> dict:
    """Nearest rank."""
    if not times:
        return {f"{name}_p50_ms": None, f"{name}_p99_ms": None}
    rank = {percent: times[max(0, -(-len(times) * percent // 100) - 1)] for percent in (50, 99)}
    return {f"{name}_p{percent}_ms": round(value, 1) for percent, value in rank.items()}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=25, help="per case (25: some 220 probes of DNS)")
    parser.add_argument("--hosts", type=int, default=500)
    parser.add_argument("--concurrency", type=int, nargs="+", default=[8, 32])
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--profile", action="store_true", help="repeat each case to see where its time goes")
    parser.add_argument("--keep", action="store_true", help="leave the directory with data and logs behind")
    return parser.parse_args()


def _say(text: str) -> None:
    """Standard output is for the results."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
