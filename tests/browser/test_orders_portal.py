"""Orders in the portal in a real browser: filed with and without scripts, followed live; every page fits, light and dark."""

from pathlib import Path

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from abuse import orders, plans
from abuse.models import Officer, Order
from ddns import hostnames
from tests.abuse import order_rows
from tests.abuse.officer_people import with_second_factor
from tests.abuse.portal_rows import PDF, filed
from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.pages import complaints, fill, follow, go, overflow, press, wait_for, wait_until
from tests.browser.test_every_page import AXE, RUN_AXE

LIST, NEW = "/authorities/orders/", "/authorities/orders/new/"
LETTER = """The following names serve a botnet:
1) hxxp://BAD[.]{zone}:1177/gate
2) never.{zone}
3) www.example.org
4) bad.{zone}
"""
TYPED = {
    "reference": "12 Cr 345/26",
    "issuing_authority": "Regional Court of Example",
    "legal_basis": "Section 1 of the Example Act",
    "reasons": "The names control malware.",
    "redress": "Appeal to the Higher Court of Example within two weeks.",
}


@pytest.fixture
def olivia(db) -> Officer:
    return order_rows.officer()


@pytest.fixture
def letter(alice, domain) -> str:
    hostnames.register(alice, domain=domain, label="bad")
    return LETTER.format(zone=domain.name)


def enter(browser: Chrome, base: str, olivia: Officer, to: str) -> None:
    """With the session of whoever has logged in and shown the second factor."""
    cookie = with_second_factor(olivia).cookies["sessionid"].value
    browser.get(f"{base}/rules/")
    browser.add_cookie({"name": "sessionid", "value": cookie})
    browser.get(base + to)


def is_in_order(browser: Chrome, page: str) -> None:
    browser.execute_script(AXE)
    assert browser.execute_async_script(RUN_AXE) == [], page
    assert overflow(browser) <= 0, page
    assert complaints(browser) == [], page


@pytest.mark.parametrize(("size", "scheme"), [(DESKTOP, "light"), (PHONE, "dark")], ids=["desktop", "phone"])
def test_every_page_fits_and_is_in_nobodys_way(live_server, open_browser, olivia, letter, oscar, size, scheme):
    order = filed(olivia, names=letter)
    plans.make(order)
    told = filed(olivia, names=letter + "ns1.example.org\n")
    plans.make(told)
    orders.answer(told, by=oscar, text="Two names were held by nobody.\n\nNothing was done.")
    browser = open_browser(size, scheme)
    enter(browser, live_server.url, olivia, LIST)
    kinds = [f"{NEW}?kind={kind}" for kind in Order.Kind.values]
    parts = [f"{LIST}{each.pk}/{part}" for each in (order, told) for part in ("", "lines/", "lines/?q=nothing")]

    for page in [LIST, f"{LIST}?show=over", NEW, *kinds, *parts]:
        browser.get(live_server.url + page)
        is_in_order(browser, page)

    browser.get(f"{live_server.url}{NEW}?kind=takedown")
    browser.execute_script("for (const each of document.querySelectorAll('[required]')) each.required = false")
    press(browser, "File it")
    wait_for(browser, "Nothing was filed yet.")
    is_in_order(browser, "what is wrong")


def test_order_is_filed_without_scripts(live_server, open_browser, olivia, letter, tmp_path: Path):
    (tmp_path / "order.pdf").write_bytes(PDF)
    browser = open_browser(PHONE, scripts=False)
    enter(browser, live_server.url, olivia, LIST)

    follow(browser, "File an order")
    browser.find_element(By.CSS_SELECTOR, "label[for=kind-1]").click()
    press(browser, "Continue")
    fill(browser, "names", letter)
    browser.find_element(By.NAME, "papers").send_keys(str(tmp_path / "order.pdf"))
    browser.find_element(By.CSS_SELECTOR, "[name=instrument] [value=court_order]").click()
    for name, text in TYPED.items():
        fill(browser, name, text)
    press(browser, "File it")

    wait_for(browser, "We have it.")
    order = Order.objects.get()
    plans.make(order)
    follow(browser, "Look again")
    wait_for(browser, "4 lines in your list")
    fill(browser, "reason", "Quashed on appeal.")
    press(browser, "Take it back")
    wait_for(browser, "Nothing was done for it.")


def test_page_follows_the_order_until_it_is_answered(live_server, open_browser, olivia, letter, oscar):
    order = filed(olivia, names=letter)
    browser = open_browser(DESKTOP)
    enter(browser, live_server.url, olivia, f"{LIST}{order.pk}/")
    wait_for(browser, "That takes seconds")

    plans.make(order)
    wait_for(browser, "4 lines in your list")
    page = browser.find_element(By.TAG_NAME, "html")
    orders.answer(order, by=oscar, text="Nobody holds them any more.")
    wait_for(browser, "Nobody holds them any more.")

    wait_until(browser, lambda: browser.find_element(By.TAG_NAME, "html") != page)
    follow(browser, "Look at the lines")
    go(browser, browser.find_element(By.XPATH, "//button[normalize-space()='Show']"))
    wait_for(browser, "never existed")
