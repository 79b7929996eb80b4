"""What a reporter does after filing: look at the state, answer, object, take back; by the link alone."""

import uuid
from datetime import timedelta

import pytest
from django.test import Client

from abuse import decisions, filings, messages, reporter_links, reporter_mails, reports
from abuse.intake.form import FormReport
from abuse.models import Appeal, Case, Decision, Message, Report, ReporterMail, Submission
from ddns.addresses import parse
from ddns.models import Hostname, User
from tests.people import *  # noqa: F403 - fixtures

pytestmark = pytest.mark.django_db

WORDS = "The page asks for the password of Example Bank."


def filed(*names: str, kind: str = "content/phishing", email: str = "trudy@example.com", **more) -> Submission:
    """By form, and read."""
    report = FormReport(kind=kind, names=names, description=WORDS, email=email, is_good_faith=True, **more)
    submission = filings.file(report, source=parse("192.0.2.1"))
    reports.read(submission)
    return Submission.objects.get(pk=submission.pk)


@pytest.fixture
def submission(home: Hostname) -> Submission:
    return filed("https://home.ddns.test/login")


@pytest.fixture
def report(submission: Submission) -> Report:
    return submission.reports.get()


def dismissed(report: Report, oscar: User) -> Report:
    decisions.take(report.case, action=Decision.Action.DISMISS, reason="Nothing is there.", by=oscar)
    return Report.objects.get(pk=report.pk)


def page(submission: Submission, client: Client | None = None) -> str:
    return (client or Client()).get(reporter_links.path(submission)).content.decode()


def act(submission: Submission, **fields) -> object:
    return Client().post(reporter_links.path(submission), fields)


def test_what_was_filed_becomes_a_case_and_is_seen_by_the_link(submission, report):
    assert (report.state, report.name) == (Report.State.OPEN, "home.ddns.test")
    shown = page(submission)
    assert "home.ddns.test" in shown
    assert "being worked on" in shown


@pytest.mark.parametrize(("days", "stood"), [(2, 2), (30, 7)])
def test_an_answer_to_a_question_lets_the_clock_go_on_and_no_pause_is_longer_than_seven_days(
    submission, report, oscar, days, stood
):
    case = report.case
    due_at = Case.objects.get(pk=case.pk).due_at
    ask = {"report": str(report.pk), "text": "Which page is it?"}
    decisions.take(case, action=Decision.Action.ASK, reason="not clear", by=oscar, parameters=ask)
    assert ReporterMail.objects.filter(address="trudy@example.com", text__contains="Which page is it?").exists()
    assert "Which page is it?" in page(submission)
    waits = Case.objects.get(pk=case.pk)
    assert waits.state == Case.State.WAITING_REPORTER
    Case.objects.filter(pk=case.pk).update(paused_at=waits.paused_at - timedelta(days=days))

    act(submission, what="say", text="The one below /login.", about=str(report.pk))
    back = Case.objects.get(pk=case.pk)
    assert (back.state, back.paused_at) == (Case.State.OPEN, None)
    for found in (back.paused_for, back.due_at - due_at):
        assert timedelta(0) <= found - timedelta(days=stood) < timedelta(minutes=1)


def test_whoever_has_the_receipt_alone_sees_no_report(client, submission):
    shown = client.get(f"/abuse/receipts/{submission.receipt.pk}/").content.decode()

    assert submission.blob_id in shown
    for secret in ("home.ddns.test", "trudy", WORDS, reporter_links.token(submission)):
        assert secret not in shown
    for guess in (submission.receipt.pk, submission.pk, submission.pk.hex, f"{submission.pk.hex}.x"):
        assert client.get(f"/abuse/reports/{guess}/").status_code == 404


def test_link_of_another_submission_opens_that_one_alone(client, submission, domain):
    other = filed("nothing.ddns.test", email="")
    signature = reporter_links.token(other).partition(".")[2]

    assert client.get(f"/abuse/reports/{submission.pk.hex}.{signature}/").status_code == 404
    assert client.get(f"/abuse/reports/{uuid.uuid4().hex}.{signature}/").status_code == 404


def test_mail_has_link_and_receipt_and_nothing_that_was_typed(submission):
    mail = ReporterMail.objects.get()

    assert mail.address == "trudy@example.com"
    assert reporter_links.link(submission) in mail.text
    assert str(submission.receipt.pk) in mail.text
    assert "home" not in mail.text
    assert WORDS not in mail.text


def test_address_that_somebody_else_types_again_and_again_is_left_in_peace(home):
    """What is not sent does not wait either: it would go on for weeks, and before the answers to the address's own reports."""
    for _ in range(2 * filings.ACKNOWLEDGED_PER_DAY):
        filed("home.ddns.test", email="Victim@example.com")
    assert ReporterMail.objects.filter(address="victim@example.com").count() == filings.ACKNOWLEDGED_PER_DAY
    assert filings.ACKNOWLEDGED_PER_DAY < reporter_mails.MAILS_PER_DAY


def test_whoever_leaves_no_address_gets_no_mail(home):
    filed("home.ddns.test", kind="content/csam", email="")
    assert not ReporterMail.objects.exists()


