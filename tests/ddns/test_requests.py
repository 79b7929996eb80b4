"""Requests: the last ones about a hostname, with what was wrong, in plain words."""

import pytest

from ddns import background, contacts, hostnames, keys, requests
from ddns.models import HostnameContact, UpdateKey
from dnsupdate import wake
from tests.ddns.devices import Device


@pytest.fixture(autouse=True)
def _nothing_noted():
    requests._by_name.clear()
    requests._by_key.clear()
    yield
    requests._by_name.clear()
    requests._by_key.clear()


def recent(hostname) -> list[tuple[str, int, str]]:
    requests.flush()
    return [(each.code, each.times, each.detail) for each in requests.recent(hostname)]


def test_requests_are_shown_newest_first_with_what_became_of_them(device, home):
    device.update(hostname="home.ddns.test", myip="203.0.113.1")
    device.update(hostname="home.ddns.test", myip="203.0.113.1")
    device.update(hostname="home.ddns.test", myip="nonsense")

    assert recent(home) == [
        ("dnserr", 1, "nonsense"),
        ("nochg", 1, "203.0.113.1"),
        ("good", 1, "203.0.113.1"),
    ]


def test_requests_alike_in_a_row_are_one_with_their_number(device, home):
    device.update(hostname="home.ddns.test", myip="203.0.113.1")
    for _ in range(3):
        device.update(hostname="home.ddns.test", myip="203.0.113.1")

    assert recent(home)[0] == ("nochg", 3, "203.0.113.1")


def test_every_code_is_explained(device, home):
    device.update(hostname="home.ddns.test", myip="203.0.113.1")
    requests.flush()

    (request,) = requests.recent(home)
    assert str(request.explanation) == "The address was changed."
    assert (request.source, request.agent, request.protocol) == ("198.51.100.9", "Test/1.0", "dyndns2")


def test_wrong_key_is_shown_to_the_owner_of_the_hostname(device, home):
    device.key = "wrong" * 8
    device.update(hostname="home.ddns.test")

    assert recent(home) == [("badauth", 1, "")]


def test_key_that_may_not_do_it_is_told_apart_from_a_wrong_one(alice, device, home):
    _, device.key = keys.create(alice, label="x", permission="read")
    device.update(hostname="home.ddns.test")

    assert recent(home) == [("notallowed", 1, "The key works, and not for this: it may not update addresses.")]


def test_suspended_hostname_shows_refused_updates(device, home):
    hostnames.suspend(home)
    device.update(hostname="home.ddns.test", myip="203.0.113.1")

    assert recent(home) == [("abuse", 1, "203.0.113.1")]


def test_unknown_hostname_is_shown_with_the_key_and_not_to_its_holder(device, home, foreign):
    device.update(hostname="bob.ddns.test")

    assert recent(foreign) == []
    key = UpdateKey.objects.get()
    assert [(each.code, each.detail) for each in requests.recent_of_keys([key.pk])[key.pk]] == [
        ("nohost", "bob.ddns.test")
    ]


@pytest.mark.parametrize(
    "url",
    [
        "/nic/update?hostname=bob.ddns.test&myip=nonsense",
        "/nic/update?hostname=bob.ddns.test&ipv6prefix=2001:db8::/8",
        "/nic/delete?hostname=bob.ddns.test&myip=nonsense",
        "/nic/update?hostname=bob.ddns.test&txt=%C3%A9",
        "/dynamic/update.php?hostname=bob.ddns.test&myip=nonsense",
        "/update?domains=bob.ddns.test&token={key}&ip=nonsense",
        "/update?domains=bob.ddns.test&token={key}&txt=%C3%A9",
        "/api/update?zone=bob.ddns.test&ipv4=nonsense",
        "/desec/update?hostname=bob.ddns.test&myip=1.2.3.nonsense",
    ],
)
def test_refusal_of_a_request_about_somebody_elses_hostname_is_seen_with_the_key_alone(device, home, foreign, url):
    answer = device.get(url.format(key=device.key))

    assert answer.status_code in (200, 400)
    assert recent(foreign) == []
    assert not HostnameContact.objects.exists()
    (request,) = requests.recent_of_keys([UpdateKey.objects.get().pk]).popitem()[1]
    assert (request.code, request.detail) == ("nohost", "bob.ddns.test")


