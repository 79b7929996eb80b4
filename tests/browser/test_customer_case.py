"""A customer with a warned, a suspended name and a locked account, on a phone: reads, answers, appeals."""

from datetime import timedelta

import pytest
from django.utils import timezone
from selenium.webdriver.common.by import By

from abuse import appeals, customer_pages, decisions
from abuse.models import Appeal, Decision, Message
from ddns.models import AddressUpdate, Hostname, User
from ddns.models.hostnames import State
from tests.abuse.fairness import judge, open_case, report_on, trudy  # noqa: F401 - fixtures
from tests.browser.conftest import DESKTOP, PASSWORD, PHONE, with_password
from tests.browser.pages import complaints, fill, log_in, press, text
from tests.browser.test_every_page import wrong

pytestmark = pytest.mark.usefixtures("categories")


@pytest.fixture
def case(home, trudy):  # noqa: F811
    AddressUpdate.objects.create(
        hostname=home, at=timezone.now() - timedelta(days=2), protocol="dyndns2", new_ipv4="203.0.113.7"
    )
    case = open_case(home)
    report_on(case, trudy)
    return case


@pytest.mark.parametrize(("size", "scheme"), [(DESKTOP, "light"), (PHONE, "dark")], ids=["desktop", "phone"])
def test_pages_of_cases_fit_and_are_in_nobodys_way(live_server, open_browser, size, scheme, alice, case, oscar):
    decisions.take(case, action=Decision.Action.WARN, reason="Seen.", by=oscar)
    decisions.take(case, action=Decision.Action.SUSPEND, reason="Still there.", by=oscar)
    browser = open_browser(size, scheme)
    found: dict[str, object] = {}
    for page in (customer_pages.link_path(alice), customer_pages.link_path(case), "/abuse/c/nothing/"):
        found |= wrong(browser, live_server.url, page, scheme)
    log_in(browser, live_server.url, with_password(alice).email, PASSWORD, to="/hostnames/")
    for page in ("/abuse/cases/", "/abuse/cases/?name=nothing", customer_pages.path(case), "/notifications/"):
        found |= wrong(browser, live_server.url, page, scheme)
    assert {key: value for key, value in found.items() if "nothing/" not in key or "complains" not in key} == {}


def test_a_locked_customer_appeals_on_a_phone_and_has_the_name_back(
    live_server,
    open_browser,
    alice,
    home,
    case,
    oscar,
    judge,  # noqa: F811
):
    decision = decisions.take(case, action=Decision.Action.SUSPEND, reason="Seen.", by=oscar)
    User.objects.filter(pk=alice.pk).update(is_active=False)
    browser = open_browser(PHONE)
    browser.get(live_server.url + customer_pages.link_path(case))
    assert "home." in text(browser)
    assert "A page that imitates a bank." in text(browser)
    assert "Trudy" not in browser.page_source

    browser.find_element(By.XPATH, "//summary[normalize-space()='Write an appeal']").click()
    browser.find_element(By.ID, f"appeal-text-{decision.pk}").send_keys("It is my camera, and the page is gone.")
    press(browser, "File the appeal")
    assert "Your appeal is in." in text(browser)
    assert "is being looked at" in text(browser)

    appeals.decide(Appeal.objects.get(), is_upheld=True, reason="The page is gone.", by=judge)
    browser.refresh()
    assert "Your appeal was upheld" in text(browser)
    assert Hostname.objects.get(pk=home.pk).restriction_or_none is None
    User.objects.filter(pk=alice.pk).update(is_active=True)
    assert Hostname.objects.get(pk=home.pk).state == State.LIVE
    assert complaints(browser) == []


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_a_warned_customer_says_that_it_is_put_right(live_server, open_browser, alice, case, oscar, scripts):
    decisions.take(case, action=Decision.Action.WARN, reason="Seen.", by=oscar)
    browser = open_browser(PHONE, scripts=scripts)
    log_in(browser, live_server.url, with_password(alice).email, PASSWORD, to=customer_pages.path(case))
    press(browser, "I have put it right")
    assert "I have put it right." in text(browser)
    fill(browser, "text", "It was an old camera.")
    press(browser, "Send")
    assert [each.text for each in Message.objects.filter(is_ours=False)] == [
        "I have put it right.",
        "It was an old camera.",
    ]
    case.refresh_from_db()
    assert case.state == "open"
