"""Accounts on the desk: second factors of staff, addresses that staff answer for, closed accounts reopened."""

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.contrib import admin
from django.test import Client

from abuse.models import LedgerEntry
from ddns import accounts
from ddns.models import User
from tests.ddns.totp import code_of
from tests.people import logged_in

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery staple"


@pytest.fixture
def desk(root) -> Client:
    return logged_in(root)


@pytest.mark.parametrize("page", ["", "ddns/hostname/", "ddns/user/add/"])
def test_staff_without_a_second_factor_are_sent_to_set_one_up(desk, settings, page):
    settings.STAFF_NEEDS_SECOND_FACTOR = True
    response = desk.get(f"/admin/{page}", follow=True)

    assert response.redirect_chain == [("/accounts/2fa/", 302)]
    assert "Set one up here" in response.content.decode()


def test_staff_are_let_in_who_have_shown_their_second_factor(desk, root, settings):
    settings.STAFF_NEEDS_SECOND_FACTOR = True
    secret = generate_totp_secret()
    TOTP.activate(root, secret)
    asked = desk.get("/admin/ddns/user/add/")
    assert asked.url == "/accounts/2fa/reauthenticate/?next=%2Fadmin%2Fddns%2Fuser%2Fadd%2F"

    answer = desk.post(asked.url, {"code": code_of(secret), "next": "/admin/ddns/user/add/"})
    assert answer.url == "/admin/ddns/user/add/"
    assert desk.get("/admin/ddns/user/add/").status_code == 200


def test_staff_who_log_in_with_their_second_factor_are_not_asked_again(root, client, settings):
    settings.STAFF_NEEDS_SECOND_FACTOR = True
    root.set_password(PASSWORD)
    root.save()
    secret = generate_totp_secret()
    TOTP.activate(root, secret)
    client.post("/accounts/login/", {"login": root.email, "password": PASSWORD})
    client.post("/accounts/2fa/authenticate/", {"code": code_of(secret)})

    assert client.get("/admin/").status_code == 200


def test_session_from_before_the_second_factor_does_not_get_in(root, settings):
    """Somebody who had the password alone has been logged in since then, and waited."""
    settings.STAFF_NEEDS_SECOND_FACTOR = True
    mallory = logged_in(root)
    TOTP.activate(root, generate_totp_secret())

    for page in ("/admin/", "/admin/ddns/user/add/"):
        assert mallory.get(page).url.startswith("/accounts/2fa/reauthenticate/")


def test_staff_with_a_security_key_are_asked_for_that(desk, root, settings):
    settings.STAFF_NEEDS_SECOND_FACTOR = True
    Authenticator.objects.create(user=root, type="webauthn", data={"name": "key", "credential": {}})

    assert desk.get("/admin/").url == "/accounts/2fa/webauthn/reauthenticate/?next=%2Fadmin%2F"


def test_nothing_is_decided_without_a_second_factor(desk, alice, settings):
    settings.STAFF_NEEDS_SECOND_FACTOR = True
    desk.post(f"/admin/ddns/user/{alice.pk}/deactivate/", {"reason": "spam", "retyped": alice.email})

    assert User.objects.get(pk=alice.pk).is_active


def test_customers_and_strangers_hear_nothing_of_second_factors(alice, client, settings):
    settings.STAFF_NEEDS_SECOND_FACTOR = True

    assert logged_in(alice).get("/admin/", follow=True).status_code == 403
    assert client.get("/admin/", follow=True).redirect_chain[-1][0].startswith("/accounts/login/")


def test_second_factors_sessions_and_addresses_are_not_on_the_desk():
    assert [model for model in admin.site._registry if model._meta.app_config.name.startswith("allauth")] == []


def add(desk: Client, email: str) -> None:
    form = {"email": email, "is_staff": "on", "usable_password": "true"}
    desk.post("/admin/ddns/user/add/", {**form, "password1": PASSWORD, "password2": PASSWORD})


def test_account_made_on_the_desk_can_log_in(desk, client):
    add(desk, "New@example.com")
    client.post("/accounts/login/", {"login": "new@example.com", "password": PASSWORD})

    assert client.get("/hostnames/").status_code == 200


def test_address_changed_on_the_desk_is_the_only_one_that_logs_in(desk):
    add(desk, "new@example.com")
    account = User.objects.get(email="new@example.com")
    desk.post(
        f"/admin/ddns/user/{account.pk}/change/", {"email": "Newer@example.com", "plan": "free", "is_staff": "on"}
    )

    for email, status in (("new@example.com", 302), ("newer@example.com", 200)):
        client = Client()
        client.post("/accounts/login/", {"login": email, "password": PASSWORD})
        assert client.get("/hostnames/").status_code == status


def test_other_changes_on_the_desk_confirm_no_address(desk, alice):
    EmailAddress.objects.filter(user=alice).update(verified=False)
    desk.post(f"/admin/ddns/user/{alice.pk}/change/", {"email": alice.email, "plan": "free", "is_staff": "on"})

    assert User.objects.get(pk=alice.pk).is_staff
    assert not EmailAddress.objects.get(user=alice).verified


def test_closed_account_is_reopened_with_a_reason(senior, alice, home):
    accounts.close(alice)
    client, page = logged_in(senior), f"/admin/ddns/user/{alice.pk}/"
    html = client.get(f"{page}change/").content.decode()
    assert "closed" in html
    assert "Deactivate" not in html

    assert "For its owner only" in client.get(f"{page}reopen/").content.decode()
    client.post(f"{page}reopen/", {"reason": "asked from the account's address"})
    assert User.objects.get(pk=alice.pk).is_active
    assert LedgerEntry.objects.get().action == "reopen"


def test_closed_account_is_not_reactivated_past_its_owner(senior, alice):
    accounts.close(alice)
    response = logged_in(senior).post(f"/admin/ddns/user/{alice.pk}/reactivate/", {"reason": "appeal"}, follow=True)

    assert "reopened, not reactivated" in response.content.decode()
    assert not User.objects.get(pk=alice.pk).is_active


def test_open_account_is_not_reopened(senior, alice):
    response = logged_in(senior).post(f"/admin/ddns/user/{alice.pk}/reopen/", {"reason": "x"}, follow=True)

    assert "not closed by its owner" in response.content.decode()
    assert not LedgerEntry.objects.exists()


def test_who_may_not_deactivate_may_not_reopen(oscar, clerk, alice, client):
    accounts.close(alice)
    page = f"/admin/ddns/user/{alice.pk}/reopen/"

    assert logged_in(oscar).post(page, {"reason": "x"}).status_code == 403
    assert logged_in(clerk).post(page, {"reason": "x"}).status_code == 403
    assert client.post(page, {"reason": "x"}).status_code == 302
    assert not User.objects.get(pk=alice.pk).is_active


def test_decisions_are_found_after_the_address_of_the_account_has_changed(senior, root, alice):
    logged_in(senior).post(f"/admin/ddns/user/{alice.pk}/deactivate/", {"reason": "spam", "retyped": alice.email})
    alice.email = "alice@example.net"
    accounts.vouch(alice)

    assert "spam" in logged_in(root).get(f"/admin/ddns/user/{alice.pk}/change/").content.decode()
