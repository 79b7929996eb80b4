"""Refusals: a record that the nameserver will not take stands alone, with its reason, and blocks nobody."""

from datetime import timedelta

import pytest
from django.utils import timezone

from deploy.local.server import Server
from dnsupdate import batches, failures, outbox, publisher, transfers
from dnsupdate.batches import FIRST_REFUSAL_PAUSE, LONGEST_REFUSAL_PAUSE
from dnsupdate.errors import Unreachable
from dnsupdate.messages import Change
from dnsupdate.models import PendingPublication, Publication, Zone
from dnsupdate.models.pending import Urgency
from dnsupdate.rrsets import RRsets
from tests.dnsupdate.real_zones import a, answers, dirty_names, drain, drain_now, zone_row

# Types of queries and of transport: RFC 2136 §3.4.1.2 wants FORMERR for them, and Knot closes the connection after OPT.
AXFR: RRsets = {"AXFR": {"ttl": 60, "rdata": ["\\# 1 00"]}}
OPT: RRsets = {"OPT": {"ttl": 60, "rdata": ["\\# 0"]}}
# BIND's check-names, and Knot's care for NSEC3: both answer REFUSED, as they do for a frozen zone.
MX_TO_NO_HOST: RRsets = {"MX": {"ttl": 60, "rdata": ["0 no_host.example."]}}
NSEC3PARAM: RRsets = {"NSEC3PARAM": {"ttl": 60, "rdata": ["1 0 0 -"]}}
NOT_AN_ADDRESS: RRsets = {"A": {"ttl": 60, "rdata": ["192.0.2.256"]}}
OF_NO_TYPE: RRsets = {"NOSUCHTYPE": {"ttl": 60, "rdata": ["x"]}}
TOO_LARGE: RRsets = {"TXT": {"ttl": 60, "rdata": [f'"{number:0255}"' for number in range(300)]}}


@pytest.fixture
def mallory(zone: Zone) -> str:
    return f"mallory.{zone.name}"


def publish_with_a_hundred_good_ones(zone: Zone, bad: RRsets) -> set[str]:
    good = {f"host-{number}.{zone.name}": a(f"192.0.2.{number}") for number in range(100)}
    outbox.publish(zone, good | {f"mallory.{zone.name}": bad})
    return set(good)


def assert_only_mallory_waits(zone: Zone, good: set[str], reason: str) -> None:
    zone.refresh_from_db()
    assert good <= set(transfers.transfer(zone))
    assert dirty_names(zone) == {f"mallory.{zone.name}"}
    refused = Publication.objects.exclude(refusal="").get()
    assert refused.name == f"mallory.{zone.name}"
    assert reason in refused.refusal
    assert PendingPublication.objects.get().retry_at > timezone.now()
    assert not zone.is_failing


@pytest.mark.parametrize("bad", [AXFR, OPT], ids=["AXFR", "OPT"])
def test_one_refused_name_among_a_hundred_is_set_aside_and_the_others_are_in_dns(zone: Zone, bad: RRsets):
    good = publish_with_a_hundred_good_ones(zone, bad)
    drain(zone)
    assert_only_mallory_waits(zone, good, "FORMERR")


def test_one_refused_name_among_a_thousand_good_ones_blocks_none_of_them(zone: Zone):
    """Two messages are under way when the first is refused: the second was built to follow it."""
    good = {f"host-{number}.{zone.name}": a("192.0.2.1") for number in range(1000)}
    outbox.publish(zone, {f"mallory.{zone.name}": AXFR})
    outbox.publish(zone, good)
    drain(zone)
    assert_only_mallory_waits(zone, set(good), "FORMERR")


@pytest.mark.parametrize(("server", "bad"), [("bind", MX_TO_NO_HOST), ("knot", NSEC3PARAM)])
def test_a_name_that_is_refused_as_a_frozen_zone_would_be_is_told_from_one(
    committed_db, request: pytest.FixtureRequest, fresh_zone, server: str, bad: RRsets
):
    primary = request.getfixturevalue(server)
    zone = zone_row(primary, fresh_zone(primary))
    good = publish_with_a_hundred_good_ones(zone, bad)
    drain(zone)
    assert_only_mallory_waits(zone, good, "REFUSED")


@pytest.mark.parametrize("bad", [NOT_AN_ADDRESS, OF_NO_TYPE, TOO_LARGE], ids=["rdata", "type", "size"])
def test_a_row_that_no_message_can_hold_is_set_aside_too(zone: Zone, mallory: str, bad: RRsets):
    """outbox.publish refuses the first two; a row may be older than the check, or come from a restored backup."""
    good = publish_with_a_hundred_good_ones(zone, {})
    Publication.objects.filter(name=mallory).update(rrsets=bad)
    drain(zone)
    assert_only_mallory_waits(zone, good, "")


