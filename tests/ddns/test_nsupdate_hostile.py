"""Messages at the listener that nobody sends by accident: each is answered or dropped, none is fatal, none writes."""

import struct
from ipaddress import ip_address

import dns.flags
import dns.message
import dns.name
import dns.rcode
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from ddns import keys
from ddns.models import AddressUpdate, Record
from ddns.nsupdate import handler
from ddns.nsupdate.apexes import Apexes
from ddns.nsupdate.handler import Arrival, NoKeys, StoredKeys
from dnsupdate.serving import requests
from dnsupdate.serving.errors import MalformedMessageError
from tests.ddns.nsupdate_client import ZONE, client
from tests.dnsupdate import hostile_messages
from tests.dnsupdate.hostile_messages import HEADER, headers, labels, numbers, signed

HOME = ip_address("198.51.100.9")
QUESTION = dns.name.from_text(ZONE).to_wire() + struct.pack("!HH", 6, 1)
many = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def router(alice, home):
    return client(keys.create(alice, label="router")[0])


def check(packet: bytes, stored: NoKeys | StoredKeys, source) -> None:
    """A well-formed response to it, and never one that blames us."""
    try:
        request = requests.read(packet)
    except MalformedMessageError:
        return
    wire = handler.answer(Arrival(request, source, True), Apexes(), stored).wire
    assert wire[:2] == packet[:2]
    assert wire[2] & 0x80
    assert wire[2] & 0x78 == packet[2] & 0x78
    assert wire[3] & 0xF != dns.rcode.SERVFAIL
    as_query = wire[:2] + bytes([wire[2] & 0x87]) + wire[3:]  # dnspython reads no wrong zone section back
    dns.message.from_wire(as_query, keyring=False, one_rr_per_rrset=True)


pieces = st.just(QUESTION) | hostile_messages.pieces
source = st.ip_addresses()


@many
@given(header=headers, body=st.lists(pieces, max_size=12), source=source)
def test_octets_that_look_like_messages(header, body, source):
    check(header + b"".join(body), NoKeys(), source)


@many
@given(
    owner=st.sampled_from(
        [b"\x04home\xc0\x0c", b"\x01*\x04home\xc0\x0c", b"\x0f_acme-challenge\x04home\xc0\x0c", b"\xc0\x0c"]
    )
    | labels.map(lambda label: label + b"\xc0\x0c"),
    rdtype=numbers,
    rdclass=st.sampled_from([1, 254, 255, 3]),
    ttl=st.sampled_from([0, 60, 2**32 - 1]),
    rdata=st.binary(max_size=60),
    counts=st.sampled_from([(0, 1), (1, 0)]),
)
def test_signed_updates_with_rubbish_inside(router, owner, rdtype, rdclass, ttl, rdata, counts):
    record = owner + struct.pack("!HHIH", rdtype, rdclass, ttl, len(rdata)) + rdata
    message = HEADER.pack(1, 0x2800, 1, *counts, 0) + QUESTION + record

    check(signed(message, router.key), StoredKeys(), HOME)


@many
@given(data=st.data())
def test_a_changed_octet_is_never_believed(router, data):
    update = router.update()
    update.add("home", 60, "A", "203.0.113.7")
    update.add("_acme-challenge.home", 60, "TXT", "value")
    original = update.to_wire()
    packet = bytearray(original)
    # The id is the client's own affair: the original one is signed (RFC 8945 §4.3.2).
    position = data.draw(st.integers(2, len(packet) - 1))
    packet[position] ^= data.draw(st.integers(1, 255))
    # Capitals in the names of key and algorithm mean nothing (RFC 8945 §4.3.3).
    assume(bytes(packet).lower() != original.lower())

    check(bytes(packet), StoredKeys(), HOME)

    assert not AddressUpdate.objects.exists()
    assert not Record.objects.exists()
