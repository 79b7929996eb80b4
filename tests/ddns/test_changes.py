"""Limits on changes: they quiet a hostname that never rests, and let everything else through."""

import pytest

from ddns import background, challenges, changes, keys, requests
from ddns.address_updates import Changed
from ddns.models import AddressUpdate
from dnsupdate import wake
from tests.ddns.devices import Device, caller, stored


@pytest.fixture(autouse=True)
def _unlimited(settings):
    settings.CHANGES_PER_HOSTNAME = settings.CHANGES_PER_KEY = settings.CHANGES_PER_ACCOUNT = 0
    settings.CHANGES_PER_NETWORK = 0


def change(device: Device, count: int, hostname: str = "home.ddns.test", *, first: int = 1) -> list[str]:
    """Bodies of so many updates, each to another address."""
    addresses = [f"203.0.113.{number}" for number in range(first, first + count)]
    return [device.update(hostname=hostname, myip=address).content.decode().split()[0] for address in addresses]


def in_another_process() -> None:
    """What this one has counted is written, and forgotten."""
    changes.flush()
    changes.forget()


@pytest.mark.parametrize("kind", ["HOSTNAME", "KEY", "ACCOUNT"])
def test_beyond_the_limit_a_change_is_put_off_and_not_made(device, home, settings, kind):
    setattr(settings, f"CHANGES_PER_{kind}", 3)

    assert change(device, 5) == ["good"] * 3 + ["911"] * 2
    response = device.update(hostname="home.ddns.test", myip="203.0.113.99")
    assert (response.status_code, response["Retry-After"]) == (503, "600")
    assert stored(home) == ("203.0.113.3", None)
    assert AddressUpdate.objects.count() == 3


def test_what_changes_nothing_is_never_counted_and_never_refused(device, home, settings):
    settings.CHANGES_PER_HOSTNAME = settings.CHANGES_PER_KEY = settings.CHANGES_PER_ACCOUNT = 2
    change(device, 1)

    for _ in range(10):
        assert device.update(hostname="home.ddns.test", myip="203.0.113.1").content == b"nochg 203.0.113.1\n"
    assert change(device, 3, first=2) == ["good", "911", "911"]
    assert device.update(hostname="home.ddns.test", myip="203.0.113.2").content == b"nochg 203.0.113.2\n"


def test_hostnames_are_counted_apart(device, home, office, settings):
    settings.CHANGES_PER_HOSTNAME = 2

    assert change(device, 3) == ["good", "good", "911"]
    assert change(device, 3, "office.ddns.test") == ["good", "good", "911"]


def test_keys_are_counted_apart_and_an_account_as_a_whole(device, alice, home, settings):
    settings.CHANGES_PER_KEY, settings.CHANGES_PER_ACCOUNT = 2, 3
    other = Device("x", keys.create(alice, label="other")[1])

    assert change(device, 3) == ["good", "good", "911"]
    assert change(other, 2, first=11) == ["good", "911"]


def test_another_account_is_not_limited(device, bob, home, foreign, settings):
    settings.CHANGES_PER_ACCOUNT = 1
    change(device, 2)

    assert change(Device("x", keys.create(bob, label="x")[1]), 2, "bob.ddns.test") == ["good", "911"]


@pytest.mark.parametrize(
    ("sources", "answers"),
    [
        # Routed addresses are the case: those for documentation are not counted.
        (["8.8.8.8", "8.8.8.9", "8.8.9.8"], ["good", "911", "good"]),
        (["2606:4700:1::1", "2606:4700:1:ffff::1", "2606:4700:2::1"], ["good", "911", "good"]),
        (["198.51.100.9", "198.51.100.9", "127.0.0.1", "10.0.0.1"], ["good"] * 4),
    ],
)
def test_a_network_is_counted_where_the_internet_routes_it(device, home, settings, sources, answers):
    settings.CHANGES_PER_NETWORK = 1
    seen = []
    for number, source in enumerate(sources):
        device.source = source
        seen += change(device, 1, first=number + 1)

    assert seen == answers


def test_processes_add_up_what_they_have_counted(device, home, settings):
    settings.CHANGES_PER_HOSTNAME = 5
    change(device, 3)
    in_another_process()
    assert change(device, 2, first=11) == ["good"] * 2

    changes.flush()
    assert change(device, 2, first=21) == ["911"] * 2


def test_the_background_adds_them_up(device, home, settings):
    settings.CHANGES_PER_HOSTNAME = 2
    change(device, 2)
    background.flush()

    assert change(device, 1, first=11) == ["911"]
    assert list(wake.redis_client().scan_iter("changes:*:hostname:*"))


def test_the_next_hour_begins_anew(device, home, settings, monkeypatch):
    settings.CHANGES_PER_HOSTNAME = 2
    change(device, 2)
    changes.flush()
    assert change(device, 1, first=11) == ["911"]

    monkeypatch.setattr(changes, "WINDOW_SECONDS", changes.WINDOW_SECONDS * 2)
    changes.flush()
    assert change(device, 1, first=21) == ["good"]


def test_a_count_ends_with_its_hour(device, home, settings):
    change(device, 1)
    changes.flush()
    client = wake.redis_client()

    names = list(client.scan_iter("changes:*"))
    assert {name.decode().split(":")[2] for name in names} == {"hostname", "key", "account"}
    assert all(0 < client.ttl(name) <= changes.WINDOW_SECONDS for name in names)


def test_nothing_is_kept_in_memory_of_who_is_far_from_the_limit(device, home, settings):
    settings.CHANGES_PER_HOSTNAME = settings.CHANGES_PER_KEY = settings.CHANGES_PER_ACCOUNT = 1000
    change(device, 3)
    changes.flush()

    assert (changes._counts, changes._totals) == ({}, {})


def test_challenges_are_changes_too(device, home, key, settings):
    settings.CHANGES_PER_HOSTNAME = 2
    url = f"/update?domains=home&token={key}&txt="

    assert [device.get(url + value).content for value in ("one", "two", "two", "three")] == [b"OK", b"OK", b"OK", b"KO"]
    assert device.get(url + "three").status_code == 503
    background.flush()
    assert [request.code for request in requests.recent(home)[:2]] == ["toomany", "nochg"]


def test_challenges_however_many_leave_the_address_its_changes(device, alice, home, settings):
    settings.CHANGES_PER_HOSTNAME = 2
    _, text = keys.create(alice, label="web server", permission="txt")
    for number in range(4):
        assert challenges.present(caller(text), f"h{number}.home.ddns.test", "one") == Changed()
        assert challenges.cleanup(caller(text), f"h{number}.home.ddns.test", "one") == Changed()

    assert change(device, 2) == ["good", "good"]


def test_the_last_requests_say_why(device, home, settings):
    settings.CHANGES_PER_HOSTNAME = 1
    change(device, 2)
    background.flush()

    assert [request.code for request in requests.recent(home)[:2]] == ["toomany", "good"]


def test_without_redis_there_is_no_limit_over_processes_and_no_error(device, home, settings, broker):
    settings.CHANGES_PER_HOSTNAME = 3
    change(device, 2)
    broker.kill()
    changes.flush()

    assert change(device, 2, first=11) == ["good", "good"]
