"""A verified zone at a real primary, for the tests of what happens when it drifts."""

from datetime import UTC, datetime

import pytest

from deploy.local import zones as served
from deploy.local.server import Server
from dnsupdate import outbox, tasks
from dnsupdate.models import Alarm, Verification, Watch, Zone
from tests.dnsupdate.real_zones import a, by_hand, drain_now, send_by_hand, zone_row

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture(name="primary", params=["bind", "knot"])
def real_primary(request: pytest.FixtureRequest) -> Server:
    return request.getfixturevalue(request.param)


@pytest.fixture(name="zone")
def verified_zone(committed_db, primary: Server, fresh_zone) -> Zone:
    """Alice, Bob and Carol, published and verified."""
    zone = zone_row(primary, fresh_zone(primary))
    publish(zone, {"alice": a("192.0.2.1"), "bob": a("192.0.2.2"), "carol": a("192.0.2.3")})
    run_tasks(zone)
    assert last(zone).is_clean
    assert Watch.objects.get().verified_serial is not None
    return zone


def publish(zone: Zone, wanted: dict) -> None:
    outbox.publish(zone, {f"{label}.{zone.name}": rrsets for label, rrsets in wanted.items()})
    while drain_now(zone).is_failing:
        pass


def run_tasks(zone: Zone) -> None:
    """What beat and the workers do, once."""
    tasks.watch_serials()
    tasks.verify_zones()
    while drain_now(zone).is_failing:
        pass


def last(zone: Zone) -> Verification:
    return zone.verifications.first()


def drift_alarm(zone: Zone) -> Alarm | None:
    return Alarm.objects.open().filter(kind=Alarm.Kind.DRIFT, zone=zone).first()


def serial(server: Server, zone: Zone) -> int:
    found = served.serial(server.port, zone.name)
    assert found is not None
    return found


def edit(server: Server, zone: Zone) -> None:
    """A record added, one deleted, one changed."""
    update = by_hand(server, zone.name)
    update.add("mallory", 60, "A", "192.0.2.66")
    update.delete("bob")
    update.replace("carol", 60, "A", "192.0.2.66")
    send_by_hand(server, update)
