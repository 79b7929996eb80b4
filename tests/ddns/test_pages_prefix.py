"""The hostname's page: whether it follows the IPv6 prefix, and with which part of its address."""

import pytest
from django.test import Client

from ddns import hostnames, prefixes
from ddns.models import Hostname
from tests.people import logged_in

PAGE = "/hostnames/home.ddns.test/"


@pytest.fixture
def browser(alice) -> Client:
    return logged_in(alice)


def following(hostname: Hostname) -> tuple[bool, str | None]:
    hostname.refresh_from_db()
    return hostname.follows_prefix, hostname.interface_id


@pytest.mark.parametrize(
    ("typed", "stored"),
    [("", None), ("::5", "::5"), (" ::1:0:0:0:5 ", "::1:0:0:0:5"), ("00-00-5E-00-53-2A", "::200:5eff:fe00:532a")],
)
def test_a_hostname_is_told_to_follow_and_with_what(browser, home, typed, stored):
    response = browser.post(f"{PAGE}prefix/", {"follows": "on", "interface_id": typed}, follow=True)

    assert following(home) == (True, stored)
    assert "Saved. It takes effect with the next prefix that your router tells." in response.content.decode()


def test_the_page_shows_what_was_said(browser, home):
    prefixes.follow(home, prefixes.interface_ids.parse("::5"))
    form = browser.get(PAGE).context["prefix_form"]

    assert (form["follows"].value(), form["interface_id"].value()) == (True, "::5")
    assert 'value="::5"' in browser.get(PAGE).content.decode()


def test_without_the_tick_it_follows_no_more(browser, home):
    prefixes.follow(home)

    browser.post(f"{PAGE}prefix/", {"interface_id": "::5"})

    assert following(home) == (False, None)


def test_what_is_no_interface_id_is_said_beside_the_field(browser, home):
    response = browser.post(f"{PAGE}prefix/", {"follows": "on", "interface_id": "2001:db8::5"})

    assert "This is not the host part of an IPv6 address: 2001:db8::5." in response.content.decode()
    assert following(home) == (False, None)


def test_a_suspended_hostname_has_no_form_and_cannot_be_set(browser, home):
    hostnames.suspend(home)

    assert f"{PAGE}prefix/" not in browser.get(PAGE).content.decode()
    response = browser.post(f"{PAGE}prefix/", {"follows": "on"}, follow=True)
    assert "This hostname is under a restriction" in response.content.decode()
    assert following(home) == (False, None)


def test_bob_makes_nothing_of_alices_follow(home, bob):
    assert logged_in(bob).post(f"{PAGE}prefix/", {"follows": "on"}).status_code == 404
    assert following(home) == (False, None)


def test_a_visitor_is_sent_to_log_in(home):
    response = Client().post(f"{PAGE}prefix/", {"follows": "on"})

    assert (response.status_code, response.url.partition("?")[0]) == (302, "/accounts/login/")
    assert following(home) == (False, None)


def test_a_page_is_not_a_way_to_set_it(browser, home):
    assert browser.get(f"{PAGE}prefix/").status_code == 405
