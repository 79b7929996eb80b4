"""Reports by the API: stored before they are answered, once however often they come, refused with everything that is wrong."""

import json
import uuid
from datetime import timedelta
from threading import BoundedSemaphore
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from abuse import categories, receipts, reporter_keys, reporter_links, reports, submissions
from abuse.models import Report, Reporter, ReporterKey, Submission
from abuse.rest import bodies
from ddns import keys

pytestmark = pytest.mark.django_db

PATH = "/api/v1/reports"
REPORT: dict[str, Any] = {
    "xarf_version": "4.2.0",
    "report_id": "5d7b7f9c-0f5c-4f6e-8f0e-0d6a3f9b1c11",
    "timestamp": "2026-11-25T08:00:00Z",
    "reporter": {"org": "CERT Example", "contact": "trudy@cert.example", "domain": "cert.example"},
    "sender": {"org": "CERT Example", "contact": "trudy@cert.example", "domain": "cert.example"},
    "source_identifier": "evil.ddns.test",
    "category": "content",
    "type": "phishing",
    "url": "https://evil.ddns.test/login",
}
JSON = "application/json"


@pytest.fixture
def cert(db) -> Reporter:
    return Reporter.objects.create(identity="org:cert.example", kind="organisation", name="CERT Example")


@pytest.fixture
def key(cert, root) -> str:
    return reporter_keys.create(cert, label="scanner", by=root)[1]


def post(body: Any = REPORT, *, key: str = "", content_type: str = JSON, query: str = "", **headers: str):
    content = body if isinstance(body, bytes | str) else json.dumps(body)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if key:
        named["Authorization"] = f"Bearer {key}"
    return Client().post(PATH + query, content, content_type=content_type, headers=named)


def get(path: str, key: str = ""):
    return Client().get(path, headers={"Authorization": f"Bearer {key}"} if key else {})


def report_in(submission: Submission, position: int = 0, **fields: Any) -> Report:
    reporter = submission.reporter or Reporter.objects.get_or_create(identity="anonymous", kind="anonymous")[0]
    return Report.objects.create(
        submission=submission,
        position=position,
        reporter=reporter,
        category=categories.of("content/phishing"),
        kind="content/phishing",
        name=f"n{position}.ddns.test",
        evidence_at=timezone.now(),
        received_at=timezone.now(),
        fingerprint="0" * 64,
        **fields,
    )


def test_report_is_stored_as_it_came_and_answered_with_a_receipt_that_holds(key, cert):
    octets = b" " + json.dumps(REPORT, indent=3).encode() + b"\n"
    answer = post(octets, key=key)
    assert answer.status_code == 202
    submission = Submission.objects.get(pk=answer.json()["id"])
    assert bytes(submission.blob.content) == octets
    assert (submission.door, submission.reporter, submission.content_type) == ("api", cert, JSON)
    held = receipts.verify(answer.json()["receipt"], receipts.keys_of(receipts.published_keys()))
    assert held["sha256"] == answer.json()["sha256"] == submission.blob_id
    assert answer["Location"].endswith(f"{PATH}/{submission.pk}")


def test_report_of_nobody_in_particular_is_taken_too():
    answer = post()
    assert answer.status_code == 202
    assert Submission.objects.get(pk=answer.json()["id"]).reporter is None


LIST = b"evil.ddns.test\nother.ddns.test\n"
FORMATS = {
    "text/plain": LIST,
    "text/csv": b"id,url\n1,https://evil.ddns.test/\n2,https://other.ddns.test/\n",
    "application/stix+json": json.dumps(
        {
            "type": "bundle",
            "id": "bundle--5d7b7f9c-0f5c-4f6e-8f0e-0d6a3f9b1c11",
            "objects": [
                {
                    "type": "indicator",
                    "spec_version": "2.1",
                    "id": "indicator--5d7b7f9c-0f5c-4f6e-8f0e-0d6a3f9b1c12",
                    "created": "2026-11-25T08:00:00Z",
                    "modified": "2026-11-25T08:00:00Z",
                    "pattern": "[domain-name:value = 'evil.ddns.test']",
                    "pattern_type": "stix",
                    "valid_from": "2026-11-25T08:00:00Z",
                }
            ],
        }
    ).encode(),
    "application/misp+json": json.dumps(
        {"Event": {"info": "x", "Attribute": [{"type": "domain", "value": "evil.ddns.test"}]}}
    ).encode(),
    "message/rfc822": b"From: trudy@cert.example\nSubject: x\n\nhttps://evil.ddns.test/ is phishing.\n",
    "application/xarf+json": json.dumps([REPORT]).encode(),
}


