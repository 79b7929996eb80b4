"""python bench/dashboard.py: how long a customer's dashboard takes, by how many hostnames the account has (README.md)."""

import argparse
import http.client
import json
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from bench.orders import Orders  # noqa: E402 - the path comes first
from bench.provider import ZONE, Services  # noqa: E402
from deploy.local.errors import LocalError  # noqa: E402
from deploy.local.ports import LOOPBACK  # noqa: E402
from deploy.local.supervisor import Supervisor  # noqa: E402

QUERIES = {"first": "", "last contact": "?sort=contact", "search": "?q=n1"}
WARM_UP = 5


def main() -> int:
    options = _options()
    directory = Path(tempfile.mkdtemp(prefix="ddns-bench-"))
    directory.chmod(0o711)
    try:
        with Supervisor(say=_say) as supervisor:
            services = Services(directory)
            supervisor.start(services.postgres, services.valkey)
            services.manage("migrate", "--noinput")
            services.manage("collectstatic", "--noinput")
            (web, *_) = services.programs
            supervisor.start(web)
            with Orders(services.environment, directory / "desk.log") as orders:
                _measure(services, orders, options)
    except (LocalError, TimeoutError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    return 0


def _measure(services: Services, orders: Orders, options: argparse.Namespace) -> None:
    """One line for each list and size; the smallest account is what the others are compared with."""
    smallest: dict[str, float] = {}
    for count in sorted(options.hostnames):
        cookie = orders.do("household", domain=ZONE, count=count)["cookie"]
        for name, query in QUERIES.items():
            times, octets = _ask(services.web_port, f"/hostnames/{query}", cookie, options.requests)
            p50 = statistics.median(times)
            smallest.setdefault(name, p50)
            figures = {
                "list": name,
                "hostnames": count,
                "p50_ms": round(p50 * 1e3, 1),
                "p95_ms": round(statistics.quantiles(times, n=20)[-1] * 1e3, 1),
                "octets": octets,
                "to_smallest": round(p50 / smallest[name], 2),
            }
            print(json.dumps(figures), flush=True)


def _ask(port: int, path: str, cookie: str, count: int) -> tuple[list[float], int]:
    """Seconds of each request, one after the other, and the octets of the page."""
    connection = http.client.HTTPConnection(LOOPBACK, port)
    times, octets = [], 0
    for number in range(WARM_UP + count):
        begin = time.perf_counter()
        connection.request("GET", path, headers={"Cookie": cookie})
        response = connection.getresponse()
        octets = len(response.read())
        if response.status != 200:
            raise TimeoutError(f"{path} answers {response.status}")
        if number >= WARM_UP:
            times.append(time.perf_counter() - begin)
    connection.close()
    return times, octets


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hostnames", type=int, nargs="+", default=[10, 2000], metavar="COUNT")
    parser.add_argument("--requests", type=int, default=100, metavar="COUNT")
    return parser.parse_args()


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
