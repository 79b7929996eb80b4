"""Zone health: who is told of a zone that does not follow, and when it is over."""

from datetime import timedelta

import pytest
from django.utils import timezone

from dnsupdate import outbox, tasks, tsig_keys, zone_health
from dnsupdate.models import Alarm, Nameserver, Notice, PendingPublication, Zone
from dnsupdate.models.pending import Urgency
from tests.dnsupdate import real_zones
from tests.dnsupdate.real_zones import a

APEX = "ddns.example"
TOO_LONG = zone_health.FAILS_TOO_LONG + timedelta(seconds=5)
NOT_YET = zone_health.FAILS_TOO_LONG / 2
ALL_IS_WELL = 2


def wait_since(age: timedelta, urgency: Urgency = Urgency.ORDINARY, name: str = f"home.{APEX}") -> None:
    outbox.publish(Zone.objects.get(name=APEX), {name: a("192.0.2.1")}, urgency)
    PendingPublication.objects.filter(publication__name=name).update(queued_at=timezone.now() - age)


def fail_since(age: timedelta, failure: str = "The nameserver does not answer: 192.0.2.1 port 53: timed out.") -> None:
    Zone.objects.update(failing_since=timezone.now() - age, failure=failure)


def open_texts() -> list[str]:
    return list(Alarm.objects.open().filter(kind=Alarm.Kind.ZONE).values_list("text", flat=True))


def test_a_primary_that_stays_away_is_told_with_reason_and_remedy(quiet_zone: Zone):
    key = tsig_keys.generate("publisher")
    key.save()
    Nameserver.objects.update(key=key)
    wait_since(timedelta(0))
    real_zones.drain_now(quiet_zone)
    zone_health.watch()
    assert open_texts() == []
    Zone.objects.update(failing_since=timezone.now() - TOO_LONG)
    tasks.watch_zones()
    [text] = open_texts()
    assert f"{APEX} cannot be published at nowhere." in text
    assert "The nameserver does not answer." in text
    assert "The zone's page at the desk" in text


@pytest.mark.usefixtures("quiet_zone")
def test_a_restart_of_the_nameserver_wakes_nobody():
    fail_since(NOT_YET)
    zone_health.watch()
    assert open_texts() == []


@pytest.mark.usefixtures("quiet_zone")
def test_a_failure_that_is_told_differently_each_time_is_one_alarm_told_once(settings):
    settings.ALARM_MAIL = ["ops@example.org"]
    fail_since(TOO_LONG)
    zone_health.watch()
    fail_since(TOO_LONG * 2, "The nameserver does not answer: 192.0.2.1 port 53: [Errno 111] Connection refused.")
    zone_health.watch()
    assert [notice.event for notice in Notice.objects.all()] == ["opened"]


@pytest.mark.usefixtures("quiet_zone")
def test_another_reason_is_told_again(settings):
    settings.ALARM_MAIL = ["ops@example.org"]
    fail_since(TOO_LONG)
    zone_health.watch()
    Alarm.objects.update(changed_at=timezone.now() - zone_health.SAME_REASON * 2)
    fail_since(
        TOO_LONG, "The nameserver does not serve the zone (NOTAUTH): add it there, `manage.py add_domain` prints how."
    )
    zone_health.watch()
    assert [notice.event for notice in Notice.objects.all()] == ["opened", "changed"]
    assert "does not serve the zone (NOTAUTH): add it there" in open_texts()[0]


@pytest.mark.usefixtures("quiet_zone")
def test_a_reason_of_no_known_kind_is_told_as_it_is():
    fail_since(TOO_LONG, "Something new.")
    zone_health.watch()
    assert "Something new. Updates are accepted" in open_texts()[0]


def test_the_alarm_ends_when_the_primary_takes_updates_again(zone: Zone):
    outbox.publish(zone, {f"home.{zone.name}": a("192.0.2.1")})
    fail_since(TOO_LONG)
    zone_health.watch()
    assert len(open_texts()) == 1
    real_zones.drain_now(zone)
    zone_health.watch()
    assert open_texts() == []
    assert Alarm.objects.get().closed_at is not None


