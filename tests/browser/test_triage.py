"""Triage in a real browser: by keyboard alone, on one screen, by two people at once, and without scripts."""

import io
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone
from PIL import Image
from selenium.webdriver import Keys
from selenium.webdriver.common.by import By

from abuse import decisions, roles
from abuse.models import Case, Decision, LedgerEntry
from ddns import hostnames
from ddns.models import AddressUpdate, Hostname, User
from ddns.models.hostnames import State
from tests.abuse import page_rows as rows
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
    send_form,
    text,
    wait_for,
    wait_until,
)
from tests.browser.story import QUEUE, SCREEN
from tests.browser.test_every_page import AXE, RUN_AXE


@pytest.fixture
def elder(db) -> User:
    roles.make_missing()
    user = User.objects.create_user("elder@example.com", is_staff=True)
    user.groups.add(Group.objects.get(name=roles.SENIOR))
    return with_password(user)


@pytest.fixture
def cases(categories, home, alice, domain) -> list[Case]:
    """Two, the first with something on every part of its page."""
    now = timezone.now()
    first = rows.case(home, due_in=timedelta(minutes=30), score=62, scored_at=now)
    first.score_reasons = [{"points": 40, "sentence": "A feed lists it.", "signal": "feed"}]
    first.save()
    picture = io.BytesIO()
    Image.new("RGB", (1200, 800), "navy").save(picture, "PNG")
    for number in range(6):
        report = rows.report(
            first,
            by=rows.reporter(f"org:reporter{number}.example"),
            description="A page that imitates https://bank.example. " * 12,
            url=f"https://{home.name}/login",
            details={"dns_records": {"a": ["203.0.113.7"]}},
        )
        rows.evidence(report, picture.getvalue(), "screen.png", "image/png")
        rows.evidence(report, f"log {number}".encode(), "access.log", "text/plain", claimed_sha256="0" * 64)
        rows.decision(first, None, state="undone", undone_at=now, undo_reason="ended")
    for number in range(40):
        AddressUpdate.objects.create(
            hostname=home,
            at=now - timedelta(hours=number),
            source="198.51.100.9",
            agent="curl/8.1",
            protocol="dyndns2",
            old_ipv4=f"203.0.113.{number + 8}",
            new_ipv4=f"203.0.113.{number + 7}",
        )
    for number in range(15):
        hostnames.register(alice, domain=domain, label=f"attic{number}")
    second = rows.case(hostnames.register(alice, domain=domain, label="second"), due_in=timedelta(hours=3))
    rows.report(second)
    return [first, second]


def test_case_is_decided_and_undone_by_keyboard_alone(live_server, open_browser, cases, zone, oscar):
    first, second = cases
    browser = open_browser(SCREEN)
    log_in(browser, live_server.url, with_password(oscar).email, PASSWORD, to=QUEUE)
    keys(browser, "j")
    keys_that_leave(browser, Keys.ENTER)
    assert first.name in browser.find_element(By.TAG_NAME, "h1").text
    keys(browser, "s")
    wait_for(browser, "leaves DNS")
    wait_until(browser, lambda: browser.switch_to.active_element.get_attribute("name") == "reason")
    keys(browser, "A lure for a bank.")
    send_form(browser)
    assert second.name in browser.find_element(By.TAG_NAME, "h1").text
    assert Hostname.objects.get(pk=first.hostname_id).state == State.SUSPENDED
    assert Decision.objects.get(action="suspend", decided_by=oscar).reason == "A lure for a bank."
    wait_for(browser, "is done.")
    drain(zone)
    keys_that_leave(browser, "z")
    assert Hostname.objects.get(pk=first.hostname_id).state == State.LIVE
    assert first.name in browser.find_element(By.TAG_NAME, "h1").text
    keys_that_leave(browser, "q")
    assert "To decide" in text(browser)
    assert complaints(browser) == []


