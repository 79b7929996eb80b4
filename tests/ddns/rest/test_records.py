"""Records by REST: listed, added, replaced as RRsets, removed; published with the hostname."""

import pytest

from ddns.models import Record
from dnsupdate.models import Publication
from tests.ddns.rest.programs import fields, problem

HOME = "/hostnames/home.ddns.test"


def published(name: str = "home.ddns.test") -> dict:
    return Publication.objects.get(name=name).rrsets


def test_record_is_added_shown_and_removed(program, home):
    response = program.post(f"{HOME}/records", {"type": "TXT", "rdata": "hello", "ttl": 120})
    assert response.status_code == 201
    made = response.json()
    assert (made["label"], made["type"], made["rdata"], made["ttl"]) == ("", "TXT", '"hello"', 120)
    assert published() == {"TXT": {"ttl": 120, "rdata": ['"hello"']}}
    assert [each["id"] for each in program.get(f"{HOME}/records").json()["results"]] == [made["id"]]
    assert program.get(f"{HOME}/records/{made['id']}").json()["rdata"] == '"hello"'

    assert program.delete(f"{HOME}/records/{made['id']}").status_code == 204
    assert published() == {}
    assert problem(program.get(f"{HOME}/records/{made['id']}")) == (404, "not-found")


def test_rrset_is_replaced_as_a_whole(program, home):
    place = f"{HOME}/rrsets/_acme-challenge/TXT"
    assert program.put(place, {"rdata": ["one", "two"]}).json()["rdata"] == ['"one"', '"two"']
    assert program.put(place, {"rdata": ["three"], "ttl": 60}).json() == {
        "label": "_acme-challenge", "type": "TXT", "ttl": 60, "rdata": ['"three"'], "dns": None,
    }  # fmt: skip
    assert published("_acme-challenge.home.ddns.test")["TXT"]["rdata"] == ['"three"']
    assert program.get(place).json()["rdata"] == ['"three"']

    assert program.delete(place).status_code == 204
    assert program.delete(place).status_code == 204
    assert problem(program.get(place)) == (404, "not-found")
    assert published("_acme-challenge.home.ddns.test") == {}


def test_at_sign_is_the_hostname_itself(program, home):
    assert program.put(f"{HOME}/rrsets/@/mx", {"rdata": ["10 mail.example.com."]}).json()["label"] == ""
    assert published()["MX"]["rdata"] == ["10 mail.example.com."]


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ({"type": "TXT"}, (400, "invalid")),
        ({"type": "NS", "rdata": "ns.example.com."}, (400, "invalid")),
        ({"type": "txt", "rdata": "x"}, (400, "invalid")),
        ({"type": "A", "rdata": "x"}, (400, "invalid-record")),
        ({"type": "MX", "rdata": "mail"}, (400, "invalid-record")),
        ({"type": "TXT", "rdata": "x", "label": "a b"}, (400, "invalid-record")),
        ({"type": "TXT", "rdata": "x", "label": "*"}, (400, "invalid-record")),
        ({"type": "TXT", "rdata": "x", "ttl": 1}, (400, "invalid-record")),
        ({"type": "TXT", "rdata": "x" * 1000}, (400, "invalid-record")),
        ({"type": "TXT", "rdata": 7}, (400, "invalid")),
        ({"type": "TXT", "rdata": "x", "label": 7}, (400, "invalid")),
    ],
)
def test_record_that_cannot_stand_is_refused(program, home, body, answer):
    assert problem(program.post(f"{HOME}/records", body)) == answer
    assert not Record.objects.exists()


def test_cname_stands_alone(program, home):
    program.post(f"{HOME}/records", {"type": "TXT", "rdata": "x"})

    assert problem(program.post(f"{HOME}/records", {"type": "CNAME", "rdata": "example.com."})) == (
        400,
        "invalid-record",
    )


@pytest.mark.parametrize("rdata", [[], ["x"] * 101, "x", [7], None])
def test_rrset_has_some_records_and_not_too_many(program, home, rdata):
    response = program.put(f"{HOME}/rrsets/@/TXT", {"rdata": rdata})

    assert problem(response) == (400, "invalid")
    assert fields(response)[0].startswith("rdata")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_rrset_that_nobody_can_have_is_not_found(program, home, method):
    for place in ("@/NS", "@/%00", "a%20b/TXT", "%00/TXT", "*/TXT", "a.b.c.d.e.f/TXT"):
        assert problem(program.send(method, f"{HOME}/rrsets/{place}", {"rdata": ["x"]})) == (404, "not-found")


def test_hostname_that_has_all_its_records_is_said_so(program, home, settings):
    settings.PLANS = {"free": {"hostnames": 5, "records": 1}}
    program.post(f"{HOME}/records", {"type": "TXT", "rdata": "one"})

    assert problem(program.post(f"{HOME}/records", {"type": "TXT", "rdata": "two"})) == (403, "too-many-records")
    assert Record.objects.count() == 1


def test_record_of_another_hostname_is_not_found_here(program, home, office):
    made = program.post(f"{HOME}/records", {"type": "TXT", "rdata": "x"}).json()
    elsewhere = f"/hostnames/office.ddns.test/records/{made['id']}"

    assert problem(program.get(elsewhere)) == (404, "not-found")
    assert problem(program.delete(elsewhere)) == (404, "not-found")
    assert Record.objects.exists()
