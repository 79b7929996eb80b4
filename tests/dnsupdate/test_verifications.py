"""Verifications: one at a time, ended when their process died, tried again, told of while they fail, forgotten in time."""

from datetime import timedelta

import pytest
from django.utils import timezone

from deploy.local.server import Server
from dnsupdate import agenda, transfers, verifications, zones
from dnsupdate.errors import PrimaryError, VerificationRefused, VerificationRunning
from dnsupdate.models import Alarm, Verification, Watch, Zone
from dnsupdate.models.verifications import Trigger
from tests.dnsupdate.drifting import NOON, drift_alarm, edit, last, publish, real_primary, serial, verified_zone  # noqa: F401 - the fixtures primary and zone

pytestmark = pytest.mark.usefixtures("committed_db")


def test_a_zone_is_verified_once_at_a_time(quiet_zone: Zone):
    Verification.objects.create(zone=quiet_zone, trigger=Trigger.SCHEDULED)
    with pytest.raises(VerificationRunning, match=quiet_zone.name):
        verifications.run(quiet_zone)
    assert verifications.run_next() is None


def test_a_run_whose_process_died_is_ended_by_the_next(primary: Server, zone: Zone):
    dead = Verification.objects.create(
        zone=zone, trigger=Trigger.SCHEDULED, progress_at=timezone.now() - timedelta(hours=1)
    )
    assert verifications.run(zone).is_clean
    dead.refresh_from_db()
    assert dead.error == "It was interrupted."
    assert dead.finished_at is not None


def test_a_zone_that_cannot_be_transferred_is_tried_again_after_a_minute(primary: Server, zone: Zone):
    Watch.objects.update(compared_at=None)
    Zone.objects.filter(pk=zone.pk).update(name="not-served.test")
    assert verifications.run_next() is None
    failed = last(zone)
    assert failed.error.startswith(("The zone's transfer is not usable", "The nameserver does not serve"))
    assert agenda.next_due(timezone.now()) is None
    assert agenda.next_due(timezone.now() + timedelta(minutes=2)).trigger == Trigger.SCHEDULED
    assert not Alarm.objects.exists()


def fail_to_verify(zone: Zone) -> None:
    """Under a name that its primary does not serve."""
    name = zone.name
    Zone.objects.filter(pk=zone.pk).update(name="not-served.test")
    zone.refresh_from_db()
    with pytest.raises(PrimaryError):
        verifications.run(zone)
    Zone.objects.filter(pk=zone.pk).update(name=name)
    zone.refresh_from_db()


@pytest.mark.parametrize("was_compared", [True, False])
def test_a_zone_that_could_not_be_compared_for_an_hour_is_told_of_until_it_is(
    primary: Server, zone: Zone, was_compared: bool
):
    fail_to_verify(zone)
    Verification.objects.update(started_at=timezone.now() - timedelta(minutes=59))
    Watch.objects.update(checked_at=NOON if was_compared else None)
    fail_to_verify(zone)
    assert drift_alarm(zone) is None
    Verification.objects.update(started_at=timezone.now() - timedelta(minutes=61))
    fail_to_verify(zone)
    text = drift_alarm(zone).text
    assert ("since 24 November 2026 12:00 UTC" if was_compared else "never was") in text
    fail_to_verify(zone)
    assert drift_alarm(zone).text == text
    assert verifications.run(zone).is_clean
    assert drift_alarm(zone) is None


def test_failures_from_before_the_last_comparison_tell_of_nothing(primary: Server, zone: Zone):
    fail_to_verify(zone)
    Verification.objects.update(started_at=timezone.now() - timedelta(hours=3))
    verifications.run(zone)
    fail_to_verify(zone)
    assert drift_alarm(zone) is None


def test_runs_that_fail_are_forgotten_too(primary: Server, zone: Zone, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(verifications, "KEPT", 3)
    for _ in range(5):
        fail_to_verify(zone)
    assert zone.verifications.count() == 3


@pytest.mark.parametrize("end", [lambda zone: zones.freeze(zone, reason="being moved"), zones.retire])
def test_a_zone_that_is_frozen_or_retired_is_not_verified_and_not_lifted(primary: Server, zone: Zone, end):
    publish(zone, {"alice": {}, "bob": {}, "carol": {}})
    before = serial(primary, zone)
    end(zone)
    Watch.objects.update_or_create(zone=zone, defaults={"lost_serial": before + 1000})
    count = zone.verifications.count()
    with pytest.raises(VerificationRefused, match=f"{zone.name} is frozen or retired"):
        verifications.run(zone, repair=True)
    assert serial(primary, zone) == before
    assert zone.verifications.count() == count


def test_a_zone_that_is_retired_while_it_is_compared_has_no_alarm(
    primary: Server, zone: Zone, monkeypatch: pytest.MonkeyPatch
):
    edit(primary, zone)
    whole = transfers.whole

    def transfer_and_retire(*arguments):
        found = whole(*arguments)
        zones.retire(zone, even_in_use=True)
        return found

    monkeypatch.setattr(transfers, "whole", transfer_and_retire)
    assert verifications.run(zone).difference_count == 3
    assert drift_alarm(zone) is None


def test_what_is_known_of_a_zone_is_forgotten_when_it_moves_to_another_primary_alone(zone: Zone):
    server = zone.primary
    here = {"host": server.host, "key": server.key, "replace": True}
    zones.add(zone.name, port=server.port, **here)
    assert Watch.objects.exists()
    zones.add(zone.name, port=9, **here)
    assert not Watch.objects.exists()


def test_old_runs_are_forgotten_and_routine_ones_sooner(primary: Server, zone: Zone, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(verifications, "KEPT", 3)
    monkeypatch.setattr(verifications, "KEPT_ROUTINE", 2)
    for _ in range(4):
        verifications.run(zone)
        verifications.run(zone, changes_only=True)
    assert sorted(run.method for run in zone.verifications.all()) == ["AXFR"] * 3 + ["IXFR"] * 2