def test_page_says_nothing_of_whose_the_name_is(submission, report, alice):
    shown = page(submission)
    assert alice.email not in shown
    assert "203.0.113.7" not in shown


def test_name_that_nobody_ever_held_is_not_called_foreign(domain):
    shown = page(filed("nobody.ddns.test"))
    assert "Nobody holds such a name" in shown
    assert "not a name of ours" not in shown


def test_answer_and_outcome_are_shown(submission, report, oscar):
    dismissed(report, oscar)
    shown = page(submission)

    assert "Not upheld." in shown
    assert "answered" in shown


def test_question_of_the_desk_is_answered_and_the_case_comes_back(submission, report, oscar):
    decisions.take(
        report.case,
        action=Decision.Action.ASK,
        reason="Which bank?",
        by=oscar,
        parameters={"text": "Which bank is it?"},
    )
    assert "Which bank is it?" in page(submission)

    response = act(submission, what="say", about=str(report.pk), text="Example Bank, in German.")

    assert response.status_code == 302
    assert Message.objects.filter(report=report, is_ours=False, text="Example Bank, in German.").exists()
    assert Case.objects.get().state == Case.State.OPEN
    assert "Example Bank, in German." in page(submission)


def test_another_reporter_of_the_case_reads_none_of_it(submission, report):
    messages.say(report.case, side=Message.Side.REPORTER, text="Between us.", author=None, is_ours=False, report=report)
    messages.say(report.case, side=Message.Side.NOTE, text="Among staff.", author=None, is_ours=True)
    other = filed("home.ddns.test", email="bob@example.net")

    assert other.reports.get().case == report.case
    assert "Between us." not in page(other)
    assert "Among staff." not in page(submission)


def test_reporter_objects_once(submission, report, oscar):
    dismissed(report, oscar)
    assert act(submission, what="appeal", about=str(report.pk), text="Look at the second page.").status_code == 302
    appeal = Appeal.objects.get()
    assert (appeal.party, appeal.report, appeal.decision.action) == (Appeal.Party.REPORTER, report, "dismiss")
    assert "Look at the second page." in page(submission)

    act(submission, what="appeal", about=str(report.pk), text="Again.")
    assert Appeal.objects.count() == 1


def test_nothing_to_object_to_before_a_decision(submission, report):
    assert 'value="appeal"' not in page(submission)
    act(submission, what="appeal", about=str(report.pk), text="x")
    assert not Appeal.objects.exists()


def test_report_is_taken_back(submission, report):
    assert act(submission, what="withdraw", about=str(report.pk)).status_code == 302
    assert Report.objects.get(pk=report.pk).state == Report.State.WITHDRAWN
    assert "taken back" in page(submission)


def test_report_of_another_submission_cannot_be_meant(submission, report, domain, bob):
    other = filed("home.ddns.test", email="other@example.net").reports.get()
    for what in ("say", "withdraw", "appeal"):
        act(submission, what=what, about=str(other.pk), text="x")

    assert not Message.objects.exists()
    assert Report.objects.get(pk=other.pk).state != Report.State.WITHDRAWN


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "required"),
        ({"what": "say", "text": ""}, "Write something first."),
        ({"what": "say", "text": "x" * 5001}, "at most 5000"),
        ({"what": "say", "text": "a\0b"}, "Null characters"),
        ({"what": "explode", "text": "x"}, "not one of the available choices"),
    ],
)
def test_what_is_wrong_is_said(submission, report, fields, words):
    response = act(submission, about=str(report.pk), **fields)
    assert words in response.content.decode()
    assert not Message.objects.exists()


def test_messages_of_a_flood_wait(submission, report, settings):
    settings.REPORT_FORMS_PER_NETWORK = 2
    answers = [act(submission, what="say", about=str(report.pk), text=f"{n}") for n in range(4)]

    assert [each.status_code for each in answers] == [302, 302, 429, 429]
    assert Message.objects.count() == 2


def test_what_was_said_is_escaped(submission, report):
    act(submission, what="say", about=str(report.pk), text="<script>alert(1)</script>")
    assert "<script>alert" not in page(submission)


def test_unread_and_unreadable_are_said(submission):
    Submission.objects.filter(pk=submission.pk).update(state=Submission.State.RECEIVED)
    assert "It is being read" in page(submission)
    Submission.objects.filter(pk=submission.pk).update(state=Submission.State.UNREADABLE)
    assert "A person reads it." in page(submission)


def test_queries_do_not_grow_with_reports(submission, home, alice, domain, django_assert_max_num_queries, foreign):
    several = filed(*["home.ddns.test", "bob.ddns.test", "example.com"], email="third@example.org")
    assert several.reports.count() == 2
    with django_assert_max_num_queries(16):
        page(several)


def test_robots_and_others_are_kept_out(client, submission):
    response = client.get(reporter_links.path(submission))
    assert 'content="noindex"' in response.content.decode()
    assert "no-store" in response.headers["Cache-Control"]
    assert response.headers["Referrer-Policy"] in ("same-origin", "no-referrer")
