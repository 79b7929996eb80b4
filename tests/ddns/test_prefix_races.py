"""Races of prefixes and of updates that are for all or none: real threads, real transactions."""

import threading
from collections import Counter
from contextlib import suppress
from functools import partial
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

import pytest
from django.db import OperationalError

from ddns import accounts, address_updates, hostnames, joint_updates, prefixes
from ddns.address_updates import Caller, Changed, Restricted, Wish
from ddns.addresses import Addresses
from ddns.errors import Conflict, WrongKey
from ddns.models import AddressUpdate, Hostname
from dnsupdate.models import PendingPublication, Publication
from tests.ddns.devices import caller as caller_with
from tests.ddns.devices import stored
from tests.ddns.test_races import Together, together

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 8
OLD, NEW = IPv6Network("2001:db8:1::/56"), IPv6Network("2001:db8:2::/56")


@pytest.fixture
def caller(key) -> Caller:
    return caller_with(key)


@pytest.fixture
def followers(alice, domain) -> list[Hostname]:
    """Twelve, with interface ids 1 to 12; every third has a wildcard, whose name comes before all others."""
    held = []
    for number in range(1, 13):
        hostname = hostnames.register(alice, domain=domain, label=f"h{number}")
        prefixes.follow(hostname, IPv6Address(number))
        if number % 3 == 0:
            hostnames.configure(hostname, wildcard=True)
        held.append(hostname)
    return held


def move(caller: Caller, prefix: IPv6Network) -> dict[str, object]:
    """Until nobody is in the way, as a device does after 911."""
    while True:
        with suppress(Conflict):
            return dict(prefixes.move(caller, prefix))


def assert_consistent(followers: list[Hostname]) -> None:
    """DNS is told what the rows say, and every history is a chain."""
    for hostname in followers:
        _, ipv6 = stored(hostname)
        for publication in Publication.objects.filter(name__in=[hostname.name, f"*.{hostname.name}"]):
            assert publication.rrsets["AAAA"]["rdata"] == [ipv6]
        history = AddressUpdate.objects.filter(hostname=hostname).values_list("old_ipv6", "new_ipv6")
        left, reached = Counter(old for old, _ in history), Counter(new for _, new in history)
        assert left - reached == Counter([None])
        assert reached - left == Counter([ipv6])


def test_two_prefixes_at_once_leave_each_hostname_in_one_of_them(followers, caller, monkeypatch):
    monkeypatch.setattr(prefixes, "CHUNK", 5)
    for _ in range(ROUNDS):
        together(*(partial(move, caller, prefix) for prefix in (OLD, NEW) * 2))

        for number, hostname in enumerate(followers, start=1):
            assert stored(hostname)[1] in (str(OLD[number]), str(NEW[number]))
    assert_consistent(followers)


def test_a_prefix_and_the_devices_own_updates_lose_nothing(followers, caller):
    def update_each(last: int) -> None:
        for hostname in reversed(followers):
            wish = Wish(Addresses(ipv4=IPv4Address("203.0.113.0") + last))
            while True:
                with suppress(Conflict):
                    assert address_updates.update(caller, [hostname.name], wish) == [Changed()]
                    break

    for last in range(1, ROUNDS + 1):
        together(partial(move, caller, OLD if last % 2 else NEW), partial(update_each, last))
        assert {stored(hostname)[0] for hostname in followers} == {f"203.0.113.{last}"}
        assert all(ip_address(stored(hostname)[1]) in (OLD if last % 2 else NEW) for hostname in followers)


def test_a_prefix_in_flight_cannot_undo_a_suspension(followers, caller):
    victim = followers[6]
    for _ in range(ROUNDS):
        stop = threading.Event()

        def keep_moving(stop=stop) -> None:
            while not stop.is_set():
                for prefix in (OLD, NEW):
                    move(caller, prefix)

        with Together(keep_moving, keep_moving):
            hostnames.suspend(victim)
            seen = [Publication.objects.get(pk=victim.publication_id).rrsets for _ in range(20)]
            stop.set()

        assert seen == [{}] * 20
        assert move(caller, OLD)[victim.name] == Restricted()
        hostnames.reinstate(victim)


def test_a_prefix_in_flight_cannot_undo_a_deactivation(followers, caller, alice):
    for _ in range(ROUNDS):

        def keep_moving() -> None:
            with suppress(WrongKey):
                while True:
                    for prefix in (OLD, NEW):
                        move(caller, prefix)

        with Together(keep_moving, keep_moving):
            accounts.deactivate(alice)

        names = [hostname.name for hostname in followers]
        assert not Publication.objects.filter(name__in=names).exclude(rrsets={}).exists()
        accounts.reactivate(alice)


def test_what_was_interrupted_is_completed_by_sending_again(followers, caller, monkeypatch):
    monkeypatch.setattr(prefixes, "CHUNK", 5)
    decide, calls = address_updates.decide, []

    def break_at_the_eighth(*args, **options):
        calls.append(args)
        if len(calls) == 8:
            raise OperationalError("The database went away.")
        return decide(*args, **options)

    monkeypatch.setattr(address_updates, "decide", break_at_the_eighth)
    with pytest.raises(OperationalError):
        prefixes.move(caller, NEW)
    assert AddressUpdate.objects.count() == 5, "the first chunk is committed, the second wholly undone"

    outcomes = Counter(type(outcome).__name__ for _, outcome in prefixes.move(caller, NEW))

    assert outcomes == {"Unchanged": 5, "Changed": 7}
    assert AddressUpdate.objects.count() == 12
    assert_consistent(followers)


def test_whatever_moved_waits_to_be_published(followers, caller):
    PendingPublication.objects.all().delete()

    move(caller, NEW)

    names = set(PendingPublication.objects.values_list("publication__name", flat=True))
    assert names == {each.name for each in followers} | {f"*.{each.name}" for each in followers[2::3]}


def test_all_or_none_holds_while_one_of_them_is_suspended(home, office, caller):
    names = [home.name, office.name]
    for number in range(1, ROUNDS + 1):
        wish = Wish(Addresses(ipv4=IPv4Address("203.0.113.0") + number))
        before = stored(home), stored(office)
        outcomes, _ = together(
            lambda wish=wish: joint_updates.update(caller, dict.fromkeys(names, lambda _: wish)),
            partial(hostnames.suspend, office),
        )
        after = stored(home), stored(office)

        if Restricted() in outcomes.values():
            assert after == before
        else:
            assert after == ((str(wish.addresses.ipv4), None),) * 2
        assert Publication.objects.get(pk=office.publication_id).rrsets == {}
        hostnames.reinstate(office)


def test_lists_in_opposite_orders_do_not_wait_for_each_other(followers, caller):
    names = [hostname.name for hostname in followers]

    def update_all(names: list[str], number: int) -> None:
        wish = Wish(Addresses(ipv4=IPv4Address("203.0.113.0") + number))
        joint_updates.update(caller, dict.fromkeys(names, lambda _: wish))

    for number in range(0, 2 * ROUNDS, 2):
        together(partial(update_all, names, number), partial(update_all, names[::-1], number + 1))

        assert len({stored(hostname) for hostname in followers}) == 1
