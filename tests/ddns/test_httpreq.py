"""httpreq: what lego and acme.sh send, octet for octet, and what they get."""

import json

import pytest
from django.db import OperationalError

from ddns import challenges, hostnames, keys, requests
from ddns.models.keys import Permission
from tests.ddns.acme_clients import FIRST, SECOND, AcmeClient, read, refusal
from tests.ddns.devices import ask

pytestmark = pytest.mark.django_db

FQDN = "_acme-challenge.home.ddns.test."
# A key authorization (RFC 8555 §8.1) and the base64url of its SHA-256.
KEY_AUTH = "token.thumbprint"
KEY_AUTH_VALUE = "61rBZ_4knHblO0MNoxFsXZ_eTFUHum0B6IVRbhvUn5I"


@pytest.fixture
def client(home, key) -> AcmeClient:
    """lego with Alice's key."""
    return AcmeClient("/httpreq", user="alice@example.com", key=key)


def message(value: str = FIRST, fqdn: str = FQDN) -> dict[str, str]:
    return {"fqdn": fqdn, "value": value}


def test_present_answers_the_value_beside_others(client, home):
    assert read(client.post("/present", message(FIRST))) == message(FIRST)
    assert read(client.post("/present", message(SECOND))) == message(SECOND)
    assert challenges.values(home) == [FIRST, SECOND]


def test_present_again_is_as_good(client, home):
    for _ in range(2):
        assert client.post("/present", message()).status_code == 200
    assert challenges.values(home) == [FIRST]


def test_cleanup_removes_this_value_alone(client, home):
    for value in (FIRST, SECOND):
        client.post("/present", message(value))
    assert read(client.post("/cleanup", message(FIRST))) == message(FIRST)
    assert challenges.values(home) == [SECOND]
    assert client.post("/cleanup", message(FIRST)).status_code == 200, "gone already is as good"


def test_raw_mode_is_hashed_here(client, home):
    raw = {"domain": "home.ddns.test", "token": "token", "keyAuth": KEY_AUTH}
    assert read(client.post("/present", raw))["value"] == KEY_AUTH_VALUE
    assert challenges.values(home) == [KEY_AUTH_VALUE]
    assert client.post("/cleanup", raw).status_code == 200
    assert challenges.values(home) == []


@pytest.mark.parametrize("fqdn", [FQDN, "_ACME-challenge.HOME.ddns.test", "home.ddns.test", "*.home.ddns.test"])
def test_name_may_be_spelt_in_many_ways(client, home, fqdn):
    assert client.post("/present", message(fqdn=fqdn)).status_code == 200
    assert challenges.values(home) == [FIRST]


def test_name_below_the_hostname_is_its_own(client, home):
    client.post("/present", message(fqdn="_acme-challenge.www.home.ddns.test."))

    assert challenges.values(home, "_acme-challenge.www") == [FIRST]
    assert challenges.values(home) == []


def test_acme_sh_s_acmeproxy_finds_its_value_in_the_answer(client):
    """It sends JSON with blanks, and greps for the value in quotes."""
    body = f'{{"fqdn": "{FQDN}", "value": "{FIRST}"}}'.encode()

    assert f'"{FIRST}"'.encode() in client.post("/present", body).content


def test_missing_credentials_are_challenged_and_wrong_ones_too(home):
    for headers in ({}, {"HTTP_AUTHORIZATION": "Bearer wrong"}):
        response = ask("POST", "/httpreq/present", json.dumps(message()).encode(), "application/json", **headers)
        assert refusal(response) == (401, "badauth")
        assert response["WWW-Authenticate"] == 'Basic realm="DDNS"'
    assert challenges.values(home) == []


@pytest.mark.parametrize("path", ["/present", "/cleanup"])
def test_stranger_changes_nothing(home, bob, foreign, path):
    challenges_before = challenges.values(home)
    strangers = AcmeClient("/httpreq", user="x", key=keys.create(bob, label="lego")[1])

    assert refusal(strangers.post(path, message())) == (404, "nohost")
    assert challenges.values(home) == challenges_before


