"""Wake-ups: one task per zone, lost without harm, found again by the sweep."""

import base64
import json
from datetime import timedelta

from django.utils import timezone

from dnsupdate import outbox, publisher, tasks, wake
from dnsupdate.models import Zone
from tests.dnsupdate.real_zones import a, answers, dirty_names

ALICE = "alice.ddns.example"


def woken() -> list[int]:
    """The zones of the tasks that wait in the broker."""
    bodies = [json.loads(message)["body"] for message in wake.redis_client().lrange("publish", 0, -1)]
    return [json.loads(base64.b64decode(body))[0][0] for body in bodies]


def test_a_committed_change_wakes_its_zone(quiet_zone: Zone, broker):
    outbox.publish(quiet_zone, {ALICE: a("192.0.2.1")})
    assert woken() == [quiet_zone.pk]


def test_many_changes_are_one_task(quiet_zone: Zone, broker):
    for last in range(1, 20):
        outbox.publish(quiet_zone, {ALICE: a(f"192.0.2.{last}")})
    assert woken() == [quiet_zone.pk]


def test_every_zone_has_a_task_of_its_own(quiet_zone: Zone, broker):
    other = Zone.objects.create(name="other.example", primary=quiet_zone.primary)
    for zone in (quiet_zone, other, quiet_zone):
        wake.wake(zone.pk)
    assert sorted(woken()) == sorted([quiet_zone.pk, other.pk])


def test_a_change_made_while_the_publisher_reads_wakes_again(quiet_zone: Zone, broker):
    wake.wake(quiet_zone.pk)
    wake.forget(quiet_zone.pk)
    wake.wake(quiet_zone.pk)
    assert woken() == [quiet_zone.pk] * 2


def test_a_dead_broker_costs_the_wake_up_and_nothing_else(primary, zone: Zone, broker):
    alice = f"alice.{zone.name}"
    broker.kill()
    outbox.publish(zone, {alice: a("192.0.2.1")})
    wake.forget(zone.pk)
    assert dirty_names(zone) == {alice}
    assert Zone.objects.with_work().get() == zone
    publisher.drain(zone.pk)
    assert answers(primary, alice) == {"192.0.2.1"}


def test_while_the_broker_is_away_a_request_does_not_wait_for_it_each_time(quiet_zone: Zone, broker, monkeypatch):
    broker.kill()
    wake.wake(quiet_zone.pk)
    asked = []
    monkeypatch.setattr(wake, "redis_client", lambda: asked.append(1))
    wake.wake(quiet_zone.pk)
    assert asked == []


def test_the_sweep_finds_what_a_wiped_broker_forgot(quiet_zone: Zone, broker):
    outbox.publish(quiet_zone, {ALICE: a("192.0.2.1")})
    broker.wipe()
    tasks.sweep()
    assert woken() == [quiet_zone.pk]


def test_the_sweep_wakes_nobody_without_work(quiet_zone: Zone, broker):
    tasks.sweep()
    outbox.publish(quiet_zone, {ALICE: a("192.0.2.1")})
    Zone.objects.update(retry_at=timezone.now() + timedelta(minutes=1))
    broker.wipe()
    tasks.sweep()
    assert woken() == []


def test_the_task_publishes_and_may_run_twice(primary, zone: Zone, broker):
    alice = f"alice.{zone.name}"
    outbox.publish(zone, {alice: a("192.0.2.1")})
    tasks.publish_zone(zone.pk)
    tasks.publish_zone(zone.pk)
    assert answers(primary, alice) == {"192.0.2.1"}
    assert dirty_names(zone) == set()


def test_a_task_that_ran_out_of_time_wakes_the_next(quiet_zone: Zone, broker, monkeypatch):
    monkeypatch.setattr(publisher, "drain", lambda zone_id: False)
    tasks.publish_zone(quiet_zone.pk)
    assert woken() == [quiet_zone.pk]