def test_keys_are_shown_and_a_form_is_left_by_escape(live_server, open_browser, cases, oscar):
    browser = open_browser(SCREEN)
    log_in(browser, live_server.url, with_password(oscar).email, PASSWORD, to=f"{QUEUE}{cases[0].pk}/")
    keys(browser, "?")
    assert "Hold" in browser.find_element(By.ID, "keys").text
    keys(browser, Keys.ESCAPE)
    keys(browser, Keys.ENTER)
    wait_for(browser, "leaves DNS")
    keys(browser, Keys.ESCAPE)
    wait_until(browser, lambda: not browser.find_element(By.ID, "drawer").is_displayed())
    keys(browser, "n")
    assert browser.switch_to.active_element.get_attribute("id") == "note"
    keys(browser, "Same kit as the other.")
    send_form(browser)
    assert "Same kit as the other." in text(browser)
    assert not Decision.objects.filter(decided_by=oscar).exists()


def test_a_proof_shows_itself_and_the_undoing_is_asked_for_after_the_toast(
    live_server, open_browser, cases, zone, oscar
):
    browser = open_browser(SCREEN)
    first = cases[0]
    Decision.objects.all().delete()
    log_in(browser, live_server.url, with_password(oscar).email, PASSWORD, to=f"{QUEUE}{first.pk}/")
    decision = decisions.take(first, action="suspend", reason="A lure for a bank.", by=oscar)
    browser.get(f"{live_server.url}{QUEUE}{first.pk}/?done={decision.pk}")
    wait_for(browser, "Every authoritative server is asked")
    answer = {"server": "ns1.example.net", "name": first.name, "rcode": "NXDOMAIN", "answers": {}, "is_match": True}
    proof = {"answers": [answer], "waits": "", "lagging": []}
    Decision.objects.filter(pk=decision.pk).update(proof=proof, proven_at=timezone.now())
    wait_for(browser, "every authoritative server answers as decided")
    wait_until(browser, lambda: not browser.find_elements(By.CSS_SELECTOR, "[data-proof]"))

    keys_that_leave(browser, "z")
    assert Hostname.objects.get(pk=first.hostname_id).state == State.LIVE
    wait_for(browser, "After the undoing every authoritative server is asked again")
    undoing = {**proof, "answers": [answer | {"rcode": "NOERROR"}]}
    Decision.objects.filter(pk=decision.pk).update(proof=proof | {"undoing": undoing}, undoing_proven_at=timezone.now())
    wait_for(browser, "every authoritative server answers without it")
    assert complaints(browser) == []


def test_names_of_a_locked_account_are_opened_by_one_key_each(live_server, open_browser, cases, elder):
    first = cases[0]
    Decision.objects.all().delete()
    User.objects.filter(pk=first.account_id).update(is_active=False)
    Case.objects.exclude(pk=first.pk).update(closed_at=timezone.now(), state="closed", outcome="rejected")
    browser = open_browser(SCREEN)
    log_in(browser, live_server.url, elder.email, PASSWORD, to=f"{QUEUE}{first.pk}/")
    wait_for(browser, "Other names of the locked account")
    keys_that_leave(browser, "c")
    wait_for(browser, "Nothing was done about the name")
    opened = Case.objects.open().exclude(pk=first.pk).get()
    assert f"case {opened.pk}" in text(browser)
    assert complaints(browser) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_one_screen_holds_the_whole_case(live_server, open_browser, cases, elder, scheme):
    browser = open_browser(SCREEN, scheme)
    log_in(browser, live_server.url, elder.email, PASSWORD, to=f"{QUEUE}{cases[0].pk}/")
    assert browser.execute_script("return document.documentElement.scrollHeight - innerHeight") <= 0
    assert overflow(browser) <= 0
    outside = browser.execute_script(
        "return [...document.querySelectorAll('.panel, .verdict, .action')].filter((each) => {"
        " const box = each.getBoundingClientRect(); return box.bottom > innerHeight || box.right > innerWidth"
        " || box.height < 20 }).map((each) => each.textContent.trim().slice(0, 40))"
    )
    assert outside == []
    for page in (f"{QUEUE}{cases[0].pk}/", QUEUE, f"{QUEUE}?tab=unreadable", f"{QUEUE}?q=nothing"):
        browser.get(live_server.url + page)
        browser.execute_script(AXE)
        assert browser.execute_async_script(RUN_AXE) == [], page
    assert complaints(browser) == []


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_smaller_screens_scroll_down_and_never_sideways(live_server, open_browser, cases, elder, size):
    browser = open_browser(size)
    log_in(browser, live_server.url, elder.email, PASSWORD, to=QUEUE)
    evidence = cases[0].reports.first().evidence.first()
    for page in (
        QUEUE,
        f"{QUEUE}{cases[0].pk}/",
        f"{QUEUE}{cases[0].pk}/decide/suspend/",
        f"/admin/abuse/evidence/{evidence.pk}/",
    ):
        browser.get(live_server.url + page)
        assert overflow(browser) <= 0, page


