"""Zones added and retired at run time: from the rows by the catalog to a BIND primary, a Knot and a BIND secondary."""

import secrets
import shutil

import pytest

from deploy.local.deadline import wait_for
from deploy.local.process import Process
from deploy.local.users import give
from deploy.local.zones import serial
from dnsupdate import catalogs, memberships, verify, zones
from dnsupdate.models import Zone
from tests.dnsupdate.estate import CATALOG, SOON, Estate
from tests.dnsupdate.real_zones import answers, by_hand, dirty_names, drain, drain_now, exists, key_row, send_by_hand

pytestmark = pytest.mark.servers


def set_aside(estate: Estate, apex: str) -> list[str]:
    """The names of the zone's files in retired/."""
    return sorted(path.name for path in (estate.primary.kept / "retired").glob(f"{apex}.*/{apex}.zone*"))


def member_id(zone: Zone) -> str:
    return memberships.of(Zone.objects.get(name=CATALOG))[zone.name].name.partition(".")[0]


def test_a_zone_added_at_run_time_is_served_everywhere_and_updates_reach_all(estate, apex):
    zone = estate.add(apex)
    estate.wait_until_served(apex)
    name = estate.publish(zone, "alice", "192.0.2.1")
    estate.wait_until_answered(name, "192.0.2.1")


def test_a_retired_zone_disappears_everywhere_and_its_files_are_kept(estate, apex):
    zone = estate.add(apex)
    estate.wait_until_served(apex)
    zones.retire(zone)
    drain(Zone.objects.get(name=CATALOG))
    estate.wait_until_gone(apex)
    wait_for(lambda: set_aside(estate, apex), SOON, "the files set aside")
    assert not list(estate.primary.kept.glob(f"{apex}.*"))


def test_a_zone_retired_and_added_again_answers_what_its_rows_say(estate, apex):
    zone = estate.add(apex)
    estate.wait_until_served(apex)
    name = estate.publish(zone, "alice", "192.0.2.1")
    first = member_id(zone)
    zones.retire(zone, even_in_use=True)
    drain(Zone.objects.get(name=CATALOG))
    estate.wait_until_gone(apex)
    estate.add(apex)
    assert member_id(zone) != first
    estate.wait_until_served(apex)
    drain(zone)
    estate.wait_until_answered(name, "192.0.2.1")


def test_a_zone_retired_and_added_between_two_looks_loses_its_old_state(estate, apex):
    """The new id alone says so."""
    zone = estate.add(apex)
    estate.wait_until_served(apex)
    update = by_hand(estate.primary, apex)
    update.add("stray", 60, "A", "192.0.2.99")
    send_by_hand(estate.primary, update)
    estate.wait_until_answered(f"stray.{apex}", "192.0.2.99")
    estate.primary.keeper.freeze()
    zones.retire(zone)
    estate.add(apex)
    estate.primary.keeper.thaw()
    wait_for(lambda: set_aside(estate, apex), SOON, "the files set aside")
    estate.wait_until_served(apex)
    for server in estate.servers:
        wait_for(
            lambda server=server: serial(server.port, apex) and not exists(server, f"stray.{apex}"), SOON, server.name
        )


# --- The catalog --------------------------------------------------------------------------------------------------


def test_the_catalog_holds_the_fence_too_and_consumers_take_no_offence(estate, apex):
    """RFC 9432 §4.2: what they do not know there, they ignore. Knot answers nobody who asks for a catalog's records."""
    estate.add(apex)
    estate.wait_until_served(apex)
    for server in (estate.primary, estate.bind):
        assert answers(server, f"_publisher.{CATALOG}", "TXT")
        assert answers(server, f"version.{CATALOG}", "TXT") == {'"2"'}
    assert verify.compare(Zone.objects.get(name=CATALOG)).differences == []


def test_zones_of_the_primary_enter_the_catalog_when_it_is_set_up(estate, apex):
    zone = estate.add(apex)
    Zone.objects.filter(pk=zone.pk).update(membership=None)
    first = estate.catalog_row()
    zone.refresh_from_db()
    assert memberships.of(first)[apex] == zone.membership
    estate.wait_until_served(apex)


def empty_by_hand(estate: Estate, *labels: str) -> None:
    update = by_hand(estate.primary, CATALOG)
    for label in labels:
        update.delete(label)
    send_by_hand(estate.primary, update)


def member_labels() -> list[str]:
    catalog = Zone.objects.get(name=CATALOG)
    return [each.name.removesuffix(f".{CATALOG}") for each in memberships.of(catalog).values()]


def test_a_catalog_emptied_by_accident_takes_no_zone_with_it_and_is_filled_again(estate, apex):
    zone = estate.add(apex)
    estate.wait_until_served(apex)
    name = estate.publish(zone, "alice", "192.0.2.1")
    estate.wait_until_answered(name, "192.0.2.1")
    empty_by_hand(estate, "version", *member_labels())
    wait_for(lambda: "no version 2" in estate.primary.keeper.said(), SOON, "what keep-zones says of it")
    other = f"z{secrets.token_hex(4)}.test"
    estate.add(other)
    catalog = Zone.objects.get(name=CATALOG)
    assert not exists(estate.primary, f"version.{CATALOG}")
    catalogs.fill(catalog)
    drain(catalog)
    # By the new one everybody has read the catalog again.
    estate.wait_until_served(other)
    assert apex in estate.primary.served()
    estate.wait_until_answered(name, "192.0.2.1")
    assert set_aside(estate, apex) == []


HOSTILE = [
    r'a\"\;include\032\"x.example.', r"\.\./\.\./etc/passwd.example.", "-rf.example.", r"\$\(reboot\).example.",
    r"a\010b.example.", "*.example.", "_tcp.example.", ".", f"{CATALOG}.", ".".join(["x" * 60] * 4) + ".test.",
]  # fmt: skip


