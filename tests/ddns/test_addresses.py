"""Addresses: which may be published. Real ones stand here on purpose: whether they are routed is what the cases are about."""

from ipaddress import IPv6Address, ip_address, ip_network

import pytest

from ddns.addresses import is_publishable, parse

PUBLISHABLE = [
    "1.0.0.0", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "172.15.255.255", "172.32.0.0",
    "192.0.1.1", "192.0.3.0", "192.0.43.8", "192.88.98.255", "192.88.100.0", "192.167.255.255", "192.169.0.0",
    "198.17.255.255", "198.20.0.0", "223.255.255.255",
    "2000::1", "2001:200::1", "2001:500:88:200::8", "2001:db7:ffff::1", "2001:db9::1", "2003::1", "2a00::1",
    "3ffe:ffff::1", "::ffff:192.0.43.8",
]  # fmt: skip
# What the IANA special-purpose registries and RFC 4291 name. Their first and last addresses are tried.
NOT_PUBLISHABLE_NETWORKS = [
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
    "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
    "224.0.0.0/4", "240.0.0.0/4",
    "::/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/32", "2001:2::/48",
    "2001:10::/28", "2001:20::/28", "2001:db8::/32", "3fff::/20", "5f00::/16", "4000::/3", "fc00::/7", "fe80::/10",
    "fec0::/10", "ff00::/8",
]  # fmt: skip
ROUTED4 = int(ip_address("192.0.43.8"))


@pytest.fixture(autouse=True)
def _as_a_provider(settings):
    settings.ALLOW_NON_GLOBAL_ADDRESSES = False


def six_to_four(embedded: str) -> IPv6Address:
    """RFC 3056 §2."""
    return IPv6Address(int(ip_address("2002::1")) | int(ip_address(embedded)) << 80)


def teredo(embedded: str) -> IPv6Address:
    """RFC 4380 §4, by a server with a routed address."""
    client = int(ip_address(embedded)) ^ 0xFFFFFFFF
    return IPv6Address(int(ip_address("2001::")) | ROUTED4 << 64 | client)


@pytest.mark.parametrize("address", PUBLISHABLE)
def test_an_address_that_the_internet_routes_is_publishable(address):
    assert is_publishable(parse(address))


@pytest.mark.parametrize("network", NOT_PUBLISHABLE_NETWORKS)
def test_no_address_of_a_special_network_is_publishable(network):
    first, last = ip_network(network)[0], ip_network(network)[-1]

    assert not is_publishable(first)
    assert not is_publishable(last)


@pytest.mark.parametrize("embedded", ["10.0.0.1", "192.168.1.1", "127.0.0.1", "0.0.0.0", "192.88.99.1", "224.0.0.1"])
def test_an_address_is_no_way_around_for_the_one_embedded_in_it(embedded):
    assert not is_publishable(six_to_four(embedded))
    assert not is_publishable(teredo(embedded))
    assert not is_publishable(parse(f"::{embedded}"))
    assert not is_publishable(parse(f"::ffff:{embedded}"))


def test_6to4_of_a_routed_address_is_publishable():
    assert is_publishable(six_to_four("192.0.43.8"))


@pytest.mark.parametrize("address", ["10.0.0.1", "fec0::1", "2002:a00:1::1", "::1"])
def test_the_setting_allows_any(settings, address):
    assert not is_publishable(parse(address))
    settings.ALLOW_NON_GLOBAL_ADDRESSES = True

    assert is_publishable(parse(address))
