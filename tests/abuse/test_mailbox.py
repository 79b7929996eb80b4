"""The mailbox, on a real IMAP server: emptied over TLS, nothing lost and nothing twice whenever somebody dies, and watched."""

from datetime import timedelta
from itertools import count

import pytest
from django.db import OperationalError
from django.utils import timezone

from abuse import imap, mail, mailbox, submissions
from abuse.errors import MailboxFailed
from abuse.models import Mail, Mailbox, Submission
from dnsupdate.models import Alarm

pytestmark = [pytest.mark.django_db, pytest.mark.servers]

numbers = count()
DONE = "Received"


def a_mail(number: int = 1, body: str = "http://evil.ddns.test/ is phishing.") -> bytes:
    return (
        f"Return-Path: <trudy@cert.example>\nFrom: trudy@cert.example\nMessage-ID: <{number}@cert.example>\n"
        f"Subject: report\n\n{body}\n"
    ).encode()


@pytest.fixture
def user(dovecot, trusted_dovecot, settings) -> str:
    """A mailbox of the test's own, polled over TLS."""
    user = f"abuse{next(numbers)}"
    settings.ABUSE_IMAP_HOST, settings.ABUSE_IMAP_PORT = "localhost", dovecot.tls_port
    settings.ABUSE_IMAP_SECURITY, settings.ABUSE_IMAP_USER = "tls", user
    settings.ABUSE_IMAP_PASSWORD = dovecot.password
    return user


def test_mails_are_stored_as_they_came_and_moved_away(dovecot, user):
    for number in range(3):
        dovecot.deliver(user, a_mail(number))
    assert mailbox.poll() == 3
    stored = {bytes(each.blob.content) for each in Submission.objects.select_related("blob")}
    assert stored == {a_mail(number).replace(b"\n", b"\r\n") for number in range(3)}
    assert set(dovecot.contents(user, DONE)) == stored
    assert dovecot.contents(user, "INBOX") == []
    assert Submission.objects.first().source == "trudy@cert.example"
    assert mailbox.poll() == 0


@pytest.mark.parametrize("security", ["starttls", "none"])
def test_mailbox_is_polled_by_every_way_in(dovecot, user, settings, security):
    settings.ABUSE_IMAP_SECURITY, settings.ABUSE_IMAP_PORT = security, dovecot.port
    dovecot.deliver(user, a_mail())
    assert mailbox.poll() == 1


