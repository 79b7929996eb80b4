"""Credentials of update requests: which are found, which work, and that only keys count."""

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.utils import timezone

from ddns import accounts, keys
from ddns.models import UpdateKey
from tests.ddns.devices import Device, basic, stored

ADDRESS = "203.0.113.5"
QUERY = f"hostname=home.ddns.test&myip={ADDRESS}"
GOOD = f"good {ADDRESS}\n".encode()


def is_challenge(response) -> bool:
    assert dict(response.headers) == {
        "Content-Type": "text/plain",
        "Content-Length": "8",
        "Cache-Control": "no-store",
        "WWW-Authenticate": 'Basic realm="DDNS"',
    }
    return (response.status_code, response.content) == (401, b"badauth\n")


@pytest.fixture
def bare(home) -> Device:
    """A device that presents nothing."""
    return Device()


@pytest.mark.parametrize(
    "user",
    ["alice@example.com", "ALICE@example.com", "home.ddns.test", "none", "x", "", "group:alice", "böse", "' OR 1=1 --",
     "bob@example.com"],
)  # fmt: skip
def test_any_user_name_goes_with_a_working_key(device, user):
    device.user = user

    assert device.get(f"/nic/update?{QUERY}").content == GOOD


@pytest.mark.parametrize("around", ["{} ", " {}", "\t{}\r\n", "  {}  "])
def test_blanks_that_were_copied_with_a_key_do_not_count(device, around):
    device.key = around.format(device.key)

    assert device.get(f"/nic/update?{QUERY}").content == GOOD


def test_a_key_alone_may_stand_where_user_name_and_key_are_expected(bare, key):
    bare.headers["HTTP_AUTHORIZATION"] = basic("", key).replace(basic("", ""), "Basic ")

    assert bare.get(f"/nic/update?{QUERY}").content == GOOD


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "Token", "TOKEN"])
def test_a_bearer_token_is_a_key(bare, key, scheme):
    bare.headers["HTTP_AUTHORIZATION"] = f"{scheme} {key}"

    assert bare.get(f"/nic/update?{QUERY}").content == GOOD


@pytest.mark.parametrize("scheme", ["basic", "BASIC"])
def test_the_scheme_is_read_without_regard_to_case(bare, key, scheme):
    bare.headers["HTTP_AUTHORIZATION"] = basic("x", key).replace("Basic", scheme)

    assert bare.get(f"/nic/update?{QUERY}").content == GOOD


@pytest.mark.parametrize(
    ("user", "secret"),
    [
        ("username", "password"),
        ("u", "p"),
        ("user", "pass"),
        ("id", "pass"),
        ("", "token"),
        ("", "password"),
        ("", "key"),
    ],
)
@pytest.mark.parametrize("as_form", [False, True], ids=["query", "form"])
def test_credentials_may_be_parameters(bare, key, user, secret, as_form):
    fields = f"{QUERY}&{secret}={key}" + (f"&{user}=alice%40example.com" if user else "")
    form = ("/nic/update", "POST", fields.encode(), "application/x-www-form-urlencoded")

    assert bare.get(*(form if as_form else (f"/nic/update?{fields}",))).content == GOOD


def test_the_user_parameter_may_be_the_hostname(bare, key):
    assert bare.get(f"/nic/update?username=home.ddns.test&password={key}&myip={ADDRESS}").content == GOOD


def test_a_header_comes_before_parameters(device, key):
    device.key = "wrong"

    assert is_challenge(device.get(f"/nic/update?{QUERY}&password={key}"))


@pytest.mark.parametrize(
    "authorization", [None, "", "Digest username=x", "Negotiate YII=", "nonsense", "\x00", "Basicx " + "A" * 40]
)
def test_without_credentials_the_answer_is_the_challenge(bare, home, authorization):
    if authorization is not None:
        bare.headers["HTTP_AUTHORIZATION"] = authorization

    assert is_challenge(bare.get(f"/nic/update?{QUERY}"))
    assert is_challenge(bare.get(f"/nic/update?{QUERY}&password=&username=alice"))
    assert stored(home) == (None, None)


@pytest.mark.parametrize(
    "authorization",
    [
        "Basic", "Basic ", "Basic !!!", "Basic Og==", "Basic eA==", "Basic eDp5", "Basic " + "A" * 100_000, "Bearer ", "Bearer x",
        "Basic \xff\xfe", "Basic eDoA", "Basic //79/A==", "Bearer \xff", "Token '; DROP TABLE ddns_updatekey; --",
    ],
)  # fmt: skip
def test_malformed_and_wrong_credentials_get_the_challenge(bare, home, authorization):
    bare.headers["HTTP_AUTHORIZATION"] = authorization

    assert is_challenge(bare.get(f"/nic/update?{QUERY}"))
    assert stored(home) == (None, None)


@pytest.mark.parametrize(
    "query",
    ["hostname=home.ddns.test&myip=garbage", "hostname=nonsense", "myip=10.0.0.1", "hostname=" + "a.test," * 30, ""],
)
def test_nothing_is_said_about_a_request_before_its_key_was_found(device, query):
    device.key = "wrong"

    assert is_challenge(device.get(f"/nic/update?{query}"))


@pytest.mark.parametrize(
    "change", [str.lower, str.upper, lambda key: key[:-1], lambda key: key + "x", lambda key: key[8:]]
)
def test_a_key_must_be_exact(device, change):
    device.key = change(device.key)

    assert is_challenge(device.get(f"/nic/update?{QUERY}"))


def test_the_password_of_the_account_is_not_accepted_and_costs_no_slow_hash(alice, device, monkeypatch):
    alice.set_password("correct horse battery")
    alice.save()
    slow = []
    monkeypatch.setattr(Argon2PasswordHasher, "verify", lambda *_: slow.append("verify"))
    monkeypatch.setattr(Argon2PasswordHasher, "encode", lambda *_: slow.append("encode"))
    device.key = "correct horse battery"

    assert is_challenge(device.get(f"/nic/update?{QUERY}"))
    assert slow == []


def test_a_revoked_key_is_badauth_from_the_next_request_on(device):
    assert device.get(f"/nic/update?{QUERY}").content == GOOD

    keys.revoke(UpdateKey.objects.get())

    assert is_challenge(device.get(f"/nic/update?{QUERY}"))


def test_the_key_of_a_deactivated_account_is_badauth(alice, device):
    accounts.deactivate(alice)

    assert is_challenge(device.get(f"/nic/update?{QUERY}"))

    accounts.reactivate(alice)
    assert device.get(f"/nic/update?{QUERY}").content == GOOD


def test_a_deactivated_account_is_told_nothing_more_by_a_suspended_hostname(alice, device, home):
    accounts.deactivate(alice)
    UpdateKey.objects.update(revoked_at=timezone.now())

    assert is_challenge(device.get(f"/nic/update?{QUERY}"))
