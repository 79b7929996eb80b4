"""The embedded nameserver for tests: as a process on a free port, and as a handler without sockets."""

import base64
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import dns.message
import dns.name
import dns.query
import dns.rdatatype
import dns.resolver
import dns.tsig
import dns.update
import pytest

from dnsupdate.embedded.catalog import Catalog
from dnsupdate.embedded.handler import Handler
from dnsupdate.embedded.keys import Keyring

ROOT = Path(__file__).resolve().parents[2]
APEX = "dyn.example"
SECRET = b"only for the tests of this server"
KEY = dns.tsig.Key("alice-key.example", SECRET, dns.tsig.HMAC_SHA256)
KEY_LINE = f"alice-key.example hmac-sha256 {base64.b64encode(SECRET).decode()}\n"
READY = re.compile(
    r"embedded nameserver: for trying and testing only; "
    r"listening on (?P<host>\S+):(?P<port>\d+) \(UDP and TCP\), (?P<zones>\d+) zones\n"
)
DEADLINE_SECONDS = 20


def wait_until(claim, message: str):
    """The first true value of `claim()`; fails when the deadline is over."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        if value := claim():
            return value
        time.sleep(0.02)
    pytest.fail(message)


class Files:
    """What the nameserver is started with."""

    def __init__(self, directory: Path, zones=(APEX,)):
        self.data = directory / "data"
        self.zones = directory / "zones"
        self.keys = directory / "keys"
        self.write_zones(*zones)
        self.write_keys(KEY_LINE)

    def write_zones(self, *apexes: str) -> None:
        self._replace(self.zones, "# zones\n" + "".join(f"{apex}\n" for apex in apexes))

    def write_keys(self, text: str) -> None:
        self._replace(self.keys, text)

    def _replace(self, path: Path, text: str) -> None:
        temporary = path.with_suffix(".new")
        temporary.write_text(text)
        temporary.chmod(0o600)
        temporary.replace(path)

    def handler(self) -> Handler:
        """A handler in this process, over a catalog that the test may look into as `handler.catalog`."""
        self.data.mkdir(exist_ok=True)
        keyring, catalog = Keyring(self.keys), Catalog(self.data, self.zones)
        keyring.refresh()
        catalog.refresh()
        handler = Handler(catalog, keyring)
        handler.catalog, handler.keyring = catalog, keyring
        return handler


class Nameserver:
    """A running process; `host` and `port` are those of its ready line."""

    def __init__(self, files: Files, *options: str, **popen):
        command = [sys.executable, "-m", "dnsupdate.embedded", "--port", "0", *options]
        command += ["--data", files.data, "--zones", files.zones, "--keys", files.keys]
        self.log = files.data.with_name("log")
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=log, text=True, **popen)
        line = self.process.stdout.readline()
        ready = READY.fullmatch(line)
        if not ready:
            self.kill()
            pytest.fail(f"not ready: {line!r} {self.log.read_text()}")
        self.host, self.port = ready["host"], int(ready["port"])

    def tcp(self, message: dns.message.Message) -> dns.message.Message:
        return dns.query.tcp(message, self.host, port=self.port, timeout=DEADLINE_SECONDS)

    def udp(self, message: dns.message.Message) -> dns.message.Message:
        return dns.query.udp(message, self.host, port=self.port, timeout=DEADLINE_SECONDS)

    def texts(self, name: str, rdtype: str = "A") -> set[str]:
        return texts(self.tcp(dns.message.make_query(name, rdtype)))

    def serial(self, apex: str = APEX) -> int:
        return self.tcp(dns.message.make_query(apex, "SOA")).answer[0][0].serial

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(DEADLINE_SECONDS)
        self.process.stdout.close()
        return status

    def kill(self) -> None:
        """End it at whatever instruction it is."""
        self.process.kill()
        self.process.wait(DEADLINE_SECONDS)
        self.process.stdout.close()


@contextmanager
def running(files: Files, *options: str, **popen):
    nameserver = Nameserver(files, *options, **popen)
    try:
        yield nameserver
    finally:
        if nameserver.process.poll() is None:
            nameserver.stop()


def new_update(key: dns.tsig.Key | None = KEY, zone: str = APEX) -> dns.update.UpdateMessage:
    return dns.update.UpdateMessage(zone, keyring=key)


def texts(response: dns.message.Message) -> set[str]:
    """The rdatas of the answer section as text."""
    return {rdata.to_text() for rrset in response.answer for rdata in rrset}


def ask(handler: Handler, message: dns.message.Message, *, is_tcp: bool = True) -> dns.message.Message:
    """What the handler answers, its signature verified if the message was signed."""
    (wire,) = handler.answer(message.to_wire(), is_tcp=is_tcp)
    return dns.message.from_wire(wire, keyring=message.keyring, request_mac=message.mac or b"")


@pytest.fixture
def files(tmp_path) -> Files:
    return Files(tmp_path)


@pytest.fixture
def handler(files) -> Handler:
    handler = files.handler()
    yield handler
    handler.catalog.close()


@pytest.fixture
def nameserver(files) -> Nameserver:
    with running(files) as nameserver:
        yield nameserver
