"""Which updates wake the publisher: those that it may not find by itself."""

from datetime import timedelta

import pytest

from dnsupdate import leases, wake

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def woken(home, monkeypatch) -> list[int]:
    """The zones that were woken, behind the registration of the name."""
    zones: list[int] = []
    monkeypatch.setattr(wake, "wake", zones.append)
    return zones


@pytest.fixture(params=[False, True], ids=["plain", "wildcard"])
def update(request, device, domain):
    """An update to this address, of a name with or without a wildcard."""
    if request.param:
        device.update(hostname="home.ddns.test", myip="203.0.113.1", wildcard="ON")

    def update(address: str) -> None:
        assert device.update(hostname="home.ddns.test", myip=address).content == f"good {address}\n".encode()

    return update


def test_an_update_wakes_a_zone_that_nobody_publishes(update, domain, woken):
    woken.clear()
    update("203.0.113.5")

    assert woken == [domain.zone_id]


def test_no_update_wakes_a_zone_that_somebody_publishes(update, domain, woken, monkeypatch):
    """Its commit is in time for the publisher's last look, however busy this machine is."""
    monkeypatch.setattr(wake, "LAST_LOOK", timedelta(minutes=1))
    leases.claim(domain.zone_id)
    woken.clear()
    update("203.0.113.5")

    assert woken == []


def test_an_update_that_the_publishers_last_look_may_have_missed_wakes_it(update, domain, woken, monkeypatch):
    """It saw the lease, and took longer to commit than the publisher goes on looking."""
    leases.claim(domain.zone_id)
    woken.clear()
    monkeypatch.setattr(wake, "LAST_LOOK", timedelta(0))
    update("203.0.113.5")

    assert woken == [domain.zone_id]


def test_an_unchanged_update_wakes_nobody(update, woken):
    update("203.0.113.5")
    woken.clear()

    with pytest.raises(AssertionError, match="nochg"):
        update("203.0.113.5")
    assert woken == []
