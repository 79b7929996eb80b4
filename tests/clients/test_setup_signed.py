"""What the set-up pages print for clients that sign DNS updates, run as it is printed: nsupdate, lego, certbot."""

import base64
import shlex
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from ddns import setup
from tests.clients.test_certificates import names_in
from tests.clients.update_client import PATIENCE, Ran
from tests.ddns.nsupdate_client import parse_key_file
from tests.left_out import require

CERTBOT = [sys.executable, "-c", "import sys; from certbot.main import main; sys.exit(main())"]


@pytest.fixture
def printed(stack, alice, listener) -> Callable[[str], str]:
    """The configuration of a client for Alice's hostname with a new TSIG key for it."""
    key = parse_key_file(listener.key_file(alice.email, alice.name))
    tsig = setup.Tsig(key.name.to_text().rstrip("."), base64.b64encode(key.secret).decode())
    nameserver = (listener.host, listener.port)
    return lambda slug: setup.render(
        setup.find(slug), alice.name, stack.web_url, tsig=tsig, nameserver=nameserver, email=alice.email
    )


@pytest.fixture
def shell(tmp_path: Path) -> Callable[..., Ran]:
    """Runs commands in an empty directory, programs of the test's own before those of the system."""

    def run(commands: str, environment: Mapping[str, str], **programs: list[object]) -> Ran:
        directory = tmp_path / "bin"
        directory.mkdir()
        for name, argv in programs.items():
            (directory / name).write_text(f'#!/bin/sh\nexec {shlex.join(map(str, argv))} "$@"\n')
            (directory / name).chmod(0o700)
        done = subprocess.run(
            ["sh", "-c", commands],
            cwd=tmp_path,
            env={**environment, "PATH": f"{directory}:{environment['PATH']}"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE.total_seconds() * 2,
            check=False,
        )
        return Ran(done.returncode, done.stdout)

    return run


def test_nsupdate_updates(stack, alice, printed, shell):
    program = require("nsupdate", "bind9-dnsutils")
    require("curl")
    ran = shell(printed("nsupdate"), stack.env, nsupdate=[program])

    assert (ran.status, ran.said) == (0, "")
    stack.wait_for_answer(alice.name, "A", "127.0.0.1")


def test_lego_gets_a_certificate(stack, alice, pebble, listener, printed, shell, tmp_path):
    options = ["--server", pebble.directory_url, "--path", tmp_path / "lego"]
    options += ["--dns.resolvers", f"{listener.host}:{listener.port}", "--dns.disable-cp"]
    # It waits a minute between the two challenges, lest a resolver has the first in mind; this authority asks none.
    hasty = {"RFC2136_SEQUENCE_INTERVAL": "1", "RFC2136_POLLING_INTERVAL": "1"}
    ran = shell(printed("lego-rfc2136"), pebble.trusting | hasty, lego=[require("lego"), *options])

    assert ran.status == 0, ran.said
    issued = (tmp_path / "lego" / "certificates" / f"{alice.name}.crt").read_bytes()
    assert names_in(issued) == sorted([alice.name, f"*.{alice.name}"])


def test_certbot_gets_a_certificate(stack, alice, pebble, printed, shell, tmp_path):
    options = ["--server", pebble.directory_url]
    options += [f"--{kind}-dir={tmp_path / kind}" for kind in ("config", "work", "logs")]
    ran = shell(printed("certbot"), pebble.trusting, certbot=[*CERTBOT, *options])

    assert ran.status == 0, ran.said
    assert (tmp_path / "rfc2136.ini").stat().st_mode & 0o077 == 0
    issued = (tmp_path / "config" / "live" / alice.name / "cert.pem").read_bytes()
    assert names_in(issued) == sorted([alice.name, f"*.{alice.name}"])
