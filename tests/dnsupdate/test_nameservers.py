"""Nameservers: how they are written, secondaries, servers that are known by name."""

import threading
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command

from dnsupdate import nameservers, propagation, transfers, tsig_keys, zones
from dnsupdate.models import Nameserver, Zone

pytestmark = pytest.mark.django_db


@pytest.fixture
def zone() -> Zone:
    return zones.add("ddns.test", host="192.0.2.53", port=53, key=tsig_keys.generate("publisher"))


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("ns.example.net", ("ns.example.net", 53)),
        ("192.0.2.53:5353", ("192.0.2.53", 5353)),
        ("2001:db8::53", ("2001:db8::53", 53)),
        ("[2001:db8::53]:5353", ("2001:db8::53", 5353)),
        ("[2001:db8::53]", ("2001:db8::53", 53)),
    ],
)
def test_address_is_read_as_people_write_it(text, address):
    assert nameservers.parse_address(text) == address


def test_secondary_is_registered_for_every_zone(zone):
    other = zones.add("other.test", host="192.0.2.53", port=53, key=zone.primary.key)
    call_command("add_secondary", "198.51.100.53", "--name", "ns2", verbosity=0)
    server = Nameserver.objects.get(name="ns2")
    assert set(server.secondary_zones.all()) == {zone, other}


def test_secondary_may_be_registered_for_one_zone(zone):
    zones.add("other.test", host="192.0.2.53", port=53, key=zone.primary.key)
    call_command("add_secondary", "198.51.100.53", "--zone", "ddns.test", verbosity=0)
    assert [str(each) for each in Nameserver.objects.get(host="198.51.100.53").secondary_zones.all()] == ["ddns.test"]


def test_registering_a_secondary_again_changes_nothing(zone):
    for _ in range(2):
        call_command("add_secondary", "198.51.100.53:5353", "--name", "ns2", verbosity=0)
    call_command("add_secondary", "198.51.100.53:5353", verbosity=0)
    assert [(server.name, server.port) for server in zone.secondaries.all()] == [("ns2", 5353)]


def test_zone_that_is_not_there_is_named(zone):
    with pytest.raises(CommandError, match=r"no zone missing\.test"):
        call_command("add_secondary", "198.51.100.53", "--zone", "missing.test")


def test_odd_address_is_named(zone):
    with pytest.raises(CommandError, match="no HOST"):
        call_command("add_secondary", "198.51.100.53:dns")


@pytest.fixture
def known_by_name(bind, tsig_key) -> Zone:
    return zones.add("ddns.test", host="localhost", port=bind.port, key=tsig_keys.parse(str(tsig_key)))


def test_server_known_by_name_is_asked(known_by_name):
    (answer,) = propagation.ask(known_by_name, "nobody.ddns.test")
    assert (answer.rcode, answer.error) == ("NXDOMAIN", "")


def test_zone_is_transferred_from_a_server_known_by_name(known_by_name):
    assert "SOA" in transfers.transfer(known_by_name)["ddns.test"]


def test_name_that_does_not_resolve_is_an_error_of_that_server(zone):
    Nameserver.objects.filter(pk=zone.primary_id).update(host="nowhere.invalid")
    zone.primary.refresh_from_db()
    (answer,) = propagation.ask(zone, "nobody.ddns.test")
    assert answer.error


def test_names_that_hang_are_those_servers_errors_and_nobody_elses(zone, monkeypatch):
    """Twice as many as are resolved at once, ahead of the others."""
    is_over = threading.Event()
    resolve = nameservers.resolve

    def hang(server: Nameserver) -> str:
        if server.host.startswith("slow"):
            is_over.wait()
            return "192.0.2.1"
        return resolve(server)

    monkeypatch.setattr(nameservers, "resolve", hang)
    monkeypatch.setattr(nameservers, "RESOLVE_WITHIN", timedelta(milliseconds=300))
    slow = [
        Nameserver(pk=number, host=f"slow{number}.example", port=53) for number in range(2 * nameservers.NAMES_AT_ONCE)
    ]
    well = [Nameserver(pk=-1, host="192.0.2.53", port=53), Nameserver(pk=-2, host="2001:db8::53", port=5353)]
    try:
        addresses, errors = nameservers.resolve_all([*slow, *well])
    finally:
        is_over.set()
    assert addresses == {-1: ("192.0.2.53", 53), -2: ("2001:db8::53", 5353)}
    assert set(errors) == {server.pk for server in slow}
    assert "does not resolve in time" in errors[0]
