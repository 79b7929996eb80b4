"""From an officer's application to an undoing, in real browsers: vetted by two, filed, approved by another, proven, undone."""

import json
import subprocess
import urllib.request
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from selenium.webdriver import Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.support.select import Select

from deploy.local.deadline import wait_for
from tests.browser.conftest import PASSWORD, PHONE
from tests.browser.pages import complaints, fill, follow, go, keys, keys_that_leave, log_in, press, text
from tests.browser.story import (  # noqa: F401 - fixtures
    ELDER,
    OSCAR,
    SCREEN,
    World,
    desk_fixture,
    staff_fixture,
    world_fixture,
)
from tests.ddns.totp import code_of
from tests.left_out import require
from tests.stack import IN_DNS, PAGE_SECONDS, ZONE

pytestmark = [pytest.mark.servers, pytest.mark.timeout(600)]

ORDERS = "/admin/abuse/order/"
OLIVIA = "olivia@police.example"
# More than one person may act on, of two customers.
LISTED = {"mallory@example.com": 12, "trudy@example.com": 10}
NAMES = [f"{email[:5]}{number}.{ZONE}" for email, count in LISTED.items() for number in range(count)]
INNOCENT = [(f"home.{ZONE}", "A"), (f"any.{ZONE}", "A"), (ZONE, "SOA")]
# A code holds for half a minute; what is asked of servers takes less.
A_WHILE = timedelta(seconds=90)
ADDRESSES = """
from ddns import hostnames
from ddns.models import Hostname
for hostname in Hostname.objects.filter(name__in=names):
    hostname.ipv4 = "203.0.113.7"
    hostname.save(update_fields=["ipv4"])
    hostnames.configure(hostname)
"""
AGENCY = """
from allauth.account.models import EmailAddress
from abuse.models import Agency
from ddns.models import User
olivia = User.objects.create_user(email, password)
EmailAddress.objects.update_or_create(user=olivia, email=email, defaults={"verified": True, "primary": True})
Agency.objects.create(name="Example Police", kind="police", country="AT", mail_domains=["police.example"],
    phone="+43 1 555 0100", phone_source="the ministry's public register")
"""


def test_officer_files_two_people_act_servers_prove_and_undoing_restores(world, open_browser, at_the_desk, tmp_path):
    before = names_in_dns(world)
    olivias = open_browser(PHONE)
    oscars, elders = vet(world, olivias, at_the_desk)
    order = file(world, olivias, tmp_path)

    # Oscar finds it by keyboard, reads what it touches, and proposes.
    oscars.get(f"{world.stack.web_url}{ORDERS}")
    keys(oscars, "j")
    keys_that_leave(oscars, Keys.ENTER)
    read_until(oscars, "and the groups add up to them")
    assert "0 other names touched" in text(oscars)
    keys_that_leave(oscars, "a")
    assert "A second person has to approve it" in text(oscars)
    fill(oscars, "reason", "They control malware.")
    fill(oscars, "retyped", str(len(NAMES)))
    press(oscars, f"Propose {len(NAMES)}")
    assert "It waits for a second person." in text(oscars)
    assert answers_of(world) == before

    # Somebody else looks at the same plan in a browser of their own, and approves it.
    elders.get(f"{world.stack.web_url}{ORDERS}?tab=second")
    follow(elders, "12 Cr 345/26")
    keys_that_leave(elders, "y")
    assert f"{len(NAMES)} names: suspend." in text(elders)
    fill(elders, "retyped", f"{len(NAMES)} ")
    press(elders, f"Approve {len(NAMES)}")
    assert "Approved: it has begun." in text(elders)

    # Exactly these are gone everywhere, and nobody else notices.
    world.wait_until_nowhere(NAMES)
    assert of_innocent(answers_of(world)) == of_innocent(before)
    read_until(elders, f"{len(NAMES)} of {len(NAMES)} proven at every server")

    # Olivia has her answer, and proves it with nothing of ours.
    olivias.get(f"{world.stack.web_url}/authorities/orders/{order}/")
    read_until(olivias, f"{len(NAMES)} of {len(NAMES)} names proven at every server")
    report = fetched(olivias, olivias.find_element(By.LINK_TEXT, "JSON").get_attribute("href"))
    receipt = olivias.find_element(By.LINK_TEXT, "receipt").get_attribute("href").rstrip("/")
    verify(world, report, json.loads(fetched(olivias, f"{receipt}.json")), tmp_path)
    body = json.loads(report)
    assert {item["name"] for item in body["items"] if item["done"] == "suspended"} == set(NAMES)
    assert body["counts"]["lines"] == len(NAMES) + 2

    # One click and a reason: everything is exactly as it was.
    oscars.get(f"{world.stack.web_url}{ORDERS}{order}/")
    keys_that_leave(oscars, "u")
    fill(oscars, "reason", "The court has lifted its order.")
    press(oscars, f"Undo {len(NAMES)}")
    assert "The undoing has begun." in text(oscars)
    wait_for(lambda: answers_of(world) == before, IN_DNS, "the answers of before at all servers")
    read_until(oscars, "its undoing")
    assert [complaints(each) for each in (olivias, oscars, elders)] == [[], [], []]


