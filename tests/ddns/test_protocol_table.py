"""The tables of docs/protocols.md and its second page, asked of the server row by row: what the page says is what devices get."""

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from ddns import accounts, challenges, domains, groups, hostnames, keys, prefixes
from ddns.models import Domain, Hostname, UpdateKey, User
from dnsupdate import tsig_keys, zones
from tests.ddns.devices import Device, caller

PAGE = Path(__file__).resolve().parents[2] / "docs" / "protocols.md"
HEAD = "| before | request | credentials | answer |"
FORM, JSON = "application/x-www-form-urlencoded", "application/json"
# What the page calls by these names, of whatever is between the brackets.
HASHES = {"MD5": hashlib.md5, "SHA1": hashlib.sha1, "SHA256": hashlib.sha256}


@dataclass(frozen=True)
class Row:
    """One exchange as the page has it."""

    line: int
    section: str
    before: str
    request: list[str]
    credentials: list[str]
    status: int
    body: str

    def __str__(self) -> str:
        return f"{self.section}, line {self.line}"


def rows() -> list[Row]:
    return list(parse(PAGE.read_text().splitlines()))


def parse(lines: list[str]) -> Iterator[Row]:
    section, is_table = "", False
    for number, line in enumerate(lines, 1):
        if line.startswith("#"):
            section = line.strip("# ")
        if line == HEAD:
            is_table = True
        elif not line.startswith("|"):
            is_table = False
        elif is_table and not line.startswith("|---"):
            yield row_of(number, section, line)


def row_of(number: int, section: str, line: str) -> Row:
    cells = [cell.strip().replace(r"\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
    before, request, credentials, answer = cells
    status, _, body = answer.partition(" ")
    text = body.strip("`").replace(r"\n", "\n")
    return Row(number, section, before, spans(request), spans(credentials), int(status), text)


def spans(cell: str) -> list[str]:
    return re.findall("`([^`]+)`", cell)


@dataclass
class You:
    """Who the page speaks to: you@example.com, who hold home.ddns.example."""

    account: User
    domain: Domain
    key: UpdateKey
    text: str
    settings: object

    def held(self, label: str) -> Hostname:
        return Hostname.objects.get(account=self.account, name=f"{label}.{self.domain.name}")

    def hold(self, label: str) -> None:
        hostnames.register(self.account, domain=self.domain, label=label)

    def has(self, label: str, addresses: str) -> None:
        self.ask(f"/nic/update?hostname={label}.{self.domain.name}&myip={addresses}")

    def prove(self, label: str, value: str) -> None:
        challenges.present(caller(self.text), f"{label}.{self.domain.name}", value)

    def join(self, label: str, group: str) -> None:
        groups.assign(groups.create(self.account, name=group), [self.held(label)])

    def have_a_plan_without_wildcards(self) -> None:
        self.settings.PLANS = {"free": {"has_wildcard": False}}

    def change_too_often(self, label: str) -> None:
        self.settings.CHANGES_PER_HOSTNAME = 1
        self.has(label, "203.0.113.99")

    def ask(self, url: str) -> None:
        assert Device("x", self.text).get(url).content.startswith(b"good")


# What the page says of the time before a request.
BEFORE: dict[str, Callable] = {
    "you hold `(.+)` too": You.hold,
    "`(.+)` has `(.+)`": You.has,
    "`(.+)` proves `(.+)`": You.prove,
    "`(.+)` is in group `(.+)`": You.join,
    "`(.+)` was changed too often": You.change_too_often,
    "`(.+)` follows the prefix": lambda you, label: prefixes.follow(you.held(label)),
    "`(.+)` is suspended": lambda you, label: hostnames.suspend(you.held(label)),
    "`KEY` is revoked": lambda you: keys.revoke(you.key),
    "your account is deactivated": lambda you: accounts.deactivate(you.account),
    "the plan has no wildcards": You.have_a_plan_without_wildcards,
}


@pytest.fixture
def you(db, settings) -> You:
    settings.SITE_URL = "https://ddns.example"
    domain = domains.offer(zones.add("ddns.example", host="127.0.0.1", port=9, key=tsig_keys.generate("publisher")))
    bob, account = User.objects.create_user("bob@example.com"), User.objects.create_user("you@example.com")
    hostnames.register(bob, domain=domain, label="bob")
    key, text = keys.create(account, label="router")
    you = You(account, domain, key, text, settings)
    you.hold("home")
    return you


def prepare(you: You, before: str) -> None:
    for claim in filter(None, map(str.strip, before.split(";"))):
        found = [(verb, match) for form, verb in BEFORE.items() if (match := re.fullmatch(form, claim))]
        assert found, f"what is meant by {claim!r}?"
        for verb, match in found:
            verb(you, *match.groups())


def filled_in(text: str, key: str) -> str:
    """With the key and its hashes in the place of their names."""
    text = re.sub(r"\bKEY\b", key, text)
    return re.sub(
        r"\b(MD5|SHA1|SHA256)\(([^)]*)\)", lambda match: HASHES[match[1]](match[2].encode()).hexdigest(), text
    )


def device_of(row: Row, key: str) -> Device:
    device = Device()
    for each in (filled_in(span, key) for span in row.credentials):
        name, colon, value = each.partition(": ")
        if colon:
            device.headers["HTTP_" + name.upper().replace("-", "_")] = value
        else:
            user, _, password = each.rpartition(":")
            device = replace(device, user=user, key=password)
    return device


@pytest.mark.parametrize("row", rows(), ids=str)
def test_the_server_answers_what_the_page_says(row, you):
    prepare(you, row.before)
    line, *body = [filled_in(span, you.text) for span in row.request]
    method, url = line.split(" ", 1)
    octets = "".join(body).encode()

    response = device_of(row, you.text).get(url, method, octets, JSON if octets[:1] == b"{" else FORM)

    answered = response.content.decode()
    expected = ".*".join(map(re.escape, filled_in(row.body, you.text).split("…")))
    assert response.status_code == row.status
    assert re.fullmatch(expected, answered, re.DOTALL), answered


def test_the_page_has_a_table_for_every_protocol_that_is_routed():
    sections = {row.section for row in rows()}

    assert {
        "Answers",
        "DuckDNS",
        "FreeDNS",
        "Dynu",
        "ChangeIP",
        "Hurricane Electric",
        "DDNSS, ipv64",
        "dyndns1",
        "dynv6",
        "deSEC",
    } <= sections
    assert {"nsupdate.info", "Groups (No-IP, Dynu, HP)", "What is my address?"} <= sections


def test_a_row_is_read_with_its_escapes():
    row = row_of(7, "X", r"| `home` has `a` | `POST /x?a\|b` `c=d` | `u:KEY` | 200 `one\ntwo` |")

    assert row == Row(7, "X", "`home` has `a`", ["POST /x?a|b", "c=d"], ["u:KEY"], 200, "one\ntwo")
