"""Drift: a primary that was put back, lost its disk or was edited is found and mended by the periodic tasks alone."""

import shutil
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from deploy.local import bind as bind_set_up
from deploy.local import zones as served
from deploy.local.bind import Bind
from deploy.local.deadline import wait_for
from deploy.local.knot import Knot
from deploy.local.server import Server
from deploy.local.users import give
from dnsupdate import agenda, catalogs, outbox, tasks, transfers, turns, verifications, verify, watches, zones
from dnsupdate.errors import PrimaryError, VerificationRefused, VerificationRunning
from dnsupdate.messages import FENCE_LABEL
from dnsupdate.models import Alarm, PendingPublication, Verification, Watch, Zone
from dnsupdate.models.pending import Urgency
from dnsupdate.models.verifications import Trigger
from dnsupdate.watches import Look
from tests.dnsupdate.real_zones import a, answers, by_hand, drain, drain_now, exists, key_row, send_by_hand, zone_row

pytestmark = pytest.mark.usefixtures("committed_db")


@pytest.fixture(params=["bind", "knot"])
def primary(request: pytest.FixtureRequest) -> Server:
    return request.getfixturevalue(request.param)


@pytest.fixture
def zone(committed_db, primary: Server, fresh_zone) -> Zone:
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


def state_of(server: Bind | Knot, zone: Zone) -> list[Path]:
    """Where the server keeps the zone."""
    if isinstance(server, Knot):
        return [server.directory / "journal"]
    return list(server.directory.glob(f"{zone.name}.zone*"))


def keep_copy(server: Bind | Knot, zone: Zone, copy: Path) -> None:
    server.stop()
    for path in state_of(server, zone):
        (shutil.copytree if path.is_dir() else shutil.copy)(path, copy / path.name)
    server.start()


def lose(server: Bind | Knot, zone: Zone) -> None:
    """Its disk: it begins with what the operator's set-up begins with."""
    for path in state_of(server, zone):
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def put_back(server: Bind | Knot, zone: Zone, copy: Path) -> None:
    server.stop()
    lose(server, zone)
    for path in copy.iterdir():
        there = server.directory / path.name
        (shutil.copytree if path.is_dir() else shutil.copy)(path, there)
        for each in [there, *there.rglob("*")]:
            give(each, server.user)
    server.start()


def test_a_primary_restored_from_an_old_copy_is_healed_by_the_tasks(primary: Server, zone: Zone, tmp_path: Path):
    keep_copy(primary, zone, tmp_path)
    for _ in range(5):
        publish(zone, {"alice": a("192.0.2.66")})
    publish(zone, {"alice": a("192.0.2.11"), "bob": {}, "dave": a("192.0.2.4")})
    run_tasks(zone)
    highest = serial(primary, zone)
    put_back(primary, zone, tmp_path)
    assert serial(primary, zone) < highest
    run_tasks(zone)
    found = last(zone)
    assert (found.trigger, found.method, found.repaired_count) == (Trigger.WENT_BACK, "AXFR", 3)
    assert (found.missing_count, found.extra_count, found.different_count) == (1, 1, 1)
    assert "The serial went back" in drift_alarm(zone).text
    assert "1 missing, 1 extra, 1 different" in drift_alarm(zone).text
    assert answers(primary, f"alice.{zone.name}") == {"192.0.2.11"}
    assert not exists(primary, f"bob.{zone.name}")
    assert answers(primary, f"dave.{zone.name}") == {"192.0.2.4"}
    assert transfers.is_newer(serial(primary, zone), highest), "secondaries follow only a newer serial"
    run_tasks(zone)
    assert (last(zone).trigger, last(zone).is_clean) == (Trigger.REPAIRED, True)
    assert drift_alarm(zone) is None
    assert Watch.objects.get().suspicion == ""
    run_tasks(zone)
    assert zone.verifications.count() == 3, "then there is peace"


