"""Published reports as others would have sent them: older versions, other spellings, encodings, types, and many at once."""

import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest

from abuse.models import Case, Report, Submission
from abuse.rest.bodies import MAX_REPORTS
from ddns.models import Hostname, User
from tests.abuse import sampled
from tests.abuse.intake.samples import paths

pytestmark = pytest.mark.django_db

NAME = "secure-banking-login.example.com"


@pytest.fixture
def phishing() -> dict[str, Any]:
    return json.loads(paths("xarf-v4/content-phishing.json")[0].read_bytes())


@pytest.fixture
def named(alice: User) -> Hostname:
    return sampled.hold(alice, sampled.offer("example.com"), ["secure-banking-login"])[0]


@pytest.fixture
def key(root) -> str:
    return sampled.key_of(root)


def octets(report: Any) -> bytes:
    return json.dumps(report).encode()


def only_report(answer) -> Report:
    """Of what was accepted; its octets are those that were sent."""
    assert answer.status_code == 202, answer.content
    submission = Submission.objects.get(pk=answer.json()["id"])
    sampled.read()
    submission.refresh_from_db()
    assert submission.state == "read", submission.problem
    (report,) = sampled.of(submission)
    return report


def as_version_3(report: dict[str, Any]) -> dict[str, Any]:
    sender = report["sender"]
    return {
        "Version": "3",
        "ReporterInfo": {
            "ReporterOrg": sender["org"],
            "ReporterOrgDomain": sender["domain"],
            "ReporterContactEmail": sender["contact"],
        },
        "Report": {
            "ReportClass": "Content",
            "ReportType": "Phishing",
            "ReportID": report["report_id"],
            "Date": report["timestamp"],
            "SourceIp": report["source_identifier"],
            "Url": report["url"],
            "Attachment": [
                {"ContentType": each["content_type"], "Description": each["description"], "Data": each["payload"]}
                for each in report["evidence"]
            ],
        },
    }


def test_version_3_says_the_same(phishing, named, key):
    report = only_report(sampled.post(octets(as_version_3(phishing)), key))
    assert (report.kind, report.hostname, report.url) == ("content/phishing", named, phishing["url"])
    assert (report.external_id, report.evidence.count()) == (phishing["report_id"], len(phishing["evidence"]))
    assert report.evidence_at.isoformat() == "2025-01-11T15:15:24+00:00"


