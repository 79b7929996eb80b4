"""Mail by an MTA's pipe: stored as it came and once, kept by the MTA while we cannot, acknowledged to people only."""

import io
import json
import sys
from email import message_from_bytes, policy

import pytest
from django.core import mail as django_mail
from django.core.management import call_command
from django.db import OperationalError
from django.utils import timezone

from abuse import (
    acknowledgements,
    authentication_results,
    mail,
    mail_headers,
    receipts,
    reporter_links,
    reports,
    submissions,
)
from abuse.errors import SubmissionTooBig
from abuse.management.commands import receive_mail
from abuse.models import LedgerEntry, Mail, Report, ReporterMail, Submission

pytestmark = pytest.mark.django_db

SENDER = "trudy@cert.example"


def a_mail(*extra: str, body: str = "http://evil.ddns.test/login is phishing.", author: str = SENDER) -> bytes:
    lines = [
        *extra,
        f"From: Trudy <{author}>",
        "To: abuse@ddns.test",
        "Subject: phishing",
        "Date: Wed, 25 Nov 2026 08:00:00 +0000",
        "Message-ID: <1@cert.example>",
        "",
        body,
    ]
    return "\n".join(lines).encode()


@pytest.fixture
def pipe(monkeypatch, capsys):
    """`pipe(content, ...)` is the command's exit code."""

    def send(content: bytes, *arguments: str) -> int:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
        with pytest.raises(SystemExit) as ended:
            call_command("receive_mail", *arguments)
        return ended.value.code

    return send


@pytest.fixture
def sent(settings) -> list:
    return django_mail.outbox


# --- The pipe -----------------------------------------------------------------------------------------------


def test_mail_is_stored_as_it_came(pipe):
    assert pipe(a_mail(), "--sender", f"<{SENDER}>", "--recipient", "abuse@ddns.test") == 0
    submission = Submission.objects.get()
    assert bytes(submission.blob.content) == a_mail()
    assert (submission.door, submission.source, submission.content_type) == ("mail", SENDER, "message/rfc822")


def test_mta_keeps_the_mail_while_the_database_is_away(pipe, monkeypatch):
    def away(*args, **options):
        raise OperationalError("connection refused")

    monkeypatch.setattr(mail, "receive", away)
    assert pipe(a_mail(), "--sender", SENDER) == 75


def test_mta_keeps_the_mail_when_something_of_ours_breaks(pipe, monkeypatch):
    monkeypatch.setattr(submissions, "accept", lambda *args, **options: 1 / 0)
    assert pipe(a_mail(), "--sender", SENDER) == 75
    assert not Mail.objects.exists()


def test_empty_and_too_big_mails_go_back_to_their_sender(pipe, monkeypatch):
    assert pipe(b"", "--sender", SENDER) == 65
    monkeypatch.setattr(receive_mail, "MAX_SIZE", 100)
    monkeypatch.setattr(submissions, "MAX_SIZE", 100)
    assert pipe(a_mail(body="x" * 1000), "--sender", SENDER) == 69
    assert not Submission.objects.exists()


def test_no_more_is_read_than_may_be_stored(monkeypatch):
    asked = []

    class Endless:
        @staticmethod
        def read(size: int = -1) -> bytes:
            asked.append(size)
            return b""

    monkeypatch.setattr(sys, "stdin", type("In", (), {"buffer": Endless}))
    with pytest.raises(SystemExit):
        call_command("receive_mail", "--sender", SENDER)
    assert asked == [submissions.MAX_SIZE + 1]


# --- Once ---------------------------------------------------------------------------------------------------


def test_same_mail_twice_is_one_submission_with_one_acknowledgement(pipe):
    assert pipe(a_mail(), "--sender", SENDER) == pipe(a_mail(), "--sender", SENDER) == 0
    assert (Submission.objects.count(), Mail.objects.to_answer().count()) == (1, 1)


