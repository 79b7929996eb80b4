"""The customer's pages in a real browser: from nothing to a name in DNS, on any screen, and without scripts."""

import re

import pytest
from django.db.models import F
from selenium.webdriver.common.by import By
from selenium.webdriver.support.select import Select

from ddns.models import Hostname, UpdateKey
from dnsupdate.models import Publication
from tests.browser.conftest import PASSWORD, drain, with_password
from tests.browser.pages import complaints, fill, follow, log_in, press, text, wait_for
from tests.ddns.devices import Device


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


def test_the_configuration_holds_what_was_chosen_and_is_copied(live_server, open_browser, home, alice):
    browser = open_browser()
    browser.execute_cdp_cmd(
        "Browser.grantPermissions",
        {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"], "origin": live_server.url},
    )
    log_in(browser, live_server.url, with_password(alice).email, PASSWORD, to="/hostnames/")
    follow(browser, "Set up a device")
    browser.find_element(By.NAME, "q").send_keys("ddcl")
    assert [tile.text for tile in browser.find_elements(By.CSS_SELECTOR, ".tiles a") if tile.is_displayed()] == [
        "ddclient 3.10",
        "ddclient 4",
    ]
    follow(browser, "ddclient 3.10")
    press(browser, "Make a new key and put it in")
    browser.find_element(By.CSS_SELECTOR, "[data-copy=ddclient]").click()
    wait_for(browser, "Copied")

    copied = browser.execute_async_script("navigator.clipboard.readText().then(arguments[0])")
    (password,) = re.findall(r"^password=(\w{40})$", copied, re.MULTILINE)
    assert copied.splitlines()[-1] == home.name
    router = Device("anything", password)
    assert router.update(hostname=home.name, myip="203.0.113.9").content == b"good 203.0.113.9\n"
    assert complaints(browser) == []


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_what_each_nameserver_answers_is_asked_on_demand(live_server, open_browser, home, alice, scripts):
    browser = open_browser(scripts=scripts)
    log_in(browser, live_server.url, with_password(alice).email, PASSWORD, to=f"/hostnames/{home.name}/")
    assert "as set" not in text(browser)
    browser.find_element(By.LINK_TEXT, "Ask the nameservers").click()
    wait_for(browser, "as set")

    assert "our primary" in text(browser)
    assert (f"/hostnames/{home.name}/dns/" in browser.current_url) != scripts
    assert complaints(browser) == []


def test_a_nameserver_that_has_something_else_is_shown_beside_what_is_set(live_server, open_browser, home, alice):
    Publication.objects.filter(pk=home.publication_id).update(
        rrsets={"A": {"ttl": 60, "rdata": ["203.0.113.99"]}}, revision=F("revision") + 1
    )
    browser = open_browser()
    log_in(browser, live_server.url, with_password(alice).email, PASSWORD, to=f"/hostnames/{home.name}/dns/")

    assert "something else" in text(browser)
    assert "203.0.113.7" in text(browser)


def test_name_is_given_up_and_a_key_revoked_by_keyboard_reachable_controls(live_server, open_browser, home, alice):
    browser = open_browser()
    log_in(browser, live_server.url, with_password(alice).email, PASSWORD, to=f"/hostnames/{home.name}/")
    browser.find_element(By.XPATH, "//summary[normalize-space()='Give this name up']").click()
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
