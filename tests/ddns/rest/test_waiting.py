"""?wait on a change: answered when the primary has it, or when it cannot; nothing is held meanwhile."""

from contextlib import ExitStack
from datetime import timedelta

import pytest
from django.db import connection

from ddns import domains, hostnames, keys
from ddns.models import Domain, Hostname, User
from ddns.rest import waiting
from deploy.local.deadline import wait_for
from dnsupdate import publisher, zones
from dnsupdate.models import Publication, TsigKey, Zone
from tests.ddns.rest.programs import Program, problem
from tests.ddns.test_races import Together

WITHIN = timedelta(seconds=30)
HOME = "/hostnames/home.ddns.test"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/hostnames"),
        ("PATCH", HOME),
        ("DELETE", HOME),
        ("POST", f"{HOME}/records"),
        ("PUT", f"{HOME}/rrsets/@/TXT"),
    ],
)
def test_time_to_wait_is_some_seconds(program, home, method, path):
    for wait in ("x", "-1", "11", "1.5", "", "²", "9999999999999999999999"):
        assert problem(program.send(method, f"{path}?wait={wait}", {})) == (400, "invalid")
    assert Hostname.objects.get().released_at is None


def test_nobody_waits_for_a_zone_that_rests(program, home, domain):
    zones.freeze(domain.zone, reason="moving")
    response = program.patch(f"{HOME}?wait=10", {"ipv4": "203.0.113.5"})

    assert response.status_code == 202
    dns = response.json()["dns"]
    assert (dns["published"], dns["serial"]) == (False, None)
    assert "rests" in dns["reason"]
    assert Hostname.objects.get().ipv4 == "203.0.113.5"


def test_nobody_waits_for_a_primary_that_cannot_be_updated(program, home, domain):
    publisher.drain(domain.zone_id)
    response = program.patch(f"{HOME}?wait=10", {"ipv4": "203.0.113.5"})

    assert response.status_code == 202
    assert "cannot be updated" in response.json()["dns"]["reason"]


def test_nobody_waits_for_records_that_were_refused(program, home):
    Publication.objects.update(refusal="REFUSED")
    response = program.delete(f"{HOME}/rrsets/@/TXT?wait=1")

    assert response.status_code in (200, 202)
    assert response.json()["published"] is False


def test_when_the_time_is_over_the_change_is_made_and_said_to_be_on_its_way(program, home):
    response = program.patch(f"{HOME}?wait=1", {"ipv4": "203.0.113.5"})

    assert response.status_code == 202
    assert response.json()["dns"] == {"published": False, "server": "127.0.0.1:5300", "serial": None, "reason": ""}
    assert response.json()["ipv4"] == "203.0.113.5"


def test_with_all_places_taken_nobody_waits(program, home, settings):
    with ExitStack() as taken:
        while waiting._places.acquire(blocking=False):
            taken.callback(waiting._places.release)
        response = program.patch(f"{HOME}?wait=10", {"ipv4": "203.0.113.5"})

    assert (response.status_code, response.json()["dns"]["published"]) == (202, False)


@pytest.fixture
def served(transactional_db, embedded_nameserver, fresh_zone) -> Zone:
    """A zone with a nameserver behind it."""
    server = embedded_nameserver
    key = TsigKey(name=server.key.name, algorithm=server.key.algorithm)
    key.secret = server.key.secret
    return zones.add(fresh_zone(server), host=server.host, port=server.port, key=key)


@pytest.fixture
def customer(served: Zone) -> tuple[Program, Hostname]:
    """With a hostname that is in DNS by now."""
    account = User.objects.create_user("alice@example.com")
    domain: Domain = domains.offer(served)
    hostname = hostnames.register(account, domain=domain, label="home")
    publisher.drain(served.pk)
    return Program(keys.create(account, label="program", permission="manage")[1]), hostname


@pytest.mark.parametrize(
    ("method", "place", "body", "status"),
    [
        ("PATCH", "", {"ipv4": "203.0.113.5", "wildcard": True}, 200),
        ("PUT", "/rrsets/www/TXT", {"rdata": ["x"]}, 200),
        ("POST", "/records", {"type": "TXT", "rdata": "x"}, 201),
        ("DELETE", "", None, 200),
    ],
)
def test_answer_comes_when_the_primary_has_the_change_with_its_serial(customer, served, method, place, body, status):
    program, hostname = customer
    with Together(
        lambda: program.send(method, f"/hostnames/{hostname.name}{place}?wait=10", body),
        lambda: publish_until(lambda: Publication.objects.dirty().exists(), served),
    ) as together:
        pass

    response = together.results[0]
    said = response.json()
    dns = said.get("dns", said)
    assert response.status_code == status
    assert dns["published"] is True
    assert dns["server"] == served.primary.name
    assert isinstance(dns["serial"], int)
    assert not Publication.objects.dirty().exists()


def publish_until(there_is_work, zone: Zone) -> None:
    """The worker's part, from the moment that the change is committed: so the wait held no lock and no transaction."""
    wait_for(there_is_work, WITHIN, "a change")
    while there_is_work():
        publisher.drain(zone.pk)


def test_unchanged_hostname_is_in_dns_at_once(customer):
    program, hostname = customer
    response = program.patch(f"/hostnames/{hostname.name}?wait=10", {"offline": False})

    assert (response.status_code, response.json()["dns"]["published"]) == (200, True)
    assert not connection.in_atomic_block
