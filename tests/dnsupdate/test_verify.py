"""Verification: every difference between a zone and its rows is found, and repaired."""

import threading
from collections.abc import Callable
from io import StringIO

import dns.update
import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from deploy.local.server import Server
from dnsupdate import outbox, transfers, verify
from dnsupdate.errors import KeyRefused, Unreachable
from dnsupdate.messages import FENCE_LABEL
from dnsupdate.models import Publication, Zone
from dnsupdate.verify import Difference, Kind
from tests.dnsupdate.real_zones import a, answers, by_hand, drain, exists, key_row, send_by_hand, zone_row

DUAL = a("192.0.2.1") | {"AAAA": {"ttl": 60, "rdata": ["2001:db8::1"]}}


@pytest.fixture(params=["bind", "knot"])
def primary(request: pytest.FixtureRequest) -> Server:
    return request.getfixturevalue(request.param)


@pytest.fixture
def zone(committed_db, primary, fresh_zone) -> Zone:
    """Published: alice with both families, bob with a wildcard, carol withdrawn."""
    zone = zone_row(primary, fresh_zone(primary))
    apex = zone.name
    wanted = {
        f"alice.{apex}": DUAL,
        f"bob.{apex}": a("192.0.2.2", "192.0.2.3"),
        f"*.bob.{apex}": a("192.0.2.2"),
        f"carol.{apex}": {},
        f"dave.{apex}": {"TXT": {"ttl": 60, "rdata": ['"Upper and lower" "case"']}},
        f"erin.{apex}": {"CNAME": {"ttl": 60, "rdata": ["Alice.Example."]}},
    }
    outbox.publish(zone, wanted)
    drain(zone)
    return zone


Edit = Callable[[dns.update.UpdateMessage], None]

EDITS: dict[str, tuple[str, Kind, Edit]] = {
    "a name deleted": ("alice", Kind.MISSING, lambda update: update.delete("alice")),
    "a wildcard deleted": ("*.bob", Kind.MISSING, lambda update: update.delete("*.bob")),
    "a name added": ("mallory", Kind.EXTRA, lambda update: update.add("mallory", 60, "A", "192.0.2.66")),
    "a name below a name added": ("x.alice", Kind.EXTRA, lambda update: update.add("x.alice", 60, "TXT", "x")),
    "a withdrawn name added": ("carol", Kind.NOT_WITHDRAWN, lambda update: update.add("carol", 60, "A", "192.0.2.66")),
    "an address changed": ("alice", Kind.DIFFERENT, lambda update: update.replace("alice", 60, "A", "192.0.2.66")),
    "an address added": ("alice", Kind.DIFFERENT, lambda update: update.add("alice", 60, "A", "192.0.2.66")),
    "one of two addresses deleted": ("bob", Kind.DIFFERENT, lambda update: update.delete("bob", "A", "192.0.2.3")),
    "one family deleted": ("alice", Kind.DIFFERENT, lambda update: update.delete("alice", "AAAA")),
    "a type added": ("alice", Kind.DIFFERENT, lambda update: update.add("alice", 60, "TXT", "x")),
    "a TTL changed": ("alice", Kind.DIFFERENT, lambda update: update.replace("alice", 61, "A", "192.0.2.1")),
    "a text's case changed": (
        "dave",
        Kind.DIFFERENT,
        lambda update: update.replace("dave", 60, "TXT", '"upper and lower" "case"'),
    ),
}


def edit_by_hand(server: Server, zone: Zone, *edits: Edit) -> None:
    update = by_hand(server, zone.name)
    for edit in edits:
        edit(update)
    send_by_hand(server, update)


def test_a_zone_that_follows_its_rows_is_equal(zone: Zone):
    comparison = verify.compare(zone)
    assert (comparison.name_count, comparison.waiting_count, comparison.differences) == (6, 0, [])


@pytest.mark.parametrize(("label", "kind", "edit"), EDITS.values(), ids=EDITS.keys())
def test_every_edit_by_hand_is_found_and_repaired(primary: Server, zone: Zone, label: str, kind: Kind, edit: Edit):
    before = contents(zone)
    edit_by_hand(primary, zone, edit)
    comparison = verify.compare(zone)
    assert comparison.differences == [Difference(f"{label}.{zone.name}", kind)]
    verify.repair(zone, comparison.differences)
    drain(zone)
    assert verify.compare(zone).differences == []
    assert contents(zone) == before


