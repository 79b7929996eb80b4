"""python bench/desk.py: how long the desk's pages take at scale, and how fast reports come in (README.md)."""

import argparse
import http.client
import json
import os
import shutil
import statistics
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))


from bench.orders import Orders  # noqa: E402 - the path comes first
from bench.provider import Services  # noqa: E402
from deploy.local.errors import LocalError  # noqa: E402
from deploy.local.ports import LOOPBACK  # noqa: E402
from deploy.local.supervisor import Supervisor  # noqa: E402

# A session without a second factor, and one sender that may send everything.
ENVIRONMENT = {
    "DDNS_STAFF_NEEDS_SECOND_FACTOR": "false",
    "DDNS_ABUSE_REQUESTS_PER_KEY": "100000000",
    "DDNS_ABUSE_REQUESTS_PER_NETWORK": "100000000",
}
WARM_UP = 5
CASES_LOOKED_AT = 20
SENDERS = 8
# Until all are read and scored.
READ_SECONDS = 1200.0


def main() -> int:
    options = _options()
    directory = Path(tempfile.mkdtemp(prefix="ddns-bench-"))
    directory.chmod(0o711)
    try:
        with Supervisor(say=_say) as supervisor:
            services = Services(directory)
            services.environment.update(ENVIRONMENT)
            supervisor.start(services.postgres, services.valkey)
            services.manage("migrate", "--noinput")
            services.manage("collectstatic", "--noinput")
            web, _publish, other, _beat = services.programs
            supervisor.start(web)
            with Orders(services.environment, directory / "hands.log", module="bench.case_rows") as orders:
                began = time.monotonic()
                seeded = orders.do("seed", hostnames=options.hostnames, cases=options.cases)
                _print({"what": "seeded", **seeded, "seconds": round(time.monotonic() - began, 1)})
                _measure_blocks(orders)
                _measure_pages(services, orders, options)
                supervisor.start(other)
                _measure_intake(services, orders, options)
    except (LocalError, TimeoutError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    return 0


def _measure_blocks(orders: Orders) -> None:
    """What a block would meet is looked for before it is decided: nearly nothing, a lot, and everything."""
    networks = ["198.51.100.0/24", "198.18.7.0/24", "198.18.0.0/16"]
    patterns = ["h1234567*", "*paypal*", "h*zone*", "*12345*"]
    blocks = [("block_network", "network", each) for each in networks]
    blocks += [("block_pattern", "pattern", each) for each in patterns]
    for action, name, value in blocks:
        load = _load()
        shown = orders.do("preview", action=action, parameters={name: value})
        _print({"what": action, name: value, **shown, "load_before": load})


def _measure_pages(services: Services, orders: Orders, options: argparse.Namespace) -> None:
    """One line for each page: the web's own time on one connection, and how many queries it asks."""
    cookie = orders.do("login")["cookie"]
    cases = [orders.do("open_case", offset=offset)["id"] for offset in range(CASES_LOOKED_AT)]
    pages = {
        "start": ["/admin/"],
        "queue": ["/admin/abuse/case/"],
        "case": [f"/admin/abuse/case/{case}/" for case in cases],
        "search": ["/admin/abuse/case/?q=h74.zone5.test"],
        "submissions": ["/admin/abuse/submission/"],
        "ledger": ["/admin/abuse/ledgerentry/"],
    }
    for name, paths in pages.items():
        load = _load()
        times, octets = _ask(services.web_port, paths, cookie, options.requests)
        asked = orders.do("queries", path=paths[0])
        figures = {
            "what": name,
            "p50_ms": round(statistics.median(times) * 1e3, 1),
            "p95_ms": round(statistics.quantiles(times, n=20)[-1] * 1e3, 1),
            "queries": asked["queries"],
            "octets": octets,
            "load_before": load,
        }
        _print(figures)


def _measure_intake(services: Services, orders: Orders, options: argparse.Namespace) -> None:
    """Sends reports by the API as fast as it answers, then waits until all are read; every acknowledged one must be there."""
    key = orders.do("reporter_key")["key"]
    before = orders.do("counts")
    bodies = [_report(number, options.hostnames) for number in range(options.reports)]
    load, began = _load(), time.monotonic()
    accepted = _send(services.web_port, key, bodies)
    stored_after = time.monotonic() - began
    end = time.monotonic() + READ_SECONDS
    while (counts := orders.do("counts"))["unread"]:
        if time.monotonic() > end:
            raise TimeoutError(f"{counts['unread']} submissions are still unread")
        time.sleep(0.2)
    read_after = time.monotonic() - began
    # Whoever works meanwhile has the queue.
    cookie, queue = orders.do("login")["cookie"], []
    while left := orders.do("counts")["unscored"]:
        if time.monotonic() > end:
            raise TimeoutError(f"{left} cases have no score")
        queue += _ask(services.web_port, ["/admin/abuse/case/"], cookie, WARM_UP)[0]
        time.sleep(1)
    scored_after = time.monotonic() - began
    figures = {
        "what": "intake",
        "sent": len(bodies),
        "accepted": len(accepted),
        "accepted_per_s": round(len(accepted) / stored_after, 1),
        "read_after_s": round(read_after, 1),
        "read_per_s": round(len(accepted) / read_after, 1),
        "scored_after_s": round(scored_after, 1),
        "queue_p50_ms": round(statistics.median(queue) * 1e3, 1) if queue else None,
        "lost": len(accepted) - orders.do("found", ids=accepted)["count"],
        "new_reports": counts["reports"] - before["reports"],
        "new_cases": counts["cases"] - before["cases"],
        "load_before": load,
    }
    _print(figures)


def _send(port: int, key: str, bodies: Sequence[bytes]) -> list[str]:
    """The ids of the submissions that were acknowledged."""
    accepted: list[str] = []
    failures: list[str] = []

    def send(share: Sequence[bytes]) -> None:
        connection = http.client.HTTPConnection(LOOPBACK, port)
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        for body in share:
            connection.request("POST", "/api/v1/reports", body=body, headers=headers)
            response = connection.getresponse()
            answer = response.read()
            if response.status == 202:
                accepted.append(json.loads(answer)["id"])
            else:
                failures.append(f"{response.status} {answer[:200]!r}")
        connection.close()

    threads = [threading.Thread(target=send, args=[bodies[number::SENDERS]]) for number in range(SENDERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        print(f"bench: {len(failures)} were refused, the first: {failures[0]}", file=sys.stderr)
    return accepted


def _report(number: int, hostnames: int) -> bytes:
    """XARF 4 about one of the seeded names, each about another one."""
    hostname = 1 + (number * 7919) % hostnames
    party = {"org": "Example CERT", "contact": "cert@cert.example", "domain": "cert.example"}
    return json.dumps(
        {
            "xarf_version": "4.2.0",
            "report_id": str(uuid.uuid4()),
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "reporter": party,
            "sender": party,
            "source_identifier": "198.18.0.7",
            "category": "content",
            "type": "phishing",
            "url": f"http://h{hostname}.zone{hostname % 23}.test/login",
            "evidence_source": "automated_scan",
            "description": "It imitates a bank.",
        }
    ).encode()


def _ask(port: int, paths: Sequence[str], cookie: str, count: int) -> tuple[list[float], int]:
    """Seconds of each request, one after the other and the paths in turn, and the octets of the last page."""
    connection = http.client.HTTPConnection(LOOPBACK, port)
    times, octets = [], 0
    for number in range(WARM_UP + count):
        path = paths[number % len(paths)]
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


def _load() -> float:
    return round(os.getloadavg()[0], 2)


def _print(figures: dict) -> None:
    print(json.dumps(figures), flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hostnames", type=int, default=4_000_000, metavar="COUNT")
    parser.add_argument("--cases", type=int, default=50_000, metavar="COUNT", help="four reports each")
    parser.add_argument("--reports", type=int, default=10_000, metavar="COUNT", help="sent by the API")
    parser.add_argument("--requests", type=int, default=100, metavar="COUNT", help="of each page")
    return parser.parse_args()


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
