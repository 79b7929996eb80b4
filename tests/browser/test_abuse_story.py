"""From a report to an appeal that is upheld, in real browsers, with real DNS, a real device and real mail."""

import io
import json
import re
import urllib.request
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from PIL import Image
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from abuse import receipts
from deploy.local.deadline import wait_for
from tests.browser.conftest import PHONE
from tests.browser.pages import (
    complaints,
    fill,
    follow,
    go,
    keys,
    keys_that_leave,
    overflow,
    press,
    send_form,
    text,
    wait_until,
)
from tests.browser.pages import wait_for as wait_for_words
from tests.browser.story import (  # noqa: F401 - fixtures
    ELDER,
    OSCAR,
    QUEUE,
    SCREEN,
    World,
    desk_fixture,
    log_in_by_keyboard,
    open_by_keyboard,
    staff_fixture,
    world_fixture,
)
from tests.clients.test_ddclient import CONFIG
from tests.clients.update_client import run
from tests.left_out import require
from tests.stack import IN_DNS, PAGE_SECONDS, ZONE

pytestmark = [pytest.mark.servers, pytest.mark.timeout(600)]

ALICE, NAME = "alice@example.com", f"home.{ZONE}"
WORDS = "The page asks for the password of Example Bank, and sends it away."
# The wildcard, further types, a TTL of its own, and a name below.
ANSWERED = [(NAME, "A"), (NAME, "AAAA"), (NAME, "TXT"), (f"any.{NAME}", "A"), (f"any.{NAME}", "AAAA")]
ANSWERED += [(f"cam.{NAME}", "A"), (f"_acme-challenge.{NAME}", "TXT"), (f"nothing.cam.{NAME}", "A")]
RECORDS = """
from ddns import hostnames, records
from ddns.models import Hostname
home = Hostname.objects.get(name=name)
hostnames.configure(home, wildcard=True)
records.add(home, rdtype="TXT", rdata="kept", ttl=120)
records.add(home, label="cam", rdtype="A", rdata="203.0.113.8", ttl=90)
records.add(home, label="_acme-challenge", rdtype="TXT", rdata="y" * 43)
"""
ADDRESS = """
from ddns import hostnames
from ddns.models import Hostname
Hostname.objects.filter(name=name).update(ipv4="203.0.113.7")
hostnames.configure(Hostname.objects.get(name=name))
"""
PROTECT = """
from abuse import protected_names
from ddns.models import User
root = User.objects.filter(is_superuser=True).first() or User.objects.create_superuser("root@example.com")
protected_names.add(name, reason="a hospital", by=root)
"""


def device(world: World, key: str, directory: Path):
    """Alice's ddclient: what it says when it sends this address."""
    program = require("ddclient")

    def update(address: str) -> str:
        config, cache = directory / "ddclient.conf", directory / "ddclient.cache"
        cache.unlink(missing_ok=True)
        config.touch(mode=0o600)
        server = f"127.0.0.1:{world.stack.web_port}"
        told = {"login": ALICE, "password": key, "hostnames": NAME}
        config.write_text(CONFIG.format(tls="ssl=no", address=address, server=server, **told))
        return run(program, "-file", config, "-cache", cache, "-daemon=0", "-noquiet", "-verbose").said

    return update


def published(world: World, path: str) -> dict:
    with urllib.request.urlopen(world.stack.web_url + path, timeout=PAGE_SECONDS) as answer:
        return json.load(answer)


def report(browser: Chrome, world: World, directory: Path) -> str:
    """By the public form; the address of the page of the report."""
    picture = io.BytesIO()
    Image.new("RGB", (800, 500), "navy").save(picture, "PNG")
    (directory / "screen.png").write_bytes(picture.getvalue())
    browser.get(f"{world.stack.web_url}/abuse/report/")
    browser.find_element(By.XPATH, "//label[normalize-space()='Phishing']").click()
    press(browser, "Continue")
    fill(browser, "names", f"hxxps://{NAME.replace('.', '[.]')}/login")
    fill(browser, "description", WORDS)
    browser.find_element(By.NAME, "evidence").send_keys(str(directory / "screen.png"))
    fill(browser, "name", "Trudy Example")
    fill(browser, "email", "trudy@example.org")
    box = browser.find_element(By.NAME, "is_good_faith")
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", box)
    box.click()
    send = "//div[contains(@class, 'card')]/button[normalize-space()='Send the report']"
    go(browser, browser.find_element(By.XPATH, send))
    assert "We have it" in text(browser)
    return browser.current_url


def check_receipt(browser: Chrome, world: World) -> None:
    """By the keys that are published, and the octets that were stored."""
    follow(browser, "The signed receipt")
    assert "It holds" in text(browser)
    shown = json.loads(browser.find_element(By.ID, "receipt-json").text)
    payload = receipts.verify(shown, receipts.keys_of(published(world, "/.well-known/abuse-signing-keys.json")))
    ask = "SELECT content FROM abuse_blob JOIN abuse_submission s ON blob_id = sha256 WHERE s.id = %s"
    (octets,) = world.row(ask, payload["submission"])
    assert payload["sha256"] == sha256(octets).hexdigest()