@pytest.mark.usefixtures("quiet_zone")
def test_a_refill_may_take_its_time():
    wait_since(zone_health.WAITS_TOO_LONG + timedelta(seconds=5), Urgency.REFILL)
    zone_health.watch()
    assert open_texts() == []


@pytest.mark.parametrize("urgency", [Urgency.ORDINARY, Urgency.WITHDRAWAL])
@pytest.mark.usefixtures("quiet_zone")
def test_changes_that_nobody_publishes_are_told(urgency):
    wait_since(zone_health.WAITS_TOO_LONG + timedelta(seconds=5), urgency)
    zone_health.watch()
    [text] = open_texts()
    assert f"Changes of {APEX} wait for longer than 60 seconds although nothing fails." in text


@pytest.mark.usefixtures("quiet_zone")
def test_a_backlog_that_shrinks_keeps_its_alarm_until_it_is_gone():
    wait_since(zone_health.WAITS_TOO_LONG + timedelta(seconds=5))
    zone_health.watch()
    PendingPublication.objects.update(queued_at=timezone.now() - zone_health.WAITS_TOO_LONG / 2)
    zone_health.watch()
    assert len(open_texts()) == 1
    PendingPublication.objects.all().delete()
    zone_health.watch()
    assert open_texts() == []


@pytest.mark.usefixtures("quiet_zone")
def test_a_young_backlog_and_a_refused_name_are_no_alarm():
    wait_since(zone_health.WAITS_TOO_LONG / 2)
    wait_since(timedelta(days=1), name=f"refused.{APEX}")
    PendingPublication.objects.filter(publication__name=f"refused.{APEX}").update(retry_at=timezone.now())
    zone_health.watch()
    assert open_texts() == []


@pytest.mark.usefixtures("quiet_zone")
def test_what_waits_because_the_primary_fails_is_told_as_failing():
    wait_since(timedelta(hours=1))
    fail_since(TOO_LONG)
    zone_health.watch()
    [text] = open_texts()
    assert "cannot be published" in text


@pytest.mark.usefixtures("quiet_zone")
def test_a_primary_that_takes_every_other_message_is_told_and_not_by_turns(settings):
    settings.ALARM_MAIL = ["ops@example.org"]
    wait_since(timedelta(hours=1))
    for _ in range(3):
        fail_since(timedelta(seconds=1))
        zone_health.watch()
        Zone.objects.update(failing_since=None, failure="")
        zone_health.watch()
    assert [notice.event for notice in Notice.objects.all()] == ["opened"]


def test_a_zone_that_follows_loses_no_alarm_of_another(quiet_zone: Zone):
    other = Zone.objects.create(name="other.example", primary=quiet_zone.primary)
    Zone.objects.filter(pk=other.pk).update(failing_since=timezone.now() - TOO_LONG, failure="The clocks differ.")
    zone_health.watch()
    zone_health.watch()
    assert [alarm.zone for alarm in Alarm.objects.open()] == [other]


def test_watching_costs_the_same_queries_for_any_number_of_zones(quiet_zone: Zone, django_assert_num_queries):
    for number in range(10):
        Zone.objects.create(name=f"z{number}.example", primary=quiet_zone.primary)
    fail_since(TOO_LONG)
    zone_health.watch()
    assert len(open_texts()) == 11
    with django_assert_num_queries(ALL_IS_WELL):
        zone_health.watch()


@pytest.mark.usefixtures("quiet_zone")
def test_two_reasons_by_turns_are_not_told_with_every_look(settings):
    settings.ALARM_MAIL = ["ops@example.org"]
    for failure in (
        "The nameserver does not answer: timed out.",
        "The nameserver could not process the update: SERVFAIL.",
    ) * 3:
        fail_since(TOO_LONG, failure)
        zone_health.watch()
    assert [notice.event for notice in Notice.objects.all()] == ["opened"]


@pytest.mark.usefixtures("quiet_zone")
def test_the_alarm_of_a_zone_that_comes_to_rest_ends():
    fail_since(TOO_LONG)
    zone_health.watch()
    Zone.objects.update(frozen_at=timezone.now(), frozen_reason="test")
    zone_health.watch()
    assert open_texts() == []