def test_refused_challenge_is_seen_at_the_hostname_that_it_is_of(device, home):
    device.get("/nic/update?hostname=_acme-challenge.home.ddns.test&txt=%C3%A9")

    assert [code for code, _, _ in recent(home)] == ["dnserr"]


def test_requests_about_names_that_nobody_holds_leave_nothing(device, home):
    device.key = "wrong" * 8
    device.update(hostname="nobody.ddns.test")
    before = wake.redis_client().keys("requests:*")
    requests.flush()

    assert wake.redis_client().keys("requests:*") == before


def test_only_the_last_twenty_are_kept(device, home):
    for number in range(25):
        device.update(hostname="home.ddns.test", myip=f"203.0.113.{number}")
        if number == 12:
            requests.flush()

    assert [detail for _, _, detail in recent(home)] == [f"203.0.113.{number}" for number in range(24, 4, -1)]


def test_control_characters_of_a_client_are_not_shown(device, home):
    device.agent = "evil\x1b[2J\x00"
    device.update(hostname="home.ddns.test", myip="\x1b[2J" + "x" * 500)

    requests.flush()
    (request,) = requests.recent(home)
    assert request.agent == "evil[2J"
    assert request.detail.isprintable()
    assert len(request.detail) <= requests.MAX_DETAIL_CHARACTERS


def test_last_contact_of_a_hostname_is_of_unchanged_updates_too(device, home):
    device.update(hostname="home.ddns.test", myip="203.0.113.1")
    requests.flush()
    first = HostnameContact.objects.get(hostname=home)
    device.agent = "Second/2.0"
    device.update(hostname="home.ddns.test", myip="203.0.113.1")
    requests.flush()

    second = HostnameContact.objects.get(hostname=home)
    assert second.at > first.at
    assert (second.agent, second.source, second.protocol) == ("Second/2.0", "198.51.100.9", "dyndns2")


def test_wrong_key_is_no_contact_of_the_hostname(device, home):
    device.key = "wrong" * 8
    device.update(hostname="home.ddns.test")
    requests.flush()

    assert not HostnameContact.objects.exists()


def test_requests_that_two_processes_noted_stand_in_the_order_of_their_times(device, home):
    device.update(hostname="home.ddns.test", myip="203.0.113.1")
    of_another_process = requests._by_name.pop("home.ddns.test")
    device.update(hostname="home.ddns.test", myip="203.0.113.2")
    requests.flush()
    requests._by_name["home.ddns.test"] = of_another_process

    assert [detail for _, _, detail in recent(home)] == ["203.0.113.2", "203.0.113.1"]


def test_wrong_keys_about_whatever_names_leave_room_for_contacts(device, home, monkeypatch):
    monkeypatch.setattr(requests, "MAX_SUBJECTS", 10)
    stranger = Device("mallory", "wrong" * 8)
    for number in range(20):
        stranger.update(hostname=f"nobody{number}.ddns.test")

    device.update(hostname="home.ddns.test", myip="203.0.113.1")

    assert recent(home) == [("good", 1, "203.0.113.1")]


def test_wrong_keys_about_a_hostname_do_not_take_the_place_of_its_last_contact(device, home):
    device.update(hostname="home.ddns.test", myip="203.0.113.1")
    for number in range(requests.KEPT + 5):
        Device("mallory", "wrong" * 8, agent=f"Evil/{number}").update(hostname="home.ddns.test")
    requests.flush()

    assert HostnameContact.objects.get().agent == "Test/1.0"


def test_agent_is_kept_no_longer_than_it_is_shown(device, home):
    device.agent = "x" * 8000
    device.update(hostname="home.ddns.test", myip="203.0.113.1")

    ((noted,),) = requests._by_name.values()
    assert len(noted.what[1]) == contacts.MAX_AGENT_CHARACTERS


def test_background_goes_on_after_a_failure_that_nobody_foresaw(device, home, monkeypatch, caplog):
    monkeypatch.setattr(contacts, "_contacts", {"odd": ()})
    device.update(hostname="home.ddns.test", myip="203.0.113.1")

    background.flush()

    assert HostnameContact.objects.get().hostname == home
    assert "Something noted in memory was not written." in caplog.text
