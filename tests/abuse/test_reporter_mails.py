"""Mails to reporters: few and together, in their language, to nobody who does not read, and tried again."""

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from abuse import answer_words, answers, cases, report_rows, reporter_mails, reporters
from abuse.intake.drafts import Draft, Party, Subject
from abuse.models import Report, Reporter, ReporterMail
from tests.abuse.readable import read

pytestmark = pytest.mark.django_db

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def draft(*names: str, contact: str = "trudy@example.com", **fields) -> Draft:
    subjects = tuple(Subject(name=name, url=f"https://{name}/login") for name in names)
    return Draft("content/phishing", subjects, reporter=Party(contact=contact), **fields)


def due() -> int:
    """As if the minute of gathering were over."""
    ReporterMail.objects.filter(due_at__isnull=False).update(due_at=timezone.now() - MINUTE)
    return reporter_mails.send_due()


def test_answers_of_a_minute_are_one_mail(monkeypatch, home):
    for number in range(3):
        read(monkeypatch, draft(f"bank{number}.example.com", external_id=f"T-{number}"))
    assert reporter_mails.send_due() == 0
    assert (due(), due()) == (1, 0)
    (message,) = mail.outbox
    assert message.to == ["trudy@example.com"]
    assert "3 of your reports" in message.subject
    # Defanged: filters on the way throw bad names away.
    assert all(f"bank{number}[.]example[.]com" in message.body for number in range(3))
    assert "bank0.example.com" not in message.body
    assert "T-2" in message.body
    assert message.extra_headers["Auto-Submitted"] == "auto-generated"


def test_list_of_names_is_one_short_mail(monkeypatch, home):
    read(monkeypatch, *[draft(f"bank{number}.ddns.test") for number in range(200)])
    due()
    (message,) = mail.outbox
    assert "200 of your reports" in message.subject
    assert "And 150 more" in message.body


@pytest.mark.parametrize(
    ("language", "words"), [("en", "A person looked"), ("de", "Mensch"), ("xx", "A person looked")]
)
def test_decision_is_told_in_the_reporters_language(monkeypatch, home, oscar, language, words):
    (report,) = read(monkeypatch, draft("home.ddns.test", language=language))
    assert report.case is not None
    cases.close(report.case, outcome=Report.Outcome.REJECTED, by=oscar, reason="our secret reason")
    due()
    (message,) = mail.outbox
    assert words in message.body
    # Reasons are for the ledger and the desk; the reporter is told what the desk writes to them.
    assert "our secret reason" not in message.body
    assert "alice" not in message.body


def test_what_the_desk_writes_is_told(monkeypatch, home):
    (report,) = read(monkeypatch, draft("home.ddns.test"))
    answers.give([report], Report.Outcome.INFORMED, text="The camera is switched off.")
    due()
    assert "The camera is switched off." in mail.outbox[0].body


@pytest.mark.parametrize(
    "contact", ["", "noreply@example.com", "MAILER-DAEMON@example.com", "not an address", "a@b@c", "x\n@example.com"]
)
def test_who_does_not_read_gets_none(monkeypatch, home, contact):
    read(monkeypatch, draft("bank.example.com", contact=contact))
    assert not ReporterMail.objects.exists()


def test_our_own_mailbox_is_never_answered(monkeypatch, home, settings):
    settings.ABUSE_CONTACT = "abuse@desk.example"
    read(monkeypatch, draft("bank.example.com", contact="Abuse@desk.example"))
    assert not ReporterMail.objects.exists()


def test_anonymous_report_is_answered_to_nobody(monkeypatch, home):
    (report,) = read(monkeypatch, Draft("content/csam", (Subject(name="bank.example.com"),), is_anonymous=True))
    assert report.contact == ""
    assert not ReporterMail.objects.exists()


def test_proven_reporter_cannot_have_answers_sent_to_a_third(monkeypatch, home, trusted):
    (report,) = read(monkeypatch, draft("bank.example.com", contact="victim@example.org"), reporter=trusted)
    assert report.contact == "soc@example.net"
    (report,) = read(monkeypatch, draft("bank.example.com", contact="night-shift@example.net"), reporter=trusted)
    assert report.contact == "night-shift@example.net"


