"""The history of addresses: who, from where, with what; and its end."""

from datetime import timedelta

import pytest
from django.utils import timezone

from ddns import address_updates, tasks
from ddns.models import AddressUpdate, UpdateKey, User
from tests.ddns.devices import SOURCE


def test_every_change_is_recorded_with_key_source_agent_and_both_addresses(device, home):
    device.update(hostname="home.ddns.test", myip="203.0.113.5")
    device.update(hostname="home.ddns.test", myip="203.0.113.5")
    device.update(hostname="home.ddns.test", myip="2001:db8::5")

    first, second = AddressUpdate.objects.filter(hostname=home).order_by("at", "pk")
    assert (first.key, first.source, first.agent, first.protocol) == (
        UpdateKey.objects.get(),
        SOURCE,
        "Test/1.0",
        "dyndns2",
    )
    assert (first.old_ipv4, first.new_ipv4, first.old_ipv6, first.new_ipv6) == (None, "203.0.113.5", None, None)
    assert (second.old_ipv4, second.new_ipv4) == ("203.0.113.5", "203.0.113.5")
    assert (second.old_ipv6, second.new_ipv6) == (None, "2001:db8::5")
    home.refresh_from_db()
    assert home.changed_at == second.at


@pytest.mark.parametrize("query", ["wildcard=ON&", ""])
def test_what_a_client_says_of_itself_is_stored_fit_to_be_shown(device, home, query):
    device.agent = "a\x1b[31m\x00\u202eb" + "c" * 500
    device.get(f"/nic/update?{query}hostname=home.ddns.test&myip=203.0.113.5")

    agent = AddressUpdate.objects.get(hostname=home).agent
    assert len(agent) <= 200
    assert agent.isprintable()


def make(hostname, age: timedelta, count: int = 1) -> None:
    AddressUpdate.objects.bulk_create(
        AddressUpdate(hostname=hostname, at=timezone.now() - age, protocol="dyndns2") for _ in range(count)
    )


def test_retention_ends_what_is_older_and_keeps_the_rest(home, settings):
    settings.HISTORY_RETENTION = timedelta(days=30)
    make(home, timedelta(days=31), count=3)
    make(home, timedelta(days=29), count=2)

    tasks.purge_history()
    tasks.purge_history()

    assert AddressUpdate.objects.count() == 2
    assert not AddressUpdate.objects.filter(at__lt=timezone.now() - timedelta(days=30)).exists()


def test_a_purge_goes_on_chunk_by_chunk_to_the_end(home, monkeypatch):
    monkeypatch.setattr(address_updates, "PURGE_CHUNK", 4)
    make(home, timedelta(days=2), count=10)
    make(home, timedelta(hours=1))

    assert address_updates.purge(timezone.now() - timedelta(days=1)) == 10
    assert address_updates.purge(timezone.now() - timedelta(days=1)) == 0
    assert AddressUpdate.objects.count() == 1


def test_history_of_an_account_under_a_hold_outlives_its_retention(home, foreign):
    """Nothing of it is deleted before the hold ends, the evidence least of all."""
    make(home, timedelta(days=2), count=3)
    make(foreign, timedelta(days=2))
    User.objects.filter(pk=home.account_id).update(preserve_until=timezone.now() + timedelta(days=1))
    assert address_updates.purge(timezone.now() - timedelta(days=1)) == 1
    assert AddressUpdate.objects.filter(hostname=home).count() == 3

    User.objects.filter(pk=home.account_id).update(preserve_until=timezone.now())
    assert address_updates.purge(timezone.now() - timedelta(days=1)) == 3