def test_certificate_that_nobody_vouches_for_is_refused(dovecot, user, monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE")
    imap._tls.cache_clear()
    dovecot.deliver(user, a_mail())
    assert mailbox.poll() == 0
    assert "CERTIFICATE_VERIFY_FAILED" in Mailbox.objects.get().failure


def test_no_password_stands_in_a_failure(dovecot, user, settings, caplog):
    settings.ABUSE_IMAP_PASSWORD = "wrong-and-secret"
    assert mailbox.poll() == 0
    box = Mailbox.objects.get()
    assert "AUTHENTICATIONFAILED" in box.failure
    assert "wrong-and-secret" not in box.failure + caplog.text


def test_whoever_dies_before_the_mail_is_moved_stores_it_once(dovecot, user, monkeypatch):
    dovecot.deliver(user, a_mail())
    with monkeypatch.context() as dying:
        dying.setattr(imap.Folder, "move", _die)
        with pytest.raises(Killed):
            mailbox.poll()
    assert Submission.objects.count() == 1
    assert mailbox.poll() == 1
    assert (Submission.objects.count(), Mail.objects.to_answer().count()) == (1, 1)
    assert len(dovecot.contents(user, DONE)) == 1


def test_whoever_dies_before_the_mail_is_stored_loses_nothing(dovecot, user, monkeypatch):
    dovecot.deliver(user, a_mail())
    with monkeypatch.context() as dying:
        dying.setattr(mail, "receive", _die)
        with pytest.raises(Killed):
            mailbox.poll()
    assert len(dovecot.contents(user, "INBOX")) == 1
    assert mailbox.poll() == 1


def test_mail_stays_while_the_database_is_away(dovecot, user, monkeypatch):
    dovecot.deliver(user, a_mail())

    def away(*args, **options):
        raise OperationalError("connection refused")

    with monkeypatch.context() as dying:
        dying.setattr(mail, "receive", away)
        with pytest.raises(OperationalError):
            mailbox.poll()
    assert mailbox.poll() == 1


def test_mail_that_breaks_us_stays_and_keeps_no_other_waiting(dovecot, user, monkeypatch):
    dovecot.deliver(user, a_mail(1, "breaks"))
    dovecot.deliver(user, a_mail(2))
    receive = mail.receive

    def breaks(content: bytes, **options):
        return 1 / 0 if b"breaks" in content else receive(content, **options)

    with monkeypatch.context() as breaking:
        breaking.setattr(mail, "receive", breaks)
        assert mailbox.poll() == 1
    assert "ZeroDivisionError" in Mailbox.objects.get().failure
    assert mailbox.poll() == 1
    assert Mailbox.objects.get().failing_since is None


def test_too_big_mail_is_noted_and_left(dovecot, user, monkeypatch):
    monkeypatch.setattr(mailbox, "MAX_SIZE", 1000)
    dovecot.deliver(user, a_mail(1, "x" * 2000))
    dovecot.deliver(user, a_mail(2))
    assert mailbox.poll() == 1
    assert mailbox.poll() == 0
    box = Mailbox.objects.get()
    assert (box.left_count, box.waiting_count, Submission.objects.count()) == (1, 0, 1)
    assert len(dovecot.contents(user, "INBOX")) == 1
    assert Alarm.objects.open().get().kind == Alarm.Kind.MAILBOX


def test_no_more_of_a_mail_is_fetched_than_may_be_stored(dovecot, user, monkeypatch):
    """Even where the server understates its size."""
    monkeypatch.setattr(mailbox, "MAX_SIZE", 1000)
    monkeypatch.setattr(submissions, "MAX_SIZE", 1000)
    dovecot.deliver(user, a_mail(1, "x" * 50_000))
    describe = imap.Folder.describe
    monkeypatch.setattr(
        imap.Folder, "describe", lambda self, uids: [imap.Waiting(each.uid, 10, None) for each in describe(self, uids)]
    )
    with imap.opened(mailbox.place()) as folder:
        assert len(folder.fetch(folder.waiting()[0], most=1001)) == 1001
    assert mailbox.poll() == 0
    assert Mailbox.objects.get().left_count == 1


def test_flood_is_taken_in_parts(dovecot, user, monkeypatch):
    monkeypatch.setattr(mailbox, "MOST_AT_ONCE", 2)
    for number in range(3):
        dovecot.deliver(user, a_mail(number))
    assert mailbox.poll() == 2
    box = Mailbox.objects.get()
    assert (box.waiting_count, box.oldest_at is not None) == (1, True)
    assert mailbox.poll() == 1


def test_server_that_cannot_move_is_asked_to_copy(dovecot, user, monkeypatch):
    opened = imap.Folder.__init__

    def without_move(self, server, capabilities):
        opened(self, server, set(capabilities) - {"MOVE"})

    monkeypatch.setattr(imap.Folder, "__init__", without_move)
    dovecot.deliver(user, a_mail())
    assert mailbox.poll() == 1
    assert (len(dovecot.contents(user, DONE)), dovecot.contents(user, "INBOX")) == (1, [])


def test_folders_may_have_any_name(dovecot, user, settings):
    settings.ABUSE_IMAP_DONE_FOLDER = 'What "we" had'
    dovecot.deliver(user, a_mail())
    assert mailbox.poll() == 1


def test_dead_server_is_told_of_once_it_is_dead_for_long(dovecot, user, settings, free_port):
    settings.ABUSE_IMAP_PORT = free_port
    mailbox.poll()
    assert not Alarm.objects.exists()
    assert Mailbox.objects.get().failing_since is not None
    Mailbox.objects.update(failing_since=timezone.now() - timedelta(hours=1))
    mailbox.poll()
    assert Alarm.objects.open().get().kind == Alarm.Kind.MAILBOX
    assert mailbox.health().is_failing
    settings.ABUSE_IMAP_PORT = dovecot.tls_port
    mailbox.poll()
    assert not Alarm.objects.open().exists()
    assert not mailbox.health().is_failing


def test_poll_that_never_begins_is_failing_too(dovecot, user):
    mailbox.poll()
    assert not mailbox.health().is_failing
    Mailbox.objects.update(succeeded_at=timezone.now() - timedelta(hours=1))
    assert mailbox.health().is_failing


def test_health_says_what_waits_for_people(db):
    submissions.accept(b"x", door=Submission.Door.MAIL, source="x")
    Submission.objects.update(state=Submission.State.UNREADABLE)
    found = mailbox.health()
    assert (found.is_polled, found.is_failing, found.unreadable_count) == (False, False, 1)
    assert found.oldest_unreadable_at is not None


def test_nothing_is_polled_unless_it_is_switched_on():
    assert mailbox.poll() == 0
    assert not Mailbox.objects.exists()


def test_health_takes_a_constant_number_of_queries(django_assert_max_num_queries):
    with django_assert_max_num_queries(6):
        mailbox.health()


class Killed(BaseException):
    """As SIGKILL is: nothing catches it."""


def _die(*args, **options):
    raise Killed


def test_mails_that_break_us_keep_no_others_waiting_however_many_they_are(dovecot, user, monkeypatch):
    monkeypatch.setattr(mailbox, "MOST_AT_ONCE", 2)
    for number in range(3):
        dovecot.deliver(user, a_mail(number, "breaks"))
    dovecot.deliver(user, a_mail(9))
    receive = mail.receive

    def break_down(content, **options):
        if b"breaks" in content:
            raise ZeroDivisionError
        return receive(content, **options)

    monkeypatch.setattr(mail, "receive", break_down)
    assert mailbox.poll() == 1
    assert Submission.objects.count() == 1


def test_mails_are_stored_although_they_cannot_be_moved_away(dovecot, user, monkeypatch):
    for number in range(3):
        dovecot.deliver(user, a_mail(number))

    def full(*args):
        raise MailboxFailed("MOVE is answered with NO: OVERQUOTA.")

    with monkeypatch.context() as stuck:
        stuck.setattr(imap.Folder, "move", full)
        assert mailbox.poll() == 0
    assert Submission.objects.count() == 3
    assert "OVERQUOTA" in Mailbox.objects.get().failure
    assert (mailbox.poll(), Submission.objects.count()) == (3, 3)
