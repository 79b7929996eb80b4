"""What the listener says at once, without the database: nothing that makes it a tool against others."""

import asyncio
import struct
import time
from collections.abc import Awaitable

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.tsig
import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ddns.nsupdate.apexes import Apexes
from ddns.nsupdate.listener import LONG_ANSWERS_PER_SECOND, MAX_MESSAGE, Listener
from dnsupdate.apex_records import ApexRecords
from dnsupdate.queries import Record
from dnsupdate.serving import allowance
from tests.ddns.nsupdate_client import ZONE, Client

PEER = "192.0.2.53"


@pytest.fixture
def listener(monkeypatch):
    """Knows ddns.test; its clock stands still."""
    monkeypatch.setattr(allowance, "monotonic", lambda: 1000.0)
    # So that the test can close the connection to the database that the one thread has.
    monkeypatch.setattr("django.conf.settings.NSUPDATE_THREADS", 1)
    apexes = Apexes()
    soa = dns.rdata.from_text("IN", "SOA", f"ns1.{ZONE}. hostmaster.{ZONE}. 1 3600 600 1209600 60").to_wire()
    apexes.know(ZONE, ApexRecords((Record("SOA", 60, soa),), ()))
    listener = Listener(apexes)
    yield listener
    listener.close()


def question(name: str = ZONE, rdtype: str = "SOA") -> bytes:
    return dns.message.make_query(name, rdtype).to_wire()


@pytest.mark.parametrize("packet", [b"", b"\0" * 11, b"\0\1\x80" + b"\0" * 9, b"\0\1\xa8\0" + b"\xff" * 99])
def test_a_stump_or_a_response_is_not_answered(listener, packet):
    for is_tcp in (False, True):
        assert listener.answer(packet, PEER, is_tcp) == ()


def test_a_response_to_our_own_answer_is_not_answered(listener):
    (answer,) = listener.answer(question(), PEER, False)

    assert listener.answer(answer, PEER, False) == ()


def test_so_many_questions_for_the_apex_a_second_are_answered_over_udp_and_the_rest_is_sent_to_tcp(listener):
    answers = [listener.answer(question(), PEER, False)[0] for _ in range(LONG_ANSWERS_PER_SECOND + 1)]

    *full, cut = map(dns.message.from_wire, answers)
    assert all(answer.answer for answer in full)
    assert cut.flags & dns.flags.TC
    assert len(answers[-1]) < len(question())
    (by_tcp,) = listener.answer(question(), PEER, True)
    assert dns.message.from_wire(by_tcp).answer


def test_a_message_that_is_too_long_is_not_read(listener):
    (answer,) = listener.answer(question() + b"\0" * MAX_MESSAGE, PEER, False)

    assert answer[3] & 0xF == dns.rcode.FORMERR


long_names = st.lists(st.text("xyz", min_size=1, max_size=60), min_size=1, max_size=4).map(".".join)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(key_name=long_names, zone=long_names, is_update=st.booleans(), size=st.sampled_from([None, 512, 65535]))
def test_unproven_clients_get_no_more_over_udp_than_they_sent(listener, key_name, zone, is_update, size):
    for _ in range(LONG_ANSWERS_PER_SECOND):
        listener.answer(question(), PEER, False)
    stranger = Client(dns.tsig.Key(key_name, b"guessed", dns.tsig.HMAC_SHA256))
    message = stranger.update(zone) if is_update else stranger.query(zone, "SOA")
    message.use_edns(None if size is None else 0, payload=size or 0)
    packet = message.to_wire()

    (answer,) = listener.answer(packet, PEER, False)

    assert len(answer) <= len(packet)


def tsig_with_a_pointer(key_name: str) -> bytes:
    """A question for a long name, which the TSIG record's algorithm points to: written out, it is a long one again."""
    long_name = dns.name.from_text(".".join(["x" * 60] * 4)).to_wire()
    head = struct.pack("!HHHHHH", 1, 0, 1, 0, 0, 1) + long_name + struct.pack("!HH", 6, 1)
    rdata = b"\xc0\x0c" + struct.pack("!HIHH", 0, int(time.time()), 300, 0) + struct.pack("!HHH", 1, 0, 0)
    return head + dns.name.from_text(key_name).to_wire() + struct.pack("!HHIH", 250, 255, 0, len(rdata)) + rdata


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("key_name", ["kaaaaaaaaaa", "alice"])
def test_a_name_that_grows_when_it_is_written_out_does_not_make_the_answer_longer(listener, key_name):
    packet = tsig_with_a_pointer(key_name)
    for _ in range(LONG_ANSWERS_PER_SECOND):
        listener.answer(question(), PEER, False)

    async def ask() -> bytes:
        answers = listener.answer(packet, PEER, False)
        (answer,) = await answers if isinstance(answers, Awaitable) else answers
        return answer

    answer = asyncio.run(ask())
    listener._pool.submit(lambda: connection.close()).result()

    assert answer[3] & 0xF == dns.rcode.NOTAUTH
    assert len(answer) <= len(packet)
