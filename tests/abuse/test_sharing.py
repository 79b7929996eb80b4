"""Feeds for partners: each sees up to its level after its delay, is told of what was taken back, and says what it saw."""

import csv
import io
import json
import uuid
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from abuse import decisions, intake, partners, shared_feeds, shared_names, sightings, timeline
from abuse.models import Case, LedgerEntry, Message, Partner, SharedName, Sighting
from ddns.models import Hostname
from dnsupdate.models import Alarm
from tests.abuse.partner_rows import later, ordered, partner, settle, suspended
from tests.abuse.stories import open_case
from tests.people import logged_in

pytestmark = pytest.mark.django_db

INDICATORS, NAMES, SIGHTINGS = (f"/api/v1/sharing/{each}" for each in ("indicators", "names.csv", "sightings"))
AMBER = "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421"


@pytest.fixture
def cert(db) -> Partner:
    return partner(delay_minutes=0)


@pytest.fixture
def key(cert: Partner, root) -> str:
    return partners.rotate_key(cert, by=root)


def get(path: str, key: str, **headers: str):
    return Client().get(path, headers={"Authorization": f"Bearer {key}", **headers})


def post(body: Any, key: str, content_type: str = "application/json"):
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return Client().post(SIGHTINGS, json.dumps(body), content_type=content_type, headers=headers)


def indicators(answer) -> dict[str, dict]:
    return {each["name"]: each for each in answer.json()["objects"] if each["type"] == "indicator"}


@pytest.fixture
def shared(cert, home: Hostname, root) -> SharedName:
    suspended(home, root)
    shared_names.settle(later(seconds=0))
    return SharedName.objects.get()


@pytest.mark.parametrize("path", [INDICATORS, NAMES])
def test_a_stranger_a_wrong_key_and_a_customers_session_get_nothing(shared, path, alice, root):
    assert Client().get(path).status_code == 401
    assert get(path, "x" * 40).status_code == 401
    assert logged_in(alice).get(path).status_code == 401
    assert logged_in(root).get(path).status_code == 401
    assert Client().post(SIGHTINGS, "{}", content_type="application/json").status_code == 401


def test_a_suspended_name_is_an_indicator_that_our_own_reader_understands(key, shared):
    answer = get(INDICATORS, key)
    assert answer.headers["Content-Type"] == "application/stix+json;version=2.1"
    assert answer.headers["Cache-Control"] == "private, no-cache"
    found = indicators(answer)["home.ddns.test"]
    assert found["pattern"] == "[domain-name:value = 'home.ddns.test']"
    assert (found["id"], found.get("revoked")) == (shared_feeds.indicator_id(shared.pk), None)
    assert uuid.UUID(found["id"].removeprefix("indicator--")).version == 5
    assert found["id"] == indicators(get(INDICATORS, key))["home.ddns.test"]["id"]
    assert found["modified"] >= found["created"] >= found["valid_from"]
    kinds = [each["type"] for each in answer.json()["objects"]]
    assert kinds == ["identity", "marking-definition", "indicator"]
    parsed = intake.parse(answer.content, content_type="application/stix+json", door="api", kind="")
    assert [subject.name for draft in parsed.drafts for subject in draft.subjects] == ["home.ddns.test"]


def test_what_is_reinstated_comes_once_more_as_revoked_and_is_no_longer_in_the_list(key, shared, root):
    seen = shared.changed_at.isoformat()
    decision = shared.hostname.suspensions.get().decision
    decisions.undo(decision, reason="mistake", by=root)
    shared_names.settle(later(seconds=1))
    found = indicators(get(f"{INDICATORS}?since={seen.replace('+', '%2B')}", key))["home.ddns.test"]
    assert found["revoked"] is True
    assert found["id"] == shared_feeds.indicator_id(shared.pk)
    assert indicators(get(INDICATORS, key)) == {}
    assert get(NAMES, key).text.splitlines() == ["name,category,since,shared_at,tlp"]


