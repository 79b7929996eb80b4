"""Races: real threads, real transactions; whoever comes second sees what the first has decided."""

import random
import threading
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial
from ipaddress import IPv4Address, ip_address

import pytest
from django.db import transaction

from ddns import accounts, address_updates, hostnames
from ddns.address_updates import Caller, Changed, Restricted, Unchanged, Wish
from ddns.addresses import Addresses
from ddns.errors import Conflict, NameUnavailable, TooManyHostnames, WrongKey
from ddns.models import AddressUpdate, Hostname, Restriction, User
from deploy.local.deadline import wait_for
from dnsupdate import batches, leases, outbox
from dnsupdate.models import PendingPublication, Publication
from tests.ddns.together import Together, somebody_waits_for_a_lock, together

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 15


@pytest.fixture
def caller(key) -> Caller:
    return Caller(key, ip_address("198.51.100.9"), "Test/1.0", "dyndns2")


def wish(number: int, **options) -> Wish:
    return Wish(Addresses(ipv4=IPv4Address("203.0.113.0") + number % 256), **options)


def update(caller: Caller, number: int, name: str = "home.ddns.test", **options):
    """Tries until nobody is in the way, as a device does after 911."""
    while True:
        with suppress(Conflict):
            return address_updates.update(caller, [name], wish(number, **options))[0]


def publication(hostname: Hostname) -> Publication:
    return Publication.objects.get(pk=hostname.publication_id)


def test_eight_writers_of_one_hostname_leave_an_unbroken_history(home, caller, settings):
    settings.CHANGES_PER_HOSTNAME = 0

    def write(first: int) -> list[object]:
        return [update(caller, first + 8 * step) for step in range(ROUNDS)]

    before = publication(home).revision
    outcomes = [outcome for each in together(*(partial(write, number) for number in range(8))) for outcome in each]

    history = list(AddressUpdate.objects.filter(hostname=home).values_list("old_ipv4", "new_ipv4"))
    assert set(map(type, outcomes)) == {Changed}
    assert len(history) == 8 * ROUNDS
    assert publication(home).revision == before + 8 * ROUNDS
    home.refresh_from_db()
    assert publication(home).rrsets["A"]["rdata"] == [home.ipv4]
    # A chain: every address but the first and the last was left as often as it was reached.
    left, reached = Counter(old for old, _ in history), Counter(new for _, new in history)
    assert left - reached == Counter([None])
    assert reached - left == Counter([home.ipv4])


def test_the_same_address_from_eight_writers_is_one_change(home, caller):
    outcomes = together(*[partial(update, caller, 5)] * 8)

    assert Counter(map(type, outcomes)) == {Changed: 1, Unchanged: 7}
    assert AddressUpdate.objects.count() == 1


def test_an_update_in_flight_cannot_undo_a_suspension(home, caller):
    for _ in range(ROUNDS):
        stop = threading.Event()

        def write(first: int, stop=stop) -> object:
            number, outcome = first, None
            while not stop.is_set():
                outcome = update(caller, number, wildcard=None)
                number += 3
            return outcome

        with Together(*(partial(write, number) for number in range(3))) as threads:
            hostnames.suspend(home)
            seen = [publication(home).rrsets for _ in range(20)]
            stop.set()

        assert seen == [{}] * 20
        assert publication(home).rrsets == {}
        assert update(caller, 1) == Restricted()
        assert {type(outcome) for outcome in threads.results} <= {Restricted, Changed, Unchanged, type(None)}
        hostnames.reinstate(home)
        home.refresh_from_db()
        assert home.ipv4 is None or publication(home).rrsets["A"]["rdata"] == [home.ipv4]


def test_neither_offline_nor_wildcard_in_flight_can_undo_a_suspension(home, caller):
    update(caller, 1, wildcard=True)
    for number in range(ROUNDS):
        with Together(
            *(partial(update, caller, number, offline=offline, wildcard=wildcard)
              for offline in (True, False) for wildcard in (True, False))
        ):  # fmt: skip
            hostnames.suspend(home)
            assert not any(Publication.objects.values_list("rrsets", flat=True))

        assert not any(Publication.objects.values_list("rrsets", flat=True))
        hostnames.reinstate(home)


