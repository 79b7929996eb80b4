"""Reports that others have published, through the doors that they are for: every one is taken, kept as it is, and read."""

import json

import pytest
from django.test import Client

from abuse import mail, reporter_keys, reports
from abuse.models import Reporter, Submission
from tests.abuse.intake.samples import paths

pytestmark = pytest.mark.django_db


@pytest.fixture
def key(root) -> str:
    reporter = Reporter.objects.create(identity="org:cert.example", kind="organisation")
    return reporter_keys.create(reporter, label="scanner", by=root)[1]


def post(content: bytes, content_type: str, key: str):
    return Client().post(
        "/api/v1/reports", content, content_type=content_type, headers={"Authorization": f"Bearer {key}"}
    )


def states() -> set[str]:
    reports.read_all()
    return set(Submission.objects.values_list("state", flat=True))


def test_every_reference_report_of_xarf_comes_in_by_the_api(key):
    samples = paths("xarf-v4/*.json")
    answers = {path.name: post(path.read_bytes(), "application/xarf+json", key) for path in samples}
    assert {name: answer.status_code for name, answer in answers.items() if answer.status_code != 202} == {}
    assert Submission.objects.count() == len(samples) >= 32
    assert states() == {"read"}
    assert set(Submission.objects.values_list("format", flat=True)) == {"xarf"}


def test_all_of_them_come_in_as_one_list(key):
    reports_of_others = [json.loads(path.read_bytes()) for path in paths("xarf-v4/*.json")]
    answer = post(json.dumps(reports_of_others).encode(), "application/json", key)
    assert answer.status_code == 202
    # Hashes of evidence that do not fit.
    assert len(answer.json()["warnings"]) >= 13
    assert states() == {"read"}


@pytest.mark.parametrize(
    ("folder", "content_type"),
    [("names", "text/plain"), ("stix", "application/stix+json"), ("feeds", "application/json")],
)
def test_lists_and_bundles_come_in_by_the_api(key, folder, content_type):
    for path in paths(f"{folder}/*.*"):
        answer = post(path.read_bytes(), content_type, key)
        assert answer.status_code in (202, 422), path.name
        if answer.status_code == 422:
            assert answer.json()["errors"]
    assert states() == {"read"}


def test_every_feedback_mail_comes_in_by_mail():
    samples = paths("arf/*.eml")
    for path in samples:
        submission = mail.receive(path.read_bytes(), sender="")
        assert bytes(submission.blob.content) == path.read_bytes()
    assert Submission.objects.count() == len(samples)
    assert states() <= {"read", "unreadable"}
    assert Submission.objects.filter(state="read").exists()
