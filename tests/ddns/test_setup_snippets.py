"""The configurations to copy: the page and docs/protocols.md say the same."""

import html
import re
from pathlib import Path

import pytest
from django.test import Client

from ddns import domains, hostnames
from ddns.models import User
from ddns.views.keys import KEY_PLACEHOLDER
from dnsupdate import tsig_keys, zones

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "protocols.md"
# "ssl = true", "ssl=yes, ", "uci set ddns.home.enabled='1'", "option enabled '1'": name and value.
SETTING = re.compile(r"""^\s*(?:uci set ddns\.home\.|option\s+)?([\w-]+)(?:\s*=\s*|\s+)(["']?)(.+?)\2$""", re.MULTILINE)


def settings_of(text: str) -> dict[str, str]:
    """Without the hostnames: one on the page, some in the document."""
    lines = "\n".join(
        line for line in text.splitlines() if not re.match(r"\s*(#|config |uci commit|uci set ddns\.home=|/etc/)", line)
    )
    return {name: value for name, _, value in SETTING.findall(lines) if name != "hostname"}


def documented(client: str) -> str:
    section = DOCUMENT.read_text().partition(f"### {client}")[2]
    return section.partition("```\n")[2].partition("```")[0]


@pytest.fixture
def shown(db, settings) -> dict[str, str]:
    """The snippets of the page by client, for the customer, site and key that the document speaks of."""
    settings.SITE_URL = "https://ddns.example"
    zone = zones.add("ddns.example", host="127.0.0.1", port=5300, key=tsig_keys.generate("publisher"))
    customer = User.objects.create_user("you@example.com")
    hostnames.register(customer, domain=domains.offer(zone), label="home")
    browser = Client()
    browser.force_login(customer)
    page = browser.get("/setup/").content.decode()
    snippets = re.findall(r'<pre id="text-(\w+)">(.*?)</pre>', page, re.DOTALL)
    return {client: html.unescape(text).replace(KEY_PLACEHOLDER, "KEY") for client, text in snippets}


@pytest.mark.parametrize("client", ["ddclient", "inadyn", "OpenWrt"])
def test_the_page_and_the_document_configure_a_client_alike(shown, client):
    on_the_page = settings_of(shown[client.lower()])

    assert len(on_the_page) >= 7
    assert on_the_page == settings_of(documented(client))


@pytest.mark.parametrize("client", ["curl", "fritzbox"])
def test_the_commands_and_addresses_of_the_page_stand_in_the_document(shown, client):
    assert shown[client] in DOCUMENT.read_text()


def test_the_document_names_one_user_in_all_its_examples():
    assert not re.findall(r"-u 'x:|--user=x|username +'x'", DOCUMENT.read_text())
