"""Real ddclient against the running platform, over plain HTTP and TLS: what it says, and what DNS answers then."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.clients.update_client import Ran, run
from tests.left_out import left_out, require

CONFIG = """
daemon=0
{tls}
use=ip, ip={address}
protocol=dyndns2
server={server}
login={login}
password={password}
{hostnames}
"""


@pytest.fixture
def ddclient(stack, alice, server, tmp_path: Path) -> Callable[..., Ran]:
    """Runs ddclient as at its first start, without a cache: it sends what it is told to."""
    program = require("ddclient")
    if server.is_tls and run("perl", "-MIO::Socket::SSL", "-e", "1").status != 0:
        left_out("ddclient with TLS", "not installed (package libio-socket-ssl-perl)")
    tls = f"ssl=yes\nssl_ca_file={stack.certificate.authority}" if server.is_tls else "ssl=no"

    def update(address: str, *hostnames: str, login: str = "", password: str = "") -> Ran:
        config, cache = tmp_path / "ddclient.conf", tmp_path / "ddclient.cache"
        cache.unlink(missing_ok=True)
        config.touch(mode=0o600)
        config.write_text(
            CONFIG.format(
                tls=tls,
                address=address,
                server=server,
                login=login or alice.email,
                password=password or alice.key,
                hostnames=",".join(hostnames or [alice.name]),
            )
        )
        return run(program, "-file", config, "-cache", cache, "-daemon=0", "-noquiet", "-verbose")

    return update


def test_a_changed_address_is_a_success_and_in_dns(stack, alice, ddclient):
    for address in ("203.0.113.5", "203.0.113.6"):
        ran = ddclient(address)

        assert f"SUCCESS:  updating {alice.name}: good: IP address set to {address}" in ran.said
        assert ran.status == 0
        stack.wait_for_answer(alice.name, "A", address)


def test_an_unchanged_address_is_nochg(stack, alice, ddclient):
    ddclient("203.0.113.5")

    said = ddclient("203.0.113.5").said

    assert f"updating {alice.name}: nochg: No update required" in said
    stack.wait_for_answer(alice.name, "A", "203.0.113.5")


def test_two_hostnames_are_updated_by_one_request(stack, alice, ddclient):
    said = ddclient("203.0.113.5", *alice.names).said

    assert said.count("GET /nic/update?") == 1
    for name in alice.names:
        assert f"SUCCESS:  updating {name}: good: IP address set to 203.0.113.5" in said
        stack.wait_for_answer(name, "A", "203.0.113.5")


def test_an_ipv6_address_is_in_dns_beside_the_ipv4_address(stack, alice, ddclient):
    ddclient("203.0.113.5")

    said = ddclient("2001:db8::5").said

    assert f"SUCCESS:  updating {alice.name}: good: IP address set to 2001:db8::5" in said
    stack.wait_for_answer(alice.name, "AAAA", "2001:db8::5")
    assert stack.answer(alice.name, "A") == ["203.0.113.5"]


def test_the_hostname_may_be_the_login(stack, alice, ddclient):
    assert "SUCCESS" in ddclient("203.0.113.5", login=alice.name).said


def test_a_wrong_password_is_reported(stack, alice, ddclient):
    said = ddclient("203.0.113.5", password="wrong").said

    assert f"FAILED:   updating {alice.name}: authorization failed" in said
    assert stack.answer(alice.name) == []


def test_a_suspended_hostname_is_reported_as_blocked_for_abuse(stack, alice, ddclient):
    ddclient("203.0.113.5", *alice.names)
    alice.suspend()

    said = ddclient("203.0.113.6", *alice.names).said

    assert f"FAILED:   updating {alice.name}: abuse: The hostname specified is blocked for abuse" in said
    assert f"SUCCESS:  updating {alice.names[1]}: good: IP address set to 203.0.113.6" in said
    stack.wait_for_answer(alice.name, "A")
    stack.wait_for_answer(alice.names[1], "A", "203.0.113.6")


def test_a_hostname_of_somebody_else_is_reported(stack, alice, ddclient):
    said = ddclient("203.0.113.5", "nobody.ddns.test").said

    assert "FAILED:   updating nobody.ddns.test: nohost: The hostname specified does not exist" in said
