"""Partners at the desk in a real browser: a key is made and shown once, a false positive is settled, and every page fits."""

import pytest
from django.utils import timezone
from selenium.webdriver.common.by import By

from abuse.models import DiversionTarget, Partner, Sighting
from ddns.models import Hostname, User
from tests.abuse.partner_rows import partner, policy_zone, settle, suspended
from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.pages import complaints, fill, follow, overflow, press, text
from tests.browser.test_doors_desk import at_desk
from tests.browser.test_every_page import AXE, RUN_AXE


@pytest.fixture
def said(home: Hostname, categories, root: User) -> Sighting:
    """A partner knows the name and says that it is innocent."""
    cert = partner(delay_minutes=0)
    policy_zone("green")
    suspended(home, root)
    settle()
    return Sighting.objects.create(
        partner=cert, hostname=home, kind="false_positive", note="A doorbell.", received_at=timezone.now()
    )


def test_a_key_is_made_and_a_false_positive_settled(live_server, open_browser, said, root):
    browser = at_desk(open_browser(), live_server.url, root)
    browser.get(f"{live_server.url}/admin/abuse/partner/{said.partner_id}/change/")
    press(browser, "Make a key")
    shown = browser.find_element(By.CSS_SELECTOR, "[aria-labelledby=new-key] code").text
    assert shown.startswith(Partner.objects.get().prefix)

    browser.get(f"{live_server.url}/admin/abuse/sighting/")
    follow(browser, "Settle")
    assert "A doorbell." in text(browser)
    fill(browser, "reason", "It is none.")
    press(browser, "Settle")
    assert "It is settled." in text(browser)
    assert Sighting.objects.get().settled_by == root
    assert complaints(browser) == []


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_pages_of_partners_fit_and_are_in_nobodys_way(live_server, open_browser, said, root, size):
    target = DiversionTarget.objects.create(
        name="sink", kind="sinkhole", addresses=["198.51.100.1"], capacity=10, probe_port=443, failure="timed out"
    )
    browser = at_desk(open_browser(size), live_server.url, root)
    pages = [
        "partner/",
        "partner/add/",
        f"partner/{said.partner_id}/change/",
        f"partner/{said.partner_id}/disable/",
        "sharedname/",
        "policyzone/",
        "sighting/",
        f"sighting/{said.pk}/settle/",
        "diversiontarget/",
        f"diversiontarget/{target.pk}/change/",
    ]
    found: dict[str, object] = {}
    for page in pages:
        browser.get(f"{live_server.url}/admin/abuse/{page}")
        if overflow(browser) > 0:
            found[page] = overflow(browser)
        browser.execute_script(AXE)
        # Of the pages that are the theme's own, what is ours.
        wrong = [each for each in browser.execute_async_script(RUN_AXE) if "desk-" in each]
        found |= {f"{page} axe": wrong} if wrong else {}
    assert found == {}
    assert complaints(browser) == []
