"""A seizure from end to end: beat, worker, a real parent zone, and a web server that is told."""

import json
import secrets
from collections.abc import Iterator
from datetime import timedelta

import pytest

from deploy.local.deadline import wait_for
from deploy.local.ports import free_port
from tests.dnsupdate.parent_zone import PARENT, SEIZED
from tests.dnsupdate.real_zones import by_hand, send_by_hand
from tests.dnsupdate.test_alarms import Receiver
from tests.stack import Stack

pytestmark = pytest.mark.servers
TOLD = timedelta(seconds=60)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def provider(servers, receiver) -> Iterator[Stack]:
    """It looks every second, so that the test need not wait for minutes."""
    apex = f"z{secrets.token_hex(4)}.{PARENT}"
    watching = {"DDNS_DELEGATION_WATCH_SECONDS": "1", "DDNS_ALARM_WEBHOOK": receiver.url}
    stack = Stack(servers.directory / apex, zones=(apex,), environment=watching)
    # No resolver answers: parent and zone are not on one port here, so the parent's servers are given by address below.
    stack.env |= {"DDNS_RESOLVERS": f"127.0.0.1:{free_port()}", "DDNS_DELEGATION_PORT": str(stack.bind.port)}
    try:
        stack.start()
        yield stack
    finally:
        stack.stop()


def delegate(registry, apex: str, *nameservers: str) -> None:
    update = by_hand(registry, PARENT)
    update.delete(f"{apex}.")
    update.add(f"ns.{apex}.", 60, "A", "127.0.0.1")
    for nameserver in nameservers:
        update.add(f"{apex}.", 60, "NS", f"{nameserver}.")
    send_by_hand(registry, update)


def state(stack: Stack) -> str:
    with stack.database() as connection:
        row = connection.execute("SELECT state FROM dnsupdate_delegation").fetchone()
    return row[0] if row else ""


def test_a_seizure_is_told_and_what_somebody_accepts_is_over(provider: Stack, parent_servers, receiver: Receiver):
    registry, copy = parent_servers
    (apex,) = provider.zones
    delegate(registry, apex, f"ns.{apex}")
    with provider.database() as connection:
        wait_for(lambda: state(provider) == "unknown", TOLD, "the first look, which finds no parent")
        override = f"127.0.0.1:{registry.port}\n127.0.0.1:{copy.port}"
        connection.execute("UPDATE dnsupdate_delegation SET parent_override = %s", [override])
    wait_for(lambda: state(provider) == "expected", TOLD, "the delegation as expected")
    assert not receiver.received

    delegate(registry, apex, *SEIZED)
    wait_for(lambda: receiver.received, TOLD, "the alarm")
    said = json.loads(receiver.received[0][1])
    assert (said["event"], said["kind"], said["zone"]) == ("opened", "delegation", apex)
    assert f"now {', '.join(SEIZED)}." in said["text"]

    assert "Accepted as ours" in provider.manage("watch_delegation", apex, "--accept")
    wait_for(lambda: len(receiver.received) == 2, TOLD, "the end of the alarm")
    assert json.loads(receiver.received[1][1])["event"] == "closed"
