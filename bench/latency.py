"""Latency at rest: from the commit of one update to the answers of the primary and of its secondaries."""

import random
import time
from contextlib import ExitStack

from bench import nameservers
from bench.customers import ADDRESSES
from bench.figures import percentiles
from bench.rig import Case, Rig, say
from bench.sightings import Sightings

NAMES = 50
# Between two updates: what the publisher does behind an update must be over.
SHORTEST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.2, 0.3
LATEST_SECONDS = 10.0


def measure(rig: Rig, case: Case, sample_count: int) -> dict:
    """With BIND and Knot as secondaries side by side. Milliseconds."""
    with ExitStack() as stack:
        followers = nameservers.secondaries(case.primary, case.primary.directory.parent)
        for each in followers.values():
            # Killed: nobody needs what it would write down.
            stack.callback(lambda each=each: each.alive and each.kill())
        nameservers.attach(case.primary, list(followers.values()))
        say("  the secondaries are level")
        ports = {"primary": case.primary.port, **{f"secondary_{kind}": each.port for kind, each in followers.items()}}
        return _sample(rig, case, ports, sample_count)


def _sample(rig: Rig, case: Case, ports: dict[str, int], sample_count: int) -> dict:
    zone = case.zones[0]
    names = [zone.seeded.name(number) for number in random.sample(range(zone.seeded.count), NAMES)]
    sightings = Sightings(ports, names)
    times: dict[str, list[float]] = {server: [] for server in ports}
    failures = 0
    for sample in range(sample_count):
        started_at = time.monotonic()
        number, address = sample % NAMES, ADDRESSES[random.randrange(len(ADDRESSES) // 2) * 2 + sample // NAMES % 2]
        rig.orders.send("publish", zone_id=zone.id, name=names[number], address=address)
        sighting = sightings.expect(number, address)
        failures += not sightings.look_for(sighting, list(ports), LATEST_SECONDS)
        sightings.forget(sighting)
        committed_at = rig.orders.receive()["committed_at"]
        for server, seen_at in sighting.seen_at.items():
            times[server].append(max(0.0, seen_at - committed_at) * 1e3)
        pause = random.uniform(SHORTEST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS)
        time.sleep(max(0.0, started_at + pause - time.monotonic()))
    sightings.close()
    figures = {"samples": sample_count, "failures": failures}
    for server, each in times.items():
        figures |= percentiles(server, sorted(each))
    return figures
