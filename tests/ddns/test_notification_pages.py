"""Pages of notifications: what they show and do, that nobody sees or changes what is another's, and what they cost."""

import json
import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from ddns import (
    accounts,
    exports,
    notifications,
    posting,
    preferences,
    renewals,
    unsubscriptions,
    webhooks,
)
from ddns.models import Delivery, Expiry, Hostname, Notification, Preference, User, Webhook
from ddns.models.notifications import Kind
from dnsupdate.secrets import unseal
from tests.ddns.webhooks import added
from tests.people import logged_in
from tests.receivers import Receiver

pytestmark = pytest.mark.django_db
URL = "https://hooks.example/alice"
PAGES = ["/notifications/", "/notifications/preferences/", "/notifications/webhooks/"]


@pytest.fixture
def browser(alice: User) -> Client:
    return logged_in(alice)


@pytest.fixture
def webhook(alice: User) -> Webhook:
    return added(alice, URL)[0]


def actions(webhook: Webhook) -> list[str]:
    page = f"/notifications/webhooks/{webhook.pk}/"
    return [page, *(f"{page}{verb}/" for verb in ("test", "rotate", "enable", "disable", "delete"))]


def test_stranger_is_sent_to_the_log_in(client, webhook: Webhook):
    delivery = webhooks.test(webhook)
    pages = [*PAGES, *actions(webhook), "/notifications/read/", f"/notifications/deliveries/{delivery.pk}/resend/"]
    for page in pages:
        for method in (client.get, client.post):
            assert method(page).url == f"/accounts/login/?next={page}"
    assert Webhook.objects.exists()


def test_bob_neither_sees_nor_changes_what_is_alices(alice, bob, home, webhook):
    notifications.tell(alice, Kind.SUSPENDED, hostname=home)
    delivery, theirs = webhooks.test(webhook), logged_in(bob)
    before = Webhook.objects.values().get()
    for page in [*actions(webhook), f"/notifications/deliveries/{delivery.pk}/resend/"]:
        assert theirs.post(page).status_code in (404, 405)
    assert theirs.get(actions(webhook)[0]).status_code == 404
    for page in PAGES:
        html = theirs.get(page).content.decode()
        assert "home.ddns.test" not in html
        assert URL not in html
    theirs.post("/notifications/read/", {"newest": Notification.objects.get().pk})
    assert Notification.objects.unread().count() == 1
    assert Webhook.objects.values().get() == before


def test_actions_change_nothing_by_get(browser, webhook):
    for page in actions(webhook)[1:]:
        assert browser.get(page).status_code == 405
    assert Client(enforce_csrf_checks=True).post(actions(webhook)[-1]).status_code == 403


def test_the_list_says_what_happened_and_the_header_how_many_are_new(browser, alice, home):
    notifications.tell(alice, Kind.SUSPENDED, hostname=home)
    html = browser.get("/notifications/").content.decode()
    assert "home.ddns.test was suspended and is out of DNS" in html
    assert 'Notifications <span class="badge live">1</span>' in browser.get("/hostnames/").content.decode()

    newest = re.search(r'name="newest" value="(\d+)"', html)[1]
    later = notifications.tell(alice, Kind.LIFTED, hostname=home)
    browser.post("/notifications/read/", {"newest": newest})
    assert list(Notification.objects.unread()) == [later]


@pytest.mark.parametrize("newest", ["", "x", "-1", "9" * 30, "²"])
def test_nonsense_reads_nothing(browser, alice, newest: str):
    notifications.tell(alice, Kind.LIFTED)
    assert browser.post("/notifications/read/", {"newest": newest}).status_code == 302
    assert Notification.objects.unread().count() == 1


def test_an_account_without_notifications_is_told_what_the_page_is_for(browser):
    assert "Nothing yet" in browser.get("/notifications/").content.decode()


def test_an_expiring_hostname_can_be_kept_from_the_page(browser, home):
    now = timezone.now()
    Expiry.objects.create(hostname=home, active_at=now - timedelta(days=350), expires_at=now + timedelta(days=7))
    html = browser.get("/notifications/").content.decode()
    link = re.search(r'href="(/renew/[^"]+)"', html)[1]
    assert "home.ddns.test" in browser.get(link).content.decode()


def test_the_list_costs_the_same_however_long_it_is(browser, alice, home, office):
    counts = []
    for many in (1, 25):
        for number in range(many):
            notifications.tell(alice, Kind.SUSPENDED, hostname=(home, office)[number % 2])
        with CaptureQueriesContext(connection) as queries:
            browser.get("/notifications/")
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_the_page_of_a_webhook_costs_the_same_however_much_was_delivered(browser, alice, home, webhook):
    counts = []
    for many in (1, 25):
        for _ in range(many):
            notifications.tell(alice, Kind.SUSPENDED, hostname=home)
        with CaptureQueriesContext(connection) as queries:
            browser.get(f"/notifications/webhooks/{webhook.pk}/")
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_who_is_not_logged_in_costs_no_count(client, alice):
    with CaptureQueriesContext(connection) as queries:
        client.get("/")
    assert not any("ddns_notification" in each["sql"] for each in queries.captured_queries)