def names_in_dns(world: World) -> dict[str, dict]:
    """Registered, and answered alike by all servers."""
    for email, count in LISTED.items():
        world.stack.customer(email, *(f"{email[:5]}{number}" for number in range(count)))
    world.stack.customer("alice@example.com", "home")
    world.stack.run(ADDRESSES, names=[*NAMES, f"home.{ZONE}"])

    def found() -> dict[str, dict]:
        answers = answers_of(world)
        first, *others = answers.values()
        is_there = all("203.0.113.7" in first[name, "A"] for name in [*NAMES, f"home.{ZONE}"])
        return answers if is_there and all(each == first for each in others) else {}

    return wait_for(found, IN_DNS, "the names at all servers")


def answers_of(world: World) -> dict[str, dict]:
    """Of the zone's start what does not count up."""
    found = world.answers([*((name, "A") for name in NAMES), *INNOCENT])
    return {
        server: {each: said.partition(" ")[0] if each[1] == "SOA" else said for each, said in answers.items()}
        for server, answers in found.items()
    }


def of_innocent(found: dict[str, dict]) -> dict[str, dict]:
    return {server: {each: answers[each] for each in INNOCENT} for server, answers in found.items()}


def vet(world: World, olivias: Chrome, at_the_desk: Callable[..., Chrome]) -> tuple[Chrome, Chrome]:
    """Olivia applies, Oscar calls her agency back, the elder confirms, and she sets up her second factor."""
    world.stack.run(AGENCY, email=OLIVIA, password=PASSWORD)
    log_in(olivias, world.stack.web_url, OLIVIA, PASSWORD, to="/authorities/apply/")
    said = {"agency_said": "Example Police", "country_said": "AT", "name": "Olivia Example"}
    for name, value in {**said, "phone_said": "+43 1 555 0199"}.items():
        fill(olivias, name, value)
    press(olivias, "Apply")
    (officer,) = world.row("SELECT id FROM abuse_officer")

    oscars = at_the_desk(OSCAR, to=f"/admin/abuse/officer/{officer}/change/")
    follow(oscars, "Call back")
    Select(oscars.find_element(By.NAME, "agency")).select_by_visible_text("Example Police")
    fill(oscars, "called_number", "+43 1 555 0100")
    fill(oscars, "spoke_with", "the switchboard, then Olivia Example")
    press(oscars, "I have called")
    elders = at_the_desk(ELDER, to=f"/admin/abuse/officer/{officer}/change/")
    follow(elders, "Confirm")
    press(elders, "Confirm")
    assert "is in office" in text(elders)

    olivias.get(f"{world.stack.web_url}/accounts/2fa/totp/activate/")
    if olivias.find_elements(By.NAME, "password"):
        # The log-in is some minutes old where the machine is slow.
        fill(olivias, "password", PASSWORD)
        press(olivias, "Go on")
    assert "Secret:" in text(olivias), text(olivias)
    secret = olivias.find_element(By.ID, "secret").text
    used = code_of(secret)
    fill(olivias, "code", used)
    press(olivias, "Set up")
    olivias.get(f"{world.stack.web_url}/authorities/orders/new/?kind=takedown")
    if olivias.find_elements(By.NAME, "code"):
        # An app shows each code once.
        fill(olivias, "code", wait_for(lambda: code_of(secret) != used and code_of(secret), A_WHILE, "the next code"))
        press(olivias, "Go on")
    return oscars, elders


