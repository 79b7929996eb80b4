"""Who may speak to the REST API: a key that may read or manage, or somebody who is logged in."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from ddns import accounts, keys
from ddns.models import Hostname, UpdateKey
from ddns.models.keys import Permission
from tests.ddns.rest.programs import Program, problem

HOME = "/hostnames/home.ddns.test"
PLACES = [
    ("GET", "/account"), ("PATCH", "/account"), ("GET", "/domains"), ("GET", "/history"), ("GET", "/hostnames"),
    ("POST", "/hostnames"), ("POST", "/bulk/hostnames"), ("PATCH", "/bulk/hostnames"), ("GET", HOME), ("PATCH", HOME),
    ("DELETE", HOME), ("GET", f"{HOME}/status"), ("GET", f"{HOME}/history"), ("GET", f"{HOME}/requests"),
    ("GET", f"{HOME}/records"), ("POST", f"{HOME}/records"), ("GET", f"{HOME}/records/1"), ("DELETE", f"{HOME}/records/1"),
    ("GET", f"{HOME}/rrsets/@/TXT"), ("PUT", f"{HOME}/rrsets/@/TXT"), ("DELETE", f"{HOME}/rrsets/@/TXT"),
    ("GET", "/groups"), ("POST", "/groups"), ("GET", "/groups/1"), ("PATCH", "/groups/1"), ("DELETE", "/groups/1"),
    ("GET", "/keys"), ("POST", "/keys"), ("GET", "/keys/1"), ("PATCH", "/keys/1"), ("DELETE", "/keys/1"),
    ("POST", "/keys/1/rotate"), ("POST", "/keys/1/tsig"), ("DELETE", "/keys/1/tsig"), ("GET", "/acme-dns-accounts"),
    ("GET", "/acme-dns-accounts/1"), ("DELETE", "/acme-dns-accounts/1"), ("GET", "/notifications"),
    ("POST", "/notifications/read"), ("GET", "/notifications/preferences"), ("PATCH", "/notifications/preferences"),
    ("GET", "/webhooks"), ("POST", "/webhooks"), ("GET", "/webhooks/1"), ("PATCH", "/webhooks/1"), ("DELETE", "/webhooks/1"),
    ("POST", "/webhooks/1/rotate"), ("POST", "/webhooks/1/test"), ("GET", "/webhooks/1/deliveries"),
    ("POST", "/webhooks/1/deliveries/1/resend"),
]  # fmt: skip
WRITING = [(method, path) for method, path in PLACES if method != "GET"]


def key_of(alice, **options) -> Program:
    return Program(keys.create(alice, label="key", **options)[1])


def answers(program: Program, places: list[tuple[str, str]]) -> dict[str, tuple[int, str]]:
    """Status and kind of problem at each place."""
    return {f"{method} {path}": problem(program.send(method, path, {})) for method, path in places}


def test_nobody_is_told_to_bring_a_key(home):
    assert set(answers(Program(), PLACES).values()) == {(401, "not-authenticated")}
    assert Program().get("/hostnames")["WWW-Authenticate"] == 'Bearer realm="api"'


@pytest.mark.parametrize("permission", [Permission.DEVICE, Permission.UPDATE, Permission.TXT])
def test_keys_of_devices_are_told_that_they_are_not_for_this(alice, home, permission):
    program = key_of(alice, permission=permission)

    assert set(answers(program, PLACES).values()) == {(403, "beyond-authority")}
    assert "for devices" in program.get("/hostnames").json()["detail"]


def test_key_for_reading_changes_nothing(monitor, home):
    assert set(answers(monitor, WRITING).values()) == {(403, "beyond-authority")}


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "Token", "TOKEN"])
def test_key_comes_by_either_scheme(alice, home, scheme):
    text = keys.create(alice, label="monitor", permission=Permission.READ)[1]

    assert Program().get("/hostnames", Authorization=f"{scheme} {text}").status_code == 200


@pytest.mark.parametrize("header", ["Bearer", "Bearer x", "Token \x80", "Bearer " + "x" * 5000])
def test_wrong_key_is_said_to_be_wrong(home, header):
    response = Program().get("/hostnames", Authorization=header)

    assert problem(response) == (401, "wrong-key")
    assert response["WWW-Authenticate"] == 'Bearer realm="api"'


def test_basic_credentials_are_none_here(alice):
    assert problem(Program().get("/hostnames", Authorization="Basic eDp5")) == (401, "not-authenticated")


def test_many_wrong_keys_are_told_to_come_back_later(home, settings, program):
    settings.WRONG_KEYS_PER_SOURCE = 2
    given = [Program(f"{number:08}").get("/hostnames") for number in range(3)]

    assert [response.status_code for response in given] == [401, 401, 429]
    assert problem(given[-1]) == (429, "too-many-requests")
    assert given[-1]["Retry-After"] == "600"
    assert program.get("/hostnames").status_code == 200


def test_key_works_from_its_networks_alone(alice, home):
    program = key_of(alice, permission=Permission.READ, networks=["192.0.2.0/24"])
    assert problem(program.get("/hostnames")) == (403, "key-not-allowed")

    program.source = "192.0.2.77"
    assert program.get("/hostnames").status_code == 200


def test_key_ends_with_its_expiry_its_revocation_and_its_account(alice, home):
    program = key_of(alice, permission=Permission.READ)
    UpdateKey.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert problem(program.get("/hostnames")) == (401, "wrong-key")

    UpdateKey.objects.update(expires_at=None)
    assert program.get("/hostnames").status_code == 200
    accounts.deactivate(alice)
    assert problem(program.get("/hostnames")) == (401, "wrong-key")
    accounts.reactivate(alice)
    keys.revoke(UpdateKey.objects.get())
    assert problem(program.get("/hostnames")) == (401, "wrong-key")


def logged_in(user) -> Program:
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)
    return Program(client=client)


def test_whoever_is_logged_in_reads(alice, home):
    assert [each["name"] for each in logged_in(alice).get("/hostnames").json()["results"]] == [home.name]


def test_whoever_is_logged_in_changes_nothing_without_the_token_of_a_page(alice, home):
    program = logged_in(alice)
    response = program.patch(HOME, {"offline": True})
    assert problem(response) == (403, "not-allowed")
    assert not Hostname.objects.get(pk=home.pk).offline

    program.client.get("/hostnames/")
    token = program.client.cookies["csrftoken"].value
    assert program.patch(HOME, {"offline": True}, X_CSRFToken=token).status_code == 200
    assert Hostname.objects.get(pk=home.pk).offline


def test_session_of_another_does_not_see_it(bob, home):
    assert problem(logged_in(bob).get(HOME)) == (404, "not-found")


def test_key_counts_where_a_session_comes_too(alice, bob, home):
    program = logged_in(bob)
    program.key = keys.create(alice, label="program", permission=Permission.MANAGE)[1]

    assert program.patch(HOME, {"offline": True}).status_code == 200


@pytest.mark.parametrize("path", ["", "/openapi.json", "/problems", "/problems/not-found"])
def test_reference_is_for_everybody(db, path):
    assert Program().get(path or "/").status_code == 200
