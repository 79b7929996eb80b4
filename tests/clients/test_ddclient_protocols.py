"""Real ddclient with the protocols of other services, which it speaks over TLS alone: what it says, and what DNS answers then."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.clients.update_client import Ran, run
from tests.left_out import left_out, require

# These protocols take TLS whatever `ssl` says; and with `ssl=yes` FreeDNS's update URLs too, whatever they say.
CONFIG = """
daemon=0
ssl=no
ssl_ca_file={authority}
use=ip, ip={address}
protocol={protocol}
server=127.0.0.1:{port}
login={login}
password={password}
{hostname}
"""


@pytest.fixture
def ddclient(stack, alice, tmp_path: Path) -> Callable[..., Ran]:
    """Runs ddclient as at its first start, without a cache: it sends what it is told to."""
    program = require("ddclient")
    if run("perl", "-MIO::Socket::SSL", "-e", "1").status != 0:
        left_out("ddclient with TLS", "not installed (package libio-socket-ssl-perl)")

    def update(protocol: str, address: str, *, password: str = "", hostname: str = "") -> Ran:
        config, cache = tmp_path / "ddclient.conf", tmp_path / "ddclient.cache"
        cache.unlink(missing_ok=True)
        config.touch(mode=0o600)
        config.write_text(
            CONFIG.format(
                authority=stack.certificate.authority,
                address=address,
                protocol=protocol,
                port=stack.tls_port,
                login=alice.email,
                password=password or alice.key,
                hostname=hostname or alice.name,
            )
        )
        return run(program, "-file", config, "-cache", cache, "-daemon=0", "-noquiet", "-verbose")

    return update


@pytest.mark.parametrize("protocol", ["noip", "duckdns", "dyndns1", "freedns"])
def test_a_changed_address_is_a_success_and_in_dns(stack, alice, ddclient, protocol):
    for address in ("203.0.113.5", "203.0.113.6"):
        ran = ddclient(protocol, address)

        assert f"SUCCESS:  updating {alice.name}: " in ran.said, ran.said
        stack.wait_for_answer(alice.name, "A", address)


@pytest.mark.parametrize(
    ("protocol", "said"), [("duckdns", "SUCCESS"), ("dyndns1", "SUCCESS"), ("freedns", "already set to")]
)
def test_an_unchanged_address_is_well_too(stack, alice, ddclient, protocol, said):
    ddclient(protocol, "203.0.113.5")

    assert said in ddclient(protocol, "203.0.113.5").said
    stack.wait_for_answer(alice.name, "A", "203.0.113.5")


def test_freedns_gives_an_ipv6_address_to_who_had_none(stack, alice, ddclient):
    said = ddclient("freedns", "2001:db8::5").said

    assert f"SUCCESS:  updating {alice.name}: good: IPv6 address set to 2001:db8::5" in said, said
    stack.wait_for_answer(alice.name, "AAAA", "2001:db8::5")


def test_duckdns_takes_a_label(stack, alice, ddclient):
    said = ddclient("duckdns", "203.0.113.5", hostname=alice.labels[0]).said

    assert f"SUCCESS:  updating {alice.labels[0]}: good: IP address set to 203.0.113.5" in said, said
    stack.wait_for_answer(alice.name, "A", "203.0.113.5")


@pytest.mark.parametrize("protocol", ["noip", "duckdns", "dyndns1", "freedns"])
def test_a_wrong_key_is_reported(stack, alice, ddclient, protocol):
    assert f"FAILED:   updating {alice.name}: " in ddclient(protocol, "203.0.113.5", password="wrong").said
    assert stack.answer(alice.name) == []