def test_a_primary_that_lost_its_disk_is_refilled_by_the_tasks(primary: Server, zone: Zone):
    primary.stop()
    lose(primary, zone)
    primary.start()
    assert not exists(primary, f"alice.{zone.name}")
    run_tasks(zone)
    assert last(zone).missing_count == 3
    assert answers(primary, f"alice.{zone.name}") == {"192.0.2.1"}
    run_tasks(zone)
    assert last(zone).is_clean
    assert drift_alarm(zone) is None


def test_a_zone_rebuilt_at_a_higher_serial_is_known_by_its_lost_fence(primary: Server, zone: Zone):
    primary.stop()
    lose(primary, zone)
    path = served.file_of(primary.directory, zone.name)
    path.write_text(served.zone_file(zone.name).replace("( 1 ", "( 2026112401 "))
    give(path, primary.user)
    primary.start()
    run_tasks(zone)
    assert (last(zone).trigger, last(zone).missing_count) == (Trigger.LOST, 3)
    assert answers(primary, f"alice.{zone.name}") == {"192.0.2.1"}


def edit(server: Server, zone: Zone) -> None:
    """A record added, one deleted, one changed."""
    update = by_hand(server, zone.name)
    update.add("mallory", 60, "A", "192.0.2.66")
    update.delete("bob")
    update.replace("carol", 60, "A", "192.0.2.66")
    send_by_hand(server, update)


def assert_edit_is_undone(server: Server, zone: Zone) -> None:
    assert not exists(server, f"mallory.{zone.name}")
    assert answers(server, f"bob.{zone.name}") == {"192.0.2.2"}
    assert answers(server, f"carol.{zone.name}") == {"192.0.2.3"}


def test_a_zone_edited_by_hand_is_healed_by_the_tasks(primary: Server, zone: Zone):
    edit(primary, zone)
    run_tasks(zone)
    found = last(zone)
    assert (found.trigger, found.method, found.compared_count) == (Trigger.MOVED, "IXFR", 3)
    assert (found.missing_count, found.extra_count, found.different_count) == (1, 1, 1)
    assert "somebody edited it" in drift_alarm(zone).text
    assert_edit_is_undone(primary, zone)
    run_tasks(zone)
    assert (last(zone).method, last(zone).is_clean) == ("IXFR", True)
    assert drift_alarm(zone) is None


def test_an_edit_in_a_zone_that_never_rests_is_found_by_its_changes(primary: Server, zone: Zone):
    edit(primary, zone)
    publish(zone, {"alice": a("192.0.2.11")})
    tasks.watch_serials()
    assert Watch.objects.get().suspicion == "", "the serial moved because of us as well"
    Watch.objects.update(checked_at=timezone.now() - timedelta(minutes=11))
    run_tasks(zone)
    assert (last(zone).trigger, last(zone).method, last(zone).difference_count) == (Trigger.CHANGES, "IXFR", 3)
    assert_edit_is_undone(primary, zone)


def test_steady_publishing_raises_no_suspicion(primary: Server, zone: Zone):
    for number in range(10):
        publish(zone, {"alice": a(f"192.0.2.{number + 1}")})
        tasks.watch_serials()
    outbox.publish(zone, {f"bob.{zone.name}": a("192.0.2.99")})
    tasks.watch_serials()
    drain(zone)
    tasks.watch_serials()
    tasks.watch_serials()
    assert Watch.objects.get().suspicion == ""


def test_a_serial_that_moves_without_a_change_is_looked_at_once_and_raises_no_alarm(primary: Server, zone: Zone):
    """As a signer moves it."""
    watches.lift(zone, serial(primary, zone))
    Watch.objects.update(serial=1)
    run_tasks(zone)
    run_tasks(zone)
    assert [(run.trigger, run.method, run.is_clean) for run in zone.verifications.all()] == [
        (Trigger.MOVED, "IXFR", True),
        (Trigger.SCHEDULED, "AXFR", True),
    ]
    assert not Alarm.objects.exists()


