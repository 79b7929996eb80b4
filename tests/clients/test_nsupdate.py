"""Real nsupdate (bind9-dnsutils) against the listener of the running platform: what it says, and what DNS answers then."""

import base64
import re
import secrets
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.local.ports import is_taken
from tests.clients.conftest import Customer
from tests.clients.update_client import Ran, run
from tests.left_out import require
from tests.stack import ZONE

# Each test has two of them: one customer for all costs half a minute less than one for each.
NAME_COUNT = 20


@pytest.fixture(scope="module")
def household(session_listener) -> Customer:
    """Alice with many hostnames."""
    stack, mark = session_listener.stack, secrets.token_hex(4)
    labels, email = [f"n{number}-{mark}" for number in range(NAME_COUNT)], f"alice-{mark}@example.com"
    return Customer(stack, labels, email, stack.customer(email, *labels))


@pytest.fixture(scope="module")
def key_file(session_listener, household) -> str:
    return session_listener.key_file(household.email)


@pytest.fixture
def alice(household) -> Customer:
    """With hostnames that no other test has."""
    labels = [household.labels.pop(), household.labels.pop()]
    return Customer(household.stack, labels, household.email, household.key)


@pytest.fixture
def nsupdate(listener, key_file, tmp_path: Path) -> Callable[..., Ran]:
    """Runs nsupdate with Alice's key, sending to the listener what it is told line by line."""
    program, key = require("nsupdate", "bind9-dnsutils"), tmp_path / "alice.key"
    key.touch(mode=0o600)

    def send(*lines: str, options: tuple[str, ...] = (), key_text: str = key_file) -> Ran:
        key.write_text(key_text)
        script = [f"server {listener.host} {listener.port}", *lines, "send", ""]
        return run(program, "-k", key, *options, given="\n".join(script))

    return send


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


def test_several_families_and_hostnames_go_in_one_message(stack, alice, nsupdate):
    home, office = alice.names

    ran = nsupdate(
        f"update delete {home}",
        f"update add {home} 60 A 203.0.113.5",
        f"update add {home} 60 AAAA 2001:db8::5",
        f"update add {office} 60 A 203.0.113.6",
    )

    assert (ran.status, ran.said) == (0, "")
    stack.wait_for_answer(home, "A", "203.0.113.5")
    stack.wait_for_answer(home, "AAAA", "2001:db8::5")
    stack.wait_for_answer(office, "A", "203.0.113.6")


def test_a_prerequisite_stops_an_update(stack, alice, nsupdate):
    nsupdate(f"update add {alice.name} 60 A 203.0.113.5")

    ran = nsupdate(f"prereq nxrrset {alice.name} A", f"update add {alice.name} 60 A 203.0.113.6")

    assert "update failed: YXRRSET" in ran.said
    assert ran.status == 2
    stack.wait_for_answer(alice.name, "A", "203.0.113.5")


def test_a_hostname_of_somebody_else_is_refused(stack, alice, nsupdate):
    label = f"bob-{alice.labels[0]}"
    stack.customer(f"{label}@example.com", label)

    ran = nsupdate(f"zone {ZONE}", f"update add {label}.{ZONE} 60 A 203.0.113.5")

    assert "update failed: REFUSED" in ran.said
    assert ran.status == 2
    assert stack.answer(f"{label}.{ZONE}") == []


def test_a_suspended_hostname_is_refused_and_stays_out_of_dns(stack, alice, nsupdate):
    nsupdate(f"update add {alice.name} 60 A 203.0.113.5")
    alice.suspend()

    ran = nsupdate(f"update add {alice.name} 60 A 203.0.113.6")

    assert "update failed: REFUSED" in ran.said
    stack.wait_for_answer(alice.name, "A")


def test_a_wrong_secret_is_told_as_such(stack, alice, nsupdate, key_file):
    wrong = re.sub(r'secret ".*"', f'secret "{base64.b64encode(b"guessed").decode()}"', key_file)

    ran = nsupdate(f"zone {ZONE}", f"update add {alice.name} 60 A 203.0.113.5", key_text=wrong)

    assert "BADSIG" in ran.said
    assert ran.status != 0
    assert stack.answer(alice.name) == []


def test_an_outage_of_the_database_is_a_failure_of_ours_and_ends_with_it(stack, alice, nsupdate):
    nsupdate(f"update add {alice.name} 60 A 203.0.113.5")
    lines = (f"zone {ZONE}", f"update delete {alice.name} A", f"update add {alice.name} 60 A 203.0.113.6")
    stack.postgres.kill()

    ran = nsupdate(*lines)

    assert "update failed: SERVFAIL" in ran.said
    stack.postgres.start()
    assert nsupdate(*lines).status == 0
    stack.wait_for_answer(alice.name, "A", "203.0.113.6")


DDCLIENT = """
daemon=0
use=ip, ip=203.0.113.5
protocol=nsupdate
server={listener.host}:{listener.port}
login={nsupdate}
password={key}
zone={zone}
{name}
"""


def test_ddclient_updates_by_nsupdate(stack, alice, listener, key_file, tmp_path):
    ddclient, nsupdate = require("ddclient"), require("nsupdate", "bind9-dnsutils")
    config, key = tmp_path / "ddclient.conf", tmp_path / "alice.key"
    for path, text in (
        (config, DDCLIENT.format(listener=listener, nsupdate=nsupdate, key=key, zone=ZONE, name=alice.name)),
        (key, key_file),
    ):
        path.touch(mode=0o600)
        path.write_text(text)

    ran = run(ddclient, "-file", config, "-cache", tmp_path / "cache", "-daemon=0", "-noquiet", "-verbose")

    assert "IP address set to 203.0.113.5" in ran.said
    stack.wait_for_answer(alice.name, "A", "203.0.113.5")


def test_the_listener_ends_at_once_when_it_is_told_to(listener):
    listener.program.stop()

    assert listener.program.process.returncode == 0
    assert not is_taken(listener.port)
