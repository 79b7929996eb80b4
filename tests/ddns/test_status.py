"""The status page: true, public, in plain words, and there when much else is not."""

from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from django.db import OperationalError, connection
from django.db.models import F
from django.utils import timezone

from ddns import hostnames, status
from dnsupdate import alarms
from dnsupdate.models import Alarm, Nameserver, PendingPublication, ServerState, Zone
from tests.people import logged_in

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _unseen():
    """What another test was shown is no status of this one's."""
    status.forget()
    yield
    status.forget()


@pytest.fixture
def answering(domain) -> ServerState:
    """The domain's server, which answered this very moment."""
    now = timezone.now()
    return ServerState.objects.create(
        zone=domain.zone, nameserver=domain.zone.primary, asked_at=now, answered_at=now, serial=1
    )


def shown(client) -> str:
    status.forget()
    return client.get("/status/").content.decode()


def test_all_is_well_where_nothing_waits_and_every_server_answers(client, answering):
    html = shown(client)

    assert "All is well." in html
    assert "1 of 1 answer" in html
    assert "Nothing went wrong" in html


def test_servers_that_were_not_asked_lately_are_not_said_to_be_well(client, answering):
    ServerState.objects.update(asked_at=timezone.now() - timedelta(minutes=5))
    html = shown(client)

    assert "All is well." not in html
    assert "not asked lately" in html
    assert "nothing waits" in html


def test_a_change_that_waits_says_for_how_long(client, answering, home):
    PendingPublication.objects.update(queued_at=timezone.now() - timedelta(minutes=3))
    html = shown(client)

    assert "Changes reach DNS late." in html
    assert "after 3 min and more" in html


def test_a_name_that_the_nameserver_refuses_makes_nobody_elses_late(client, answering, home):
    PendingPublication.objects.update(
        queued_at=timezone.now() - timedelta(minutes=3), retry_at=timezone.now() + timedelta(hours=1)
    )

    assert "All is well." in shown(client)


def test_a_frozen_zone_is_paused(client, answering):
    Zone.objects.update(frozen_at=timezone.now(), frozen_reason="a move")
    html = shown(client)

    assert "paused for maintenance" in html
    assert "a move" not in html, "the reason is the operator's"


def test_a_silent_secondary_is_counted_and_not_named(client, answering):
    hidden = Nameserver.objects.create(name="hidden-box", host="192.0.2.99", port=53)
    now = timezone.now()
    ServerState.objects.create(
        zone=answering.zone, nameserver=hidden, asked_at=now, error="does not answer", asked_count=3
    )
    html = shown(client)

    assert "A nameserver does not keep up." in html
    assert "1 of 2 answer, 1 with the newest" in html
    assert "hidden-box" not in html
    assert "192.0.2.99" not in html


def test_incidents_are_told_in_plain_words_with_how_long_they_took(client, answering):
    alarms.open(Alarm.Kind.ZONE, "primary-7 answers REFUSED", zone=answering.zone)
    html = shown(client)
    assert "Changes reached DNS late." in html
    assert "not over yet" in html
    assert "primary-7" not in html

    alarms.close(Alarm.Kind.ZONE, zone=answering.zone)
    Alarm.objects.update(opened_at=F("closed_at") - timedelta(hours=2))
    assert "lasted 2 h" in shown(client)

    Alarm.objects.update(closed_at=timezone.now() - timedelta(days=31))
    assert "Nothing went wrong" in shown(client)


def test_what_only_the_operator_notices_is_no_incident(client, answering):
    alarms.open(Alarm.Kind.SETTINGS, "anybody may transfer the zone", zone=answering.zone)

    assert "Nothing went wrong" in shown(client)


def test_it_names_no_hostname(client, answering, home):
    hostnames.suspend(home)

    assert "home" not in shown(client)


def test_it_looks_once_however_often_it_is_asked(client, answering, django_assert_num_queries):
    client.get("/status/")

    with django_assert_num_queries(0):
        for _ in range(5):
            client.get("/status/")


def test_it_is_there_without_broker_and_cache(client, answering, settings):
    settings.CACHES = {
        "default": {**django_settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:9/0"},
    }
    settings.CELERY_BROKER_URL = settings.REDIS_URL = "redis://127.0.0.1:9/0"

    assert "All is well." in shown(client)


def test_it_is_there_without_the_database_and_says_what_that_means(client, alice, monkeypatch):
    def fail(*_, **__):
        raise OperationalError("the connection is lost")

    browser = logged_in(alice)
    monkeypatch.setattr(connection, "cursor", fail)
    for who in (client, browser):
        response = who.get("/status/")

        assert response.status_code == 503
        assert "Our database does not answer." in response.content.decode()
