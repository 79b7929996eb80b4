"""Pebble, a real certificate authority for tests: validates by DNS at the stack's primary, whatever an ACME client asks."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.ports import LOOPBACK, free_port
from deploy.local.process import Process
from deploy.local.server import Server
from deploy.local.zones import listens
from tests.certificates import Certificate
from tests.left_out import require
from tests.stack import Stack

# It asks each time, at once, and sends nobody away to try again: otherwise it leaves all three to chance.
PREDICTABLE = {"PEBBLE_VA_NOSLEEP": "1", "PEBBLE_AUTHZREUSE": "0", "PEBBLE_WFE_NONCEREJECT": "0"}


class Pebble(Server):
    """Speaks HTTPS with a certificate for localhost; `authority` is the file that its clients shall trust."""

    name = "pebble"

    def __init__(self, directory: Path, *, dns_server: str, certificate: Certificate):
        directory.mkdir(parents=True, exist_ok=True)
        self.log, self.authority = directory / "pebble.log", certificate.authority
        self.port = free_port()
        config = directory / "pebble.json"
        config.write_text(json.dumps({"pebble": self._settings(certificate)}))
        argv = [require("pebble"), "-config", config, "-dnsserver", dns_server]
        self.process = Process(self.name, argv, log=self.log, env={**os.environ, **PREDICTABLE})

    @property
    def directory_url(self) -> str:
        """What ACME clients are given as the server."""
        return f"https://localhost:{self.port}/dir"

    @property
    def trusting(self) -> dict[str, str]:
        """The environment in which lego, certbot and requests believe its certificate."""
        trusted = dict.fromkeys(("LEGO_CA_CERTIFICATES", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"), str(self.authority))
        return {**os.environ, **trusted}

    def is_ready(self) -> bool:
        return listens(self.port)

    def _settings(self, certificate: Certificate) -> dict[str, object]:
        return {
            "listenAddress": f"{LOOPBACK}:{self.port}",
            "managementListenAddress": f"{LOOPBACK}:{free_port()}",
            "certificate": str(certificate.certificate),
            "privateKey": str(certificate.key),
            # Of other kinds of challenges, which nobody answers here.
            "httpPort": free_port(),
            "tlsPort": free_port(),
            "ocspResponderURL": "",
            "externalAccountBindingRequired": False,
        }


@pytest.fixture(scope="session")
def session_pebble(session_stack: Stack) -> Iterator[Pebble]:
    directory, bind = session_stack.directory / "pebble", session_stack.bind
    with Pebble(directory, dns_server=f"{bind.host}:{bind.port}", certificate=session_stack.certificate) as pebble:
        yield pebble


@pytest.fixture
def pebble(session_pebble: Pebble, stack: Stack) -> Pebble:
    """An authority that asks the stack's primary."""
    return session_pebble
