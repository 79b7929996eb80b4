"""Update keys: their form, how they are stored, what they cover, how they end."""

import hashlib
import re

import pytest
from django.db import connection

from ddns import hostnames, keys
from ddns.models import ReservedName, UpdateKey
from tests.ddns.devices import Device, stored

ADDRESS = "203.0.113.5"


def answer(key: str, name: str) -> str:
    return Device("x", key).update(hostname=name, myip=ADDRESS).content.decode().split()[0]


def test_a_key_fits_every_field_and_url(alice):
    texts = {keys.create(alice, label="x")[1] for _ in range(50)}

    assert len(texts) == 50
    assert all(re.fullmatch("[A-Za-z0-9]{40}", text) for text in texts)


def test_a_key_is_stored_as_its_hash_alone(alice):
    key, text = keys.create(alice, label="router")

    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(key)::text FROM ddns_updatekey key")
        (row,) = cursor.fetchone()
    once = hashlib.sha256(text.encode())
    assert hashlib.sha256(once.digest()).hexdigest() in row
    assert once.hexdigest() not in row
    assert text[keys.PREFIX_LENGTH :] not in row
    assert key.prefix == text[:8]
    assert text not in f"{key} {key!r}"


def test_a_key_of_the_account_covers_names_registered_later(alice, domain):
    _, text = keys.create(alice, label="x")
    hostnames.register(alice, domain=domain, label="later")

    assert answer(text, "later.ddns.test") == "good"


def test_a_key_of_one_hostname_covers_nothing_else(alice, home, office):
    _, text = keys.create(alice, label="x", hostnames=[home])

    assert answer(text, "home.ddns.test") == "good"
    assert answer(text, "office.ddns.test") == "nohost"
    assert stored(office) == (None, None)


def test_a_key_may_cover_several_hostnames(alice, home, office, domain):
    third = hostnames.register(alice, domain=domain, label="third")
    _, text = keys.create(alice, label="x", hostnames=[home, office])

    assert [answer(text, name.name) for name in (home, office, third)] == ["good", "good", "nohost"]


def test_a_key_of_no_hostnames_covers_none(alice, home):
    _, text = keys.create(alice, label="x", hostnames=[])

    assert answer(text, "home.ddns.test") == "nohost"


def test_no_key_of_alice_updates_a_hostname_of_bob(alice, home, foreign):
    _, account_wide = keys.create(alice, label="x")
    scoped, scoped_text = keys.create(alice, label="y", hostnames=[home, foreign])

    assert answer(account_wide, "bob.ddns.test") == answer(scoped_text, "bob.ddns.test") == "nohost"
    assert list(scoped.hostnames.all()) == [home], "a foreign hostname is left out when the key is made"
    assert stored(foreign) == (None, None)


def test_not_even_a_row_that_says_so_lets_alice_update_a_hostname_of_bob(alice, home, foreign):
    scoped, text = keys.create(alice, label="y", hostnames=[home])
    scoped.hostnames.add(foreign)

    assert answer(text, "bob.ddns.test") == "nohost"
    assert stored(foreign) == (None, None)


def test_a_key_for_a_released_hostname_does_not_cover_its_next_holder(alice, bob, home, domain):
    _, text = keys.create(alice, label="x", hostnames=[home])
    hostnames.release(home)
    ReservedName.objects.all().delete()
    again = hostnames.register(bob, domain=domain, label="home")

    assert answer(text, "home.ddns.test") == "nohost"
    assert stored(again) == (None, None)


def test_a_revoked_key_ends_at_once_and_the_others_go_on(alice, home):
    first, first_text = keys.create(alice, label="x")
    _, second_text = keys.create(alice, label="y")

    assert keys.revoke(first) is True
    assert keys.revoke(first) is False
    assert answer(first_text, "home.ddns.test") == "badauth"
    assert answer(second_text, "home.ddns.test") == "good"
    assert list(UpdateKey.objects.working().values_list("label", flat=True)) == ["y"]


@pytest.mark.parametrize("text", ["abc", " abc", "abc \n", "\tabc"])
def test_blanks_around_a_key_do_not_change_its_digest(text):
    assert keys.digest(text) == keys.digest("abc") != keys.digest("a bc")
