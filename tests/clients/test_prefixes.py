"""Prefixes, dynv6 and deSEC with real clients: what they say, and what DNS answers then."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.clients.test_wire import authorization, request, send  # noqa: F401 - fixtures
from tests.clients.update_client import Ran, run
from tests.left_out import require

FOLLOW = """
from ipaddress import IPv6Address
from ddns import interface_ids, prefixes
from ddns.models import Hostname
prefixes.follow(Hostname.objects.get(name=name), interface_ids.parse(interface_id))
"""

INADYN = """
verify-address = false
allow-ipv6 = true
{provider} {{
    ssl = false
    username = "{username}"
    password = "{password}"
    checkip-command = "/bin/echo {address}"
    hostname = "{hostname}"
{more}
}}
"""
UPDATED = 0


@pytest.fixture
def behind(stack, alice) -> str:
    """The hostname of a device behind Alice's router, by its MAC address in her subnet 0."""
    name = alice.names[1]
    stack.run(FOLLOW, name=name, interface_id="00:00:5e:00:53:2a")
    return name


@pytest.fixture
def curl(stack, alice) -> Callable[..., str]:
    """What the server answers to curl; "!" and curl's status where it fails."""
    program = require("curl")

    def get(path: str, *options: object) -> str:
        ran = run(program, "-fsS", *options, f"{stack.web_url}{path}")
        return ran.said if ran.status == 0 else f"! {ran.status}"

    return get


@pytest.fixture
def inadyn(alice, tmp_path: Path) -> Callable[..., tuple[Path, ...]]:
    """Its command line, for one run without a cache."""
    program = require("inadyn")

    def command(provider: str, address: str, *more: str, username: str = "", password: str = "") -> tuple[object, ...]:
        config, cache = tmp_path / "inadyn.conf", tmp_path / "cache"
        cache.mkdir()
        config.touch(mode=0o600)
        config.write_text(
            INADYN.format(
                provider=provider,
                username=username or alice.email,
                password=password or alice.key,
                address=address,
                hostname=alice.name,
                more="\n".join(more),
            )
        )
        return program, "-1", "-n", "-f", config, f"--cache-dir={cache}", "--no-pidfile", "-l", "debug"

    return command


def test_curl_tells_addresses_and_prefix_at_once(stack, alice, behind, curl):
    path = f"/nic/update?hostname={alice.name}&myip=192.0.2.1,2001:db8:2::7,2001:db8:2::/56"

    assert curl(path, "-u", f"x:{alice.key}") == "good 192.0.2.1,2001:db8:2::7\n"
    assert curl(path, "-u", f"x:{alice.key}") == "nochg 192.0.2.1,2001:db8:2::7\n"
    stack.wait_for_answer(alice.name, "AAAA", "2001:db8:2::7")
    stack.wait_for_answer(behind, "AAAA", "2001:db8:2:0:200:5eff:fe00:532a")


def test_inadyn_tells_a_prefix_that_stands_in_its_path(stack, alice, behind, inadyn):
    path = "/nic/update?hostname=%h&myip=%i&ipv6prefix=2001:db8:3::/56"
    server = f'ddns-server = "127.0.0.1:{stack.web_port}"'

    ran = run(*inadyn("custom platform@example", "203.0.113.5", server, f'ddns-path = "{path}"'))

    assert (ran.status, "good 203.0.113.5" in ran.said) == (UPDATED, True), ran.said
    stack.wait_for_answer(behind, "AAAA", "2001:db8:3:0:200:5eff:fe00:532a")


def test_inadyns_preset_for_dynv6_updates(stack, alice, inadyn, services):
    """It sends ipv6=auto over IPv4, and the token is its user name."""
    command = inadyn("provider default@dynv6.com", "203.0.113.5", username=alice.key, password="n/a")

    ran: Ran = services.run(*command)

    assert (ran.status, "addresses updated" in ran.said) == (UPDATED, True), ran.said
    stack.wait_for_answer(alice.name, "A", "127.0.0.1")


