"""./run from the first start to the second, as a person with a fresh machine goes through it."""

import base64
import contextlib
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import dns.exception
import dns.message
import dns.query
import psycopg
import pytest

from deploy.local.deadline import wait_for
from deploy.local.ports import LOOPBACK, free_port, is_taken

pytestmark = [pytest.mark.servers, pytest.mark.timeout(300)]
ROOT = Path(__file__).resolve().parents[2]
START, ANSWER, STOP = timedelta(seconds=60), timedelta(seconds=10), timedelta(seconds=5)
FACTS = {"web", "nameserver", "zone", "hostname", "username", "password", "update_key"}
FACTS |= {"staff_username", "staff_password"}
CHILDREN = {
    "postgres": "bin/postgres\0",
    "valkey": "valkey-server",
    "nameserver": "dnsupdate.embedded",
    "web": "granian",
    "worker": "worker\0",
    "beat": "beat\0",
    "nsupdate": "serve_nsupdate\0",
}


class Demo:
    """One `python -m deploy.local.demo` with data and ports of its own."""

    def __init__(self, directory: Path, **environment: str):
        self.var = directory
        self.web_port, self.dns_port, self.nsupdate_port = free_port(), free_port(), free_port()
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("DDNS_", "DJANGO_"))},
            "DDNS_VAR": str(directory),
            "DDNS_WEB_PORT": str(self.web_port),
            "DDNS_DNS_PORT": str(self.dns_port),
            "DDNS_NSUPDATE_PORT": str(self.nsupdate_port),
            **environment,
        }
        for name in ("DATABASE_URL", "REDIS_URL"):
            if name not in environment:
                del self.environment[name]
        self.output = directory.with_name(f"{directory.name}.out")
        self.child: subprocess.Popen | None = None

    def start(self) -> None:
        with self.output.open("w") as output:
            argv = [sys.executable, "-m", "deploy.local.demo"]
            self.child = subprocess.Popen(argv, cwd=ROOT, env=self.environment, stdout=output, stderr=output)
        wait_for(lambda: "Ctrl-C" in self.said() or self.child.poll() is not None, START, "the screen")
        assert self.child.poll() is None, self.said()

    def refusal(self) -> str:
        """Start where it must not, and return what it says."""
        argv = [sys.executable, "-m", "deploy.local.demo"]
        done = subprocess.run(argv, cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=60)
        assert done.returncode == 1, done.stdout
        return done.stderr

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        """Signal it and return its exit status; it has five seconds."""
        self.child.send_signal(number)
        return self.child.wait(STOP.total_seconds())

    def said(self) -> str:
        return self.output.read_text()

    @property
    def facts(self) -> dict:
        return json.loads((self.var / "demo.json").read_text())

    def update(self, address: str) -> str:
        facts = self.facts
        credentials = base64.b64encode(f"{facts['username']}:{facts['update_key']}".encode()).decode()
        url = f"{facts['web']}/nic/update?hostname={facts['hostname']}&myip={address}"
        request = urllib.request.Request(url, headers={"Authorization": f"Basic {credentials}", "User-Agent": "test"})
        with urllib.request.urlopen(request, timeout=ANSWER.total_seconds()) as answer:
            return answer.read().decode().strip()

    def addresses(self) -> list[str]:
        query = dns.message.make_query(self.facts["hostname"], "A")
        try:
            answer = dns.query.udp(query, LOOPBACK, port=self.dns_port, timeout=1)
        except (dns.exception.DNSException, OSError):
            return []
        return [rdata.address for rrset in answer.answer for rdata in rrset]


@pytest.fixture(scope="module")
def demo(tmp_path_factory) -> Iterator[Demo]:
    """One that runs; a test that stops it starts it again."""
    demo = Demo(tmp_path_factory.mktemp("demo") / "var with a space")
    demo.start()
    yield demo
    if demo.child.poll() is None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            demo.stop()
        demo.child.kill()
        demo.child.wait()


@pytest.fixture(autouse=True)
def _runs(demo: Demo) -> None:
    if demo.child.poll() is not None:
        demo.start()


def test_update_is_in_dns_and_stays_over_a_restart(demo):
    assert demo.update("203.0.113.7") in ("good 203.0.113.7", "nochg 203.0.113.7")
    wait_for(lambda: demo.addresses() == ["203.0.113.7"], ANSWER, "the address in DNS")
    facts = demo.facts
    assert demo.stop() == 0
    demo.start()
    assert demo.facts == facts
    assert demo.addresses() == ["203.0.113.7"]
    assert demo.update("203.0.113.7") == "nochg 203.0.113.7"


def test_facts_are_complete_and_private(demo):
    assert demo.facts.keys() >= FACTS
    assert demo.facts["nameserver"] == {"host": LOOPBACK, "port": demo.dns_port}
    for name in ("demo.json", "secrets.json"):
        assert stat.S_IMODE((demo.var / name).stat().st_mode) == 0o600


