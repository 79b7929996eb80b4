"""Submissions on the desk: shown escaped and with a ledger entry, downloaded inert, settled once by a person; uploads."""

import uuid

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from abuse import categories, roles, settlements, submissions
from abuse.admin.submissions import SHOWN_OCTETS
from abuse.errors import InvalidParameter, NotForPeople, ReasonMissing
from abuse.models import LedgerEntry, Report, Reporter, Submission
from abuse.settlements import Reading
from ddns.models import User
from tests.people import logged_in

pytestmark = pytest.mark.django_db

LIST = "/admin/abuse/submission/"
HOSTILE = b"<script>alert(1)</script>\x00\x1b[31m \xe2\x80\xaecod.exe \xff"


@pytest.fixture
def desk(oscar) -> Client:
    return logged_in(oscar)


@pytest.fixture
def unreadable(db) -> Submission:
    submission = submissions.accept(HOSTILE, door=Submission.Door.MAIL, source="trudy@cert.example")
    Submission.objects.update(state=Submission.State.UNREADABLE, problem="No parser understands <this>.")
    submission.refresh_from_db()
    return submission


@pytest.fixture
def restricted(unreadable) -> Submission:
    """Of what nobody may hold."""
    reporter = Reporter.objects.create(identity="anonymous", kind="anonymous")
    Report.objects.create(
        submission=unreadable,
        reporter=reporter,
        category=categories.of("content/csam"),
        kind="content/csam",
        evidence_at=timezone.now(),
        received_at=timezone.now(),
        fingerprint="0" * 64,
    )
    return unreadable


def page_of(submission: Submission, page: str = "change") -> str:
    return f"{LIST}{submission.pk}/{page}/"


# --- Looking ------------------------------------------------------------------------------------------------


def test_list_has_a_constant_number_of_queries_and_no_octets(desk, django_assert_max_num_queries):
    for number in range(30):
        submissions.accept(b"x%d" % number, door=Submission.Door.API, source="192.0.2.1")
    with django_assert_max_num_queries(12) as queries:
        page = desk.get(LIST)
    assert page.status_code == 200
    assert not any('"abuse_blob"."content"' in each["sql"] for each in queries.captured_queries)


@pytest.mark.parametrize("query", ["state__exact=unreadable", "door__exact=mail", "q=trudy", "q=no-such"])
def test_list_is_filtered_and_searched(desk, unreadable, query):
    page = desk.get(f"{LIST}?{query}").content.decode()
    assert ("trudy@cert.example" in page) == (query != "q=no-such")


def test_page_shows_facts_and_nothing_of_the_content(desk, unreadable):
    page = desk.get(page_of(unreadable)).content.decode()
    assert unreadable.blob_id in page
    assert "No parser understands &lt;this&gt;." in page
    assert "alert(1)" not in page
    assert not LedgerEntry.objects.exists()


def test_look_is_in_the_ledger_and_the_text_escaped_and_without_tricks(desk, unreadable, oscar):
    page = desk.post(page_of(unreadable, "show"))
    text = page.content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "<script>alert(1)" not in text
    assert "⟦U+202E⟧cod.exe" in text
    assert "\x1b" not in text
    assert "\u202e" not in text
    entry = LedgerEntry.objects.get()
    assert (entry.actor, entry.action, entry.object) == (oscar, "look", f"submission {unreadable.pk}")
    assert "no-store" in page["Cache-Control"]


def test_whoever_fills_in_the_form_reads_the_text_beside_it(desk, unreadable):
    assert "What a person reads in it" in desk.post(page_of(unreadable, "show")).content.decode()
    assert "alert(1)" not in desk.get(page_of(unreadable, "settle")).content.decode()
    assert "alert(1)" in settle(desk, unreadable).content.decode()
    assert LedgerEntry.objects.filter(action="look").count() == 2


def test_only_the_beginning_of_much_is_shown(desk):
    submission = submissions.accept(b"x" * SHOWN_OCTETS + b"the end", door=Submission.Door.API, source="192.0.2.1")
    page = desk.post(page_of(submission, "show")).content.decode()
    assert "This is the beginning." in page
    assert "the end" not in page


def test_download_is_inert_and_in_the_ledger(desk, unreadable):
    response = desk.post(page_of(unreadable, "download"))
    assert response.content == HOSTILE
    assert response["Content-Type"] == "application/octet-stream"
    assert response["Content-Disposition"].startswith("attachment;")
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"].startswith("sandbox;")
    assert LedgerEntry.objects.get().action == "look"


