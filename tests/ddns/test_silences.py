"""Silences: told once when a device has not been heard for days, and once when it is back."""

from datetime import datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from ddns import cursors, hostnames, preferences, requests, silences, tasks, webhooks
from ddns.models import Cursor, Hostname, HostnameContact, Notification, User
from ddns.models.notifications import Kind

pytestmark = pytest.mark.django_db


@pytest.fixture
def clock():
    with time_machine.travel(timezone.now(), tick=False) as clock:
        yield clock


def heard(hostname: Hostname, at: datetime | None = None) -> None:
    HostnameContact.objects.update_or_create(
        hostname=hostname, defaults={"at": at or timezone.now(), "protocol": "dyndns2"}
    )


def kinds(hostname: Hostname) -> list[str]:
    return list(Notification.objects.filter(hostname=hostname).order_by("pk").values_list("kind", flat=True))


def look(clock) -> None:
    clock.shift(silences.EVERY + timedelta(minutes=1))
    tasks.look_for_silence()
    tasks.look_for_silence()


def test_a_device_that_falls_silent_and_comes_back_is_told_once_each(home, clock):
    heard(home)
    look(clock)
    assert kinds(home) == []
    clock.shift(timedelta(days=8))
    look(clock)
    look(clock)
    assert kinds(home) == [Kind.NOT_SEEN]
    heard(home)
    look(clock)
    look(clock)
    assert kinds(home) == [Kind.NOT_SEEN, Kind.SEEN_AGAIN]
    clock.shift(timedelta(days=8))
    look(clock)
    assert kinds(home) == [Kind.NOT_SEEN, Kind.SEEN_AGAIN, Kind.NOT_SEEN]


def test_an_unchanged_update_counts_as_heard(home, device, clock):
    heard(home, timezone.now() - timedelta(days=30))
    device.update(hostname=home.name, myip="203.0.113.5")
    device.update(hostname=home.name, myip="203.0.113.5")
    requests.flush()
    look(clock)
    assert kinds(home) == []


def test_a_name_that_never_had_a_device_has_not_lost_one(home, clock):
    clock.shift(timedelta(days=300))
    look(clock)
    assert kinds(home) == []


def test_the_days_are_the_accounts_own(alice: User, bob: User, home, foreign, clock):
    preferences.choose_days(alice, 3)
    preferences.choose_days(bob, 30)
    for each in (home, foreign):
        heard(each)
    clock.shift(timedelta(days=4))
    look(clock)
    assert (kinds(home), kinds(foreign)) == ([Kind.NOT_SEEN], [])


@pytest.mark.parametrize("kind", ["suspend", "release", "deactivate"])
def test_nobody_is_told_of_what_was_taken_or_given_up(home, clock, kind: str):
    heard(home)
    if kind == "deactivate":
        User.objects.update(is_active=False)
    else:
        getattr(hostnames, kind)(home)
    clock.shift(timedelta(days=8))
    look(clock)
    assert kinds(home) == []


def test_a_look_is_done_in_chunks_and_goes_on_where_it_stopped(home, office, foreign, clock, monkeypatch):
    monkeypatch.setattr(cursors, "CHUNK", 1)
    for each in (home, office, foreign):
        heard(each)
    # A test before may have used up thousands of numbers.
    before = min(each.pk for each in (home, office, foreign)) - 1
    Cursor.objects.create(name=silences.NAME, position=before, began_at=timezone.now())
    clock.shift(timedelta(days=8))
    chunks = []
    tell = silences._tell_silent

    def die_at_the_second(first: int, last: int) -> None:
        tell(first, last)
        chunks.append(first)
        if Notification.objects.filter(kind=Kind.NOT_SEEN).count() == 2:
            raise ConnectionError

    with monkeypatch.context() as patch:
        patch.setattr(silences, "_tell_silent", die_at_the_second)
        with pytest.raises(ConnectionError):
            tasks.look_for_silence()
    assert Notification.objects.filter(kind=Kind.NOT_SEEN).count() == 1
    tasks.look_for_silence()
    assert [kinds(each) for each in (home, office, foreign)] == [[Kind.NOT_SEEN]] * 3


def test_a_look_takes_as_many_queries_for_many_as_for_one(alice, domain, clock):
    webhooks.add(alice, "https://hooks.example/")
    counts = []
    for round_, many in enumerate((1, 15)):
        for number in range(many):
            heard(hostnames.register(alice, domain=domain, label=f"h{round_}-{number}"))
        clock.shift(timedelta(days=8))
        with CaptureQueriesContext(connection) as queries:
            silences.look()
        counts.append(len(queries))
    assert Notification.objects.filter(kind=Kind.NOT_SEEN).count() == 16
    assert counts[1] <= counts[0]
