"""Idempotency-Key: the same request is done once and answered the same, whoever sends it how often."""

from datetime import timedelta
from functools import partial

import pytest
from django.db import connection
from django.utils import timezone

from ddns import idempotent_requests, keys
from ddns.errors import RequestUnderWay
from ddns.models import Hostname, IdempotentRequest, UpdateKey
from tests.ddns.rest.programs import Program, problem
from tests.ddns.test_races import Together

KEY = {"Idempotency_Key": "8e03978e-40d5-43dd-bc93-6894a57f9324"}
HOME = "/hostnames/home.ddns.test"


def test_request_that_comes_again_is_answered_the_same_and_not_done_again(program, domain):
    first = program.post("/hostnames", {"name": "new.ddns.test"}, **KEY)
    again = program.post("/hostnames", {"name": "new.ddns.test"}, **KEY)

    assert (again.status_code, again.content) == (201, first.content)
    assert (again["ETag"], again["Location"], again["Idempotency-Replayed"]) == (
        first["ETag"],
        first["Location"],
        "true",
    )
    assert "Idempotency-Replayed" not in first
    assert "RateLimit" in again
    assert Hostname.objects.count() == 1


def test_answers_are_kept_of_so_many_requests_of_an_account_and_no_more(program, stranger, home, monkeypatch):
    """Whoever sends nothing but keys must not fill the database with what was answered."""
    monkeypatch.setattr(idempotent_requests, "KEPT_PER_ACCOUNT", 2)
    for name in ("first", "second"):
        assert program.patch(HOME, {"ttl": 60}, Idempotency_Key=name).status_code == 200

    assert problem(program.patch(HOME, {"ttl": 90}, Idempotency_Key="third")) == (403, "too-many-idempotency-keys")
    assert program.patch(HOME, {"ttl": 60}, Idempotency_Key="first")["Idempotency-Replayed"] == "true"
    assert program.patch(HOME, {"ttl": 90}).status_code == 200
    assert stranger.post("/groups", {"name": "his"}, Idempotency_Key="third").status_code == 201
    assert IdempotentRequest.objects.count() == 3


def test_key_in_quotes_is_the_same_key(program, domain):
    program.post("/groups", {"name": "sites"}, Idempotency_Key="abc")

    assert program.post("/groups", {"name": "sites"}, Idempotency_Key='"abc"').status_code == 201


def test_problem_is_answered_again_too(program, home):
    first = program.patch(HOME, {"ttl": 1}, **KEY)
    again = program.patch(HOME, {"ttl": 1}, **KEY)

    assert problem(again) == problem(first) == (400, "invalid-record")


def test_answer_without_a_body_is_answered_again_too(program, home):
    answers = [program.delete(HOME, **KEY) for _ in range(2)]

    assert [(response.status_code, response.content) for response in answers] == [(204, b"")] * 2


@pytest.mark.parametrize(
    ("method", "path", "body", "headers"),
    [
        ("PATCH", HOME, {"ttl": 61}, {}),
        ("PATCH", "/hostnames/office.ddns.test", {"ttl": 60}, {}),
        ("PATCH", f"{HOME}?wait=0", {"ttl": 60}, {}),
        ("PATCH", HOME, {"ttl": 60}, {"If_Match": '"x"'}),
        ("POST", "/groups", {"ttl": 60}, {}),
    ],
)
def test_key_that_came_with_another_request_is_refused(program, home, office, method, path, body, headers):
    program.patch(HOME, {"ttl": 60}, **KEY)

    assert problem(program.send(method, path, body, **KEY, **headers)) == (422, "request-differs")


def test_narrower_key_is_not_told_what_another_one_was_answered(program, helper, alice):
    made = program.post("/keys", {"label": "secret"}, **KEY)
    response = helper.post("/keys", {"label": "secret"}, **KEY)

    assert problem(response) == (422, "request-differs")
    assert made.json()["key"].encode() not in response.content


def test_same_key_of_another_account_is_another_request(program, stranger):
    assert program.post("/groups", {"name": "sites"}, **KEY).status_code == 201
    assert stranger.post("/groups", {"name": "sites"}, **KEY).status_code == 201
    assert IdempotentRequest.objects.count() == 2


