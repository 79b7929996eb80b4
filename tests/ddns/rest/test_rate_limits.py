"""Limits on requests: per key, account and network; told before they bite, and gone where Redis is."""

import pytest
from django.test import Client

from ddns import changes, keys, limits
from tests.ddns.devices import Device
from tests.ddns.rest.programs import Program, problem


@pytest.fixture
def _few(settings):
    settings.REST_REQUESTS_PER_KEY = 2


@pytest.mark.usefixtures("_few")
def test_answers_say_what_is_left_and_when_to_come_back(monitor):
    first, second, third = (monitor.get("/domains") for _ in range(3))

    assert first["RateLimit-Policy"] == '"account";q=600;w=60, "network";q=1200;w=60, "key";q=2;w=60'
    assert '"key";r=1;t=' in first["RateLimit"]
    assert '"key";r=0;t=' in second["RateLimit"]
    assert problem(third) == (429, "too-many-requests")
    assert '"key";r=0;t=' in third["RateLimit"]
    assert 0 < int(third["Retry-After"]) <= limits.REQUESTS_WINDOW.total_seconds()


@pytest.mark.usefixtures("_few")
def test_another_key_of_the_account_is_not_limited_with_it(monitor, program, home):
    for _ in range(5):
        monitor.get("/domains")

    assert program.get("/domains").status_code == 200


@pytest.mark.parametrize("setting", ["REST_REQUESTS_PER_ACCOUNT", "REST_REQUESTS_PER_NETWORK"])
def test_account_and_network_are_limited_over_all_keys(monitor, program, settings, setting):
    setattr(settings, setting, 2)

    assert [each.get("/domains").status_code for each in (monitor, program, monitor)] == [200, 200, 429]


def test_network_of_another_is_not_limited(monitor, stranger, settings):
    settings.REST_REQUESTS_PER_NETWORK = 1
    stranger.source = "2001:db8:0:100::1"
    assert [each.get("/domains").status_code for each in (monitor, stranger, monitor)] == [200, 200, 429]
    stranger.source = "2001:db8:0:1ff::2"

    assert stranger.get("/domains").status_code == 429


def test_session_is_limited_with_its_account(alice, settings):
    settings.REST_REQUESTS_PER_ACCOUNT = 1
    client = Client()
    client.force_login(alice)
    program = Program(client=client)

    assert [program.get("/domains").status_code for _ in range(2)] == [200, 429]


@pytest.mark.usefixtures("_few")
def test_updates_of_devices_are_not_counted(alice, home):
    text = keys.create(alice, label="both", permission="manage")[1]
    answers = [Device("", text).update(hostname=home.name, myip="203.0.113.5").status_code for _ in range(5)]

    assert answers == [200] * 5
    assert Program(text).get("/domains").status_code == 200


@pytest.mark.usefixtures("_few")
def test_without_redis_nobody_is_limited(monitor, broker):
    broker.kill()
    answers = [monitor.get("/domains") for _ in range(4)]

    assert [response.status_code for response in answers] == [200] * 4
    assert "RateLimit" not in answers[0]


def test_hostname_that_changes_too_often_is_told_when_it_may_again(program, home, settings):
    settings.CHANGES_PER_HOSTNAME = 2
    home_is_at = [program.patch(f"/hostnames/{home.name}", {"ipv4": f"203.0.113.{last}"}) for last in (1, 2, 2, 3)]

    assert [response.status_code for response in home_is_at] == [200, 200, 200, 429]
    assert problem(home_is_at[-1]) == (429, "too-many-changes")
    assert 0 < int(home_is_at[-1]["Retry-After"]) <= changes.WINDOW_SECONDS
