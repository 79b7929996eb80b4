"""Real nsupdate (bind9-dnsutils) against the listener of the running platform: what it says, and what DNS answers then."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.clients.update_client import PATIENCE, Ran
from tests.left_out import require
from tests.stack import ZONE


@pytest.fixture
def nsupdate(listener, alice, tmp_path: Path) -> Callable[..., Ran]:
    """Runs nsupdate with Alice's key, sending to the listener what it is told line by line."""
    program, key = require("nsupdate", "bind9-dnsutils"), tmp_path / "alice.key"
    key.touch(mode=0o600)
    key.write_text(listener.key_file(alice.email))

    def run(*lines: str, options: tuple[str, ...] = (), key_file: str = "") -> Ran:
        if key_file:
            key.write_text(key_file)
        script = "\n".join([f"server {listener.host} {listener.port}", *lines, "send", ""])
        done = subprocess.run(
            [program, "-k", key, *options],
            input=script,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE.total_seconds(),
            check=False,
        )
        return Ran(done.returncode, done.stdout)

    return run


@pytest.mark.parametrize("options", [(), ("-v",)], ids=["udp", "tcp"])
def test_an_address_is_replaced_and_in_dns(stack, alice, nsupdate, options):
    for address in ("203.0.113.5", "203.0.113.6"):
        ran = nsupdate(
            f"zone {ZONE}", f"update delete {alice.name} A", f"update add {alice.name} 60 A {address}", options=options
        )

        assert (ran.status, ran.said) == (0, "")
        stack.wait_for_answer(alice.name, "A", address)


def test_the_zone_is_found_by_the_name(stack, alice, nsupdate):
    ran = nsupdate(f"update add {alice.name} 60 AAAA 2001:db8::5")

    assert (ran.status, ran.said) == (0, "")
    stack.wait_for_answer(alice.name, "AAAA", "2001:db8::5")
