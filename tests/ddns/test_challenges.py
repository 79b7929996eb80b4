"""Challenges: TXT values that prove a hostname to a certification authority."""

import pytest

from ddns import challenges, groups, hostnames, keys, records, requests
from ddns.address_updates import Changed, Restricted, Unchanged, Unknown
from ddns.errors import InvalidRecord, KeyNotAllowed, WrongKey
from ddns.models import Record
from dnsupdate.models import PendingPublication, Publication
from dnsupdate.models.pending import Urgency
from tests.ddns.devices import caller

NAME = "_acme-challenge.home.ddns.test"


def answered_texts(name: str = NAME) -> list[str]:
    """What DNS shall answer as TXT at the name."""
    rrsets = Publication.objects.get(name=name).rrsets
    return [records.unquote(rdata) for rdata in rrsets["TXT"]["rdata"]] if rrsets else []


@pytest.mark.parametrize("name", ["home.ddns.test", NAME, "*.home.ddns.test", "HOME.ddns.test.", f"{NAME}."])
def test_value_stands_at_the_challenges_name_however_it_is_called(home, key, name):
    assert challenges.present(caller(key), name, "one") == Changed()
    assert answered_texts() == ["one"]


def test_values_for_a_name_and_its_wildcard_stand_side_by_side(home, key):
    challenges.present(caller(key), "home.ddns.test", "one")
    challenges.present(caller(key), "*.home.ddns.test", "two")

    assert answered_texts() == ["one", "two"]


def test_same_value_again_changes_nothing(home, key):
    challenges.present(caller(key), "home.ddns.test", "one")

    assert challenges.present(caller(key), "home.ddns.test", "one") == Unchanged()


@pytest.mark.parametrize("name", ["www.home.ddns.test", "_acme-challenge.www.home.ddns.test", "*.www.home.ddns.test"])
def test_name_below_has_a_challenge_of_its_own(home, key, name):
    challenges.present(caller(key), name, "one")

    assert answered_texts("_acme-challenge.www.home.ddns.test") == ["one"]


def test_cleanup_withdraws_its_value_and_leaves_the_others(home, key):
    for value in ("one", "two"):
        challenges.present(caller(key), "home.ddns.test", value)

    assert challenges.cleanup(caller(key), "home.ddns.test", "one") == Changed()
    assert answered_texts() == ["two"]
    assert challenges.cleanup(caller(key), "home.ddns.test", "one") == Unchanged()


def test_clear_withdraws_them_all(home, key):
    for value in ("one", "two"):
        challenges.present(caller(key), "home.ddns.test", value)

    assert challenges.clear(caller(key), "home.ddns.test") == Changed()
    assert answered_texts() == []


def test_newest_values_stay_when_there_are_too_many(home, key, settings):
    settings.PLANS = {"free": {"texts": 2}}
    for value in ("one", "two", "three"):
        challenges.present(caller(key), "home.ddns.test", value)

    assert answered_texts() == ["two", "three"]


def test_challenges_do_not_count_as_records_of_the_plan(home, key, settings):
    settings.PLANS = {"free": {"records": 1}}
    challenges.present(caller(key), "home.ddns.test", "one")

    records.add(home, rdtype="TXT", rdata="mine")
    assert Record.objects.configured().count() == 1


@pytest.mark.parametrize("value", ["", " ", "a\nb", "x" * 256, "ä", "a\0b"])
def test_value_that_no_authority_asks_for_is_refused(home, key, value):
    with pytest.raises(InvalidRecord):
        challenges.present(caller(key), "home.ddns.test", value)
    assert not Record.objects.exists()


@pytest.mark.parametrize("name", ["bob.ddns.test", "nobody.ddns.test", "ddns.test", "test", "", "a b", "example.com"])
def test_names_of_others_are_unknown_whether_they_exist_or_not(home, foreign, key, name):
    assert challenges.present(caller(key), name, "one") == Unknown()
    assert not Record.objects.exists()


def test_suspended_hostname_takes_no_challenge(home, key):
    hostnames.suspend(home)

    assert challenges.present(caller(key), "home.ddns.test", "one") == Restricted()
    assert not Record.objects.exists()


def test_released_hostname_takes_no_challenge(home, key):
    hostnames.release(home)

    assert challenges.present(caller(key), "home.ddns.test", "one") == Unknown()


def test_wrong_key_sets_nothing(home):
    with pytest.raises(WrongKey):
        challenges.present(caller("wrong" * 8), "home.ddns.test", "one")


@pytest.mark.parametrize("permission", ["update", "read"])
def test_key_without_the_permission_sets_nothing(alice, home, permission):
    _, text = keys.create(alice, label="x", permission=permission)

    with pytest.raises(KeyNotAllowed, match="TXT"):
        challenges.present(caller(text), "home.ddns.test", "one")


def test_key_of_a_group_sets_challenges_of_its_hostnames_only(alice, home, office):
    group = groups.create(alice, name="at home")
    groups.assign(group, [home])
    _, text = keys.create(alice, label="x", permission="txt", group=group)

    assert challenges.present(caller(text), "home.ddns.test", "one") == Changed()
    assert challenges.present(caller(text), "office.ddns.test", "one") == Unknown()


def test_change_is_among_the_last_requests_of_the_hostname(home, key):
    requests._by_name.clear()
    challenges.present(caller(key, "duckdns"), "home.ddns.test", "one")
    requests.flush()

    (request,) = requests.recent(home)
    assert (request.code, request.protocol, request.detail) == ("txt", "duckdns", "_acme-challenge")


def test_challenges_stand_at_so_many_names_and_the_longest_unchanged_gives_way(home, key, monkeypatch):
    monkeypatch.setattr(records, "MAX_CHALLENGE_NAMES", 2)
    for label in ("a", "b"):
        challenges.present(caller(key), f"{label}.home.ddns.test", "one")
    challenges.present(caller(key), "a.home.ddns.test", "two")

    challenges.present(caller(key), "c.home.ddns.test", "one")

    assert answered_texts("_acme-challenge.a.home.ddns.test") == ["one", "two"]
    assert answered_texts("_acme-challenge.b.home.ddns.test") == []
    assert answered_texts("_acme-challenge.c.home.ddns.test") == ["one"]


def test_name_that_is_withdrawn_already_is_not_written_again(home, key):
    challenges.present(caller(key), "a.home.ddns.test", "one")
    challenges.clear(caller(key), "a.home.ddns.test")
    gone = Publication.objects.get(name="_acme-challenge.a.home.ddns.test")
    Publication.objects.filter(pk=gone.pk).update(published_revision=gone.revision)

    challenges.present(caller(key), "b.home.ddns.test", "one")

    assert Publication.objects.get(pk=gone.pk).revision == gone.revision


def test_name_whose_withdrawal_is_on_its_way_is_withdrawn_before_others_by_a_suspension(home, key):
    challenges.present(caller(key), "a.home.ddns.test", "one")
    challenges.clear(caller(key), "a.home.ddns.test")

    hostnames.suspend(home)

    queued = PendingPublication.objects.get(publication__name="_acme-challenge.a.home.ddns.test")
    assert queued.urgency == Urgency.WITHDRAWAL
