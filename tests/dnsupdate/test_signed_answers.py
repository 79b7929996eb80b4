"""Proof in signed zones: an answer that does not validate proves nothing, whatever it says."""

import pytest

from deploy.local.bind import Bind
from deploy.local.knot import Knot
from deploy.local.signing import Denial
from dnsupdate import nameservers, outbox, propagation, signings
from dnsupdate.models import Proof, Zone
from tests.dnsupdate.real_zones import a, by_hand, drain, send_by_hand, zone_row

pytestmark = pytest.mark.servers


@pytest.fixture(params=list(Denial))
def zone(request: pytest.FixtureRequest, committed_db, bind: Bind):
    apex = f"signed-{request.param}-proof.test"
    bind.add_zone(apex, request.param)
    yield zone_row(bind, apex)
    bind.remove_zone(apex)


@pytest.fixture
def names(zone: Zone) -> list[str]:
    alice, bob, carol = (f"{label}.{zone.name}" for label in ("alice", "bob", "carol"))
    outbox.publish(zone, {alice: a("192.0.2.1"), f"*.{alice}": a("192.0.2.1"), bob: {}})
    drain(zone)
    return [alice, f"*.{alice}", bob, carol]


def test_signed_answers_and_denials_are_proof(zone: Zone, names: list[str]):
    summary = propagation.prove(zone, names)
    assert summary.is_match, [server.differences for server in summary.servers]
    assert Proof.objects.filter(is_match=True).count() == len(names)


def test_a_server_that_gives_the_right_answers_without_signatures_proves_nothing(
    zone: Zone, names: list[str], knot: Knot
):
    knot.add_zone(zone.name)
    update = by_hand(knot, zone.name)
    for name in names[:2]:
        update.add(f"{name}.", 60, "A", "192.0.2.1")
    send_by_hand(knot, update)
    nameservers.add_secondary([zone], host=knot.host, port=knot.port, name="ns2")
    primary, secondary = propagation.prove(zone, names).servers
    assert primary.is_match
    assert secondary.match_count == 0
    assert "not signed" in next(iter(secondary.differences.values()))
    knot.remove_zone(zone.name)


def test_where_the_primary_does_not_say_its_keys_nothing_of_a_signed_zone_is_proof(
    zone: Zone, names: list[str], bind: Bind, free_port: int
):
    signings.check(zone)
    zone.primary.port = free_port
    zone.primary.save()
    nameservers.add_secondary([zone], host=bind.host, port=bind.port, name="ns2")
    zone = Zone.objects.get(pk=zone.pk)
    by_name = {server.nameserver.name: server for server in propagation.prove(zone, names[:1]).servers}
    assert "cannot be validated" in by_name["ns2"].differences[names[0]]


def test_where_the_primary_signs_no_more_nothing_of_a_signed_zone_is_proof(zone: Zone, names: list[str], bind: Bind):
    """As after a restart without the policy: whoever validates gets no answer, whatever this one says."""
    signings.check(zone)
    bind.remove_zone(zone.name)
    bind.add_zone(zone.name)
    drain(zone)
    (primary,) = propagation.prove(zone, names).servers
    assert (primary.match_count, primary.nothing_count) == (0, 0)
    assert "does not sign the zone any more" in primary.differences[names[0]]
    signings.check(zone)
    signings.expect_unsigned(zone)
    # Its rows are not there again yet; what it says of them is believed.
    assert propagation.prove(zone, names[2:]).is_match
