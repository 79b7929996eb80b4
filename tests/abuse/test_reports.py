"""Reports: read once, matched, joined; the same again is one; nothing is lost."""

import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from abuse import address_matches, cases, intake, reporters, reports, submissions, tallies
from abuse.errors import ReasonMissing, Unreadable
from abuse.intake.drafts import Attachment, Draft, Party, Subject
from abuse.models import Case, Category, Evidence, LedgerEntry, Report, Reporter, Submission
from tests.abuse.intake.samples import paths
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


def test_report_by_the_api_and_a_list_by_upload_end_on_one_case(home, foreign):
    """Through the parsers that read them."""
    seen_at = timezone.now().isoformat(timespec="seconds")
    party = {"org": "Example", "contact": "soc@example.net", "domain": "example.net"}
    xarf = {
        "xarf_version": "4.2.0",
        "report_id": "0193b2e2-6a4f-4d6e-9a55-1f0c9c3c1a01",
        "timestamp": seen_at,
        "reporter": party,
        "sender": party,
        "source_identifier": "203.0.113.7",
        "category": "content",
        "type": "phishing",
        "evidence_source": "honeypot",
        "url": "https://www.home.ddns.test/login",
        "dns_records": {"a": ["203.0.113.7"]},
        "description": "It imitates the log-in page of a bank.",
    }
    submissions.accept(
        json.dumps(xarf).encode(),
        door=Submission.Door.API,
        source="203.0.113.9",
        content_type="application/json",
        reporter=reporters.proven_by_mailbox("soc@example.net"),
    )
    submissions.accept(
        b"# of today\nhome[.]ddns[.]test\nbob.ddns.test\nexample.com\nnobody.ddns.test\n",
        door=Submission.Door.UPLOAD,
        source="oscar@example.com",
        content_type="text/plain",
        filename="names.txt",
        default_kind="content/malware",
    )
    assert reports.read_all() == 2
    assert set(Submission.objects.values_list("state", flat=True)) == {"read"}
    case = Case.objects.get(hostname=home)
    assert (case.report_count, case.source_count, case.grade) == (2, 2, Report.Grade.VERIFIED)
    assert Case.objects.get(hostname=foreign).category_id == "content/malware"
    report = Report.objects.get(submission__door="api")
    assert (report.hostname, report.details["agreement"]["verdict"]) == (home, "yes")


def test_every_reference_report_is_read_and_none_is_ours(domain):
    found = paths("xarf-v4/*.json")
    for path in found:
        submissions.accept(
            path.read_bytes(), door=Submission.Door.API, source="203.0.113.9", content_type="application/json"
        )
    assert reports.read_all() == len(found)
    assert set(Submission.objects.values_list("state", flat=True)) == {"read"}
    address_matches.match_waiting()
    assert set(Report.objects.values_list("standing", flat=True)) == {"not_ours"}
    assert not Report.objects.filter(state="matching").exists()


def test_list_takes_as_many_queries_whether_it_is_short_or_long(domain, django_assert_num_queries):
    def upload(count: int, first: int) -> Submission:
        lines = "\n".join(f"name{number}.ddns.test" for number in range(first, first + count))
        return submissions.accept(
            lines.encode(),
            door=Submission.Door.UPLOAD,
            source="oscar",
            default_kind="content/malware",
            filename="a.txt",
        )

    short, long = upload(10, 0), upload(900, 10)
    reports.read(upload(1, 5000))
    with CaptureQueriesContext(connection) as of_short:
        reports.read(short)
    with django_assert_num_queries(len(of_short)):
        reports.read(long)
    assert Report.objects.count() == 911