@pytest.mark.parametrize("content_type", FORMATS)
def test_every_format_is_stored_under_its_type(key, content_type: str):
    answer = post(FORMATS[content_type], key=key, content_type=content_type, query="?kind=content/malware")
    submission = Submission.objects.get(pk=answer.json()["id"])
    assert (answer.status_code, submission.content_type) == (202, content_type)
    assert submission.default_kind == "content/malware"


@pytest.mark.parametrize(
    ("body", "content_type", "status", "kind"),
    [
        (b"{", JSON, 422, "unreadable-report"),
        (b'{"a": NaN}', JSON, 422, "unreadable-report"),
        (b"\xff\xfe\xfd", JSON, 422, "unreadable-report"),
        (b"[" * 400_000, JSON, 422, "unreadable-report"),
        (b"[" * 600_000, JSON, 413, "too-many-reports"),
        (b"7", JSON, 422, "unreadable-report"),
        (b"{}", JSON, 422, "unreadable-report"),
        (b"[]", JSON, 422, "unreadable-report"),
        (b"[" + b"{}," * 1000 + b"{}]", JSON, 413, "too-many-reports"),
        (b" \n", "text/csv", 422, "unreadable-report"),
        (b"PK\x03\x04", "text/plain", 422, "unreadable-report"),
        (b'{"a": 1}', JSON, 422, "unreadable-report"),
        (b"{}", "application/octet-stream", 415, "not-a-report-type"),
        (b"a=b", "application/x-www-form-urlencoded", 415, "not-a-report-type"),
        (b"{}", "", 415, "not-a-report-type"),
    ],
)
def test_what_is_no_report_is_refused_clearly_and_not_stored(key, body, content_type, status, kind):
    answer = post(body, key=key, content_type=content_type)
    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (status, kind)
    assert answer["Content-Type"] == "application/problem+json"
    assert not Submission.objects.exists()
    assert get(f"/api/v1/problems/{kind}").status_code == 200


def test_empty_report_is_refused(key):
    answer = Client().post(PATH, b"", JSON, CONTENT_TYPE=JSON, headers={"Authorization": f"Bearer {key}"})
    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (400, "empty-report")


def test_everything_that_is_wrong_is_said_with_its_place(key):
    answer = post([REPORT, 7, {}, "x"], key=key)
    assert [(each["field"], each["detail"]) for each in answer.json()["errors"]] == [
        ("[1]", "A report is an object."),
        ("[2]", "The object is empty."),
        ("[3]", "A report is an object."),
    ]
    broken = post(b'{\n  "a": 1,\n  b}', key=key)
    assert broken.json()["errors"][0]["field"].startswith("line 3, column 3")


def test_everything_that_the_schema_says_is_told_where_a_report_names_nothing(key):
    answer = post({"xarf_version": "4.2.0", "category": "content", "type": "phishing", "timestamp": 7}, key=key)
    found = answer.json()["errors"]
    assert answer.status_code == 422
    assert "names no host" in found[0]["detail"]
    assert {"timestamp", "report_id"} <= {each["field"] for each in found} | {
        word for each in found for word in each["detail"].replace("'", " ").split()
    }


def test_what_is_odd_and_can_be_read_is_taken_with_warnings(key):
    """A wrong hash, a field against the schema: shown, and no reason to lose a report."""
    odd = REPORT | {"evidence": [{"content_type": "text/plain", "payload": "eA==", "hash": "sha256:" + "0" * 64}]}
    answer = post(odd, key=key)
    assert answer.status_code == 202
    assert len(answer.json()["warnings"]) == 1
    assert post(key=key).json()["warnings"] == []


def test_report_is_stored_though_the_parser_breaks(key, monkeypatch):
    monkeypatch.setattr("abuse.intake.parse", lambda *args, **options: 1 / 0)
    assert post(key=key).status_code == 202


def test_report_is_read_into_a_case(key, home, cert):
    url = post(REPORT | {"source_identifier": home.name, "url": f"https://{home.name}/login"}, key=key).json()["url"]
    reports.read_all()
    status = get(url, key).json()
    assert (status["state"], status["format"]) == ("read", "xarf")
    (report,) = status["reports"]
    assert (report["name"], report["state"], report["kind"]) == (home.name, "open", "content/phishing")
    assert Report.objects.get().reporter == cert


def test_what_is_wrong_is_kept_for_a_person_where_a_known_reporter_wants_it(key):
    answer = post(b"{", key=key, query="?keep=true")
    assert (answer.status_code, Submission.objects.count()) == (202, 1)