def test_screen_shows_what_a_person_needs(demo):
    facts, screen = demo.facts, demo.said()
    for name in ("web", "hostname", "username", "password", "update_key", "staff_username", "staff_password"):
        assert facts[name] in screen
    for command in ("curl -u", "dig +short", "nslookup -port", "dns.resolver"):
        assert command in screen
    assert len(screen.split("\n\n", 1)[1].splitlines()) <= 24


def test_copied_python_line_shows_the_address(demo):
    demo.update("203.0.113.8")
    line = next(line for line in demo.said().splitlines() if "dns.resolver" in line)

    def shown() -> bool:
        done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=30)
        return done.stdout == "203.0.113.8\n"

    wait_for(shown, ANSWER, "the address in DNS")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_within_five_seconds_and_leaves_nothing(demo, number):
    assert demo.stop(number) == 0
    assert not is_taken(demo.web_port)
    assert not is_taken(demo.dns_port)
    assert not is_taken(demo.nsupdate_port)
    assert not list(demo.var.glob("*/runtime"))


def test_second_run_on_the_same_data_is_refused(demo):
    other = Demo(demo.var, DDNS_WEB_PORT=str(demo.web_port), DDNS_DNS_PORT=str(demo.dns_port))
    assert f"Process {demo.child.pid} runs on {demo.var}" in other.refusal()


@pytest.mark.parametrize(
    ("variable", "kind"), [("DDNS_WEB_PORT", "STREAM"), ("DDNS_DNS_PORT", "DGRAM"), ("DDNS_NSUPDATE_PORT", "DGRAM")]
)
def test_taken_port_is_named(tmp_path, variable, kind):
    with socket.socket(socket.AF_INET, getattr(socket, f"SOCK_{kind}")) as other_program:
        other_program.bind((LOOPBACK, 0))
        port = other_program.getsockname()[1]
        refusal = Demo(tmp_path / "var", **{variable: str(port)}).refusal()
    assert f"It is {port}" in refusal
    assert variable in refusal


def test_port_that_is_none_is_named(tmp_path):
    assert "DDNS_WEB_PORT is 'http'" in Demo(tmp_path / "var", DDNS_WEB_PORT="http").refusal()


@pytest.mark.parametrize(
    ("variable", "url"), [("DATABASE_URL", "postgresql://nobody@{}/none"), ("REDIS_URL", "redis://{}/0")]
)
def test_unreachable_server_of_the_environment_is_named(tmp_path, variable, url):
    refusal = Demo(tmp_path / "var", **{variable: url.format(f"{LOOPBACK}:{free_port()}")}).refusal()
    assert variable in refusal
    assert "refused" in refusal


@pytest.mark.parametrize("name", CHILDREN)
def test_killed_child_comes_back_and_updates_go_on(demo, name):
    address = f"203.0.113.{10 + list(CHILDREN).index(name)}"
    os.kill(pid_of(demo, name), signal.SIGKILL)
    wait_for(lambda: f"{name} ended with status -9" in demo.said(), ANSWER, "the announcement")

    def accepted() -> bool:
        with contextlib.suppress(OSError):
            return demo.update(address) in (f"good {address}", f"nochg {address}")
        return False

    wait_for(accepted, timedelta(seconds=30), "the acknowledged update")
    wait_for(lambda: demo.addresses() == [address], timedelta(seconds=30), "the address in DNS")


def test_run_that_was_killed_outright_starts_again_with_what_it_acknowledged(demo):
    assert demo.update("203.0.113.20") in ("good 203.0.113.20", "nochg 203.0.113.20")
    demo.child.kill()
    demo.child.wait()
    began = time.monotonic()
    demo.start()
    assert time.monotonic() - began < START.total_seconds()
    wait_for(lambda: demo.addresses() == ["203.0.113.20"], ANSWER, "the address in DNS")


def test_database_of_the_environment_is_used(tmp_path, postgres, broker, db):
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE demo_elsewhere")
    demo = Demo(tmp_path / "var", DATABASE_URL=f"{postgres.url}_elsewhere".replace("/ddns_", "/demo_"))
    demo.environment["REDIS_URL"] = broker.url
    demo.start()
    try:
        assert not (demo.var / "postgres").exists()
        assert not (demo.var / "valkey").exists()
        assert demo.update("203.0.113.9") == "good 203.0.113.9"
        wait_for(lambda: demo.addresses() == ["203.0.113.9"], ANSWER, "the address in DNS")
    finally:
        assert demo.stop() == 0


def pid_of(demo: Demo, name: str) -> int:
    """The child of the supervisor with the name's program on its command line."""
    for directory in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parent = int((directory / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == demo.child.pid and CHILDREN[name].encode() in (directory / "cmdline").read_bytes():
                return int(directory.name)
    raise AssertionError(f"{name} does not run")
