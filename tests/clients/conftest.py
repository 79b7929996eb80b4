"""Customers of the running stack, one per test."""

import secrets
from dataclasses import dataclass, field

import pytest

from tests.clients.listener import listener, session_listener  # noqa: F401 - fixtures
from tests.clients.other_services import services, session_services  # noqa: F401 - fixtures
from tests.clients.pebble import pebble, session_pebble  # noqa: F401 - fixtures
from tests.stack import ZONE, Stack

SUSPEND = """
from abuse import suspensions
from ddns.models import Hostname, User
officer = User.objects.filter(email="oscar@example.com").first() or User.objects.create_superuser("oscar@example.com")
suspensions.suspend(Hostname.objects.get(name=name), reason="phishing", by=officer)
"""


@dataclass
class Customer:
    """Alice, with names that no other test has."""

    stack: Stack
    labels: list[str]
    email: str
    key: str = field(repr=False)

    @property
    def names(self) -> list[str]:
        return [f"{label}.{ZONE}" for label in self.labels]

    @property
    def name(self) -> str:
        return self.names[0]

    def suspend(self) -> None:
        self.stack.run(SUSPEND, name=self.name)


@pytest.fixture
def alice(stack: Stack) -> Customer:
    mark = secrets.token_hex(4)
    labels, email = [f"home-{mark}", f"office-{mark}"], f"alice-{mark}@example.com"
    return Customer(stack, labels, email, stack.customer(email, *labels))


@dataclass(frozen=True)
class WebServer:
    """Where a client finds the platform; with TLS it has to trust the authority."""

    host: str
    port: int
    is_tls: bool

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@pytest.fixture(params=["http", "tls"])
def server(request: pytest.FixtureRequest, stack: Stack) -> WebServer:
    is_tls = request.param == "tls"
    return WebServer("127.0.0.1", stack.tls_port if is_tls else stack.web_port, is_tls)
