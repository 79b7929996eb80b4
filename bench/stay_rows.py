"""The hands that measure who shares an address, and what is gathered about a case, told by JSON lines.

`python -m bench.stay_rows` with the environment of the services; answers one line for each.
"""

import json
import statistics
import sys
import time
from collections.abc import Callable

import django

from bench.case_rows import _seed

CROWDED = "198.18.0.7"
MOST_SECONDS = 120

_CHANGES = """
    INSERT INTO ddns_addressupdate (hostname_id, at, source, agent, protocol, old_ipv4, new_ipv4)
    SELECT id, now(), ipv4, 'inadyn/2.12.0', 'dyndns2', ipv4, '198.19.0.0'::inet + (id %% 65536)
    FROM ddns_hostname ORDER BY id LIMIT %s
"""
# Behind one gateway: a carrier's.
_CROWD = """
    INSERT INTO abuse_stay (hostname_id, address, since)
    SELECT id, %s::inet, now() - interval '1 hour' FROM ddns_hostname ORDER BY id DESC LIMIT %s ON CONFLICT DO NOTHING
"""
_SIZES = """
    SELECT pg_table_size('abuse_stay') / 1048576, pg_indexes_size('abuse_stay') / 1048576, count(*) FROM abuse_stay
"""


def main() -> None:
    django.setup()
    verbs = {"seed": _seed, "gather": _gather, "follow": _follow, "crowd": _crowd, "look": _look}
    for line in sys.stdin:
        order = json.loads(line)
        print(json.dumps(verbs[order.pop("do")](**order)), flush=True)


def _gather() -> dict:
    """All names that were there before, from nothing."""
    from django.db import connection

    from abuse import stays

    began = time.monotonic()
    stays.follow()
    while not stays.gather():
        pass
    seconds = time.monotonic() - began
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE abuse_stay")
        cursor.execute(_SIZES)
        table, indexes, count = cursor.fetchone()
    return {
        "stays": count,
        "seconds": round(seconds, 1),
        "per_s": round(count / seconds),
        "table_mb": table,
        "indexes_mb": indexes,
    }


def _follow(changes: int) -> dict:
    """So many names move, each once; how fast the stays follow."""
    from django.db import connection

    from abuse import stays

    with connection.cursor() as cursor:
        cursor.execute(_CHANGES, [changes])
    began, total = time.monotonic(), 0
    while total < changes and time.monotonic() - began < MOST_SECONDS:
        total += stays.follow()
    return {"changes": total, "per_s": round(total / (time.monotonic() - began))}


def _crowd(names: int) -> dict:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(_CROWD, [CROWDED, names])
        cursor.execute("ANALYZE abuse_stay")
    return {"names": names}


def _look(cases: int, *, is_crowded: bool = False) -> dict:
    """Milliseconds that each part of a case's screen takes over so many open cases, and its queries."""
    from abuse import harm, links, scoring, signals, timeline
    from abuse.models import Case
    from ddns.models import Hostname

    found = list(Case.objects.in_queue().filter(hostname__isnull=False)[:cases])
    if is_crowded:
        Hostname.objects.filter(pk__in=[each.hostname_id for each in found]).update(ipv4=CROWDED)
    parts = {
        "facts": signals.gather,
        "links": links.of,
        "timeline": timeline.of,
        "harm": harm.of,
        "rescore": scoring.rescore,
    }
    return {name: _timed(part, found) for name, part in parts.items()}


def _timed(part: Callable, cases: list) -> dict:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    part(cases[0])
    times = []
    for case in cases:
        began = time.perf_counter()
        part(case)
        times.append((time.perf_counter() - began) * 1e3)
    with CaptureQueriesContext(connection) as asked:
        part(cases[-1])
    quantiles = statistics.quantiles(times, n=20)
    return {"p50_ms": round(statistics.median(times), 1), "p95_ms": round(quantiles[-1], 1), "queries": len(asked)}


if __name__ == "__main__":
    main()
