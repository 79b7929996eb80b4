"""python bench/verify.py: how fast a zone is compared with its rows, and in how much memory (README.md)."""

import argparse
import json
import os
import resource
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address
from itertools import islice
from pathlib import Path

import psycopg

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from deploy.local.bind import Bind  # noqa: E402 - the path comes first
from deploy.local.data_directory import write_private  # noqa: E402
from deploy.local.errors import LocalError  # noqa: E402
from deploy.local.ports import LOOPBACK  # noqa: E402
from deploy.local.postgres import Postgres  # noqa: E402
from deploy.local.program import Program  # noqa: E402
from deploy.local.supervisor import Supervisor  # noqa: E402
from deploy.local.tsig import TsigKey  # noqa: E402
from deploy.local.valkey import Valkey  # noqa: E402
from deploy.local.zones import file_of, zone_file  # noqa: E402

ZONE = "ddns.test"
# In this order, each in a process of its own.
CASES = ("transfer", "rows", "compare", "change", "changes", "plant", "differences", "queue")
DIFFERENCES = CHANGES = 1000
# Of a hundred hostnames.
DUAL, WILDCARD, WITHDRAWN = range(85, 95), range(95, 98), range(98, 100)
V4, V6 = int(IPv4Address("10.0.0.0")), int(IPv6Address("2001:db8::"))

Name = tuple[str, list[tuple[str, str]]]