@pytest.mark.parametrize("page", ["show", "download"])
def test_link_makes_nobody_have_looked(desk, unreadable, page):
    assert desk.get(page_of(unreadable, page)).status_code == 405
    assert not LedgerEntry.objects.exists()


@pytest.mark.parametrize("page", ["show", "download"])
def test_whoever_may_not_see_evidence_sees_none(clerk, unreadable, page):
    clerk.user_permissions.add(Permission.objects.get(codename="view_submission"))
    client = logged_in(clerk)
    assert client.get(page_of(unreadable)).status_code == 200
    assert client.post(page_of(unreadable, page)).status_code == 403


@pytest.mark.parametrize("page", ["change", "settle"])
def test_strangers_and_other_staff_find_no_submission(client, clerk, alice, unreadable, page):
    assert client.get(page_of(unreadable, page)).status_code == 302
    assert logged_in(alice).get(page_of(unreadable, page)).status_code in (302, 403)
    assert logged_in(clerk).get(page_of(unreadable, page)).status_code == 403
    assert logged_in(clerk).get(LIST).status_code == 403


def test_restricted_submission_is_for_named_people_and_its_content_for_nobody(desk, oscar, restricted):
    assert desk.get(page_of(restricted)).status_code == 404
    assert "trudy" not in desk.get(LIST).content.decode()
    oscar.user_permissions.add(Permission.objects.get(codename="view_restricted_case"))
    named = logged_in(User.objects.get(pk=oscar.pk))
    assert "shown to nobody" in named.get(page_of(restricted)).content.decode()
    assert named.post(page_of(restricted, "show")).status_code == 404
    assert named.post(page_of(restricted, "download")).status_code == 404


def test_nothing_can_be_changed_or_deleted(root, unreadable):
    client = logged_in(root)
    assert client.get(f"{LIST}add/").status_code == 403
    assert client.post(f"{LIST}{unreadable.pk}/delete/", {"post": "yes"}).status_code == 403


def test_submission_that_is_none_is_not_found(desk):
    assert desk.get(f"{LIST}{uuid.uuid4()}/change/").status_code == 404


def test_emptied_submission_says_so(desk, unreadable):
    unreadable.blob.__class__.objects.update(content=b"", purged_at=timezone.now())
    assert "retention has ended" in desk.get(page_of(unreadable)).content.decode()
    assert desk.post(page_of(unreadable, "show")).status_code == 404


# --- Settling -----------------------------------------------------------------------------------------------


def settle(client: Client, submission: Submission, **fields):
    form = {"names": "", "kind": "", "description": "", "reason": "As I read it.", "seen_at_0": "", "seen_at_1": ""}
    return client.post(page_of(submission, "settle"), form | fields, follow=True)


def test_person_reads_a_report_out_of_it(desk, unreadable, home, oscar):
    names = "hxxps://home[.]ddns[.]test/login\nelsewhere.example:1177"
    page = settle(desk, unreadable, names=names, kind="content/phishing", description="A fake login.")
    assert "Settled: 1 report." in page.content.decode()
    report = Report.objects.get()
    assert (report.hostname, report.kind, report.description) == (home, "content/phishing", "A fake login.")
    unreadable.refresh_from_db()
    assert (unreadable.state, unreadable.settled_by) == ("settled", oscar)
    assert LedgerEntry.objects.filter(actor=oscar, reason="As I read it.").exists()


def test_there_may_be_nothing_in_it(desk, unreadable):
    assert "Settled: 0 reports." in settle(desk, unreadable, is_nothing="on").content.decode()
    assert not Report.objects.exists()


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"names": "home.ddns.test"}, "Choose what it is about."),
        ({"kind": "content/phishing"}, "from 1 to 200 names"),
        ({"names": "no name", "kind": "content/phishing"}, "names no host"),
        ({"names": "a.example\n" * 201, "kind": "content/phishing"}, "from 1 to 200 names"),
        ({"names": "a.example", "kind": "content/phishing", "is_nothing": "on"}, "Names are given"),
        ({"names": "a.example", "kind": "no/such"}, "Select a valid choice"),
        ({"is_nothing": "on", "reason": " "}, "goes into the ledger"),
    ],
)
def test_settlement_that_says_too_little_is_asked_again(desk, unreadable, fields, why):
    assert why in settle(desk, unreadable, **fields).content.decode()
    unreadable.refresh_from_db()
    assert unreadable.state == Submission.State.UNREADABLE


def test_two_people_settle_it_once(desk, unreadable, home):
    settle(desk, unreadable, names=home.name, kind="content/malware")
    page = settle(desk, unreadable, names=home.name, kind="content/malware")
    assert "read or settled meanwhile" in page.content.decode()
    assert Report.objects.count() == 1


