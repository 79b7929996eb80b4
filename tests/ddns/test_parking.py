"""Parking: a hostname that its owner has taken offline may lead to a page that says so."""

from ipaddress import ip_address

import pytest

from ddns import address_updates, hostnames
from ddns.address_updates import Wish
from ddns.addresses import Addresses, parse
from ddns.models import Hostname
from tests.ddns.devices import answered, ask, caller


@pytest.fixture(autouse=True)
def _with_a_parking_page(settings):
    settings.PARKING_ADDRESSES = [ip_address("203.0.113.80"), ip_address("2001:db8::80")]


@pytest.fixture
def parked(home, key) -> Hostname:
    address_updates.update(caller(key), ["home.ddns.test"], Wish(Addresses.of(parse("203.0.113.1"))))
    return hostnames.configure(home, offline=True, parked=True)


PARKED = {"A": ["203.0.113.80"], "AAAA": ["2001:db8::80"]}


def test_parked_hostname_answers_the_parking_page_while_it_is_offline(parked):
    assert answered(parked) == PARKED

    hostnames.configure(parked, offline=False)
    assert answered(parked) == {"A": ["203.0.113.1"]}


def test_offline_hostname_that_is_not_parked_answers_nothing(home):
    hostnames.configure(home, offline=True)

    assert answered(home) == {}


def test_new_address_of_a_parked_hostname_is_stored_and_not_answered(parked, key):
    address_updates.update(caller(key), ["home.ddns.test"], Wish(Addresses.of(parse("203.0.113.2"))))

    assert answered(parked) == PARKED
    assert Hostname.objects.get(pk=parked.pk).ipv4 == "203.0.113.2"


def test_device_that_comes_back_ends_the_parking(parked, device):
    device.update(hostname="home.ddns.test", myip="203.0.113.3")

    assert answered(parked) == {"A": ["203.0.113.3"]}


def test_suspended_hostname_is_not_parked(parked):
    hostnames.suspend(parked)
    assert answered(parked) == {}


def test_without_a_parking_page_a_parked_hostname_answers_nothing(home, settings):
    settings.PARKING_ADDRESSES = []
    hostnames.configure(home, offline=True, parked=True)

    assert answered(home) == {}


@pytest.mark.parametrize(
    ("language", "said"), [("de-AT,de;q=0.9", "vom Netz"), ("fr", "taken it offline"), ("", "offline")]
)
def test_browser_at_a_parked_name_is_told_in_its_language_and_told_to_come_back(language, said):
    response = ask("GET", "/any/path", HTTP_HOST="home.ddns.test", HTTP_ACCEPT_LANGUAGE=language)

    assert response.status_code == 503
    assert said in response.content.decode()
    assert response["Cache-Control"] == "no-store"


def test_host_header_is_shown_escaped():
    response = ask("GET", "/", HTTP_HOST="<script>alert(1)</script>")

    assert b"<script>" not in response.content


def test_international_name_is_shown_as_people_write_it():
    assert "bücher.ddns.test" in ask("GET", "/", HTTP_HOST="xn--bcher-kva.ddns.test:80").content.decode()


def test_devices_are_answered_at_every_name(parked, device):
    device.headers["HTTP_HOST"] = "home.ddns.test"

    assert device.update(hostname="home.ddns.test", myip="203.0.113.3").content == b"good 203.0.113.3\n"


def test_site_itself_has_its_pages(db):
    assert ask("GET", "/healthz", HTTP_HOST="localhost").status_code == 200


def test_without_a_parking_page_an_unknown_name_is_refused_as_ever(settings):
    settings.PARKING_ADDRESSES = []

    assert ask("GET", "/", HTTP_HOST="home.ddns.test").status_code == 400
