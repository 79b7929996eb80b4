"""Registrations: expiry and status from a registry's RDAP server, a small real one on loopback."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from django.utils import timezone

from dnsupdate import delegations, registrations, registries
from dnsupdate.errors import RegistryError
from dnsupdate.models import Alarm, Delegation, Zone
from dnsupdate.registries import Registration

FAR = datetime(2099, 6, 30, 12, tzinfo=UTC)


class Registry(HTTPServer):
    """Serves what is in `pages`, by path: objects as JSON, octets as they are; whole answers where it is a status."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.pages: dict[str, object] = {}
        self.asked: list[str] = []
        self.thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def register(self, domain: str, *status: str, expires_at: datetime | None = FAR) -> None:
        self.pages[f"/domain/{domain}"] = response(domain, *status, expires_at=expires_at)

    def close(self) -> None:
        self.shutdown()
        self.thread.join()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: Registry

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        page = self.server.pages.get(self.path, 404)
        body = b"" if isinstance(page, int | str) else page if isinstance(page, bytes) else json.dumps(page).encode()
        self.send_response(page if isinstance(page, int) else 302 if isinstance(page, str) else 200)
        if isinstance(page, str):
            self.send_header("Location", page)
        self.send_header("Content-Type", "application/rdap+json")
        self.end_headers()
        # Whoever has read enough may hang up.
        try:
            self.wfile.write(body)
        except OSError:
            self.close_connection = True

    def log_message(self, format: str, *args) -> None:
        pass


def response(domain: str, *status: str, expires_at: datetime | None = FAR) -> dict:
    """As in RFC 9083 §5.3."""
    events = [{"eventAction": "registration", "eventDate": "1999-12-31T23:59:59Z"}]
    if expires_at:
        events.append({"eventAction": "expiration", "eventDate": expires_at.isoformat()})
    return {
        "rdapConformance": ["rdap_level_0"],
        "objectClassName": "domain",
        "handle": "2336799_DOMAIN",
        "ldhName": domain.upper(),
        "status": list(status),
        "events": events,
        "nameservers": [{"objectClassName": "nameserver", "ldhName": f"ns1.{domain}"}],
    }


def expiring(text: str) -> dict:
    return {"events": [{"eventAction": "expiration", "eventDate": text}]}


@pytest.fixture
def registry(settings) -> Iterator[Registry]:
    registry = Registry()
    settings.RDAP_SERVER = registry.url
    registries._lists.clear()
    yield registry
    registry.close()


@pytest.fixture
def zone(quiet_zone: Zone, registry: Registry) -> Zone:
    registry.register(quiet_zone.name, "active", "client transfer prohibited")
    return quiet_zone


def watch(zone: Zone) -> Delegation:
    registrations.watch([zone])
    return Delegation.objects.get(zone=zone)


def alarm_text(zone: Zone) -> str:
    found = Alarm.objects.open().filter(kind=Alarm.Kind.DELEGATION, zone=zone).first()
    return found.text if found else ""


# --- What a registry says


def test_expiry_and_status_are_read(registry: Registry):
    registry.register("ddns.example", "client transfer prohibited", "active")
    assert registries.find("ddns.example") == Registration(
        "ddns.example", ("active", "client transfer prohibited"), FAR
    )


def test_status_is_read_as_epp_writes_it_too(registry: Registry):
    """RFC 8056 maps serverHold to “server hold”; not every registry does."""
    registry.register("ddns.example", "serverHold", "Pending Delete")
    assert registries.find("ddns.example").status == ("pending delete", "server hold")


def test_a_zone_below_a_registered_domain_is_found_there(registry: Registry):
    registry.register("provider.example")
    assert registries.find("dyn.ddns.provider.example").domain == "provider.example"


def test_a_domain_that_nobody_registered_is_said(registry: Registry):
    with pytest.raises(RegistryError, match=r"no such domain. Neither ddns\.example"):
        registries.find("ddns.example")
    assert registry.asked == ["/domain/ddns.example"]


def test_the_server_is_found_in_the_list_of_registries(registry: Registry, settings):
    registry.register("ddns.co.example")
    registry.pages["/dns.json"] = {
        "version": "1.0",
        "services": [[["example"], ["http://127.0.0.1:9/"]], [["co.example", "test"], [f"{registry.url}/"]]],
    }
    settings.RDAP_SERVER, settings.RDAP_BOOTSTRAP = "", f"{registry.url}/dns.json"
    for _ in range(2):
        assert registries.find("ddns.co.example").domain == "ddns.co.example"
    assert registry.asked.count("/dns.json") == 1
    with pytest.raises(RegistryError, match=r"none for ddns\.invalid"):
        registries.find("ddns.invalid")


