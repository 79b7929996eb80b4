"""Alice holds home.ddns.test and has a key for her account; Bob is another customer."""

from ipaddress import IPv6Address

import pytest

from ddns import domains, hostnames, keys, prefixes
from ddns.models import Domain, Hostname, User
from dnsupdate import tsig_keys, zones
from tests.ddns.devices import Device, having


@pytest.fixture
def domain(db) -> Domain:
    key = tsig_keys.generate("publisher")
    return domains.offer(zones.add("ddns.test", host="127.0.0.1", port=5300, key=key))


@pytest.fixture
def alice(db) -> User:
    return User.objects.create_user("alice@example.com")


@pytest.fixture
def bob(db) -> User:
    return User.objects.create_user("bob@example.com")


@pytest.fixture
def home(alice: User, domain: Domain) -> Hostname:
    return hostnames.register(alice, domain=domain, label="home")


@pytest.fixture
def office(alice: User, domain: Domain) -> Hostname:
    return hostnames.register(alice, domain=domain, label="office")


@pytest.fixture
def foreign(bob: User, domain: Domain) -> Hostname:
    """Bob's."""
    return hostnames.register(bob, domain=domain, label="bob")


@pytest.fixture
def key(alice: User) -> str:
    """For all of Alice's hostnames."""
    return keys.create(alice, label="router")[1]


@pytest.fixture
def device(home: Hostname, key: str) -> Device:
    """Alice's router."""
    return Device("alice@example.com", key)


@pytest.fixture
def nas(alice, domain) -> Hostname:
    """Alice's: follows with the host part of its address, in her subnet 33."""
    hostname = hostnames.register(alice, domain=domain, label="nas")
    return prefixes.follow(having(hostname, "2001:db8:1:33::5", ipv4="203.0.113.5"))


@pytest.fixture
def camera(alice, domain) -> Hostname:
    """Alice's: follows by its MAC address, in her subnet 1; it never had an address."""
    hostname = hostnames.register(alice, domain=domain, label="camera")
    return prefixes.follow(hostname, IPv6Address("::1:200:5eff:fe00:532a"))