def test_hostile_members_reach_neither_a_file_nor_the_configuration(estate, apex):
    update = by_hand(estate.primary, CATALOG)
    for name in HOSTILE:
        update.add(f"{secrets.token_hex(8)}.zones", 0, "PTR", name)
    update.add("odd.id.zones", 0, "PTR", "odd.test.")
    send_by_hand(estate.primary, update)
    estate.add(apex)
    wait_for(lambda: serial(estate.primary.port, apex), SOON, apex)
    files = {path.name for path in estate.primary.kept.iterdir()}
    assert estate.primary.served() <= {path.removesuffix(".zone") for path in files}
    assert not {name for name in files if not name.endswith((".test.zone", ".test.zone.jnl"))} - {
        "members", "members.conf", "retired",
    }  # fmt: skip
    assert estate.primary.keeper.said().count("no zone for us") >= len(HOSTILE)
    assert serial(estate.primary.port, "odd.test") is None


def test_a_catalog_that_names_a_zone_twice_is_broken_and_changes_nothing(estate, apex):
    estate.add(apex)
    estate.wait_until_served(apex)
    update = by_hand(estate.primary, CATALOG)
    update.add("again.zones", 0, "PTR", f"{apex}.")
    send_by_hand(estate.primary, update)
    wait_for(lambda: f"names {apex} twice" in estate.primary.keeper.said(), SOON, "what keep-zones says of it")
    assert apex in estate.primary.served()
    catalog = Zone.objects.get(name=CATALOG)
    verify.repair(catalog, verify.compare(catalog).differences)
    drain(catalog)
    other = f"z{secrets.token_hex(4)}.test"
    estate.add(other)
    estate.wait_until_served(other)


# --- What breaks --------------------------------------------------------------------------------------------------


def test_a_keeper_that_was_killed_goes_on_where_it_was(estate, apex):
    keeper: Process = estate.primary.keeper
    keeper.kill()
    zone = estate.add(apex)
    (estate.primary.kept / f"{apex}.new").write_text("half a zone fi")
    (estate.primary.kept / "members.new").write_text("half a li")
    assert serial(estate.primary.port, apex) is None
    keeper.start()
    estate.wait_until_served(apex)
    keeper.kill()
    zones.retire(zone)
    drain(Zone.objects.get(name=CATALOG))
    assert serial(estate.primary.port, apex) is not None
    keeper.start()
    estate.wait_until_gone(apex)


def test_a_list_of_zones_that_was_cut_short_takes_no_zone_with_it(estate, apex):
    """By a full disk, or a power cut."""
    other = f"z{secrets.token_hex(4)}.test"
    for each in (apex, other):
        estate.add(each)
        estate.wait_until_served(each)
    estate.primary.stop()
    path = estate.primary.kept / "members"
    path.write_text(path.read_text().splitlines(keepends=True)[0])
    estate.primary.start()
    estate.wait_until_served(apex)
    estate.wait_until_served(other)
    wait_for(lambda: path.read_text().endswith("~ end\n") and " -" not in path.read_text(), SOON, "the list made anew")
    assert set_aside(estate, apex) == set_aside(estate, other) == []


def test_files_left_behind_are_not_in_the_way_of_a_zone_that_comes(estate, apex):
    for end in ("", ".jnl"):
        path = estate.primary.kept / f"{apex}.zone{end}"
        path.write_text("left behind, and no zone")
        give(path, estate.primary.user)
    estate.add(apex)
    estate.wait_until_served(apex)
    assert set_aside(estate, apex) == [f"{apex}.zone", f"{apex}.zone.jnl"]
    zone = Zone.objects.get(name=apex)
    estate.wait_until_answered(estate.publish(zone, "alice", "192.0.2.1"), "192.0.2.1")


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_bind_serves_the_same_zones_after_a_restart_without_the_platform(estate, apex, end):
    zone = estate.add(apex)
    estate.wait_until_served(apex)
    name = estate.publish(zone, "alice", "192.0.2.1")
    getattr(estate.primary, end)()
    estate.primary.start()
    wait_for(lambda: serial(estate.primary.port, apex), SOON, apex)
    assert answers(estate.primary, name) == {"192.0.2.1"}


def test_zones_added_while_bind_is_away_are_served_once_it_is_back(estate, apex):
    estate.primary.process.kill()
    zone = zones.add(apex, host="127.0.0.1", port=estate.primary.port, key=key_row(estate.primary))
    drain(Zone.objects.get(name=CATALOG))
    assert Zone.objects.get(name=CATALOG).is_failing
    estate.primary.start()
    wait_for(lambda: not dirty_names(drain_now(Zone.objects.get(name=CATALOG))), SOON, "the catalog's change")
    estate.wait_until_served(apex)
    assert zone.membership is not None


def test_a_primary_that_lost_its_disk_gets_its_zones_and_names_back_from_the_rows(estate, apex):
    zone = estate.add(apex)
    estate.wait_until_served(apex)
    name = estate.publish(zone, "alice", "192.0.2.1")
    estate.primary.stop()
    shutil.rmtree(estate.primary.kept)
    estate.primary.start()
    assert serial(estate.primary.port, apex) is None
    catalog = Zone.objects.get(name=CATALOG)
    catalogs.fill(catalog)
    wait_for(lambda: drain_now(catalog) and serial(estate.primary.port, apex), SOON, apex)
    verify.repair(zone, verify.compare(zone).differences)
    # The connection that was kept is gone, which the first message finds out.
    wait_for(lambda: drain_now(zone) and answers(estate.primary, name) == {"192.0.2.1"}, SOON, name)