def test_a_partner_sees_up_to_its_level_and_after_its_own_delay(cert, key, home, foreign, root):
    slow = partner("Slow", tlp="amber", delay_minutes=60)
    ordered([home], root)
    suspended(foreign, root)
    settle(seconds=0)
    assert set(indicators(get(INDICATORS, key))) == {"bob.ddns.test"}
    assert shared_feeds.page(slow, since=None, now=later(minutes=59)).rows == []
    rows = shared_feeds.page(slow, since=None, now=later(minutes=61)).rows
    assert {row.hostname.name for row in rows} == {"bob.ddns.test", "home.ddns.test"}
    marked = {row.hostname.name: shared_feeds.indicator(row)["object_marking_refs"] for row in rows}
    assert marked["home.ddns.test"] == [AMBER]


def test_what_was_taken_back_before_a_partner_knew_it_never_learns(home, root, cert):
    slow = partner("Slow", delay_minutes=60)
    decision = suspended(home, root)
    settle(seconds=0)
    decisions.undo(decision, reason="mistake", by=root)
    settle(minutes=1)
    assert SharedName.objects.get().withdrawn_at is not None
    assert not shared_feeds.visible(slow, later(days=1)).exists()
    assert shared_feeds.visible(cert, later(days=1)).exists()


def test_csv_has_a_line_for_each_name(key, shared):
    answer = get(NAMES, key)
    assert answer.headers["Content-Type"].startswith("text/csv; charset=utf-8")
    (row,) = csv.DictReader(io.StringIO(answer.text))
    assert (row["name"], row["category"], row["tlp"]) == ("home.ddns.test", "content/phishing", "TLP:GREEN")


@pytest.mark.parametrize("path", [INDICATORS, NAMES])
def test_who_has_it_already_is_told_so_until_something_changes(key, shared, foreign, root, path):
    etag = get(path, key).headers["ETag"]
    again = get(path, key, **{"If-None-Match": etag})
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", etag)
    suspended(foreign, root)
    settle(seconds=0)
    assert get(path, key, **{"If-None-Match": etag}).status_code == 200


def test_many_come_in_parts_that_link_to_each_other(key, home, foreign, root, monkeypatch):
    monkeypatch.setattr(shared_feeds, "PAGE", 1)
    for each in (home, foreign):
        suspended(each, root)
    settle(seconds=0)
    first = get(INDICATORS, key)
    link = first.headers["Link"].partition(">")[0].removeprefix("<").partition("/api")[2]
    second = get(f"/api{link}", key)
    assert "Link" not in second.headers
    assert {*indicators(first), *indicators(second)} == {"home.ddns.test", "bob.ddns.test"}


@pytest.mark.parametrize("query", ["since=yesterday", "since=2026-11-25T08:00:00", "after=-1", "after=x"])
def test_a_question_that_makes_no_sense_is_refused(key, query):
    assert get(f"{INDICATORS}?{query}", key).status_code == 400


def test_a_partner_is_limited_by_its_key(key, shared, settings):
    settings.PARTNER_REQUESTS_PER_KEY = 2
    assert [get(NAMES, key).status_code for _ in range(3)] == [200, 200, 429]


def test_a_false_positive_opens_an_alarm_is_noted_on_the_case_and_settled_by_a_person(key, shared, oscar, root):
    body = {"sightings": [{"name": "HOME.ddns.test", "kind": "false_positive", "note": "My doorbell", "id": "1"}]}
    answer = post(body, key)
    assert (answer.status_code, answer.json()) == (202, {"accepted": 1, "repeated": 0, "errors": []})
    assert post(body, key).json()["repeated"] == 1
    assert Alarm.objects.open().filter(kind=Alarm.Kind.SIGHTING).exists()
    assert "My doorbell" in Message.objects.get(case=Case.objects.get(), side="note").text

    said = [each.text for each in timeline.of(Case.objects.get()).entries]
    assert "The partner Example CERT says that it is innocent: My doorbell" in said

    row = Sighting.objects.get()
    address = reverse("admin:abuse_sighting_settle", args=[row.pk])
    assert "home.ddns.test" in logged_in(oscar).get(address).text
    logged_in(oscar).post(address, {"reason": "It is no doorbell."})
    row.refresh_from_db()
    assert (row.settled_by, row.settlement) == (oscar, "It is no doorbell.")
    assert LedgerEntry.objects.filter(action="settle-sighting").exists()
    assert not Alarm.objects.open().filter(kind=Alarm.Kind.SIGHTING).exists()


