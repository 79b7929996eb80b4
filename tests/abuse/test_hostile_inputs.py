"""Hostile inputs by every door: each is refused as documented, read, or a person's; what was taken is kept as it came."""

import io
import json
from urllib.parse import quote

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from abuse import reporter_links
from abuse.models import Evidence, Mail, Report, Reporter, ReporterMail, Submission
from abuse.rest import bodies
from tests.abuse import hostile, sampled
from tests.abuse.hostile import NAME, OVERRIDE
from tests.people import logged_in

pytestmark = pytest.mark.django_db

ENDS = {"read", "unreadable"}
UPLOAD = "/admin/abuse/submission/upload/"


@pytest.fixture
def key(root) -> str:
    return sampled.key_of(root)


def check_end(submission: Submission, oscar) -> None:
    """Read, or a person's work with a reason; and every page about it can be looked at."""
    sampled.read()
    submission.refresh_from_db()
    assert submission.state in ENDS
    assert submission.state == "read" or submission.problem
    check_pages(submission, oscar)


def check_pages(submission: Submission, oscar) -> None:
    """Nothing runs and nothing is turned around, at the desk and for whoever reported."""
    desk = logged_in(oscar)
    shown = [
        desk.get(reverse("admin:abuse_submission_change", args=[submission.pk])),
        desk.post(reverse("admin:abuse_submission_show", args=[submission.pk])),
        desk.get(reverse("admin:abuse_submission_changelist")),
        desk.get(reverse("admin:abuse_case_changelist")),
        Client().get(reporter_links.path(submission)),
        Client().get(f"/api/v1/reports/{submission.pk}?token={reporter_links.token(submission)}"),
    ]
    shown += [
        desk.get(reverse("admin:abuse_case_change", args=[report.case_id]))
        for report in sampled.of(submission)[:2]
        if report.case_id
    ]
    for page in shown:
        html = page.content.decode()
        assert page.status_code == 200, html[:500]
        assert OVERRIDE not in html
        if page["Content-Type"].startswith("text/html"):
            assert "<script>alert" not in html


# --- The API ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", hostile.JSON)
@pytest.mark.parametrize("is_kept", [False, True])
def test_json_by_the_api(home, oscar, key, name, is_kept):
    content = hostile.JSON[name]()
    answer = sampled.post(content, key, query="?keep=true" if is_kept else "")
    assert answer.status_code == 202 if is_kept else answer.status_code in (202, 413, 422)
    if answer.status_code == 202:
        submission = Submission.objects.get(pk=answer.json()["id"])
        assert sampled.is_kept(submission, content)
        check_end(submission, oscar)
    else:
        assert answer.json()["detail"]
        assert not Submission.objects.exists()


@pytest.mark.parametrize("name", hostile.TEXTS)
def test_text_by_the_api(home, oscar, key, name):
    content = hostile.TEXTS[name]()
    answer = sampled.post(content, key, "text/plain")
    assert answer.status_code in (202, 413, 422)
    if answer.status_code == 202:
        submission = Submission.objects.get(pk=answer.json()["id"])
        assert sampled.is_kept(submission, content)
        check_end(submission, oscar)
    else:
        assert not Submission.objects.exists()


class Endless(io.RawIOBase):
    """A body that goes on, and counts what was read of it."""

    def __init__(self, size: int) -> None:
        self.left, self.taken = size, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        count = min(len(buffer), self.left)
        buffer[:count] = b"x" * count
        self.left -= count
        self.taken += count
        return count


@pytest.mark.parametrize("is_said", [True, False])
def test_100_mb_without_and_with_a_length_are_refused_before_they_are_read(key, is_said):
    """Where a server lets a body in without its length, what is too long for its limit is not read to its end."""
    body = Endless(100_000_000)
    environ = {"wsgi.input": body, "CONTENT_TYPE": "text/plain", "HTTP_AUTHORIZATION": f"Bearer {key}"}
    environ |= (
        {"CONTENT_LENGTH": "100000000"} if is_said else {"HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": ""}
    )
    answer = Client().post(sampled.PATH, **environ)
    assert answer.status_code == (413 if is_said else 411)
    assert body.taken < 1_000_000
    assert not Submission.objects.exists()


def test_stranger_is_refused_at_the_smaller_limit(home):
    answer = sampled.post(b"x" * (bodies.MAX_ANONYMOUS_SIZE + 1), "", "text/plain")
    assert answer.status_code == 413
    assert not Submission.objects.exists()


