"""Packets that nobody sends by accident: each is answered or dropped, none is fatal."""

import random
import socket
import struct

import dns.message
import dns.name
import dns.rcode
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from . import hostile_messages
from .embedded_server import APEX, KEY, Files, new_update, running, texts
from .hostile_messages import HEADER, headers, numbers

QUESTION = dns.name.from_text(APEX).to_wire() + struct.pack("!HH", 6, 1)


@pytest.fixture(scope="module")
def handler(tmp_path_factory):
    handler = Files(tmp_path_factory.mktemp("hostile")).handler()
    yield handler
    handler.catalog.close()


def check(handler, packet: bytes) -> None:
    """Whatever comes, what goes out are well-formed responses to it, and the server still serves."""
    for is_tcp in (False, True):
        for wire in handler.answer(packet, is_tcp=is_tcp):
            assert wire[:2] == packet[:2]
            assert wire[2] & 0x80
            assert wire[2] & 0x78 == packet[2] & 0x78
            assert wire[3] & 0xF != dns.rcode.SERVFAIL, "SERVFAIL is for our own failures"
            as_query = wire[:2] + bytes([wire[2] & 0x87]) + wire[3:]  # dnspython reads no wrong zone section back
            dns.message.from_wire(as_query, keyring=False, one_rr_per_rrset=True)
    (soa,) = handler.answer(dns.message.make_query(APEX, "SOA", id=1).to_wire(), is_tcp=True)
    assert dns.message.from_wire(soa).rcode() == dns.rcode.NOERROR


many = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@many
@given(packet=st.binary(max_size=600))
def test_random_octets(handler, packet):
    check(handler, packet)


pieces = st.just(QUESTION) | hostile_messages.pieces


@many
@given(header=headers, body=st.lists(pieces, max_size=12))
def test_octets_that_look_like_messages(handler, header, body):
    check(handler, header + b"".join(body))


def signed_update() -> bytes:
    update = new_update()
    update.present("alice")
    update.add("alice", 60, "A", "192.0.2.1")
    update.add("alice", 60, "MX", "10 mail")
    update.delete("bob", "A", "192.0.2.2")
    return update.to_wire()


@many
@given(data=st.data())
def test_messages_with_changed_octets(handler, data):
    packet = bytearray(data.draw(st.sampled_from([signed_update(), whole_query()])))
    for _ in range(data.draw(st.integers(1, 4))):
        packet[data.draw(st.integers(0, len(packet) - 1))] = data.draw(st.integers(0, 255))

    check(handler, bytes(packet))


def whole_query() -> bytes:
    query = dns.message.make_query(f"x.{APEX}", "A", use_edns=0, want_dnssec=True)
    query.use_tsig(KEY)
    return query.to_wire()


def test_message_cut_anywhere(handler):
    for packet in (signed_update(), whole_query()):
        for length in range(len(packet)):
            check(handler, packet[:length])


def signed(wire: bytes) -> bytes:
    return hostile_messages.signed(wire, KEY)


@many
@given(
    body=st.lists(pieces, max_size=12),
    counts=st.tuples(st.integers(0, 3), st.integers(0, 3)),
    rdtype=numbers,
    rdclass=st.sampled_from([1, 254, 255, 3]),
    rdata=st.binary(max_size=60),
)
def test_signed_updates_with_rubbish_inside(handler, body, counts, rdtype, rdclass, rdata):
    head = HEADER.pack(1, 0x2800, 1, *counts, 0)
    record = b"\xc0\x0c" + struct.pack("!HHIH", rdtype, rdclass, 0, len(rdata)) + rdata

    check(handler, signed(head + QUESTION + record + b"".join(body)))
    check(handler, signed(HEADER.pack(1, 0x2800, 1, 0, 1, 0) + QUESTION + record))


@settings(many, max_examples=100)
@given(rdtype=st.integers(0, 65535), rdata=st.binary(max_size=40))
def test_rdata_of_any_type_is_taken_or_refused_and_transferred(handler, rdtype, rdata):
    record = b"\x01r\xc0\x0c" + struct.pack("!HHIH", rdtype, 1, 0, len(rdata)) + rdata
    check(handler, signed(HEADER.pack(1, 0x2800, 1, 0, 1, 0) + QUESTION + record))

    query = dns.message.make_query(APEX, "AXFR")
    query.use_tsig(KEY)
    check(handler, query.to_wire())
    check(handler, dns.message.make_query(f"r.{APEX}", "ANY").to_wire())


