"""Propagation: what each authoritative server answers, and silence is no answer."""

from datetime import timedelta

import pytest

from deploy.local.bind import Bind
from deploy.local.knot import Knot
from dnsupdate import outbox, propagation
from dnsupdate.errors import InvalidName
from dnsupdate.models import Nameserver, Proof, Zone
from dnsupdate.propagation import Answer
from tests.dnsupdate.real_zones import a, drain, zone_row

DUAL = a("192.0.2.1", "192.0.2.2") | {"AAAA": {"ttl": 60, "rdata": ["2001:db8::1"]}}


@pytest.fixture
def pair(committed_db, bind: Bind, knot: Knot, fresh_zone) -> Zone:
    """BIND is the primary. Knot is listed as a secondary and serves a zone of the same name that lags behind."""
    zone = zone_row(bind, fresh_zone(bind))
    knot.add_zone(zone.name)
    zone.secondaries.add(Nameserver.objects.create(name="knot", host=knot.host, port=knot.port))
    return zone


def ask(zone: Zone, label: str = "alice") -> list[Answer]:
    return propagation.ask(zone, f"{label}.{zone.name}")


def test_every_server_is_asked_for_both_families(primary, zone: Zone):
    outbox.publish(zone, {f"alice.{zone.name}": DUAL})
    drain(zone)
    (answer,) = ask(zone)
    assert sorted(answer.addresses) == ["192.0.2.1", "192.0.2.2", "2001:db8::1"]
    assert (answer.rcode, answer.error, answer.is_nothing) == ("NOERROR", "", False)


def test_a_name_that_is_nowhere_answers_nothing(primary, zone: Zone):
    (answer,) = ask(zone, "nobody")
    assert (answer.rcode, answer.addresses, answer.is_nothing) == ("NXDOMAIN", (), True)


def test_a_secondary_that_lags_is_shown_beside_its_primary(pair: Zone):
    outbox.publish(pair, {f"alice.{pair.name}": a("192.0.2.1")})
    drain(pair)
    primary, secondary = ask(pair)
    assert (primary.nameserver, primary.addresses) == (pair.primary.name, ("192.0.2.1",))
    assert (secondary.nameserver, secondary.is_nothing) == ("knot", True)


@pytest.mark.parametrize("hurt", ["stop", "freeze"])
def test_a_server_that_does_not_answer_is_no_proof_that_the_name_is_gone(pair: Zone, knot: Knot, hurt: str):
    getattr(knot, hurt)()
    primary, secondary = ask(pair)
    assert primary.is_nothing
    assert secondary.error
    assert not secondary.is_nothing


def test_a_server_that_does_not_serve_the_zone_is_no_proof_that_the_name_is_gone(pair: Zone, knot: Knot):
    knot.remove_zone(pair.name)
    _, secondary = ask(pair)
    assert (secondary.rcode, secondary.is_nothing) == ("REFUSED", False)


def test_an_impossible_host_name_is_said(quiet_zone: Zone):
    quiet_zone.primary.host = "ns..example"
    (answer,) = propagation.ask(quiet_zone, "alice.ddns.example")
    assert "ns..example" in answer.error


def test_a_look_compares_every_server_with_the_row_and_stores_nothing(pair: Zone):
    name = f"alice.{pair.name}"
    outbox.publish(pair, {name: a("192.0.2.1")})
    drain(pair)
    primary, secondary = propagation.look(pair, [name])

    assert (primary.nameserver, primary.is_match, primary.answer["A"]["rdata"]) == (pair.primary, True, ["192.0.2.1"])
    assert (secondary.nameserver.name, secondary.is_match, secondary.rcode) == ("knot", False, "NXDOMAIN")
    assert not Proof.objects.exists()


def test_a_look_waits_no_longer_for_a_silent_server_than_it_was_told(pair: Zone, knot: Knot):
    name = f"alice.{pair.name}"
    outbox.publish(pair, {name: a("192.0.2.1")})
    drain(pair)
    knot.freeze()
    primary, secondary = propagation.look(pair, [name], within=timedelta(milliseconds=500))

    assert primary.is_match
    assert (secondary.rcode, secondary.is_match) == ("", False)
    assert "not answered in time" in secondary.error


def test_a_look_at_a_name_outside_the_zone_is_refused(pair: Zone):
    with pytest.raises(InvalidName):
        propagation.look(pair, ["alice.elsewhere.test"])
