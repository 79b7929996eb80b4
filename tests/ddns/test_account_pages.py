"""The account's pages: address, password, second factors, sessions, export, closing; and the stranger at each of them."""

import json
import re
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.core import mail
from django.test import Client
from django.utils import timezone

from ddns import accounts, keys
from ddns.models import Hostname, User
from tests.ddns.totp import code_of

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery staple"
OWN_PAGES = ["/account/", "/account/export/", "/account/export/account.json", "/account/close/"]
LIBRARY_PAGES = [
    "/accounts/email/",
    "/accounts/password/change/",
    "/accounts/sessions/",
    "/accounts/2fa/",
    "/accounts/2fa/totp/activate/",
    "/accounts/2fa/totp/deactivate/",
    "/accounts/2fa/webauthn/",
    "/accounts/2fa/webauthn/add/",
    "/accounts/2fa/recovery-codes/",
    "/accounts/2fa/recovery-codes/generate/",
    "/accounts/2fa/recovery-codes/download/",
]


@pytest.fixture(autouse=True)
def _fast_hashes(settings):
    """Nobody guesses here."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def alice(alice) -> User:
    alice.set_password(PASSWORD)
    alice.save()
    return alice


def log_in(account: User, **headers: str) -> Client:
    """By the form, so that there is a session in the list."""
    client = Client(headers=headers)
    client.post("/accounts/login/", {"login": account.email, "password": PASSWORD})
    return client


@pytest.fixture
def browser(alice) -> Client:
    return log_in(alice, **{"user-agent": "Browser of Alice"})


def show_password_again(client: Client, page: str) -> None:
    """As whoever is asked whether it is them."""
    assert client.get(page).url.startswith("/accounts/reauthenticate/")
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})


@pytest.mark.parametrize("page", [*OWN_PAGES, *LIBRARY_PAGES, "/account/sessions/1/end/"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_stranger_is_sent_to_the_log_in(client, alice, page, method):
    response = getattr(client, method)(page, {"retyped": alice.email, "email": "new@example.com"})

    assert response.status_code == 302
    assert response.url.startswith("/accounts/login/")
    assert User.objects.get().closed_at is None


@pytest.mark.parametrize(
    "page", ["/rules/", "/accounts/signup/", "/accounts/password/reset/", "/accounts/confirm-email/"]
)
def test_stranger_reads_what_is_for_strangers(client, db, page):
    assert client.get(page).status_code == 200


def test_account_page_leads_everywhere(browser, alice):
    html = browser.get("/account/").content.decode()

    for page in (
        "/accounts/email/",
        "/accounts/password/change/",
        "/accounts/2fa/",
        "/accounts/sessions/",
        *OWN_PAGES[1::2],
    ):
        assert f'href="{page}"' in html
    assert "1 browser is logged in" in html


def test_every_page_is_reached_from_the_header(browser):
    assert 'href="/account/"' in browser.get("/hostnames/").content.decode()


@pytest.mark.parametrize(
    "page",
    ["/accounts/email/", "/account/export/account.json", "/account/close/", "/accounts/2fa/totp/activate/"],
)
def test_what_could_take_the_account_away_asks_for_the_password_again(browser, page):
    data = {"action_add": "", "email": "new@example.com"} if page == "/accounts/email/" else {}
    response = browser.post(page, data) if data else browser.get(page)

    assert response.url.startswith("/accounts/reauthenticate/")
    assert "Is it you?" in browser.get(response.url).content.decode()


# --- Address and password ---------------------------------------------------------------------------------


def change_address(client: Client, email: str) -> None:
    response = client.post("/accounts/email/", {"action_add": "", "email": email})
    if response.url.startswith("/accounts/reauthenticate/"):
        client.post(response.url, {"password": PASSWORD, "next": "/accounts/email/"})


def link_in(message) -> str:
    return re.search(r"http://[^/]+(/accounts/\S+)", message.body)[1]


def test_address_changes_once_the_new_one_is_confirmed_and_the_old_one_is_told(browser, alice):
    change_address(browser, "alice@example.net")
    assert User.objects.get().email == "alice@example.com"
    assert "alice@example.net" in browser.get("/accounts/email/").content.decode()
    (to_new,) = mail.outbox
    assert to_new.to == ["alice@example.net"]

    browser.post(link_in(to_new))
    assert User.objects.get().email == "alice@example.net"
    assert [address.email for address in EmailAddress.objects.all()] == ["alice@example.net"]
    to_old = mail.outbox[-1]
    assert to_old.to == ["alice@example.com"]
    assert "It is alice@example.net now" in to_old.body


def test_bob_cannot_take_alices_address_and_is_not_told_that_it_is_hers(browser, bob):
    bob.set_password(PASSWORD)
    bob.save()
    his = log_in(bob)
    change_address(his, "alice@example.com")
    assert "alice@example.com" in his.get("/accounts/email/").content.decode()

    # Even with her mailbox open by mistake in his browser.
    his.post(link_in(mail.outbox[0]))
    assert User.objects.get(pk=bob.pk).email == "bob@example.com"


def test_unconfirmed_sign_up_does_not_keep_an_address_from_who_reads_its_mailbox(browser, alice, django_user_model):
    squatter = User(email="alice@example.net", rules_accepted_at=alice.date_joined)
    squatter.save()
    EmailAddress.objects.create(user=squatter, email=squatter.email, primary=True)
    change_address(browser, "alice@example.net")
    browser.post(link_in(mail.outbox[0]))

    assert User.objects.get().email == "alice@example.net"


def test_changed_password_ends_other_sessions_and_is_told_by_mail(browser, alice):
    other = log_in(alice)
    browser.post(
        "/accounts/password/change/",
        {"oldpassword": PASSWORD, "password1": "quite another phrase", "password2": "quite another phrase"},
    )

    assert browser.get("/hostnames/").status_code == 200
    assert other.get("/hostnames/").status_code == 302
    assert mail.outbox[-1].to == ["alice@example.com"]


def test_a_mail_server_that_is_down_does_not_undo_a_new_password(browser, alice, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    form = {"oldpassword": PASSWORD, "password1": "quite another phrase", "password2": "quite another phrase"}

    assert browser.post("/accounts/password/change/", form).status_code == 302
    assert User.objects.get().check_password("quite another phrase")


# --- Second factors ---------------------------------------------------------------------------------------


def with_app(account: User) -> str:
    """Gives it an authenticator app and recovery codes; gives the secret."""
    secret = generate_totp_secret()
    TOTP.activate(account, secret)
    RecoveryCodes.activate(account)
    return secret


def test_app_is_set_up_with_a_code_and_recovery_codes_come_with_it(browser, alice):
    show_password_again(browser, "/accounts/2fa/totp/activate/")
    html = browser.get("/accounts/2fa/totp/activate/").content.decode()
    secret = re.search(r'id="secret">(\w+)<', html)[1]
    assert "data:image/svg+xml" in html
    wrong = browser.post("/accounts/2fa/totp/activate/", {"code": "000000"})
    assert "Incorrect code" in wrong.content.decode()

    response = browser.post("/accounts/2fa/totp/activate/", {"code": code_of(secret)}, follow=True)
    assert response.redirect_chain[-1][0] == "/accounts/2fa/recovery-codes/"
    codes = re.search(r'id="recovery-codes">([\d\s]+)<', response.content.decode())[1].split()
    assert len(codes) == 10


def test_password_alone_does_not_log_in_where_there_is_a_second_factor(alice):
    secret = with_app(alice)
    client = log_in(alice)
    assert client.get("/hostnames/").status_code == 302

    assert "Incorrect code" in client.post("/accounts/2fa/authenticate/", {"code": "123"}).content.decode()
    client.post("/accounts/2fa/authenticate/", {"code": code_of(secret)})
    assert client.get("/hostnames/").status_code == 200


def test_code_of_the_app_works_once(alice):
    secret = with_app(alice)
    code = code_of(secret)
    first, second = log_in(alice), log_in(alice)
    first.post("/accounts/2fa/authenticate/", {"code": code})
    second.post("/accounts/2fa/authenticate/", {"code": code})

    assert first.get("/hostnames/").status_code == 200
    assert second.get("/hostnames/").status_code == 302


def test_recovery_code_opens_the_account_once(alice):
    with_app(alice)
    code = Authenticator.objects.get(type="recovery_codes").wrap().get_unused_codes()[0]
    first, second = log_in(alice), log_in(alice)
    first.post("/accounts/2fa/authenticate/", {"code": code})
    second.post("/accounts/2fa/authenticate/", {"code": code})

    assert first.get("/hostnames/").status_code == 200
    assert second.get("/hostnames/").status_code == 302


def test_secrets_of_second_factors_are_sealed_at_rest(alice):
    secret = with_app(alice)

    for stored in Authenticator.objects.all():
        assert secret not in json.dumps(stored.data)
        assert all(code not in json.dumps(stored.data) for code in RecoveryCodes.activate(alice).generate_codes())


def test_guesses_of_a_code_are_limited(alice):
    secret = with_app(alice)
    client = log_in(alice)
    for _ in range(12):
        said = client.post("/accounts/2fa/authenticate/", {"code": "000000"}).content.decode()
    assert "Too many failed" in said

    client.post("/accounts/2fa/authenticate/", {"code": code_of(secret)})
    assert client.get("/hostnames/").status_code == 302


def test_guesses_of_a_code_are_limited_from_everywhere_together(alice):
    """Whoever has the password has addresses too: each guess comes from another."""
    secret = with_app(alice)
    client = log_in(alice)
    for number in range(1, 7):
        guess = client.post("/accounts/2fa/authenticate/", {"code": "000000"}, REMOTE_ADDR=f"198.51.100.{number}")
    assert "Too many failed" in guess.content.decode()

    client.post("/accounts/2fa/authenticate/", {"code": code_of(secret)}, REMOTE_ADDR="198.51.100.99")
    assert client.get("/hostnames/").status_code == 302


def test_right_code_ends_the_count_of_wrong_ones(alice):
    with_app(alice)
    codes = Authenticator.objects.get(type="recovery_codes").wrap().get_unused_codes()
    for code in codes[:3]:
        client = log_in(alice)
        for _ in range(3):
            client.post("/accounts/2fa/authenticate/", {"code": "000000"})
        client.post("/accounts/2fa/authenticate/", {"code": code})
        assert client.get("/hostnames/").status_code == 200


def test_bob_neither_renames_nor_removes_alices_key(alice, bob):
    key = Authenticator.objects.create(user=alice, type="webauthn", data={"name": "hers", "credential": {}})
    his = Client()
    his.force_login(bob)

    for part in ("edit", "remove"):
        assert his.post(f"/accounts/2fa/webauthn/keys/{key.pk}/{part}/", {"name": "his"}).status_code == 404


# --- Sessions ---------------------------------------------------------------------------------------------


def test_sessions_are_listed_and_one_is_ended(browser, alice):
    phone = log_in(alice, **{"user-agent": "Phone of Alice"})
    html = browser.get("/accounts/sessions/").content.decode()
    assert "Browser of Alice" in html
    assert "Phone of Alice" in html

    pk = UserSession.objects.get(user_agent="Phone of Alice").pk
    assert "is ended" in browser.post(f"/account/sessions/{pk}/end/", follow=True).content.decode()
    assert phone.get("/hostnames/").status_code == 302
    assert browser.get("/hostnames/").status_code == 200


def test_all_other_sessions_are_ended_at_once(browser, alice):
    others = [log_in(alice) for _ in range(3)]
    browser.post("/accounts/sessions/")

    assert [other.get("/hostnames/").status_code for other in others] == [302] * 3
    assert browser.get("/hostnames/").status_code == 200


def test_bob_does_not_end_alices_session(browser, bob):
    his = Client()
    his.force_login(bob)
    pk = UserSession.objects.get().pk

    assert his.post(f"/account/sessions/{pk}/end/").status_code == 404
    assert browser.get("/hostnames/").status_code == 200


# --- Export and closing -----------------------------------------------------------------------------------


def test_export_holds_what_is_hers_and_nothing_else(browser, alice, home, foreign):
    key, text = keys.create(alice, label="attic router", hostnames=[home])
    show_password_again(browser, "/account/export/account.json")
    response = browser.get("/account/export/account.json")
    content = response.getvalue().decode()
    exported = json.loads(content)

    assert response["Content-Disposition"] == 'attachment; filename="account.json"'
    assert exported["account"]["email"] == "alice@example.com"
    assert [each["name"] for each in exported["hostnames"]] == ["home.ddns.test"]
    assert exported["keys"][0]["label"] == "attic router"
    assert exported["keys"][0]["hostnames"] == ["home.ddns.test"]
    assert exported["sessions"][0]["user_agent"] == "Browser of Alice"
    for secret in (text, bytes(key.digest).hex(), alice.password, "bob"):
        assert secret not in content


def test_export_page_names_every_section_of_the_file(browser, alice, home):
    show_password_again(browser, "/account/export/account.json")
    exported = json.loads(browser.get("/account/export/account.json").getvalue())
    html = browser.get("/account/export/").content.decode()

    assert re.findall(r"<dt><code>(\w+)</code>", html) == list(exported)


def test_account_is_closed_with_password_and_retyped_address(browser, alice, home):
    show_password_again(browser, "/account/close/")
    wrong = browser.post("/account/close/", {"retyped": "bob@example.com"})
    assert "not the e-mail address" in wrong.content.decode()

    said = browser.post("/account/close/", {"retyped": "Alice@Example.com"}).content.decode()
    assert "This account is closed" in said
    assert browser.get("/hostnames/").status_code == 302
    assert Hostname.objects.get().released_at is not None
    assert "can be opened again" in mail.outbox[-1].body


def test_who_logs_in_to_a_closed_account_is_told_until_when_it_can_be_opened_again(browser, alice):
    show_password_again(browser, "/account/close/")
    browser.post("/account/close/", {"retyped": alice.email})
    response = Client().post("/accounts/login/", {"login": alice.email, "password": PASSWORD})

    assert response.status_code == 403
    assert "can be opened again" in response.content.decode()


def test_form_from_another_site_closes_nothing(alice):
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)

    assert client.post("/account/close/", {"retyped": alice.email}).status_code == 403
    assert User.objects.get().closed_at is None


@pytest.mark.parametrize("page", [*OWN_PAGES[:2], *LIBRARY_PAGES[:4], "/accounts/2fa/webauthn/", "/rules/"])
def test_pages_run_no_inline_code(browser, page):
    html = browser.get(page).content.decode()

    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", html)


def test_sessions_that_have_run_out_leave_no_address_behind(browser, alice):
    phone = log_in(alice)
    Session.objects.filter(pk=phone.session.session_key).update(expire_date=timezone.now() - timedelta(seconds=1))
    accounts.purge_sessions(timezone.now())

    assert [each.session_key for each in UserSession.objects.all()] == [browser.session.session_key]
    assert browser.get("/hostnames/").status_code == 200
