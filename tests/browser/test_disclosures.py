"""A disclosure in a browser: prepared by one, released by another, its password read on the phone, fetched by the officer."""

import io
from datetime import timedelta

import pytest
import pyzipper
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.utils import timezone
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from abuse import holds
from abuse.models import Disclosure, Hold, LedgerEntry, Officer, Order
from tests.abuse import order_rows
from tests.abuse.holds_people import ask, moved, prepare
from tests.browser.conftest import DESKTOP, PASSWORD, PHONE, with_password
from tests.browser.pages import PATIENCE_SECONDS, complaints, fill, log_in, press, text
from tests.browser.test_every_page import wrong
from tests.browser.test_officers import lena, log_in_with_code, sofia  # noqa: F401 - fixtures


@pytest.fixture
def olivia(transactional_db) -> Officer:
    officer = order_rows.officer()
    with_password(officer.account)
    return officer


def test_two_people_release_it_and_the_officer_fetches_it(live_server, open_browser, lena, sofia, olivia, home):  # noqa: F811
    base, order = live_server.url, ask(olivia, [home])
    moved(home, "203.0.113.2", days=1)

    lenas = open_browser(DESKTOP)
    log_in(lenas, base, lena.email, PASSWORD, to=f"/admin/abuse/order/{order.pk}/")
    lenas.get(f"{base}/admin/abuse/disclosure/of/{order.pk}/prepare/")
    fill(lenas, "reason", "As ordered, read in full.")
    press(lenas, "Prepare for the second person")
    assert "It waits for a second person" in text(lenas)
    disclosure = Disclosure.objects.get()

    sofias = open_browser(DESKTOP)
    log_in(sofias, base, sofia.email, PASSWORD, to=f"/admin/abuse/disclosure/{disclosure.pk}/change/")
    press(sofias, "Release this scope")
    assert "read the password to them on the phone" in text(sofias)
    press(sofias, "Show the password")
    password = sofias.find_element(By.CLASS_NAME, "desk-secret").text.replace(" ", "")

    secret = generate_totp_secret()
    TOTP.activate(olivia.account, secret)
    olivias = open_browser(PHONE)
    log_in_with_code(olivias, base, olivia, secret, to=f"/authorities/orders/{order.pk}/")
    # A download leaves the page as it is.
    olivias.find_element(By.CSS_SELECTOR, "[aria-labelledby=disclosed] button").click()
    fetched = LedgerEntry.objects.filter(action="fetch-disclosure")
    WebDriverWait(olivias, PATIENCE_SECONDS).until(lambda _: fetched.exists())
    with pyzipper.AESZipFile(io.BytesIO(Disclosure.objects.get().package)) as archive:
        assert b"203.0.113.2" in archive.read("addresses.csv", pwd=password.encode())
    assert [each for browser in (lenas, sofias, olivias) for each in complaints(browser)] == []


@pytest.mark.parametrize(("size", "scheme"), [(DESKTOP, "light"), (PHONE, "dark")], ids=["desktop", "phone"])
def test_pages_fit_and_are_in_nobodys_way(live_server, open_browser, size, scheme, lena, sofia, olivia, home):  # noqa: F811
    order = ask(olivia, [home])
    disclosure = prepare(order, lena)
    holds.place_all(order, [home.account_id], now=timezone.now())
    Hold.objects.update(ends_at=timezone.now() + timedelta(days=10))
    browser = open_browser(size, scheme)
    log_in(browser, live_server.url, sofia.email, PASSWORD, to="/admin/")
    found: dict[str, object] = {}
    for page in (
        f"/admin/abuse/disclosure/{disclosure.pk}/change/",
        f"/admin/abuse/disclosure/of/{order.pk}/prepare/",
        f"/admin/abuse/hold/of/{order.pk}/renew/90/",
        f"/admin/abuse/order/{order.pk}/",
    ):
        found |= wrong(browser, live_server.url, page, scheme)
    assert Order.objects.get().state == Order.State.PLANNED
    # The desk's colours are in oklch, and its script is no customer's.
    assert {what: value for what, value in found.items() if not what.endswith(("weighs", "colours"))} == {}