@pytest.mark.parametrize(
    "page",
    [
        503,
        b"<html>",
        b"\xff\xfe",
        b"[" * 100_000,
        [],
        {"objectClassName": "nameserver"},
        response("other.example"),
        response("ddns.example") | {"status": "server hold"},
        response("ddns.example") | {"status": ["server\x00hold"]},
        response("ddns.example") | {"events": [{"eventAction": "expiration", "eventDate": "\x00"}]},
        response("ddns.example") | {"events": [{"eventAction": "expiration", "eventDate": "2026-13-45T00:00:00Z"}]},
        response("ddns.example") | {"events": [{"eventAction": "expiration"}]},
        response("ddns.example") | expiring("9999-12-31T23:59:59-05:00"),
        response("ddns.example") | expiring("9999-01-01T00:00:00Z"),
        response("ddns.example") | expiring("0001-01-01T00:00:00+05:00"),
        response("ddns.example") | expiring("1969-12-31T23:59:59Z"),
        b" " * (2 * registries.MAX_OCTETS),
        "ftp://registry.example/domain/ddns.example",
        "http://192.0.2.1/domain/ddns.example",
    ],
)
def test_an_answer_that_is_of_no_use_is_an_error(registry: Registry, page):
    registry.pages["/domain/ddns.example"] = page
    with pytest.raises(RegistryError) as error:
        registries.find("ddns.example")
    # PostgreSQL takes none in a text.
    assert "\x00" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2030-06-30T23:00:00-05:00", datetime(2030, 7, 1, 4, tzinfo=UTC)),
        ("2030-06-30T12:00:00", datetime(2030, 6, 30, 12, tzinfo=UTC)),
        ("9998-12-31T23:59:59Z", datetime(9998, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_an_expiry_is_read_as_utc(registry: Registry, text: str, at: datetime):
    registry.pages["/domain/ddns.example"] = response("ddns.example") | expiring(text)
    found = registries.find("ddns.example").expires_at
    assert (found, found.tzinfo) == (at, UTC)


@pytest.mark.parametrize("page", [[], {"services": 5}, {"services": [[["example"]]]}, {"services": [None]}])
def test_a_list_that_is_none_is_an_error(registry: Registry, settings, page):
    registry.pages["/dns.json"] = page
    settings.RDAP_SERVER, settings.RDAP_BOOTSTRAP = "", f"{registry.url}/dns.json"
    with pytest.raises(RegistryError):
        registries.find("ddns.example")


@pytest.mark.parametrize("url", ["http://registry.example", "file:///etc", "ftp://127.0.0.1"])
def test_only_https_is_believed(settings, url):
    settings.RDAP_SERVER = url
    with pytest.raises(RegistryError, match="not an https URL"):
        registries.find("ddns.example")


def test_a_redirect_is_followed(registry: Registry):
    registry.pages["/domain/ddns.example"] = f"{registry.url}/elsewhere/ddns.example"
    registry.pages["/elsewhere/ddns.example"] = response("ddns.example", "active")
    assert registries.find("ddns.example").status == ("active",)


# --- What is made of it


def test_the_first_registration_is_expected(zone: Zone):
    delegation = watch(zone)
    assert (delegation.registry_domain, delegation.expires_at) == (zone.name, FAR)
    assert alarm_text(zone) == ""


def test_a_hold_that_appears_raises_an_alarm_and_ends_it_when_it_is_gone(zone: Zone, registry: Registry):
    watch(zone)
    registry.register(zone.name, "server hold", "client transfer prohibited")
    watch(zone)
    assert "Status that appeared: server hold." in alarm_text(zone)
    assert "telephone the registrar" in alarm_text(zone)
    registry.register(zone.name, "active", "client transfer prohibited")
    delegation = watch(zone)
    assert alarm_text(zone) == ""
    assert [bool(change.ended_at) for change in delegation.changes.all()] == [True, True]


def test_a_hold_is_no_matter_of_course_even_at_first_sight(zone: Zone, registry: Registry):
    registry.register(zone.name, "client hold")
    watch(zone)
    assert "client hold" in alarm_text(zone)


def test_a_lock_that_is_gone_raises_an_alarm(zone: Zone, registry: Registry):
    watch(zone)
    registry.register(zone.name, "active")
    watch(zone)
    assert "Status that is gone: client transfer prohibited." in alarm_text(zone)


def test_what_the_calendar_brings_raises_none(zone: Zone, registry: Registry):
    watch(zone)
    registry.register(zone.name, "auto renew period", "client transfer prohibited")
    watch(zone)
    assert alarm_text(zone) == ""


def test_an_expiry_that_moves_raises_an_alarm_until_somebody_accepts_it(zone: Zone, registry: Registry):
    watch(zone)
    registry.register(zone.name, "active", "client transfer prohibited", expires_at=FAR + timedelta(days=365))
    delegation = watch(zone)
    assert "Expiry: was 2099-06-30 12:00:00 UTC; now 2100-06-30 12:00:00 UTC. A renewal looks like this." in alarm_text(
        zone
    )
    # Whose delegation has been seen: a registration alone is not accepted.
    Delegation.objects.update(observed={"ns": ["ns1.example.net"], "glue": {}, "ds": []})
    delegations.accept(zone, by="alice@example.com", seen=Delegation.objects.get(pk=delegation.pk).seen)
    assert alarm_text(zone) == ""
    assert delegation.changes.filter(source="registry").get().accepted_by == "alice@example.com"
    watch(zone)
    assert alarm_text(zone) == ""


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (timedelta(days=40), ""),
        (timedelta(days=20), "less than 30 days"),
        (timedelta(days=5), "less than 7 days"),
        (timedelta(days=-1), "expired at"),
    ],
)
def test_an_expiry_that_is_near_raises_an_alarm(zone: Zone, registry: Registry, left, words):
    registry.register(zone.name, "active", expires_at=timezone.now() + left)
    watch(zone)
    assert words in alarm_text(zone)
    assert bool(words) == bool(alarm_text(zone))


