"""TSIG keys by REST: shown once, never by a key to what outdoes it, and they sign."""

from datetime import timedelta

import dns.rcode
import pytest
from django.utils import timezone

from ddns import keys, tsig_keys
from ddns.models import TsigKey, UpdateKey
from ddns.models.keys import Permission
from tests.ddns.nsupdate_client import Client, parse_key_file
from tests.ddns.rest.programs import Program, fields, problem


@pytest.fixture
def router(alice, home) -> UpdateKey:
    return keys.create(alice, label="router", hostnames=[home])[0]


def test_tsig_key_is_shown_once_and_then_by_name_and_algorithm(program, router):
    response = program.post(f"/keys/{router.pk}/tsig", {"algorithm": "hmac-sha512"})

    assert (response.status_code, response["Cache-Control"]) == (201, "no-store")
    made = response.json()
    assert made["secret"] in made["key_file"]
    shown = program.get(f"/keys/{router.pk}")
    assert (shown.json()["tsig"]["name"], shown.json()["tsig"]["algorithm"]) == (made["name"], "hmac-sha512")
    assert made["secret"] not in shown.content.decode() + program.get("/keys").content.decode()


def test_what_is_made_signs_messages_until_another_takes_its_place(program, router, home):
    first, second = (Client(parse_key_file(program.post(f"/keys/{router.pk}/tsig").json()["key_file"])) for _ in "ab")

    assert second.send(second.update()) == dns.rcode.NOERROR
    assert TsigKey.objects.filter(key=router).count() == 1
    assert tsig_keys.find(first.key.name.to_text(omit_final_dot=True)) is None


def test_deleted_tsig_key_is_gone_and_the_update_key_works_on(program, router):
    tsig_keys.create(router)

    assert program.delete(f"/keys/{router.pk}/tsig").status_code == 204
    assert program.get(f"/keys/{router.pk}").json()["tsig"] is None
    assert problem(program.delete(f"/keys/{router.pk}/tsig")) == (404, "not-found")


@pytest.mark.parametrize("algorithm", ["hmac-sha1", "", None, 5])
def test_what_is_no_algorithm_is_refused(program, router, algorithm):
    response = program.post(f"/keys/{router.pk}/tsig", {"algorithm": algorithm})

    assert problem(response) == (400, "invalid")
    assert fields(response) == ["algorithm"]


def test_algorithm_that_the_operator_does_not_allow_is_said_so(program, router, settings):
    settings.NSUPDATE_HMAC_MD5 = False

    assert problem(program.post(f"/keys/{router.pk}/tsig", {"algorithm": "hmac-md5"})) == (400, "algorithm-not-allowed")


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_strangers_and_narrower_keys_find_no_such_key(stranger, helper, alice, office, method):
    key, _ = keys.create(alice, label="office", hostnames=[office])
    tsig_keys.create(key)

    for program in (stranger, helper):
        assert problem(program.send(method, f"/keys/{key.pk}/tsig", {})) == (404, "not-found")
    assert TsigKey.objects.filter(key=key).exists()


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_key_for_reading_does_neither(monitor, router, method):
    tsig_keys.create(router)

    assert problem(monitor.send(method, f"/keys/{router.pk}/tsig", {})) == (403, "beyond-authority")
    assert TsigKey.objects.filter(key=router).exists()


@pytest.mark.parametrize("limit", ["networks", "expires_at"])
def test_key_gets_no_hold_of_a_stronger_one_by_its_tsig_key(alice, router, limit):
    limits = {"networks": ["198.51.100.0/24"], "expires_at": timezone.now() + timedelta(days=1)}
    program = Program(keys.create(alice, label="x", permission=Permission.MANAGE, **{limit: limits[limit]})[1])

    assert problem(program.post(f"/keys/{router.pk}/tsig")) == (403, "beyond-authority")
    assert not TsigKey.objects.exists()