def test_same_mail_by_another_way_is_the_same():
    """Its trace and its line ends differ."""
    first = mail.receive(a_mail("Received: from a.example by mx1.ddns.test"), sender=SENDER)
    again = a_mail("Return-Path: <x@example.com>", "Received: from b.example").replace(b"\n", b"\r\n") + b"\r\n"
    assert mail.receive(again, sender=None) == first


def test_another_mail_under_the_same_message_id_is_another():
    """Else anybody could keep a report away by naming it first."""
    assert mail.receive(a_mail(), sender=SENDER) != mail.receive(a_mail(body="Something else."), sender=SENDER)


def test_too_big_is_not_stored(monkeypatch):
    monkeypatch.setattr(submissions, "MAX_SIZE", 100)
    with pytest.raises(SubmissionTooBig):
        mail.receive(a_mail(body="x" * 1000), sender=SENDER)
    assert not Mail.objects.exists()


# --- Who it was ---------------------------------------------------------------------------------------------

OURS = "mx.ddns.test"


@pytest.mark.parametrize(
    ("results", "is_proven"),
    [
        ([f"{OURS}; dmarc=pass (p=reject) header.from=cert.example"], True),
        ([f"{OURS} 1; dkim=pass header.d=cert.example; dmarc=pass header.from=CERT.example"], True),
        ([f"{OURS}; dkim=pass header.d=mail.cert.example header.s=a"], True),
        ([f"{OURS}; spf=pass smtp.mailfrom=bounces@cert.example; dmarc=none"], True),
        ([f"{OURS}; dmarc=pass header.from=other.example"], False),
        ([f"{OURS}; dmarc=fail header.from=cert.example; dkim=pass header.d=cert.example"], False),
        ([f"{OURS}; dkim=pass header.d=other.example; spf=pass smtp.mailfrom=other.example"], False),
        ([f"{OURS}; dkim=fail header.d=cert.example"], False),
        ([f"{OURS}; none"], False),
        (["mx.elsewhere.example; dmarc=pass header.from=cert.example"], False),
        ([f"{OURS}.evil.example; dmarc=pass header.from=cert.example"], False),
        ([f"evil.example ({OURS}); dmarc=pass header.from=cert.example"], False),
        # Ours stands above what came with the mail.
        ([f"{OURS}; dmarc=fail header.from=cert.example", f"{OURS}; dmarc=pass header.from=cert.example"], False),
        ([f"{OURS}; x=y ((((dmarc=pass header.from=cert.example"], False),
        # What the sender has chosen is quoted there as it came: none of it is a result.
        ([f'{OURS}; spf=pass smtp.mailfrom="cert.example"@evil.example'], False),
        ([f'{OURS}; spf=pass smtp.mailfrom="x; dmarc=pass header.from=cert.example y"@evil.example'], False),
        ([f'{OURS}; spf=pass smtp.mailfrom="x\\" smtp.mailfrom=cert.example \\"y"@evil.example'], False),
        ([f'{OURS}; spf=pass smtp.mailfrom="x (y) z"@cert.example'], True),
        ([f"{OURS}; spf=pass smtp.mailfrom=evil.example smtp.mailfrom=cert.example"], False),
        (
            [
                f'{OURS}; spf=pass smtp.mailfrom="("@cert.example; dmarc=fail header.from=cert.example smtp.helo=")";'
                " dkim=pass header.d=evil.example"
            ],
            False,
        ),
        ([f'{OURS}; spf=pass smtp.mailfrom="@cert.example; dmarc=fail header.from=cert.example'], False),
        (["", "(" * 3000], False),
        ([], False),
    ],
)
def test_only_what_our_own_mail_server_found_proves_a_sender(settings, results, is_proven):
    settings.ABUSE_AUTHSERV_ID = OURS
    content = a_mail(*[f"Authentication-Results: {each}" for each in results])
    reporter = mail.receive(content, sender=SENDER).reporter
    assert (reporter is not None) == is_proven
    if reporter is not None:
        assert reporter.identity == "org:cert.example"


