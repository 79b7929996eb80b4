"""dynv6: /api/update, request and answer."""

import pytest

from ddns import hostnames, keys, requests, setup
from ddns.models import AddressUpdate, Hostname
from tests.ddns.devices import SOURCE, Device, having, stored

BEFORE = ("203.0.113.1", "2001:db8:1::1")
SOURCE6 = "2001:db8:5:6::9"


@pytest.fixture
def client(home, key) -> Device:
    """Alice's, without an Authorization header; home.ddns.test has addresses."""
    having(home, BEFORE[1], ipv4=BEFORE[0])
    device = Device()
    device.token = key
    return device


def ask(client: Device, sent: str, *, token: str = "", name: str = "hostname=home.ddns.test"):
    return client.get("/api/update?" + "&".join(filter(None, [name, sent, f"token={token or client.token}"])))


# What the client sends, from which family it comes: what is stored then.
TABLE = [
    # addresses; what is empty or not sent stays
    ("ipv4=203.0.113.5", SOURCE, ("203.0.113.5", BEFORE[1])),
    ("ipv6=2001:db8::5", SOURCE, (BEFORE[0], "2001:db8::5")),
    ("ipv4=203.0.113.5&ipv6=2001:db8::5", SOURCE, ("203.0.113.5", "2001:db8::5")),
    ("ipv4=&ipv6=2001:db8::5", SOURCE, (BEFORE[0], "2001:db8::5")),
    ("ipv4=203.0.113.5&ipv6=", SOURCE, ("203.0.113.5", BEFORE[1])),
    # dynv6.sh sends the address with its length
    ("ipv6=2001:db8::5/128", SOURCE, (BEFORE[0], "2001:db8::5")),
    ("ipv6=2001:db8::5/64", SOURCE, (BEFORE[0], "2001:db8::5")),
    # auto is the source, of its own family
    ("ipv4=auto", SOURCE, (SOURCE, BEFORE[1])),
    ("ipv4=auto&ipv6=auto", SOURCE, (SOURCE, BEFORE[1])),
    ("ipv4=auto&ipv6=auto", SOURCE6, (BEFORE[0], SOURCE6)),
    ("ipv6=auto", SOURCE6, (BEFORE[0], SOURCE6)),
    # inadyn's preset says ipv6=auto whatever it connects by
    ("ipv6=auto", SOURCE, (SOURCE, BEFORE[1])),
    # "-" deletes
    ("ipv4=-", SOURCE, (None, BEFORE[1])),
    ("ipv6=-", SOURCE, (BEFORE[0], None)),
    ("ipv4=-&ipv6=2001:db8::5", SOURCE, (None, "2001:db8::5")),
    # 6to4 (RFC 3056): of the address given, else of the source
    ("ipv4=203.0.113.5&ipv6=6to4", SOURCE, ("203.0.113.5", "2002:cb00:7105::1")),
    ("ipv6=6to4", SOURCE, (BEFORE[0], "2002:c633:6409::1")),
]
UNCHANGED = [
    ("", SOURCE),
    ("ipv4=&ipv6=&ipv6prefix=", SOURCE),
    ("ipv4=203.0.113.1", SOURCE),
    ("ipv6=2001:DB8:1:0::1", SOURCE),
    ("ipv4=auto", SOURCE6),
    ("ipv6prefix=-", SOURCE),
    ("ipv6prefix=auto", SOURCE),
    ("ipv6prefix=2001:db8:2::/56", SOURCE),
]
REFUSED = [
    ("ipv4=garbage", "invalid ipv4 address"),
    ("ipv4=2001:db8::5", "invalid ipv4 address"),
    ("ipv4=203.0.113.5/24", "invalid ipv4 address"),
    ("ipv6=garbage", "invalid ipv6 address"),
    ("ipv6=203.0.113.5", "invalid ipv6 address"),
    ("ipv6=2001:db8::5/129", "invalid ipv6 address"),
    ("ipv6=fe80::1%25eth0", "invalid ipv6 address"),
    ("ipv6prefix=garbage", "invalid ipv6 prefix"),
    ("ipv6prefix=2001:db8:2::", "invalid ipv6 prefix"),
    ("ipv6prefix=2001:db8:2::/80", "invalid ipv6 prefix"),
    ("ipv4=203.0.113.9&ipv6prefix=2000::/3", "invalid ipv6 prefix"),
]


