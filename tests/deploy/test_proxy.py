"""The provider set-up's Caddyfile, in a real Caddy before the real web service: who sees what a client claims.

No database: what is asked here is answered, or refused, before any row is needed.
"""

import http.client
import os
import re
import secrets
import ssl
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from ddns import wsgi
from ddns.protocols import checkip
from deploy.local.deadline import wait_for
from deploy.local.ports import LOOPBACK, free_port
from deploy.local.program import Program, answers
from deploy.local.zones import listens
from tests.left_out import require

CADDYFILE = Path(__file__).resolve().parents[2] / "deploy" / "provider" / "caddy" / "Caddyfile"
SOON = timedelta(seconds=20)
FORGED = "198.51.100.66"
PARKING_ADDRESS = "203.0.113.80"
METRICS_TOKEN = secrets.token_hex(32)
REDIRECTIONS = (http.HTTPStatus.MOVED_PERMANENTLY, http.HTTPStatus.PERMANENT_REDIRECT)
DEVICE_PATHS = sorted(wsgi._BY_PATH)
pytestmark = pytest.mark.servers


@dataclass(frozen=True)
class Proxy:
    """Caddy on two ports of loopback, the web service behind it."""

    caddy: Program
    web: Program
    web_port: int
    plain: int
    tls: int

    def get(self, path: str, headers: dict[str, str] | None = None, *, is_tls: bool = False):
        """The response, read; the authority is of this Caddy's own making and is not checked."""
        unchecked = ssl._create_unverified_context()
        connection = (
            http.client.HTTPSConnection("localhost", self.tls, timeout=SOON.total_seconds(), context=unchecked)
            if is_tls
            else http.client.HTTPConnection(LOOPBACK, self.plain, timeout=SOON.total_seconds())
        )
        try:
            connection.request("GET", path, headers=headers or {})
            response = connection.getresponse()
            response.text = response.read().decode()
            return response
        finally:
            connection.close()


@pytest.fixture(scope="module")
def proxy(tmp_path_factory) -> Iterator[Proxy]:
    program, directory = require("caddy"), tmp_path_factory.mktemp("proxy")
    web_port, plain, tls = free_port(), free_port(), free_port()
    web = web_service(directory, web_port, f"https://localhost:{tls}")
    caddy = caddy_of(program, directory, web_port=web_port, plain=plain, tls=tls)
    try:
        web.start()
        caddy.start()
        yield Proxy(caddy, web, web_port, plain, tls)
    finally:
        caddy.stop()
        web.stop()


def web_service(directory: Path, port: int, site_url: str) -> Program:
    """Started as deploy/provider/app/start does, trusting loopback as it trusts Caddy's address there."""
    env = {
        **os.environ,
        "DDNS_MODE": "provider",
        "DDNS_SECRET_KEY": secrets.token_urlsafe(50),
        "DDNS_SITE_URL": site_url,
        "DDNS_ALLOWED_HOSTS": f"localhost,{LOOPBACK}",
        "DDNS_TRUSTED_PROXIES": LOOPBACK,
        "DDNS_METRICS_TOKEN": METRICS_TOKEN,
        "DDNS_PARKING_ADDRESSES": PARKING_ADDRESS,
        "DATABASE_URL": f"postgresql://nobody@{LOOPBACK}:1/none",
        "REDIS_URL": f"redis://{LOOPBACK}:1/0",
    }
    argv = [sys.executable, "-m", "granian", "--interface", "wsgi", "config.wsgi:application", "--host", LOOPBACK]
    argv += ["--port", str(port), "--no-ws", "--workers", "1", "--blocking-threads", "1", "--workers-kill-timeout", "1"]
    return Program("web", argv, env=env, log=directory / "web.log", is_up=answers(port, "/ip"))