def test_stranger_cannot_have_what_is_wrong_kept():
    answer = post(b"{", query="?keep=true")
    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (403, "only-with-a-key")
    assert not Submission.objects.exists()


class Endless:
    """A body that never ends; counts what was taken of it."""

    taken = 0

    def read(self, size: int = -1) -> bytes:
        assert size >= 0
        self.taken += size
        return b"x" * size

    readline = read


@pytest.mark.parametrize("is_known", [True, False])
def test_hundred_megabytes_are_refused_by_their_length_and_nothing_of_them_is_read(key, is_known, rf):
    body = Endless()
    headers = {"HTTP_AUTHORIZATION": f"Bearer {key}"} if is_known else {}
    request = {"CONTENT_LENGTH": "100000000", "CONTENT_TYPE": JSON, "wsgi.input": body, **headers}
    answer = Client().request(PATH_INFO=PATH, REQUEST_METHOD="POST", **request)
    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (413, "too-big")
    assert body.taken == 0


def test_big_reports_are_read_a_few_at_a_time(key, monkeypatch):
    """Else a few at once would take all the memory that the process has."""
    monkeypatch.setattr(bodies, "_room", BoundedSemaphore(1))
    monkeypatch.setattr(bodies, "PATIENCE", timedelta(0))
    big = json.dumps(REPORT | {"padding": "x" * bodies.MAX_ANONYMOUS_SIZE})
    assert [post(big, key=key).status_code, post(big + " ", key=key).status_code] == [202, 202]
    with bodies._room:
        refused = post(big + "  ", key=key)
        assert (refused.status_code, refused["Retry-After"]) == (429, "10")
        assert post(key=key).status_code == 202


def test_length_that_lies_is_found_out_while_reading(rf):
    request = rf.post(PATH, b"", content_type=JSON)
    body = Endless()
    request.META["CONTENT_LENGTH"] = "10"
    request._stream = body
    with pytest.raises(bodies.Failure) as failure:
        bodies.read(request, most=bodies.MIB)
    assert failure.value.status_code == 413
    assert body.taken <= bodies.MIB + 64 * 1024


def test_body_in_chunks_of_unknown_length_is_refused():
    answer = Client().request(
        PATH_INFO=PATH, REQUEST_METHOD="POST", CONTENT_TYPE=JSON, HTTP_TRANSFER_ENCODING="chunked", CONTENT_LENGTH=""
    )
    assert answer.status_code == 411


def test_stranger_may_send_less_at_once(key):
    big = json.dumps(REPORT | {"padding": "x" * bodies.MAX_ANONYMOUS_SIZE})
    assert post(big).status_code == 413
    assert post(big, key=key).status_code == 202


def test_same_octets_again_from_the_same_reporter_are_the_same_submission(key, cert, root):
    _, other_key = reporter_keys.create(cert, label="second scanner", by=root)
    first, again = post(key=key), post(key=other_key)
    assert (again.status_code, again["Idempotency-Replayed"]) == (202, "true")
    assert again.json()["id"] == first.json()["id"]
    assert Submission.objects.count() == 1


def test_same_octets_of_another_reporter_are_another_submission(key, root):
    other = Reporter.objects.create(identity="org:other.example", kind="organisation")
    _, other_key = reporter_keys.create(other, label="a", by=root)
    assert len({post(key=key).json()["id"], post(key=other_key).json()["id"], post().json()["id"]}) == 3


def test_stranger_learns_nothing_by_sending_what_another_stranger_sent():
    """Octets of a short list can be guessed; the status of the other's report would be shown."""
    assert post(REPORT).json()["id"] != post(REPORT).json()["id"]


def test_stranger_may_send_again_under_a_name_of_the_request():
    name = str(uuid.uuid4())
    first, again = post(Idempotency_Key=name), post(Idempotency_Key=name)
    assert again.json()["id"] == first.json()["id"]
    assert post(REPORT | {"other": 1}, Idempotency_Key=name).status_code == 422


def test_idempotency_key_of_another_report_is_refused(key):
    assert post(key=key, Idempotency_Key="a").status_code == 202
    answer = post(REPORT | {"other": 1}, key=key, Idempotency_Key="a")
    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (422, "request-differs")
    assert post(key=key, Idempotency_Key="\x7f").status_code == 400


def test_known_octets_are_known_under_a_new_name_too(key):
    first = post(key=key).json()["id"]
    assert post(key=key, Idempotency_Key="a").json()["id"] == first
    assert post(REPORT | {"other": 1}, key=key, Idempotency_Key="a").status_code == 422
    assert post(key=key).json()["id"] == first