def test_a_new_revision_of_a_refused_name_is_published_at_once(primary: Server, zone: Zone, mallory: str):
    outbox.publish(zone, {mallory: AXFR})
    drain(zone)
    assert dirty_names(zone) == {mallory}
    outbox.publish(zone, {mallory: a("192.0.2.1")})
    drain(zone)
    assert answers(primary, mallory) == {"192.0.2.1"}
    assert dirty_names(zone) == set()
    assert Publication.objects.get().refusal == ""


def test_a_withdrawal_of_a_refused_name_goes_out_at_once(zone: Zone, mallory: str):
    outbox.publish(zone, {mallory: AXFR})
    drain(zone)
    outbox.publish(zone, {mallory: {}}, Urgency.WITHDRAWAL)
    drain(zone)
    assert Publication.objects.get().is_withdrawn


def test_a_refused_name_is_tried_again_when_its_pause_is_over(primary: Server, zone: Zone, mallory: str):
    outbox.publish(zone, {mallory: AXFR})
    drain(zone)
    # What the nameserver refused it takes now: the operator has changed its policy.
    Publication.objects.update(rrsets=a("192.0.2.1"))
    drain(zone)
    assert dirty_names(zone) == {mallory}
    PendingPublication.objects.update(retry_at=timezone.now())
    drain(zone)
    assert answers(primary, mallory) == {"192.0.2.1"}
    assert dirty_names(zone) == set()


def test_the_pause_of_a_refused_name_doubles_up_to_its_cap(quiet_zone: Zone, time_machine):
    time_machine.move_to("2030-01-01T00:00:00Z", tick=False)
    ids = outbox.publish(quiet_zone, {"mallory.ddns.example": a("192.0.2.1")})
    change = Change(ids["mallory.ddns.example"], "mallory.ddns.example", 1, a("192.0.2.1"))
    pauses: list[timedelta] = []
    for _ in range(30):
        batches.set_aside(change, "test")
        pauses.append(PendingPublication.objects.get().retry_at - timezone.now())
    assert pauses[:3] == [FIRST_REFUSAL_PAUSE, FIRST_REFUSAL_PAUSE * 2, FIRST_REFUSAL_PAUSE * 4]
    assert set(pauses[10:]) == {LONGEST_REFUSAL_PAUSE}


def test_a_refusal_of_an_older_revision_does_not_set_the_newer_one_aside(quiet_zone: Zone):
    ids = outbox.publish(quiet_zone, {"mallory.ddns.example": a("192.0.2.1")})
    outbox.publish(quiet_zone, {"mallory.ddns.example": a("192.0.2.2")})
    batches.set_aside(Change(ids["mallory.ddns.example"], "mallory.ddns.example", 1, a("192.0.2.1")), "test")
    assert PendingPublication.objects.get().retry_at is None
    assert Publication.objects.get().refusal == ""


def test_a_refused_name_does_not_make_a_frozen_zone_look_well(committed_db, bind, fresh_zone):
    zone = zone_row(bind, fresh_zone(bind))
    bind.freeze_zone(zone.name)
    publish_with_a_hundred_good_ones(zone, MX_TO_NO_HOST)
    drain(zone)
    zone.refresh_from_db()
    assert zone.is_failing
    assert not Publication.objects.exclude(refusal="").exists()
    assert len(dirty_names(zone)) == 101


def test_a_refusal_after_an_outage_ends_the_failure_of_the_zone(primary: Server, zone: Zone, mallory: str):
    """The zone works again, although the only name that waits is refused."""
    failures.record(zone.pk, Unreachable("test."))
    outbox.publish(zone, {mallory: AXFR})
    assert not drain_now(zone).is_failing
    assert dirty_names(zone) == {mallory}


def test_hundreds_of_refused_names_do_not_hold_up_a_withdrawal_beyond_a_turn(zone: Zone, monkeypatch):
    """Halving takes some thousand messages: when the turn is over the rest stays dirty."""
    outbox.publish(zone, {f"bad-{number}.{zone.name}": AXFR for number in range(100)})
    assert publisher.drain(zone.pk, budget=timedelta(milliseconds=1)) is False
    outbox.publish(zone, {f"mallory.{zone.name}": {}}, Urgency.WITHDRAWAL)
    publisher.drain(zone.pk, budget=timedelta(milliseconds=50))
    refused = Publication.objects.exclude(refusal="").count()
    assert 0 < refused < 100
    assert f"mallory.{zone.name}" not in dirty_names(zone)


def test_a_refused_name_comes_back_behind_what_is_queued_meanwhile(quiet_zone: Zone):
    outbox.publish(quiet_zone, {"mallory.ddns.example": a("192.0.2.1")})
    batches.set_aside(batches.read(quiet_zone.pk)[0], "test")
    outbox.publish(quiet_zone, {"alice.ddns.example": a("192.0.2.1")})
    PendingPublication.objects.filter(retry_at__isnull=False).update(retry_at=timezone.now())
    assert [change.name.split(".")[0] for change in batches.read(quiet_zone.pk)] == ["alice", "mallory"]