def test_a_registry_that_is_away_is_shown_and_nothing_else(zone: Zone, registry: Registry):
    watch(zone)
    registry.pages.clear()
    registry.pages[f"/domain/{zone.name}"] = 500
    delegation = watch(zone)
    assert "status 500" in delegation.registry_failure
    assert (delegation.expires_at, alarm_text(zone)) == (FAR, "")


def test_one_registry_that_is_away_costs_no_other_zone(zone: Zone, registry: Registry):
    other = Zone.objects.create(name="other.example", primary=zone.primary)
    registrations.watch([other, zone])
    assert Delegation.objects.get(zone=zone).expires_at == FAR
    assert Delegation.objects.get(zone=other).registry_failure


def test_an_expiry_beyond_all_years_blinds_nobody(zone: Zone, registry: Registry):
    """The row would be written, and neither watch could read it again."""
    watch(zone)
    registry.pages[f"/domain/{zone.name}"] = response(zone.name, "active") | expiring("9999-12-31T23:59:59-05:00")
    delegation = watch(zone)
    assert "out of range" in delegation.registry_failure
    assert delegation.expires_at == FAR


def test_an_error_that_nobody_thought_of_costs_no_other_zone(zone: Zone, registry: Registry, monkeypatch):
    other = Zone.objects.create(name="other.example", primary=zone.primary)
    registry.register(other.name, "active")
    find = registries.find

    def fail_for_other(apex: str) -> Registration:
        if apex == other.name:
            raise RuntimeError("A registry that answers in verse.")
        return find(apex)

    monkeypatch.setattr(registries, "find", fail_for_other)
    registrations.watch([other, zone])
    assert Delegation.objects.get(zone=zone).expires_at == FAR
    assert "RuntimeError" in Delegation.objects.get(zone=other).registry_failure


def test_zones_that_were_not_asked_for_longest_come_first(zone: Zone, registry: Registry):
    old, new = (Zone.objects.create(name=f"{label}.example", primary=zone.primary) for label in ("old", "new"))
    for each, hours in ((zone, 1), (old, 2)):
        Delegation.objects.create(zone=each, registry_checked_at=timezone.now() - timedelta(hours=hours))
    for each in (old, new):
        registry.register(each.name, "active")
    registrations.watch([zone, old, new])
    assert registry.asked == [f"/domain/{each.name}" for each in (new, old, zone)]
