"""Stays: the history is followed without a gap and without a double, and says who was at an address."""

from datetime import timedelta

import pytest
from django.utils import timezone

from abuse import stays
from abuse.models import Stay
from ddns.models import AddressUpdate, Cursor, Hostname
from tests.abuse.test_signals import moved

pytestmark = pytest.mark.django_db

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def of(hostname: Hostname) -> list[tuple[str, bool]]:
    return list(Stay.objects.filter(hostname=hostname).order_by("pk").values_list("address", "until"))


def addresses(hostname: Hostname) -> list[tuple[str, bool]]:
    return [(address, until is None) for address, until in of(hostname)]


def catch_up() -> None:
    """Past the horizon, which one run sets and a later one reaches; the tests' own transaction never ends."""
    first, last = Cursor.objects.get(name=stays.NAME).position, AddressUpdate.objects.order_by("pk").last().pk
    stays._follow(first + 1, last)
    Cursor.objects.filter(name=stays.NAME).update(position=last)


@pytest.fixture
def followed(home):
    stays.follow()
    return home


def test_first_run_takes_its_place_at_the_end_of_the_history(home):
    moved(home, "198.51.100.1")
    stays.follow()

    assert of(home) == []
    assert Cursor.objects.get(name=stays.NAME).position == AddressUpdate.objects.get().pk


def test_change_ends_one_stay_and_begins_another(followed):
    moved(followed, "198.51.100.1", old="203.0.113.7", ago=3 * HOUR)
    catch_up()
    moved(followed, "198.51.100.2", old="198.51.100.1", ago=HOUR)
    catch_up()

    assert addresses(followed) == [("198.51.100.1", False), ("198.51.100.2", True)]


def test_changes_of_one_chunk_are_all_stays(followed):
    moved(followed, "198.51.100.1", ago=3 * HOUR)
    moved(followed, "198.51.100.2", old="198.51.100.1", ago=2 * HOUR)
    moved(followed, "198.51.100.1", old="198.51.100.2", ago=HOUR)
    catch_up()

    assert addresses(followed) == [("198.51.100.1", False), ("198.51.100.2", False), ("198.51.100.1", True)]


def test_families_are_followed_apart(followed):
    moved(followed, "198.51.100.1", new_ipv6="2001:db8::1", ago=3 * HOUR)
    moved(followed, "198.51.100.1", old="198.51.100.1", old_ipv6="2001:db8::1", new_ipv6="2001:db8::2", ago=HOUR)
    catch_up()

    assert sorted(addresses(followed)) == [("198.51.100.1", True), ("2001:db8::1", False), ("2001:db8::2", True)]


def test_address_that_is_taken_away_ends_a_stay(followed):
    moved(followed, "198.51.100.1", ago=3 * HOUR)
    moved(followed, None, old="198.51.100.1", source="192.0.2.1")
    catch_up()

    assert addresses(followed) == [("198.51.100.1", False)]


def test_names_that_were_there_before_are_gathered_once(home, foreign):
    assert stays.gather() is False
    stays.follow()
    assert stays.gather() is True
    assert stays.gather() is True

    assert sorted(addresses(home)) == [("2001:db8::7", True), ("203.0.113.7", True)]
    assert addresses(foreign) == []


def test_gathered_stay_ends_when_the_name_moves(home):
    stays.follow()
    stays.gather()
    moved(home, "198.51.100.1", old="203.0.113.7")
    catch_up()

    assert ("203.0.113.7", False) in addresses(home)


def test_gathering_and_following_the_same_make_one_stay(home):
    stays.follow()
    moved(home, "203.0.113.7")
    catch_up()
    stays.gather()

    assert addresses(home).count(("203.0.113.7", True)) == 1


def test_neighbours_are_those_that_are_there_or_left_of_late(home, foreign):
    now = timezone.now()
    Hostname.objects.filter(pk=home.pk).update(ipv4="198.51.100.1")
    Stay.objects.create(hostname=home, address="198.51.100.1", since=now - 3 * DAY)
    Stay.objects.create(hostname=foreign, address="198.51.100.1", since=now - 3 * DAY, until=now - HOUR)
    found = stays.at("198.51.100.1", since=now - DAY)

    assert sorted((each.hostname.name, each.is_there) for each in found.rows) == [
        ("bob.ddns.test", False), ("home.ddns.test", True),
    ]  # fmt: skip
    assert [each.hostname.name for each in stays.at("198.51.100.1", since=now).rows] == ["home.ddns.test"]
    assert stays.at("198.51.100.1", since=now - DAY, besides=home).rows[0].hostname == foreign


def test_crowd_at_an_address_is_cut(home, foreign, monkeypatch):
    monkeypatch.setattr(stays, "MOST_NAMES", 1)
    for each in (home, foreign):
        Stay.objects.create(hostname=each, address="198.51.100.1", since=timezone.now())
    found = stays.at("198.51.100.1", since=timezone.now())

    assert (len(found.rows), found.is_least) == (1, True)


def test_released_names_are_nobodys_neighbours(home):
    Stay.objects.create(hostname=home, address="198.51.100.1", since=timezone.now())
    Hostname.objects.filter(pk=home.pk).update(released_at=timezone.now())

    assert stays.at("198.51.100.1", since=timezone.now()).rows == ()


def test_old_stays_are_purged_and_present_ones_kept(home):
    now = timezone.now()
    Stay.objects.create(hostname=home, address="198.51.100.1", since=now - 99 * DAY)
    Stay.objects.create(hostname=home, address="198.51.100.2", since=now - 99 * DAY, until=now - 31 * DAY)
    Stay.objects.create(hostname=home, address="198.51.100.3", since=now - 99 * DAY, until=now - 29 * DAY)

    assert stays.purge(now - stays.KEPT) == 1
    assert [address for address, _ in of(home)] == ["198.51.100.1", "198.51.100.3"]


def test_stays_that_the_history_did_not_end_are_ended(home, foreign):
    then = timezone.now() - 2 * DAY
    released_at = timezone.now() - DAY
    Hostname.objects.filter(pk=foreign.pk).update(released_at=released_at)
    Stay.objects.create(hostname=foreign, address="198.51.100.1", since=then)
    Stay.objects.create(hostname=home, address="198.51.100.2", since=then)
    Stay.objects.create(hostname=home, address="203.0.113.7", since=then)
    Stay.objects.create(hostname=home, address="198.51.100.3", since=timezone.now())
    assert stays.mend()

    assert of(foreign) == [("198.51.100.1", released_at)]
    assert addresses(home) == [("198.51.100.2", False), ("203.0.113.7", True), ("198.51.100.3", True)]
    assert not stays.mend()
