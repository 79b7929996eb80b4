"""Certificates by our APIs for ACME clients: real ones issue, from a real authority that asks the stack's primary."""

import json
import os
import re
import shlex
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509

from ddns import setup
from deploy.local.program import ROOT
from tests.clients.conftest import Customer
from tests.clients.patient_resolver import patient_resolver
from tests.clients.update_client import PATIENCE, Ran
from tests.left_out import require
from tests.stack import Stack

CERTBOT = [sys.executable, "-c", "import sys; from certbot.main import main; sys.exit(main())"]
PAGE = ROOT / "docs" / "certificates.md"
CNAME = """
from ddns import records
from ddns.models import Hostname
records.add(Hostname.objects.get(name=name), label="_acme-challenge", rdtype="CNAME", rdata=f"{target}.")
"""


@dataclass
class Lego:
    """lego as the set-up page prints it; what belongs to the test is said by a program of that name in front of it."""

    stack: Stack
    customer: Customer
    directory: Path
    environment: dict[str, str]

    def run(self, printed: str) -> Ran:
        done = subprocess.run(
            ["sh"],
            input=printed,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE.total_seconds() * 2,
            check=False,
        )
        return Ran(done.returncode, done.stdout)

    def printed(self, *, hostname: str = "", key: str = "") -> str:
        return setup.render(
            setup.find("lego-httpreq"),
            hostname or self.customer.name,
            self.stack.tls_url,
            key or self.customer.key,
            email=self.customer.email,
        )

    def issued(self) -> list[str]:
        return names_in((self.directory / "certificates" / f"{self.customer.name}.crt").read_bytes())


def names_in(pem: bytes) -> list[str]:
    certificate = x509.load_pem_x509_certificate(pem)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return sorted(names.get_values_for_type(x509.DNSName))


@pytest.fixture
def lego(stack, pebble, alice, tmp_path):
    """As `lego(texts=2)`: Alice's; its look at DNS waits for so many values."""
    opened = ExitStack()

    def make(*, texts: int) -> Lego:
        resolver = opened.enter_context(patient_resolver(stack.bind, texts=texts))
        options = ["--server", pebble.directory_url, "--path", tmp_path, "--key-type", "ec256"]
        options += ["--dns.resolvers", resolver, "--dns.disable-cp", "--dns-timeout", 60]
        program = tmp_path / "bin" / "lego"
        program.parent.mkdir()
        program.write_text(f'#!/bin/sh\nexec {shlex.join(map(str, [require("lego"), *options]))} "$@"\n')
        program.chmod(0o700)
        path = f"{program.parent}:{os.environ['PATH']}"
        return Lego(stack, alice, tmp_path, {**pebble.trusting, "PATH": path, "HTTPREQ_POLLING_INTERVAL": "1"})

    with opened:
        yield make


def test_lego_gets_a_certificate_for_a_hostname_and_its_wildcard_at_once(stack, alice, lego):
    """Both values stand at one name, and both are gone afterwards."""
    client = lego(texts=2)
    ran = client.run(client.printed())

    assert ran.status == 0, ran.said
    assert client.issued() == sorted([alice.name, f"*.{alice.name}"])
    stack.wait_for_answer(f"_acme-challenge.{alice.name}", "TXT")


def test_lego_in_raw_mode_gets_one_too(alice, lego):
    client = lego(texts=2)
    ran = client.run(f"export HTTPREQ_MODE=RAW\n{client.printed()}")

    assert ran.status == 0, ran.said
    assert client.issued() == sorted([alice.name, f"*.{alice.name}"])


def test_lego_tells_its_user_what_was_wrong(lego):
    client = lego(texts=0)
    wrong, foreign = client.run(client.printed(key="wrong")), client.run(client.printed(hostname="nobody.ddns.test"))

    assert wrong.status != 0
    assert "401: request failed" in wrong.said
    assert "The key was wrong, has expired or was revoked." in wrong.said
    assert foreign.status != 0
    assert "The key covers no such hostname." in foreign.said


def test_lego_gets_none_for_a_suspended_hostname_and_is_told_why(alice, lego):
    alice.suspend()
    client = lego(texts=0)
    ran = client.run(client.printed())

    assert ran.status != 0
    assert "The hostname is suspended" in ran.said


