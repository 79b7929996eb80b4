"""Everything killed at random under load: nothing acknowledged is lost, and all heals by itself."""

import json
import os
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta

import psycopg
import pytest

from bench.customers import Customer
from deploy.local.deadline import wait_for
from deploy.local.errors import BinaryMissing
from tests.kills import LOOK_EVERY, Fleet, Host, Killer, pause_after
from tests.left_out import left_out
from tests.stack import ZONE, Stack

# For a quicker look: KILL_SECONDS=25 ./test tests/test_kill.py -s
DURATION = timedelta(seconds=int(os.environ.get("KILL_SECONDS", "120")))
# From the last kill until all is well: the longest pause after a failure is half a minute.
HEALED = timedelta(seconds=90)
# The load of bench/update.py: as much as the machine takes.
HOSTS, CONNECTIONS = 500, 32

# One account with all of them, changed as fast as the machine can.
ENVIRONMENT = {
    "DDNS_PLANS": json.dumps({"free": {"hostnames": 1000, "keys": 1000}}),
    **{f"DDNS_CHANGES_PER_{kind}": "0" for kind in ("HOSTNAME", "KEY", "ACCOUNT")},
}

# What a client may see while parts are down; everything else would make some router give up for good.
TOLERATED = {
    "911", "BrokenPipeError", "ConnectionError", "ConnectionRefusedError", "ConnectionResetError",
}  # fmt: skip

COMPARE = """
from dnsupdate import verify
from dnsupdate.models import Zone
comparison = verify.compare(Zone.objects.select_related("primary__key").get())
result = [[str(each) for each in comparison.differences], comparison.waiting_count]
"""


@pytest.fixture
def fragile(servers) -> Iterator[Stack]:
    """A stack of the test's own: others could not use one that is treated like this."""
    try:
        stack = Stack(servers.directory / "fragile", web_workers=2, environment=ENVIRONMENT)
    except BinaryMissing as missing:
        left_out("stack", str(missing))
    try:
        stack.start()
        yield stack
    finally:
        stack.stop()


@pytest.mark.servers
@pytest.mark.timeout(DURATION.total_seconds() + 240)
def test_nothing_acknowledged_is_lost_when_everything_is_killed_at_random(fragile):
    seed = int(os.environ.get("KILL_SEED") or random.randrange(1_000_000))
    labels = [f"h{number}" for number in range(HOSTS)]
    key = fragile.customer("alice@example.com", *labels)
    stop = threading.Event()
    hosts = [Host(Customer(f"{label}.{ZONE}", key)) for label in labels]
    fleets = [Fleet(fragile.web_port, hosts[first::CONNECTIONS], stop) for first in range(CONNECTIONS)]
    killer = Killer(fragile, seed)
    try:
        for fleet in fleets:
            fleet.start()
        killer.run(DURATION)
        _let_all_update_once_more(killer, hosts)
        stop.set()
        _keep_up_until(killer, lambda: not any(fleet.is_alive() for fleet in fleets), "the end of the fleets")
        _keep_up_until(killer, lambda: _waiting_count(fragile) == 0, "publication of everything that waits")
        killer.keep_up(LOOK_EVERY)
    finally:
        stop.set()
        killer.close()
        print(_story(seed, killer, fleets))
    assert len({kill.what for kill in killer.kills}) > 5
    assert sum((fleet.refusals for fleet in fleets), Counter()).keys() <= TOLERATED
    history, addresses = _history(fragile), _addresses(fragile)
    for host in hosts:
        assert _first_missing(host.acknowledged, history[host.customer.name]) is None
        assert addresses[host.customer.name] in (host.acknowledged[-1], host.attempted)
    assert fragile.run(COMPARE) == [[], 0]


def _let_all_update_once_more(killer: Killer, hosts: list[Host]) -> None:
    before = [len(host.acknowledged) for host in hosts]
    _keep_up_until(
        killer,
        lambda: all(len(host.acknowledged) > count + 1 for host, count in zip(hosts, before, strict=True)),
        "updates by everybody",
    )


def _keep_up_until(killer: Killer, check: Callable[[], bool], what: str) -> None:
    """Nothing is done by hand meanwhile: what has died is started again, as before."""

    def keep_up_and_check() -> bool:
        killer.keep_up(LOOK_EVERY)
        return check()

    wait_for(keep_up_and_check, HEALED, what)


def _waiting_count(stack: Stack) -> int | None:
    """Publications on their way, None while the database is."""
    try:
        with stack.database() as database:
            dirty = "SELECT count(*) FROM dnsupdate_publication WHERE published_revision < revision"
            pending = "SELECT count(*) FROM dnsupdate_pendingpublication"
            return database.execute(f"SELECT ({dirty}) + ({pending})").fetchone()[0]
    except psycopg.OperationalError:
        return None


def _history(stack: Stack) -> dict[str, list[str]]:
    """Every address that each hostname was given, in order."""
    with stack.database() as database:
        rows = database.execute(
            "SELECT name, array_agg(host(new_ipv4) ORDER BY ddns_addressupdate.id) "
            "FROM ddns_addressupdate JOIN ddns_hostname ON ddns_hostname.id = hostname_id GROUP BY name"
        )
        return dict(rows.fetchall())


def _addresses(stack: Stack) -> dict[str, str]:
    with stack.database() as database:
        return dict(database.execute("SELECT name, host(ipv4) FROM ddns_hostname").fetchall())


def _first_missing(acknowledged: list[str], history: list[str]) -> str | None:
    """The first acknowledged address that the history does not have, or not in its place."""
    rest = iter(history)
    return next((address for address in acknowledged if address not in rest), None)


def _story(seed: int, killer: Killer, fleets: list[Fleet]) -> str:
    """What happened, for people: seconds until the next acknowledgement and the next publication after each kill."""
    acknowledged_at = sorted(at for fleet in fleets for at in fleet.acknowledged_at)
    refusals = sum((fleet.refusals for fleet in fleets), Counter())
    begin = acknowledged_at[0] if acknowledged_at else 0
    seconds = acknowledged_at[-1] - begin if acknowledged_at else 0
    lines = [
        f"KILL_SEED={seed}: {len(acknowledged_at)} updates acknowledged in {seconds:.0f} s, "
        f"answered otherwise: {dict(refusals)}"
    ]
    for kill in killer.kills:
        answered, published = pause_after(kill, acknowledged_at), pause_after(kill, killer.published_at)
        lines.append(
            f"{kill.at - begin:6.1f} s  {kill.what:30}  answers after {answered} s, publishes after {published} s"
        )
    return "\n".join([*lines, f"{killer.published_at[-1] - begin:6.1f} s  all published"])