def chained_pointers() -> bytes:
    """32 KiB of pointers, each to the one before, and as many records as fit that begin at the last."""
    chain = b"".join(struct.pack("!H", 0xC000 | max(12, offset - 2)) for offset in range(12, 0x3FFE, 2))
    record = struct.pack("!H", 0xC000 | 0x3FFC) + struct.pack("!HHIH", 1, 1, 0, 0)
    return HEADER.pack(1, 0, 0, 65535, 0, 0) + b"\0" + chain[1:] + record * 3000


def long_name_then_pointers() -> bytes:
    question = b"\x3f" + b"x" * 63 + b"\xc0\x0c" + struct.pack("!HH", 1, 1)
    return HEADER.pack(1, 0, 1, 0, 0, 0) + question


KNOWN_TRICKS = {
    "pointer to itself": HEADER.pack(1, 0, 1, 0, 0, 0) + b"\xc0\x0c\0\x01\0\x01",
    "pointer forwards": HEADER.pack(1, 0, 1, 0, 0, 0) + b"\xc0\x0e\0\0\x01\0\x01",
    "pointer into the header": HEADER.pack(1, 0, 1, 0, 0, 0) + b"\xc0\x04\0\x01\0\x01",
    "pointers in a circle": HEADER.pack(1, 0, 2, 0, 0, 0) + b"\xc0\x12\0\x01\0\x01\xc0\x0c\0\x01\0\x01",
    "name that grows by a pointer": long_name_then_pointers(),
    "chain of pointers": chained_pointers(),
    "huge counts": HEADER.pack(1, 0, 65535, 65535, 65535, 65535) + QUESTION,
    "huge counts, signed": signed(HEADER.pack(1, 0x2800, 1, 0, 65535, 0) + QUESTION),
    "name of 256 octets": HEADER.pack(1, 0, 1, 0, 0, 0) + (b"\x3f" + b"x" * 63) * 4 + b"\0\0\x01\0\x01",
    "label of a reserved kind": HEADER.pack(1, 0, 1, 0, 0, 0) + b"\x40x\0\0\x01\0\x01",
    "rdata beyond the end": HEADER.pack(1, 0, 0, 1, 0, 0) + b"\0" + struct.pack("!HHIH", 1, 1, 0, 65535),
    "two OPT records": HEADER.pack(1, 0, 1, 0, 0, 2) + QUESTION + (b"\0\0\x29\x04\xd0\0\0\0\0\0\0") * 2,
    "OPT that is not at the root": HEADER.pack(1, 0, 1, 0, 0, 1) + QUESTION + b"\x01x\0\0\x29\x04\xd0" + b"\0" * 6,
    "OPT as an answer": HEADER.pack(1, 0, 1, 1, 0, 0) + QUESTION + b"\0\0\x29\x04\xd0\0\0\0\0\0\0",
    "trailing octets": HEADER.pack(1, 0, 1, 0, 0, 0) + QUESTION + b"!",
    "no question": HEADER.pack(1, 0, 0, 0, 0, 0),
    "two questions": HEADER.pack(1, 0, 2, 0, 0, 0) + QUESTION * 2,
}


@pytest.mark.parametrize("trick", KNOWN_TRICKS)
def test_known_trick_is_malformed(handler, trick):
    packet = KNOWN_TRICKS[trick]

    check(handler, packet)
    (wire,) = handler.answer(packet, is_tcp=True)
    assert wire[3] & 0xF in (dns.rcode.FORMERR, dns.rcode.NOTAUTH)


@pytest.mark.parametrize("packet", [b"", b"\0", b"\0" * 11, b"\0\1\x80" + b"\0" * 9, b"\0\1\xa8\0" + b"\xff" * 99])
def test_stump_or_response_is_not_answered(handler, packet):
    assert list(handler.answer(packet, is_tcp=False)) == []
    assert list(handler.answer(packet, is_tcp=True)) == []


def test_response_to_our_own_answer_is_not_answered(handler):
    (answer,) = handler.answer(dns.message.make_query(APEX, "SOA").to_wire(), is_tcp=False)

    assert list(handler.answer(answer, is_tcp=False)) == []


def test_sockets_survive_all_of_it(tmp_path):
    generator = random.Random(1034)
    packets = [*KNOWN_TRICKS.values(), signed_update()[:-3]]
    packets += [generator.randbytes(generator.randrange(1, 512)) for _ in range(300)]
    with running(Files(tmp_path)) as nameserver:
        where = (nameserver.host, nameserver.port)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            for packet in packets:
                udp.sendto(packet[:60_000], where)
        for packet in packets:
            with socket.create_connection(where) as tcp:
                tcp.sendall(struct.pack("!H", len(packet) & 0xFFFF) + packet)
        assert texts(nameserver.tcp(dns.message.make_query(f"ns1.{APEX}", "A"))) == {"127.0.0.1"}
        assert nameserver.process.poll() is None
    assert "Traceback" not in nameserver.log.read_text()