def customers_link(world: World) -> str:
    """From the mail with the statement."""
    pattern = re.compile(rf"{world.stack.web_url}/abuse/c/\S+")

    def found() -> str:
        mails = [each.get_content() for each in world.stack.mail.messages if ALICE in each["To"]]
        return next((match[0] for mail in reversed(mails) if (match := pattern.search(mail))), "")

    return wait_for(found, IN_DNS, "a mail with a link to the case")


def read_until(browser: Chrome, page: str, words: str) -> None:
    """What is said there follows when the workers have got to it."""

    def says() -> bool:
        browser.get(page)
        return words in text(browser)

    wait_for(says, IN_DNS, f"{words!r} on {page}")


def test_report_decision_appeal_and_everything_is_as_it_was(world, open_browser, at_the_desk, tmp_path):
    stack = world.stack
    update = device(world, stack.customer(ALICE, "home"), tmp_path)
    stack.run(RECORDS, name=NAME)
    assert "good: IP address set to 203.0.113.7" in update("203.0.113.7")
    update("2001:db8::7")
    stack.wait_for_answer(NAME, "AAAA", "2001:db8::7")
    before = wait_for(lambda: alike(world.answers(ANSWERED)), IN_DNS, "the same answers at all servers")
    assert f"{NAME}. 60 1 ['203.0.113.7']" in before[NAME, "A"]
    assert "203.0.113.7" in before[f"any.{NAME}", "A"]

    # Trudy reports.
    trudys = open_browser()
    trudys_page = report(trudys, world, tmp_path)
    check_receipt(trudys, world)
    read_until(trudys, trudys_page, "being worked on")

    # Oscar decides, without a mouse.
    oscars = open_browser(SCREEN)
    log_in_by_keyboard(oscars, stack.web_url, OSCAR, QUEUE)
    open_by_keyboard(oscars, NAME)
    case_page = oscars.current_url
    assert WORDS in text(oscars)
    keys(oscars, "s")
    wait_for_words(oscars, "leaves DNS")
    wait_until(oscars, lambda: oscars.switch_to.active_element.get_attribute("name") == "reason")
    keys(oscars, "A lure for a bank, shown by the picture.")
    send_form(oscars)
    assert "is done." in text(oscars)

    # It is gone everywhere, which is proven on the decision, and its device is told why.
    world.wait_until_nowhere([NAME, f"any.{NAME}", f"cam.{NAME}"])
    assert f"updating {NAME}: abuse: The hostname specified is blocked for abuse" in update("203.0.113.7")
    proof = wait_for(lambda: proven(world), timedelta(seconds=60), "the proof")
    assert {each["server"].partition(":")[0] for each in proof["answers"]} >= {"knot", "bind-secondary"}
    assert {each["rcode"] for each in proof["answers"] if each["name"] == NAME} == {"NXDOMAIN"}
    read_until(oscars, case_page, "Proven")
    read_until(trudys, trudys_page, "your report was right, and we have acted on it")

    # Alice reads what was decided, on her phone, and appeals.
    alices = open_browser(PHONE)
    alices_page = customers_link(world)
    alices.get(alices_page)
    assert NAME in text(alices)
    assert "Trudy" not in alices.page_source
    assert "trudy@example.org" not in alices.page_source
    assert overflow(alices) <= 0
    alices.find_element(By.XPATH, "//summary[normalize-space()='Write an appeal']").click()
    alices.find_element(By.CSS_SELECTOR, "textarea[id^=appeal-text]").send_keys("It is my camera. The page is gone.")
    press(alices, "File the appeal")
    assert "Your appeal is in." in text(alices)

    # Oscar cannot judge his own decision, on the page or past it; somebody else does.
    oscars.get(case_page)
    assert "Somebody decides who did not decide before." in text(oscars)
    assert "Uphold" not in text(oscars)
    elders = at_the_desk(ELDER, to=case_page.removeprefix(stack.web_url))
    assert "It is my camera." in text(elders)
    past_the_page(oscars, elders.find_element(By.XPATH, "//form[.//button[@value='yes']]").get_attribute("action"))
    oscars.get(case_page)
    assert world.row("SELECT decided_at FROM abuse_appeal") == (None,)
    fill(elders, "reason", "The page is gone, and was put there by a break-in.")
    go(elders, elders.find_element(By.XPATH, "//button[normalize-space()='Uphold: undo it']"))
    assert "The appeal is upheld" in text(elders)

    # Everything is exactly as it was, everywhere, for everybody.
    wait_for(lambda: alike(world.answers(ANSWERED)) == before, IN_DNS, "the answers of before at all servers")
    assert f"updating {NAME}: nochg" in update("203.0.113.7")
    assert "good: IP address set to 203.0.113.9" in update("203.0.113.9")
    stack.wait_for_answer(NAME, "A", "203.0.113.9")
    read_until(alices, alices_page, "Your appeal was upheld")
    read_until(trudys, trudys_page, "Our decision about this was undone")
    assert [complaints(each) for each in (trudys, oscars, elders, alices)] == [[], [], [], []]


