"""Reports: read once, matched, joined; the same again is one; nothing is lost."""

import pytest

from abuse import intake, reports, submissions
from abuse.errors import Unreadable
from abuse.intake.drafts import Attachment, Draft, Party, Subject
from abuse.models import Case, Category, Evidence, Report, Reporter, Submission
from tests.abuse.readable import read, submission

pytestmark = pytest.mark.django_db

TRUDY = Party(contact="trudy@example.com")


def phishing(*names: str, **fields) -> Draft:
    subjects = tuple(Subject(name=name, url=f"https://{name}/login") for name in names)
    return Draft("content/phishing", subjects, reporter=fields.pop("reporter", TRUDY), **fields)


def test_report_about_a_held_name_opens_a_case(monkeypatch, home):
    (report,) = read(monkeypatch, phishing("home.ddns.test", description="A bank's log-in."))
    assert (report.standing, report.state, report.hostname) == ("held", "open", home)
    assert report.case is not None
    assert (report.case.hostname, report.case.account, report.case.category_id) == (
        home,
        home.account,
        "content/phishing",
    )
    assert report.case.report_count == report.case.source_count == 1
    assert report.case.due_at == report.received_at + Category.objects.get(pk="content/phishing").clock


def test_second_reporter_joins_the_case(monkeypatch, home):
    (first,) = read(monkeypatch, phishing("home.ddns.test"))
    (second,) = read(monkeypatch, phishing("home.ddns.test", reporter=Party(contact="ivan@example.net")))
    assert first.case == second.case
    assert Case.objects.get().report_count == 2


def test_same_report_again_is_a_duplicate(monkeypatch, home):
    (first,) = read(monkeypatch, phishing("home.ddns.test", external_id="17"))
    (second,) = read(monkeypatch, phishing("home.ddns.test", external_id="17"))
    assert (second.state, second.duplicate_of, second.case) == ("duplicate", first, first.case)
    assert Case.objects.get().report_count == 1


def test_subjects_of_one_hostname_are_one_report_and_each_hostname_has_its_own(monkeypatch, home, foreign):
    made = read(monkeypatch, phishing("home.ddns.test", "www.home.ddns.test", "bob.ddns.test", "example.com"))
    assert [report.hostname for report in made] == [home, foreign]
    assert Case.objects.count() == 2


@pytest.mark.parametrize("lines", [b"home.ddns.test\nhome.ddns.test:1177\n", b"home.ddns.test:1177\nhome.ddns.test\n"])
def test_port_is_kept_wherever_the_list_says_it(home, lines):
    (report,) = reports.read(submissions.accept(lines, door="upload", source="oscar@example.com"))
    assert (report.name, report.port) == ("home.ddns.test", 1177)


def test_what_is_understood_and_no_report_is_nobodys_work(home):
    mail = b"From: trudy@example.com\nAuto-Submitted: auto-replied\nSubject: Away\n\nI am away. home.ddns.test\n"
    made = submissions.accept(mail, door="mail", source="trudy@example.com")
    assert reports.read(made) == []
    made.refresh_from_db()
    assert (made.state, made.format) == ("read", "auto-reply")
    assert "automatic reply" in made.problem


def test_name_that_is_not_ours_is_answered_at_once(monkeypatch, home):
    (report,) = read(monkeypatch, phishing("bank.example.com"))
    assert (report.standing, report.state, report.outcome, report.case) == ("not_ours", "not_ours", "not_ours", None)


def test_own_name_goes_on_a_case_without_a_customer(monkeypatch, home):
    (report,) = read(monkeypatch, phishing("ns1.ddns.test"))
    assert report.standing == "infrastructure"
    assert report.case is not None
    assert (report.case.hostname, report.case.account, report.case.name) == (None, None, "ns1.ddns.test")


def test_what_no_parser_understands_waits_for_a_person_and_is_not_read_again(monkeypatch):
    def refuse(content, **options):
        raise Unreadable("it is a poem.")

    monkeypatch.setattr(intake, "parse", refuse, raising=False)
    submissions.accept(b"roses are red", door=Submission.Door.MAIL, source="trudy@example.com")
    assert (reports.read_all(), reports.read_all()) == (1, 0)
    assert Submission.objects.get().state == "unreadable"
    assert "poem" in Submission.objects.get().problem


def test_crash_of_a_parser_leaves_the_submission_to_a_person(monkeypatch):
    def crash(content, **options):
        raise ZeroDivisionError("oops")

    monkeypatch.setattr(intake, "parse", crash, raising=False)
    submissions.accept(b"x", door=Submission.Door.MAIL, source="trudy@example.com")
    reports.read_all()
    assert Submission.objects.get().state == "unreadable"
    assert "ZeroDivisionError" in Submission.objects.get().problem


def test_submission_is_read_once(monkeypatch, home):
    made = submission(monkeypatch, phishing("home.ddns.test"))
    assert reports.read_all() == 1
    assert [each.pk for each in reports.read(made)] == [Report.objects.get().pk]


def test_attachments_are_kept_and_of_restricted_categories_quarantined(monkeypatch, home):
    picture = Attachment(b"\x89PNG", "a.png", "image/png")
    (report,) = read(monkeypatch, Draft("content/csam", (Subject(name="home.ddns.test"),), attachments=(picture,)))
    evidence = Evidence.objects.get()
    assert (evidence.report, bytes(evidence.blob.content), evidence.is_quarantined) == (report, b"\x89PNG", True)
    assert report.grade == Report.Grade.ATTACHED
    assert report.case is not None
    assert report.case.route == "restricted"


def test_anonymous_report_has_a_reporter_of_no_name(monkeypatch, home):
    (report,) = read(monkeypatch, phishing("home.ddns.test", reporter=Party()))
    assert report.reporter == Reporter.objects.get(identity="anonymous")