@pytest.mark.parametrize(
    "headers",
    [
        {"X_Forwarded_For": "<script>alert(1)</script>"},
        {"Idempotency_Key": "x" * 10_000},
        {"Idempotency_Key": "a\u202eb"},
        {"Accept": "x" * 10_000},
        {"Accept_Language": "," * 10_000},
        {"Content_Encoding": "x" * 10_000},
    ],
)
def test_hostile_fields_of_a_request_break_nothing(home, key, headers):
    answer = sampled.post(b"home.ddns.test\n", key, "text/plain", **headers)
    assert answer.status_code in (202, 400, 406, 415, 422)
    assert Submission.objects.exists() == (answer.status_code == 202)


@pytest.mark.parametrize(
    "kind", ["a/b\n", "../../x", "content/phishing\0", "x" * 1_000, "content/phishing' OR 1=1", "%00"]
)
def test_hostile_kind_is_refused(key, kind):
    answer = sampled.post(b"home.ddns.test\n", key, "text/plain", query=f"?kind={quote(kind)}")
    assert answer.status_code == 400
    assert not Submission.objects.exists()


# --- The upload -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*hostile.TEXTS, *hostile.JSON])
def test_file_by_upload(home, oscar, name):
    content = (hostile.TEXTS | hostile.JSON)[name]()
    file = SimpleUploadedFile("../../etc/\u202egpj.exe", content, content_type="text/<script>alert(1)</script>")
    assert logged_in(oscar).post(UPLOAD, {"file": file, "kind": "content/malware"}).status_code == 302
    submission = Submission.objects.get()
    assert sampled.is_kept(submission, content)
    assert "/" not in submission.filename
    check_end(submission, oscar)


@pytest.mark.parametrize("page", [UPLOAD, "/abuse/report/?about=content/phishing", "/accounts/login/", "/admin/login/"])
def test_form_of_100_mb_is_refused_before_it_is_read(oscar, page):
    body = Endless(100_000_000)
    environ = {"wsgi.input": body, "CONTENT_TYPE": "multipart/form-data; boundary=x", "CONTENT_LENGTH": "100000000"}
    for client in (Client(enforce_csrf_checks=True), logged_in(oscar)):
        answer = client.post(page, **environ)
        assert answer.status_code == 413
        assert "Nothing was stored" in answer.content.decode()
    assert body.taken == 0


# --- Mail -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", hostile.MAILS)
def test_mail(home, oscar, monkeypatch, name):
    content = hostile.MAILS[name]()
    assert sampled.pipe(content, monkeypatch) == 0
    submission = Submission.objects.get()
    assert sampled.is_kept(submission, content)
    check_end(submission, oscar)


@pytest.mark.parametrize("name", [*hostile.TEXTS, *hostile.JSON])
def test_attached_to_a_letter_it_keeps_nobody_from_reading_the_letter(home, oscar, monkeypatch, name):
    """The letter names the host; what is attached is evidence, or said to be too much."""
    mail = sampled.letter(f"Phishing at https://{NAME}/login, see the attached file.\n")
    content = (hostile.TEXTS | hostile.JSON)[name]()
    mail.add_attachment(content, maintype="application", subtype="octet-stream", filename="evidence.bin")
    octets = mail.as_bytes()
    code = sampled.pipe(octets, monkeypatch)
    if code == 69:
        # In base64 it is more than any door takes: the MTA tells the sender.
        assert not Submission.objects.exists()
        return
    assert code == 0
    submission = Submission.objects.get()
    assert sampled.is_kept(submission, octets)
    check_end(submission, oscar)
    (report,) = sampled.of(submission)
    assert (submission.state, report.hostname) == ("read", home)
    assert {bytes(each.blob.content) for each in report.evidence.all()} <= {content}


@pytest.mark.parametrize(
    "sender",
    [
        "a@b.example\nBcc: x@y.example",
        "a@b.example\r\n\r\nx",
        "<a b@c.example>",
        "\0",
        "x" * 10_000,
        '"@b.example',
        OVERRIDE,
    ],
)
def test_hostile_sender_of_the_envelope_is_nobody(home, oscar, monkeypatch, sender):
    content = sampled.letter(f"Phishing at https://{NAME}/login\n").as_bytes()
    assert sampled.pipe(content, monkeypatch, sender=sender) == 0
    mail = Mail.objects.select_related("submission").get()
    assert (mail.answer_to, mail.submission.source) == ("", "<>")
    check_end(mail.submission, oscar)


