"""The tables of docs/protocols-desec-dynv6.md, asked of the server row by row."""

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from ddns import domains, hostnames, keys, prefixes
from ddns.models import Hostname, User
from dnsupdate import tsig_keys, zones
from tests.ddns.devices import Device

PAGE = Path(__file__).resolve().parents[2] / "docs" / "protocols-desec-dynv6.md"
HEAD = "| before | request | credentials | answer |"


class Row(NamedTuple):
    """One exchange as the page has it."""

    before: str
    request: str
    credentials: str
    status: int
    body: str


def rows() -> list[Row]:
    found: list[Row] = []
    is_table = False
    for line in PAGE.read_text().splitlines():
        is_table = line == HEAD or (is_table and line.startswith("|"))
        if is_table and line != HEAD and not line.startswith("|---"):
            before, request, credentials, answer = (cell.strip() for cell in line.split("|")[1:-1])
            status, _, body = answer.partition(" ")
            text = body.strip("`").replace(r"\n", "\n")
            found.append(Row(before, request.strip("`"), credentials.strip("`"), int(status), text))
    return found


@pytest.fixture
def you(db) -> tuple[User, str]:
    """you@example.com with home.ddns.example, and the text of a key. bob.ddns.example is Bob's."""
    domain = domains.offer(zones.add("ddns.example", host="127.0.0.1", port=9, key=tsig_keys.generate("publisher")))
    bob, account = User.objects.create_user("bob@example.com"), User.objects.create_user("you@example.com")
    hostnames.register(bob, domain=domain, label="bob")
    hostnames.register(account, domain=domain, label="home")
    return account, keys.create(account, label="router")[1]


def prepare(account: User, key: str, before: str) -> None:
    for claim in filter(None, map(str.strip, before.split(";"))):
        (label, *value) = re.findall("`([^`]+)`", claim)
        name = f"{label}.ddns.example"
        if claim.startswith("you hold"):
            domain = Hostname.objects.get(name="home.ddns.example").domain
            hostnames.register(account, domain=domain, label=label)
        elif " has " in claim:
            Device("x", key).update(hostname=name, myip=value[0])
        elif claim.endswith("is suspended"):
            hostnames.suspend(Hostname.objects.get(name=name))
        else:
            assert claim.endswith("follows the prefix"), claim
            prefixes.follow(Hostname.objects.get(name=name))


def device(credentials: str) -> Device:
    scheme, is_header, value = credentials.partition(": ")
    if is_header:
        return Device(headers={f"HTTP_{scheme.upper()}": value})
    user, _, key = credentials.rpartition(":")
    return Device(user, key)


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row.before} {row.request}".strip())
def test_the_server_answers_what_the_page_says(row, you):
    account, key = you
    prepare(account, key, row.before)
    method, url = re.sub(r"\bKEY\b", key, row.request).split(" ", 1)

    response = device(re.sub(r"\bKEY\b", key, row.credentials)).get(url, method)

    assert (response.status_code, response.content.decode()) == (row.status, row.body)


def test_the_page_has_both_tables():
    paths = {row.request.split()[1].partition("?")[0] for row in rows()}

    assert paths == {"/api/update", "/desec/update"}
