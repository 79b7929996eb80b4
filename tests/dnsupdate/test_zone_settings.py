"""Zone settings: what keeps a withdrawal from biting is found, and the remedy works as it is said."""

import re

import dns.rdata
import pytest
from dns.rdtypes.ANY.SOA import SOA

from dnsupdate import outbox, tasks, zone_settings
from dnsupdate.errors import Unreachable
from dnsupdate.models import Alarm, Zone
from tests.dnsupdate.real_zones import a, ask, by_hand, drain, send_by_hand, zone_row

GOOD = "3600 600 1209600 60"


@pytest.fixture
def bind_zone(committed_db, bind, fresh_zone) -> Zone:
    return zone_row(bind, fresh_zone(bind))


def set_soa(server, zone: Zone, times: str, ttl: int = 60) -> None:
    update = by_hand(server, zone.name)
    update.replace("@", ttl, "SOA", f"ns.{zone.name}. hostmaster.{zone.name}. 1000 {times}")
    send_by_hand(server, update)


def edit(server, zone: Zone, *edits: tuple) -> None:
    update = by_hand(server, zone.name)
    for operation, *arguments in edits:
        getattr(update, operation)(*arguments)
    send_by_hand(server, update)


def open_alarm(zone: Zone) -> Alarm | None:
    return Alarm.objects.open().filter(kind=Alarm.Kind.SETTINGS, zone=zone).first()


def soa(times: str) -> SOA:
    return dns.rdata.from_text("IN", "SOA", f"ns.ddns.example. hostmaster.ddns.example. 1 {times}")


def test_a_new_zone_is_as_it_should_be_at_each_kind_of_nameserver(primary, zone: Zone):
    assert zone_settings.check(zone) == []


@pytest.mark.parametrize(
    ("times", "ttl", "expected"),
    [
        (GOOD, 60, []),
        (GOOD, 3600, []),
        ("3600 600 1209600 300", 86400, []),
        ("3600 600 1209600 59", 60, ["minimum"]),
        ("3600 600 1209600 301", 60, ["minimum"]),
        ("3600 600 1209600 86400", 86400, ["minimum"]),
        ("3600 600 1209600 300", 59, ["TTL of 59, which overrules"]),
        ("3600 600 1209600 60", 0, ["TTL of 0, which overrules"]),
        ("7201 600 1209600 60", 60, ["refresh"]),
        ("59 30 1209600 60", 60, ["refresh"]),
        ("3600 3600 1209600 60", 60, ["retry"]),
        ("3600 29 1209600 60", 60, ["retry"]),
        ("3600 600 604799 60", 60, ["expire"]),
        ("3600 600 2419201 60", 60, ["expire"]),
        ("0 0 0 0", 0, ["minimum", "refresh", "retry", "expire"]),
        ("4294967295 4294967295 4294967295 4294967295", 60, ["minimum", "refresh", "retry", "expire"]),
    ],
)
def test_every_unsafe_time_is_named(times: str, ttl: int, expected: list[str]):
    problems = zone_settings.soa_problems("ddns.example", soa(times), ttl)
    assert len(problems) == len(expected) + bool(expected)
    assert [word for word, problem in zip(expected, problems, strict=False) if word not in problem] == []


@pytest.mark.parametrize("times", ["0 0 0 0", "3600 3600 1 60", "86400 7200 1209600 86400", "61 61 1209600 60"])
def test_the_remedy_has_nothing_unsafe(times: str):
    *_, remedy = zone_settings.soa_problems("ddns.example", soa(times), 10)
    ttl, better = re.search(r"example\. (\d+) SOA \S+ \S+ SERIAL (.*)`", remedy).groups()
    assert zone_settings.soa_problems("ddns.example", soa(better), int(ttl)) == []


def test_an_unsafe_zone_raises_an_alarm_that_ends_with_it(bind, bind_zone: Zone):
    set_soa(bind, bind_zone, "3600 600 1209600 86400")
    zone_settings.watch()
    text = open_alarm(bind_zone).text
    assert "minimum" in text
    assert "update add" in text
    edit(bind, bind_zone, ("add", "x", 60, "A", "192.0.2.1"))
    zone_settings.watch()
    assert open_alarm(bind_zone).text == text
    set_soa(bind, bind_zone, GOOD.replace("3600 ", "1800 "), ttl=61)
    # BIND takes a new SOA only with a greater serial, which the last one may have.
    edit(bind, bind_zone, ("replace", "@", 60, "SOA", f"ns.{bind_zone}. hostmaster.{bind_zone}. 5000 {GOOD}"))
    zone_settings.watch()
    assert open_alarm(bind_zone) is None
    assert Alarm.objects.count() == 1


def test_a_wildcard_at_the_apex_is_named(bind, bind_zone: Zone):
    edit(bind, bind_zone, ("add", "*", 60, "TXT", "x"))
    (problem,) = zone_settings.check(bind_zone)
    assert "wildcard" in problem
    edit(bind, bind_zone, ("delete", "*"))
    assert zone_settings.check(bind_zone) == []


def test_a_nameserver_without_an_address_is_named(committed_db, knot, fresh_zone):
    """BIND takes no such record by UPDATE, Knot does."""
    zone = zone_row(knot, fresh_zone(knot))
    edit(knot, zone, ("add", "@", 60, "NS", "ns2"))
    (problem,) = zone_settings.check(zone)
    assert problem.startswith(f"ns2.{zone} is a nameserver")
    edit(knot, zone, ("add", "ns2", 60, "AAAA", "2001:db8::53"))
    assert zone_settings.check(zone) == []


def test_a_nameserver_elsewhere_needs_no_address_here(bind, bind_zone: Zone):
    edit(bind, bind_zone, ("add", "@", 60, "NS", "ns.example.net."))
    assert zone_settings.check(bind_zone) == []


def test_customers_names_change_nothing(bind, bind_zone: Zone):
    outbox.publish(bind_zone, {f"*.alice.{bind_zone}": a("192.0.2.1")})
    drain(bind_zone)
    assert zone_settings.check(bind_zone) == []


def test_a_primary_that_does_not_serve_the_zone_is_said(bind, bind_zone: Zone):
    bind.remove_zone(bind_zone.name)
    with pytest.raises(Unreachable, match="REFUSED without authority"):
        zone_settings.check(bind_zone)


def test_a_dead_primary_changes_no_alarm(bind, bind_zone: Zone):
    set_soa(bind, bind_zone, "3600 600 1209600 86400")
    tasks.watch_zone_settings()
    bind.stop()
    tasks.watch_zone_settings()
    assert open_alarm(bind_zone) is not None


def test_one_dead_primary_does_not_hide_another_zone(bind, bind_zone: Zone, quiet_zone: Zone):
    set_soa(bind, bind_zone, "3600 600 1209600 86400")
    zone_settings.watch()
    assert open_alarm(bind_zone) is not None
    assert open_alarm(quiet_zone) is None


def test_what_is_checked_is_what_the_server_says(bind, bind_zone: Zone):
    """Guards the test itself: the edit has reached the zone."""
    set_soa(bind, bind_zone, "3600 600 1209600 86400")
    assert ask(bind, bind_zone.name, "SOA").answer[0][0].minimum == 86400
