"""Address changes: every one told once to those who asked, whatever is committed when, behind the hot path's back."""

import threading
from datetime import timedelta
from ipaddress import IPv4Address

import pytest
from django.db import connection, transaction
from django.utils import timezone

from ddns import address_changes, address_updates, preferences, webhooks
from ddns.address_updates import Caller, Wish
from ddns.addresses import Addresses
from ddns.models import AddressUpdate, Cursor, Delivery, Hostname, Notification, User
from ddns.models.notifications import Kind
from tests.ddns.devices import caller
from tests.ddns.test_races import together

URL = "https://hooks.example/"


@pytest.fixture
def device_of_alice(home: Hostname, key: str) -> Caller:
    """What happened before anybody looked is history."""
    address_changes.tell()
    return caller(key)


def update(device: Caller, number: int, name: str = "home.ddns.test") -> None:
    address_updates.update(device, [name], Wish(Addresses(ipv4=IPv4Address("203.0.113.0") + number)))


def told() -> list[tuple[list[str], list[str]]]:
    rows = Notification.objects.filter(kind=Kind.ADDRESS_CHANGED).order_by("pk")
    return [(each.details["old"], each.details["new"]) for each in rows]


def by_mail(account: User) -> None:
    preferences.choose(account, Kind.ADDRESS_CHANGED, by_mail=True, by_webhook=True)


@pytest.mark.django_db
class TestWhoIsTold:
    def test_nobody_who_has_not_asked(self, alice, device_of_alice):
        update(device_of_alice, 1)
        address_changes.tell()
        assert not Notification.objects.filter(kind=Kind.ADDRESS_CHANGED).exists()

    def test_who_asked_for_mail(self, alice, device_of_alice):
        by_mail(alice)
        update(device_of_alice, 1)
        address_changes.tell()
        assert told() == [([], ["203.0.113.1"])]
        (delivery,) = Delivery.objects.filter(notification__kind=Kind.ADDRESS_CHANGED)
        assert delivery.due_at > timezone.now() + timedelta(seconds=30)

    def test_who_has_a_webhook_unless_it_is_switched_off_or_not_for_this(self, alice, device_of_alice):
        webhook, _ = webhooks.add(alice, URL)
        update(device_of_alice, 1)
        address_changes.tell()
        assert Delivery.objects.filter(webhook=webhook).count() == 1

        preferences.choose(alice, Kind.ADDRESS_CHANGED, by_mail=False, by_webhook=False)
        update(device_of_alice, 2)
        address_changes.tell()
        preferences.choose(alice, Kind.ADDRESS_CHANGED, by_mail=False, by_webhook=True)
        webhooks.disable(webhook)
        update(device_of_alice, 3)
        address_changes.tell()
        assert len(told()) == 1

    def test_the_hostnames_of_others_are_not_told(self, alice, bob, device_of_alice, foreign):
        by_mail(bob)
        update(device_of_alice, 1)
        address_changes.tell()
        assert not told()

    def test_the_same_address_again_is_no_change(self, alice, device_of_alice):
        by_mail(alice)
        for _ in range(3):
            update(device_of_alice, 1)
        address_changes.tell()
        address_changes.tell()
        assert len(told()) == 1

    def test_flapping_is_one_notification_from_the_first_to_the_last(self, alice, office, device_of_alice):
        by_mail(alice)
        for number in (1, 2, 3):
            update(device_of_alice, number)
        update(device_of_alice, 9, "office.ddns.test")
        address_changes.tell()
        assert told() == [([], ["203.0.113.3"]), ([], ["203.0.113.9"])]
        assert Notification.objects.filter(hostname__name="home.ddns.test").get().details["count"] == 3

    def test_there_and_back_is_none(self, alice, device_of_alice):
        update(device_of_alice, 1)
        address_changes.tell()
        by_mail(alice)
        update(device_of_alice, 2)
        update(device_of_alice, 1)
        address_changes.tell()
        assert told() == []

    def test_a_run_goes_on_chunk_by_chunk_to_the_end(self, alice, device_of_alice, monkeypatch):
        update(device_of_alice, 100)
        address_changes.tell()
        monkeypatch.setattr(address_changes, "CHUNK", 2)
        by_mail(alice)
        for number in range(7):
            update(device_of_alice, number)
        assert address_changes.tell() == 4
        assert [new for _, (new,) in told()] == ["203.0.113.1", "203.0.113.3", "203.0.113.5", "203.0.113.6"]

    def test_a_run_that_has_no_time_leaves_the_rest_to_the_next(self, alice, device_of_alice, monkeypatch):
        by_mail(alice)
        update(device_of_alice, 1)
        with monkeypatch.context() as patch:
            patch.setattr(address_changes, "RUN_SECONDS", 0)
            assert address_changes.tell() == 0
        assert address_changes.tell() == 1


