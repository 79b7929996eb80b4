"""The whole platform as a provider runs it, private to one test run: web, TLS, worker, beat, and its servers.

Its rows are really committed, in a database of its own. An early plugin (-p tests.stack) for the fixture `stack`.
"""

import json
import os
import secrets
import shutil
import ssl
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import dns.message
import dns.query
import dns.rdatatype
import psycopg
import pytest

from deploy.local.bind import Bind
from deploy.local.deadline import wait_for
from deploy.local.errors import BinaryMissing
from deploy.local.nameserver import EmbeddedNameserver
from deploy.local.ports import LOOPBACK, free_port
from deploy.local.postgres import Postgres
from deploy.local.program import ROOT, Program, answers, logged
from deploy.local.server import Server
from deploy.local.tsig import TsigKey
from deploy.local.valkey import Valkey
from deploy.local.zones import listens
from tests.certificates import Certificate, issue
from tests.left_out import left_out
from tests.mail_sink import MailSink

ZONE = "ddns.test"
# How long a name may take to its answer here: the machine is busy with other tests. Nothing is measured by it.
IN_DNS = timedelta(seconds=30)
PAGE_SECONDS = 20
QUERY_SECONDS = 2.0


class Stack:
    """Start it once, then use, kill, freeze and start its parts as you like.

    Parts: postgres, valkey, bind, web, tls, worker, beat. End one by kill(), not stop(), if it shall come back
    under the same address; heal() starts again whatever is down and thaws what is frozen.
    """

    def __init__(
        self,
        directory: Path,
        *,
        zones: tuple[str, ...] = (ZONE,),
        web_workers: int = 1,
        environment: Mapping[str, str] | None = None,
        nameserver: type[Bind] | type[EmbeddedNameserver] = Bind,
    ):
        self.directory, self.zones = directory, zones
        directory.mkdir(parents=True, exist_ok=True)
        directory.chmod(0o711)
        self.tsig_key = TsigKey.generate("ddns-stack")
        self.postgres = Postgres(directory / "postgres")
        self.valkey = Valkey(directory / "valkey")
        self.bind = nameserver(directory / "bind", zones=zones, key=self.tsig_key)
        self.mail = MailSink()
        self.web_port, self.tls_port = free_port(), free_port()
        self.certificate: Certificate = issue(directory / "certificates")
        self.env = {**os.environ, **self._settings(), **(environment or {})}
        plain = ["--workers", str(web_workers)]
        tls = ["--workers", "1", "--ssl-certificate", self.certificate.certificate]
        tls += ["--ssl-keyfile", self.certificate.key, "--ssl-protocol-min", "tls1.2"]
        self.web = self._granian("web", self.web_port, *plain, is_up=answers(self.web_port, "/healthz"))
        self.tls = self._granian("tls", self.tls_port, *tls, is_up=lambda _: listens(self.tls_port))
        worker = ["celery", "-A", "config", "worker", "-Q", "publish,abuse,mail,periodic", "-l", "INFO"]
        worker += ["-P", "threads", "-c", "16", "--without-gossip", "--without-mingle"]
        self.worker = self._program("worker", worker, is_up=logged(" ready."))
        beat = ["celery", "-A", "config", "beat", "-l", "INFO", "--pidfile=", "-s", str(directory / "beat-schedule")]
        self.beat = self._program("beat", beat, is_up=logged("beat: Starting"))

    @property
    def web_url(self) -> str:
        return f"http://{LOOPBACK}:{self.web_port}"

    @property
    def tls_url(self) -> str:
        return f"https://localhost:{self.tls_port}"

    @property
    def servers(self) -> list[Server]:
        return [self.postgres, self.valkey, self.bind]

    @property
    def programs(self) -> list[Server]:
        return [self.web, self.tls, self.worker, self.beat]

    def start(self) -> None:
        """Servers, then schema and zones by the operator's own commands, then the programs."""
        self.mail.start()
        _start(self.servers)
        self.manage("migrate", "--verbosity=0")
        self.manage("collectstatic", "--noinput", "--verbosity=0")
        for zone in self.zones:
            self.add_domain(zone)
        _start(self.programs)

    def stop(self) -> None:
        for server in [*reversed(self.programs), *reversed(self.servers)]:
            if server.alive:
                server.thaw()
            server.ask_to_stop()
        for server in [*reversed(self.programs), *reversed(self.servers)]:
            server.stop()
        self.mail.stop()

    def heal(self) -> None:
        """A test may freeze or kill a part that the next one needs."""
        for server in [*self.servers, *self.programs]:
            if server.alive:
                server.thaw()
            else:
                server.start()
        self._replace_dropped_connections()

    def _replace_dropped_connections(self) -> None:
        """Pages try a kept connection to the database before they use it; a device is answered 911 once, and inadyn waits."""
        context = ssl.create_default_context(cafile=self.certificate.authority)
        for url in (self.web_url, self.tls_url):
            # A session that is nobody's is looked up.
            request = urllib.request.Request(
                f"{url}/accounts/login/", headers={"Cookie": "sessionid=of-nobody-that-is-here"}
            )
            with urllib.request.urlopen(request, timeout=PAGE_SECONDS, context=context) as page:
                page.read()

    def manage(self, *command: str, given: str = "") -> str:
        """Runs a management command to its end and gives what it printed; fails with what it complained about."""
        argv = [sys.executable, "manage.py", *command]
        done = subprocess.run(argv, cwd=ROOT, env=self.env, input=given, capture_output=True, text=True, check=False)
        if done.returncode:
            raise AssertionError(f"manage.py {command[0]} ended with {done.returncode}: {done.stdout}{done.stderr}")
        return done.stdout

    def run(self, script: str, **given: Any) -> Any:
        """Runs Python on the stack's rows; `given` is there, and what it stores as `result` (JSON) is returned."""
        lines = ["import json", *(f"{name} = json.loads({json.dumps(value)!r})" for name, value in given.items())]
        whole = "\n".join([*lines, "result = None", script, "print('\\n' + json.dumps(result))"])
        return json.loads(self.manage("shell", "--no-imports", "-c", whole).splitlines()[-1])

    def web_at(self, host: str, port: int, certificate: Certificate | None = None) -> Server:
        """Another web server of the same platform, for the caller to start and stop."""
        options: list[str | Path] = ["--workers", "1", "--host", host]
        if certificate is not None:
            options += ["--ssl-certificate", certificate.certificate, "--ssl-keyfile", certificate.key]
        return self._granian(f"web-{port}", port, *options, is_up=lambda _: listens(port, host))

    def add_domain(self, zone: str) -> None:
        address = f"{self.bind.host}:{self.bind.port}"
        output = str(self.directory / "nameserver")
        options = ["--nameserver", address, "--key-file", "-", "--output", output]
        self.manage("add_domain", zone, *options, given=str(self.tsig_key))

    def customer(self, email: str, *labels: str, zone: str | None = None, password: str = "") -> str:
        """An account with these hostnames; gives the text of a key that covers them all."""
        return self.run(CUSTOMER, email=email, labels=labels, zone=zone or self.zones[0], password=password)

    def database(self) -> psycopg.Connection:
        """Autocommit, on the stack's database."""
        return psycopg.connect(self.env["DATABASE_URL"], autocommit=True)

    def answer(self, name: str, rdtype: str = "A") -> list[str]:
        """What the primary answers at this moment; [] for no such name or no such records."""
        query = dns.message.make_query(name, rdtype, flags=0)
        response = dns.query.udp(query, self.bind.host, port=self.bind.port, timeout=QUERY_SECONDS)
        wanted = dns.rdatatype.from_text(rdtype)
        return sorted(str(rdata) for rrset in response.answer if rrset.rdtype == wanted for rdata in rrset)

    def wait_for_answer(self, name: str, rdtype: str, *expected: str) -> None:
        """Polls the primary until it answers exactly this; none expected means withdrawn."""
        wait_for(
            lambda: self.answer(name, rdtype) == sorted(expected),
            IN_DNS,
            f"{expected} as {rdtype} of {name}",
        )

    def _settings(self) -> dict[str, str]:
        return {
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DDNS_MODE": "provider",
            "DDNS_SECRET_KEY": secrets.token_urlsafe(50),
            "DDNS_SITE_URL": f"http://{LOOPBACK}:{self.web_port}",
            "DDNS_ALLOWED_HOSTS": f"{LOOPBACK},localhost",
            "DDNS_ALLOW_NON_GLOBAL_ADDRESSES": "true",
            # It would ask the root's servers about the zones of these tests.
            "DDNS_DELEGATION_WATCH_SECONDS": "0",
            "DDNS_SMTP_HOST": self.mail.host,
            "DDNS_SMTP_PORT": str(self.mail.port),
            "DDNS_SMTP_STARTTLS": "false",
            # Solved in Python, which takes longer than a browser.
            "DDNS_PROOF_OF_WORK": "500",
            "DDNS_ACME_DOMAIN": self.zones[0],
            # Receivers of webhooks listen here, with certificates of this run's authority.
            "DDNS_WEBHOOK_NETWORKS": "127.0.0.0/8",
            "SSL_CERT_FILE": str(self.certificate.authority),
            "DDNS_STATIC_ROOT": str(self.directory / "static"),
            "DATABASE_URL": self.postgres.url,
            "REDIS_URL": self.valkey.url,
            "PYTHONUNBUFFERED": "1",
        }

    def _granian(self, name: str, port: int, *options: str | Path, is_up) -> Program:
        argv = ["granian", "--interface", "wsgi", "config.wsgi:application", "--host", LOOPBACK, "--port", str(port)]
        argv += ["--no-ws", "--blocking-threads", "1", "--respawn-failed-workers", "--workers-kill-timeout", "1"]
        return self._program(name, [*argv, *map(str, options)], is_up=is_up)

    def _program(self, name: str, argv: list[str], *, is_up) -> Program:
        log = self.directory / f"{name}.log"
        return Program(name, [sys.executable, "-m", *argv], env=self.env, log=log, is_up=is_up)


CUSTOMER = """
from ddns import hostnames, keys
from ddns.models import Domain, User
account = User.objects.filter(email__iexact=email).first() or User.objects.create_user(email, password or None)
domain = Domain.objects.get(name=zone)
for label in labels:
    hostnames.register(account, domain=domain, label=label)
result = keys.create(account, label="device")[1]
"""


def _start(servers: list[Server]) -> None:
    for server in servers:
        server.begin()
    for server in servers:
        server.finish_start()


@pytest.fixture(scope="session")
def session_stack(servers) -> Iterator[Stack]:
    directory = servers.directory / "stack"
    try:
        stack = Stack(directory)
    except BinaryMissing as missing:
        left_out("stack", str(missing))
    try:
        stack.start()
        yield stack
    finally:
        stack.stop()
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def stack(session_stack: Stack) -> Iterator[Stack]:
    """The run's stack, BIND as primary. Hurt it freely: what is down is started again after the test."""
    yield session_stack
    session_stack.heal()
