"""Groups: hostnames that a key covers together."""

import pytest

from ddns import address_updates, groups, keys
from ddns.address_updates import Changed, Unknown, Wish
from ddns.addresses import Addresses, parse
from ddns.errors import GroupExists, TooManyGroups
from ddns.models import Hostname, UpdateKey
from tests.ddns.devices import caller

WISH = Wish(Addresses.of(parse("203.0.113.1")))


@pytest.fixture
def group(alice, home):
    group = groups.create(alice, name="at home")
    groups.assign(group, [home])
    return group


def test_key_of_a_group_updates_its_hostnames_and_no_others(alice, group, home, office):
    _, text = keys.create(alice, label="router", group=group)

    assert address_updates.update(caller(text), ["home.ddns.test", "office.ddns.test"], WISH) == [Changed(), Unknown()]


def test_key_of_a_group_covers_what_joins_it_and_loses_what_leaves(alice, group, home, office):
    _, text = keys.create(alice, label="router", group=group)
    groups.assign(group, [office])
    groups.assign(None, [home])

    assert address_updates.update(caller(text), ["home.ddns.test", "office.ddns.test"], WISH) == [Unknown(), Changed()]
    assert address_updates.only_name(caller(text)) == "office.ddns.test"


def test_hostname_of_another_account_joins_no_group_of_hers(group, foreign):
    assert groups.assign(group, [foreign]) == 0
    assert Hostname.objects.get(pk=foreign.pk).group is None


def test_key_for_a_group_of_another_account_covers_nothing(bob, group, home):
    key, text = keys.create(bob, label="mallory", group=group)

    assert key.group is None
    assert address_updates.update(caller(text), ["home.ddns.test"], WISH) == [Unknown()]


def test_two_groups_of_one_name_are_refused_whatever_its_case(alice, bob, group):
    with pytest.raises(GroupExists):
        groups.create(alice, name="At Home")
    assert groups.create(bob, name="At Home")


def test_group_is_renamed_and_not_to_a_name_that_there_is(alice, group):
    other = groups.create(alice, name="other")

    groups.rename(group, "house")
    with pytest.raises(GroupExists):
        groups.rename(other, "HOUSE")


def test_plan_limits_the_groups(alice, group, settings):
    settings.PLANS = {"free": {"groups": 1}}

    with pytest.raises(TooManyGroups):
        groups.create(alice, name="another")


def test_deleting_a_group_keeps_its_hostnames_and_revokes_its_keys(alice, group, home):
    keys.create(alice, label="router", group=group)
    other, _ = keys.create(alice, label="all")

    assert groups.delete(group) == 1

    assert Hostname.objects.get(pk=home.pk).group is None
    assert list(UpdateKey.objects.working()) == [other]