def test_a_zone_put_back_and_moved_on_past_its_verified_serial_is_compared_as_a_whole(
    primary: Server, zone: Zone, tmp_path: Path
):
    """Its serials look right; the fence in its history does not."""
    keep_copy(primary, zone, tmp_path)
    publish(zone, {"bob": a("192.0.2.22")})
    verifications.run(zone)
    base = Watch.objects.get().verified_serial
    put_back(primary, zone, tmp_path)
    while not transfers.is_newer(serial(primary, zone), base):
        publish(zone, {"alice": a(f"192.0.2.{serial(primary, zone) % 200 + 1}")})
    Watch.objects.update(checked_at=timezone.now() - timedelta(minutes=11))
    run_tasks(zone)
    assert (last(zone).trigger, last(zone).method, last(zone).different_count) == (Trigger.CHANGES, "AXFR", 1)
    assert answers(primary, f"bob.{zone.name}") == {"192.0.2.22"}


def test_without_repair_the_alarm_says_what_to_do(primary: Server, zone: Zone, settings):
    settings.REPAIR = False
    edit(primary, zone)
    run_tasks(zone)
    assert f"Nothing was repaired: `manage.py verify_zone {zone.name} --repair` does." in drift_alarm(zone).text
    assert exists(primary, f"mallory.{zone.name}")
    assert not PendingPublication.objects.exists()


def test_many_names_in_no_row_are_left_for_a_person(primary: Server, zone: Zone, monkeypatch: pytest.MonkeyPatch):
    """Rows that were lost must not take the names of customers out of DNS."""
    monkeypatch.setattr(verifications, "MOST_STRAYS", 2)
    update = by_hand(primary, zone.name)
    for number in range(3):
        update.add(f"customer{number}", 60, "A", "192.0.2.66")
    update.delete("bob")
    send_by_hand(primary, update)
    run_tasks(zone)
    assert exists(primary, f"customer0.{zone.name}")
    assert answers(primary, f"bob.{zone.name}") == {"192.0.2.2"}
    assert "3 names stand in no row: more than are withdrawn unasked." in drift_alarm(zone).text
    verifications.run(zone, repair=True)
    drain(zone)
    assert not exists(primary, f"customer0.{zone.name}")


def test_one_name_in_no_row_is_left_for_a_person_in_a_catalog(primary: Server, fresh_zone):
    """The rows are older than the catalog: it may be a zone that was added since."""
    key, apex = key_row(primary), fresh_zone(primary)
    catalog = catalogs.establish(apex, host=primary.host, port=primary.port, key=key, replace=True)
    run_tasks(catalog)
    run_tasks(catalog)
    assert last(catalog).is_clean
    update = by_hand(primary, apex)
    update.add("added-since.zones", 0, "PTR", "added-since.example.")
    update.delete("version")
    send_by_hand(primary, update)
    run_tasks(catalog)
    assert answers(primary, f"added-since.zones.{apex}", "PTR") == {"added-since.example."}
    assert answers(primary, f"version.{apex}", "TXT") == {'"2"'}
    assert "names stand in no row: more than are withdrawn unasked." in drift_alarm(catalog).text
    verifications.run(catalog, repair=True)
    drain(catalog)
    assert not exists(primary, f"added-since.zones.{apex}")


def test_what_is_published_while_a_zone_is_compared_is_no_difference(
    primary: Server, zone: Zone, monkeypatch: pytest.MonkeyPatch
):
    whole = transfers.whole

    def transfer_and_be_overtaken(*arguments):
        found = whole(*arguments)
        publish(zone, {"alice": a("192.0.2.11"), "dave": a("192.0.2.4")})
        outbox.publish(zone, {f"bob.{zone.name}": {}})
        return found

    monkeypatch.setattr(transfers, "whole", transfer_and_be_overtaken)
    comparison = verify.compare(zone)
    assert (comparison.waiting_count, comparison.differences) == (3, [])