@pytest.mark.parametrize(("label", "kind", "edit"), EDITS.values(), ids=EDITS.keys())
def test_every_edit_by_hand_is_found_in_the_changes_since(
    primary: Server, zone: Zone, label: str, kind: Kind, edit: Edit
):
    before = verify.compare(zone)
    outbox.publish(
        zone, {f"frank.{zone.name}": a("192.0.2.6"), f"bob.{zone.name}": a("192.0.2.2", "192.0.2.3", ttl=30)}
    )
    drain(zone)
    edit_by_hand(primary, zone, edit)
    comparison = verify.compare(zone, since=verify.Base(before.serial, before.fence))
    assert comparison.from_serial == before.serial
    assert comparison.differences == [Difference(f"{label}.{zone.name}", kind)]
    verify.repair(zone, comparison.differences)
    drain(zone)
    assert verify.compare(zone, since=verify.Base(before.serial, before.fence)).differences == []
    assert verify.compare(zone).differences == []


def test_changes_that_do_not_follow_from_the_base_are_not_taken(primary: Server, zone: Zone):
    before = verify.compare(zone)
    outbox.publish(zone, {f"frank.{zone.name}": a("192.0.2.6")})
    drain(zone)
    with pytest.raises(verify.NotItsHistory):
        verify.compare(zone, since=verify.Base(before.serial, "another-fence"))


def test_texts_too_long_to_keep_are_compared_all_the_same(primary: Server, zone: Zone):
    long = {"TXT": {"ttl": 60, "rdata": [f'"{"x" * 200}" "{"y" * 200}"', '"short"']}}
    outbox.publish(zone, {f"long.{zone.name}": long})
    drain(zone)
    assert verify.compare(zone).differences == []
    edit_by_hand(primary, zone, lambda update: update.delete("long", "TXT", f'"{"x" * 200}" "{"y" * 200}"'))
    edit_by_hand(primary, zone, lambda update: update.add("long", 60, "TXT", f'"{"x" * 200}" "{"z" * 200}"'))
    assert verify.compare(zone).differences == [Difference(f"long.{zone.name}", Kind.DIFFERENT)]


def contents(zone: Zone) -> dict:
    """All but what moves with every message."""
    found = transfers.transfer(zone)
    del found[zone.name]["SOA"], found[f"{FENCE_LABEL}.{zone.name}"]
    return found


def test_what_is_the_operators_is_neither_different_nor_repaired(primary: Server, zone: Zone):
    """The apex, the addresses of its nameservers, and the fence."""
    edit_by_hand(
        primary,
        zone,
        lambda update: update.add("@", 60, "TXT", "operators"),
        lambda update: update.add("@", 60, "NS", f"ns2.{zone.name}."),
        lambda update: update.add("ns2", 60, "A", "192.0.2.53"),
        lambda update: update.replace("ns", 60, "A", "192.0.2.54"),
        lambda update: update.replace(FENCE_LABEL, 60, "TXT", "somebody"),
    )
    comparison = verify.compare(zone)
    assert comparison.differences == []
    verify.repair(zone, comparison.differences)
    drain(zone)
    assert answers(primary, f"ns2.{zone.name}") == {"192.0.2.53"}
    assert answers(primary, zone.name, "TXT") == {'"operators"'}


def test_what_is_on_its_way_is_no_difference(zone: Zone):
    outbox.publish(zone, {f"alice.{zone.name}": {}, f"frank.{zone.name}": a("192.0.2.6")})
    comparison = verify.compare(zone)
    assert comparison.differences == []
    assert comparison.waiting_count == 2


def test_a_zone_that_was_lost_comes_back_from_the_rows(primary: Server, zone: Zone):
    before = contents(zone)
    primary.remove_zone(zone.name)
    primary.add_zone(zone.name)
    differences = verify.compare(zone).differences
    assert {difference.kind for difference in differences} == {Kind.MISSING}
    assert len(differences) == 5
    verify.repair(zone, differences)
    drain(zone)
    assert contents(zone) == before


def test_a_name_that_no_row_can_hold_is_named_and_the_others_are_repaired(primary: Server, zone: Zone):
    edit_by_hand(
        primary,
        zone,
        lambda update: update.add("not\\.ours", 60, "TXT", "a dot inside its label"),
        lambda update: update.add("mallory", 60, "A", "192.0.2.66"),
    )
    comparison = verify.compare(zone)
    assert len(comparison.differences) == 2
    left = verify.repair(zone, comparison.differences)
    assert [difference.name for difference in left] == [f"not\\.ours.{zone.name}"]
    drain(zone)
    assert not exists(primary, f"mallory.{zone.name}")


def test_a_transfer_with_the_wrong_key_says_so(primary: Server, zone: Zone):
    stranger = key_row(primary, name="mallory")
    zone = zone_row(primary, zone.name, key=stranger)
    with pytest.raises(KeyRefused, match="PeerBadKey in a transfer"):
        verify.compare(zone)