@pytest.mark.parametrize(("sent", "source", "left"), TABLE)
def test_what_is_sent_is_stored_and_said_to_be_updated(client, home, sent, source, left):
    client.source = source

    response = ask(client, sent)

    assert (response.status_code, response.content) == (200, b"addresses updated")
    assert stored(home) == left
    assert AddressUpdate.objects.get(hostname=home).protocol == "dynv6"


@pytest.mark.parametrize(("sent", "source"), UNCHANGED)
def test_what_changes_nothing_is_said_to_be_unchanged(client, home, sent, source):
    client.source = source

    response = ask(client, sent)

    assert (response.status_code, response.content) == (200, b"addresses unchanged")
    assert stored(home) == BEFORE


@pytest.mark.parametrize(("sent", "body"), REFUSED)
def test_what_is_no_value_is_refused_and_changes_nothing(client, home, sent, body, monkeypatch):
    monkeypatch.setattr(requests, "_by_name", {})

    response = ask(client, sent)

    assert (response.status_code, response.content.decode()) == (400, body)
    assert stored(home) == BEFORE
    assert requests._by_name["home.ddns.test"][-1].what[3] == "dnserr"


@pytest.mark.parametrize(
    "name",
    ["zone=home.ddns.test", "hostname=home.ddns.test", "Hostname=home.ddns.test", "zone=&hostname=HOME.ddns.test."],
)
def test_a_zone_has_three_parameters(client, home, name):
    assert ask(client, "ipv4=203.0.113.5", name=name).content == b"addresses updated"
    assert stored(home) == ("203.0.113.5", BEFORE[1])


def test_without_a_zone_the_only_hostname_of_the_token_is_meant(client, home, office, alice):
    assert ask(client, "ipv4=203.0.113.5", name="").content == b"zone is missing"

    _, token = keys.create(alice, label="home", hostnames=[home])
    assert ask(client, "ipv4=203.0.113.5", name="", token=token).content == b"addresses updated"


def test_the_answer_has_the_headers_that_clients_understand(client):
    assert dict(ask(client, "ipv4=203.0.113.5").headers) == {
        "Content-Type": "text/plain",
        "Content-Length": "17",
        "Cache-Control": "no-store",
    }


@pytest.mark.parametrize(
    ("host", "source", "left"),
    [
        ("ipv4.ddns.example", SOURCE, (SOURCE, BEFORE[1])),
        ("ipv6.ddns.example", SOURCE6, (BEFORE[0], SOURCE6)),
        # by a proxy that mixes the families up: what the name promises is not done with the other one
        ("ipv6.ddns.example", SOURCE, BEFORE),
    ],
)
def test_a_host_label_fixes_the_family_of_auto(client, home, host, source, left):
    client.headers, client.source = {"HTTP_HOST": host}, source

    ask(client, "ipv6=auto" if host.startswith("ipv6") else "ipv4=auto")

    assert stored(home) == left


# Prefixes.


@pytest.mark.parametrize(
    ("sent", "source", "address"),
    [
        ("ipv6prefix=2001:db8:2::/56", SOURCE, "2001:db8:2:33::5"),
        ("ipv6=2001:db8:2::7/56", SOURCE, "2001:db8:2:33::5"),
        ("ipv6=2001:db8:2::/56", SOURCE, "2001:db8:2:33::5"),
        ("ipv6=2001:db8:9::7/56&ipv6prefix=2001:db8:2::/56", SOURCE, "2001:db8:2:33::5"),
        ("ipv6prefix=auto", SOURCE6, "2001:db8:5:6::5"),
        ("ipv6=auto&ipv6prefix=auto", SOURCE6, "2001:db8:5:6::5"),
        ("ipv4=203.0.113.5&ipv6prefix=6to4", SOURCE, "2002:cb00:7105:33::5"),
        ("ipv6=2001:db8:2::7/128", SOURCE, "2001:db8:1:33::5"),
        ("ipv6prefix=-", SOURCE, "2001:db8:1:33::5"),
        ("ipv6prefix=auto", SOURCE, "2001:db8:1:33::5"),
    ],
)
def test_a_prefix_moves_what_follows_it(client, nas, sent, source, address):
    client.source = source

    ask(client, sent)

    assert stored(nas) == ("203.0.113.5", address)