def test_what_parsers_read_is_not_settled(oscar, unreadable):
    Submission.objects.update(state=Submission.State.READ)
    with pytest.raises(NotForPeople):
        settlements.settle(unreadable, None, reason="x", by=oscar)


def test_settlement_needs_a_reason(oscar, unreadable):
    with pytest.raises(ReasonMissing):
        settlements.settle(unreadable, None, reason=" ", by=oscar)
    with pytest.raises(InvalidParameter):
        settlements.settle(unreadable, Reading("", "content/phishing", ""), reason="x", by=oscar)


def test_category_of_all_types_can_be_chosen(oscar, unreadable, home):
    reading = Reading(home.name, "connection/*", "")
    (report,) = settlements.settle(unreadable, reading, reason="x", by=oscar)
    assert report.category.key == "connection/*"


def test_whoever_may_not_file_reports_settles_nothing(clerk, unreadable):
    clerk.user_permissions.add(Permission.objects.get(codename="view_submission"))
    assert settle(logged_in(clerk), unreadable, is_nothing="on").status_code == 403


# --- Uploads ------------------------------------------------------------------------------------------------

UPLOAD = f"{LIST}upload/"


def test_file_is_stored_as_it_is_with_who_uploaded_it(desk, oscar):
    octets = b"evil.ddns.test\r\n\xff"
    file = SimpleUploadedFile("list.txt", octets, content_type="text/plain")
    page = desk.post(UPLOAD, {"file": file, "kind": "content/malware"}, follow=True)
    submission = Submission.objects.get()
    assert bytes(submission.blob.content) == octets
    assert (submission.door, submission.source, submission.filename) == ("upload", oscar.email, "list.txt")
    assert (submission.default_kind, submission.reporter.identity) == ("content/malware", f"staff:{oscar.email}")
    assert str(submission.receipt.pk) in page.content.decode()


@pytest.mark.parametrize(
    ("behalf", "identity"),
    [
        ("cert.example", "org:cert.example"),
        ("trudy@mail.cert.example", "org:cert.example"),
        ("trudy@gmail.com", "mailbox:trudy@gmail.com"),
    ],
)
def test_paste_counts_as_theirs_on_whose_behalf_it_is(desk, behalf, identity):
    desk.post(UPLOAD, {"pasted": "evil.ddns.test", "on_behalf_of": behalf})
    assert Submission.objects.get().reporter.identity == identity


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({}, "Choose a file, or paste something"),
        ({"pasted": " \n"}, "Choose a file, or paste something"),
        ({"pasted": "x", "on_behalf_of": "nobody"}, "name a mailbox, or a domain"),
        ({"pasted": "x", "kind": "no/such"}, "Select a valid choice"),
    ],
)
def test_upload_that_cannot_be_is_asked_again(desk, fields, why):
    assert why in desk.post(UPLOAD, fields).content.decode()
    assert not Submission.objects.exists()


def test_both_a_file_and_a_paste_are_one_too_many(desk):
    file = SimpleUploadedFile("list.txt", b"x")
    assert "one of both" in desk.post(UPLOAD, {"file": file, "pasted": "x"}).content.decode()


def test_too_big_upload_is_refused(desk, monkeypatch):
    monkeypatch.setattr("abuse.forms.submissions.MAX_SIZE", 10)
    file = SimpleUploadedFile("list.txt", b"x" * 11)
    assert "the most is 10" in desk.post(UPLOAD, {"file": file}).content.decode()


def test_upload_is_for_those_who_may_file_reports(client, clerk, alice):
    assert client.get(UPLOAD).status_code == 302
    assert logged_in(clerk).post(UPLOAD, {"pasted": "x"}).status_code == 403
    assert logged_in(alice).post(UPLOAD, {"pasted": "x"}).status_code in (302, 403)
    assert not Submission.objects.exists()


def test_start_page_says_how_the_doors_fare(desk, unreadable):
    page = desk.get("/admin/").content.decode()
    assert "What comes in" in page
    assert "none is polled" in page


def test_auditor_sees_submissions_and_settles_none(db, unreadable):
    roles.make_missing()
    auditor = User.objects.create_user("auditor@example.com", is_staff=True)
    auditor.groups.add(Group.objects.get(name=roles.AUDITOR))
    client = logged_in(auditor)
    assert client.get(page_of(unreadable)).status_code == 200
    assert settle(client, unreadable, is_nothing="on").status_code == 403
