"""Orders on the desk in a real browser: one screen, by keyboard, by two people, live and without scripts."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone
from selenium.webdriver import Keys
from selenium.webdriver.common.by import By

from abuse import order_acts, plans, roles
from abuse.models import DiversionTarget, EffectReport, Order, Vetting
from ddns import hostnames
from ddns.models import Hostname, User
from ddns.models.hostnames import State as NameState
from tests.abuse import order_rows as rows
from tests.browser.conftest import DESKTOP, PASSWORD, PHONE, drain, with_password
from tests.browser.pages import (
    complaints,
    fill,
    follow,
    go,
    keys,
    keys_that_leave,
    log_in,
    overflow,
    press,
    text,
    wait_for,
    wait_until,
)
from tests.browser.story import SCREEN
from tests.browser.test_every_page import AXE, RUN_AXE

ORDERS = "/admin/abuse/order/"
LETTER = """# Annex A
hxxp://bad0[.]{zone}:1177/gate
bad1.{zone}
BAD2.{zone}.
bad1.{zone}
never.{zone}
www.example.org
bad..{zone}
"""


@pytest.fixture
def elder(db) -> User:
    roles.make_missing()
    user = User.objects.create_user("elder@example.com", is_staff=True)
    user.groups.add(Group.objects.get(name=roles.SENIOR))
    return with_password(user)


@pytest.fixture
def names(alice, domain) -> list[Hostname]:
    made = [hostnames.register(alice, domain=domain, label=f"bad{number}") for number in range(3)]
    for each in made:
        each.ipv4 = "203.0.113.9"
        each.save(update_fields=["ipv4"])
        hostnames.configure(each)
    drain(domain.zone)
    return made


@pytest.fixture
def order(names, domain, oscar, elder) -> Order:
    olivia = rows.officer()
    said = {"called_number": "+43 1 555 0100", "number_source": "register", "spoke_with": "the desk officer"}
    Vetting.objects.create(officer=olivia, step="call", by=oscar, **said)
    Vetting.objects.create(officer=olivia, step="confirm", by=elder)
    DiversionTarget.objects.create(name="Example CERT", kind="sinkhole", addresses=["198.51.100.5"], capacity=20000)
    DiversionTarget.objects.create(name="Notice page", kind="notice", addresses=["198.51.100.6"])
    made = rows.order(
        names=LETTER.format(zone=domain.name),
        reasons="The names control malware that steals from accounts. " * 20,
        redress="Appeal to the Higher Court of Example within two weeks. " * 4,
        return_conditions="When the holder shows that the device was cleaned.",
        territorial_scope="The European Union",
    )
    return plans.make(made)


def page_of(order: Order) -> str:
    return f"{ORDERS}{order.pk}/"


def state(order: Order) -> str:
    return Order.objects.get(pk=order.pk).state


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_one_screen_holds_the_whole_order(live_server, open_browser, order, elder, scheme):
    order.handlers.add(elder)
    browser = open_browser(SCREEN, scheme)
    log_in(browser, live_server.url, elder.email, PASSWORD, to=page_of(order))
    assert browser.execute_script("return document.documentElement.scrollHeight - innerHeight") <= 0
    assert overflow(browser) <= 0
    outside = browser.execute_script(
        "return [...document.querySelectorAll('.panel, .verdict, .action')].filter((each) => {"
        " const box = each.getBoundingClientRect(); return box.bottom > innerHeight || box.right > innerWidth"
        " || box.height < 20 }).map((each) => each.textContent.trim().slice(0, 40))"
    )
    assert outside == []
    pages = ["", "lines/", "lines/?q=nothing", "narrow/", "do/propose/", "do/stop/", "do/refuse/"]
    for page in [*(page_of(order) + each for each in pages), ORDERS, f"{ORDERS}?tab=second", f"{ORDERS}enter/"]:
        browser.get(live_server.url + page)
        browser.execute_script(AXE)
        assert browser.execute_async_script(RUN_AXE) == [], page
        assert overflow(browser) <= 0, page
    assert complaints(browser) == []


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_smaller_screens_scroll_down_and_never_sideways(live_server, open_browser, order, elder, size):
    browser = open_browser(size)
    log_in(browser, live_server.url, elder.email, PASSWORD, to=ORDERS)
    for page in (ORDERS, page_of(order), f"{page_of(order)}lines/", f"{page_of(order)}do/propose/", f"{ORDERS}enter/"):
        browser.get(live_server.url + page)
        assert overflow(browser) <= 0, page


def test_order_is_found_proposed_and_approved_by_keyboard_in_two_browsers(
    live_server, open_browser, order, names, oscar, elder, settings, zone
):
    settings.ABUSE_NAMES_PER_DECISION = 2
    his, hers = open_browser(SCREEN), open_browser(SCREEN)
    log_in(his, live_server.url, with_password(oscar).email, PASSWORD, to=ORDERS)
    keys(his, "j")
    keys_that_leave(his, Keys.ENTER)
    wait_for(his, "7 lines, and the groups add up to them")
    keys_that_leave(his, "a")
    wait_for(his, "A second person has to approve it")
    fill(his, "reason", "They control malware.")
    fill(his, "retyped", "3")
    press(his, "Propose 3")
    wait_for(his, "It waits for a second person.")

    log_in(hers, live_server.url, elder.email, PASSWORD, to=f"{ORDERS}?tab=second")
    follow(hers, "12 Cr 345/26")
    keys_that_leave(hers, "y")
    wait_for(hers, "3 names: suspend.")
    fill(hers, "retyped", "3")
    press(hers, "Approve 3")
    wait_for(hers, "0 of 3 acted on")
    assert state(order) == Order.State.ACTING

    order_acts.run(order.pk, seconds=20)
    wait_for(hers, "3 of 3 acted on")
    wait_for(hers, "Every authoritative server is asked")
    drain(zone)
    assert all(each.state == NameState.SUSPENDED for each in Hostname.objects.filter(pk__in=[n.pk for n in names]))
    assert complaints(hers) == []
    assert complaints(his) == []


def test_page_follows_the_order_into_its_next_state_by_itself(live_server, open_browser, order, oscar):
    order_acts.propose(order, reason="They control malware.", by=oscar)
    browser = open_browser(SCREEN)
    log_in(browser, live_server.url, with_password(oscar).email, PASSWORD, to=page_of(order))
    assert "Stop…" in text(browser)
    order_acts.run(order.pk, seconds=20)
    wait_for(browser, "being proven")
    Order.objects.filter(pk=order.pk).update(state="answered", answered_at=timezone.now(), answer="All of it is out.")
    wait_for(browser, "All of it is out.")
    wait_until(browser, lambda: not browser.find_elements(By.CSS_SELECTOR, "[data-live]"))
    assert complaints(browser) == []


def test_everything_works_without_scripts(live_server, open_browser, order, names, oscar):
    browser = open_browser(SCREEN, scripts=False)
    log_in(browser, live_server.url, with_password(oscar).email, PASSWORD, to=ORDERS)
    follow(browser, "12 Cr 345/26")
    select = browser.find_element(By.NAME, "action-live")
    select.find_element(By.CSS_SELECTOR, "option[value=hold]").click()
    fill(browser, "reason-live", "They are evidence.")
    press(browser, "Save these decisions")
    assert "Saved: the plan says so now." in text(browser)
    go(browser, browser.find_element(By.PARTIAL_LINK_TEXT, "Act on 3"))
    fill(browser, "reason", "They are evidence.")
    press(browser, "Act on 3")
    order_acts.run(order.pk, seconds=20)
    wait_for(browser, "being proven")
    go(browser, browser.find_element(By.PARTIAL_LINK_TEXT, "Undo 3"))
    fill(browser, "reason", "The wrong list.")
    press(browser, "Undo 3")
    order_acts.run(order.pk, seconds=20)
    assert all(each.state == NameState.LIVE for each in Hostname.objects.filter(pk__in=[n.pk for n in names]))


def test_narrow_order_is_copied(live_server, open_browser, order, names, elder):
    browser = open_browser(SCREEN)
    log_in(browser, live_server.url, elder.email, PASSWORD, to=page_of(order))
    keys_that_leave(browser, "o")
    assert names[0].name in browser.find_element(By.ID, "narrow").get_attribute("value")
    browser.find_element(By.CSS_SELECTOR, "[data-copy]").click()
    wait_for(browser, "Copied")


def test_sealed_order_shows_its_seal_to_those_who_handle_it(live_server, open_browser, order, oscar):
    Order.objects.update(sealed_until=timezone.now() + timedelta(days=3))
    browser = open_browser(SCREEN)
    log_in(browser, live_server.url, with_password(oscar).email, PASSWORD, to=ORDERS)
    assert "No order waits for a plan or a decision." in text(browser)
    order.handlers.add(oscar)
    browser.get(live_server.url + ORDERS)
    assert "sealed" in text(browser)
    assert not EffectReport.objects.exists()
