"""Watches and agenda: what the movement of serial and fence tells, and which zone has its turn."""

from datetime import timedelta

import pytest
from django.utils import timezone

from deploy.local.server import Server
from dnsupdate import agenda, tasks, turns, watches, zones
from dnsupdate.messages import FENCE_LABEL
from dnsupdate.models import Alarm, Watch, Zone
from dnsupdate.models.verifications import Trigger
from dnsupdate.watches import Look
from tests.dnsupdate.drifting import NOON, last, publish, real_primary, run_tasks, verified_zone  # noqa: F401 - the fixtures primary and zone
from tests.dnsupdate.real_zones import a, answers, zone_row

pytestmark = pytest.mark.usefixtures("committed_db")


@pytest.mark.parametrize(
    ("seen", "now", "is_quiet", "verdict"),
    [
        ((7, "a-1"), (7, "a-1"), True, None),
        ((7, "a-1"), (9, "a-3"), False, None),
        ((7, "a-1"), (8, "a-1"), True, Trigger.MOVED),
        ((7, "a-1"), (7, "b-1"), True, Trigger.MOVED),
        ((7, "a-1"), (6, "a-1"), False, Trigger.WENT_BACK),
        ((2**32 - 1, "a-1"), (0, "a-2"), False, None),
        ((0, "a-1"), (2**31, "a-1"), True, Trigger.WENT_BACK),
        ((7, "a-1"), (8, ""), False, Trigger.LOST),
        ((7, ""), (8, "a-1"), False, None),
        ((None, ""), (8, "a-1"), True, None),
    ],
)
def test_the_movement_of_serial_and_fence_is_judged(seen, now, is_quiet, verdict):
    assert watches.judge(Watch(serial=seen[0], fence=seen[1]), Look(*now), is_quiet=is_quiet) == verdict


def test_a_look_that_another_process_overtakes_has_not_gone_back(
    primary: Server, zone: Zone, monkeypatch: pytest.MonkeyPatch
):
    look_at = watches.look_at

    def look_and_be_overtaken(followed):
        monkeypatch.setattr(watches, "look_at", look_at)
        found = look_at(followed)
        publish(zone, {"alice": a("192.0.2.11")})
        watches.watch()
        return found

    monkeypatch.setattr(watches, "look_at", look_and_be_overtaken)
    assert watches.watch() == []
    assert watches.watch() == []


def test_two_tasks_do_not_look_at_once(primary: Server, zone: Zone):
    Watch.objects.update(seen_at=None)
    with turns.take("watch-serials", timedelta(seconds=30)) as is_ours:
        assert is_ours
        tasks.watch_serials()
    assert Watch.objects.get().seen_at is None
    tasks.watch_serials()
    assert Watch.objects.get().seen_at is not None


def test_every_zone_has_a_turn_of_its_own_once_a_day():
    found = {agenda.last_turn(f"z{number}.test", NOON) for number in range(24)}
    assert len(found) == 24
    assert all(NOON - timedelta(days=1) < turn <= NOON for turn in found)
    assert max(found) - min(found) > timedelta(hours=12)
    turn = agenda.last_turn("z1.test", NOON)
    assert agenda.last_turn("z1.test", turn + timedelta(hours=23)) == turn
    assert agenda.last_turn("z1.test", turn + timedelta(hours=25)) == turn + timedelta(days=1)


def test_the_gravest_comes_first_and_what_was_not_looked_at_longest(quiet_zone: Zone, settings):
    settings.VERIFY_EVERY = settings.VERIFY_CHANGES_EVERY = timedelta(0)
    server = quiet_zone.primary
    others = [Zone.objects.create(name=f"z{number}.test", primary=server) for number in range(3)]
    reasons = [Trigger.MOVED, Trigger.WENT_BACK, Trigger.WENT_BACK]
    for number, (each, reason) in enumerate(zip(others, reasons, strict=True)):
        checked_at = NOON - timedelta(hours=number)
        Watch.objects.create(zone=each, seen_at=NOON, suspicion=reason, checked_at=checked_at, verified_serial=7)
    due = agenda.next_due(NOON)
    assert (due.zone, due.trigger, due.changes_only) == (others[2], Trigger.WENT_BACK, False)
    Watch.objects.filter(suspicion=Trigger.WENT_BACK).delete()
    assert agenda.next_due(NOON) == agenda.Due(others[0], Trigger.MOVED, True)


def test_looking_and_choosing_cost_the_same_queries_for_any_number_of_zones(
    bind: Server, fresh_zone, django_assert_num_queries
):
    zone_row(bind, fresh_zone(bind))
    tasks.watch_serials()
    with django_assert_num_queries(7):
        tasks.watch_serials()
    for _ in range(4):
        zone_row(bind, fresh_zone(bind))
    with django_assert_num_queries(7):
        tasks.watch_serials()
    assert Watch.objects.count() == 5
    with django_assert_num_queries(1):
        agenda.next_due(timezone.now())


def test_a_dead_primary_does_not_keep_the_others_from_being_seen(bind: Server, fresh_zone, quiet_zone: Zone):
    alive = zone_row(bind, fresh_zone(bind))
    tasks.watch_serials()
    assert list(Watch.objects.values_list("zone", flat=True)) == [alive.pk]


def test_the_fence_alone_tells_of_nothing_after_a_message_without_names(primary: Server, zone: Zone):
    zones.check(zone)
    run_tasks(zone)
    assert (last(zone).trigger, last(zone).method, last(zone).is_clean) == (Trigger.MOVED, "IXFR", True)
    assert answers(primary, f"{FENCE_LABEL}.{zone.name}", "TXT")
    assert not Alarm.objects.exists()
