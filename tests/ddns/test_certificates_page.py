"""docs/certificates.md: each line of its tables asked of the server, so that what the page says is what clients get."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ddns import domains, hostnames, keys
from ddns.models import Domain, Hostname, User
from dnsupdate import tsig_keys, zones
from tests.ddns.acme_clients import AcmeClient, read
from tests.ddns.devices import SOURCE, ask, basic

PAGE = Path(__file__).resolve().parents[2] / "docs" / "certificates.md"
HEAD = "| before | request | with | answer |"
HOME = "home.ddns.example"


@dataclass(frozen=True)
class Row:
    """One exchange. with_headers says that the credentials stand in acme-dns's headers."""

    line: int
    before: str
    method: str
    path: str
    body: str
    credentials: str
    with_headers: bool
    status: int
    answer: str


def rows() -> Iterator[Row]:
    is_table = False
    for number, line in enumerate(PAGE.read_text().splitlines(), 1):
        is_table = line == HEAD or (is_table and line.startswith("|"))
        if is_table and line != HEAD and not line.startswith("|---"):
            before, request, credentials, answer = (cell.strip() for cell in line.split("|")[1:-1])
            asked, presented = re.findall("`([^`]*)`", request), re.findall("`([^`]*)`", credentials)
            status, _, body = answer.partition(" ")
            yield Row(
                number,
                before,
                *asked[0].split(),
                body=asked[1] if len(asked) > 1 else "",
                credentials=presented[0] if presented else "",
                with_headers=credentials.startswith("headers"),
                status=int(status),
                answer=body.strip("`"),
            )


@dataclass
class You:
    """Who the page speaks to, and what its words in capitals stand for."""

    account: User
    domain: Domain
    settings: object
    words: dict[str, str] = field(default_factory=dict)

    def register(self) -> None:
        self._remember(AcmeClient(user=HOME, key=self.words["KEY"]))

    def register_openly(self) -> None:
        self._remember(AcmeClient())

    def _remember(self, client: AcmeClient) -> None:
        account = read(client.register(), 201)
        self.words |= {"USER": account["username"], "PASSWORD": account["password"], "SUBDOMAIN": account["subdomain"]}

    def give_accounts_a_zone(self) -> None:
        self.settings.ACME_DOMAIN = self.domain.name

    def register_too_many(self) -> None:
        self.give_accounts_a_zone()
        self.settings.ACME_REGISTRATIONS_PER_NETWORK = 1
        self.register_openly()

    def filled_in(self, text: str) -> str:
        return re.sub("|".join(self.words), lambda found: self.words[found[0]], text)


BEFORE: dict[str, Callable[[You], object]] = {
    "accounts have a zone": You.give_accounts_a_zone,
    "the network has registered too many": You.register_too_many,
    "you have registered": You.register,
    "you have registered without a key": You.register_openly,
    "`KEY` is revoked": lambda you: keys.revoke(you.account.update_keys.get()),
    "`KEY` may update addresses only": lambda you: you.account.update_keys.update(permission="update"),
    "`home` is suspended": lambda you: hostnames.suspend(Hostname.objects.get(name=HOME)),
}


@pytest.fixture
def you(db, settings) -> You:
    settings.SITE_URL = "https://ddns.example"
    domain = domains.offer(zones.add("ddns.example", host="127.0.0.1", port=9, key=tsig_keys.generate("publisher")))
    hostnames.register(User.objects.create_user("bob@example.com"), domain=domain, label="bob")
    account = User.objects.create_user("you@example.com")
    hostnames.register(account, domain=domain, label="home")
    return You(account, domain, settings, {"KEY": keys.create(account, label="caddy")[1]})


@pytest.mark.parametrize("row", list(rows()), ids=lambda row: f"line {row.line}")
def test_server_answers_as_the_page_says(you, row):
    for claim in filter(None, row.before.split("; ")):
        BEFORE[claim](you)
    user, _, key = you.filled_in(row.credentials).partition(":")
    headers = {"REMOTE_ADDR": SOURCE}
    if row.with_headers:
        headers |= {"HTTP_X_API_USER": user, "HTTP_X_API_KEY": key}
    elif row.credentials:
        headers["HTTP_AUTHORIZATION"] = basic(user, key)
    body = you.filled_in(row.body).encode()
    response = ask(row.method, you.filled_in(row.path), body, "application/json" if body else "", **headers)

    form = ".*?".join(map(re.escape, you.filled_in(row.answer).split("…")))
    assert response.status_code == row.status, response.content
    assert re.fullmatch(form, response.content.decode()), response.content


def test_page_has_both_tables():
    assert PAGE.read_text().count(HEAD) == 2
    assert len(list(rows())) > 30
