"""The customer's pages in a real browser: from nothing to a name in DNS, on any screen, and without scripts."""

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.support.select import Select

from ddns.models import Hostname, UpdateKey
from tests.browser.conftest import DESKTOP, PASSWORD, PHONE, drain, with_password
from tests.browser.pages import complaints, fill, follow, log_in, overflow, press, text
from tests.ddns.devices import Device

PAGES = ["/", "/hostnames/", "/hostnames/{name}/", "/keys/", "/setup/", "/accounts/password/change/"]


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_alice_goes_from_nothing_to_a_name_in_dns(live_server, open_browser, alice, domain, scripts):
    browser = open_browser(scripts=scripts)
    log_in(browser, live_server.url, with_password(alice).email, PASSWORD, to="/hostnames/")
    assert "No hostname yet" in text(browser)
    fill(browser, "label", "attic")
    Select(browser.find_element(By.NAME, "domain")).select_by_visible_text(str(domain))
    press(browser, "Register")
    name = f"attic.{domain}"
    assert f"{name} is yours" in text(browser)

    follow(browser, "Manage keys")
    fill(browser, "label", "attic router")
    press(browser, "Make the key")
    key = browser.find_element(By.ID, "key").text
    assert browser.find_element(By.CSS_SELECTOR, "[data-copy=key]").is_displayed() == scripts
    router = Device("anything", key, agent="router/1")
    assert router.update(hostname=name, myip="203.0.113.9").content == b"good 203.0.113.9\n"
    drain(domain.zone)

    follow(browser, "Hostnames")
    assert "203.0.113.9" in text(browser)
    assert "in DNS since" in text(browser)
    follow(browser, name)
    assert "router/1" in text(browser)
    assert complaints(browser) == []


def test_setup_page_shows_the_chosen_hostname_in_every_snippet(live_server, open_browser, home, alice):
    browser = open_browser()
    log_in(browser, live_server.url, with_password(alice).email, PASSWORD, to="/setup/")
    for summary in browser.find_elements(By.CSS_SELECTOR, "details:not([open]) summary"):
        summary.click()
    snippets = {pre.get_attribute("id"): pre.text for pre in browser.find_elements(By.TAG_NAME, "pre")}

    assert set(snippets) == {"text-curl", "text-ddclient", "text-inadyn", "text-fritzbox", "text-openwrt"}
    assert all(home.name in snippet for id, snippet in snippets.items() if id != "text-fritzbox")
    assert all(PASSWORD not in snippet for snippet in snippets.values())


def test_name_is_given_up_and_a_key_revoked_by_keyboard_reachable_controls(live_server, open_browser, home, alice):
    browser = open_browser()
    log_in(browser, live_server.url, with_password(alice).email, PASSWORD, to=f"/hostnames/{home.name}/")
    browser.find_element(By.TAG_NAME, "summary").click()
    fill(browser, "retyped", home.name)
    press(browser, "Give up")
    assert "is given up" in text(browser)
    assert Hostname.objects.get(pk=home.pk).released_at is not None

    browser.get(f"{live_server.url}/keys/")
    fill(browser, "label", "router")
    press(browser, "Make the key")
    press(browser, "Revoke")
    assert "stops working now" in text(browser)
    assert not UpdateKey.objects.working().exists()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_pages_fit_the_screen_and_follow_the_colour_scheme(live_server, open_browser, home, alice, size, scheme):
    browser = open_browser(size, scheme)
    log_in(browser, live_server.url, with_password(alice).email, PASSWORD, to="/hostnames/")
    for page in PAGES:
        browser.get(live_server.url + page.format(name=home.name))
        assert overflow(browser) <= 0, page
        red, *_ = browser.execute_script("return getComputedStyle(document.body).backgroundColor.match(/\\d+/g)")
        assert (int(red) < 64) == (scheme == "dark"), page
    assert complaints(browser) == []
