"""Alice holds home.ddns.test and has a key for her account; Bob is another customer."""

import pytest

from ddns import domains, hostnames, keys
from ddns.models import Domain, Hostname, User
from dnsupdate import tsig_keys, zones
from tests.ddns.devices import Device


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