def test_a_prefix_leaves_the_zones_own_address_alone(client, home, nas):
    assert ask(client, "ipv6prefix=2001:db8:2::/56").content == b"addresses updated"
    assert stored(home) == BEFORE
    assert ask(client, "ipv6prefix=2001:db8:2::/56").content == b"addresses unchanged"


def test_a_prefix_without_an_address_in_it_is_no_address(client, home):
    ask(client, "ipv6=2001:db8:2::/56")

    assert stored(home) == BEFORE


# Who may, and what stands against it.


@pytest.mark.parametrize("token", ["", "wrong"])
def test_a_bad_token_is_401(home, token):
    response = Device().get(f"/api/update?hostname=home.ddns.test&ipv4=203.0.113.5&token={token}")

    assert (response.status_code, response.content) == (401, b"invalid authentication token")
    assert "WWW-Authenticate" in response.headers


def test_bobs_token_does_not_update_alices_zone(client, home, bob):
    response = ask(client, "ipv4=203.0.113.66", token=keys.create(bob, label="x")[1])

    assert (response.status_code, response.content) == (400, b"zone not found")
    assert stored(home) == BEFORE


def test_bobs_token_does_not_move_what_is_alices(client, nas, bob):
    ask(client, "ipv6prefix=2001:db8:2::/56", token=keys.create(bob, label="x")[1])

    assert stored(nas)[1] == "2001:db8:1:33::5"


def test_a_suspended_zone_is_said_to_be(client, home):
    hostnames.suspend(home)

    response = ask(client, "ipv4=203.0.113.5")

    assert (response.status_code, response.content) == (400, b"zone is suspended")
    assert stored(home) == BEFORE


def test_an_address_that_is_not_routed_is_refused(client, home, settings):
    settings.ALLOW_NON_GLOBAL_ADDRESSES = False

    assert ask(client, "ipv4=192.168.1.1").content == b"the address is not routed in the Internet"
    assert ask(client, "ipv6prefix=fd00::/56").content == b"invalid ipv6 prefix"
    assert stored(home) == BEFORE


def test_an_update_brings_a_zone_back_that_was_offline_and_a_prefix_does_not(client, home):
    hostnames.configure(home, offline=True)

    ask(client, "ipv6prefix=2001:db8:2::/56")
    assert Hostname.objects.get(pk=home.pk).offline
    ask(client, "ipv4=203.0.113.5")
    assert not Hostname.objects.get(pk=home.pk).offline


def test_another_method_is_405(client):
    assert client.get("/api/update", method="PUT").status_code == 405


# Byte for byte.


@pytest.mark.parametrize(
    ("query", "said"),
    [
        # inadyn's preset default@dynv6.com over IPv4
        ("ipv6=auto&hostname=home.ddns.test&token=", b"addresses updated"),
        # OpenWrt, in full
        ("hostname=home.ddns.test&ipv6=2001:0db8:0000:0000:0000:0000:0000:0005&token=", b"addresses updated"),
        # FRITZ!Box, with what it does not know
        ("zone=home.ddns.test&ipv4=203.0.113.5&ipv6=&ipv6prefix=&token=", b"addresses updated"),
        ("hostname=home.ddns.test&ipv4=<ipaddr>&ipv6=2001:db8::5&token=", b"addresses updated"),
        # ddns-updater
        ("ipv4=203.0.113.5&zone=home.ddns.test&token=", b"addresses updated"),
    ],
)
def test_what_clients_send_is_understood(client, query, said):
    assert client.get(f"/api/update?{query}{client.token}").content == said


def test_the_set_up_page_prints_a_request_that_updates(client, home):
    printed = setup.render(setup.find("dynv6-url"), server="https://ddns.example", hostname=home.name, key=client.token)

    assert Device().get(printed.strip().removeprefix("https://ddns.example")).content == b"addresses updated"
    assert stored(home) == (SOURCE, BEFORE[1])
