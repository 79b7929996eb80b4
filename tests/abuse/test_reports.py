"""Reports: read once, matched, joined; the same again is one; nothing is lost."""

import pytest

from abuse import cases, intake, reports, submissions
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


# --- The same again, by strangers ---------------------------------------------------------------------------


def known_house(identity: str = "org:cert.example") -> Reporter:
    return Reporter.objects.create(identity=identity, kind=Reporter.Kind.ORGANISATION, contact="abuse@cert.example")


def test_number_of_a_reporter_is_worth_nothing_to_a_stranger_who_claims_to_be_it(monkeypatch, home):
    """Mallory, first, with the number that the genuine report will have."""
    (first,) = read(monkeypatch, phishing("home.ddns.test", external_id="17", attachments=(Attachment(b"nothing"),)))
    (second,) = read(monkeypatch, phishing("home.ddns.test", external_id="17", attachments=(Attachment(b"the kit"),)))
    assert (second.state, second.duplicate_of, second.case) == ("open", None, first.case)
    house = known_house()
    (first,) = read(monkeypatch, phishing("home.ddns.test", external_id="18", description="one"), reporter=house)
    (second,) = read(monkeypatch, phishing("home.ddns.test", external_id="18", description="two"), reporter=house)
    assert second.duplicate_of == first


def test_report_that_is_taken_back_leaves_those_of_others_that_say_the_same(monkeypatch, home):
    """Whoever nobody knows is one reporter; what one of them takes back another has still said."""
    (first,) = read(monkeypatch, phishing("home.ddns.test", reporter=Party()))
    (second,) = read(monkeypatch, phishing("home.ddns.test", reporter=Party()))
    (third,) = read(monkeypatch, phishing("home.ddns.test", reporter=Party()))
    assert (second.state, third.state) == ("duplicate", "duplicate")
    reports.withdraw(first)
    second.refresh_from_db()
    third.refresh_from_db()
    assert (second.state, second.case, second.duplicate_of, third.duplicate_of) == ("open", first.case, None, second)
    case = Case.objects.get()
    assert (case.closed_at, case.report_count) == (None, 1)
    reports.withdraw(second)
    reports.withdraw(Report.objects.get(pk=third.pk))
    assert Case.objects.get().state == "closed"


def test_report_that_its_reporter_takes_back_is_taken_back_as_often_as_it_was_sent(monkeypatch, home):
    house = known_house()
    for _ in range(2):
        read(monkeypatch, phishing("home.ddns.test", external_id="17"), reporter=house)
    read(monkeypatch, phishing("home.ddns.test", external_id="17", is_retraction=True), reporter=house)
    assert {each.state for each in Report.objects.all()} == {"withdrawn"}
    assert Case.objects.get().state == "closed"


def test_answered_report_cannot_be_taken_back(monkeypatch, home, oscar):
    (report,) = read(monkeypatch, phishing("home.ddns.test"))
    stale = Report.objects.get(pk=report.pk)
    assert report.case is not None
    cases.close(report.case, outcome=Report.Outcome.UPHELD, by=oscar, reason="phishing")
    reports.withdraw(stale)
    report.refresh_from_db()
    assert (report.state, report.outcome) == ("closed", "upheld")


def test_what_was_seen_again_after_the_answer_is_a_new_report(monkeypatch, home, oscar):
    """The page was away while somebody looked."""
    (first,) = read(monkeypatch, phishing("home.ddns.test"))
    assert first.case is not None
    cases.close(first.case, outcome=Report.Outcome.REJECTED, by=oscar, reason="nothing there")
    (second,) = read(monkeypatch, phishing("home.ddns.test"))
    assert (second.state, second.duplicate_of) == ("open", None)
    assert second.case != first.case
    (third,) = read(monkeypatch, phishing("home.ddns.test"))
    assert (third.duplicate_of, third.case) == (second, second.case)
