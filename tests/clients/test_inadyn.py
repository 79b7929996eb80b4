"""Real inadyn against the running platform, over plain HTTP and TLS: how it ends, and what DNS answers then."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.clients.update_client import Ran, run
from tests.left_out import require

CONFIG = """
verify-address = false
allow-ipv6 = true
{authority}
custom platform@example {{
    ssl = {tls}
    username = "{username}"
    password = "{password}"
    checkip-command = "/bin/echo {address}"
    ddns-server = "{server}"
    ddns-path = "/nic/update?hostname=%h&myip=%i"
    hostname = {{ {hostnames} }}
}}
"""
# How inadyn 2.10 ends (its error.h): it is dead until somebody starts it again.
UPDATED, REFUSED, NOT_AUTHORISED = 0, 48, 50


@pytest.fixture
def inadyn(stack, alice, server, tmp_path: Path) -> Callable[..., Ran]:
    """Runs inadyn once, without a cache."""
    program = require("inadyn")
    authority = f'ca-trust-file = "{stack.certificate.authority}"' if server.is_tls else ""

    def update(address: str, *hostnames: str, password: str = "") -> Ran:
        config, cache = tmp_path / "inadyn.conf", tmp_path / "cache"
        for left in cache.glob("*"):
            left.unlink()
        cache.mkdir(exist_ok=True)
        config.touch(mode=0o600)
        config.write_text(
            CONFIG.format(
                authority=authority,
                tls=str(server.is_tls).lower(),
                username=alice.email,
                password=password or alice.key,
                address=address,
                server=server,
                hostnames=", ".join(f'"{name}"' for name in hostnames or [alice.name]),
            )
        )
        return run(program, "-1", "-n", "-f", config, f"--cache-dir={cache}", "--no-pidfile", "-l", "debug")

    return update


def test_a_changed_address_is_an_update_and_in_dns(stack, alice, inadyn):
    for address in ("203.0.113.5", "203.0.113.6"):
        ran = inadyn(address)

        assert ran.status == UPDATED, ran.said
        assert f"good {address}" in ran.said
        stack.wait_for_answer(alice.name, "A", address)


def test_an_unchanged_address_is_nochg_and_a_success(stack, alice, inadyn):
    inadyn("203.0.113.5")

    ran = inadyn("203.0.113.5")

    assert (ran.status, "nochg 203.0.113.5" in ran.said) == (UPDATED, True), ran.said


def test_two_hostnames_are_updated(stack, alice, inadyn):
    ran = inadyn("203.0.113.5", *alice.names)

    assert ran.status == UPDATED, ran.said
    for name in alice.names:
        stack.wait_for_answer(name, "A", "203.0.113.5")


def test_an_ipv6_address_arrives_escaped_and_is_in_dns(stack, alice, inadyn):
    ran = inadyn("2001:db8::5")

    assert ran.status == UPDATED, ran.said
    assert "myip=2001%3adb8%3a%3a5" in ran.said
    stack.wait_for_answer(alice.name, "AAAA", "2001:db8::5")


def test_a_wrong_password_ends_it(stack, alice, inadyn):
    ran = inadyn("203.0.113.5", password="wrong")

    assert ran.status == NOT_AUTHORISED, ran.said
    assert stack.answer(alice.name) == []


def test_a_suspended_hostname_ends_it(stack, alice, inadyn):
    inadyn("203.0.113.5")
    alice.suspend()

    ran = inadyn("203.0.113.6")

    assert (ran.status, "abuse" in ran.said) == (REFUSED, True), ran.said
    stack.wait_for_answer(alice.name, "A")


def test_its_checkip_finds_the_address_in_our_page(stack, alice, server, tmp_path):
    """Without an address of its own it asks checkip and sends what it found."""
    program, config, cache = require("inadyn"), tmp_path / "inadyn.conf", tmp_path / "cache"
    text = CONFIG.format(
        authority=f'ca-trust-file = "{stack.certificate.authority}"',
        tls=str(server.is_tls).lower(),
        username=alice.email,
        password=alice.key,
        address="",
        server=server,
        hostnames=f'"{alice.name}"',
    )
    lines = [line for line in text.splitlines() if "checkip-command" not in line]
    checkip = f'checkip-server = "127.0.0.1:{stack.web_port}"\ncheckip-path = "/nic/checkip"\ncheckip-ssl = false'
    config.write_text("\n".join(lines).replace("ddns-server", f"{checkip}\nddns-server"))
    cache.mkdir()

    ran = run(program, "-1", "-n", "-f", config, f"--cache-dir={cache}", "--no-pidfile", "-l", "debug")

    assert ran.status == UPDATED, ran.said
    stack.wait_for_answer(alice.name, "A", "127.0.0.1")