def test_many_submissions_of_one_reporter_take_as_many_queries_as_few(monkeypatch, home, django_assert_num_queries):
    """Where its answers go is looked up once."""
    proven = reporters.proven_by_mailbox("soc@example.net")

    def send(count: int) -> None:
        for number in range(count):
            party = Party(contact="soc@example.net")
            submission(
                monkeypatch, phishing("home.ddns.test", reporter=party, external_id=str(number)), reporter=proven
            )

    send(1)
    reports.read_all()
    send(2)
    with CaptureQueriesContext(connection) as of_few:
        reports.read_all()
    send(12)
    with django_assert_num_queries(len(of_few)):
        reports.read_all()


def test_retraction_of_the_reporter_takes_its_report_back(monkeypatch, home):
    proven = reporters.proven_by_mailbox("soc@example.net")
    (first,) = read(monkeypatch, phishing("home.ddns.test", external_id="17"), reporter=proven)
    (other,) = read(monkeypatch, phishing("home.ddns.test"))
    (back,) = read(monkeypatch, phishing("home.ddns.test", external_id="17", is_retraction=True), reporter=proven)
    first.refresh_from_db()
    assert (first.state, back.state, back.case) == ("withdrawn", "withdrawn", first.case)
    assert (Case.objects.get().report_count, Case.objects.get().closed_at) == (1, None)
    assert other.state == "open"


def test_last_report_taken_back_closes_the_case(monkeypatch, home):
    proven = reporters.proven_by_mailbox("soc@example.net")
    read(monkeypatch, phishing("home.ddns.test"), reporter=proven)
    read(monkeypatch, phishing("home.ddns.test", is_retraction=True), reporter=proven)
    assert (Case.objects.get().state, Case.objects.get().outcome) == ("closed", "")


def test_stranger_takes_nothing_back(monkeypatch, home):
    (first,) = read(monkeypatch, phishing("home.ddns.test", external_id="17"))
    (back,) = read(monkeypatch, phishing("home.ddns.test", external_id="17", is_retraction=True))
    first.refresh_from_db()
    assert (first.state, Case.objects.get().report_count) == ("open", 1)
    assert "stands" in back.warnings[-1]


def test_retraction_of_nothing_is_kept_and_opens_no_case(monkeypatch, home):
    (back,) = read(monkeypatch, phishing("home.ddns.test", is_retraction=True))
    assert (back.state, back.case) == ("withdrawn", None)
    assert not Case.objects.exists()


def test_same_again_with_evidence_is_no_duplicate(monkeypatch, home):
    read(monkeypatch, phishing("home.ddns.test", external_id="17"))
    log = Attachment(b"a log", "a.log", "text/plain")
    (second,) = read(monkeypatch, phishing("home.ddns.test", external_id="17", attachments=(log,)))
    assert (second.state, Case.objects.get().report_count, Case.objects.get().grade) == ("open", 2, 2)


def test_feed_that_is_pulled_again_says_nothing_new(monkeypatch, home):
    feed = Reporter.objects.create(identity="feed:example", kind="feed")
    read(monkeypatch, phishing("home.ddns.test"), reporter=feed, door=Submission.Door.FEED)
    Submission.objects.update(received_at=timezone.now() - timedelta(days=3))
    assert read(monkeypatch, phishing("home.ddns.test"), reporter=feed, door=Submission.Door.FEED) == []
    assert (Report.objects.count(), Case.objects.get().report_count) == (1, 1)


def test_evidence_of_the_future_was_seen_when_it_came(monkeypatch, home):
    (report,) = read(monkeypatch, phishing("home.ddns.test", evidence_at=timezone.now() + timedelta(days=2)))
    assert (report.evidence_at, report.standing) == (report.received_at, "held")
    assert "after it was sent" in report.warnings[-1]


def test_person_settles_what_no_parser_understood(home, oscar):
    made = submissions.accept(b"roses are red", door=Submission.Door.MAIL, source="trudy@example.com")
    Submission.objects.update(state="unreadable", problem="a poem")
    (report,) = reports.settle(made, [phishing("home.ddns.test")], by=oscar, reason="It is a report in verse.")
    made.refresh_from_db()
    assert (made.state, made.settled_by, report.state) == ("settled", oscar, "open")
    assert LedgerEntry.objects.get(action="settle-submission").reason == "It is a report in verse."
    with pytest.raises(ReasonMissing):
        reports.settle(made, [], by=oscar, reason="")


