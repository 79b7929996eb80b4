"""Notifications in a real browser: chosen, webhooks tried out, a hostname kept with one press and without logging in."""

from datetime import timedelta

import pytest
from axe_core_python.selenium import Axe
from django.utils import timezone

from ddns import notifications, posting, renewals, unsubscriptions, webhooks
from ddns.models import Expiry, Webhook
from ddns.models.notifications import Kind
from tests.browser.conftest import DESKTOP, PASSWORD, PHONE, with_password
from tests.browser.pages import complaints, fill, follow, log_in, overflow, press, text
from tests.receivers import Receiver


@pytest.fixture
def pages(alice, home, receiver: Receiver) -> list[str]:
    """Of Alice, who has something on each."""
    now = timezone.now()
    receiver.status, receiver.body = 500, b"A long complaint of the receiver about everything. " * 10
    webhook, _ = webhooks.add(alice, receiver.url + "/with/a/rather/long/path/that/goes/on" * 3)
    notifications.tell(alice, Kind.SUSPENDED, hostname=home)
    notifications.tell(alice, Kind.NEW_KEY, details={"label": "router in the attic", "prefix": "abcdefgh"})
    Expiry.objects.create(hostname=home, active_at=now - timedelta(days=350), expires_at=now + timedelta(days=7))
    webhooks.test(webhook)
    posting.run()
    tokens = renewals.token(alice), unsubscriptions.token(alice, Kind.NEW_KEY)
    own = ["", "preferences/", "webhooks/", f"webhooks/{webhook.pk}/"]
    return [
        *(f"/notifications/{each}" for each in own),
        f"/renew/{tokens[0]}/",
        f"/unsubscribe/{tokens[1]}/",
        "/renew/x/",
    ]


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_pages_fit_the_screen_and_hide_nothing_from_a_screen_reader(live_server, open_browser, alice, pages, size):
    browser = open_browser(size)
    log_in(browser, live_server.url, with_password(alice).email, PASSWORD, to="/notifications/")
    for page in pages:
        browser.get(live_server.url + page)
        assert overflow(browser) <= 0, page
        found = Axe().run(browser)["violations"]
        assert [each["id"] for each in found if each["impact"] in ("serious", "critical")] == [], page


def test_alice_adds_a_webhook_and_sees_what_it_answers(live_server, open_browser, alice, receiver: Receiver):
    receiver.status, receiver.body = 200, b"thanks"
    browser = open_browser(scripts=False)
    log_in(browser, live_server.url, with_password(alice).email, PASSWORD, to="/notifications/")
    follow(browser, "Webhooks")
    fill(browser, "url", receiver.url)
    press(browser, "Add")
    assert "whsec_" in text(browser)
    follow(browser, Webhook.objects.get().url)
    press(browser, "Send a test")
    posting.run()
    browser.refresh()
    assert "thanks" in text(browser)
    assert "delivered" in text(browser)
    assert complaints(browser) == []


def test_a_hostname_is_kept_with_one_press_and_without_logging_in(live_server, open_browser, alice, home):
    now = timezone.now()
    Expiry.objects.create(hostname=home, active_at=now - timedelta(days=350), expires_at=now + timedelta(days=7))
    browser = open_browser(PHONE, scripts=False)
    browser.get(f"{live_server.url}/renew/{renewals.token(alice)}/")
    press(browser, "Keep them")
    assert f"{home.name} stays." in text(browser)
    assert not Expiry.objects.exists()