SPELLINGS: dict[str, Callable[[str], str]] = {
    "defanged": lambda url: url.replace("http", "hxxp").replace(".", "[.]"),
    "with words": lambda url: url.replace(".", " (dot) "),
    "in capitals": str.upper,
    "with a port": lambda url: url.replace(".com/", ".com:8080/"),
    "with a root": lambda url: url.replace(".com/", ".com./"),
    "full-width dots": lambda url: url.replace(".", "\uff0e"),
    "with a user": lambda url: url.replace("://", "://bank.example@"),
    "in blanks": lambda url: f"  {url}\t",
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_host_is_the_same_however_it_is_spelled(phishing, named, key, spelling):
    phishing["url"] = SPELLINGS[spelling](phishing["url"])
    report = only_report(sampled.post(octets(phishing), key))
    assert (report.hostname, report.name) == (named, NAME)


@pytest.mark.parametrize(
    "spelled", ["bücher.example.com", "BÜCHER.example.com", "xn--bcher-kva.example.com", "xn--BCHER-KVA.Example.COM"]
)
def test_name_in_letters_of_others_is_the_same(phishing, alice, key, spelled):
    (named,) = sampled.hold(alice, sampled.offer("example.com"), ["bücher"])
    phishing["url"] = f"http://{spelled}/auth"
    report = only_report(sampled.post(octets(phishing), key))
    assert (report.hostname, report.name) == (named, "xn--bcher-kva.example.com")


ENCODINGS: dict[str, Callable[[bytes], bytes]] = {
    "byte order mark": lambda content: b"\xef\xbb\xbf" + content,
    "CRLF": lambda content: json.dumps(json.loads(content), indent=2).replace("\n", "\r\n").encode(),
    "CR": lambda content: json.dumps(json.loads(content), indent=2).replace("\n", "\r").encode(),
    "blanks around it": lambda content: b"\r\n\t " + content + b" \n\n",
    "escaped": lambda content: json.dumps(json.loads(content), ensure_ascii=True).replace("/", "\\/").encode(),
}


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("content_type", ["application/json", "application/xarf+json; charset=utf-8", "text/plain"])
def test_encoding_and_type_change_nothing(phishing, named, key, encoding, content_type):
    content = ENCODINGS[encoding](octets(phishing))
    answer = sampled.post(content, key, content_type)
    assert only_report(answer).hostname == named
    assert sampled.is_kept(Submission.objects.get(), content)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-32"])
def test_json_in_other_encodings_is_refused_with_why(phishing, key, encoding):
    answer = sampled.post(json.dumps(phishing).encode(encoding), key)
    assert answer.status_code == 422
    assert not Submission.objects.exists()


def test_body_that_is_packed_is_refused_and_said_to_be(phishing, key):
    for content_type in ("application/xarf+json", "text/plain"):
        answer = sampled.post(gzip.compress(octets(phishing)), key, content_type, Content_Encoding="gzip")
        assert answer.status_code == 415
        assert "Content-Encoding" in answer.json()["detail"]
    # Packed in secret.
    answer = sampled.post(gzip.compress(octets(phishing)), key, "text/plain")
    assert answer.status_code == 422
    assert "compressed by gzip" in json.dumps(answer.json()["errors"])
    assert not Submission.objects.exists()


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/octet-stream", 415),
        ("multipart/form-data; boundary=x", 415),
        ("application/x-www-form-urlencoded", 415),
        ("image/png", 415),
        ("", 415),
        ("text/csv", 202),
        ("application/yaml", 202),
        ("message/rfc822", 202),
    ],
)
def test_wrong_type_is_refused_or_overlooked(phishing, named, key, content_type, status):
    answer = sampled.post(octets(phishing), key, content_type)
    assert answer.status_code == status
    if status == 202:
        assert only_report(answer).hostname == named
    else:
        assert not Submission.objects.exists()


def test_list_of_names_that_says_it_is_json_is_refused(key):
    answer = sampled.post(b"a.example.com\nb.example.com\n", key, "application/json")
    assert answer.status_code == 422
    assert answer.json()["errors"]


def test_500_reports_in_one_list_are_500_reports(phishing, named, key):
    reports = [
        phishing | {"report_id": f"5d7b7f9c-0f5c-4f6e-8f0e-{number:012}", "url": f"http://{NAME}/auth/{number}"}
        for number in range(500)
    ]
    answer = sampled.post(octets(reports), key)
    assert answer.status_code == 202
    sampled.read()
    submission = Submission.objects.get()
    assert submission.state == "read"
    found = sampled.of(submission)
    assert [report.external_id for report in found] == [each["report_id"] for each in reports]
    assert {report.hostname for report in found} == {named}
    case = Case.objects.get()
    # One voice, however often it speaks.
    assert (case.report_count, case.source_count) == (500, 1)


def test_good_reports_of_a_list_are_taken_beside_the_bad(phishing, named, key):
    reports = [phishing, {"xarf_version": "4.0.0"}, phishing | {"url": 7, "source_identifier": None}]
    answer = sampled.post(octets(reports), key)
    assert answer.status_code == 202
    assert any("Report 2 of 3" in each for each in answer.json()["warnings"])
    assert only_report(answer).hostname == named
    assert "Report 3 of 3" in Submission.objects.get().problem


def test_too_many_reports_are_refused_before_anything_is_stored(phishing, key):
    phishing.pop("evidence")
    answer = sampled.post(octets([phishing] * (MAX_REPORTS + 1)), key)
    assert answer.status_code == 413
    assert not Submission.objects.exists()
