"""Scopes of keys: permission, networks, expiry, rotation, as every update asks them."""

from datetime import timedelta
from ipaddress import ip_address

import pytest
import time_machine
from django.utils import timezone

from ddns import address_updates, keys
from ddns.address_updates import Caller, Changed, Wish
from ddns.addresses import Addresses, parse
from ddns.errors import InvalidNetwork, KeyNotAllowed, TooManyKeys, WrongKey
from ddns.models import UpdateKey
from tests.ddns.devices import SOURCE, Device, caller

WISH = Wish(Addresses.of(parse("203.0.113.1")))


def update(text: str, source: str = SOURCE) -> list:
    return address_updates.update(Caller(text, ip_address(source), "Test/1.0", "dyndns2"), ["home.ddns.test"], WISH)


@pytest.mark.parametrize("permission", ["device", "update", "manage"])
def test_key_that_may_update_updates(alice, home, permission):
    assert update(keys.create(alice, label="x", permission=permission)[1]) == [Changed()]


@pytest.mark.parametrize("permission", ["txt", "read"])
def test_key_that_may_not_update_is_refused_and_not_counted_as_wrong(alice, home, permission, settings):
    settings.WRONG_KEYS_PER_PREFIX = 0
    _, text = keys.create(alice, label="x", permission=permission)

    with pytest.raises(KeyNotAllowed):
        update(text)
    response = Device("alice", text).update(hostname="home.ddns.test", myip="203.0.113.1")
    assert (response.status_code, response.content) == (401, b"badauth\n")


@pytest.mark.parametrize(
    ("networks", "source", "is_allowed"),
    [
        (["192.0.2.0/24"], "192.0.2.77", True),
        (["192.0.2.0/24"], "198.51.100.1", False),
        (["192.0.2.7"], "192.0.2.7", True),
        (["192.0.2.7"], "192.0.2.8", False),
        (["2001:db8::/32"], "2001:db8:5::1", True),
        (["2001:db8::/32"], "192.0.2.7", False),
        (["2001:db8::/32", "192.0.2.0/24"], "192.0.2.7", True),
        (["192.0.2.99/24"], "192.0.2.7", True),
        ([], "192.0.2.7", True),
    ],
)
def test_key_works_from_its_networks_only(alice, home, networks, source, is_allowed):
    _, text = keys.create(alice, label="x", networks=networks)

    if is_allowed:
        assert update(text, source) == [Changed()]
        assert keys.recognise(text, ip_address(source))
    else:
        with pytest.raises(KeyNotAllowed):
            update(text, source)
        with pytest.raises(KeyNotAllowed):
            keys.recognise(text, ip_address(source))


@pytest.mark.parametrize("networks", [["192.0.2.0/33"], ["home"], [""], ["192.0.2.1"] * 21])
def test_what_is_no_network_makes_no_key(alice, networks):
    with pytest.raises(InvalidNetwork):
        keys.create(alice, label="x", networks=networks)
    assert not UpdateKey.objects.exists()


def test_expired_key_is_a_wrong_key(alice, home):
    key, text = keys.create(alice, label="x", expires_at=timezone.now() + timedelta(days=1))
    assert update(text) == [Changed()]

    UpdateKey.objects.filter(pk=key.pk).update(expires_at=timezone.now() - timedelta(seconds=1))

    with pytest.raises(WrongKey):
        update(text)
    with pytest.raises(WrongKey):
        keys.recognise(text, ip_address(SOURCE))
    assert not UpdateKey.objects.working().exists()


def test_rotated_key_works_beside_the_new_one_until_the_overlap_ends(alice, home, office):
    key, old = keys.create(alice, label="x", hostnames=[home], permission="update", networks=["198.51.100.0/24"])

    with time_machine.travel(timezone.now(), tick=False):
        new_key, new = keys.rotate(key, overlap=timedelta(days=7))
        key.refresh_from_db()
        assert key.expires_at == timezone.now() + timedelta(days=7)

    assert update(old) == [Changed()]
    assert update(new) == [address_updates.Unchanged()]
    assert list(new_key.hostnames.all()) == [home]
    assert (new_key.permission, new_key.networks, new_key.expires_at) == ("update", ["198.51.100.0/24"], None)


def test_rotation_never_lengthens_the_life_of_the_old_key(alice):
    ends_at = timezone.now() + timedelta(days=1)
    key, _ = keys.create(alice, label="x", expires_at=ends_at)

    keys.rotate(key, overlap=timedelta(days=7))

    key.refresh_from_db()
    assert key.expires_at == ends_at


def test_revoked_key_is_not_rotated(alice):
    key, _ = keys.create(alice, label="x")
    keys.revoke(key)

    with pytest.raises(WrongKey):
        keys.rotate(key, overlap=timedelta(days=7))


def test_key_of_a_deactivated_account_is_not_recognised(alice):
    _, text = keys.create(alice, label="x")
    alice.is_active = False
    alice.save()

    with pytest.raises(WrongKey):
        keys.recognise(text, ip_address(SOURCE))


def test_plan_limits_the_working_keys(alice, settings):
    settings.PLANS = {"free": {"keys": 1}}
    key, _ = keys.create(alice, label="x")

    with pytest.raises(TooManyKeys):
        keys.create(alice, label="y")
    keys.revoke(key)
    keys.create(alice, label="y")


def test_rotation_is_no_way_around_the_limit(alice, settings):
    settings.PLANS = {"free": {"keys": 2}}
    key, _ = keys.create(alice, label="x")
    other, _ = keys.create(alice, label="y")
    keys.rotate(key, overlap=timedelta(days=7))
    keys.rotate(other, overlap=timedelta(days=7))

    with pytest.raises(TooManyKeys):
        keys.rotate(key, overlap=timedelta(days=7))


def test_all_keys_of_an_account_are_revoked_at_once(alice, bob, home):
    texts = [keys.create(alice, label="x")[1] for _ in range(2)]
    keys.create(bob, label="his")

    assert keys.revoke_all(alice) == 2
    for text in texts:
        with pytest.raises(WrongKey):
            address_updates.check_key(caller(text))
    assert UpdateKey.objects.working().count() == 1