def file(world: World, olivias: Chrome, directory: Path) -> str:
    """The list as letters write it; gives the number of the order."""
    (directory / "order.pdf").write_bytes(b"%PDF-1.7\n% an order\n")
    olivias.get(f"{world.stack.web_url}/authorities/orders/new/?kind=takedown")
    defanged = "\n".join(f"hxxp://{name.replace('.', '[.]')}:1177/gate" for name in NAMES)
    script = "arguments[0].value = arguments[1]"
    listed = f"# Annex A\n{defanged}\nnever.{ZONE}\nwww.example.org\n"
    olivias.execute_script(script, olivias.find_element(By.NAME, "names"), listed)
    olivias.find_element(By.NAME, "papers").send_keys(str(directory / "order.pdf"))
    Select(olivias.find_element(By.NAME, "instrument")).select_by_value("court_order")
    said = {
        "reference": "12 Cr 345/26",
        "issuing_authority": "Regional Court of Example",
        "legal_basis": "Section 1 of the Example Act",
        "reasons": "The names control malware.",
        "redress": "Appeal to the Higher Court of Example within two weeks.",
    }
    for name, value in said.items():
        fill(olivias, name, value)
    button = olivias.find_element(By.XPATH, "//button[normalize-space()='File it']")
    olivias.execute_script("arguments[0].scrollIntoView({block: 'center'})", button)
    go(olivias, button)
    assert "We have it." in text(olivias), text(olivias)
    return olivias.current_url.rstrip("/").rpartition("/")[2]


def read_until(browser: Chrome, words: str) -> None:
    """What is said there follows when the workers have got to it."""

    def says() -> bool:
        browser.refresh()
        return words in text(browser)

    wait_for(says, A_WHILE, f"{words!r} on {browser.current_url}")


def fetched(browser: Chrome, address: str) -> bytes:
    """As the browser would save it."""
    cookies = "; ".join(f"{each['name']}={each['value']}" for each in browser.get_cookies())
    request = urllib.request.Request(address, headers={"Cookie": cookies})
    with urllib.request.urlopen(request, timeout=PAGE_SECONDS) as answer:
        return answer.read()


def verify(world: World, report: bytes, receipt: dict, directory: Path) -> None:
    """By OpenSSL, with the keys that are published and none of the platform's code."""
    with urllib.request.urlopen(f"{world.stack.web_url}/.well-known/abuse-signing-keys.json") as answer:
        published = {each["key"]: each["public_key"] for each in json.load(answer)["keys"]}
    (directory / "payload").write_text(receipt["payload"])
    (directory / "report.json").write_bytes(report)
    (directory / "signature").write_bytes(openssl(directory, "base64", "-d", "-A", given=receipt["signature"]))
    # RFC 8410: what stands before the 32 octets of every such key.
    key = openssl(directory, "base64", "-d", "-A", given=published[receipt["key"]])
    (directory / "key.der").write_bytes(bytes.fromhex("302a300506032b6570032100") + key)
    command = ["pkeyutl", "-verify", "-pubin", "-inkey", "key.der", "-keyform", "DER", "-rawin"]
    said = openssl(directory, *command, "-in", "payload", "-sigfile", "signature")
    assert b"Signature Verified Successfully" in said
    digest = openssl(directory, "dgst", "-sha256", "-r", "report.json").split()[0].decode()
    assert json.loads(receipt["payload"])["sha256"] == digest


def openssl(directory: Path, *words: str, given: str = "") -> bytes:
    command = [str(require("openssl")), *words]
    return subprocess.run(command, cwd=directory, input=given.encode(), capture_output=True, check=True).stdout
