"""The officers' door: who is let in, and what everybody else is told."""

import time
from datetime import timedelta

import pytest
from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.test import Client
from django.utils import timezone

from abuse import officers
from abuse.models import Officer
from ddns.models import User
from tests.abuse import order_rows
from tests.abuse.officer_people import applicant, show, with_second_factor
from tests.ddns.totp import code_of
from tests.people import logged_in

pytestmark = pytest.mark.django_db

# A page behind in_office.
PAGE = "/authorities/keys/"


@pytest.fixture
def olivia() -> Officer:
    return order_rows.officer()


def test_stranger_is_sent_to_log_in(client):
    assert client.get(PAGE).url == "/accounts/login/?next=/authorities/keys/"


def test_customer_and_staff_find_nothing_there(alice, root):
    for user in (alice, root):
        response = logged_in(user).get(PAGE)
        assert response.status_code == 404
        assert "Nothing here for this account" in response.content.decode()


def test_officer_without_a_second_factor_is_sent_to_set_one_up(olivia):
    response = logged_in(olivia.account).get(PAGE, follow=True)
    assert response.redirect_chain == [("/accounts/2fa/", 302)]
    assert "Accounts of authorities need a second factor" in response.content.decode()


def test_recovery_codes_alone_are_no_second_factor(olivia):
    Authenticator.objects.create(user=olivia.account, type="recovery_codes", data={})
    assert logged_in(olivia.account).get(PAGE).url == "/accounts/2fa/"


def test_session_from_before_the_second_factor_does_not_get_in(olivia):
    mallory = logged_in(olivia.account)
    TOTP.activate(olivia.account, generate_totp_secret())
    assert mallory.get(PAGE).url == "/accounts/2fa/reauthenticate/?next=%2Fauthorities%2Fkeys%2F"


def test_factor_that_was_removed_opens_nothing_any_more(olivia):
    """A session that was opened with a stolen one."""
    client = with_second_factor(olivia)
    Authenticator.objects.all().delete()
    TOTP.activate(olivia.account, generate_totp_secret())
    assert client.get(PAGE).url.startswith("/accounts/2fa/reauthenticate/")


def test_officer_with_a_security_key_is_asked_for_that(olivia):
    Authenticator.objects.create(user=olivia.account, type="webauthn", data={"name": "key", "credential": {}})
    assert logged_in(olivia.account).get(PAGE).url.startswith("/accounts/2fa/webauthn/reauthenticate/")


def test_officer_in_office_gets_in_and_nothing_is_kept_by_the_browser(olivia):
    response = with_second_factor(olivia).get(PAGE)
    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]
    assert "private" in response["Cache-Control"]


@pytest.mark.parametrize("minutes", [0, 29])
def test_session_goes_on_while_it_is_used(olivia, minutes):
    client = with_second_factor(olivia, shown_at=time.time() - minutes * 60)
    assert client.get(PAGE).status_code == 200
    assert client.get(PAGE).status_code == 200


def test_idle_session_ends_with_everything_in_it(olivia):
    client = with_second_factor(olivia, shown_at=time.time() - 3600)
    session = client.session
    session["officer_seen_at"] = time.time() - 31 * 60
    session.save()
    assert client.get(PAGE).url.startswith("/accounts/login/")
    assert client.get("/account/").url.startswith("/accounts/login/")


def test_page_that_looks_again_by_itself_does_not_keep_a_desk_that_was_left_open(olivia):
    page = f"/authorities/orders/{order_rows.order(olivia).pk}/state"
    client = with_second_factor(olivia, shown_at=time.time() - 3600)
    session = client.session
    session["officer_seen_at"] = seen_at = time.time() - 29 * 60
    session.save()
    assert client.get(page).status_code == 200
    assert client.session["officer_seen_at"] == seen_at


def test_session_ends_after_a_working_day_however_busy(olivia):
    client = with_second_factor(olivia, shown_at=time.time() - 8 * 3600 - 1)
    session = client.session
    session["officer_seen_at"] = time.time()
    session.save()
    # Shown again: the session is as old as before.
    show(client, Authenticator.objects.get(), is_again=True)
    response = client.get(PAGE, follow=True)
    assert "Your session was over" in response.content.decode()
    assert client.session.get(AUTHENTICATION_METHODS_SESSION_KEY) is None


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"state": "applied"}, "it is being vetted"),
        ({"state": "called"}, "A second person here looks at everything again"),
        ({"state": "refused", "refusal": "Your agency does not know you."}, "Your agency does not know you."),
        ({"state": "frozen", "frozen_at": timezone.now(), "frozen_reason": "secret"}, "it is frozen"),
        ({"vetted_until": timezone.now() - timedelta(days=1)}, "its term is over"),
    ],
    ids=["applied", "called", "refused", "frozen", "over"],
)
def test_officer_out_of_office_is_told_how_they_stand(olivia, fields, said, settings):
    client = with_second_factor(olivia)
    Officer.objects.filter(pk=olivia.pk).update(**fields)
    response = client.get(PAGE)
    page = response.content.decode()
    assert response.status_code == 403
    assert said in page
    assert "secret" not in page
    assert settings.AUTHORITY_CONTACT in page


def test_officer_who_was_made_staff_files_nothing_any_more(olivia):
    """Who files an order is not who decides about it."""
    client = with_second_factor(olivia)
    User.objects.filter(pk=olivia.account_id).update(is_staff=True)
    assert client.get(PAGE).status_code == 403
    assert not Officer.objects.in_office().exists()


def test_freezing_ends_sessions_at_once(olivia, root, settings):
    olivia.account.set_password("correct horse battery")
    olivia.account.save()
    secret = generate_totp_secret()
    TOTP.activate(olivia.account, secret)
    mallory = Client()
    mallory.post("/accounts/login/", {"login": olivia.account.email, "password": "correct horse battery"})
    code = code_of(secret)
    mallory.post("/accounts/2fa/authenticate/", {"code": code})
    assert mallory.get(PAGE).status_code == 200
    officers.freeze(olivia, by=root, reason="Taken over.")
    assert mallory.get(PAGE).url.startswith("/accounts/login/")


def test_applicant_sees_how_they_stand_with_a_log_in_alone(client):
    olivia = applicant()
    client.force_login(olivia.account)
    page = client.get("/authorities/account/").content.decode()
    assert "being vetted" in page
    assert "we call your agency back" in page
