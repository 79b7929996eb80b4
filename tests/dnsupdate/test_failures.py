"""Failures: one probe for a dead nameserver, no rush when it is back, everything counted."""

from datetime import timedelta

import pytest
from django.utils import timezone

from deploy.local.server import Server
from dnsupdate import failures, leases, outbox, publisher
from dnsupdate import primary as primary_module
from dnsupdate.errors import RecordsRefused, Unreachable, ZoneMissing
from dnsupdate.failures import BEHIND_THE_PROBE, SPREAD
from dnsupdate.models import Failure, Nameserver, Zone
from tests.dnsupdate.real_zones import a, answers, dirty_names, drain, drain_now, zone_row


def sibling_of(zone: Zone, name: str = "other.example") -> Zone:
    return Zone.objects.create(name=name, primary=zone.primary)


def test_other_failing_zones_of_a_dead_nameserver_wait_for_the_probe(quiet_zone: Zone):
    sibling = sibling_of(quiet_zone)
    failures.record(sibling.pk, Unreachable("test."))
    failures.record(quiet_zone.pk, Unreachable("test."))
    quiet_zone.refresh_from_db()
    sibling.refresh_from_db()
    assert sibling.retry_at - quiet_zone.retry_at >= BEHIND_THE_PROBE - timedelta(seconds=1)
    assert sibling.retry_at - quiet_zone.retry_at <= BEHIND_THE_PROBE + SPREAD + timedelta(seconds=1)


def test_a_zone_that_works_is_not_held_back_by_another(quiet_zone: Zone):
    sibling = sibling_of(quiet_zone)
    failures.record(quiet_zone.pk, Unreachable("test."))
    assert leases.claim(sibling.pk) is not None


def test_zones_of_another_nameserver_go_on(quiet_zone: Zone):
    elsewhere = Nameserver.objects.create(name="elsewhere", host="127.0.0.2", port=9)
    other = Zone.objects.create(name="other.example", primary=elsewhere, failing_since=timezone.now())
    failures.record(quiet_zone.pk, Unreachable("test."))
    other.refresh_from_db()
    assert other.retry_at is None


def test_what_is_wrong_with_one_zone_says_nothing_of_the_others(quiet_zone: Zone):
    sibling = sibling_of(quiet_zone)
    failures.record(sibling.pk, ZoneMissing())
    Zone.objects.filter(pk=sibling.pk).update(retry_at=None)
    failures.record(quiet_zone.pk, ZoneMissing())
    sibling.refresh_from_db()
    assert sibling.retry_at is None


def test_when_the_nameserver_is_back_its_zones_come_one_by_one(quiet_zone: Zone):
    siblings = [sibling_of(quiet_zone, f"z{number}.example") for number in range(10)]
    Zone.objects.update(failing_since=timezone.now(), retry_at=timezone.now() + timedelta(seconds=30))
    failures.end(quiet_zone.pk)
    times = set(Zone.objects.filter(pk__in=[each.pk for each in siblings]).values_list("retry_at", flat=True))
    assert max(times) <= timezone.now() + SPREAD
    assert len(times) == 10


def test_failures_are_counted_by_response_code(quiet_zone: Zone):
    for error in (Unreachable("test."), Unreachable("test."), ZoneMissing(), RecordsRefused("FORMERR.")):
        failures.count(quiet_zone.pk, error)
    assert dict(Failure.objects.values_list("reason", "count")) == {"UNREACHABLE": 2, "NOTAUTH": 1, "FORMERR": 1}


def test_a_failing_zone_is_probed_by_a_message_without_names(primary: Server, zone: Zone, monkeypatch):
    alice = f"alice.{zone.name}"
    outbox.publish(zone, {alice: a("192.0.2.1")})
    failures.record(zone.pk, Unreachable("test."))
    sent = []
    original = publisher.Primary.prepare
    monkeypatch.setattr(
        publisher.Primary, "prepare", lambda self, changes: sent.append(len(changes)) or original(self, changes)
    )
    assert not drain_now(zone).is_failing
    assert sent == [0, 1]
    assert answers(primary, alice) == {"192.0.2.1"}


def test_two_zones_of_a_nameserver_that_was_away_are_both_published(committed_db, bind, fresh_zone):
    zones = [zone_row(bind, fresh_zone(bind)) for _ in range(2)]
    bind.stop()
    for zone in zones:
        outbox.publish(zone, {f"alice.{zone.name}": a("192.0.2.1")})
        drain(zone)
    bind.start()
    for zone in zones:
        assert not drain_now(zone).is_failing
        assert dirty_names(zone) == set()


def test_a_zone_tries_for_itself_after_a_minute_although_the_probe_keeps_failing(quiet_zone: Zone):
    """The nameserver may be back for all zones but the one that probes it."""
    sibling = sibling_of(quiet_zone)
    failures.record(sibling.pk, Unreachable("test."))
    Zone.objects.filter(pk=sibling.pk).update(failed_at=timezone.now() - timedelta(seconds=58))
    failures.record(quiet_zone.pk, Unreachable("test."))
    sibling.refresh_from_db()
    assert sibling.retry_at <= timezone.now() + timedelta(seconds=3)


def test_a_server_that_refuses_even_a_message_without_names_is_a_failure_of_the_zone(
    zone: Zone, monkeypatch: pytest.MonkeyPatch
):
    outbox.publish(zone, {f"alice.{zone.name}": a("192.0.2.1")})

    def refuse(*_) -> None:
        raise RecordsRefused("FORMERR.")

    monkeypatch.setattr(primary_module.messages, "check_answer", refuse)
    drain(zone)
    zone.refresh_from_db()
    assert "FORMERR to a message without names" in zone.failure
    assert dirty_names(zone) == {f"alice.{zone.name}"}