def test_text_of_a_key_is_not_readable_in_the_database(program):
    text = program.post("/keys", {"label": "router"}, **KEY).json()["key"]

    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(row::text, ' ') FROM ddns_idempotentrequest row")
        assert text not in cursor.fetchone()[0]
    assert program.post("/keys", {"label": "router"}, **KEY).json()["key"] == text


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 256, 'a"b', "ä"])
def test_what_is_no_key_is_refused(program, key):
    assert problem(program.post("/groups", {"name": "sites"}, Idempotency_Key=key)) == (400, "invalid")


def test_method_that_there_is_not_takes_no_notice_of_it(program, home):
    program.patch(HOME, {"ttl": 60}, **KEY)

    assert problem(program.put(HOME, {"ttl": 61}, **KEY)) == (405, "method-not-allowed")


def test_reading_takes_no_notice_of_it(program, home):
    assert program.get(HOME, **KEY).status_code == 200
    assert not IdempotentRequest.objects.exists()


def test_request_that_is_being_answered_is_told_to_wait(program, alice, home):
    program.patch(HOME, {"ttl": 60}, **KEY)
    IdempotentRequest.objects.update(status=None)
    response = program.patch(HOME, {"ttl": 60}, **KEY)

    assert problem(response) == (409, "request-under-way")
    assert response["Retry-After"] == "1"


def test_request_whose_process_died_is_done_again(program, home):
    program.patch(HOME, {"ttl": 60}, **KEY)
    died_at = timezone.now() - idempotent_requests.CLAIM_ENDS_AFTER - timedelta(seconds=1)
    IdempotentRequest.objects.update(status=None, claimed_at=died_at)

    assert program.patch(HOME, {"ttl": 90}, **KEY).json()["ttl"] == 90
    assert IdempotentRequest.objects.get().status == 200


def test_key_may_be_used_anew_after_its_time(program, home):
    program.patch(HOME, {"ttl": 60}, **KEY)
    IdempotentRequest.objects.update(claimed_at=timezone.now() - idempotent_requests.KEPT - timedelta(seconds=1))

    assert program.patch(HOME, {"ttl": 90}, **KEY).json()["ttl"] == 90


def test_failure_of_ours_is_not_kept(program, home, monkeypatch):
    def fail(*_, **__):
        raise RuntimeError("broken")

    with monkeypatch.context() as patched:
        patched.setattr("ddns.hostname_changes.apply", fail)
        assert problem(program.patch(HOME, {"ttl": 60}, **KEY)) == (500, "internal-error")

    assert program.patch(HOME, {"ttl": 60}, **KEY).status_code == 200


def test_purge_leaves_what_may_come_again(program, alice, home):
    program.patch(HOME, {"ttl": 60}, **KEY)
    program.patch(HOME, {"ttl": 61}, Idempotency_Key="old")
    IdempotentRequest.objects.filter(key="old").update(claimed_at=timezone.now() - timedelta(hours=25))

    assert idempotent_requests.purge(timezone.now()) == 1
    assert IdempotentRequest.objects.get().key == KEY["Idempotency_Key"]


def test_answer_of_whoever_lost_the_claim_is_not_kept(alice):
    claimed = idempotent_requests.claim(alice, key="x", digest=b"1" * 32)
    IdempotentRequest.objects.update(claimed_at=timezone.now() + timedelta(seconds=1))
    idempotent_requests.answer(claimed, idempotent_requests.Answer(200, {}, {}))

    with pytest.raises(RequestUnderWay):
        idempotent_requests.claim(alice, key="x", digest=b"1" * 32)


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_one_is_done(alice):
    text = keys.create(alice, label="program", permission="manage")[1]
    send = partial(Program(text).post, "/keys", {"label": "made"}, **KEY)
    with Together(send, send, send, send) as together:
        pass

    statuses = {response.status_code for response in together.results}
    assert statuses <= {201, 409}
    assert 201 in statuses
    assert UpdateKey.objects.filter(label="made").count() == 1