def test_wrong_key_is_an_error_and_no_anonymous_report(alice):
    _, customers = keys.create(alice, label="router")
    assert post(key="x" * 40).status_code == 401
    assert post(key=customers).status_code == 401
    assert Client().post(PATH, "{}", content_type=JSON, headers={"Authorization": "Basic eDp5"}).status_code == 401
    assert not Submission.objects.exists()


def test_status_says_what_became_of_every_report(key):
    url = post(key=key).json()["url"]
    submission = Submission.objects.get()
    report_in(submission)
    report_in(submission, 1, state="not_ours", outcome="not_ours", answer="This name is not under our domains.")
    Submission.objects.update(state="read", format="xarf")
    status = get(url, key).json()
    assert (status["state"], status["format"], status["report_count"]) == ("read", "xarf", 2)
    assert status["states"] == {"matching": 1, "not_ours": 1}
    assert status["outcomes"] == {"not_ours": 1}
    assert [each["outcome"] for each in status["reports"]] == ["", "not_ours"]
    assert status["reports"][1]["answer"] == "This name is not under our domains."


def test_status_is_shown_to_whoever_has_the_link_and_to_no_other_stranger(key, root):
    answer = post(key=key).json()
    other = Reporter.objects.create(identity="org:other.example", kind="organisation")
    _, other_key = reporter_keys.create(other, label="a", by=root)
    assert get(answer["status_url"]).status_code == 200
    assert get(answer["url"]).status_code == 404
    assert get(answer["url"], other_key).status_code == 404
    for token in ("", "x", reporter_links.token(Submission.objects.get())[:-1], f"{answer['id']}:x", "ä"):
        assert get(f"{answer['url']}?token={token}").status_code == 404
    assert get(f"{PATH}/{uuid.uuid4()}", key).status_code == get(f"{PATH}/7", key).status_code == 404


def test_token_of_one_report_opens_no_other():
    one, other = post(), post()
    token = one.json()["status_url"].rpartition("=")[2]
    assert get(f"{other.json()['url']}?token={token}").status_code == 404


def test_token_holds_while_the_secret_key_is_rotated(settings):
    url = post().json()["status_url"]
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another" * 10
    assert get(url).status_code == 200


def test_report_of_nobody_is_not_shown_to_nobody():
    assert get(post().json()["url"]).status_code == 404


def test_long_submission_is_shown_in_parts(key, monkeypatch):
    monkeypatch.setattr("abuse.rest.reports.REPORTS_SHOWN", 2)
    url = post(key=key).json()["url"]
    submission = Submission.objects.get()
    for position in range(5):
        report_in(submission, position)
    seen, pages = [], 0
    while url:
        page = get(url, key).json()
        seen += [each["position"] for each in page["reports"]]
        url, pages = page["next"], pages + 1
    assert (seen, pages) == ([0, 1, 2, 3, 4], 3)


def test_list_has_what_the_reporter_sent_and_nothing_of_others_in_few_queries(key, cert, django_assert_max_num_queries):
    mine = {str(submissions.accept(b"m%d" % n, door="mail", source="x", reporter=cert).pk) for n in range(30)}
    submissions.accept(b"another's", door="mail", source="x")
    with django_assert_max_num_queries(4):
        listed = get(PATH, key).json()["results"]
    assert {each["id"] for each in listed} == mine


def test_list_needs_a_key():
    answer = get(PATH)
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, 'Bearer realm="api"')


def test_status_of_many_reports_takes_few_queries(key):
    url = post(key=key).json()["url"]
    submission = Submission.objects.get()
    counts = []
    for position in range(2):
        report_in(submission, position)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            get(url, key)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 8


def test_stranger_is_limited_by_network_and_told_when_to_come_back(settings):
    settings.ABUSE_REQUESTS_PER_NETWORK = 2
    assert [post().status_code for _ in range(3)] == [202, 202, 429]
    assert int(post()["Retry-After"]) > 0


def test_known_reporter_is_not_limited_with_strangers(key, settings):
    settings.ABUSE_REQUESTS_PER_NETWORK = 0
    assert post().status_code == 429
    assert post(key=key).status_code == 202


def test_session_of_the_desk_counts_for_nothing_here(oscar):
    client = Client(enforce_csrf_checks=True)
    client.force_login(oscar)
    assert client.get(PATH).status_code == 401
    assert Submission.objects.count() == 0


def test_revoked_key_is_refused(key, root):
    reporter_keys.revoke(ReporterKey.objects.get(), reason="Lost.", by=root)
    assert post(key=key).status_code == 401