def caddy_of(program: Path, directory: Path, *, web_port: int, plain: int, tls: int) -> Program:
    """The Caddyfile as it is, but for addresses, and for the log, which tells everything that Caddy can tell."""
    text = CADDYFILE.read_text()
    changes = {
        "web:8000": f"{LOOPBACK}:{web_port}",
        "api:8000": f"{LOOPBACK}:{web_port}",
        "8080": str(plain),
        "8443": str(tls),
        "\tadmin off\n": "\tadmin off\n\tdebug\n",
    }
    for ours, here in changes.items():
        assert ours in text
        text = text.replace(ours, here)
    (directory / "Caddyfile").write_text(text)
    env = {
        "PATH": os.environ["PATH"],
        "XDG_DATA_HOME": str(directory),
        "XDG_CONFIG_HOME": str(directory),
        "DDNS_HOST": "localhost",
        "DDNS_HOSTS": "localhost",
        "DDNS_SITE_URL": f"https://localhost:{tls}",
        "DDNS_TLS": "internal",
        "DDNS_SITE_HOSTS": f"localhost {LOOPBACK}",
        "DDNS_PARKING_ADDRESSES": PARKING_ADDRESS,
    }
    argv = [program, "run", "--config", directory / "Caddyfile", "--adapter", "caddyfile"]
    return Program("caddy", argv, env=env, log=directory / "caddy.log", is_up=lambda _: listens(plain) and listens(tls))


SPELLINGS = ["X-Forwarded-For", "X_Forwarded_For", "X-Forwarded_For", "X_Forwarded-For", "x_forwarded_for"]


