"""Metrics of publishing: what Prometheus reads is what the rows say."""

from datetime import timedelta

import psycopg
import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from dnsupdate import alarms, metrics, outbox
from dnsupdate.metrics import Publishing
from dnsupdate.models import Alarm, Failure, Nameserver, PendingPublication, Zone
from dnsupdate.models.pending import Urgency
from tests.dnsupdate import real_zones
from tests.dnsupdate.real_zones import a
from tests.dnsupdate.samples import of_family, samples

APEX = "ddns.example"
QUERIES = 5


def named(*labels: str) -> dict:
    return {f"{label}.{APEX}": a("192.0.2.1") for label in labels}


def since(age: timedelta):
    return timezone.now() - age


def hours(count: float) -> float:
    return timedelta(hours=count).total_seconds()


def test_what_waits_is_counted_by_urgency_with_its_age(quiet_zone: Zone):
    outbox.publish(quiet_zone, named("one", "two"))
    outbox.publish(quiet_zone, {f"bad.{APEX}": {}}, Urgency.WITHDRAWAL)
    PendingPublication.objects.filter(publication__name=f"two.{APEX}").update(queued_at=since(timedelta(hours=1)))
    found = samples(Publishing())
    assert found["dnsupdate_waiting_names", "ordinary", APEX] == 2
    assert found["dnsupdate_waiting_names", "withdrawal", APEX] == 1
    assert hours(1) <= found["dnsupdate_oldest_waiting_seconds", "ordinary", APEX] < hours(1.5)
    assert 0 <= found["dnsupdate_oldest_waiting_seconds", "withdrawal", APEX] < hours(0.5)


def test_a_refused_name_is_counted_apart_and_does_not_age(quiet_zone: Zone):
    outbox.publish(quiet_zone, named("one", "two"))
    refused = PendingPublication.objects.filter(publication__name=f"two.{APEX}")
    refused.update(queued_at=since(timedelta(hours=1)), retry_at=since(-timedelta(hours=1)), refusal_count=3)
    found = samples(Publishing())
    assert found["dnsupdate_refused_names", APEX] == 1
    assert found["dnsupdate_waiting_names", "ordinary", APEX] == 1
    assert found["dnsupdate_oldest_waiting_seconds", "ordinary", APEX] < hours(0.5)


def test_a_zone_without_work_shows_zeros(quiet_zone: Zone):
    found = samples(Publishing())
    zeros = [
        ("dnsupdate_waiting_names", "ordinary", APEX),
        ("dnsupdate_waiting_names", "withdrawal", APEX),
        ("dnsupdate_oldest_waiting_seconds", "ordinary", APEX),
        ("dnsupdate_oldest_waiting_seconds", "withdrawal", APEX),
        ("dnsupdate_refused_names", APEX),
        ("dnsupdate_published_names_total", APEX),
        ("dnsupdate_messages_total", APEX),
        ("dnsupdate_zone_failing", APEX),
        ("dnsupdate_zone_failing_seconds", APEX),
    ]
    assert [found[key] for key in zeros] == [0] * len(zeros)
    assert not of_family(found, "dnsupdate_zone_acknowledged_seconds")


def test_totals_are_the_rows_own(quiet_zone: Zone):
    Zone.objects.update(name_count=2**40, message_count=17)
    Failure.objects.create(zone=quiet_zone, reason="REFUSED", count=5)
    Failure.objects.create(zone=quiet_zone, reason="UNREACHABLE", count=7)
    found = samples(Publishing())
    assert found["dnsupdate_published_names_total", APEX] == 2**40
    assert found["dnsupdate_messages_total", APEX] == 17
    assert found["dnsupdate_failures_total", "REFUSED", APEX] == 5
    assert found["dnsupdate_failures_total", "UNREACHABLE", APEX] == 7