def test_key_without_the_permission_is_told_so(alice, home):
    device = AcmeClient("/httpreq", user="x", key=keys.create(alice, label="router", permission=Permission.UPDATE)[1])
    response = device.post("/present", message())

    assert refusal(response) == (403, "notallowed")
    assert "may not set TXT" in read(response, 403)["detail"]


def test_key_is_used_from_its_networks_alone(alice, home):
    client = AcmeClient("/httpreq", user="x", key=keys.create(alice, label="lego", networks=["192.0.2.0/24"])[1])
    assert refusal(client.post("/present", message())) == (403, "notallowed")
    client.source = "192.0.2.7"

    assert client.post("/present", message()).status_code == 200


def test_revoked_key_is_badauth(client, alice, home):
    keys.revoke(alice.update_keys.get())

    assert refusal(client.post("/present", message())) == (401, "badauth")


def test_suspended_hostname_answers_abuse(client, home):
    hostnames.suspend(home)

    for path in ("/present", "/cleanup"):
        response = client.post(path, message())
        assert refusal(response) == (403, "abuse")
        assert "suspended" in read(response, 403)["detail"]


def test_wrong_keys_are_counted_and_told_to_come_back(home, settings):
    settings.WRONG_KEYS_PER_SOURCE = 2
    mallory = AcmeClient("/httpreq", user="x", key="wrong")
    responses = [mallory.post("/present", message()) for _ in range(4)]

    assert [each.status_code for each in responses] == [401, 401, 503, 503]
    assert responses[-1]["Retry-After"] == "600"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"{}",
        b"[]",
        b"7",
        b"{",
        b"\xff\xfe",
        b"[" * 10_000,
        b'{"fqdn":' * 1_000,
        b"9" * 10_000,
        {"fqdn": FQDN},
        {"value": FIRST},
        {"fqdn": 7, "value": FIRST},
        {"fqdn": FQDN, "value": None},
        {"fqdn": FQDN, "value": ""},
        {"fqdn": FQDN, "value": "x" * 256},
        {"fqdn": FQDN, "value": "é"},
        {"fqdn": FQDN, "value": "a\nb"},
        {"domain": "home.ddns.test"},
        {"fqdn": "\ud800", "value": FIRST},
        {"domain": 7, "keyAuth": KEY_AUTH},
        {"domain": "home.ddns.test", "keyAuth": "\ud800"},
    ],
    ids=lambda body: repr(body)[:30],
)
def test_what_is_none_of_the_documented_forms_is_malformed(client, home, body):
    assert refusal(client.post("/present", body)) == (400, "malformed")
    assert challenges.values(home) == []


@pytest.mark.parametrize("fqdn", ["", ".", "x", "a..b", "\x00", "é", "ddns.test", "_acme-challenge.", "x" * 5000])
def test_name_that_is_no_hostname_of_the_key_is_unknown(client, fqdn):
    assert refusal(client.post("/present", {"fqdn": fqdn, "value": FIRST})) == (404, "nohost")


def test_body_that_is_too_long_is_not_read(client):
    assert refusal(client.post("/present", message() | {"more": "x" * 17_000})) == (400, "malformed")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD"])
def test_other_methods_are_told_which_there_is(db, method):
    assert (ask(method, "/httpreq/present").status_code, ask(method, "/httpreq/cleanup")["Allow"]) == (405, "POST")


def test_outage_is_told_as_one(client, home, monkeypatch):
    def fail(*_):
        raise OperationalError("the database is away")

    monkeypatch.setattr("ddns.keys.recognise", fail)
    assert refusal(client.post("/present", message())) == (503, "911")


def test_every_request_is_among_the_last_ones_of_the_hostname(client, home, monkeypatch):
    monkeypatch.setattr(requests, "_by_name", {})
    client.post("/present", message())
    client.post("/present", message())
    AcmeClient("/httpreq", user="x", key="wrong").post("/present", message())
    requests.flush()

    assert [each.code for each in requests.recent(home)] == ["badauth", "nochg", "txt"]
