"""Who is in the stories: Alice holds home.ddns.test, Bob is another customer, Mallory abuses, Oscar is the officer."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client

from abuse import roles
from ddns import domains, hostnames
from ddns.models import Domain, Hostname, User
from dnsupdate import tsig_keys, zones
from dnsupdate.models import Zone


@pytest.fixture
def zone(db) -> Zone:
    """Its nameserver does not exist: nothing listens on the discard port."""
    return zones.add("ddns.test", host="127.0.0.1", port=9, key=tsig_keys.generate("publisher"))


@pytest.fixture
def domain(zone: Zone) -> Domain:
    return domains.offer(zone)


@pytest.fixture
def alice(db) -> User:
    return User.objects.create_user("alice@example.com")


@pytest.fixture
def bob(db) -> User:
    return User.objects.create_user("bob@example.com")


@pytest.fixture
def home(alice: User, domain: Domain) -> Hostname:
    hostname = hostnames.register(alice, domain=domain, label="home")
    Hostname.objects.filter(pk=hostname.pk).update(ipv4="203.0.113.7", ipv6="2001:db8::7")
    return Hostname.objects.get(pk=hostname.pk)


@pytest.fixture
def foreign(bob: User, domain: Domain) -> Hostname:
    """Bob's."""
    return hostnames.register(bob, domain=domain, label="bob")


@pytest.fixture
def oscar(db) -> User:
    """An abuse analyst."""
    roles.make_missing()
    user = User.objects.create_user("oscar@example.com", is_staff=True)
    user.groups.add(Group.objects.get(name=roles.ANALYST))
    return user


@pytest.fixture
def senior(oscar: User) -> User:
    """Oscar, who may decide about whole accounts too."""
    oscar.user_permissions.add(Permission.objects.get(codename="deactivate_account"))
    return User.objects.get(pk=oscar.pk)


@pytest.fixture
def clerk(db) -> User:
    """A member of staff who may see hostnames and accounts, and decide nothing."""
    user = User.objects.create_user("clerk@example.com", is_staff=True)
    user.user_permissions.add(*Permission.objects.filter(codename__in=["view_hostname", "view_user"]))
    return user


@pytest.fixture
def root(db) -> User:
    return User.objects.create_superuser("root@example.com")


def logged_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client