def test_a_name_that_the_primary_took_waits_no_more(zone: Zone):
    outbox.publish(zone, {f"home.{zone.name}": a("192.0.2.1")})
    assert samples(Publishing())["dnsupdate_waiting_names", "ordinary", zone.name] == 1
    real_zones.drain(zone)
    found = samples(Publishing())
    assert found["dnsupdate_waiting_names", "ordinary", zone.name] == 0
    assert 0 <= found["dnsupdate_zone_acknowledged_seconds", zone.name] < hours(0.5)
    assert found["dnsupdate_zone_failing", zone.name] == 0


def test_a_zone_whose_primary_is_away_is_failing(quiet_zone: Zone):
    outbox.publish(quiet_zone, named("one"))
    real_zones.drain_now(quiet_zone)
    Zone.objects.update(failing_since=since(timedelta(hours=2)))
    found = samples(Publishing())
    assert found["dnsupdate_zone_failing", APEX] == 1
    assert hours(2) <= found["dnsupdate_zone_failing_seconds", APEX] < hours(2.5)


def test_a_time_that_is_still_to_come_is_no_negative_age(quiet_zone: Zone):
    Zone.objects.update(failing_since=since(-timedelta(hours=1)), published_at=since(-timedelta(hours=1)))
    found = samples(Publishing())
    assert found["dnsupdate_zone_failing_seconds", APEX] == 0
    assert found["dnsupdate_zone_acknowledged_seconds", APEX] == 0


def test_open_alarms_are_counted_and_closed_ones_are_not(quiet_zone: Zone):
    alarms.open(Alarm.Kind.DRIFT, "It differs.", zone=quiet_zone)
    alarms.open(Alarm.Kind.ZONE, "It fails.", zone=quiet_zone)
    alarms.close(Alarm.Kind.ZONE, zone=quiet_zone)
    found = samples(Publishing())
    assert found["dnsupdate_open_alarms", "drift"] == 1
    assert found["dnsupdate_open_alarms", "zone"] == 0
    assert of_family(found, "dnsupdate_open_alarms") == {(kind,) for kind in Alarm.Kind.values}


def test_zones_do_not_get_into_each_others_way(quiet_zone: Zone):
    server = Nameserver.objects.get()
    other = Zone.objects.create(name="other.example", primary=server, name_count=3)
    outbox.publish(other, {"home.other.example": a("192.0.2.1")})
    found = samples(Publishing())
    assert found["dnsupdate_waiting_names", "ordinary", APEX] == 0
    assert found["dnsupdate_waiting_names", "ordinary", "other.example"] == 1
    assert found["dnsupdate_published_names_total", "other.example"] == 3


def test_a_scrape_costs_the_same_queries_for_any_number_of_zones(quiet_zone: Zone, django_assert_num_queries):
    for number in range(20):
        zone = Zone.objects.create(name=f"z{number}.example", primary=quiet_zone.primary)
        outbox.publish(zone, {f"home.{zone.name}": a("192.0.2.1")})
        Failure.objects.create(zone=zone, reason="SERVFAIL", count=1)
    with django_assert_num_queries(QUERIES):
        found = samples(Publishing())
    assert len(of_family(found, "dnsupdate_zone_failing")) == 21


@pytest.fixture
def locked_queue(committed_db):
    """Somebody holds the table of what waits, as a careless migration would."""
    with psycopg.connect(**connection.get_connection_params() | {"cursor_factory": None}) as other:
        other.execute("LOCK TABLE dnsupdate_pendingpublication IN ACCESS EXCLUSIVE MODE")
        yield
        other.rollback()


@pytest.mark.usefixtures("quiet_zone", "locked_queue")
def test_a_scrape_gives_up_and_leaves_the_connection_usable(monkeypatch):
    monkeypatch.setattr(metrics, "STATEMENT_TIMEOUT", timedelta(milliseconds=100))
    with pytest.raises(OperationalError, match="statement timeout"), metrics.bounded():
        samples(Publishing())
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("0",)