def test_a_zone_that_changes_all_the_time_never_differs(primary: Server, zone: Zone):
    labels = [f"h{number}" for number in range(300)]
    publish(zone, {label: a("192.0.2.1") for label in labels})
    first = verify.compare(zone)
    is_over = threading.Event()

    def change() -> None:
        try:
            for turn in range(50):
                chosen = labels[turn * 7 % 290 :][:10]
                publish(zone, {label: a(f"192.0.2.{turn % 250 + 1}") if turn % 3 else {} for label in chosen})
        finally:
            is_over.set()
            connection.close()

    changing = threading.Thread(target=change)
    changing.start()
    try:
        while not is_over.is_set():
            tasks.watch_serials()
            assert verify.compare(zone).differences == []
            assert verify.compare(zone, since=verify.Base(first.serial, first.fence)).differences == []
    finally:
        changing.join()
    assert Watch.objects.get().suspicion == ""
    drain(zone)
    last_look = verify.compare(zone, since=verify.Base(first.serial, first.fence))
    assert (last_look.waiting_count, last_look.differences) == (0, [])
    assert last_look.name_count > 100
    # Knot keeps 20 steps unless it is told otherwise (journal-max-depth), and sends the whole zone beyond.
    assert last_look.from_serial == (first.serial if isinstance(primary, Bind) else None)


def test_a_base_that_the_server_does_not_know_any_more_costs_a_whole_transfer(primary: Server, zone: Zone):
    edit(primary, zone)
    forgotten = verify.Base((serial(primary, zone) - 1000) % 2**32, "")
    comparison = verify.compare(zone, since=forgotten)
    assert comparison.from_serial is None
    assert len(comparison.differences) == 3


def test_a_refill_is_overtaken_and_withdrawals_overtake_all(quiet_zone: Zone, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(outbox, "CHUNK", 2)
    names = [f"h{number}.{quiet_zone.name}" for number in range(5)]
    outbox.publish(quiet_zone, {name: a("192.0.2.1") for name in names[:4]} | {names[4]: {}})
    PendingPublication.objects.all().delete()
    outbox.republish(quiet_zone, names)
    outbox.publish(quiet_zone, {f"new.{quiet_zone.name}": a("192.0.2.1"), names[3]: a("192.0.2.9")})
    queue = PendingPublication.objects.order_by("-urgency", "queued_at", "publication__name")
    assert list(queue.values_list("publication__name", "urgency")) == [
        (names[4], Urgency.WITHDRAWAL),
        (names[3], Urgency.ORDINARY),
        (f"new.{quiet_zone.name}", Urgency.ORDINARY),
        *((name, Urgency.REFILL) for name in names[:3]),
    ]


def test_a_signed_zone_is_compared_without_what_its_signer_adds(servers, tsig_key, monkeypatch: pytest.MonkeyPatch):
    """A signer moves the serial when it likes, and signs what an edit by hand adds."""
    signing = bind_set_up.ZONE.replace("update-policy", 'dnssec-policy "default";\n    update-policy')
    monkeypatch.setattr(bind_set_up, "ZONE", signing)
    with Bind(servers.directory / "signing", zones=["signed.test"], key=tsig_key) as server:
        zone = zone_row(server, "signed.test")
        publish(zone, {"alice": a("192.0.2.1"), "bob": a("192.0.2.2"), "carol": a("192.0.2.3")})
        wait_for(lambda: answers(server, zone.name, "DNSKEY"), timedelta(seconds=20), "the zone's keys")
        run_tasks(zone)
        assert (last(zone).is_clean, last(zone).compared_count) == (True, 3)
        base = Watch.objects.get()
        server.rndc("sign", zone.name)
        publish(zone, {"alice": a("192.0.2.11")})
        comparison = verify.compare(zone, since=verify.Base(base.verified_serial, base.verified_fence))
        assert (comparison.from_serial, comparison.name_count, comparison.differences) == (base.verified_serial, 1, [])
        edit(server, zone)
        comparison = verify.compare(zone, since=verify.Base(base.verified_serial, base.verified_fence))
        assert (comparison.name_count, len(comparison.differences)) == (4, 3)
        verify.repair(zone, comparison.differences)
        publish(zone, {})
        assert_edit_is_undone(server, zone)
        assert verify.compare(zone).differences == []


def test_a_serial_that_is_past_the_lost_one_by_itself_is_left_alone(primary: Server, zone: Zone):
    before = serial(primary, zone)
    assert watches.lift(zone, before - 1) == before
    assert serial(primary, zone) == before


# --- One run at a time, kept, forgotten ------------------------------------------------------------------------


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


# --- Judgement and schedule ------------------------------------------------------------------------------------

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


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