@pytest.mark.parametrize("is_tls", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("name", SPELLINGS)
def test_client_cannot_claim_another_source(proxy, name, is_tls):
    assert proxy.get("/ip", {name: FORGED}, is_tls=is_tls).text.strip() == LOOPBACK


def test_source_stands_though_the_client_asks_to_drop_it(proxy):
    forged = {"Connection": "close, X-Forwarded-For, X-Forwarded-Proto", "X_Forwarded_For": FORGED}
    assert proxy.get("/ip", forged).text.strip() == LOOPBACK


@pytest.mark.parametrize(
    "name", ["X-Forwarded-Proto", "X_Forwarded_Proto", "X-Forwarded_Proto", "X_Forwarded-Proto", "x_forwarded_proto"]
)
def test_client_cannot_claim_tls(proxy, name):
    """What looks like a device's path gets through plain HTTP, and the web service itself asks for TLS."""
    response = proxy.get("/updates", {name: "https"})
    assert response.status == http.HTTPStatus.MOVED_PERMANENTLY
    assert response.headers["Location"].startswith("https://")


def test_update_answers_on_plain_http(proxy):
    response = proxy.get("/nic/update?hostname=home.ddns.test")
    assert (response.status, response.text.strip()) == (http.HTTPStatus.UNAUTHORIZED, "badauth")


@pytest.mark.parametrize("path", ["/register", "/acme/key/register", "/httpreq/present", "/update"])
def test_certificate_clients_are_not_redirected(proxy, path):
    """405 or 401: they POST."""
    assert proxy.get(path).status in (http.HTTPStatus.METHOD_NOT_ALLOWED, http.HTTPStatus.UNAUTHORIZED)


WITH_VALUES = ["/u/token/", "/u/token", "/update/home/token/203.0.113.1", "/api/?action=getdyndns"]


@pytest.mark.parametrize("path", [*DEVICE_PATHS, *WITH_VALUES])
def test_every_path_of_a_device_is_reached_over_plain_http(proxy, path):
    """Whatever is said there: a device without TLS cannot follow."""
    assert proxy.get(path).status not in REDIRECTIONS


def test_desecs_update_server_is_reached_over_plain_http(proxy):
    assert proxy.get("/", {"Host": "update.ddns.test"}).status not in REDIRECTIONS


@pytest.mark.parametrize("label", [labels.partition(".")[0] for labels, _ in checkip._BY_HOST])
def test_a_host_that_tells_addresses_does_so_over_plain_http(proxy, label):
    assert LOOPBACK in proxy.get("/", {"Host": f"{label}.ddns.test"}).text


def test_page_is_redirected_to_https(proxy):
    response = proxy.get("/")
    assert response.status == http.HTTPStatus.PERMANENT_REDIRECT
    assert response.headers["Location"] == f"https://localhost:{proxy.tls}/"


def test_parked_hostname_shows_the_parking_page_and_is_not_redirected(proxy):
    response = proxy.get("/", {"Host": "home.ddns.test"})
    assert response.status == http.HTTPStatus.SERVICE_UNAVAILABLE
    assert "taken it offline" in response.text


def test_rest_api_is_reached_by_tls_alone(proxy):
    assert proxy.get("/api/v1/problems/outage", is_tls=True).status == http.HTTPStatus.OK
    assert proxy.get("/api/v1/problems/outage").status == http.HTTPStatus.PERMANENT_REDIRECT


def test_health_check_inside_the_container_is_sent_nowhere(proxy):
    """As deploy/provider/app/answers asks. The database is away, which is what it has to say."""
    connection = http.client.HTTPConnection(LOOPBACK, proxy.web_port, timeout=SOON.total_seconds())
    connection.request("GET", "/healthz", headers={"Host": "localhost"})
    response = connection.getresponse()
    response.read()
    connection.close()
    assert response.status == http.HTTPStatus.SERVICE_UNAVAILABLE


@pytest.mark.parametrize(
    ("token", "status"), [("", 401), ("wrong", 401), (METRICS_TOKEN, 503)], ids=["none", "wrong", "right"]
)
def test_metrics_pass_the_proxy_for_the_token_and_by_tls_alone(proxy, token, status):
    """503: who has the token is told that the database is away."""
    headers = {"Authorization": f"Bearer {token}"}
    assert proxy.get("/metrics", headers, is_tls=True).status == status
    assert proxy.get("/metrics", headers).status == http.HTTPStatus.PERMANENT_REDIRECT


@pytest.fixture
def _web_away(proxy) -> Iterator[None]:
    proxy.web.stop()
    yield
    proxy.web.start()


@pytest.mark.usefixtures("_web_away")
@pytest.mark.parametrize(
    ("path", "is_tls"),
    [
        ("/nic/update?username=alice&password=", False),
        ("/nic/updatehttps://x%3Fusername=alice&password=", True),
        ("/acme/", False),
        ("/acme%2F", True),
    ],
    ids=["query, plain", "escaped query, tls", "path, plain", "escaped path, tls"],
)
def test_log_keeps_no_keys(proxy, path, is_tls):
    """While the web service is away, Caddy has something to say about every request."""
    secret, before = secrets.token_hex(12), proxy.caddy.log.stat().st_size
    headers = {"Authorization": f"Basic {secret}", "Referer": f"http://localhost/nic/update?password={secret}"}
    response = proxy.get(path + secret, headers, is_tls=is_tls)
    assert (response.status, response.text.strip()) == (http.HTTPStatus.SERVICE_UNAVAILABLE, "911")
    shown = '"uri":"/nic/update' if "/nic/" in path else '"uri":"/?"'
    wait_for(lambda: shown in proxy.caddy.log.read_text()[before:], SOON, "a line about the request")
    assert secret not in proxy.caddy.log.read_text()


KEPT_SHORT = [
    *("/update/home/", "/u/", "/u%2F", "/renew/", "/unsubscribe/"),
    *("/accounts/confirm-email/", "/accounts/password/reset/key/1-"),
]


@pytest.mark.usefixtures("_web_away")
def test_log_keeps_no_secret_that_stands_in_a_path(proxy):
    """All at once: Caddy waits for the web service for seconds each time."""
    secret, before = secrets.token_hex(12), proxy.caddy.log.stat().st_size
    with ThreadPoolExecutor(len(KEPT_SHORT)) as pool:
        list(pool.map(lambda path: proxy.get(path + secret, is_tls=True), KEPT_SHORT))
    shown = re.compile(r'"uri":"[^"]*\?"')
    wait_for(lambda: len(shown.findall(proxy.caddy.log.read_text()[before:])) >= len(KEPT_SHORT), SOON, "their lines")
    assert secret not in proxy.caddy.log.read_text()
