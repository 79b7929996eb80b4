"""Races of orders: updates under way, others that run the same order, decisions and stops meanwhile; real threads."""

import threading
from contextlib import suppress
from datetime import timedelta
from functools import partial
from ipaddress import IPv4Address, ip_address

import pytest
from django.contrib.auth.models import Group

from abuse import decisions, ledger, order_acts, order_chunks, roles
from abuse.errors import AbuseError
from abuse.models import LedgerEntry, Order, OrderGroup, Suspension
from ddns import address_updates, hostnames, keys
from ddns.address_updates import Caller, Changed, Restricted, Wish
from ddns.addresses import Addresses
from ddns.errors import Conflict, DdnsError
from ddns.models import Hostname, Restriction, User
from deploy.local.deadline import wait_for
from dnsupdate.models import Publication
from tests.abuse import act_rows
from tests.abuse.stories import open_case
from tests.ddns.together import Together, somebody_waits_for_a_lock

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE = timedelta(seconds=60)
ROUNDS = 4
NAMES = 12


@pytest.fixture
def boss(db) -> User:
    roles.make_missing()
    user = User.objects.create_user("boss@example.com", is_staff=True)
    user.groups.add(Group.objects.get(name=roles.SENIOR))
    return user


@pytest.fixture
def held(alice, domain, settings) -> list[Hostname]:
    settings.CHANGES_PER_HOSTNAME = 0
    # All names of a domain, by one person, again and again.
    settings.ABUSE_PER_MILLE_OF_ZONE, settings.ABUSE_NAMES_PER_HOUR = 1000, 10_000
    for number in range(NAMES):
        hostnames.register(alice, domain=domain, label=f"n{number}")
    return list(Hostname.objects.select_related("account"))


@pytest.fixture
def caller(alice) -> Caller:
    return Caller(keys.create(alice, label="router")[1], ip_address("198.51.100.9"), "Test/1.0", "dyndns2")


def update(caller: Caller, name: str, number: int) -> object:
    """Tries until nobody is in the way, as a device does after 911."""
    wish = Wish(Addresses(ipv4=IPv4Address("203.0.113.0") + number % 256))
    while True:
        with suppress(Conflict):
            return address_updates.update(caller, [name], wish)[0]


def run_to_its_end(order: Order) -> None:
    def is_done() -> bool:
        order_acts.run(order.pk, seconds=60)
        order.refresh_from_db()
        return order.state not in (Order.State.ACTING, Order.State.UNDOING)

    wait_for(is_done, PATIENCE, "the end of the order")


@pytest.mark.parametrize("action", [OrderGroup.Action.SUSPEND, OrderGroup.Action.HOLD])
def test_updates_under_way_neither_override_the_order_nor_get_lost(held, caller, boss, monkeypatch, action):
    monkeypatch.setattr(order_chunks, "CHUNK", 4)
    for _ in range(ROUNDS):
        order = act_rows.planned(held)
        act_rows.regroup(order, action=action)
        acknowledged: dict[str, int] = {}
        stop = threading.Event()

        def write(mine: list[Hostname], stop=stop, acknowledged=acknowledged) -> None:
            number = 0
            while not stop.is_set():
                number += 1
                for each in mine:
                    if isinstance(update(caller, each.name, number), Changed):
                        acknowledged[each.name] = number

        with Together(*(partial(write, held[first::3]) for first in range(3))):
            order_acts.propose(order, reason="court", by=boss)
            run_to_its_end(order)
            after = dict(acknowledged)
            outcomes = {type(update(caller, each.name, 200)) for each in held}
            stop.set()

        assert outcomes == {Restricted}
        assert Restriction.objects.count() == NAMES
        # Nothing that was acknowledged is lost, and DNS says what the restriction does.
        stored = {each.name: each.ipv4 for each in Hostname.objects.all()}
        assert {name: stored[name] for name in after} == {
            name: str(IPv4Address("203.0.113.0") + number % 256) for name, number in acknowledged.items()
        }
        for each in Publication.objects.filter(name__startswith="n", rrsets__has_key="A"):
            assert action == OrderGroup.Action.HOLD
            assert each.rrsets["A"]["rdata"] == [stored[each.name]]
        order_acts.undo(order, by=boss, reason="mistake")
        run_to_its_end(order)
        rows = Publication.objects.filter(name__startswith="n")
        assert {each.name: each.rrsets["A"]["rdata"][0] for each in rows if each.rrsets} == {
            name: address for name, address in stored.items() if address
        }


