"""Zones at rest: frozen or retired, they take every change and send none."""

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError

from dnsupdate import leases, outbox, publisher, zones
from dnsupdate.errors import ZoneAtRest, ZoneInUse, ZoneLifeRefused
from dnsupdate.models import Zone
from tests.dnsupdate.real_zones import a, answers, by_hand, dirty_names, drain, exists, send_by_hand


def freeze(zone: Zone) -> Zone:
    return zones.freeze(zone, reason="the signer is being replaced")


def test_a_frozen_zone_takes_updates_and_publishes_them_once_it_is_thawed(zone, primary):
    freeze(zone)
    outbox.publish(zone, {f"alice.{zone}": a("192.0.2.1")})
    outbox.publish(zone, {f"alice.{zone}": a("192.0.2.2")})
    drain(zone)
    assert not exists(primary, f"alice.{zone}")
    assert dirty_names(zone) == {f"alice.{zone}"}
    zones.thaw(zone)
    drain(zone)
    assert answers(primary, f"alice.{zone}") == {"192.0.2.2"}
    assert dirty_names(zone) == set()


def test_what_an_operator_changes_in_a_frozen_zone_stays_but_for_names_that_waited(zone, primary):
    outbox.publish(zone, {f"{label}.{zone}": a("192.0.2.1") for label in ("alice", "bob")})
    drain(zone)
    call_command("freeze_zone", str(zone), "--reason", "moved by hand", verbosity=0)
    update = by_hand(primary, str(zone))
    for label in ("alice", "bob"):
        update.replace(label, 60, "A", "192.0.2.99")
    send_by_hand(primary, update)
    outbox.publish(zone, {f"bob.{zone}": a("192.0.2.3")})
    drain(zone)
    assert answers(primary, f"bob.{zone}") == {"192.0.2.99"}
    call_command("thaw_zone", str(zone), verbosity=0)
    drain(zone)
    assert answers(primary, f"alice.{zone}") == {"192.0.2.99"}
    assert answers(primary, f"bob.{zone}") == {"192.0.2.3"}


def test_rest_is_no_failure(zone):
    freeze(zone)
    outbox.publish(zone, {f"alice.{zone}": a("192.0.2.1")})
    assert publisher.drain(zone.pk)
    zone.refresh_from_db()
    assert not zone.is_failing
    with pytest.raises(ZoneAtRest, match=f"{zone} is frozen"):
        zones.check(zone)


@pytest.mark.parametrize("rest", [freeze, lambda zone: zones.retire(zone, even_in_use=True)], ids=["frozen", "retired"])
def test_the_sweep_leaves_a_zone_at_rest_alone(quiet_zone, rest):
    outbox.publish(quiet_zone, {"alice.ddns.example": a("192.0.2.1")})
    assert Zone.objects.with_work().get() == quiet_zone
    rest(quiet_zone)
    assert not Zone.objects.with_work().exists()
    assert not Zone.objects.followed().exists()


def test_a_freeze_says_when_the_publisher_at_work_has_ended(quiet_zone):
    lease = leases.claim(quiet_zone.pk)
    freeze(quiet_zone)
    assert zones.is_being_published(quiet_zone)
    lease.release()
    assert not zones.is_being_published(quiet_zone)


def test_what_makes_no_sense_in_its_state_is_refused(quiet_zone):
    for reason in ("", "  "):
        with pytest.raises(ZoneLifeRefused, match="say why"):
            zones.freeze(quiet_zone, reason=reason)
    with pytest.raises(ZoneLifeRefused, match="not frozen"):
        zones.thaw(quiet_zone)
    freeze(quiet_zone)
    with pytest.raises(ZoneLifeRefused, match="frozen already"):
        freeze(quiet_zone)
    zones.retire(quiet_zone)
    quiet_zone.refresh_from_db()
    assert (quiet_zone.is_retired, quiet_zone.is_frozen, quiet_zone.frozen_reason) == (True, False, "")
    with pytest.raises(ZoneLifeRefused, match="retired"):
        freeze(quiet_zone)


def test_a_zone_in_which_names_answer_is_not_retired_unless_that_is_said(quiet_zone):
    outbox.publish(quiet_zone, {"alice.ddns.example": a("192.0.2.1"), "bob.ddns.example": {}})
    with pytest.raises(ZoneInUse, match=r"1 names answer in ddns\.example"):
        zones.retire(quiet_zone)
    quiet_zone.refresh_from_db()
    assert not quiet_zone.is_retired
    assert zones.retire(quiet_zone, even_in_use=True).is_retired
    assert quiet_zone.publications.count() == 2
    zones.retire(quiet_zone)


def test_a_zone_retired_at_a_primary_without_a_catalog_is_brought_back_by_adding_it(zone, primary):
    outbox.publish(zone, {f"alice.{zone}": a("192.0.2.1")})
    drain(zone)
    zones.retire(zone, even_in_use=True)
    primary.remove_zone(str(zone))
    outbox.publish(zone, {f"bob.{zone}": a("192.0.2.2")})
    drain(zone)
    primary.add_zone(str(zone))
    again = zones.add(str(zone), host=primary.host, port=primary.port, key=zone.primary.key)
    drain(zone)
    assert (again.pk, again.is_retired) == (zone.pk, False)
    assert answers(primary, f"alice.{zone}") == {"192.0.2.1"}
    assert answers(primary, f"bob.{zone}") == {"192.0.2.2"}


@pytest.mark.parametrize("command", [["freeze_zone", "x.example", "--reason", "r"], ["thaw_zone", "x.example"]])
def test_a_zone_that_is_not_there_is_named(db, command):
    with pytest.raises(CommandError, match=r"no zone x\.example"):
        call_command(*command)


def test_the_database_knows_no_frozen_zone_without_a_reason(quiet_zone):
    quiet_zone.frozen_reason = "because"
    with pytest.raises(IntegrityError, match="zone_frozen_for_a_reason"):
        quiet_zone.save()