def test_stix_sightings_and_opinions_are_read_by_the_indicator(key, shared):
    ref = shared_feeds.indicator_id(shared.pk)
    common = {"spec_version": "2.1", "created": "2026-11-25T08:00:00Z", "modified": "2026-11-25T08:00:00Z"}
    bundle = {
        "type": "bundle",
        "id": "bundle--0f5c4f6e-8f0e-4d6a-9f1b-1c115d7b7f9c",
        "objects": [
            {"type": "sighting", "id": "sighting--1", "sighting_of_ref": ref, "count": 12, **common},
            {"type": "opinion", "id": "opinion--1", "opinion": "strongly-disagree", "object_refs": [ref], **common},
            {"type": "opinion", "id": "opinion--2", "opinion": "agree", "object_refs": [ref], **common},
            {"type": "malware", "id": "malware--1", **common},
        ],
    }
    answer = post(bundle, key, "application/stix+json")
    assert answer.json()["accepted"] == 2
    assert [each["position"] for each in answer.json()["errors"]] == [2, 3]
    assert set(Sighting.objects.values_list("kind", "count")) == {("seen", 12), ("false_positive", 1)}


def test_a_name_that_is_not_shared_is_unknown_be_it_ours_or_not(key, shared, foreign):
    answers = [
        post({"sightings": [{"name": name, "kind": "false_positive"}]}, key)
        for name in ("bob.ddns.test", "never.example")
    ]
    assert [each.status_code for each in answers] == [422, 422]
    assert answers[0].json()["errors"] == answers[1].json()["errors"]
    assert not Sighting.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        {"sightings": []},
        {"sightings": [{"name": "home.ddns.test"}] * 1001},
        {"objects": "x"},
    ],
)
def test_what_is_no_list_of_sightings_is_refused(key, shared, body):
    assert post(body, key).status_code == 400


@pytest.mark.parametrize(
    "each",
    [
        {"name": "home.ddns.test", "kind": "liked"},
        {"name": "home.ddns.test", "count": 0},
        {"name": "home.ddns.test", "count": True},
        {"name": "a b"},
        {"nom": "home.ddns.test"},
        7,
    ],
)
def test_one_that_cannot_be_read_says_why(key, shared, each):
    answer = post({"sightings": [each, {"name": "home.ddns.test"}]}, key)
    assert answer.json()["accepted"] == 1
    assert answer.json()["errors"][0]["position"] == 0


def test_a_restricted_case_about_the_same_name_is_not_spoken_of(key, shared, root):
    restricted = open_case(shared.hostname, "content/csam")
    decisions.take(restricted, action="suspend", reason="named people know", by=root)
    post({"sightings": [{"name": "home.ddns.test", "kind": "false_positive"}]}, key)
    assert sightings.case_of(Sighting.objects.get()).route == "suspect"
    assert not Message.objects.filter(case=restricted).exists()


def test_a_flood_of_false_positives_is_one_alarm(key, shared):
    body = {"sightings": [{"name": "home.ddns.test", "kind": "false_positive"}] * 3}
    post(body, key)
    text = Alarm.objects.get(kind=Alarm.Kind.SIGHTING).text
    post(body, key)
    assert Alarm.objects.get(kind=Alarm.Kind.SIGHTING).text == text
    assert sightings.case_of(Sighting.objects.first()) is not None