@pytest.fixture
def trusted(db):
    from abuse import reporters

    return reporters.proven_by_mailbox("soc@example.net")


def test_address_gets_few_mails_a_day_and_the_rest_together(monkeypatch, home):
    for number in range(reporter_mails.MAILS_PER_DAY + 3):
        read(monkeypatch, draft(f"bank{number}.example.com"))
        due()
    assert len(mail.outbox) == reporter_mails.MAILS_PER_DAY
    ReporterMail.objects.filter(sent_at__isnull=False).update(sent_at=timezone.now() - DAY - MINUTE)
    due()
    assert "3 of your reports" in mail.outbox[-1].subject


def test_failed_mail_is_tried_again_with_the_same_words_and_given_up_after_days(monkeypatch, home, settings):
    read(monkeypatch, draft("bank.example.com"))
    settings.EMAIL_BACKEND = "tests.abuse.test_reporter_mails.Refusing"
    assert due() == 0
    row = ReporterMail.objects.get()
    assert (row.try_count, row.sent_at, "451" in row.failure) == (1, None, True)
    assert row.due_at > timezone.now()
    text = row.text
    ReporterMail.objects.update(created_at=timezone.now() - reporter_mails.GIVE_UP_AFTER - DAY)
    due()
    row.refresh_from_db()
    assert (row.text, row.due_at, row.given_up_at is None) == (text, None, False)


class Refusing(mail.backends.base.BaseEmailBackend):
    """A mail server that takes nothing."""

    def send_messages(self, messages):
        raise OSError("451 try later")


def test_number_of_a_stranger_is_a_number_or_nothing(monkeypatch, home):
    read(monkeypatch, draft("bank.example.com", external_id="Buy now: https://spam.example/"))
    due()
    assert "spam.example" not in mail.outbox[0].body


def test_old_mails_are_deleted_and_the_answers_stay(monkeypatch, home):
    (report,) = read(monkeypatch, draft("bank.example.com"))
    due()
    assert reporter_mails.purge(timezone.now() + reporter_mails.KEEP_FOR + DAY) >= 1
    report.refresh_from_db()
    assert (report.mail, bool(report.answer)) == (None, True)


# --- Nobody writes to others through us ---------------------------------------------------------------------


def test_stranger_who_reports_for_a_thousand_makes_us_write_to_few(monkeypatch, home):
    """One post to the API, with an address of somebody else in each report of its list."""
    read(monkeypatch, *[draft("bank.ddns.test", contact=f"bob@victim-{number}.com") for number in range(50)])
    assert ReporterMail.objects.count() == report_rows.MOST_PARTIES
    assert Reporter.objects.filter(identity__startswith=reporters.CLAIMED).count() == report_rows.MOST_PARTIES
    # The others are nobody in particular; the link shows the answers.
    assert Report.objects.filter(contact="", reporter__identity="anonymous", outcome="not_ours").count() == 45


def test_answers_of_a_decision_that_was_undone_at_once_are_not_told(monkeypatch, home, oscar):
    (report,) = read(monkeypatch, draft("home.ddns.test"))
    assert report.case is not None
    case = cases.close(report.case, outcome=Report.Outcome.REJECTED, by=oscar, reason="a slip of the key")
    cases.reopen(case, by=oscar, reason="a slip of the key")
    assert (due(), mail.outbox) == (0, [])
    assert not ReporterMail.objects.filter(due_at__isnull=False).exists()


def test_mail_that_breaks_us_keeps_no_other_waiting(monkeypatch, home):
    read(monkeypatch, draft("bank.example.com", contact="one@example.com"))
    read(monkeypatch, draft("bank.example.com", contact="other@example.net"))
    words = answer_words.mail

    def break_down(report):
        if report.contact == "one@example.com":
            raise ZeroDivisionError
        return words(report)

    monkeypatch.setattr(answer_words, "mail", break_down)
    assert due() == 1
    assert [message.to for message in mail.outbox] == [["other@example.net"]]
    waiting = ReporterMail.objects.get(due_at__isnull=False)
    assert waiting.try_count == 1
    assert "ZeroDivisionError" in waiting.failure
    assert waiting.due_at > timezone.now()
