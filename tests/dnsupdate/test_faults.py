"""Faults between the publisher and BIND or Knot: said on the zone, tried again, healed without a hand."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from django.utils import timezone

from deploy.local.server import Server
from deploy.local.tsig import TsigKey as LocalKey
from deploy.local.zones import serves
from dnsupdate import failures, outbox, publisher
from dnsupdate.errors import Unreachable
from dnsupdate.models import Publication, Zone
from tests.dnsupdate.flaky_network import FlakyNetwork
from tests.dnsupdate.real_zones import a, answers, dirty_names, drain, drain_now, key_row, zone_row


@pytest.fixture(params=["bind", "knot"])
def primary(request: pytest.FixtureRequest) -> Server:
    return request.getfixturevalue(request.param)


@pytest.fixture
def network(primary: Server) -> Iterator[FlakyNetwork]:
    network = FlakyNetwork(primary.host, primary.port)
    yield network
    network.close()


@dataclass
class Scene:
    """What a fault is made of; `put_right` collects how it ends."""

    zone: Zone
    primary: Server
    network: FlakyNetwork
    monkeypatch: pytest.MonkeyPatch
    put_right: list[Callable[[], object]] = field(default_factory=list)


@pytest.fixture
def scene(committed_db, primary, fresh_zone, network, monkeypatch, impatient) -> Scene:
    """A zone that is published through the flaky network, which loses nothing yet."""
    zone = zone_row(primary, fresh_zone(primary), port=network.port)
    return Scene(zone, primary, network, monkeypatch)


def wrong_secret(scene: Scene) -> None:
    other = LocalKey.generate().secret
    zone_row(scene.primary, scene.zone.name, key=key_row(scene.primary, secret=other), port=scene.network.port)
    scene.put_right.append(lambda: zone_row(scene.primary, scene.zone.name, port=scene.network.port))


def unknown_key(scene: Scene) -> None:
    stranger = key_row(scene.primary, name="mallory")
    zone_row(scene.primary, scene.zone.name, key=stranger, port=scene.network.port)
    scene.put_right.append(lambda: zone_row(scene.primary, scene.zone.name, port=scene.network.port))


def clock_ahead(scene: Scene) -> None:
    now = time.time
    scene.monkeypatch.setattr(time, "time", lambda: now() + 1000)
    scene.put_right.append(lambda: scene.monkeypatch.setattr(time, "time", now))


def clock_behind(scene: Scene) -> None:
    now = time.time
    scene.monkeypatch.setattr(time, "time", lambda: now() - 1000)
    scene.put_right.append(lambda: scene.monkeypatch.setattr(time, "time", now))


def zone_missing(scene: Scene) -> None:
    scene.primary.remove_zone(scene.zone.name)
    scene.put_right.append(lambda: scene.primary.add_zone(scene.zone.name))


def zone_frozen(scene: Scene) -> None:
    scene.primary.freeze_zone(scene.zone.name)
    scene.put_right.append(lambda: scene.primary.thaw_zone(scene.zone.name))


def stopped(scene: Scene) -> None:
    scene.primary.stop()
    scene.put_right.append(scene.primary.start)


def killed(scene: Scene) -> None:
    scene.primary.kill()
    scene.put_right.append(scene.primary.start)


def frozen(scene: Scene) -> None:
    scene.primary.freeze()
    scene.put_right.append(scene.primary.thaw)


def cut_in_the_message(scene: Scene) -> None:
    scene.network.cut_requests_after = 60
    scene.put_right.append(scene.network.heal)


def cut_in_the_answer(scene: Scene) -> None:
    scene.network.cut_answers_after = 20
    scene.put_right.append(scene.network.heal)


def no_answer(scene: Scene) -> None:
    scene.network.swallow_answers = True
    scene.put_right.append(scene.network.heal)


FAULTS = {
    wrong_secret: "does not accept the TSIG key",
    unknown_key: "does not accept the TSIG key",
    clock_ahead: "clocks of the nameserver and of this machine differ",
    clock_behind: "clocks of the nameserver and of this machine differ",
    zone_missing: "does not serve the zone",
    zone_frozen: "refuses updates of the zone",
    stopped: "does not answer",
    killed: "does not answer",
    frozen: "does not answer",
    cut_in_the_message: "does not answer",
    cut_in_the_answer: "closed before the answer",
    no_answer: "does not answer",
}


@pytest.mark.parametrize(("fault", "reason"), FAULTS.items(), ids=lambda value: getattr(value, "__name__", ""))
def test_a_fault_stands_on_the_zone_and_is_healed_when_its_cause_ends(
    scene: Scene, fault: Callable[[Scene], None], reason: str
):
    zone, alice, bob = scene.zone, f"alice.{scene.zone.name}", f"bob.{scene.zone.name}"
    outbox.publish(zone, {alice: a("192.0.2.1")})
    drain(zone)
    assert dirty_names(zone) == set()

    fault(scene)
    outbox.publish(zone, {alice: a("192.0.2.2")})
    drain(zone)
    _assert_failing(zone, reason, failure_count=1)
    assert dirty_names(zone) == {alice}

    outbox.publish(zone, {alice: a("192.0.2.3"), bob: a("192.0.2.4")})
    drain(zone)
    _assert_failing(zone, reason, failure_count=1)
    drain_now(zone)
    _assert_failing(zone, reason, failure_count=2)
    assert dirty_names(zone) == {alice, bob}
    assert not Publication.objects.exclude(refusal="").exists()

    for mend in scene.put_right:
        mend()
    _drain_until_well(zone)
    assert dirty_names(zone) == set()
    assert (zone.failure, zone.failed_at, zone.retry_at, zone.failure_count) == ("", None, None, 0)
    assert answers(scene.primary, alice) == {"192.0.2.3"}
    assert answers(scene.primary, bob) == {"192.0.2.4"}


def _assert_failing(zone: Zone, reason: str, *, failure_count: int) -> None:
    zone.refresh_from_db()
    assert reason in zone.failure
    assert zone.failure_count == failure_count
    assert zone.failing_since <= zone.failed_at < zone.retry_at
    assert zone.lease_token is None


def _drain_until_well(zone: Zone) -> None:
    """A server that just woke or started may need a moment: each try is one exchange, and no more than ten of them."""
    for _ in range(10):
        if not drain_now(zone).is_failing:
            return
    pytest.fail(zone.failure)


def test_a_zone_that_bind_cannot_load_is_the_servers_failure_and_not_a_missing_zone(
    committed_db, bind, fresh_zone, monkeypatch: pytest.MonkeyPatch
):
    """It is configured: telling the operator to add it would send them the wrong way."""
    zone = zone_row(bind, fresh_zone(bind))
    bind.stop()
    (bind.directory / f"{zone.name}.zone").write_text("this is no zone file\n")
    others = [apex for apex in bind.zones if apex != zone.name]
    monkeypatch.setattr(bind, "is_ready", lambda: serves(bind.port, others))
    bind.start()
    outbox.publish(zone, {f"alice.{zone.name}": a("192.0.2.1")})
    drain(zone)
    _assert_failing(zone, "could not process the update: SERVFAIL", failure_count=1)
    bind.remove_zone(zone.name)


def test_the_pause_doubles_with_every_failure_and_is_capped(quiet_zone: Zone, monkeypatch, time_machine):
    monkeypatch.setattr(failures.random, "uniform", lambda low, high: high)
    time_machine.move_to("2030-01-01T00:00:00Z", tick=False)
    pauses = []
    for _ in range(40):
        failures.record(quiet_zone.pk, Unreachable("test."))
        pauses.append((Zone.objects.get().retry_at - timezone.now()).total_seconds())
    assert pauses[:8] == [0.5, 1, 2, 4, 8, 16, 30, 30]
    assert set(pauses[8:]) == {30}


def test_pauses_are_spread_and_never_longer_than_the_cap(quiet_zone: Zone, time_machine):
    time_machine.move_to("2030-01-01T00:00:00Z", tick=False)
    Zone.objects.update(failure_count=30)
    pauses = set()
    for _ in range(20):
        failures.record(quiet_zone.pk, Unreachable("test."))
        pauses.add(Zone.objects.get().retry_at - timezone.now())
    assert len(pauses) > 1
    assert timedelta(seconds=15) <= min(pauses) <= max(pauses) <= timedelta(seconds=30)


def test_the_failure_keeps_when_it_began_and_says_the_latest_reason(quiet_zone: Zone):
    failures.record(quiet_zone.pk, Unreachable("first."))
    began = Zone.objects.get().failing_since
    failures.record(quiet_zone.pk, Unreachable("second."))
    zone = Zone.objects.get()
    assert zone.failing_since == began
    assert zone.failed_at > began
    assert "second" in zone.failure


def test_a_primary_without_a_key_says_so_and_nothing_is_lost(quiet_zone: Zone):
    outbox.publish(quiet_zone, {"alice.ddns.example": a("192.0.2.1")})
    assert publisher.drain(quiet_zone.pk) is True
    _assert_failing(quiet_zone, "has no key", failure_count=1)
    assert dirty_names(quiet_zone) == {"alice.ddns.example"}