def alike(found: dict[str, dict]) -> dict:
    """What all servers answer; nothing while one differs."""
    first, *others = found.values()
    return first if all(each == first for each in others) else {}


def proven(world: World) -> dict | None:
    """What the servers answered, of the decision about Alice's name."""
    of_case = "JOIN abuse_case c ON c.id = case_id WHERE c.name = %s"
    row = world.row(f"SELECT d.proof FROM abuse_decision d {of_case} AND d.proven_at IS NOT NULL", NAME)
    return row and row[0]


def past_the_page(browser: Chrome, address: str) -> None:
    """Sends the form that the page does not show."""
    script = """
    const [address, done] = arguments;
    const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
    const body = new URLSearchParams({csrfmiddlewaretoken: token, is_upheld: "yes", reason: "It was right."});
    fetch(address, {method: "POST", body}).then((answer) => done(answer.status));
    """
    assert browser.execute_async_script(script, address) == 200


def test_slip_is_undone_from_the_toast(world, at_the_desk):
    (name, case), *_ = world.reported("bob@example.com", "slip").items()
    browser = at_the_desk(OSCAR, to=f"{QUEUE}{case}/")
    keys(browser, "s")
    wait_for_words(browser, "leaves DNS")
    wait_until(browser, lambda: browser.switch_to.active_element.get_attribute("name") == "reason")
    keys(browser, "The wrong window.")
    send_form(browser)
    assert state_of(world, name) == "suspended"
    keys_that_leave(browser, "z")
    assert "is undone" in text(browser)
    assert name in browser.find_element(By.TAG_NAME, "h1").text
    assert state_of(world, name) is None
    assert world.row("SELECT state FROM abuse_case WHERE id = %s", case) == ("open",)
    assert complaints(browser) == []


def state_of(world: World, name: str) -> str | None:
    ask = "SELECT kind FROM ddns_restriction r JOIN ddns_hostname h ON h.id = hostname_id WHERE name = %s"
    row = world.row(ask, name)
    return row and row[0]


def test_two_on_one_case_see_each_other_and_the_second_is_asked_again(world, at_the_desk):
    (_, case), *_ = world.reported("bob@example.com", "both").items()
    hers, his = (at_the_desk(email, to=f"{QUEUE}{case}/") for email in (ELDER, OSCAR))
    wait_for_words(his, f"{ELDER} since")
    wait_for_words(hers, f"{OSCAR} since")
    keys(his, "d")
    wait_until(his, lambda: his.switch_to.active_element.get_attribute("name") == "reason")
    keys(his, "Nothing is there.")

    keys(hers, "w")
    wait_until(hers, lambda: hers.switch_to.active_element.get_attribute("name") == "reason")
    keys(hers, "It is a camera that was broken into.")
    send_form(hers)
    wait_for_words(his, f"Since you opened it: Warn with a deadline by {ELDER}")
    send_form(his)
    assert "to decide all the same, send it once more" in text(his)
    assert world.row("SELECT count(*) FROM abuse_decision WHERE case_id = %s", case) == (1,)


def test_three_are_dismissed_with_one_reason_and_three_answers(world, at_the_desk):
    found = world.reported("bob@example.com", "one", "two", "three")
    browser = at_the_desk(OSCAR)
    for name in found:
        browser.find_element(By.XPATH, f"//tr[.//a[normalize-space()='{name}']]//input").click()
    assert "3 chosen:" in text(browser)
    press(browser, "Dismiss…")
    assert "3 cases · 0 names of 0 accounts" in text(browser)
    fill(browser, "reason", "The page shows a router's own log-in.")
    press(browser, "Dismiss 3 cases")
    wait_for_words(browser, "3 of 3 cases")
    ask = "SELECT count(*) FROM abuse_report WHERE case_id = ANY(%s) AND outcome = 'rejected' AND answer <> ''"
    assert world.row(ask, list(found.values())) == (3,)


def test_protected_name_leaves_dns_when_a_second_person_approves(world, at_the_desk):
    ((name, case),) = world.reported("clinic@example.com", "clinic").items()
    world.stack.run(PROTECT, name=name)
    world.stack.run(ADDRESS, name=name)
    world.stack.wait_for_answer(name, "A", "203.0.113.7")
    his = at_the_desk(OSCAR, to=f"{QUEUE}{case}/")
    keys(his, "s")
    wait_for_words(his, "is protected")
    wait_until(his, lambda: his.switch_to.active_element.get_attribute("name") == "reason")
    keys(his, "The page is still there.")
    send_form(his)
    assert "waits for a second person" in text(his)
    assert state_of(world, name) is None
    his.get(f"{world.stack.web_url}{QUEUE}{case}/")
    assert "Somebody else has to approve it." in text(his)
    assert "Approve" not in [each.text for each in his.find_elements(By.TAG_NAME, "button")]

    hers = at_the_desk(ELDER, to=f"{QUEUE}?tab=second")
    open_by_keyboard(hers, name)
    assert "The page is still there." in text(hers)
    keys_that_leave(hers, "y")
    assert "approved" in text(hers)
    world.wait_until_nowhere([name])
    assert state_of(world, name) == "suspended"
    assert [complaints(his), complaints(hers)] == [[], []]
