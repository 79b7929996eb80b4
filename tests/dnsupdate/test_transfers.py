"""Transfers from servers that are broken or hostile: a clear error, never a crash, never a zone that is not signed for."""

import struct
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from types import SimpleNamespace

import dns.message
import dns.name
import dns.rrset
import dns.tsig
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnsupdate import sequences, transfers, wire, zones
from dnsupdate.errors import ClockSkew, KeyRefused, TransferFailed, Unreachable, ZoneMissing
from dnsupdate.models import TsigKey, Zone
from dnsupdate.transfers import Changes, Whole
from dnsupdate.wire import Apex
from tests.dnsupdate.transfer_server import TransferServer, message, signed

APEX = "ddns.example"
SOA = f"{APEX}. 60 SOA ns.{APEX}. hostmaster.{APEX}. 7 3600 600 1209600 60"
ALICE, BOB = f"alice.{APEX}. 60 A 192.0.2.1", f"bob.{APEX}. 60 A 192.0.2.2"


def soa(serial: int) -> str:
    return SOA.replace(" 7 ", f" {serial} ")


@pytest.fixture
def key() -> dns.tsig.Key:
    return dns.tsig.Key("publisher", "c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0", "hmac-sha256")


@pytest.fixture
def server(key: dns.tsig.Key) -> Iterator[TransferServer]:
    with TransferServer(key) as server:
        yield server


@pytest.fixture
def zone(db, server: TransferServer) -> Zone:
    row = TsigKey(name="publisher", algorithm="hmac-sha256")
    row.secret = "c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0"
    return zones.add(APEX, host=server.host, port=server.port, key=row)


def answer(server: TransferServer, *messages: Sequence[str], unsigned: Sequence[int] = (), **changes) -> None:
    """Lets it answer with messages of these records; changes are set on the first of them."""

    def build(request: dns.message.Message) -> list[bytes]:
        built = [message(request, *records) for records in messages]
        for name, value in changes.items():
            setattr(built[0], name, value)
        return signed(request, server.key, built, unsigned=unsigned)

    server.answer = build


def names(zone: Zone) -> set[bytes]:
    return set(transfers.whole(zone).names)


def test_a_transfer_in_one_message_and_in_many(server: TransferServer, zone: Zone):
    answer(server, [SOA, ALICE, BOB, SOA])
    assert names(zone) == {b"", b"alice", b"bob"}
    answer(server, [SOA], [ALICE], [BOB, SOA])
    assert names(zone) == {b"", b"alice", b"bob"}


def test_messages_in_between_may_be_unsigned_up_to_99(server: TransferServer, zone: Zone):
    many = [[f"h{number}.{APEX}. 60 A 192.0.2.1"] for number in range(99)]
    answer(server, [SOA], *many, [SOA], unsigned=range(1, 100))
    assert len(names(zone)) == 100
    answer(server, [SOA], *many, [BOB], [SOA], unsigned=range(1, 101))
    with pytest.raises(KeyRefused, match="more than 99 messages"):
        transfers.whole(zone)


def test_the_signers_records_are_left_out(server: TransferServer, zone: Zone):
    signer = [
        f"{APEX}. 60 NSEC alice.{APEX}. SOA NSEC RRSIG",
        f"{APEX}. 60 DNSKEY 257 3 13 mdsswUyr3DPW132mOi8V9xESWE8jTo0dxCjjnopKl+GqJxpVXckHAeF+KkxLbxILfDLUT0rAK9iUzy1L53eKGQ==",
        f"{APEX}. 60 TYPE65534 \\# 5 0d00010001",
        f"only.{APEX}. 60 NSEC3 1 0 0 - 2T7B4G4VSA5SMI47K61MV5BV1A22BOJR A RRSIG",
    ]
    answer(server, [SOA, *signer, ALICE, SOA])
    assert transfers.transfer(zone).keys() == {APEX, f"alice.{APEX}"}
    assert transfers.transfer(zone)[APEX].keys() == {"SOA"}


def test_names_are_read_whatever_they_hold(server: TransferServer, zone: Zone):
    odd = [f"a\\.b.{APEX}. 60 A 192.0.2.1", f"*.WILD.{APEX}. 60 A 192.0.2.1", f"\\000.x.y.{APEX}. 60 A 192.0.2.1"]
    answer(server, [SOA, *odd, SOA])
    assert names(zone) == {b"", b"a\\.b", b"*.wild", b"\\000.x.y"}