def test_what_a_mail_says_comes_in_no_header_of_an_answer(home, oscar, monkeypatch):
    content = hostile.MAILS["a folded subject of 100,000 lines"]().replace(
        b"Subject: x", b"Subject: =?utf-8?q?x=0D=0ABcc=3A_victim=40example=2Enet?="
    )
    assert sampled.pipe(content, monkeypatch) == 0
    assert "\n" not in Mail.objects.get().subject
    sampled.read()
    for mail in ReporterMail.objects.all():
        assert "victim@example.net" not in mail.subject
        assert "\n" not in mail.subject


def test_message_id_that_was_used_before_hides_no_other_mail(home, monkeypatch):
    """Whoever knows the number of a mail to come cannot keep it out."""
    for body in ("Phishing at https://home.ddns.test/1\n", "Malware at https://home.ddns.test/2\n"):
        assert sampled.pipe(sampled.letter(body, number="same").as_bytes(), monkeypatch) == 0
    sampled.read()
    assert Submission.objects.filter(state="read").count() == 2
    assert set(Report.objects.values_list("url", flat=True)) == {
        "https://home.ddns.test/1",
        "https://home.ddns.test/2",
    }


@pytest.mark.parametrize(
    "name",
    ["../../../etc/passwd", "..\\..\\x.exe", "/etc/passwd", 'x"; filename="y', "a\r\nSet-Cookie: a=b", "\0", "con", ".", "",
     "x" * 5_000, f"{OVERRIDE}gpj.exe", "<script>alert(1)</script>.txt", "~/.ssh/id", "%2e%2e%2fx"],
)  # fmt: skip
def test_hostile_file_name_leads_nowhere(home, oscar, monkeypatch, name):
    encoded = "".join(f"%{octet:02X}" for octet in name.encode())
    content = (
        "From: Trudy <trudy@cert.example>\nSubject: phishing\nMIME-Version: 1.0\n"
        "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\n"
        f"Phishing at https://{NAME}/login\n--b\nContent-Type: text/plain\n"
        f"Content-Disposition: attachment; filename*=utf-8''{encoded}\n\nGET /\n--b--\n"
    ).encode()
    assert sampled.pipe(content, monkeypatch) == 0
    check_end(Submission.objects.get(), oscar)
    evidence = Evidence.objects.get()
    assert OVERRIDE not in evidence.filename
    desk = logged_in(oscar)
    page = desk.get(reverse("admin:abuse_evidence_change", args=[evidence.pk])).content.decode()
    assert "<script>alert" not in page
    file = desk.post(reverse("admin:abuse_evidence_download", args=[evidence.pk]))
    if file.status_code == 405:
        file = desk.get(reverse("admin:abuse_evidence_download", args=[evidence.pk]))
    saved = file["Content-Disposition"].removeprefix('attachment; filename="').removesuffix('"')
    assert saved
    assert not set(saved) & set('/\\"\r\n\0<>')
    assert not saved.startswith(".")
    assert "Set-Cookie" not in file.headers


# --- Who says what ----------------------------------------------------------------------------------------------


def test_text_that_turns_around_is_shown_as_it_is_written(home, oscar, key):
    """In every field that is shown: at the desk, on the status page, in the API."""
    evil = f"abc {OVERRIDE}gpj.exe\u2066x\u2069 <script>alert(1)</script>"
    report = json.loads(hostile._xarf())
    report |= {
        "description": evil, "tags": [f"x:{evil}"], "malware_family": evil, "target_brand": evil, "report_id": evil,
        "url": f"https://{NAME}/{OVERRIDE}fdp.exe", "sender": {"org": evil, "contact": "trudy@cert.example", "domain": evil},
        "evidence": [{"content_type": evil, "description": evil, "payload": "QQ=="}], evil: evil,
    }  # fmt: skip
    # As a stranger: what the report says of its sender is all that is known.
    answer = sampled.post(json.dumps(report, ensure_ascii=False).encode())
    assert answer.status_code == 202
    check_end(Submission.objects.get(), oscar)
    assert OVERRIDE not in str(list(Report.objects.values())) + str(list(Reporter.objects.values()))
    assert Report.objects.get().hostname == home
