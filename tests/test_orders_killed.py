"""Whoever carries out an order killed in its midst, the database and the nameserver too: it goes on, and does nothing twice."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta

import psycopg
import pytest

from abuse.order_chunks import CHUNK
from deploy.local.deadline import wait_for
from deploy.local.errors import BinaryMissing
from tests.left_out import left_out
from tests.stack import ZONE, Stack

# Of the order, in three chunks; and others in the same zone.
NAMES, INNOCENT = 3 * CHUNK, 200
PATIENCE = timedelta(seconds=180)

SEED = """
from abuse import order_acts
from ddns.models import Domain, Hostname, User
from dnsupdate import outbox
from tests.abuse import act_rows
alice = User.objects.create_user("alice@example.com")
domain = Domain.objects.get(name=zone)
wanted = {f"n{number}.{zone}": {"A": {"ttl": 60, "rdata": ["203.0.113.7"]}} for number in range(names + innocent)}
ids = outbox.publish(domain.zone, wanted)
rows = [
    Hostname(account=alice, domain=domain, name=name, publication_id=ids[name], ipv4="203.0.113.7") for name in wanted
]
Hostname.objects.bulk_create(rows)
order = act_rows.planned(rows[:names])
people = [User.objects.create_superuser(f"root{number}@example.com") for number in range(2)]
order_acts.propose(order, reason="the court says so", by=people[0])
result = str(order.pk)
"""
APPROVE = """
from abuse import order_acts
from abuse.models import Order
from ddns.models import User
order = Order.objects.get(pk=order)
order_acts.approve(order, by=User.objects.get(email="root1@example.com"), digest=order.plan_digest)
"""
COMPARE = """
from dnsupdate import verify
from dnsupdate.models import Zone
comparison = verify.compare(Zone.objects.select_related("primary__key").get())
result = [[str(each) for each in comparison.differences], comparison.waiting_count]
"""
VERIFY = """
from abuse import ledger
result = ledger.verify().entry_count
"""


@pytest.fixture
def desk(servers) -> Iterator[Stack]:
    """A stack of the test's own: others could not use one that is treated like this."""
    try:
        stack = Stack(servers.directory / "orders")
    except BinaryMissing as missing:
        left_out("stack", str(missing))
    try:
        stack.start()
        yield stack
    finally:
        stack.stop()


def one(stack: Stack, query: str, *values: object) -> object:
    """The only value; None while the database is away."""
    try:
        with stack.database() as database:
            return database.execute(query, values).fetchone()[0]
    except psycopg.OperationalError:
        return None


def acted_count(stack: Stack) -> object:
    return one(stack, "SELECT count(*) FROM abuse_orderitem WHERE state = 'acted'")


def is_published(stack: Stack) -> bool:
    return one(stack, "SELECT count(*) FROM dnsupdate_pendingpublication") == 0


@contextmanager
def held_back(stack: Stack, name: str) -> Iterator[None]:
    """Whoever acts on this name waits, in the midst of its chunk."""
    with stack.database() as database:
        database.execute("BEGIN")
        database.execute("SELECT FROM dnsupdate_publication WHERE name = %s FOR UPDATE", [name])
        yield
        # Else it went with the database.
        with suppress(psycopg.OperationalError):
            database.execute("ROLLBACK")


def wait_until_amid(stack: Stack, done: int) -> None:
    """Some chunks are done, and the next one waits."""

    def is_amid() -> bool:
        waiting = one(stack, "SELECT count(*) FROM pg_locks WHERE NOT granted")
        return acted_count(stack) == done and bool(waiting)

    wait_for(is_amid, PATIENCE, f"a worker behind {done} names")


def restart_database(stack: Stack) -> None:
    """As a crash does it: every process at once."""
    stack.postgres.kill()

    def is_back() -> bool:
        with suppress(Exception):
            stack.postgres.start()
        return stack.postgres.alive and acted_count(stack) is not None

    wait_for(is_back, PATIENCE, "the database")


@pytest.mark.servers
@pytest.mark.timeout(900)
def test_order_is_carried_out_exactly_whoever_is_killed(desk):
    order = desk.run(SEED, zone=ZONE, names=NAMES, innocent=INNOCENT)
    wait_for(lambda: is_published(desk), PATIENCE, "everything in DNS")
    assert desk.answer(f"n0.{ZONE}") == desk.answer(f"n{NAMES}.{ZONE}") == ["203.0.113.7"]

    with held_back(desk, f"n{CHUNK + CHUNK // 2}.{ZONE}"):
        desk.run(APPROVE, order=order)
        wait_until_amid(desk, CHUNK)
        desk.bind.kill()
        desk.worker.kill()
    with held_back(desk, f"n{2 * CHUNK + CHUNK // 2}.{ZONE}"):
        desk.worker.begin()
        wait_until_amid(desk, 2 * CHUNK)
        restart_database(desk)
    wait_for(lambda: acted_count(desk) == NAMES, PATIENCE, "the end of the act")
    desk.bind.start()
    wait_for(lambda: is_published(desk), PATIENCE, "everything in DNS")

    _check_rows(desk)
    # The zone is what the rows say, name by name.
    assert desk.run(COMPARE) == [[], 0]
    assert desk.answer(f"n0.{ZONE}") == desk.answer(f"n{NAMES - 1}.{ZONE}") == []
    assert desk.answer(f"n{NAMES}.{ZONE}") == ["203.0.113.7"]
    _check_report(desk, order)
    assert desk.run(VERIFY)


def _check_rows(stack: Stack) -> None:
    with stack.database() as database:
        covered = database.execute("SELECT hostname_id, order_item_id FROM abuse_suspension").fetchall()
        kinds = database.execute("SELECT kind FROM ddns_restriction").fetchall()
        rrsets = database.execute("SELECT name, rrsets FROM dnsupdate_publication WHERE name LIKE 'n%%'").fetchall()
        chunks = database.execute(
            "SELECT (details ->> 'first')::int, (details ->> 'last')::int, (details ->> 'count')::int "
            "FROM abuse_ledgerentry WHERE action = 'act-on-order' ORDER BY sequence"
        ).fetchall()
    assert len(covered) == len({hostname for hostname, _ in covered}) == len({item for _, item in covered}) == NAMES
    assert Counter(kinds) == {("suspended",): NAMES}
    answering = {name for name, answers in rrsets if answers}
    assert answering == {f"n{number}.{ZONE}" for number in range(NAMES, NAMES + INNOCENT)}
    assert chunks == [(first + 1, first + CHUNK, CHUNK) for first in range(0, NAMES, CHUNK)]


def _check_report(stack: Stack, order: str) -> None:
    """Signed once everything is proven."""
    proven = "SELECT count(*) FROM abuse_effectreport WHERE name_count = %s AND proven_count = %s"
    wait_for(lambda: one(stack, proven, NAMES, NAMES), PATIENCE, "the report")
    with stack.database() as database:
        (state,) = database.execute("SELECT state FROM abuse_order WHERE id = %s", [order]).fetchone()
        (body,) = database.execute("SELECT body FROM abuse_effectreport ORDER BY made_at DESC LIMIT 1").fetchone()
    report = json.loads(body)
    assert state == "answered"
    assert report["counts"]["done"] == {"suspended": NAMES}
    assert [item["position"] for item in report["items"]] == list(range(1, NAMES + 1))
    assert all("out_of_dns_at" in item for item in report["items"])