def test_inadyns_preset_for_dynv6_ends_at_a_bad_token(stack, alice, inadyn, services):
    command = inadyn("provider default@dynv6.com", "203.0.113.5", username="wrong", password="n/a")

    ran: Ran = services.run(*command)

    assert ran.status != UPDATED, ran.said
    assert stack.answer(alice.name) == []


def test_dynv6s_own_script_updates_with_curl(stack, alice, behind, curl):
    """Its two requests, as dynv6.sh sends them with netmask=56."""
    first = f"/api/update?hostname={alice.name}&ipv6=2001:db8:4::7/56&token={alice.key}"
    second = f"/api/update?hostname={alice.name}&ipv4=auto&token={alice.key}"

    assert [curl(first), curl(second), curl(second)] == [
        "addresses updated",
        "addresses updated",
        "addresses unchanged",
    ]
    stack.wait_for_answer(alice.name, "A", "127.0.0.1")
    stack.wait_for_answer(alice.name, "AAAA", "2001:db8:4::7")
    stack.wait_for_answer(behind, "AAAA", "2001:db8:4:0:200:5eff:fe00:532a")


def test_curl_fails_where_dynv6_would_say_no(alice, curl):
    """Status 22 is what cron's mail tells."""
    assert curl(f"/api/update?hostname={alice.name}&ipv4=auto&token=wrong") == "! 22"
    assert curl(f"/api/update?hostname=nobody.ddns.test&ipv4=auto&token={alice.key}") == "! 22"


def test_curl_updates_as_at_desec(stack, alice, curl):
    desec = ("-H", "Host: update.ddns.example", "-u", f"{alice.name}:{alice.key}")

    assert curl("/?myipv4=203.0.113.5,203.0.113.6&myipv6=2001:db8::5", *desec) == "good"
    stack.wait_for_answer(alice.name, "A", "203.0.113.5", "203.0.113.6")
    stack.wait_for_answer(alice.name, "AAAA", "2001:db8::5")

    assert curl("/?myipv4=preserve&myipv6=2001:db8:7::/64", *desec) == "good"
    stack.wait_for_answer(alice.name, "AAAA", "2001:db8:7::5")
    assert stack.answer(alice.name, "A") == ["203.0.113.5", "203.0.113.6"]


def test_inadyn_updates_as_at_desec(stack, alice, inadyn):
    more = (
        f'ddns-server = "127.0.0.1:{stack.web_port}"',
        'ddns-path = "/desec/update?hostname=%h&myip=%i&myipv6=preserve"',
    )

    ran = run(*inadyn("custom platform@example", "203.0.113.5", *more, username=alice.name))

    assert ran.status == UPDATED, ran.said
    stack.wait_for_answer(alice.name, "A", "203.0.113.5")


FRITZBOX = b"User-Agent: Fritz!Box DDNS/1.0.1\r\n"


@pytest.mark.parametrize(
    "sent",
    [
        "myip=192.0.2.1&myipv6=2001:db8:5::7&ipv6prefix=2001:db8:5::/59",
        "myip=192.0.2.1,2001:db8:5::7,2001:db8:5::/59",
        "myip=192.0.2.1&myipv6=2001:db8:5::7&ip6lanprefix=2001:db8:5::/59%20http:/127.0.0.1/nic/update",
    ],
)
def test_a_fritzboxs_octets_move_what_is_behind_it(stack, alice, behind, send, authorization, sent):  # noqa: F811
    """HTTP/1.0, nothing escaped, and a Host header without a port."""
    octets = request(
        f"/nic/update?hostname={alice.name}&{sent}", b"Host: 127.0.0.1\r\n", FRITZBOX, authorization, version="1.0"
    )

    status, headers, body = send(octets)

    assert (status.split()[1], body) == ("200", b"good 192.0.2.1,2001:db8:5::7\n")
    assert (headers["content-type"], headers["content-length"]) == ("text/plain", str(len(body)))
    stack.wait_for_answer(alice.name, "AAAA", "2001:db8:5::7")
    stack.wait_for_answer(behind, "AAAA", "2001:db8:5:0:200:5eff:fe00:532a")