def test_without_the_name_of_our_mail_server_nothing_proves_a_sender():
    content = a_mail("Authentication-Results: mx; dmarc=pass header.from=cert.example")
    assert mail.receive(content, sender=SENDER).reporter is None
    assert authentication_results.proven_author(mail_headers.parse(content), "") is None


def test_two_authors_prove_none(settings):
    settings.ABUSE_AUTHSERV_ID = OURS
    content = a_mail(f"Authentication-Results: {OURS}; dmarc=pass header.from=cert.example", "From: ceo@bank.example")
    assert mail.receive(content, sender=SENDER).reporter is None


@pytest.mark.parametrize(
    "content",
    [
        b"\0",
        b"\n\n\n",
        b":" * 5000,
        b"From: " + b"(" * 100_000,
        b"From: =?utf-8?b?" + b"A" * 5000 + b"?=\nSubject: =?x?y?z?=\n\n",
        b"From: " + b"a@b.example, " * 5000 + b"\n\n",
        b"A: 1\n" * 100_000,
        b"\xff\xfe\x00F\x00r",
        b"Subject: =?utf-16?b?AAAA?=\n\n",
        b"Message-ID: " + b"<" * 10_000 + b"\n\nx",
    ],
)
def test_hostile_headers_are_stored_like_any(content: bytes):
    assert bytes(mail.receive(content, sender="").blob.content) == content


# --- Acknowledgements ---------------------------------------------------------------------------------------


def test_sender_gets_a_receipt_that_holds_and_a_link(sent):
    submission = mail.receive(a_mail(), sender=SENDER, recipient="abuse@ddns.test")
    assert acknowledgements.send_due() == 1
    (message,) = sent
    assert message.to == [SENDER]
    headers = message_from_bytes(message.message().as_bytes(), policy=policy.default)
    assert (headers["Auto-Submitted"], headers["In-Reply-To"]) == ("auto-replied", "<1@cert.example>")
    assert reporter_links.link(submission) in message.body
    _, receipt, _ = message.attachments[0]
    held = receipts.verify(json.loads(receipt), receipts.keys_of(receipts.published_keys()))
    assert held["submission"] == str(submission.pk)
    assert (acknowledgements.send_due(), len(sent)) == (0, 1)


@pytest.mark.parametrize(("language", "said"), [("de-AT, en", "Ihre Meldung ist da"), ("", "Your report was received")])
def test_acknowledgement_is_in_the_language_of_the_mail(sent, language, said):
    mail.receive(a_mail(*([f"Content-Language: {language}"] if language else [])), sender=SENDER)
    acknowledgements.send_due()
    (message,) = sent

    assert said in message.subject
    assert str(Submission.objects.get().receipt.pk) in message.body
    assert Submission.objects.get().blob_id in message.body


def test_acknowledgement_carries_nothing_of_the_mail(sent):
    """Else it would carry anybody's words to whoever was forged as the sender."""
    content = a_mail(body="BUY NOW").replace(b"phishing", b"BUY NOW")
    mail.receive(content, sender=SENDER)
    acknowledgements.send_due()
    assert "BUY NOW" not in sent[0].message().as_string()


@pytest.mark.parametrize(
    ("extra", "sender"),
    [
        ([], ""),
        ([], "not an address"),
        ([], "MAILER-DAEMON@cert.example"),
        ([], "no-reply@cert.example"),
        ([], "abuse@ddns.test"),
        ([], "people-bounces@lists.example"),
        (["Auto-Submitted: auto-replied"], SENDER),
        (["Auto-Submitted: auto-generated; x=y"], SENDER),
        (["Precedence: bulk"], SENDER),
        (["Precedence: List"], SENDER),
        (["List-Id: <people.lists.example>"], SENDER),
        (["List-Unsubscribe: <mailto:x@example.com>"], SENDER),
        (["X-Auto-Response-Suppress: All"], SENDER),
        (['Content-Type: multipart/report; report-type=feedback-report; boundary="x"'], SENDER),
    ],
)
def test_machine_is_never_answered(extra, sender, sent):
    mail.receive(a_mail(*extra), sender=sender, recipient="abuse@ddns.test")
    assert acknowledgements.send_due() == 0
    assert Mail.objects.get().withheld


