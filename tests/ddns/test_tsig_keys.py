"""TSIG keys of customers: shown once, stored sealed, as long-lived as their update keys."""

import base64
from datetime import timedelta

import dns.rcode
import dns.tsig
import pytest
from django.utils import timezone

from ddns import keys, tsig_keys, wordings
from ddns.errors import AlgorithmNotAllowed
from ddns.models import Notification, TsigKey, UpdateKey, User
from tests.ddns.nsupdate_client import client, parse_key_file


@pytest.fixture
def update_key(alice) -> UpdateKey:
    return keys.create(alice, label="router")[0]


def test_the_key_file_is_what_bind_reads_and_the_secret_is_as_long_as_the_digest(update_key):
    for algorithm, octets in (("hmac-sha256", 32), ("hmac-sha384", 48), ("hmac-sha512", 64)):
        made, text = tsig_keys.create(update_key, algorithm=algorithm)

        key = parse_key_file(text)
        assert key.name.to_text(omit_final_dot=True) == made.name
        assert len(key.secret) == octets
        assert tsig_keys.is_name(made.name)


def test_the_secret_is_stored_sealed(update_key):
    made, text = tsig_keys.create(update_key)

    secret = base64.b64encode(parse_key_file(text).secret).decode()
    stored = TsigKey.objects.filter(pk=made.pk).values_list().get()
    assert not any(secret in str(column) for column in stored)
    assert TsigKey.objects.get(pk=made.pk).secret == secret


def test_the_owner_is_told_of_it_without_the_secret(update_key):
    made, _ = tsig_keys.create(update_key)

    told = Notification.objects.filter(account=update_key.account).first()
    assert wordings.of(told).headline == f"A TSIG key was made: {made.name}, of router ({update_key.prefix}…)"
    assert made.secret not in str(told.details)


def test_a_deleted_one_signs_nothing_and_a_new_one_can_be_made(update_key, home):
    deleted = client(update_key)
    assert tsig_keys.delete(update_key)
    assert not tsig_keys.delete(update_key)

    with pytest.raises(dns.tsig.PeerBadKey):
        deleted.send(deleted.update())
    made = client(update_key)
    assert made.send(made.update()) == dns.rcode.NOERROR


def test_a_new_one_takes_the_place_of_the_one_before(update_key, home):
    first = client(update_key)

    second = client(update_key)

    assert TsigKey.objects.filter(key=update_key).count() == 1
    with pytest.raises(dns.tsig.PeerBadKey):
        first.send(first.update())
    assert second.send(second.update()) == dns.rcode.NOERROR


def test_hmac_md5_is_made_and_works_where_the_setting_allows_it_alone(update_key, settings):
    with pytest.raises(AlgorithmNotAllowed, match="hmac-sha256, hmac-sha384, hmac-sha512"):
        tsig_keys.create(update_key, algorithm="hmac-md5")
    settings.NSUPDATE_HMAC_MD5 = True
    made, _ = tsig_keys.create(update_key, algorithm="hmac-md5")
    assert tsig_keys.find(made.name) == made

    settings.NSUPDATE_HMAC_MD5 = False

    assert tsig_keys.find(made.name) is None


def revoke(key: UpdateKey) -> None:
    keys.revoke(key)


def expire(key: UpdateKey) -> None:
    UpdateKey.objects.filter(pk=key.pk).update(expires_at=timezone.now() - timedelta(seconds=1))


def rotate_away(key: UpdateKey) -> None:
    keys.rotate(key, overlap=timedelta(0))


def deactivate(key: UpdateKey) -> None:
    User.objects.filter(pk=key.account_id).update(is_active=False)


@pytest.mark.parametrize("end", [revoke, expire, rotate_away, deactivate])
def test_it_ends_with_its_update_key(update_key, end):
    made, _ = tsig_keys.create(update_key)

    end(update_key)

    assert tsig_keys.find(made.name) is None


def test_it_works_through_the_overlap_of_a_rotation(update_key):
    made, _ = tsig_keys.create(update_key)

    keys.rotate(update_key, overlap=timedelta(hours=1))

    assert tsig_keys.find(made.name) == made


@pytest.mark.parametrize("name", ["", "k", "kabc", "home.ddns.test", "kabcdefghi1", "KABCDEFGHIJ", "kabcdefghij.x"])
def test_other_names_are_none_of_ours(name):
    assert not tsig_keys.is_name(name)
