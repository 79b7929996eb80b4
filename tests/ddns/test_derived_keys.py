"""Derived keys: hashes that clients present in place of a key, and that nothing of them can be read out of the database."""

import hashlib
from datetime import timedelta
from importlib import import_module

import pytest
from django.db import connection

from ddns import address_updates, derived_keys, keys
from ddns.errors import WrongKey
from ddns.models import DerivedKey, UpdateKey
from tests.ddns.devices import Device, caller


def hashes(text: str) -> list[str]:
    """Everything that some client presents in place of the key."""
    return [
        hashlib.md5(text.encode()).hexdigest(),
        hashlib.sha256(text.encode()).hexdigest(),
        *(hashlib.sha1(f"{user}|{text}".encode()).hexdigest() for user in ("alice@example.com", "ddns")),
    ]


def stored() -> str:
    """All of both tables."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(json_agg(key)::text, '') || coalesce((SELECT json_agg(derived)::text "
            "FROM ddns_derivedkey derived), '') FROM ddns_updatekey key"
        )
        return cursor.fetchone()[0]


def test_nothing_that_could_be_presented_is_stored(alice):
    _, text = keys.create(alice, label="router")

    everything = stored()
    assert "digest" in everything
    assert not [each for each in [text, *hashes(text)] if each in everything]


def test_what_is_stored_is_no_credential(alice, home):
    """Whoever has a copy of the database can present what is in it."""
    keys.create(alice, label="router")

    digests = [UpdateKey.objects.get().digest, *DerivedKey.objects.values_list("digest", flat=True)]
    assert len(digests) == 4
    for digest in digests:
        assert Device("x", bytes(digest).hex()).update(hostname="home.ddns.test").status_code == 401


def test_a_rotated_key_has_hashes_of_its_own(alice):
    key, old = keys.create(alice, label="router")
    new_key, new = keys.rotate(key, overlap=timedelta(hours=1))

    assert derived_keys.of_password(hashes(old)[0]) == bytes(key.digest)
    assert derived_keys.of_password(hashes(new)[0]) == bytes(new_key.digest)


@pytest.mark.parametrize("number", [0, 1])
def test_a_hash_does_what_its_key_does_and_ends_with_it(alice, home, number):
    key, text = keys.create(alice, label="router")
    device = Device("alice", hashes(text)[number])

    assert device.update(hostname="home.ddns.test").status_code == 200
    keys.revoke(key)
    assert device.update(hostname="home.ddns.test").status_code == 401


@pytest.mark.parametrize("presented", ["", "x", "0" * 31, "0" * 33, "g" * 32, "0" * 40, "\x00" * 32, "0" * 32 + " "])
def test_what_does_not_look_like_a_hash_asks_the_database_nothing(presented, db, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert derived_keys.of_password(presented) is None


def test_freedns_sha_is_no_password(alice):
    _, text = keys.create(alice, label="router")
    md5, _, *shas = hashes(text)

    assert [derived_keys.of_password(sha) for sha in shas] == [None, None]
    assert derived_keys.of_freedns_sha(md5) is None
    assert all(map(derived_keys.of_freedns_sha, shas))


def test_keys_from_before_the_second_hash_still_work(alice):
    key, text = keys.create(alice, label="router")
    UpdateKey.objects.filter(pk=key.pk).update(digest=hashlib.sha256(text.encode()).digest())
    with pytest.raises(WrongKey):
        address_updates.check_key(caller(text))

    migration = import_module("ddns.migrations.0009_derived_keys").Migration
    with connection.cursor() as cursor:
        cursor.execute(migration.operations[0].sql)

    assert address_updates.check_key(caller(text)) == key.pk