def test_our_own_acknowledgement_is_not_acknowledged(sent, settings):
    mail.receive(a_mail(), sender=SENDER)
    acknowledgements.send_due()
    back = sent[0].message().as_bytes()
    mail.receive(back, sender=settings.DEFAULT_FROM_EMAIL)
    mail.receive(back + b"forwarded", sender="other@cert.example")
    assert acknowledgements.send_due() == 0


def test_forged_sender_is_not_answered(settings, sent):
    settings.ABUSE_AUTHSERV_ID = OURS
    mail.receive(a_mail(f"Authentication-Results: {OURS}; spf=fail smtp.mailfrom={SENDER}"), sender=SENDER)
    assert acknowledgements.send_due() == 0


def test_one_address_gets_a_few_in_a_day(sent, monkeypatch):
    monkeypatch.setattr(acknowledgements, "PER_ADDRESS", 2)
    for number in range(4):
        mail.receive(a_mail(body=str(number)), sender=SENDER)
    assert (acknowledgements.send_due(), Submission.objects.count()) == (2, 4)


def test_acknowledgement_waits_for_the_mail_server(sent, settings):
    mail.receive(a_mail(), sender=SENDER)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    assert acknowledgements.send_due() == 0
    assert Mail.objects.to_answer().filter(due_at__lte=timezone.now()).count() == 1


def test_refused_acknowledgement_is_tried_again_later(sent, monkeypatch):
    mail.receive(a_mail(), sender=SENDER)

    def refuse(*args, **options):
        raise OSError("451 not now")

    monkeypatch.setattr("django.core.mail.EmailMessage.send", refuse)
    assert acknowledgements.send_due() == 0
    row = Mail.objects.get()
    assert row.due_at is not None
    assert row.due_at > timezone.now()
    assert "451" in row.failure


def test_receiving_writes_nothing_into_the_ledger():
    mail.receive(a_mail(), sender=SENDER)
    assert not LedgerEntry.objects.exists()


def test_mail_whose_subject_nobody_can_store_is_stored_all_the_same(pipe):
    content = a_mail().replace(b"Subject: phishing", b"Subject: =?utf-7?q?+2AA-?=")
    assert pipe(content, "--sender", SENDER) == 0
    assert Submission.objects.count() == 1


# --- Answers to what is in it -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("extra", "sender", "is_answered"),
    [
        ([], SENDER, True),
        ([], "", False),
        (["List-Id: <people.lists.example>"], SENDER, False),
        ([f"Authentication-Results: {OURS}; dmarc=fail header.from=cert.example"], SENDER, False),
        ([f"Authentication-Results: {OURS}; spf=fail smtp.mailfrom={SENDER}"], SENDER, False),
        (
            [f"Authentication-Results: {OURS}; dmarc=pass header.from=cert.example", "Auto-Submitted: auto-generated"],
            SENDER,
            True,
        ),
    ],
    ids=["a person", "a bounce", "a list", "forged", "forged too", "a machine that is proven"],
)
def test_spam_makes_us_write_to_nobody_whose_address_was_forged(settings, domain, extra, sender, is_answered):
    """Every spam that names a host is a report of something that is not ours."""
    settings.ABUSE_AUTHSERV_ID = OURS
    reports.read(mail.receive(a_mail(*extra, body="Buy at http://pills.example/ now."), sender=sender))
    assert Report.objects.get().outcome == "not_ours"
    assert ReporterMail.objects.exists() == is_answered


def test_who_is_not_acknowledged_again_today_is_answered_all_the_same(domain, monkeypatch):
    monkeypatch.setattr(acknowledgements, "PER_ADDRESS", 0)
    reports.read(mail.receive(a_mail(body="http://bank.example/ is phishing."), sender=SENDER))
    assert ReporterMail.objects.get().address == SENDER
