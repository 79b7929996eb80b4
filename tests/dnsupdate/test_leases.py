"""Leases: one publisher per zone at a time, and none for long after a crash."""

from datetime import timedelta

import pytest
from django.utils import timezone

from dnsupdate import failures, leases, outbox, primaries, publisher, wake
from dnsupdate.errors import Unreachable
from dnsupdate.models import Zone
from tests.dnsupdate.real_zones import a, answers, dirty_names

ALICE = "alice.ddns.example"


def expire(zone: Zone) -> None:
    Zone.objects.filter(pk=zone.pk).update(lease_expires_at=timezone.now() - timedelta(minutes=1))


def test_a_second_publisher_gets_no_lease_until_the_first_releases_it(quiet_zone: Zone):
    lease = leases.claim(quiet_zone.pk)
    assert lease is not None
    assert leases.claim(quiet_zone.pk) is None
    lease.release()
    assert leases.claim(quiet_zone.pk) is not None


def test_each_zone_has_a_lease_of_its_own(quiet_zone: Zone):
    other = Zone.objects.create(name="other.example", primary=quiet_zone.primary)
    assert leases.claim(quiet_zone.pk) is not None
    assert leases.claim(other.pk) is not None


def test_a_second_drain_returns_at_once_and_sends_nothing(quiet_zone: Zone):
    outbox.publish(quiet_zone, {ALICE: a("192.0.2.1")})
    leases.claim(quiet_zone.pk)
    assert publisher.drain(quiet_zone.pk) is True
    quiet_zone.refresh_from_db()
    assert not quiet_zone.is_failing
    assert dirty_names(quiet_zone) == {ALICE}


def test_the_lease_of_a_killed_publisher_is_taken_over_when_it_expires(primary, zone: Zone):
    alice = f"alice.{zone.name}"
    outbox.publish(zone, {alice: a("192.0.2.1")})
    leases.claim(zone.pk)
    expire(zone)
    publisher.drain(zone.pk)
    assert answers(primary, alice) == {"192.0.2.1"}


def test_a_publisher_that_lost_its_lease_can_neither_renew_nor_release_the_next_ones(quiet_zone: Zone):
    stalled = leases.claim(quiet_zone.pk)
    expire(quiet_zone)
    present = leases.claim(quiet_zone.pk)
    assert stalled.renew() is False
    stalled.release()
    assert leases.claim(quiet_zone.pk) is None
    assert present.renew() is True


def test_an_expired_lease_that_nobody_took_is_renewed(quiet_zone: Zone):
    lease = leases.claim(quiet_zone.pk)
    expire(quiet_zone)
    assert lease.renew() is True
    assert leases.claim(quiet_zone.pk) is None


def test_no_lease_is_given_while_the_zone_backs_off(quiet_zone: Zone):
    failures.record(quiet_zone.pk, Unreachable("test."))
    assert leases.claim(quiet_zone.pk) is None
    Zone.objects.update(retry_at=timezone.now())
    assert leases.claim(quiet_zone.pk) is not None


def test_a_publisher_that_crashes_releases_its_lease(quiet_zone: Zone, monkeypatch: pytest.MonkeyPatch):
    def crash(zone_id: int) -> None:
        raise MemoryError

    monkeypatch.setattr(primaries, "lend", crash)
    with pytest.raises(MemoryError):
        publisher.drain(quiet_zone.pk)
    assert leases.claim(quiet_zone.pk) is not None


def test_a_zone_has_work_when_something_is_due_and_nobody_publishes_it(quiet_zone: Zone):
    assert not Zone.objects.with_work().exists()
    outbox.publish(quiet_zone, {ALICE: a("192.0.2.1")})
    assert Zone.objects.with_work().get() == quiet_zone


@pytest.mark.parametrize("until", ["lease_expires_at", "retry_at"])
def test_a_zone_has_no_work_while_it_is_leased_or_backs_off(quiet_zone: Zone, until: str):
    outbox.publish(quiet_zone, {ALICE: a("192.0.2.1")})
    Zone.objects.update(**{until: timezone.now() + timedelta(minutes=1)})
    assert not Zone.objects.with_work().exists()
    Zone.objects.update(**{until: timezone.now() - timedelta(minutes=1)})
    assert Zone.objects.with_work().exists()


def test_a_publisher_that_finds_the_lease_taken_lets_the_next_wake_up_through(quiet_zone: Zone, broker):
    lease = leases.claim(quiet_zone.pk)
    wake.wake(quiet_zone.pk)
    publisher.drain(quiet_zone.pk)
    lease.release()
    wake.wake(quiet_zone.pk)
    assert wake.redis_client().llen("publish") == 2
