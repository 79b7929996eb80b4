"""The doors at the desk in a real browser: what no parser understood is looked at and settled, lists are uploaded, keys made."""

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.select import Select

from abuse import submissions
from abuse.models import Feed, Report, Reporter, ReporterKey, Submission
from tests.browser.conftest import DESKTOP, PASSWORD, PHONE, with_password
from tests.browser.pages import complaints, fill, follow, log_in, overflow, press, text
from tests.browser.test_every_page import AXE, RUN_AXE

LETTER = b"Dear all,\n\nsomething on home dot ddns is <b>bad</b>.\n\xff\xfe\n"


@pytest.fixture
def unreadable(home, categories) -> Submission:
    submission = submissions.accept(LETTER, door=Submission.Door.MAIL, source="trudy@cert.example")
    Submission.objects.update(state=Submission.State.UNREADABLE, problem="It names no host, address or URL.")
    return submission


def at_desk(browser: Chrome, base: str, user) -> Chrome:
    log_in(browser, base, with_password(user).email, PASSWORD, to="/admin/")
    return browser


def test_what_no_parser_understood_is_looked_at_and_settled(live_server, open_browser, home, unreadable, root):
    browser = at_desk(open_browser(), live_server.url, root)
    browser.find_element(By.CSS_SELECTOR, "[aria-labelledby=doors] a").click()
    browser.get(f"{live_server.url}/admin/abuse/submission/{unreadable.pk}/change/")
    press(browser, "Show and settle")
    assert "something on home dot ddns is <b>bad</b>." in browser.find_element(By.CLASS_NAME, "desk-raw").text

    fill(browser, "names", home.name)
    Select(browser.find_element(By.NAME, "kind")).select_by_value("content/phishing")
    fill(browser, "reason", "The writer means this name.")
    press(browser, "Settle")
    assert "Settled: 1 report." in text(browser)
    assert Report.objects.get().hostname == home
    assert complaints(browser) == []


def test_list_is_pasted_and_a_key_made(live_server, open_browser, home, root, categories):
    browser = at_desk(open_browser(), live_server.url, root)
    browser.get(f"{live_server.url}/admin/abuse/submission/")
    follow(browser, "Upload")
    fill(browser, "pasted", home.name)
    Select(browser.find_element(By.NAME, "kind")).select_by_value("content/malware")
    fill(browser, "on_behalf_of", "cert.example")
    press(browser, "Upload")
    assert "Stored with receipt" in text(browser)

    browser.get(
        f"{live_server.url}/admin/abuse/reporter/{Reporter.objects.get(identity='org:cert.example').pk}/change/"
    )
    fill(browser, "label", "scanner")
    press(browser, "Make a key")
    shown = browser.find_element(By.CSS_SELECTOR, "[aria-labelledby=new-key] code").text
    assert shown.startswith(ReporterKey.objects.get().prefix)
    assert complaints(browser) == []


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_pages_of_the_doors_fit_and_are_in_nobodys_way(live_server, open_browser, unreadable, root, size):
    browser = at_desk(open_browser(size), live_server.url, root)
    reporter = Reporter.objects.create(identity="org:cert.example", kind="organisation")
    feed = Feed.objects.create(name="A", url="https://a.example/", format="names", reporter=reporter, every="01:00:00")
    pages = [
        "",
        "abuse/submission/",
        f"abuse/submission/{unreadable.pk}/change/",
        f"abuse/submission/{unreadable.pk}/settle/",
        "abuse/submission/upload/",
        "abuse/reporter/",
        "abuse/reporter/new/",
        f"abuse/reporter/{reporter.pk}/change/",
        "abuse/feed/",
        f"abuse/feed/{feed.pk}/change/",
    ]
    found = {}
    for page in pages:
        browser.get(f"{live_server.url}/admin/{page}")
        if overflow(browser) > 0:
            found[page] = overflow(browser)
        if "form" in page or (page.startswith(("abuse/submission/", "abuse/reporter/")) and page.count("/") > 2):
            browser.execute_script(AXE)
            wrong = [each for each in browser.execute_async_script(RUN_AXE) if "desk-" in each]
            found |= {f"{page} axe": wrong} if wrong else {}
    assert found == {}
    assert complaints(browser) == []
