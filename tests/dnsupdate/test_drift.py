"""Drift: a primary that was put back, lost its disk or was edited is found and mended by the periodic tasks alone."""

import shutil
import threading
from datetime import timedelta
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
from dnsupdate import catalogs, outbox, tasks, transfers, verifications, verify, watches
from dnsupdate.models import Alarm, PendingPublication, Watch, Zone
from dnsupdate.models.pending import Urgency
from dnsupdate.models.verifications import Trigger
from tests.dnsupdate.drifting import drift_alarm, edit, last, publish, real_primary, run_tasks, serial, verified_zone  # noqa: F401 - the fixtures primary and zone
from tests.dnsupdate.real_zones import a, answers, by_hand, drain, exists, key_row, send_by_hand, zone_row

pytestmark = pytest.mark.usefixtures("committed_db")


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
