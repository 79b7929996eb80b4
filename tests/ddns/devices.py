"""What the tests update hostnames with, and how they look at what became of it."""

import base64
from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import quote
from wsgiref.types import StartResponse, WSGIEnvironment

from django.http import HttpResponse
from django.http.response import ResponseHeaders
from django.test import RequestFactory
from django.test.client import ClientHandler

from ddns import hostnames
from ddns.address_updates import Caller
from ddns.models import Hostname
from ddns.wsgi import Devices

# Where requests of the tests come from unless they say otherwise.
SOURCE = "198.51.100.9"


@dataclass
class Device:
    """A router: sends update requests with its credentials, byte for byte as told."""

    user: str = ""
    key: str = ""
    agent: str | None = "Test/1.0"
    source: str = SOURCE
    headers: dict[str, str] = field(default_factory=dict)

    def update(self, **parameters: str) -> HttpResponse:
        """GET /nic/update with these parameters, escaped as they must be."""
        return self.get("/nic/update?" + "&".join(f"{name}={quote(value)}" for name, value in parameters.items()))

    def get(self, url: str, method: str = "GET", body: bytes = b"", content_type: str = "") -> HttpResponse:
        path, _, query = url.partition("?")
        # The test client mistakes a second slash for the start of a host name.
        environ = {"QUERY_STRING": query, "REMOTE_ADDR": self.source, "PATH_INFO": path, **self.headers}
        if self.agent is not None:
            environ["HTTP_USER_AGENT"] = self.agent
        if self.user or self.key:
            environ["HTTP_AUTHORIZATION"] = basic(self.user, self.key)
        if "%" in path:
            del environ["PATH_INFO"]
        return ask(method, path, body, content_type, **environ)


def ask(method: str, path: str, body: bytes = b"", content_type: str = "", **environ: str) -> HttpResponse:
    """What the application answers to a request with this WSGI environment, as the web server sees it."""
    request = RequestFactory().generic(method, path, body, content_type, **environ)
    started: list[tuple[str, list[tuple[str, str]]]] = []
    octets = b"".join(Devices(_pages)(request.environ, lambda status, headers: started.append((status, headers))))
    ((status, headers),) = started
    response = HttpResponse(octets, status=int(status.split()[0]))
    response.headers = ResponseHeaders(dict(headers))
    return response


def _pages(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
    """As Django answers, but for what it does with database connections around a request."""
    response = ClientHandler(enforce_csrf_checks=True)(environ)
    cookies = [("Set-Cookie", cookie.OutputString()) for cookie in response.cookies.values()]
    start_response(f"{response.status_code} {response.reason_phrase}", [*response.items(), *cookies])
    return [response.content]


def caller(key: str, protocol: str = "dyndns2") -> Caller:
    """Who presents this key, from SOURCE."""
    return Caller(key, ip_address(SOURCE), "Test/1.0", protocol)


def basic(user: str, key: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{key}".encode()).decode()


def stored(hostname: Hostname) -> tuple[str | None, str | None]:
    """Its addresses of both families."""
    hostname.refresh_from_db()
    return hostname.ipv4, hostname.ipv6


def answered(hostname: Hostname) -> dict[str, list[str]]:
    """What DNS shall answer for the hostname, by type."""
    hostname.publication.refresh_from_db()
    return {rdtype: rrset["rdata"] for rdtype, rrset in hostname.publication.rrsets.items()}


def having(hostname: Hostname, ipv6: str, *, ipv4: str | None = None) -> Hostname:
    """The hostname with these addresses, as if it had them for long."""
    Hostname.objects.filter(pk=hostname.pk).update(ipv4=ipv4, ipv6=ipv6)
    hostnames.publish(hostnames.lock(hostname))
    return Hostname.objects.get(pk=hostname.pk)
