"""python bench/stays.py: what it costs to know who shares an address, and to gather what a case's screen shows (README.md)."""

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from bench.orders import Orders  # noqa: E402 - the path comes first
from bench.provider import Services  # noqa: E402
from deploy.local.errors import LocalError  # noqa: E402
from deploy.local.supervisor import Supervisor  # noqa: E402


def main() -> int:
    options = _options()
    directory = Path(tempfile.mkdtemp(prefix="ddns-bench-"))
    directory.chmod(0o711)
    try:
        with Supervisor(say=_say) as supervisor:
            services = Services(directory)
            supervisor.start(services.postgres, services.valkey)
            services.manage("migrate", "--noinput")
            with Orders(services.environment, directory / "hands.log", module="bench.stay_rows") as orders:
                _measure(orders, options)
    except (LocalError, RuntimeError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    return 0


def _measure(orders: Orders, options: argparse.Namespace) -> None:
    began = time.monotonic()
    seeded = orders.do("seed", hostnames=options.hostnames, cases=options.cases)
    _print("seeded", seeded | {"seconds": round(time.monotonic() - began, 1)})
    _print("gather", orders.do("gather"))
    _print("follow", orders.do("follow", changes=options.changes))
    for part, figures in orders.do("look", cases=options.looks).items():
        _print(part, figures)
    orders.do("crowd", names=options.crowd)
    for part, figures in orders.do("look", cases=options.looks, is_crowded=True).items():
        _print(f"{part}, {options.crowd:,} names at the address", figures)


def _print(what: str, figures: dict) -> None:
    print(json.dumps({"what": what, **figures, "load_before": round(os.getloadavg()[0], 2)}), flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hostnames", type=int, default=4_000_000, metavar="COUNT")
    parser.add_argument("--cases", type=int, default=50_000, metavar="COUNT", help="four reports each")
    parser.add_argument("--changes", type=int, default=200_000, metavar="COUNT", help="that are followed")
    parser.add_argument("--looks", type=int, default=100, metavar="COUNT", help="cases that are looked at")
    parser.add_argument("--crowd", type=int, default=100_000, metavar="COUNT", help="names at one address")
    return parser.parse_args()


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