def main() -> int:
    options = _options()
    if options.child:
        return _child(options.child)
    directory = Path(tempfile.mkdtemp(prefix="ddns-bench-"))
    # BIND drops root's rights and must reach its directory below this one.
    directory.chmod(0o711)
    try:
        with Supervisor(say=_say) as supervisor:
            print(json.dumps(_Bench(directory, supervisor, options).run()), flush=True)
    except (LocalError, TimeoutError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    finally:
        if not options.keep:
            shutil.rmtree(directory, ignore_errors=True)
    return 0


class _Bench:
    """One PostgreSQL, one BIND, and the same names in both."""

    def __init__(self, directory: Path, supervisor: Supervisor, options: argparse.Namespace) -> None:
        self.directory, self.options = directory, options
        key = TsigKey.generate("publisher")
        self.bind = Bind(directory / "bind", zones=[ZONE], key=key)
        self.bind.start_time *= 20
        self.postgres = Postgres(directory / "postgres")
        self.valkey = Valkey(directory / "valkey")
        self._write_zone()
        supervisor.start(self.postgres, self.valkey, self.bind)
        self.environment = {
            **os.environ,
            "DATABASE_URL": self.postgres.url,
            "REDIS_URL": self.valkey.url,
            "DDNS_MODE": "provider",
            "DDNS_SECRET_KEY": secrets.token_urlsafe(50),
            "DDNS_ALLOWED_HOSTS": LOOPBACK,
            "DDNS_LOG_LEVEL": "ERROR",
        }
        key_file = directory / "tsig.key"
        write_private(key_file, str(key))
        self._manage("migrate", "--noinput")
        address = f"{LOOPBACK}:{self.bind.port}"
        self._manage(
            "add_domain", ZONE, "--nameserver", address, "--key-file", str(key_file), "--output", str(directory / "x")
        )
        self._write_rows()

    def run(self) -> dict:
        line: dict = {"names": self.options.names, "load_before": round(os.getloadavg()[0], 2)}
        for case in CASES:
            _say(f"  {case}")
            line.update(self._measure(case))
            if case == "compare":
                self.environment["BENCH_BASE"] = json.dumps(line.pop("compare_base"))
        if self.options.refill:
            line.update(self._refill())
        for name in ("compare", "differences"):
            line[f"{name}_to_ceiling"] = round(line[f"{name}_names_per_s"] / self._ceiling(line), 2)
        return line

    def _refill(self) -> dict:
        """The primary loses its disk: what verify_zone --repair takes until all is queued, and a worker until it is published."""
        with psycopg.connect(self.postgres.url, autocommit=True) as database:
            database.execute("UPDATE dnsupdate_publication SET published_revision = revision")
            database.execute("TRUNCATE dnsupdate_pendingpublication")
            database.execute("VACUUM ANALYZE dnsupdate_publication")
        self.bind.stop()
        for left in self.bind.directory.glob(f"{ZONE}.zone*"):
            left.unlink()
        self.bind.start()
        line = {}
        for case in ("lost", "drain"):
            _say(f"  {case}")
            line.update(self._measure(case))
        return line

    @staticmethod
    def _ceiling(line: dict) -> float:
        """Names per second of reading the transfer and then the rows, and comparing nothing."""
        return line["names"] / (line["transfer_seconds"] + line["rows_seconds"])

    def _measure(self, case: str) -> dict:
        argv = [sys.executable, __file__, "--child", case]
        done = subprocess.run(argv, env=self.environment, stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            raise LocalError(f"{case} ended with status {done.returncode}.")
        found = json.loads(done.stdout.splitlines()[-1])
        if case != "compare":
            found.pop("base", None)
        rate = {"names_per_s": round(found["names"] / found["seconds"])} if "seconds" in found else {}
        return {f"{case}_{name}": value for name, value in {**found, **rate}.items()}

    def _manage(self, *command: str) -> None:
        argv = [sys.executable, "manage.py", *command]
        Program(command[0], argv, env=self.environment, log=self.directory / f"{command[0]}.log").run()

    def _write_zone(self) -> None:
        path = file_of(self.bind.directory, ZONE)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w") as file:
            file.write(zone_file(ZONE))
            for name, records in _names(self.options.names):
                file.writelines(f"{name}.{ZONE}. 60 IN {rdtype} {rdata}\n" for rdtype, rdata in records)
        if self.bind.user is not None:
            os.chown(path, self.bind.user.pw_uid, self.bind.user.pw_gid)

    def _write_rows(self) -> None:
        columns = "zone_id, name, rrsets, revision, published_revision, refusal"
        with psycopg.connect(self.postgres.url, autocommit=True) as database:
            (zone,) = database.execute("SELECT id FROM dnsupdate_zone").fetchone()
            with database.cursor().copy(f"COPY dnsupdate_publication ({columns}) FROM STDIN") as copy:
                for name, records in _names(self.options.names):
                    rrsets = {rdtype: {"ttl": 60, "rdata": [rdata]} for rdtype, rdata in records}
                    copy.write_row((zone, f"{name}.{ZONE}", json.dumps(rrsets), 1, 1, ""))
            database.execute("VACUUM ANALYZE dnsupdate_publication")


def _names(count: int) -> Iterator[Name]:
    """Hostnames as a provider has them, in an order that is not that of their names; twins count as names."""
    written = number = 0
    while written < count:
        label = f"h{number * 2_654_435_761 % 2**32:x}-{number % 1000}"
        share = number % 100
        records = [("A", str(IPv4Address(V4 + number)))] if share not in WITHDRAWN else []
        if share in DUAL:
            records.append(("AAAA", str(IPv6Address(V6 + number))))
        yield label, records
        written += 1
        if share in WILDCARD and written < count:
            yield f"*.{label}", records
            written += 1
        number += 1


# --- In a process of its own --------------------------------------------------------------------------------


def _child(case: str) -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    from dnsupdate.models import Zone

    zone = Zone.objects.select_related("primary__key").get()
    print(json.dumps(globals()[f"_{case}"](zone)))
    return 0


def _timed(work) -> dict:
    base, began, cpu = _peak(), time.perf_counter(), time.process_time()
    found = work()
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    return {**found, "seconds": round(seconds, 2), "cpu_seconds": round(cpu, 2), "peak_mib": _peak(), "base_mib": base}


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def _transfer(zone) -> dict:
    from dnsupdate import transfers

    return _timed(lambda: {"names": len(transfers.whole(zone).names)})


def _rows(zone) -> dict:
    from dnsupdate import publications

    return _timed(lambda: {"names": sum(map(len, publications.slices(zone)))})


def _compare(zone, since=None) -> dict:
    from dnsupdate import verify

    def compare() -> dict:
        found = verify.compare(zone, since=since)
        return {
            "names": found.name_count,
            "found": len(found.differences),
            "method": "AXFR" if found.from_serial is None else "IXFR",
            "base": [found.serial, found.fence],
        }

    return _timed(compare)


_differences = _compare


def _change(zone) -> dict:
    """Other addresses for some, published as a worker does it."""
    from dnsupdate import outbox, publisher

    wanted = {
        f"{name}.{ZONE}": {"A": {"ttl": 60, "rdata": ["192.0.2.1"]}} for name, _ in islice(_names(10**9), CHANGES)
    }
    outbox.publish(zone, wanted)
    while not publisher.drain(zone.pk):
        pass
    return {}


def _changes(zone) -> dict:
    from dnsupdate import verify

    return _compare(zone, verify.Base(*json.loads(os.environ["BENCH_BASE"])))


def _plant(zone) -> dict:
    """As somebody with the key would, by hand: two fifths deleted, the others added or changed."""
    import dns.query
    import dns.update

    key = zone.primary.key.for_messages()
    names = (f"{name}.{ZONE}." for name, records in _names(10**9) if records)
    for start in range(0, DIFFERENCES, 100):
        update = dns.update.UpdateMessage(ZONE, keyring=key)
        for number, name in zip(range(start, start + 100), names, strict=False):
            if number % 5 < 2:
                update.delete(name)
            else:
                update.replace(name if number % 5 == 2 else f"planted{number}.{ZONE}.", 60, "A", "203.0.113.1")
        assert dns.query.tcp(update, zone.primary.host, port=zone.primary.port, timeout=30).rcode() == 0
    return {}


def _queue(zone) -> dict:
    """All names queued again, as for a primary that lost its disk."""
    from dnsupdate import outbox
    from dnsupdate.models import Publication

    names = list(Publication.objects.filter(zone=zone).values_list("name", flat=True))

    def queue() -> dict:
        outbox.republish(zone, names)
        return {"names": len(names)}

    return _timed(queue)


def _lost(zone) -> dict:
    """As manage.py verify_zone --repair does."""
    from dnsupdate import verifications

    def heal() -> dict:
        found = verifications.run(zone, repair=True)
        took = found.finished_at - found.started_at
        return {
            "names": found.compared_count,
            "found": found.missing_count,
            "run_seconds": round(took.total_seconds(), 1),
        }

    return _timed(heal)


def _drain(zone) -> dict:
    """Publishes the refill; a new update and a withdrawal amid it show what they wait for."""
    from datetime import timedelta

    from dnsupdate import outbox, publisher, verifications
    from dnsupdate.models import Publication

    count = verifications.repair_waiting_count(zone)
    amid = f"amid.{ZONE}"

    def drain() -> dict:
        waits = []
        turns = 0
        while not publisher.drain(zone.pk, timedelta(seconds=2)):
            turns += 1
            if turns == 3:
                began = time.perf_counter()
                outbox.publish(zone, {amid: {"A": {"ttl": 60, "rdata": ["192.0.2.1"]}}})
                publisher.drain(zone.pk, timedelta(milliseconds=50))
                assert Publication.objects.get(name=amid).published_at is not None
                waits.append(time.perf_counter() - began)
        return {"names": count, "overtaking_ms": round(waits[0] * 1e3) if waits else None}

    return _timed(drain)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--names", type=int, default=1_000_000)
    parser.add_argument("--refill", action="store_true", help="at last, let the primary lose its disk and refill it")
    parser.add_argument("--keep", action="store_true", help="leave the directory with data and logs behind")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    return parser.parse_args()


def _say(text: str) -> None:
    """Standard output is for the result."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