@pytest.fixture
def certbot(stack, pebble, tmp_path):
    """certbot with a hook of acme-dns; its accounts are kept in a file, as such hooks do."""

    def run(base: str, *domains: str) -> Ran:
        names = [word for domain in domains for word in ("-d", domain)]
        directories = [f"--{kind}-dir={tmp_path / kind}" for kind in ("config", "work", "logs")]
        argv = [*CERTBOT, "certonly", "--server", pebble.directory_url, "--non-interactive", "--agree-tos"]
        argv += ["--register-unsafely-without-email", "--manual", "--preferred-challenges", "dns", *directories]
        argv += ["--manual-auth-hook", f"{sys.executable} -m tests.clients.acmedns_hook", "--cert-name", "ours", *names]
        settings = {
            "ACMEDNS_URL": base,
            "ACMEDNS_FILE": str(tmp_path / "accounts.json"),
            "PRIMARY": f"{stack.bind.host} {stack.bind.port}",
        }
        done = subprocess.run(
            [str(word) for word in argv],
            cwd=ROOT,
            env={**pebble.trusting, **settings},
            capture_output=True,
            text=True,
            timeout=PATIENCE.total_seconds() * 3,
            check=False,
        )
        return Ran(done.returncode, done.stdout + done.stderr)

    run.issued = lambda: names_in((tmp_path / "config" / "live" / "ours" / "cert.pem").read_bytes())
    run.accounts = lambda: json.loads((tmp_path / "accounts.json").read_text())
    return run


def test_certbot_gets_one_by_an_acme_dns_account_of_the_hostname_without_a_cname(stack, alice, certbot):
    ran = certbot(f"{stack.tls_url}/acme/{alice.key}/{alice.name}", alice.name, f"*.{alice.name}")

    assert ran.status == 0, ran.said
    assert certbot.issued() == sorted([alice.name, f"*.{alice.name}"])
    assert certbot.accounts()[alice.name]["fulldomain"] == f"_acme-challenge.{alice.name}"
    stack.wait_for_answer(f"_acme-challenge.{alice.name}", "TXT", *_quoted(certbot))


def test_certbot_gets_one_by_an_account_of_nobodys_and_a_cname(stack, alice, certbot):
    failed = certbot(stack.web_url, alice.name)
    account = certbot.accounts()[alice.name]
    assert failed.status != 0, "there is no CNAME yet"
    stack.run(CNAME, name=alice.name, target=account["fulldomain"])
    stack.wait_for_answer(f"_acme-challenge.{alice.name}", "CNAME", f"{account['fulldomain']}.")
    ran = certbot(stack.web_url, alice.name, f"*.{alice.name}")

    assert ran.status == 0, ran.said
    assert certbot.issued() == sorted([alice.name, f"*.{alice.name}"])
    assert certbot.accounts()[alice.name] == account, "the account was used again"


def test_hook_of_the_page_for_dehydrated_sets_and_removes_a_value(stack, alice, tmp_path):
    """As printed, but for the server and the hostname."""
    (printed,) = re.findall("```sh\n(.*?)```", PAGE.read_text(), re.DOTALL)
    hook = tmp_path / "hook.sh"
    hook.write_text(printed.replace("https://ddns.example", stack.tls_url).replace("home.ddns.example", alice.name))
    environment = {"PATH": os.environ["PATH"], "CURL_CA_BUNDLE": str(stack.certificate.authority)}

    def call(action: str) -> str:
        argv = ["sh", hook, action, alice.name, "token", "value"]
        settings = {**environment, "DDNS_KEY": alice.key, "DDNS_WAIT": "0"}
        return subprocess.run(argv, env=settings, capture_output=True, text=True, check=True).stdout

    assert '"value":"value"' in call("deploy_challenge")
    stack.wait_for_answer(f"_acme-challenge.{alice.name}", "TXT", '"value"')
    call("clean_challenge")
    stack.wait_for_answer(f"_acme-challenge.{alice.name}", "TXT")
    assert call("deploy_cert") == ""


def _quoted(certbot) -> list[str]:
    return [f'"{text}"' for text in certbot.accounts()["texts"]]
