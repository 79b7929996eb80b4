"""From a stranger to a hostname in DNS, over HTTP, SMTP and DNS, with nothing but what the platform gives out."""

import http.cookiejar
import json
import re
import secrets
import urllib.parse
import urllib.request

import altcha
import pytest

from tests.ddns.devices import basic
from tests.stack import PAGE_SECONDS, ZONE, Stack

pytestmark = pytest.mark.servers
PASSWORD = "correct horse battery staple"


class Browser:
    """As much of one as forms need: cookies, redirects, the token against forgery."""

    def __init__(self, base: str) -> None:
        self.base = base
        cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self._opener = urllib.request.build_opener(cookies)

    def get(self, path: str) -> str:
        return self._open(path)

    def send(self, path: str, **fields: str) -> str:
        """Opens the page, fills its form in and sends it; what it says then."""
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', self.get(path))[1]
        data = urllib.parse.urlencode({"csrfmiddlewaretoken": token, **fields})
        return self._open(path, data.encode())

    def _open(self, path: str, data: bytes | None = None) -> str:
        with self._opener.open(urllib.parse.urljoin(self.base, path), data, timeout=PAGE_SECONDS) as page:
            return page.read().decode()


def prove(browser: Browser) -> str:
    """The work that the settings ask of every browser."""
    challenge = altcha.Challenge.from_dict(json.loads(browser.get("/proof-of-work/sign-up/")))
    return altcha.Payload(challenge, altcha.solve_challenge(challenge)).to_base64()


def test_stranger_signs_up_confirms_and_has_a_hostname_in_dns(stack: Stack):
    browser, email, label = Browser(stack.web_url), f"{secrets.token_hex(4)}@example.com", f"s{secrets.token_hex(4)}"
    said = browser.send("/accounts/signup/", email=email, password1=PASSWORD, rules="on", proof=prove(browser))
    assert "Confirm your e-mail address" in said
    message = stack.mail.wait_for(email)
    link = re.search(rf"{stack.web_url}/\S+", message.get_content())[0]
    assert "No hostname yet" in browser.send(link)

    dashboard = browser.get("/hostnames/")
    domain = re.search(rf'value="(\d+)"[^>]*>{re.escape(ZONE)}<', dashboard)[1]
    assert f"{label}.{ZONE} is yours" in browser.send("/hostnames/", label=label, domain=domain)
    key = re.search(r'id="key"[^>]*>(\w+)<', browser.send("/keys/", label="router", scope="account"))[1]
    credentials = {"Authorization": basic(email, key), "User-Agent": "router/1"}
    url = f"{stack.web_url}/nic/update?hostname={label}.{ZONE}&myip=203.0.113.9"
    with urllib.request.urlopen(urllib.request.Request(url, headers=credentials), timeout=PAGE_SECONDS) as answer:
        assert answer.read() == b"good 203.0.113.9\n"
    stack.wait_for_answer(f"{label}.{ZONE}", "A", "203.0.113.9")


def test_who_does_not_confirm_has_nothing(stack: Stack):
    browser, email = Browser(stack.web_url), f"{secrets.token_hex(4)}@example.com"
    browser.send("/accounts/signup/", email=email, password1=PASSWORD, rules="on", proof=prove(browser))
    stack.mail.wait_for(email)

    assert "Password forgotten?" in browser.get("/hostnames/")