def test_a_transfer_from_a_stopped_server_says_so(primary: Server, zone: Zone):
    primary.stop()
    with pytest.raises(Unreachable, match=f"transfer of {zone.name}"):
        verify.compare(zone)


def test_a_name_registered_while_the_zone_is_repaired_keeps_its_address(
    quiet_zone: Zone, monkeypatch: pytest.MonkeyPatch
):
    alice, withdraw_strays = "alice.ddns.example", outbox.withdraw_strays

    def be_overtaken_and_withdraw(*arguments) -> None:
        outbox.publish(quiet_zone, {alice: a("192.0.2.1")})
        withdraw_strays(*arguments)

    monkeypatch.setattr(outbox, "withdraw_strays", be_overtaken_and_withdraw)
    verify.repair(quiet_zone, [Difference(alice, Kind.EXTRA)])
    assert Publication.objects.get().rrsets == a("192.0.2.1")


# --- manage.py verify_zone -----------------------------------------------------------------------------------


def verify_zone(*arguments: str) -> str:
    out = StringIO()
    call_command("verify_zone", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_says_that_a_zone_is_equal(zone: Zone):
    assert verify_zone(zone.name) == "6 names compared, 0 different, 0 on their way.\n"
    assert verify_zone(f"{zone.name.upper()}.").startswith("6 names compared")


def test_the_command_names_every_difference_and_fails(primary: Server, zone: Zone):
    edit_by_hand(primary, zone, *(edit for _, _, edit in (EDITS["a name deleted"], EDITS["a name added"])))
    out = StringIO()
    with pytest.raises(CommandError, match="differs from the rows") as failure:
        call_command("verify_zone", zone.name, stdout=out)
    assert failure.value.returncode == 1
    assert out.getvalue().splitlines() == [
        f"alice.{zone.name}: missing from the zone",
        f"mallory.{zone.name}: in the zone, in no row",
        "6 names compared, 2 different, 0 on their way.",
    ]


def test_the_command_repairs_when_asked_to(primary: Server, zone: Zone):
    edit_by_hand(primary, zone, EDITS["a name deleted"][2])
    assert "Queued for repair" in verify_zone(zone.name, "--repair")
    drain(zone)
    assert answers(primary, f"alice.{zone.name}") == {"192.0.2.1"}
    assert "0 different" in verify_zone(zone.name)


def test_the_command_stays_until_the_repair_is_published_when_asked_to(primary: Server, zone: Zone):
    edit_by_hand(primary, zone, EDITS["a name deleted"][2])
    worker = threading.Timer(0.5, lambda: (drain(zone), connection.close()))
    worker.start()
    said = verify_zone(zone.name, "--repair", "--wait")
    worker.join()
    assert said.endswith("Queued for repair: 1; the worker publishes them now.\nAll of them are published.\n")
    assert answers(primary, f"alice.{zone.name}") == {"192.0.2.1"}


def test_the_command_compares_only_the_changes_when_asked_to(primary: Server, zone: Zone):
    verify_zone(zone.name)
    edit_by_hand(primary, zone, EDITS["a name deleted"][2])
    with pytest.raises(CommandError, match="differs from the rows"):
        verify_zone(zone.name, "--changes")
    assert zone.verifications.first().method == "IXFR"


def test_the_command_names_what_it_cannot_repair_and_fails(primary: Server, zone: Zone):
    edit_by_hand(primary, zone, lambda update: update.add("not\\.ours", 60, "TXT", "x"))
    with pytest.raises(CommandError, match=r"not\\\.ours") as failure:
        verify_zone(zone.name, "--repair")
    assert "by hand" in str(failure.value)


def test_the_command_shows_the_first_of_many_differences_and_their_number(primary: Server, zone: Zone):
    edit_by_hand(primary, zone, *(_added(number) for number in range(60)))
    out = StringIO()
    with pytest.raises(CommandError):
        call_command("verify_zone", zone.name, stdout=out)
    assert "... and 10 more" in out.getvalue()
    assert "60 different" in out.getvalue()


def _added(number: int) -> Edit:
    return lambda update: update.add(f"mallory-{number}", 60, "A", "192.0.2.66")


def test_the_command_knows_no_zone_that_has_no_row(committed_db):
    with pytest.raises(CommandError, match=r"There is no zone other\.example"):
        verify_zone("other.example")


def test_the_command_refuses_what_is_no_name(committed_db):
    with pytest.raises(CommandError, match="Not a usable name"):
        verify_zone("no zone")


def test_the_command_says_that_the_server_does_not_answer(primary: Server, zone: Zone):
    primary.stop()
    with pytest.raises(CommandError, match="does not answer"):
        verify_zone(zone.name)
