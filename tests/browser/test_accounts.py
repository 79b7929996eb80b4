"""The account in a real browser: signed up with a proof of work, kept by second factors, ended session by session."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.virtual_authenticator import VirtualAuthenticatorOptions
from selenium.webdriver.support.select import Select

from ddns.models import Hostname, User
from tests.browser.conftest import DESKTOP, PASSWORD, PHONE, with_password
from tests.browser.pages import complaints, fill, follow, log_in, overflow, press, text, wait_for
from tests.ddns.totp import code_of

PAGES = [
    "/account/",
    "/account/export/",
    "/account/close/",
    "/accounts/email/",
    "/accounts/sessions/",
    "/accounts/2fa/",
    "/accounts/2fa/totp/activate/",
    "/accounts/2fa/webauthn/add/",
    "/rules/",
]
STRANGERS_PAGES = ["/accounts/signup/", "/accounts/login/", "/accounts/password/reset/"]
# Still solved by the browser's own workers, and soon.
WORK = 200


def link_in(message) -> str:
    return re.search(r"http://\S+/accounts/\S+", message.body)[0]


def fill_sign_up(browser: Chrome, base: str) -> None:
    browser.get(f"{base}/accounts/signup/")
    fill(browser, "email", "new@example.com")
    fill(browser, "password1", PASSWORD)
    browser.find_element(By.NAME, "rules").click()


def confirm(browser: Chrome) -> None:
    assert "Confirm your e-mail address" in text(browser)
    browser.get(link_in(mail.outbox[0]))
    press(browser, "Confirm")


def test_new_customer_comes_from_the_first_page_to_a_hostname(live_server, open_browser, domain, settings):
    settings.PROOF_OF_WORK = WORK
    browser = open_browser()
    browser.get(live_server.url)
    follow(browser, "Sign up")
    fill_sign_up(browser, live_server.url)
    wait_for(browser, "Proof of work: done.")
    press(browser, "Sign up")
    confirm(browser)

    assert "No hostname yet" in text(browser)
    fill(browser, "label", "attic")
    Select(browser.find_element(By.NAME, "domain")).select_by_visible_text(str(domain))
    press(browser, "Register")
    assert Hostname.objects.get().name == f"attic.{domain}"
    assert complaints(browser) == []


def test_who_is_faster_than_the_proof_of_work_is_not_sent_back(live_server, open_browser, domain, settings):
    # Some seconds, in which the form is filled in and sent.
    settings.PROOF_OF_WORK = 40 * WORK
    browser = open_browser()
    fill_sign_up(browser, live_server.url)
    press(browser, "Sign up")

    confirm(browser)
    assert User.objects.get().email == "new@example.com"


def test_browser_without_scripts_signs_up_after_a_wait(live_server, open_browser, domain, settings):
    settings.WAIT_INSTEAD_OF_WORK = timedelta(hours=1)
    browser = open_browser(scripts=False)
    fill_sign_up(browser, live_server.url)
    assert "Yours cannot" in text(browser)
    press(browser, "Sign up")
    assert "Send it again in" in text(browser)

    settings.WAIT_INSTEAD_OF_WORK = timedelta()
    fill(browser, "password1", PASSWORD)
    press(browser, "Sign up")
    confirm(browser)
    assert "No hostname yet" in text(browser)


def open_second_factors(browser: Chrome, base: str, account: User) -> None:
    log_in(browser, base, with_password(account).email, PASSWORD, to="/account/")
    follow(browser, "Apps, keys, recovery codes")


def show_password_again(browser: Chrome) -> None:
    fill(browser, "password", PASSWORD)
    press(browser, "Go on")


def test_authenticator_app_and_recovery_code(live_server, open_browser, alice):
    browser = open_browser()
    open_second_factors(browser, live_server.url, alice)
    follow(browser, "Set up an authenticator app")
    show_password_again(browser)
    secret = browser.find_element(By.ID, "secret").text
    assert browser.find_element(By.CSS_SELECTOR, "img.qr").rect["width"] > 100
    fill(browser, "code", code_of(secret))
    press(browser, "Set up")
    recovery_code = browser.find_element(By.ID, "recovery-codes").text.split()[0]

    press(browser, "Log out")
    log_in(browser, live_server.url, alice.email, PASSWORD, to="/account/")
    assert "Second factor" in text(browser)
    fill(browser, "code", code_of(secret))
    press(browser, "Log in")
    assert "set up" in text(browser)

    press(browser, "Log out")
    log_in(browser, live_server.url, alice.email, PASSWORD, to="/account/")
    fill(browser, "code", recovery_code)
    press(browser, "Log in")
    follow(browser, "Apps, keys, recovery codes")
    assert "9 codes are left" in text(browser)
    assert complaints(browser) == []


def plug_in_key(browser: Chrome) -> None:
    options = VirtualAuthenticatorOptions(
        protocol=VirtualAuthenticatorOptions.Protocol.CTAP2,
        transport=VirtualAuthenticatorOptions.Transport.USB,
        has_resident_key=True,
        has_user_verification=True,
        is_user_verified=True,
    )
    browser.add_virtual_authenticator(options)


def test_security_key_is_added_and_asked_for_at_the_next_log_in(live_server, open_browser, alice):
    browser = open_browser()
    plug_in_key(browser)
    open_second_factors(browser, live_server.url, alice)
    follow(browser, "Add a security key")
    show_password_again(browser)
    fill(browser, "name", "key ring")
    press(browser, "Add this key")
    wait_for(browser, "Recovery codes")

    press(browser, "Log out")
    log_in(browser, live_server.url, alice.email, PASSWORD, to="/account/")
    press(browser, "Use a security key")
    wait_for(browser, "Your data")
    browser.get(f"{live_server.url}/accounts/2fa/webauthn/")
    assert "key ring" in text(browser)
    assert "last used on" in text(browser)
    assert complaints(browser) == []


def test_passkey_logs_in_by_itself(live_server, open_browser, alice):
    browser = open_browser()
    plug_in_key(browser)
    open_second_factors(browser, live_server.url, alice)
    follow(browser, "Add a security key")
    show_password_again(browser)
    browser.find_element(By.NAME, "passwordless").click()
    press(browser, "Add this key")
    wait_for(browser, "Recovery codes")

    press(browser, "Log out")
    press(browser, "Log in with a passkey")
    wait_for(browser, "Hostnames")
    assert "Log out" in text(browser)
    assert complaints(browser) == []


def test_session_that_is_ended_is_logged_out(live_server, open_browser, alice):
    laptop, phone = open_browser(), open_browser(PHONE)
    log_in(phone, live_server.url, with_password(alice).email, PASSWORD, to="/account/")
    log_in(laptop, live_server.url, alice.email, PASSWORD, to="/account/")
    follow(laptop, "2 browsers are logged in")
    press(laptop, "End this session")
    assert "that browser is logged out" in text(laptop)

    phone.refresh()
    assert "Password forgotten?" in text(phone)
    laptop.refresh()
    assert "Browsers that are logged in" in text(laptop)


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_pages_fit_the_screen(live_server, open_browser, alice, size):
    browser = open_browser(size, "dark")
    for page in STRANGERS_PAGES:
        browser.get(live_server.url + page)
        assert overflow(browser) <= 0, page
    log_in(browser, live_server.url, with_password(alice).email, PASSWORD, to="/account/close/")
    show_password_again(browser)
    for page in PAGES:
        browser.get(live_server.url + page)
        assert overflow(browser) <= 0, page
    assert complaints(browser) == []
