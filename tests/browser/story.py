"""The platform with two secondaries, the people of the desk, and what they do there by keyboard: for whole walks in a browser."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import pytest
from selenium.webdriver import Chrome, Keys
from selenium.webdriver.common.by import By

from deploy.local.bind import Bind
from deploy.local.bind_secondary import BindSecondary
from deploy.local.deadline import wait_for
from deploy.local.errors import BinaryMissing
from deploy.local.knot import Knot
from deploy.local.ports import LOOPBACK, free_port
from deploy.local.server import Server
from tests.browser.conftest import PASSWORD
from tests.browser.pages import fill, keys, keys_that_leave, log_in
from tests.left_out import left_out
from tests.stack import IN_DNS, QUERY_SECONDS, ZONE, Stack

QUEUE = "/admin/abuse/case/"
SCREEN = (1920, 1080)
OSCAR, ELDER = "oscar@example.com", "elder@example.com"

PEOPLE = """
from django.contrib.auth.models import Group
from abuse import roles
from ddns.models import User
roles.make_missing()
for email in emails:
    person = User.objects.create_user(email, password, is_staff=True)
    person.groups.add(Group.objects.get(name=roles.SENIOR))
"""
# What came in by form about each of these labels of one account, read.
REPORTED = """
from abuse import reports, submissions
from abuse.intake import form
from abuse.models import Case, Submission
from ddns import hostnames
from ddns.models import Domain, User
account = User.objects.filter(email=email).first() or User.objects.create_user(email)
domain = Domain.objects.get(name=zone)
for label in labels:
    name = hostnames.register(account, domain=domain, label=label).name
    report = form.FormReport(kind="content/phishing", names=[f"https://{name}/login"], description="It imitates a bank.")
    submissions.accept(form.write(report), door=Submission.Door.FORM, source="192.0.2.9", content_type=form.CONTENT_TYPE)
reports.read_all()
"""
CASES = """
from abuse.models import Case
result = {case.name: case.pk for case in Case.objects.filter(name__in=names)}
"""


@dataclass
class World:
    """The stack, and every server that answers for its zone."""

    stack: Stack
    secondaries: list[Server]

    @property
    def servers(self) -> list[Server]:
        return [self.stack.bind, *self.secondaries]

    def answers(self, wanted: list[tuple[str, str]]) -> dict[str, dict[tuple[str, str], str]]:
        """By server and question: rcode, and the records with their TTL."""
        return {server.name: {each: _answer(server, *each) for each in wanted} for server in self.servers}

    def wait_until_nowhere(self, names: list[str]) -> None:
        """Until every server says that none of these names exists."""
        wanted = [(name, "A") for name in names]
        wait_for(
            lambda: {text for found in self.answers(wanted).values() for text in found.values()} == {"NXDOMAIN"},
            IN_DNS,
            f"NXDOMAIN for {names} everywhere",
        )

    def reported(self, email: str, *labels: str) -> dict[str, int]:
        """Names of one account, each with a report; the cases about them, by name."""
        self.stack.run(REPORTED, email=email, labels=labels, zone=ZONE)
        names = [f"{label}.{ZONE}" for label in labels]
        # The worker may read some of them.
        return wait_for(lambda: _all(self.stack.run(CASES, names=names), names), IN_DNS, f"cases about {names}")

    def row(self, sql: str, *given: Any) -> tuple | None:
        with self.stack.database() as database:
            return database.execute(sql, given).fetchone()


def _all(found: dict[str, int], names: list[str]) -> dict[str, int]:
    return found if set(found) == set(names) else {}


def _answer(server: Server, name: str, rdtype: str) -> str:
    query = dns.message.make_query(name, rdtype, flags=0)
    response = dns.query.udp(query, server.host, port=server.port, timeout=QUERY_SECONDS)
    rrsets = sorted(f"{rrset.name} {rrset.ttl} {rrset.rdtype} {sorted(map(str, rrset))}" for rrset in response.answer)
    return " ".join([dns.rcode.to_text(response.rcode()), *rrsets])


@pytest.fixture(scope="module", name="world")
def world_fixture(servers) -> Iterator[World]:
    ports = free_port(), free_port()
    directory = servers.directory / "story"
    started: list[Server] = []
    try:
        primary = partial(Bind, secondaries=[(LOOPBACK, port) for port in ports])
        # Staff have no second factor here: what is walked is the desk.
        stack = Stack(directory, nameserver=primary, environment={"DDNS_STAFF_NEEDS_SECOND_FACTOR": "false"})
    except BinaryMissing as missing:
        left_out("stack", str(missing))
    try:
        stack.start()
        told = {"key": stack.tsig_key, "primary": (LOOPBACK, stack.bind.port), "zones": [ZONE]}
        secondaries = [
            Knot(directory / "knot", port=ports[0], **told),
            BindSecondary(directory / "bind-secondary", port=ports[1], **told),
        ]
        for server in secondaries:
            server.start()
            started.append(server)
            stack.manage("add_secondary", f"{LOOPBACK}:{server.port}", "--name", server.name)
        yield World(stack, secondaries)
    finally:
        for server in started:
            server.stop()
        stack.stop()
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="module", name="staff")
def staff_fixture(world: World) -> None:
    """Oscar and his elder colleague."""
    world.stack.run(PEOPLE, emails=[OSCAR, ELDER], password=PASSWORD)


@pytest.fixture(name="at_the_desk")
def desk_fixture(world: World, staff: None, open_browser: Callable[..., Chrome]) -> Callable[..., Chrome]:
    """`at_the_desk(email, to)`: a browser of this person's own, logged in."""

    def start(email: str, to: str = QUEUE) -> Chrome:
        browser = open_browser(SCREEN)
        log_in(browser, world.stack.web_url, email, PASSWORD, to=to)
        return browser

    return start


# ---- hands ---------------------------------------------------------------------------------------------------


def log_in_by_keyboard(browser: Chrome, base: str, email: str, to: str) -> None:
    browser.get(f"{base}{to}")
    fill(browser, "login", email)
    fill(browser, "password", PASSWORD)
    keys_that_leave(browser, Keys.ENTER)


def open_by_keyboard(browser: Chrome, name: str) -> None:
    """From the queue to the case about this name."""
    rows = len(browser.find_elements(By.CSS_SELECTOR, "[data-row]"))
    for _ in range(rows):
        keys(browser, "j")
        if name in browser.find_element(By.CSS_SELECTOR, ".is-at").text:
            keys_that_leave(browser, Keys.ENTER)
            return
    raise AssertionError(f"{name} is not in the queue")
