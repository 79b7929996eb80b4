"""Real inadyn with its presets for other services: nothing in its configuration is ours but name and key."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.clients.update_client import Ran
from tests.left_out import require

CONFIG = """
verify-address = false
allow-ipv6 = true
ca-trust-file = "{authority}"
provider {service} {{
    username = "{username}"
    password = "{password}"
    hostname = "{hostname}"
    {checkip}
}}
"""
UPDATED, REFUSED, NOT_AUTHORISED = 0, 48, 50


@pytest.fixture
def inadyn(services, alice, tmp_path: Path) -> Callable[..., Ran]:
    """Runs inadyn once, without a cache; `address` None is what the service's own checkip says."""
    program = require("inadyn")

    def update(service: str, address: str | None, *, username: str = "", password: str = "") -> Ran:
        config, cache = tmp_path / "inadyn.conf", tmp_path / "cache"
        cache.mkdir(exist_ok=True)
        for left in cache.glob("*"):
            left.unlink()
        config.touch(mode=0o600)
        config.write_text(
            CONFIG.format(
                authority=services.certificate.authority,
                service=service,
                username=username or alice.email,
                password=password or alice.key,
                hostname=alice.name,
                checkip=f'checkip-command = "/bin/echo {address}"' if address else "",
            )
        )
        return services.run(program, "-1", "-n", "-f", config, f"--cache-dir={cache}", "--no-pidfile", "-l", "debug")

    return update


def credentials(service: str, alice) -> dict[str, str]:
    """DuckDNS's preset sends the user name as the token."""
    return {"username": alice.key} if service == "duckdns.org" else {}


SERVICES = ["no-ip.com", "dyndns.org", "dynu.com", "duckdns.org", "freedns.afraid.org"]


@pytest.mark.parametrize("service", SERVICES)
def test_a_preset_updates_and_is_content_when_nothing_has_changed(stack, alice, inadyn, service):
    for address in ("203.0.113.5", "203.0.113.6", "203.0.113.6"):
        ran = inadyn(service, address, **credentials(service, alice))

        assert ran.status == UPDATED, ran.said
        stack.wait_for_answer(alice.name, "A", address)


@pytest.mark.parametrize("service", ["no-ip.com", "freedns.afraid.org"])
def test_its_own_checkip_is_ours_too(stack, alice, inadyn, services, service):
    ran = inadyn(service, None)

    assert ran.status == UPDATED, ran.said
    stack.wait_for_answer(alice.name, "A", "127.0.0.1")


@pytest.mark.parametrize(
    ("service", "status", "said"),
    [
        ("no-ip.com", NOT_AUTHORISED, "badauth"),
        ("duckdns.org", REFUSED, "KO"),
        # The preset ends with 0 whatever was said.
        ("freedns.afraid.org", UPDATED, "Cannot find your FreeDNS account API keys"),
    ],
)
def test_a_wrong_key_is_seen_by_a_preset(stack, alice, inadyn, service, status, said):
    ran = inadyn(service, "203.0.113.5", username="wrong", password="wrong")

    assert (ran.status, said in ran.said) == (status, True), ran.said
    assert stack.answer(alice.name) == []


@pytest.mark.parametrize(
    ("service", "said"), [("no-ip.com", "abuse"), ("duckdns.org", "KO"), ("freedns.afraid.org", "abuse")]
)
def test_a_suspended_hostname_ends_a_preset(stack, alice, inadyn, service, said):
    alice.suspend()

    ran = inadyn(service, "203.0.113.6", **credentials(service, alice))

    assert (ran.status, said in ran.said) == (REFUSED, True), ran.said
    assert stack.answer(alice.name) == []
