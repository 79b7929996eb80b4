"""The desk in a real browser: a name out of DNS in half a minute, and back."""

import pytest
from selenium.webdriver.common.by import By

from ddns.models import Hostname
from ddns.models.hostnames import State
from tests.browser.conftest import DESKTOP, PASSWORD, PHONE, drain, with_password
from tests.browser.pages import complaints, fill, follow, log_in, overflow, press, text, wait_for


def test_oscar_takes_a_pasted_name_out_of_dns_and_brings_it_back(live_server, open_browser, home, zone, oscar):
    browser = open_browser()
    log_in(browser, live_server.url, with_password(oscar).email, PASSWORD, to="/admin/")
    fill(browser, "q", f"hxxps[:]//{home.name.upper().replace('.', '[.]')}/login")
    press(browser, "Find")
    follow(browser, home.name)
    assert "203.0.113.7" in browser.find_element(By.ID, "dns").text

    follow(browser, "Suspend")
    fill(browser, "reason", "phishing of a bank")
    fill(browser, "retyped", home.name)
    press(browser, "Suspend")
    assert Hostname.objects.get(pk=home.pk).state == State.SUSPENDED
    assert "Waiting for" in text(browser)
    drain(zone)
    wait_for(browser, "DNS stopped answering at")
    assert "nothing (NXDOMAIN)" in text(browser)

    follow(browser, "Lift suspension")
    fill(browser, "reason", "mistaken identity")
    press(browser, "Lift")
    drain(zone)
    wait_for(browser, "As decided")
    assert "203.0.113.7" in browser.find_element(By.ID, "dns").text
    assert "mistaken identity" in text(browser)
    assert complaints(browser) == []


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_desk_fits_the_screen(live_server, open_browser, home, root, size):
    browser = open_browser(size)
    log_in(browser, live_server.url, with_password(root).email, PASSWORD, to="/admin/")
    pages = [
        "",
        f"ddns/hostname/{home.pk}/change/",
        f"ddns/hostname/{home.pk}/suspend/",
        f"ddns/user/{root.pk}/change/",
    ]
    for page in [*pages, "dnsupdate/zone/", "abuse/ledgerentry/"]:
        browser.get(f"{live_server.url}/admin/{page}")
        assert overflow(browser) <= 0, page
    assert complaints(browser) == []