def test_report_that_names_nothing_beside_others_is_asked_for_a_name(monkeypatch, home):
    made = read(monkeypatch, phishing("home.ddns.test"), Draft("content/phishing", (), reporter=TRUDY))
    assert [each.outcome for each in made] == ["", "insufficient"]
    assert "names no host name" in made[1].answer


def upload(content: str, door: Submission.Door = Submission.Door.UPLOAD, **fields) -> Submission:
    made = submissions.accept(content.encode(), door=door, source="oscar", content_type="text/plain", **fields)
    reports.read(made)
    made.refresh_from_db()
    return made


def test_numbers_of_a_list_add_up(home, foreign):
    lines = ["home.ddns.test", "bob.ddns.test", "home.ddns.test", "www.home.ddns.test", "nothing at all"]
    made = upload("\n".join([*lines, *(f"bank{number}.example.com" for number in range(500))]))
    about_ours = made.reports.exclude(standing="not_ours").count()

    assert (about_ours, made.foreign_count, made.repeated_count, made.passed_over_count) == (2, 500, 2, 1)
    assert "500 names in it are not ours." in made.problem
    assert made.reports.count() == 2


def test_of_many_that_are_not_ours_one_report_speaks(home):
    rows = "\n".join(f"2026-11-{1 + n % 20} 10:{n % 60:02}:00,http://bank{n}.example.com/{n}" for n in range(2000))
    made = upload("date,url\n" + rows + "\n2026-11-02 10:00:00,http://home.ddns.test/login")
    said = made.reports.filter(standing="not_ours")

    assert (made.reports.count(), made.foreign_count) == (tallies.MOST_FOREIGN + 2, 2000)
    (summary,) = (each for each in said if "foreign_count" in each.details)
    assert summary.details["foreign_count"] == 2000 - tallies.MOST_FOREIGN
    assert len(summary.details["first_names"]) == tallies.FIRST_NAMES
    assert summary.outcome == "not_ours"
    assert f"and {2000 - tallies.MOST_FOREIGN - 1} more names of your list" in summary.answer
    assert made.reports.get(name="home.ddns.test").state == "open"


def test_feed_of_the_whole_internet_leaves_its_count_alone(home):
    feed = Reporter.objects.create(identity="feed:example", kind="feed")
    lines = "\n".join(f"bank{number}.example.com" for number in range(3000))
    made = upload(f"{lines}\nhome.ddns.test", Submission.Door.FEED, reporter=feed, default_kind="content/malware")

    assert (made.state, made.foreign_count) == ("read", 3000)
    assert [each.hostname for each in made.reports.all()] == [home]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            "To: abuse@ddns.test\nSubject: Out of office\nAuto-Submitted: auto-replied\n\nBack on Monday.\n",
            "automatic reply",
        ),
        ('{"query_status": "no_result", "data": "Your search did not yield any results"}', "names a host"),
        ("bank.example.com\nshop.example.com\nmail.example.com\n", "3 names in it are not ours."),
    ],
)
def test_what_is_no_report_is_read_and_no_persons_work(domain, content, said):
    door = Submission.Door.MAIL if content.startswith("To:") else Submission.Door.FEED
    made = upload(content, door, reporter=Reporter.objects.create(identity="feed:example", kind="feed"))

    assert (made.state, made.reports.count()) == ("read", 0)
    assert said in made.problem


@pytest.mark.parametrize(
    ("language", "said"), [("de", "kein Name von uns"), ("en", "is not a name of ours"), ("xx", "is not a name")]
)
def test_answer_is_in_the_language_of_the_reporter(monkeypatch, home, language, said):
    (report,) = read(monkeypatch, phishing("bank.example.com", language=language))
    assert said in report.answer


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
