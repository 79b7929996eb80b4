"""Limits on wrong keys: they quiet who guesses, and never lock the owner of a working key out."""

import hashlib
from datetime import timedelta

import pytest

from ddns import limits
from deploy.local.deadline import wait_for
from dnsupdate import wake
from tests.ddns.devices import SOURCE, Device

QUERY = "hostname=home.ddns.test&myip=203.0.113.5"
OTHER_SOURCE = "198.51.100.77"


@pytest.fixture(autouse=True)
def _low_limits(settings):
    settings.WRONG_KEYS_PER_PREFIX = 3
    settings.WRONG_KEYS_PER_SOURCE = 6


@pytest.fixture
def mallory(home) -> Device:
    return Device("alice@example.com", "guessed0" + "x" * 32)


def statuses(device: Device, count: int) -> list[int]:
    return [device.get(f"/nic/update?{QUERY}").status_code for _ in range(count)]


def test_a_source_that_repeats_a_wrong_key_is_told_to_come_back_later(mallory):
    assert statuses(mallory, 5) == [401, 401, 401, 503, 503]

    response = mallory.get(f"/nic/update?{QUERY}")
    assert dict(response.headers) == {
        "Content-Type": "text/plain",
        "Content-Length": "4",
        "Cache-Control": "no-store",
        "Retry-After": "600",
    }
    assert response.content == b"911\n"


def test_keys_with_one_prefix_are_counted_together(mallory):
    for number in range(3):
        mallory.key = f"guessed0{number}"
        assert statuses(mallory, 1) == [401]

    mallory.key = "guessed0xyz"
    assert statuses(mallory, 1) == [503]


def test_a_source_that_tries_many_keys_is_limited_too(mallory):
    seen = []
    for number in range(8):
        mallory.key = f"{number:08}"
        seen += statuses(mallory, 1)

    assert seen == [401] * 6 + [503] * 2


def test_a_working_key_works_from_a_limited_source(mallory, device):
    statuses(mallory, 10)

    assert device.source == mallory.source == SOURCE
    assert device.get(f"/nic/update?{QUERY}").content == b"good 203.0.113.5\n"


def test_nobody_can_lock_a_key_out_by_guessing_under_its_prefix(mallory, device):
    mallory.key = device.key[:8] + "x" * 32
    statuses(mallory, 10)
    mallory.source = OTHER_SOURCE
    statuses(mallory, 10)

    assert statuses(device, 2) == [200, 200]


def test_another_source_is_not_limited(mallory):
    statuses(mallory, 10)
    mallory.source = OTHER_SOURCE

    assert statuses(mallory, 1) == [401]


def test_addresses_of_one_ipv6_line_are_counted_together(mallory):
    codes = []
    for number in range(5):
        mallory.source = f"2001:db8:0:{number}::{number + 1}"
        codes += statuses(mallory, 1)

    assert codes == [401, 401, 401, 503, 503]


def test_requests_without_credentials_are_not_counted(home, mallory):
    bare = Device()

    assert statuses(bare, 20) == [401] * 20
    assert statuses(mallory, 1) == [401]


def test_requests_of_working_keys_are_not_counted(device, mallory):
    assert statuses(device, 20) == [200] * 20
    assert [device.update(hostname="nobody.ddns.test").content for _ in range(10)] == [b"nohost\n"] * 10
    assert statuses(mallory, 1) == [401]


@pytest.mark.parametrize("key", ["", " ", "a:b", "*", "a b", "\x00", "ÄÖÜß", "wrong:198.51.100.9", "\r\nFLUSHALL\r\n"])
def test_odd_keys_are_counted_like_others(mallory, key):
    mallory.key = key

    assert statuses(mallory, 4) == [401, 401, 401, 503]


@pytest.mark.parametrize("key", ["hunter2", "correct horse battery staple", "guessed0" + "x" * 32, "z" * 8])
def test_nothing_of_a_wrong_key_is_readable_in_redis(mallory, key):
    """It may be somebody's password, typed into the wrong field."""
    mallory.key = key
    statuses(mallory, 1)

    names = [name.decode() for name in wake.redis_client().scan_iter("wrong:*")]
    ours = [name.replace(SOURCE, "") for name in names]
    assert len(ours) == 2
    plain_hash = hashlib.sha256(key[:8].encode()).hexdigest()
    for readable in (key[:4], key[:8], plain_hash[:8]):
        assert not any(readable in name for name in ours)


def test_a_count_ends_with_its_window(mallory, monkeypatch):
    monkeypatch.setattr(limits, "WINDOW_SECONDS", 1)
    statuses(mallory, 4)

    assert wait_for(lambda: statuses(mallory, 1) == [401], timedelta(seconds=30))


def test_without_redis_wrong_keys_are_still_badauth_and_working_ones_work(mallory, device, broker):
    broker.kill()

    assert statuses(mallory, 6) == [401] * 6
    assert device.get(f"/nic/update?{QUERY}").content == b"good 203.0.113.5\n"
