"""The desk and its doors while Redis is away: reports are taken and read, cases are decided, and nothing breaks."""

import json

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from abuse import reporter_links, reports, submissions, tasks
from abuse.models import Case, Submission
from tests.abuse import rows
from tests.abuse.test_case_page import decide
from tests.abuse.test_rest_reports import PATH, REPORT, cert, key  # noqa: F401 - fixtures
from tests.people import logged_in

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _redis_is_away(broker):
    broker.kill()


@pytest.fixture
def submission(domain) -> Submission:
    return submissions.accept(b"bank.example.com", door=Submission.Door.FORM, source="192.0.2.1")


@pytest.mark.parametrize(
    "page",
    [
        *("/abuse/", "/abuse/report/", "/abuse/report/?about=content/phishing", "/abuse/policy.json", "/abuse/is-ours"),
        *("/abuse/transparency/", f"/abuse/transparency/{timezone.now().year}/"),
    ],
)
def test_public_pages_work(client, domain, page):
    assert client.get(page).status_code == 200


def test_whether_a_name_is_ours_is_said(client, domain):
    answer = client.get("/abuse/is-ours", {"name": "home.ddns.test", "format": "json"})

    assert answer.status_code == 200
    assert answer.json()["names"][0]["is_ours"]


def test_form_without_a_proof_that_can_be_checked_says_so_and_nothing_breaks(client, domain):
    form = {"names": "home.ddns.test", "description": "It imitates a bank.", "name": "T", "email": "t@example.com"}
    response = client.post("/abuse/report/?about=content/phishing", form | {"is_good_faith": "on"})

    assert response.status_code in (200, 302, 503)


def test_status_page_works(client, submission):
    assert client.get(reporter_links.path(submission)).status_code == 200
    assert client.post(reporter_links.path(submission), {"what": "say", "text": "More."}).status_code == 200


def test_program_reports_and_follows_its_report(client, home, key):  # noqa: F811
    headers = {"Authorization": f"Bearer {key}"}
    accepted = client.post(PATH, json.dumps(REPORT), content_type="application/json", headers=headers)
    assert accepted.status_code == 202
    reports.read_all()

    for address in (accepted.json()["url"], accepted.json()["status_url"]):
        assert client.get("/" + address.split("/", 3)[3], headers=headers).status_code == 200
    assert Submission.objects.get().state == "read"


def test_stranger_reports_by_the_api(client, home):
    assert client.post(PATH, json.dumps(REPORT), content_type="application/json").status_code == 202


def test_desk_shows_the_queue_and_a_case_and_takes_a_decision(home, oscar):
    case = rows.case(home)
    rows.report(case)
    desk: Client = logged_in(oscar)

    for page in (
        reverse("admin:index"),
        reverse("admin:abuse_case_changelist"),
        reverse("admin:abuse_case_change", args=[case.pk]),
        reverse("admin:abuse_submission_changelist"),
    ):
        assert desk.get(page).status_code == 200, page
    response = decide(desk, Case.objects.get(), "dismiss", outcome="rejected")
    assert response.status_code == 302, response.context["form"].errors
    assert Case.objects.get().state == "closed"


@pytest.mark.parametrize("task", [tasks.read_submissions, tasks.watch_clocks])
def test_tasks_without_a_turn_run(submission, task):
    task()