BROKEN: dict[str, tuple[list[list[str]], str]] = {
    "no SOA record first": ([[ALICE, SOA]], "does not begin with the zone's SOA"),
    "nothing": ([[]], "closed before the end"),
    "the SOA record of another zone": ([[SOA.replace(APEX, "other.example")]], "a name of another zone, other.example"),
    "a name of another zone": ([[SOA, "alice.other.example. 60 A 192.0.2.1", SOA]], "alice.other.example"),
    "a name above the zone": ([[SOA, "example. 60 A 192.0.2.1", SOA]], "of another zone, example"),
    "a name that only ends alike": ([[SOA, f"x{APEX}. 60 A 192.0.2.1", SOA]], f"of another zone, x{APEX}"),
    "another SOA record at its end": ([[soa(7), ALICE, soa(8)]], "its end is not its end"),
    "records behind its end": ([[SOA, ALICE, SOA, BOB]], "its end is not its end"),
    "no end": ([[SOA, ALICE], [BOB]], "closed before the end"),
    "a SOA record below the apex": ([[SOA, SOA.replace(APEX, f"sub.{APEX}", 1), SOA]], "its end is not its end"),
}


@pytest.mark.parametrize(("messages", "reason"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_transfer_says_what_is_broken(
    server: TransferServer, zone: Zone, messages: list[list[str]], reason: str
):
    answer(server, *messages)
    with pytest.raises(TransferFailed, match=reason) as failure:
        transfers.whole(zone)
    assert str(failure.value).startswith(f"The zone's transfer is not usable: {APEX} from 127.0.0.1:{server.port}")
    with pytest.raises(TransferFailed, match=reason):
        transfers.transfer(zone)


def test_a_wrong_signature_is_found_in_any_message(server: TransferServer, zone: Zone):
    for broken in range(3):

        def build(request: dns.message.Message, broken: int = broken) -> list[bytes]:
            wires = signed(request, server.key, [message(request, each) for each in (SOA, ALICE, SOA)])
            # Within the first record's TTL: what is read is well-formed all the same.
            position = wires[broken].index(b"\0\0\0\x3c")
            wires[broken] = wires[broken][:position] + b"\0\0\0\x3d" + wires[broken][position + 4 :]
            return wires

        server.answer = build
        with pytest.raises((KeyRefused, TransferFailed)) as failure:
            transfers.whole(zone)
        assert isinstance(failure.value, KeyRefused) or broken == 2


def test_a_change_in_an_unsigned_message_is_found_by_the_next_signature(server: TransferServer, zone: Zone):
    def build(request: dns.message.Message) -> list[bytes]:
        wires = signed(request, server.key, [message(request, each) for each in (SOA, ALICE, SOA)], unsigned=[1])
        wires[1] = wires[1].replace(bytes([192, 0, 2, 1]), bytes([192, 0, 2, 66]))
        return wires

    server.answer = build
    with pytest.raises(KeyRefused, match="BadSignature"):
        transfers.whole(zone)


def test_a_message_left_out_or_put_in_is_found(server: TransferServer, zone: Zone):
    def leave_out(request: dns.message.Message) -> list[bytes]:
        wires = signed(request, server.key, [message(request, each) for each in (SOA, ALICE, SOA)])
        return [wires[0], wires[2]]

    def put_in(request: dns.message.Message) -> list[bytes]:
        wires = signed(request, server.key, [message(request, each) for each in (SOA, SOA)])
        return [wires[0], message(request, ALICE).to_wire(), wires[1]]

    for server.answer in (leave_out, put_in):
        with pytest.raises(KeyRefused, match="BadSignature"):
            transfers.whole(zone)


def test_a_transfer_must_begin_and_end_signed(server: TransferServer, zone: Zone):
    answer(server, [SOA, ALICE, SOA], unsigned=[0])
    with pytest.raises(KeyRefused, match="not signed"):
        transfers.whole(zone)
    answer(server, [SOA], [ALICE, SOA], unsigned=[1])
    with pytest.raises(TransferFailed, match="its last message is not signed"):
        transfers.whole(zone)


def test_another_key_and_another_clock_are_refused(server: TransferServer, zone: Zone, monkeypatch: pytest.MonkeyPatch):
    stranger = dns.tsig.Key("publisher", "b3RoZXIgb3RoZXIgb3RoZXIgb3RoZXIgb3RoZXI=", "hmac-sha256")

    def build(request: dns.message.Message) -> list[bytes]:
        return signed(request, stranger, [message(request, SOA, SOA)])

    server.answer = build
    with pytest.raises(KeyRefused, match="BadSignature"):
        transfers.whole(zone)
    answer(server, [SOA, SOA])
    later = SimpleNamespace(time=lambda: time.time() + 1000, monotonic=time.monotonic)
    monkeypatch.setattr(sequences, "time", later)
    with pytest.raises(ClockSkew):
        transfers.whole(zone)


def test_an_answer_to_another_request_is_not_taken(server: TransferServer, zone: Zone):
    answer(server, [SOA, ALICE, SOA], id=4711)
    with pytest.raises(TransferFailed, match="belongs to another request"):
        transfers.whole(zone)
    answer(server, [SOA, ALICE, SOA], flags=0)
    with pytest.raises(TransferFailed, match="belongs to another request"):
        transfers.whole(zone)
    answer(server, [SOA, ALICE, SOA], question=[dns.rrset.RRset(dns.name.from_text("other.example."), 1, 252)])
    with pytest.raises(TransferFailed, match="answers another question"):
        transfers.whole(zone)


@pytest.mark.parametrize(
    ("rcode", "error", "words"),
    [(9, ZoneMissing, "does not serve"), (5, TransferFailed, "REFUSED"), (2, TransferFailed, "SERVFAIL")],
    ids=["NOTAUTH", "REFUSED", "SERVFAIL"],
)
@pytest.mark.parametrize("unsigned", [[], [0]], ids=["signed", "unsigned"])
def test_a_refusal_says_so(
    server: TransferServer, zone: Zone, rcode: int, error: type, words: str, unsigned: list[int]
):
    answer(server, [], unsigned=unsigned, flags=0x8000 | rcode)
    with pytest.raises(error, match=words):
        transfers.whole(zone)


def raw(*records: bytes, count: int | None = None):
    """A message whose answers are these octets behind the question for the zone's AXFR."""
    apex = b"\x04ddns\x07example\0"

    def build(request: dns.message.Message) -> list[bytes]:
        header = struct.pack("!HHHHHH", request.id, 0x8400, 1, len(records) if count is None else count, 0, 0)
        return [header + apex + struct.pack("!HH", 252, 1) + b"".join(records)]

    return build


FIXED = struct.pack("!HHIH", 1, 1, 60, 4) + bytes([192, 0, 2, 1])
MALFORMED = {
    "a name that points at itself": raw(b"\xc0\x1e" + FIXED),
    "a name that points forwards": raw(b"\xc1\xff" + FIXED),
    "two names that point at each other": raw(b"\xc0\x20\xc0\x1e" + FIXED),
    "labels that never end": raw(b"\x3f" + b"a" * 63 + b"\xc0\x1e" + FIXED),
    "a name of 300 octets": raw((b"\x3b" + b"a" * 59) * 5 + b"\xc0\x0c" + FIXED),
    "a label of a reserved kind": raw(b"\x80a\xc0\x0c" + FIXED),
    "a record that is cut": raw(b"\xc0\x0c" + FIXED[:-1]),
    "a record without rdata": raw(b"\xc0\x0c" + FIXED[:7]),
    "fewer records than it says": raw(b"\xc0\x0c" + FIXED, count=2),
    "65,535 records in nothing": raw(count=65535),
    "a header that is cut": lambda request: [request.to_wire()[:9]],
    "an empty message": lambda request: [b""],
    "a SOA record of no length": raw(b"\xc0\x0c" + struct.pack("!HHIH", 6, 1, 60, 0)),
    "a name in rdata that points at itself": raw(b"\xc0\x0c" + struct.pack("!HHIH", 2, 1, 60, 2) + b"\xc0\x2a"),
    "a signature that is cut": lambda request: [
        struct.pack("!HHHHHH", request.id, 0x8400, 0, 0, 0, 1) + b"\x01k\0" + struct.pack("!HHIH", 250, 255, 0, 90)
    ],
}


@pytest.mark.parametrize("build", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_message_ends_in_an_error(server: TransferServer, zone: Zone, build):
    server.answer = build
    with pytest.raises(TransferFailed, match=f"{APEX} from"):
        transfers.whole(zone)


@given(st.binary(max_size=300), st.integers(0, 4))
def test_whatever_octets_come_are_records_or_an_error(octets: bytes, count: int):
    with suppress(TransferFailed):
        records, end = wire.read_records(octets, 0, count, Apex(APEX))
        assert len(records) <= count
        assert end <= len(octets)


@given(st.data())
def test_a_message_with_octets_changed_is_records_or_an_error(data: st.DataObject):
    octets = bytearray(b"\4ddns\7example\0" + b"\5alice\xc0\0" + FIXED + b"\xc0\x0e" + FIXED + b"\1*\xc0\x0e" + FIXED)
    for _ in range(data.draw(st.integers(1, 3))):
        octets[data.draw(st.integers(0, len(octets) - 1))] = data.draw(st.sampled_from([0, 1, 63, 64, 128, 192, 255]))
    with suppress(TransferFailed):
        wire.read_records(bytes(octets), 14, 3, Apex(APEX))


def test_a_zone_without_end_does_not_fill_the_memory(
    server: TransferServer, zone: Zone, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(transfers, "MOST_NAMES", 1000)
    many = [[f"h{number}-{each}.{APEX}. 60 A 192.0.2.1" for each in range(200)] for number in range(6)]
    answer(server, [SOA], *many, [SOA])
    with pytest.raises(TransferFailed, match="more than 1,000 names"):
        transfers.whole(zone)
    answer(server, [SOA], *[[f"{APEX}. 60 TXT {'x' * 250}"] for _ in range(600)], [SOA])
    with pytest.raises(TransferFailed, match="a name holds more records"):
        transfers.whole(zone)


def test_a_trickle_ends_by_its_deadline(server: TransferServer, zone: Zone, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sequences, "MESSAGE_TIMEOUT", 0.3)
    held = []

    def hold(request: dns.message.Message) -> Iterator[bytes]:
        held.append(request)
        yield signed(request, server.key, [message(request, SOA)])[0]
        while True:
            # A message that is long in coming, octet by octet.
            yield b""
            time.sleep(0.05)

    server.answer = hold
    monkeypatch.setattr(sequences, "LIFETIME", 0.5)
    with pytest.raises((Unreachable, TransferFailed)):
        transfers.whole(zone)
    assert held


# --- IXFR ----------------------------------------------------------------------------------------------------


def test_changes_are_netted(server: TransferServer, zone: Zone):
    other = f"alice.{APEX}. 60 A 192.0.2.66"
    answer(server, [soa(9), soa(7), ALICE, soa(8), other], [soa(8), other, soa(9), ALICE, BOB, soa(9)])
    found = transfers.changes(zone, 7)
    assert isinstance(found, Changes)
    assert found.serial == 9
    assert {key.partition(b"\0")[0] for key in found.added} == {b"alice", b"bob"}
    assert [key[-4:] for key in found.deleted] == [bytes([192, 0, 2, 66])]


def test_a_server_that_has_no_newer_serial_says_so_in_one_record(server: TransferServer, zone: Zone):
    answer(server, [soa(7)])
    assert transfers.changes(zone, 7) == Changes(7, 7)
    assert transfers.changes(zone, 8) == Changes(8, 7)


def test_a_server_without_the_journal_sends_the_zone(server: TransferServer, zone: Zone):
    for messages in ([[soa(9), ALICE, soa(9)]], [[soa(9)], [ALICE, soa(9)]]):
        answer(server, *messages)
        found = transfers.changes(zone, 7)
        assert isinstance(found, Whole)
        assert set(found.names) == {b"", b"alice"}


BROKEN_CHANGES = {
    "from another serial": ([[soa(9), soa(6), ALICE, soa(9), BOB, soa(9)]], "do not follow one another"),
    "with a gap": ([[soa(9), soa(7), soa(8), ALICE, soa(5), soa(9), soa(9)]], "do not follow one another"),
    "without an end": ([[soa(9), soa(7), ALICE, soa(9), BOB]], "closed before the end"),
    "with records behind their end": ([[soa(9), soa(7), soa(9), ALICE, soa(9), BOB]], "its end is not its end"),
}


@pytest.mark.parametrize(("messages", "reason"), BROKEN_CHANGES.values(), ids=BROKEN_CHANGES.keys())
def test_broken_changes_say_what_is_broken(server: TransferServer, zone: Zone, messages: list[list[str]], reason: str):
    answer(server, *messages)
    with pytest.raises(TransferFailed, match=reason):
        transfers.changes(zone, 7)


@pytest.mark.parametrize(
    ("serial", "other", "is_newer"),
    [(2, 1, True), (1, 2, False), (1, 1, False), (0, 2**32 - 1, True), (2**32 - 1, 0, False), (2**31, 0, False)],
)
def test_serials_are_compared_on_a_circle(serial: int, other: int, is_newer: bool):
    assert transfers.is_newer(serial, other) is is_newer
