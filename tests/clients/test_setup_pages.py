"""What the set-up pages print, run as it is printed by the clients that it is printed for; DNS answers what they found."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ddns import setup
from tests.clients.conftest import Customer, WebServer
from tests.clients.update_client import Ran, run
from tests.left_out import require
from tests.stack import Stack

# The clients come from there, and the configurations say no other.
OURS = "127.0.0.1"

Print = Callable[[str], str]


@pytest.fixture
def printed(alice: Customer, server: WebServer) -> Print:
    """The configuration of a client for Alice's hostname, over plain HTTP and over TLS."""
    site = f"{'https' if server.is_tls else 'http'}://{server}"
    return lambda slug: setup.render(setup.find(slug), alice.name, site, alice.key)


@pytest.fixture
def shell(stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Ran]:
    """Runs commands in an empty directory. The private authority is trusted, as a public one is anywhere else."""
    authority = str(stack.certificate.authority)
    (tmp_path / "wgetrc").write_text(f"ca_certificate = {authority}\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CURL_CA_BUNDLE", authority)
    monkeypatch.setenv("WGETRC", f"{tmp_path}/wgetrc")
    return lambda commands: run("/bin/sh", "-c", commands)


def saved(text: str, path: Path) -> Path:
    path.touch(mode=0o600)
    path.write_text(text)
    return path


def test_ddclient_updates(stack, alice, server, printed, tmp_path):
    program, config = require("ddclient"), saved(printed("ddclient"), tmp_path / "ddclient.conf")
    options = [f"-ssl_ca_file={stack.certificate.authority}"] if server.is_tls else []

    # It forks for daemon=300; asked to run once it does not.
    ran = run(program, "-file", config, "-cache", tmp_path / "cache", "-daemon=0", "-noquiet", "-verbose", *options)

    assert f"SUCCESS:  updating {alice.name}: good: IP address set to {OURS}" in ran.said
    stack.wait_for_answer(alice.name, "A", OURS)


def test_inadyn_updates(stack, alice, server, printed, tmp_path):
    authority = f'ca-trust-file = "{stack.certificate.authority}"\n' if server.is_tls else ""
    # No loopback address is taken for the machine's own unless that is said.
    config = saved(f"verify-address = false\n{authority}{printed('inadyn')}", tmp_path / "inadyn.conf")

    ran = run(require("inadyn"), "-1", "-n", "-f", config, f"--cache-dir={tmp_path}", "--no-pidfile", "-l", "debug")

    assert ran.status == 0, ran.said
    stack.wait_for_answer(alice.name, "A", OURS)


@pytest.mark.parametrize("program", ["curl", "wget"])
def test_the_command_updates(stack, alice, printed, shell, program):
    require(program)
    ran = shell(printed(program))

    assert (ran.status, ran.said) == (0, f"good {OURS}\n")
    stack.wait_for_answer(alice.name, "A", OURS)


def test_the_line_for_cron_updates_and_mails_nobody(stack, alice, printed, shell):
    require("curl")
    minute, hour, day, month, weekday, command = printed("cron").split(" ", 5)

    assert (minute, hour, day, month, weekday) == ("*/5", "*", "*", "*", "*")
    assert "%" not in command, "cron would end the line there"
    ran = shell(command)
    assert (ran.status, ran.said) == (0, "")
    stack.wait_for_answer(alice.name, "A", OURS)


def test_the_script_for_merlin_hands_its_address_on(stack, alice, printed, shell, tmp_path):
    """Asuswrt-Merlin gives the address and is told by a program of its own what became of it."""
    require("curl")
    script = printed("asuswrt-merlin").replace("/sbin/ddns_custom_updated", "echo updated")
    saved(script, tmp_path / "ddns-start")

    assert shell("sh ddns-start 203.0.113.5").said == "updated 1\n"
    stack.wait_for_answer(alice.name, "A", "203.0.113.5")


@pytest.mark.parametrize("slug", ["fritzbox", "pfsense", "synology", "qnap"])
def test_the_url_of_a_form_updates_once_its_placeholders_are_filled_in(stack, alice, printed, shell, slug):
    require("curl")
    fields = dict(setup.fields(setup.find(slug), printed(slug)))
    url = next(value for name, value in fields.items() if "URL" in name)
    filled = {
        "<domain>": alice.name, "<ipaddr>": "203.0.113.6", "<ip6addr>": "",
        "%IP%": "203.0.113.6", "%HOST%": alice.name, "%USER%": alice.name, "%PASS%": alice.key,
        "__MYIP__": "203.0.113.6", "__HOSTNAME__": alice.name, "__USERNAME__": alice.name, "__PASSWORD__": alice.key,
    }  # fmt: skip
    for placeholder, value in filled.items():
        url = url.replace(placeholder, value)

    ran = shell(f"curl -sS -u '{alice.name}:{alice.key}' '{url}'")

    assert ran.said == "good 203.0.113.6\n"
    stack.wait_for_answer(alice.name, "A", "203.0.113.6")


@pytest.mark.parametrize(
    ("slug", "answer"),
    [
        ("duckdns-url", "OK"),
        ("freedns-url", "Updated 1 host(s)"),
        ("dynv6-url", "addresses updated"),
        ("desec-url", "good"),
    ],
)
def test_the_url_for_clients_of_another_provider_updates(stack, alice, printed, shell, slug, answer):
    require("curl")
    url = printed(slug).strip()
    # FreeDNS's token says which record it is: Alice's key covers two.
    url += f"&hostname={alice.name}" if slug == "freedns-url" else ""

    assert shell(f"curl -sS '{url}'").said.startswith(answer)
    stack.wait_for_answer(alice.name, "A", OURS)
