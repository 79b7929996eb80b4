"""Contacts: the last use of a key, written a little later, never lost to an error of the database."""

import select
from datetime import timedelta
from ipaddress import ip_address

import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from ddns import contacts, requests
from ddns.models import UpdateKey
from tests.ddns.devices import SOURCE


@pytest.fixture(autouse=True)
def _nothing_noted():
    _forget()
    yield
    _forget()


def _forget() -> None:
    for noted in (contacts._contacts, requests._by_name, requests._by_key):
        noted.clear()


def last_use():
    key = UpdateKey.objects.get()
    return key.used_from, key.used_by


def test_the_last_use_is_written_with_time_source_and_agent(device):
    now = timezone.now()
    with time_machine.travel(now, tick=False):
        device.update(hostname="home.ddns.test", myip="203.0.113.5")
    assert UpdateKey.objects.get().used_at is None

    contacts.flush()

    assert last_use() == (SOURCE, "Test/1.0")
    assert abs(UpdateKey.objects.get().used_at - now) < timedelta(milliseconds=1)


def test_an_unchanged_update_counts_as_a_use(device):
    device.update(hostname="home.ddns.test", myip="203.0.113.5")
    device.source, device.agent = "203.0.113.66", "Other/2.0"
    device.update(hostname="home.ddns.test", myip="203.0.113.5")

    contacts.flush()

    assert last_use() == ("203.0.113.66", "Other/2.0")


def test_a_wrong_key_is_no_use(device):
    device.key = device.key[:-1]
    device.update(hostname="home.ddns.test")

    contacts.flush()

    assert last_use() == (None, "")


@pytest.mark.parametrize("agent", ["x" * 5000, "a\x00b", "Ünï\x1bcode", None])
def test_no_agent_keeps_the_use_from_being_written(device, agent):
    device.agent = agent
    device.update(hostname="home.ddns.test", myip="203.0.113.5")

    contacts.flush()

    source, stored_agent = last_use()
    assert source == SOURCE
    assert stored_agent == "".join(filter(str.isprintable, (agent or "")[:200]))


def test_an_older_use_does_not_replace_a_newer_one(key):
    pk = UpdateKey.objects.get().pk
    contacts.remember(pk, ip_address("203.0.113.2"), "newer")
    contacts.flush()
    with time_machine.travel(timezone.now() - timedelta(minutes=5)):
        contacts.remember(pk, ip_address("203.0.113.1"), "older")

    contacts.flush()

    assert last_use() == ("203.0.113.2", "newer")


def test_a_key_that_is_gone_is_no_obstacle(alice, device):
    device.update(hostname="home.ddns.test")
    contacts.remember(2**40, ip_address("203.0.113.1"), "of nobody")

    contacts.flush()

    assert last_use() == (SOURCE, "Test/1.0")
    assert not contacts._contacts


@pytest.mark.django_db(transaction=True)
def test_what_the_database_did_not_take_is_written_when_it_is_back(device):
    device.update(hostname="home.ddns.test", myip="203.0.113.5")
    with connection.cursor() as cursor:
        cursor.execute("SET idle_session_timeout = '1ms'")
    _wait_until_the_server_hangs_up()

    contacts.flush()
    assert contacts._contacts, "noted again"

    contacts.flush()
    assert last_use() == (SOURCE, "Test/1.0")
    assert not contacts._contacts


@pytest.mark.django_db(transaction=True)
def test_requests_that_the_database_did_not_take_are_written_when_it_is_back(device, home):
    device.update(hostname="nobody.ddns.test")
    device.update(hostname="home.ddns.test", myip="203.0.113.5")
    key_id = UpdateKey.objects.get().pk
    with connection.cursor() as cursor:
        cursor.execute("SET idle_session_timeout = '1ms'")
    _wait_until_the_server_hangs_up()

    requests.flush()
    requests.flush()

    assert [each.code for each in requests.recent(home)] == ["good"]
    assert [each.code for each in requests.recent_of_keys([key_id])[key_id]] == ["nohost"]


def _wait_until_the_server_hangs_up() -> None:
    """The socket becomes readable: the server has said goodbye."""
    readable, _, _ = select.select([connection.connection.pgconn.socket], [], [], 30)
    assert readable
