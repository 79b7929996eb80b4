"""The hands that write publications during a measurement, by the outbox, told by JSON lines.

`python -m bench.writer` with the environment of the services; answers one line for each. Times are seconds of the
machine's monotonic clock.
"""

import json
import sys
import time

import django

from bench.customers import ADDRESSES
from bench.zones import TTL, a


def main() -> None:
    django.setup()
    verbs = {
        "facts": _facts, "add_zone": _add_zone, "dirty": _dirty, "wake": _wake, "publish": _publish,
        "withdraw": _withdraw,
    }  # fmt: skip
    for line in sys.stdin:
        order = json.loads(line)
        print(json.dumps(verbs[order.pop("do")](**order)), flush=True)


def _facts() -> dict:
    from dnsupdate import batch_size

    return {"max_names": batch_size.SIZES[0]}


def _add_zone(apex: str, host: str, port: int, key: str) -> dict:
    from dnsupdate import tsig_keys, zones

    return {"id": zones.add(apex, host=host, port=port, key=tsig_keys.parse(key)).pk}


def _dirty(zone_id: int, first_id: int, step: int, offset: int, count: int, round: int) -> dict:
    """Gives every step-th of the zone's names another address, `count` at most, in one statement. Wakes nobody."""
    from django.db import connection

    from dnsupdate.models.pending import Urgency

    # The queue's own half of the statement, whatever it is by now.
    from dnsupdate.outbox import _QUEUE

    statement = f"""
        WITH written AS (
            UPDATE dnsupdate_publication
            SET rrsets = jsonb_build_object('A', jsonb_build_object('ttl', %(ttl)s::int, 'rdata', jsonb_build_array(
                    (%(addresses)s::text[])[1 + (id + %(round)s) %% cardinality(%(addresses)s::text[])]))),
                revision = revision + 1, refusal = ''
            WHERE zone_id = %(zone)s AND id >= %(first)s AND id < %(first)s + %(step)s * %(count)s
                AND (id - %(first)s) %% %(step)s = %(offset)s
            RETURNING id, zone_id
        ), queued AS ({_QUEUE.format(urgency=Urgency.ORDINARY.value)})
        SELECT count(*) FROM written
    """
    values = {"zone": zone_id, "first": first_id, "step": step, "offset": offset, "count": count, "round": round}
    with connection.cursor() as cursor:
        cursor.execute(statement, {**values, "addresses": ADDRESSES, "ttl": TTL})
        return {"count": cursor.fetchone()[0]}


def _wake(zone_ids: list[int]) -> dict:
    from dnsupdate import wake

    woken_at = time.monotonic()
    for zone_id in zone_ids:
        wake.wake(zone_id)
    return {"woken_at": woken_at}


def _publish(zone_id: int, name: str, address: str) -> dict:
    return _commit(zone_id, {name: a(address)}, is_withdrawal=False)


def _withdraw(zone_id: int, name: str) -> dict:
    return _commit(zone_id, {name: {}}, is_withdrawal=True)


def _commit(zone_id: int, wanted: dict, *, is_withdrawal: bool) -> dict:
    from django.db import transaction

    from dnsupdate import outbox
    from dnsupdate.models import Zone
    from dnsupdate.models.pending import Urgency

    zone = Zone.objects.get(pk=zone_id)
    times: list[float] = []
    with transaction.atomic():
        # Registered first, so that it runs first: right behind the commit.
        transaction.on_commit(lambda: times.append(time.monotonic()))
        outbox.publish(zone, wanted, Urgency.WITHDRAWAL if is_withdrawal else Urgency.ORDINARY)
    return {"committed_at": times[0]}


if __name__ == "__main__":
    main()
