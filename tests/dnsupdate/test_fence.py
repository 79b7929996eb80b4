"""The fence: messages apply in order or not at all, whoever was stalled or frozen in between."""

import secrets
import socket
import struct
import time
from contextlib import suppress

import dns.rcode
import pytest

from deploy.local.server import Server
from dnsupdate import messages, outbox
from dnsupdate.batches import Queue
from dnsupdate.errors import FenceMoved, Unreachable
from dnsupdate.messages import FENCE_LABEL, Change
from dnsupdate.models import Zone
from dnsupdate.models.pending import Urgency
from dnsupdate.primary import Primary
from tests.dnsupdate.real_zones import (
    a,
    answers,
    by_hand,
    dirty_names,
    drain,
    drain_now,
    exists,
    send_by_hand,
    send_octets,
)


@pytest.fixture
def alice(zone: Zone) -> str:
    return f"alice.{zone.name}"


def publisher_of(zone: Zone) -> Primary:
    """A second worker's session."""
    key = zone.primary.key.for_messages()
    return Primary(zone.name, zone.primary.host, zone.primary.port, key)


def built(session: Primary, changes: list[Change]) -> bytes:
    """The message that the session would send now, kept back."""
    return messages.build(
        session.apex,
        changes,
        session.key,
        message_id=secrets.randbits(16),
        fence=session._fence,
        next_fence="stalled-1",
        now=int(time.time()),
    ).wire


def test_a_message_held_back_while_newer_state_was_published_changes_nothing(primary: Server, zone: Zone, alice: str):
    stalled = publisher_of(zone)
    stalled.learn_fence()
    stalled.send([Change(1, alice, 1, a("192.0.2.1"))])
    late = built(stalled, [Change(1, alice, 2, a("192.0.2.2"))])
    stalled.close()
    outbox.publish(zone, {alice: {}}, Urgency.WITHDRAWAL)
    drain(zone)
    assert send_octets(primary, late).rcode() == dns.rcode.NXRRSET
    assert not exists(primary, alice)


def test_the_very_first_message_is_refused_too_when_it_comes_late(primary: Server, zone: Zone, alice: str):
    stalled = publisher_of(zone)
    stalled.learn_fence()
    late = built(stalled, [Change(1, alice, 1, a("192.0.2.1"))])
    stalled.close()
    outbox.publish(zone, {alice: a("192.0.2.2")})
    drain(zone)
    assert send_octets(primary, late).rcode() == dns.rcode.YXRRSET
    assert answers(primary, alice) == {"192.0.2.2"}


def test_a_message_delivered_twice_is_applied_once(primary: Server, zone: Zone, alice: str):
    session = publisher_of(zone)
    session.learn_fence()
    wire = built(session, [Change(1, alice, 1, a("192.0.2.1"))])
    session.close()
    assert send_octets(primary, wire).rcode() == dns.rcode.NOERROR
    assert send_octets(primary, wire).rcode() == dns.rcode.YXRRSET


def test_two_publishers_that_take_turns_both_get_through(primary: Server, zone: Zone, alice: str):
    """Each finds the other's fence, and what it has read by then is not sent."""
    sessions = [publisher_of(zone), publisher_of(zone)]
    for session in sessions:
        session.check()
    for last in range(1, 7):
        session = sessions[last % 2]
        change = [Change(1, alice, last, a(f"192.0.2.{last}"))]
        if last % 2 == 0 or last > 1:
            with pytest.raises(FenceMoved):
                session.send(change)
        session.learn_fence()
        session.send(change)
    for session in sessions:
        session.close()
    assert answers(primary, alice) == {"192.0.2.6"}


def test_a_publisher_that_always_finds_another_fence_gives_up_for_now(zone: Zone, monkeypatch: pytest.MonkeyPatch):
    session, other = publisher_of(zone), publisher_of(zone)
    ask = session._ask_for_fence

    def ask_and_be_overtaken() -> None:
        ask()
        other.check()

    monkeypatch.setattr(session, "_ask_for_fence", ask_and_be_overtaken)
    with pytest.raises(FenceMoved):
        session.check()
    session.close()
    other.close()