@pytest.mark.django_db(transaction=True)
class TestWhatIsCommittedWhen:
    def test_a_run_that_fails_has_told_nothing_and_is_done_again(self, alice, device_of_alice, monkeypatch):
        by_mail(alice)
        update(device_of_alice, 1)

        def fail(news):
            raise ConnectionError

        with monkeypatch.context() as patch:
            patch.setattr("ddns.notifications.Delivery.objects.bulk_create", fail)
            with pytest.raises(ConnectionError):
                address_changes.tell()
        assert not told()
        address_changes.tell()
        assert len(told()) == 1

    def test_a_row_that_is_committed_late_under_a_lower_number_is_told(self, alice, home, office, device_of_alice):
        by_mail(alice)
        is_written, may_commit = threading.Event(), threading.Event()

        def slow() -> None:
            with transaction.atomic():
                update(device_of_alice, 1)
                is_written.set()
                may_commit.wait(30)

        thread = threading.Thread(target=lambda: (slow(), connection.close()))
        thread.start()
        is_written.wait(30)
        update(device_of_alice, 9, "office.ddns.test")
        try:
            address_changes.tell()
            address_changes.tell()
            assert told() == []
        finally:
            may_commit.set()
            thread.join()
        first, second = AddressUpdate.objects.order_by("pk")
        assert (first.hostname, second.hostname) == (home, office)
        address_changes.tell()
        assert sorted(new for _, (new,) in told()) == ["203.0.113.1", "203.0.113.9"]

    def test_many_writers_and_several_runs_at_once_tell_every_last_address_once(self, alice, device_of_alice, domain):
        from ddns import hostnames

        by_mail(alice)
        names = [hostnames.register(alice, domain=domain, label=f"n{number}").name for number in range(6)]
        is_over = threading.Event()

        def write(name: str) -> None:
            for number in range(1, 21):
                update(device_of_alice, number, name)

        def run() -> None:
            while not is_over.is_set():
                address_changes.tell()

        runners = [threading.Thread(target=lambda: (run(), connection.close())) for _ in range(2)]
        for runner in runners:
            runner.start()
        together(*(lambda name=name: write(name) for name in names))
        is_over.set()
        for runner in runners:
            runner.join()
        address_changes.tell()

        for name in names:
            chain = Notification.objects.filter(hostname__name=name).order_by("pk")
            links = [(each.details["old"], each.details["new"]) for each in chain]
            assert links[0][0] == []
            assert links[-1][1] == ["203.0.113.20"]
            # What one says it became is what the next says it was: none is missing, none is there twice.
            assert [new for _, new in links[:-1]] == [old for old, _ in links[1:]]
            assert sum(each.details["count"] for each in chain) == 20

    def test_who_comes_while_another_is_at_it_does_nothing(self, alice, device_of_alice):
        by_mail(alice)
        update(device_of_alice, 1)
        with transaction.atomic():
            Cursor.objects.select_for_update().get(name=address_changes.NAME)
            assert together(address_changes.tell) == [0]
        assert address_changes.tell() == 1


@pytest.mark.django_db
def test_an_update_itself_tells_nobody(alice, home, key):
    by_mail(alice)
    webhooks.add(alice, URL)
    update(caller(key), 1)
    assert told() == []
