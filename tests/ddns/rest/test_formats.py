"""What comes in is JSON of a size and depth that somebody means, and what goes out is JSON, errors included."""

import gzip

import pytest
from django.db import OperationalError

from ddns.rest import problems
from ddns.rest.formats import MAX_BODY_OCTETS
from tests.ddns.rest.programs import Program, problem

HOME = "/hostnames/home.ddns.test"


@pytest.mark.parametrize(
    "body",
    [b"{", b"{}x", b"{'a': 1}", b'{"a": NaN}', b'{"ttl": Infinity}', b"\xff", b"\x00", b'{"\\u0000": 1}', b'{"a": "\\ud800"}',
     b'{"a": ["\\u0000"]}', b"[" * 20, b"[" * 9 + b"]" * 9, b"[" * 200_000, b'{"a":' * 100_000, b"1" * 100_000,
     gzip.compress(b"{}")],
)  # fmt: skip
def test_what_is_no_json_that_can_be_stored_is_refused(program, home, body):
    assert problem(program.patch(HOME, body)) == (400, "invalid")


def test_body_that_is_too_big_is_refused(program, home):
    assert problem(program.patch(HOME, b" " * (MAX_BODY_OCTETS + 1))) == (413, "too-big")


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "x", "text/json"],
)
def test_body_of_another_type_is_refused(program, home, content_type):
    assert problem(program.patch(HOME, b"{}", Content_Type=content_type)) == (415, "not-json")


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "*/*", "application/json;q=0", "garbage", ""])
def test_answer_is_json_whatever_is_accepted(program, home, accept):
    response = program.get(HOME, Accept=accept)

    assert (response.status_code, response["Content-Type"]) == (200, "application/json")


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_what_does_not_exist_is_a_problem_for_everybody(db, method):
    for path in ("/nothing", "/hostnames/", "/hostnames//", "//", "/admin/", "/%00", "/hostnames/a/b/c/d"):
        assert problem(Program().send(method, path)) == (404, "not-found")


@pytest.mark.parametrize(
    ("method", "path"), [("PUT", HOME), ("DELETE", "/hostnames"), ("POST", "/account"), ("TRACE", HOME)]
)
def test_method_that_there_is_not_is_a_problem_that_says_which_there_are(program, home, method, path):
    response = program.send(method, path)

    assert problem(response) == (405, "method-not-allowed")
    assert "GET" in response["Allow"]


def test_head_has_the_headers_of_get_and_no_body(program, home):
    got, headed = program.get(HOME), program.send("HEAD", HOME)

    assert headed.content == b""
    assert (headed.status_code, headed["ETag"]) == (200, got["ETag"])


def test_options_say_the_methods(program, home):
    response = program.send("OPTIONS", HOME)

    assert (response.status_code, response.content) == (204, b"")
    assert set(response["Allow"].split(", ")) == {"GET", "PATCH", "DELETE", "HEAD", "OPTIONS"}


def test_failure_of_ours_is_a_problem_that_says_nothing_of_it(program, home, monkeypatch, caplog):
    def fail(*_, **__):
        raise RuntimeError("broken within")

    monkeypatch.setattr("ddns.rest.views.normalise", fail)
    response = program.get(HOME)

    assert problem(response) == (500, "internal-error")
    assert b"broken" not in response.content
    assert "broken within" in caplog.text


def test_outage_of_the_database_is_a_problem_that_passes(program, home, monkeypatch):
    def fail(*_, **__):
        raise OperationalError("the connection is lost")

    monkeypatch.setattr("ddns.rest.views.normalise", fail)
    response = program.get(HOME)

    assert problem(response) == (503, "outage")
    assert response["Retry-After"] == "10"


def test_every_kind_of_problem_has_a_page(db):
    for kind in problems.kinds():
        path = kind.uri.partition("/api/v1")[2]
        assert Program().get(path).json() == {"type": kind.uri, "title": str(kind.title), "status": kind.status}
    assert len(Program().get("/problems").json()["results"]) == len(problems.kinds())
    assert problem(Program().get("/problems/none")) == (404, "not-found")


def test_update_paths_are_answered_before(alice, home):
    """/api/update belongs to an update protocol; this API begins below /api/v1/."""
    assert Program().client.get("/api/update").status_code == 404
