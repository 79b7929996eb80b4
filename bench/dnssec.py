"""What signing costs a BIND primary, beside the unsigned zone: names per second, CPU per name, memory, journal, transfer."""

import argparse
import json
import os
import random
import secrets
import socket
import struct
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import dns.message
import dns.query
import dns.tsig

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench import cpu  # noqa: E402 - the path comes first
from deploy.local.bind import Bind  # noqa: E402
from deploy.local.signing import Denial  # noqa: E402
from deploy.local.tsig import TsigKey  # noqa: E402
from dnsupdate import messages, validation  # noqa: E402
from dnsupdate.messages import Change  # noqa: E402

APEX = "ddns.test"
NAMES_PER_MESSAGE = 250
ANSWER_SECONDS = 30
VALIDATION_COUNT = 500
CASES: dict[str, Denial | None] = {"unsigned": None, **{denial.value: denial for denial in Denial}}


@dataclass
class Session:
    """One connection and one chain of fences, so that messages can be built before they are sent."""

    bind: Bind
    key: dns.tsig.Key

    def __post_init__(self) -> None:
        self.connection = socket.create_connection((self.bind.host, self.bind.port), timeout=ANSWER_SECONDS)
        self.stream = self.connection.makefile("rb")
        self.fence: list[bytes] = []
        self.number = 0

    def build(self, names: Sequence[str], address: str) -> messages.UpdateMessage:
        self.number += 1
        rrsets = {"A": {"ttl": 60, "rdata": [address]}}
        message = messages.build(
            APEX,
            [Change(0, name, 1, rrsets) for name in names],
            self.key,
            message_id=secrets.randbits(16),
            fence=self.fence,
            next_fence=f"bench-{self.number}",
            now=int(time.time()),
        )
        self.fence = [messages.fence_rdata(f"bench-{self.number}")]
        return message

    def send(self, message: messages.UpdateMessage) -> None:
        self.connection.sendall(struct.pack("!H", len(message.wire)) + message.wire)
        (length,) = struct.unpack("!H", self.stream.read(2))
        messages.check_answer(self.stream.read(length), message, self.key)

    def close(self) -> None:
        self.stream.close()
        self.connection.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000], help="names in the zone")
    parser.add_argument("--messages", type=int, default=100, help=f"measured, of {NAMES_PER_MESSAGE} names each")
    parser.add_argument("--cases", nargs="+", default=list(CASES), choices=list(CASES))
    arguments = parser.parse_args()
    for size in arguments.sizes:
        for case in arguments.cases:
            with tempfile.TemporaryDirectory(prefix="bench-dnssec-") as directory:
                Path(directory).chmod(0o711)
                print(json.dumps(measure(Path(directory), case, size, arguments.messages)), flush=True)
    return 0


def measure(directory: Path, case: str, size: int, message_count: int) -> dict:
    """Fills a zone, changes names all over it by messages built beforehand, one in flight, and transfers it."""
    key = TsigKey.generate("bench")
    denial = CASES[case]
    bind = Bind(directory / "bind", zones=[APEX], key=key, signed={APEX: denial} if denial else None)
    load_before = os.getloadavg()[0]
    with bind:
        session = Session(bind, dns.tsig.Key(key.name, key.secret, key.algorithm))
        names = [f"host-{number}.{APEX}" for number in range(size)]
        cpu_at_start = cpu.used({"bind": bind})["bind"]
        fill_s = _timed(lambda: [session.send(session.build(chunk, "192.0.2.1")) for chunk in _chunks(names)])
        # Another address each time: one that a name has already would cost next to nothing.
        built = [
            session.build(random.sample(names, NAMES_PER_MESSAGE), f"198.51.{number // 256}.{number % 256}")
            for number in range(message_count)
        ]
        journal_before, cpu_before = _journal_size(bind), cpu.used({"bind": bind})["bind"]
        seconds = _timed(lambda: [session.send(message) for message in built])
        changed = message_count * NAMES_PER_MESSAGE
        cpu_used = cpu.used({"bind": bind})["bind"] - cpu_before
        result = {
            "case": case,
            "zone_names": size,
            "names_per_s": round(changed / seconds),
            "ms_per_message": round(seconds / message_count * 1e3, 1),
            "cpu_us_per_name": round(cpu_used / changed * 1e6, 1),
            "cpu_us_per_new_name": round((cpu_before - cpu_at_start) / size * 1e6, 1),
            "fill_names_per_s": round(size / fill_s),
            "journal_octets_per_name": round((_journal_size(bind) - journal_before) / changed),
            "memory_mib": round(_memory(bind.pid) / 2**20),
            "axfr_mib": round(_transfer_size(bind, session.key) / 2**20, 1),
            "load_before": round(load_before, 1),
        }
        if denial:
            result |= {
                "validate_us": _validate_us(bind, "host-1"),
                "validate_nxdomain_us": _validate_us(bind, "nobody"),
            }
        session.close()
    return result


def _timed(work) -> float:
    begin = time.monotonic()
    work()
    return time.monotonic() - begin


def _chunks(names: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(names), NAMES_PER_MESSAGE):
        yield names[start : start + NAMES_PER_MESSAGE]


def _journal_size(bind: Bind) -> int:
    return (bind.directory / f"{APEX}.zone.jnl").stat().st_size


def _memory(pid: int) -> int:
    """Resident, in octets."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) * 1024


def _transfer_size(bind: Bind, key: dns.tsig.Key) -> int:
    transfer = dns.query.xfr(
        bind.host, APEX, port=bind.port, keyring={key.name: key}, keyname=key.name, timeout=60, lifetime=600
    )
    return sum(len(message.wire or b"") for message in transfer)


def _validate_us(bind: Bind, label: str) -> int:
    """Our processor time for one answer."""
    keys = validation.trust(_ask(bind, APEX, "DNSKEY"), APEX)
    answer = _ask(bind, f"{label}.{APEX}", "A")
    begin = time.process_time()
    for _ in range(VALIDATION_COUNT):
        if not validation.validate(answer, keys).is_valid:
            raise AssertionError(validation.validate(answer, keys))
    return round((time.process_time() - begin) / VALIDATION_COUNT * 1e6)


def _ask(bind: Bind, name: str, type_name: str) -> dns.message.Message:
    query = dns.message.make_query(name, type_name, flags=0, want_dnssec=True)
    return dns.query.tcp(query, bind.host, port=bind.port, timeout=ANSWER_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
