"""Other services' names, pointed at the platform: clients that have them compiled in are run in a world where they lead to us.

The world is a mount namespace with an /etc/hosts of its own, whose names lead to an address of loopback where ports 80 and 443
are the platform's. It takes root's rights, to make the one and to listen at the others; the machine's own files stay as they are.
"""

import http.client
import os
import secrets
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.certificates import Certificate, issue
from tests.clients.update_client import Ran, run
from tests.left_out import left_out, require
from tests.stack import PAGE_SECONDS, Stack

NAMES = (
    "dynupdate.no-ip.com", "ip1.dynupdate.no-ip.com", "www.duckdns.org", "freedns.afraid.org", "dynv6.com", "ipv4.dynv6.com",
    "api.dynu.com", "members.dyndns.org", "checkip.dyndns.com", "dyn.dns.he.net",
)  # fmt: skip
_MOUNT = 'mount --bind "$0" /etc/hosts && exec "$@"'


class OtherServices:
    """What runs in the world where other services' names are ours."""

    def __init__(self, directory: Path, stack: Stack) -> None:
        # Of 127.0.0.0/8 one that nobody else has: with the well-known ports there is no choice.
        self.address = ".".join(["127", *(str(1 + secrets.randbelow(254)) for _ in range(3))])
        self.certificate: Certificate = issue(directory, names=("localhost", *NAMES))
        self.servers = [stack.web_at(self.address, 80), stack.web_at(self.address, 443, self.certificate)]
        self._hosts = directory / "hosts"
        self._hosts.write_text(f"127.0.0.1 localhost\n{self.address} {' '.join(NAMES)}\n")

    def replace_dropped_connections(self) -> None:
        """As the stack does with its own servers: a page tries a kept connection to the database before it uses it."""
        context = ssl.create_default_context(cafile=self.certificate.authority)
        context.check_hostname = False
        plain = http.client.HTTPConnection(self.address, timeout=PAGE_SECONDS)
        tls = http.client.HTTPSConnection(self.address, timeout=PAGE_SECONDS, context=context)
        for connection in (plain, tls):
            with closing(connection):
                # A session that is nobody's is looked up.
                headers = {"Host": "localhost", "Cookie": "sessionid=of-nobody-that-is-here"}
                connection.request("GET", "/accounts/login/", headers=headers)
                connection.getresponse().read()

    def run(self, *argv: object, **environment: object) -> Ran:
        """The program there, to its end."""
        settings = [f"{name}={value}" for name, value in environment.items()]
        return run("unshare", "--mount", "sh", "-c", _MOUNT, self._hosts, "env", *settings, *argv)


@pytest.fixture(scope="session")
def session_services(session_stack: Stack) -> Iterator[OtherServices]:
    require("unshare", "util-linux")
    if os.geteuid() != 0 or subprocess.run(["unshare", "--mount", "true"], check=False).returncode != 0:
        left_out("other services' names", "needs root's rights to mount and to listen at port 443")
    services = OtherServices(session_stack.directory / "services", session_stack)
    with ExitStack() as running:
        for server in services.servers:
            server.start()
            running.callback(server.stop)
        yield services


@pytest.fixture
def services(session_services: OtherServices, stack: Stack) -> OtherServices:
    """Other services' names lead to the stack."""
    session_services.replace_dropped_connections()
    return session_services