def test_an_update_in_flight_cannot_undo_the_deactivation_of_an_account(alice, home, caller):
    def write(first: int) -> None:
        for step in range(50):
            with suppress(WrongKey):
                update(caller, first + 3 * step)

    for _ in range(ROUNDS):
        with Together(*(partial(write, number) for number in range(3))):
            accounts.deactivate(alice)
            seen = [publication(home).rrsets for _ in range(20)]

        assert seen == [{}] * 20
        assert publication(home).rrsets == {}
        with pytest.raises(WrongKey):
            update(caller, 1)
        accounts.reactivate(alice)


def test_a_name_goes_to_exactly_one_of_two_customers(alice, bob, domain):
    def register(account: User, label: str) -> bool:
        try:
            return bool(hostnames.register(account, domain=domain, label=label))
        except NameUnavailable:
            return False

    for number in range(ROUNDS):
        label = f"wanted{number}"
        results = together(*(partial(register, account, label) for account in (alice, bob, alice, bob)))

        assert Counter(results) == {True: 1, False: 3}
        assert Hostname.objects.filter(name=f"{label}.ddns.test").count() == 1


def test_requests_at_once_cannot_take_more_hostnames_than_the_account_may_have(alice, domain, settings):
    settings.HOSTNAMES_PER_ACCOUNT = 3

    def register(number: int) -> bool:
        try:
            return bool(hostnames.register(alice, domain=domain, label=f"h{number}"))
        except TooManyHostnames:
            return False

    results = together(*(partial(register, number) for number in range(8)))

    assert Counter(results) == {True: 3, False: 5}
    assert Hostname.objects.held_by(alice).count() == 3


def test_two_suspensions_at_once_are_one_restriction(home):
    together(*[partial(hostnames.suspend, home)] * 4)

    assert Restriction.objects.count() == 1
    assert publication(home).rrsets == {}


def test_deactivation_locks_all_names_in_the_order_of_the_publisher(home, office, caller):
    update(caller, 1, office.name, wildcard=True)
    below_office = Hostname.objects.get(pk=office.pk).wildcard_publication_id
    has_locked = threading.Event()

    def publish() -> None:
        with transaction.atomic():
            outbox.lock([below_office])
            has_locked.set()
            wait_for(somebody_waits_for_a_lock, timedelta(seconds=20), "the deactivation at the lock")
            outbox.lock([home.publication_id])

    def deactivate() -> None:
        has_locked.wait()
        accounts.deactivate(home.account)

    together(publish, deactivate)

    assert publication(home).rrsets == {}


def test_whatever_is_done_to_wildcard_hostnames_at_once_deadlocks_nobody(home, office, caller, domain):
    """Updated, configured, suspended, reinstated, withdrawn with the account, and marked published."""
    names = [home, office]
    for name in names:
        update(caller, 1, name.name, wildcard=True)
    lease = leases.claim(domain.zone_id)
    # As a page has them that was opened before somebody switched the wildcard on.
    stale = [Hostname(pk=name.pk, publication_id=name.publication_id) for name in names]

    def write(first: int) -> None:
        for step in range(2 * ROUNDS):
            with suppress(WrongKey):
                update(caller, first + step, random.choice(names).name)

    def reconfigure() -> None:
        for step in range(ROUNDS):
            with suppress(WrongKey):
                update(caller, step, random.choice(names).name, offline=bool(step % 2), wildcard=bool(step % 3))

    def suspend() -> None:
        for _ in range(ROUNDS):
            for name in random.sample(stale, 2):
                hostnames.suspend(name)
                hostnames.reinstate(name)

    def withdraw() -> None:
        for _ in range(ROUNDS):
            accounts.deactivate(home.account)
            accounts.reactivate(home.account)

    def publish() -> None:
        for _ in range(3 * ROUNDS):
            batches.mark_published(replace(lease), batches.read(domain.zone_id))

    together(partial(write, 0), partial(write, 100), reconfigure, suspend, withdraw, publish, publish)

    batches.mark_published(lease, batches.read(domain.zone_id))
    assert not PendingPublication.objects.exists()
    for name in Hostname.objects.all():
        assert publication(name).rrsets == hostnames.desired_rrsets(name)
        below = Publication.objects.get(pk=name.wildcard_publication_id).rrsets
        assert below == (hostnames.desired_rrsets(name) if name.wildcard else {})