def test_two_people_see_each_other_and_what_the_other_decides(live_server, open_browser, cases, oscar, elder):
    page = f"{QUEUE}{cases[0].pk}/"
    hers, his = open_browser(SCREEN), open_browser(SCREEN)
    log_in(hers, live_server.url, elder.email, PASSWORD, to=page)
    log_in(his, live_server.url, with_password(oscar).email, PASSWORD, to=page)
    assert "elder@example.com since" in his.find_element(By.ID, "presence").text
    wait_for(hers, "oscar@example.com since")
    decisions.take(cases[0], action="warn", reason="the router is open", by=elder, parameters={"hours": 24})
    wait_for(his, "Since you opened it: Warn with a deadline by elder@example.com")
    keys(his, "h")
    wait_for(his, "goes on answering")


def test_picture_is_blurred_until_it_is_asked_for(live_server, open_browser, cases, oscar):
    browser = open_browser(SCREEN)
    log_in(browser, live_server.url, with_password(oscar).email, PASSWORD, to=f"{QUEUE}{cases[0].pk}/")
    wait_until(browser, lambda: browser.execute_script("return document.querySelector('.thumb img').naturalWidth") > 0)
    assert not LedgerEntry.objects.filter(action="look").exists()
    keys(browser, "o")
    wait_until(
        browser, lambda: browser.execute_script("return document.querySelector('.lightbox img').naturalWidth") == 1200
    )
    assert LedgerEntry.objects.filter(action="look", actor=oscar).exists()


def test_everything_works_without_scripts(live_server, open_browser, cases, oscar):
    browser = open_browser(SCREEN, scripts=False)
    log_in(browser, live_server.url, with_password(oscar).email, PASSWORD, to=QUEUE)
    follow(browser, cases[0].name)
    go(browser, browser.find_element(By.CSS_SELECTOR, f"a[href*='/{cases[0].pk}/decide/suspend/']"))
    assert "leaves DNS" in text(browser)
    fill(browser, "reason", "A lure for a bank.")
    go(browser, browser.find_element(By.CSS_SELECTOR, ".decide-form button"))
    assert cases[1].name in browser.find_element(By.TAG_NAME, "h1").text
    assert Hostname.objects.get(pk=cases[0].hostname_id).state == State.SUSPENDED
    go(browser, browser.find_element(By.CSS_SELECTOR, "#toast button"))
    assert Hostname.objects.get(pk=cases[0].hostname_id).state == State.LIVE


def test_many_are_chosen_by_keyboard_and_decided_with_one_reason(live_server, open_browser, cases, oscar):
    browser = open_browser(SCREEN)
    log_in(browser, live_server.url, with_password(oscar).email, PASSWORD, to=QUEUE)
    keys(browser, "j", "x", "j", "x")
    assert "2 chosen:" in text(browser)
    keys(browser, "b")
    keys_that_leave(browser, Keys.ENTER)
    assert "2 cases" in text(browser)
    fill(browser, "reason", "Nothing is there.")
    press(browser, "Dismiss 2 cases")
    assert "2 of 2 cases" in text(browser)
    assert Case.objects.filter(outcome="rejected").count() == 2
