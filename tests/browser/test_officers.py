"""An officer's way in a browser: applies, is vetted by two at the desk, comes in with a second factor, freezes the account."""

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.contrib.auth.models import Group
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.select import Select

from abuse import officer_mails, roles
from abuse.models import Officer
from ddns.models import User
from tests.abuse import order_rows
from tests.browser.conftest import DESKTOP, PASSWORD, PHONE
from tests.browser.pages import complaints, fill, follow, log_in, press, text
from tests.browser.test_every_page import wrong
from tests.ddns.totp import code_of

PAGES = ["/authorities/", "/authorities/account/", "/authorities/keys/"]


@pytest.fixture
def lena(transactional_db) -> User:
    return member("lena@example.com", roles.LIAISON)


@pytest.fixture
def sofia(transactional_db) -> User:
    return member("sofia@example.com", roles.SENIOR)


def member(email: str, role: str) -> User:
    roles.make_missing()
    user = User.objects.create_user(email, PASSWORD, is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    return user


def log_in_with_code(browser: Chrome, base: str, officer: Officer, secret: str, to: str) -> None:
    log_in(browser, base, officer.account.email, PASSWORD, to=to)
    fill(browser, "code", code_of(secret))
    press(browser, "Log in")


def test_officer_applies_is_vetted_by_two_and_comes_in(live_server, open_browser, lena, sofia):
    base, agency = live_server.url, order_rows.agency()
    User.objects.create_user("olivia@police.example", PASSWORD)

    olivias = open_browser(PHONE)
    log_in(olivias, base, "olivia@police.example", PASSWORD, to="/authorities/apply/")
    said = {"agency_said": agency.name, "country_said": "AT", "name": "Olivia Example", "phone_said": "+43 1 555 0199"}
    for name, value in said.items():
        fill(olivias, name, value)
    press(olivias, "Apply")
    assert "being vetted" in text(olivias)
    officer = Officer.objects.get()

    lenas = open_browser(DESKTOP)
    log_in(lenas, base, lena.email, PASSWORD, to=f"/admin/abuse/officer/{officer.pk}/change/")
    follow(lenas, "Call back")
    Select(lenas.find_element(By.NAME, "agency")).select_by_visible_text(agency.name)
    fill(lenas, "called_number", agency.phone)
    fill(lenas, "spoke_with", "the switchboard, then Olivia Example")
    press(lenas, "I have called")
    assert "waits for another to confirm" in text(lenas)

    sofias = open_browser(DESKTOP)
    log_in(sofias, base, sofia.email, PASSWORD, to=f"/admin/abuse/officer/{officer.pk}/change/")
    follow(sofias, "Confirm")
    assert lena.email in text(sofias)
    press(sofias, "Confirm")
    assert "is in office" in text(sofias)

    olivias.get(f"{base}/authorities/keys/")
    assert "Accounts of authorities need a second factor" in text(olivias)
    secret = generate_totp_secret()
    TOTP.activate(officer.account, secret)
    olivias.get(f"{base}/authorities/keys/")
    fill(olivias, "code", code_of(secret))
    press(olivias, "Go on")
    assert "No key yet" in text(olivias)

    olivias.get(base + officer_mails.freeze_path(officer))
    press(olivias, "Freeze the account")
    assert "The account is frozen" in text(olivias)
    olivias.get(f"{base}/authorities/keys/")
    assert "/accounts/login/" in olivias.current_url
    assert [each for browser in (olivias, lenas, sofias) for each in complaints(browser)] == []


@pytest.mark.parametrize(("size", "scheme"), [(DESKTOP, "light"), (PHONE, "dark")], ids=["desktop", "phone"])
def test_pages_fit_and_are_light_and_in_nobodys_way(live_server, open_browser, transactional_db, size, scheme):
    browser = open_browser(size, scheme)
    base, officer = live_server.url, order_rows.officer(vetted_until=None, state="applied")
    officer.account.set_password(PASSWORD)
    officer.account.save()
    found = wrong(browser, base, "/authorities/", scheme) | wrong(
        browser, base, officer_mails.freeze_path(officer), scheme
    )
    secret = generate_totp_secret()
    TOTP.activate(officer.account, secret)
    log_in_with_code(browser, base, officer, secret, to="/authorities/keys/")
    # A page of its own for those who are not in office, answered with 403.
    found |= {k: v for k, v in wrong(browser, base, "/authorities/keys/", scheme).items() if "complains" not in k}
    found |= wrong(browser, base, "/authorities/account/", scheme)
    Officer.objects.filter(pk=officer.pk).update(
        state="vetted", vetted_until=order_rows.officer("otto@police.example").vetted_until
    )
    for page in PAGES:
        found |= wrong(browser, base, page, scheme)
    Officer.objects.filter(pk=officer.pk).delete()
    found |= wrong(browser, base, "/authorities/apply/", scheme)
    assert found == {}
