"""python bench/messages.py: what building and signing UPDATE messages costs, ours beside dnspython's ways (README.md)."""

import argparse
import base64
import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.tsig
import dns.update

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from dnsupdate import messages  # noqa: E402 - the path comes first
from dnsupdate.messages import Change  # noqa: E402

APEX = "ddns.test"
KEY = dns.tsig.Key("publisher", base64.b64encode(bytes(32)).decode(), "hmac-sha256")
FENCE = "0123456789ab-1"
ROUNDS = 20


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--names", type=int, default=250, help="per message")
    names = parser.parse_args().names
    changes = [
        Change(number, f"host-{number}.{APEX}", 1, {"A": {"ttl": 60, "rdata": [f"192.0.2.{number % 250}"]}})
        for number in range(names)
    ]
    for way in (ours, dnspython_from_text, dnspython_from_objects):
        octets, seconds = _time(way, changes)
        cost = round(seconds / names * 1e6, 2)
        print(json.dumps({"way": way.__name__, "names": names, "us_per_name": cost, "octets": octets}))
    return 0


def ours(changes: Sequence[Change]) -> bytes:
    fence = [messages.fence_rdata(FENCE)]
    return messages.build(APEX, changes, KEY, message_id=1, fence=fence, next_fence=FENCE, now=int(time.time())).wire


def dnspython_from_text(changes: Sequence[Change]) -> bytes:
    update = dns.update.UpdateMessage(APEX, keyring=KEY)
    for change in changes:
        update.delete(change.name + ".")
        for type_name, rrset in change.rrsets.items():
            update.add(change.name + ".", rrset["ttl"], type_name, *rrset["rdata"])
    return update.to_wire()


def dnspython_from_objects(changes: Sequence[Change]) -> bytes:
    """Names and rdata are objects before the update is made, as the documentation advises for many of them."""
    update = dns.update.UpdateMessage(APEX, keyring=KEY)
    origin = dns.name.from_text(APEX)
    for change in changes:
        name = dns.name.from_text(change.name).relativize(origin)
        update.delete(name)
        for type_name, rrset in change.rrsets.items():
            rdtype = dns.rdatatype.from_text(type_name)
            rdatas = [dns.rdata.from_text(dns.rdataclass.IN, rdtype, text) for text in rrset["rdata"]]
            for rdata in rdatas:
                update.add(name, rrset["ttl"], rdata)
    return update.to_wire()


def _time(way: Callable[[Sequence[Change]], bytes], changes: Sequence[Change]) -> tuple[int, float]:
    """Octets of the message, and the fastest of some rounds in seconds of CPU."""
    times = []
    for _ in range(ROUNDS):
        began = time.process_time()
        octets = len(way(changes))
        times.append(time.process_time() - began)
    return octets, min(times)


if __name__ == "__main__":
    sys.exit(main())