def test_a_publisher_that_stalled_after_reading_does_not_send_what_it_read(
    primary: Server, zone: Zone, alice: str, monkeypatch: pytest.MonkeyPatch
):
    """It wakes with an address in its hands, after another one has published the withdrawal and marked it."""
    outbox.publish(zone, {alice: a("192.0.2.1")})
    drain(zone)
    outbox.publish(zone, {alice: a("192.0.2.2")})
    read, has_stalled = Queue.read, []

    def read_and_stall(queue: Queue, limit: int) -> list[Change]:
        changes = read(queue, limit)
        if changes and not has_stalled:
            has_stalled.append(True)
            Zone.objects.filter(pk=zone.pk).update(lease_expires_at=None, lease_token=None)
            outbox.publish(zone, {alice: {}}, Urgency.WITHDRAWAL)
            drain(zone)
            assert not exists(primary, alice)
        return changes

    monkeypatch.setattr(Queue, "read", read_and_stall)
    drain(zone)
    assert has_stalled
    assert not exists(primary, alice)
    assert dirty_names(zone) == set()


def test_a_frozen_nameserver_that_wakes_with_an_old_message_ends_with_the_newest_state(
    primary: Server, zone: Zone, alice: str, impatient
):
    """The message lies in the frozen server's buffer; it may be applied before the newer one and never after it."""
    outbox.publish(zone, {alice: a("192.0.2.1")})
    drain(zone)
    primary.freeze()
    outbox.publish(zone, {alice: a("192.0.2.2")})
    drain(zone)
    zone.refresh_from_db()
    assert zone.is_failing
    assert dirty_names(zone) == {alice}
    outbox.publish(zone, {alice: {}}, Urgency.WITHDRAWAL)
    primary.thaw()
    while drain_now(zone).is_failing:
        pass
    assert dirty_names(zone) == set()
    assert not exists(primary, alice)


def test_an_old_message_on_a_connection_of_its_own_loses_against_newer_state(primary: Server, zone: Zone, alice: str):
    """As above, but the old message arrives on a connection that nobody reads any more."""
    outbox.publish(zone, {alice: a("192.0.2.1")})
    drain(zone)
    stalled = publisher_of(zone)
    stalled.learn_fence()
    late = built(stalled, [Change(1, alice, 2, a("192.0.2.2"))])
    stalled.close()
    with socket.create_connection((primary.host, primary.port), timeout=10) as connection:
        connection.sendall(struct.pack("!H", len(late)) + late[:100])
        outbox.publish(zone, {alice: {}}, Urgency.WITHDRAWAL)
        drain(zone)
        # Knot waits half a second for the rest of a message and closes the connection then: no answer at all.
        answer = b""
        with suppress(ConnectionError), connection.makefile("rb") as stream:
            connection.sendall(late[100:])
            answer = stream.read(int.from_bytes(stream.read(2), "big"))
    assert not answer or answer[3] & 0x0F == dns.rcode.NXRRSET
    assert not exists(primary, alice)


@pytest.mark.parametrize(
    "texts", [['"somebody"'], ['"one"', '"two"'], ['"two" "strings"'], ['"\\255\\000"'], ['""']], ids=str
)
def test_whatever_somebody_wrote_at_the_fence_is_healed_by_the_next_message(
    primary: Server, zone: Zone, alice: str, texts: list[str]
):
    outbox.publish(zone, {alice: a("192.0.2.1")})
    drain(zone)
    update = by_hand(primary, zone.name)
    update.replace(f"{FENCE_LABEL}.{zone.name}.", 60, "TXT", *texts)
    send_by_hand(primary, update)
    outbox.publish(zone, {alice: a("192.0.2.2")})
    drain(zone)
    zone.refresh_from_db()
    assert not zone.is_failing
    assert answers(primary, alice) == {"192.0.2.2"}
    assert len(answers(primary, f"{FENCE_LABEL}.{zone.name}", "TXT")) == 1


def test_a_session_whose_answer_was_lost_asks_for_the_fence_again(primary: Server, zone: Zone, alice: str, impatient):
    outbox.publish(zone, {alice: a("192.0.2.1")})
    drain(zone)
    session = publisher_of(zone)
    session.learn_fence()
    primary.freeze()
    with pytest.raises(Unreachable):
        session.send([Change(1, alice, 2, a("192.0.2.2"))])
    primary.thaw()
    outbox.publish(zone, {alice: a("192.0.2.3")})
    while drain_now(zone).is_failing:
        pass
    assert answers(primary, alice) == {"192.0.2.3"}