def test_of_several_who_run_an_order_one_is_at_it(held, boss, monkeypatch):
    monkeypatch.setattr(order_chunks, "CHUNK", 1)
    order = act_rows.planned(held)
    order_acts.propose(order, reason="court", by=boss)
    with Together(*[partial(order_acts.run, order.pk, seconds=60)] * 4):
        pass
    run_to_its_end(order)

    assert Suspension.objects.count() == NAMES
    entries = LedgerEntry.objects.filter(action="act-on-order", details__count=1)
    assert sorted(each.details["first"] for each in entries) == list(range(1, NAMES + 1))
    assert order_acts.progress(order).done_count == NAMES
    ledger.verify()


def test_whoever_finds_an_order_in_hand_leaves_at_once(held, boss, monkeypatch):
    order = act_rows.planned(held)
    order_acts.propose(order, reason="court", by=boss)
    began, go_on = threading.Event(), threading.Event()
    act = order_chunks.act

    def slow(*args):
        began.set()
        go_on.wait(30)
        return act(*args)

    monkeypatch.setattr(order_chunks, "act", slow)
    with Together(partial(order_acts.run, order.pk, seconds=60)):
        began.wait(30)
        order_acts.run(order.pk, seconds=60)
        assert not Suspension.objects.exists()
        go_on.set()

    assert Suspension.objects.count() == NAMES


def test_a_stop_waits_for_the_chunk_and_for_no_more(held, boss, monkeypatch):
    monkeypatch.setattr(order_chunks, "CHUNK", 3)
    order = act_rows.planned(held)
    order_acts.propose(order, reason="court", by=boss)
    began, go_on = threading.Event(), threading.Event()
    act = order_chunks.act

    def slow(*args):
        began.set()
        go_on.wait(30)
        return act(*args)

    monkeypatch.setattr(order_chunks, "act", slow)
    with Together(
        partial(order_acts.run, order.pk, seconds=60),
        lambda: began.wait(30) and order_acts.stop(order, by=boss, reason="wait"),
    ):
        wait_for(somebody_waits_for_a_lock, PATIENCE, "who stops")
        go_on.set()

    order.refresh_from_db()
    assert order.state == Order.State.STOPPED
    assert Suspension.objects.count() < NAMES
    assert Suspension.objects.count() == order_acts.progress(order).done_count


def test_decisions_about_the_same_names_meanwhile_take_their_turn(held, boss, oscar, monkeypatch):
    monkeypatch.setattr(order_chunks, "CHUNK", 2)
    order = act_rows.planned(held)
    cases = [open_case(each) for each in held[:6]]

    def decide() -> None:
        for case in cases:
            with suppress(AbuseError):
                decisions.take(case, action="suspend", reason="bad", by=oscar, keep_open=True)

    def configure() -> None:
        for each in held[6:]:
            with suppress(DdnsError):
                hostnames.configure(each, wildcard=True)

    order_acts.propose(order, reason="court", by=boss)
    with Together(decide, configure, partial(run_to_its_end, order)):
        pass

    assert Restriction.objects.filter(kind="suspended").count() == NAMES
    assert Suspension.objects.in_force().filter(order_item__isnull=False).count() == NAMES
    assert set(map(str, Publication.objects.exclude(name="ddns.test").values_list("rrsets", flat=True))) == {"{}"}


def test_a_release_at_the_same_time_is_before_or_refused(held, boss, monkeypatch):
    monkeypatch.setattr(order_chunks, "CHUNK", 2)
    order = act_rows.planned(held)

    def release() -> None:
        for each in reversed(held):
            with suppress(DdnsError):
                hostnames.release(each)

    order_acts.propose(order, reason="court", by=boss)
    with Together(release, partial(run_to_its_end, order)):
        pass

    states = dict(order.items.values_list("name", "state"))
    released = set(Hostname.objects.exclude(released_at=None).values_list("name", flat=True))
    assert {name for name, state in states.items() if state == "left"} == released
    assert Restriction.objects.count() == NAMES - len(released)
