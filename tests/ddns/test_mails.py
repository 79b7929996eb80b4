"""Mails: few, together, in their reader's language, and ended with one click."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.test import Client
from django.utils import timezone
from django.utils.translation import get_language

from ddns import keys, mails, notifications, preferences, tasks, unsubscriptions, wordings
from ddns.models import Delivery, Hostname, User
from ddns.models.notifications import ALWAYS_MAILED, Kind

pytestmark = pytest.mark.django_db
DETAILS = {"old": ["203.0.113.1"], "new": ["203.0.113.2"], "source": "198.51.100.9", "count": 1}


@pytest.fixture
def clock():
    with time_machine.travel(timezone.now(), tick=False) as clock:
        yield clock


def changed(hostname: Hostname, address: str = "203.0.113.2"):
    return notifications.tell(
        hostname.account, Kind.ADDRESS_CHANGED, hostname=hostname, details={**DETAILS, "new": [address]}
    )


@pytest.fixture
def _by_mail(alice: User):
    preferences.choose(alice, Kind.ADDRESS_CHANGED, by_mail=True, by_webhook=True)


def waiting() -> int:
    return Delivery.objects.exclude(due_at=None).count()


def test_a_notification_is_mailed_once_to_its_owner(alice: User, home: Hostname):
    notifications.tell(alice, Kind.SUSPENDED, hostname=home)
    tasks.send_mails()
    tasks.send_mails()

    (sent,) = mail.outbox
    assert (sent.to, sent.subject) == ([alice.email], "[DDNS] home.ddns.test was suspended and is out of DNS")
    assert "/notifications/" in sent.body
    assert sent.extra_headers["Auto-Submitted"] == "auto-generated"
    assert waiting() == 0


def test_line_breaks_in_what_a_key_is_called_do_not_keep_the_mail_that_tells_of_it(alice: User):
    """Whoever has taken over a session would make the first key so, and all further ones untold."""
    keys.create(alice, label="router\r\nBcc: mallory@example.net\u2028")
    keys.create(alice, label="another")
    tasks.send_mails()

    (sent,) = mail.outbox
    assert re.fullmatch(
        r"\[DDNS\] A key was made: router Bcc: mallory@example.net \(\w{8}…\), and 1 more", sent.subject
    )
    assert sent.recipients() == [alice.email]
    assert waiting() == 0


def test_each_account_gets_its_own(alice: User, bob: User, home: Hostname, foreign: Hostname):
    for hostname in (home, foreign):
        notifications.tell(hostname.account, Kind.SUSPENDED, hostname=hostname)
    assert mails.send_due() == 2
    by_address = {sent.to[0]: sent.body for sent in mail.outbox}
    assert "bob.ddns.test" not in by_address[alice.email]
    assert "home.ddns.test" not in by_address[bob.email]


@pytest.mark.usefixtures("_by_mail")
def test_what_settles_within_a_minute_is_one_mail(home: Hostname, office: Hostname, clock):
    changed(home)
    changed(home, "203.0.113.3")
    changed(office)
    assert mails.send_due() == 0
    clock.shift(timedelta(minutes=2))
    assert mails.send_due() == 1
    (sent,) = mail.outbox
    assert sent.subject == "[DDNS] home.ddns.test has another address, and 2 more"
    assert sent.body.count("has another address") == 3


@pytest.mark.usefixtures("_by_mail")
def test_a_flapping_hostname_is_one_mail_in_a_quarter_of_an_hour_and_holds_up_no_other(home, office, clock):
    changed(home)
    clock.shift(timedelta(minutes=2))
    assert mails.send_due() == 1
    for number in range(3, 6):
        changed(home, f"203.0.113.{number}")
    changed(office)
    clock.shift(timedelta(minutes=2))
    assert mails.send_due() == 1
    assert "home" not in mail.outbox[-1].body.partition("All notifications")[0]

    clock.shift(mails.MAIL_EVERY)
    assert mails.send_due() == 1
    assert [f"203.0.113.{number}" in mail.outbox[-1].body for number in range(3, 6)] == [True] * 3


@pytest.mark.usefixtures("_by_mail")
def test_beyond_the_number_of_a_day_the_rest_is_summed_up_and_what_matters_comes_through(alice, home, clock):
    for number in range(60):
        changed(home, f"203.0.113.{number}")
        clock.shift(timedelta(minutes=20))
        mails.send_due()
    assert len(mail.outbox) == mails.MAILS_PER_DAY - mails.MAILS_KEPT
    notifications.tell(alice, Kind.SUSPENDED, hostname=home)
    assert mails.send_due() == 1
    clock.shift(timedelta(hours=23))
    mails.send_due()
    assert sum("203.0.113.59" in sent.body for sent in mail.outbox) == 1
    assert mail.outbox[-1].body.count("has another address") == 60 - (mails.MAILS_PER_DAY - mails.MAILS_KEPT)


def test_what_matters_has_a_limit_too(alice: User, clock):
    for _ in range(mails.MAILS_PER_DAY + 5):
        notifications.tell(alice, Kind.SUSPENDED)
        mails.send_due()
        clock.shift(timedelta(minutes=1))
    assert len(mail.outbox) == mails.MAILS_PER_DAY
    clock.shift(timedelta(days=1))
    mails.send_due()
    assert len(mail.outbox) == mails.MAILS_PER_DAY + 1


def test_a_mail_lists_so_many_and_counts_the_rest(alice: User, monkeypatch):
    monkeypatch.setattr(mails, "MAX_LINES", 3)
    for _ in range(8):
        notifications.tell(alice, Kind.SUSPENDED)
    mails.send_due()
    assert mail.outbox[0].body.count("Your account was deactivated") == 3
    assert "And 5 more" in mail.outbox[0].body
    assert mail.outbox[0].body.count("decision of the abuse desk") == 1


def test_a_mail_server_that_is_away_costs_no_mail_and_no_try(alice: User, settings, free_port: int):
    notifications.tell(alice, Kind.SUSPENDED)
    backend = settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND, settings.EMAIL_HOST, settings.EMAIL_PORT = (
        "django.core.mail.backends.smtp.EmailBackend", "127.0.0.1", free_port,
    )  # fmt: skip
    assert mails.send_due() == 0
    assert Delivery.objects.get().try_count == 0
    settings.EMAIL_BACKEND = backend
    assert mails.send_due() == 1


def test_a_mail_that_is_refused_is_tried_again_later_and_given_up_after_days(alice: User, clock, monkeypatch):
    notifications.tell(alice, Kind.SUSPENDED)

    def refuse(*_):
        raise ConnectionError("550 no such mailbox")

    monkeypatch.setattr("django.core.mail.backends.locmem.EmailBackend.send_messages", refuse)
    mails.send_due()
    delivery = Delivery.objects.get()
    assert (delivery.try_count, "550" in delivery.answer) == (1, True)
    mails.send_due()
    assert Delivery.objects.get().try_count == 1
    clock.shift(mails.GIVE_UP_AFTER + timedelta(hours=1))
    mails.send_due()
    delivery = Delivery.objects.get()
    assert (delivery.due_at, delivery.sent_at) == (None, None)
    assert delivery.given_up_at is not None


def test_what_another_task_has_claimed_is_left_to_it(alice: User):
    notifications.tell(alice, Kind.SUSPENDED)
    assert len(mails._claim(alice, Kind.SUSPENDED)) == 1
    assert mails.send_due() == 0


def test_a_closed_account_gets_no_mail(alice: User):
    notifications.tell(alice, Kind.SUSPENDED)
    User.objects.filter(pk=alice.pk).update(closed_at=timezone.now())
    assert mails.send_due() == 0
    assert waiting() == 0


def test_mails_are_in_the_accounts_language(alice: User, monkeypatch):
    seen = []

    def words(notification):
        seen.append(get_language())
        return wordings.Wording("x", "y")

    monkeypatch.setattr("ddns.mails.wordings.of", words)
    User.objects.filter(pk=alice.pk).update(language="de")
    notifications.tell(alice, Kind.LIFTED)
    mails.send_due()
    assert seen == ["de"]


@pytest.mark.parametrize("kind", sorted(ALWAYS_MAILED))
def test_what_cannot_be_switched_off_does_not_offer_it(alice: User, home: Hostname, kind: Kind):
    now = timezone.now().isoformat()
    details = {"active_at": now, "expires_at": now, "url": "https://hooks.example/", "headline": "Held", "text": "Why."}
    notifications.tell(alice, kind, hostname=home, details=details)
    mails.send_due()
    assert "List-Unsubscribe" not in mail.outbox[0].extra_headers
    assert "/unsubscribe/" not in mail.outbox[0].body


def unsubscribe_link(alice: User) -> str:
    notifications.tell(alice, Kind.NEW_KEY, details={"label": "router", "prefix": "abcdefgh"})
    mails.send_due()
    headers = mail.outbox[-1].extra_headers
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = re.fullmatch(r"<http://[^/]+(/unsubscribe/\S+/)>", headers["List-Unsubscribe"])[1]
    assert link in mail.outbox[-1].body
    return link


def test_one_click_of_a_mail_program_ends_mails_of_that_kind_and_no_other(alice: User):
    """RFC 8058 §3.1: a POST without cookies, from elsewhere."""
    link = unsubscribe_link(alice)
    response = Client(enforce_csrf_checks=True).post(link, {"List-Unsubscribe": "One-Click"})
    assert response.status_code == 200
    after = preferences.of(alice)
    assert (after[Kind.NEW_KEY].by_mail, after[Kind.NEW_KEY].by_webhook) == (False, True)
    assert after[Kind.KEY_EXPIRING].by_mail


def test_a_scanner_that_follows_the_link_ends_nothing(client, alice: User):
    response = client.get(unsubscribe_link(alice))
    assert "No more of these mails" in response.content.decode()
    assert preferences.of(alice)[Kind.NEW_KEY].by_mail


@pytest.mark.parametrize("spoil", [lambda link: link[:-3] + "A/", lambda link: "/unsubscribe/x/"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_forged_link_does_nothing(client, alice: User, spoil, method: str):
    response = getattr(client, method)(spoil(unsubscribe_link(alice)))
    assert response.status_code == 404
    assert preferences.of(alice)[Kind.NEW_KEY].by_mail


def test_a_link_for_what_must_be_mailed_changes_nothing(client, alice: User):
    client.post(f"/unsubscribe/{unsubscriptions.token(alice, Kind.EXPIRING)}/")
    assert preferences.of(alice)[Kind.EXPIRING].by_mail