def test_preferences_are_shown_as_they_are_and_kept_as_chosen(browser, alice):
    html = browser.get("/notifications/preferences/").content.decode()
    checked = set(re.findall(r'name="(\w+)"[^>]* checked', html))
    assert {"expiring_mail", "new_key_mail", "address_changed_webhook"} <= checked
    assert "address_changed_mail" not in checked
    assert 'name="days" value="7"' in html

    browser.post("/notifications/preferences/", {"address_changed_mail": "on", "days": "3"})
    ways = preferences.of(alice)
    assert (ways[Kind.ADDRESS_CHANGED].by_mail, ways[Kind.ADDRESS_CHANGED].by_webhook) == (True, False)
    assert (ways[Kind.NEW_KEY].by_mail, ways[Kind.EXPIRING].by_mail) == (False, True)
    assert preferences.days_of(alice) == 3


@pytest.mark.parametrize("days", ["0", "366", "", "x"])
def test_impossible_days_are_asked_again(browser, alice, days: str):
    response = browser.post("/notifications/preferences/", {"days": days})
    assert response.context["form"].errors
    assert preferences.days_of(alice) == 7


def test_a_secret_is_shown_once_and_by_rotation_another(browser, alice):
    response = browser.post("/notifications/webhooks/", {"url": URL})
    secret = re.search(r'id="secret">(whsec_[^<]+)<', response.content.decode())[1]
    webhook = Webhook.objects.get()
    assert unseal(webhook.sealed_secret) == secret
    assert "no-store" in response["Cache-Control"]
    page = f"/notifications/webhooks/{webhook.pk}/"
    for each in ("/notifications/webhooks/", page):
        assert "whsec_" not in browser.get(each).content.decode()

    rotated = browser.post(f"{page}rotate/")
    later = re.search(r'id="secret">(whsec_[^<]+)<', rotated.content.decode())[1]
    webhook.refresh_from_db()
    assert unseal(webhook.sealed_secret) == later != secret
    assert "signature of the old secret too" in rotated.content.decode()
    assert "no-store" in rotated["Cache-Control"]


def test_an_address_that_cannot_be_posted_to_is_asked_again(browser):
    html = browser.post("/notifications/webhooks/", {"url": "ftp://x"}).content.decode()
    assert "must begin with https://" in html
    assert not Webhook.objects.exists()


def test_a_test_is_sent_and_its_answer_shown_fit_for_a_page(browser, alice, receiver: Receiver):
    receiver.status, receiver.body = 500, b"<b>no</b>\x1b[31m"
    webhook, _ = added(alice, receiver.url)
    browser.post(f"/notifications/webhooks/{webhook.pk}/test/")
    posting.run()
    html = browser.get(f"/notifications/webhooks/{webhook.pk}/").content.decode()
    assert "500" in html
    assert "&lt;b&gt;no" in html
    assert "tried once" in html


def test_what_was_given_up_is_sent_again_at_the_press_of_a_button(browser, alice, receiver: Receiver):
    webhook, _ = added(alice, receiver.url)
    delivery = webhooks.test(webhook)
    Delivery.objects.update(due_at=None, given_up_at=timezone.now(), try_count=8)
    browser.post(f"/notifications/deliveries/{delivery.pk}/resend/")
    assert posting.run() == 1
    assert "delivered" in browser.get(f"/notifications/webhooks/{webhook.pk}/").content.decode()


def test_a_webhook_is_switched_off_and_on_and_deleted(browser, webhook):
    page = f"/notifications/webhooks/{webhook.pk}/"
    browser.post(f"{page}disable/")
    assert "Switch on" in browser.get(page).content.decode()
    browser.post(f"{page}enable/")
    assert "Send a test" in browser.get(page).content.decode()
    browser.post(f"{page}delete/")
    assert not Webhook.objects.exists()


@pytest.mark.parametrize("page", [*PAGES, "webhook", "renew", "unsubscribe", "link"])
def test_pages_run_no_inline_code(browser, alice, home: Hostname, webhook, page: str):
    notifications.tell(alice, Kind.SUSPENDED, hostname=home)
    webhooks.test(webhook)
    pages = {
        "webhook": f"/notifications/webhooks/{webhook.pk}/",
        "renew": f"/renew/{renewals.token(alice)}/",
        "unsubscribe": f"/unsubscribe/{unsubscriptions.token(alice, Kind.NEW_KEY)}/",
        "link": "/renew/x/",
    }
    html = browser.get(pages.get(page, page)).content.decode()
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", html)
    assert "<h1>" in html


def test_an_account_takes_its_notifications_along_and_no_secret(alice, bob, home):
    added(alice, URL)
    added(bob, "https://hooks.example/bob")
    notifications.tell(alice, Kind.SUSPENDED, hostname=home)
    preferences.choose_days(alice, 3)
    exported = json.loads("".join(exports.document(alice)))

    assert [each["url"] for each in exported["webhooks"]] == [URL]
    assert [(each["kind"], each["hostname__name"]) for each in exported["notifications"]] == [("suspended", home.name)]
    assert exported["preferences"][0]["days"] == 3
    assert "secret" not in " ".join(exported["webhooks"][0])


def test_a_forgotten_account_leaves_no_notification_and_no_webhook(alice, home, webhook):
    notifications.tell(alice, Kind.SUSPENDED, hostname=home)
    preferences.choose_days(alice, 3)
    accounts.close(alice)
    accounts.forget_due(timezone.now() + accounts.GRACE + timedelta(minutes=1))
    assert not any(model.objects.exists() for model in (Notification, Delivery, Preference, Webhook))
