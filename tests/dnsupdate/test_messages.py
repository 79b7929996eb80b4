"""Messages: what is built says exactly what was meant, to another implementation, and answers become verdicts."""

import base64
import struct

import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.tsig
import dns.update
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnsupdate import messages, rrsets
from dnsupdate.errors import (
    ClockSkew,
    FenceMoved,
    InvalidRRset,
    KeyRefused,
    MessageTooBig,
    RecordsRefused,
    ServerFailed,
    UpdateForbidden,
    ZoneMissing,
)
from dnsupdate.messages import Change
from dnsupdate.models import TsigKey

APEX = "ddns.test"
NOW = 1_700_000_000
KEY = dns.tsig.Key("publisher.test", base64.b64encode(b"0123456789abcdef" * 2))
ADDRESSES = {
    "A": {"ttl": 60, "rdata": ["192.0.2.1", "192.0.2.2"]},
    "AAAA": {"ttl": 300, "rdata": ["2001:DB8::1"]},
}


def txt(text: str) -> bytes:
    return bytes([len(text)]) + text.encode()


def build(*changes: tuple[str, dict], key=KEY, fence=(), next_fence="s-1", now=NOW) -> messages.UpdateMessage:
    rows = [Change(number, name, 1, rrsets) for number, (name, rrsets) in enumerate(changes)]
    return messages.build(APEX, rows, key, message_id=4711, fence=fence, next_fence=next_fence, now=now)


@pytest.fixture(autouse=True)
def _now(time_machine):
    time_machine.move_to(NOW, tick=False)


def parse(message: messages.UpdateMessage, key=KEY) -> dns.update.UpdateMessage:
    return dns.message.from_wire(message.wire, keyring={key.name: key})


def lines(section) -> list[str]:
    """Each record as text; a deletion shows its class and no rdata."""
    found = []
    for rrset in section:
        class_name = dns.rdataclass.to_text(rrset.deleting if rrset.deleting is not None else rrset.rdclass)
        head = f"{rrset.name} {rrset.ttl} {class_name} {dns.rdatatype.to_text(rrset.rdtype)}"
        found += [f"{head} {rdata.to_text()}" for rdata in rrset] or [head]
    return found


# --- What a message says ---------------------------------------------------------------------------------


def test_a_name_is_deleted_and_then_gets_exactly_its_records():
    parsed = parse(build(("alice.ddns.test", ADDRESSES)))
    assert parsed.opcode() == dns.opcode.UPDATE
    assert parsed.id == 4711
    assert [(str(zone.name), zone.rdtype, zone.rdclass) for zone in parsed.zone] == [("ddns.test.", 6, 1)]
    assert lines(parsed.update) == [
        "alice.ddns.test. 0 ANY ANY",
        "alice.ddns.test. 60 IN A 192.0.2.1",
        "alice.ddns.test. 60 IN A 192.0.2.2",
        "alice.ddns.test. 300 IN AAAA 2001:db8::1",
        "_publisher.ddns.test. 0 ANY TXT",
        '_publisher.ddns.test. 0 IN TXT "s-1"',
    ]


def test_a_withdrawn_name_is_only_deleted():
    assert lines(parse(build(("*.alice.ddns.test", {}))).update)[:-2] == ["*.alice.ddns.test. 0 ANY ANY"]


def test_names_keep_their_order():
    names = [f"host-{number}.ddns.test" for number in (3, 1, 2)]
    deleted = lines(parse(build(*((name, {}) for name in names))).update)[:-2]
    assert [line.split()[0] for line in deleted] == [f"{name}." for name in names]


@pytest.mark.parametrize(
    ("type_name", "text"),
    [
        ("CNAME", "bob.example."),
        ("TXT", '"v=spf1 -all" "second string"'),
        ("MX", "10 mail.example."),
        ("SRV", "0 5 443 alice.example."),
        ("CAA", '0 issue "ca.example"'),
        ("SSHFP", "4 2 " + "ab" * 32),
        ("TYPE65280", "\\# 2 beef"),
    ],
)
def test_other_types_arrive_as_they_were_written(type_name: str, text: str):
    update = parse(build(("alice.ddns.test", {type_name: {"ttl": 60, "rdata": [text]}}))).update
    assert lines(update)[1] == f"alice.ddns.test. 60 IN {type_name} {text}"


labels = st.from_regex(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?", fullmatch=True)


@given(
    st.dictionaries(
        st.tuples(labels, labels).map(lambda pair: f"{pair[0]}.{pair[1]}.{APEX}"),
        st.fixed_dictionaries(
            {},
            optional={
                "A": st.fixed_dictionaries(
                    {
                        "ttl": st.integers(0, rrsets.MAX_TTL),
                        "rdata": st.lists(st.ip_addresses(v=4).map(str), min_size=1, max_size=3, unique=True),
                    }
                ),
                "AAAA": st.fixed_dictionaries(
                    {
                        "ttl": st.integers(0, rrsets.MAX_TTL),
                        "rdata": st.lists(st.ip_addresses(v=6).map(str), min_size=1, max_size=3, unique=True),
                    }
                ),
            },
        ),
        max_size=8,
    )
)
def test_another_implementation_reads_what_the_rows_say(wanted: dict):
    expected = []
    for name, of_name in wanted.items():
        expected.append(f"{name}. 0 ANY ANY")
        for type_name, rrset in of_name.items():
            expected += [f"{name}. {rrset['ttl']} IN {type_name} {text}" for text in rrset["rdata"]]
    message = build(*wanted.items())
    parsed = dns.message.from_wire(message.wire, keyring={KEY.name: KEY}, one_rr_per_rrset=True)
    assert lines(parsed.update)[:-2] == [_spelled_by_dnspython(line) for line in expected]


def _spelled_by_dnspython(line: str) -> str:
    *head, type_name, text = line.split(" ")
    if type_name != "AAAA":
        return line
    return " ".join([*head, type_name, dns.ipv6.inet_ntoa(dns.ipv6.inet_aton(text))])


# --- The fence --------------------------------------------------------------------------------------------


def test_the_first_message_requires_that_there_is_no_fence():
    assert lines(parse(build()).prerequisite) == ["_publisher.ddns.test. 0 NONE TXT"]


def test_a_later_message_requires_the_value_of_the_one_before():
    parsed = parse(build(fence=[txt("s-1")], next_fence="s-2"))
    assert lines(parsed.prerequisite) == ['_publisher.ddns.test. 0 IN TXT "s-1"']
    assert lines(parsed.update) == ["_publisher.ddns.test. 0 ANY TXT", '_publisher.ddns.test. 0 IN TXT "s-2"']


def test_whatever_somebody_put_at_the_fence_is_required_whole():
    parsed = parse(build(fence=[txt("s-1"), b"\x01\xff" + txt("x")]))
    assert lines(parsed.prerequisite) == [
        '_publisher.ddns.test. 0 IN TXT "s-1"',
        '_publisher.ddns.test. 0 IN TXT "\\255" "x"',
    ]


# --- The signature -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", TsigKey.Algorithm.values)
def test_every_algorithm_that_a_key_may_have_is_verified_by_another_implementation(algorithm: str):
    key = dns.tsig.Key("publisher.test", KEY.secret, algorithm)
    message = build(("alice.ddns.test", ADDRESSES), key=key)
    parsed = parse(message, key)
    assert parsed.had_tsig
    assert parsed.tsig[0].algorithm == dns.name.from_text(algorithm)
    assert parsed.tsig[0].time_signed == NOW
    assert parsed.tsig[0].fudge == 300
    assert parsed.mac == message.mac


def test_one_changed_octet_breaks_the_signature():
    wire = bytearray(build(("alice.ddns.test", ADDRESSES)).wire)
    wire[wire.index(bytes([192, 0, 2, 1])) + 3] ^= 1
    with pytest.raises(dns.tsig.BadSignature):
        dns.message.from_wire(bytes(wire), keyring={KEY.name: KEY})


# --- What cannot be sent -----------------------------------------------------------------------------------


def test_more_than_a_message_holds_is_too_big():
    changes = [(f"{number:063}.ddns.test", ADDRESSES) for number in range(500)]
    with pytest.raises(MessageTooBig):
        build(*changes)
    assert len(build(*changes[:150]).wire) <= 65535


def test_the_largest_message_that_is_built_fits_its_length_field():
    long_txt = {"TXT": {"ttl": 60, "rdata": [" ".join(['"' + "x" * 255 + '"'] * 240)]}}
    assert 61_000 < len(build(("alice.ddns.test", long_txt)).wire) <= 65535


@pytest.mark.parametrize(
    ("type_name", "text"),
    [
        ("A", "192.0.2.256"),
        ("A", ""),
        ("AAAA", "2001:db8::x"),
        ("MX", "mail.example."),
        ("NOSUCHTYPE", "x"),
        ("TXT", '"' + "x" * 256 + '"'),
        ("CNAME", "bob..example."),
        ("CNAME", "bob"),
        ("A", "192.0.2.1 192.0.2.2"),
        ("A", "2001:db8::1"),
        ("AAAA", "192.0.2.1"),
        ("A", "fe80::1%1"),
        ("AAAA", "fe80::1%1"),
    ],
)
def test_rdata_without_a_wire_form_is_named(type_name: str, text: str):
    with pytest.raises(InvalidRRset):
        build(("alice.ddns.test", {type_name: {"ttl": 60, "rdata": [text]}}))


@pytest.mark.parametrize(
    "records",
    [
        {"CNAME": {"ttl": 60, "rdata": ["bob.example."]}, "A": {"ttl": 60, "rdata": ["192.0.2.1"]}},
        {"CNAME": {"ttl": 60, "rdata": ["bob.example.", "carol.example."]}},
        {"A": {"ttl": -1, "rdata": ["192.0.2.1"]}},
        {"A": {"ttl": rrsets.MAX_TTL + 1, "rdata": ["192.0.2.1"]}},
        {"A": {"ttl": 60, "rdata": ["2001:db8::1"]}},
        {"AAAA": {"ttl": 60, "rdata": ["192.0.2.1"]}},
        {"AAAA": {"ttl": 60, "rdata": ["fe80::1%1"]}},
        {"NOSUCHTYPE": {"ttl": 60, "rdata": ["x"]}},
    ],
)
def test_records_that_cannot_stand_are_refused_before_they_are_stored(records: dict):
    with pytest.raises(InvalidRRset):
        rrsets.check(records)


@pytest.mark.parametrize(
    "records",
    [
        {},
        ADDRESSES,
        {"CNAME": {"ttl": 0, "rdata": ["bob.example."]}},
        {"A": {"ttl": rrsets.MAX_TTL, "rdata": ["192.0.2.1"]}},
    ],
)
def test_records_that_can_stand_pass(records: dict):
    rrsets.check(records)


# --- Answers -----------------------------------------------------------------------------------------------


def answer(
    message: messages.UpdateMessage, rcode: int = 0, *, key=KEY, tsig_error: int = 0, message_id: int = 4711
) -> bytes:
    """A server's answer, signed as dnspython signs one."""
    response = dns.message.make_response(parse(message))
    response.id = message_id
    response.set_rcode(rcode)
    if key is None:
        response.tsig = None
        return response.to_wire()
    response.use_tsig(key, fudge=300, tsig_error=tsig_error)
    response.request_mac = message.mac
    return response.to_wire()


def test_a_signed_noerror_is_an_acknowledgement():
    message = build(("alice.ddns.test", ADDRESSES))
    messages.check_answer(answer(message), message, KEY)


@pytest.mark.parametrize(
    ("rcode", "error"),
    [
        (dns.rcode.NXRRSET, FenceMoved),
        (dns.rcode.YXRRSET, FenceMoved),
        (dns.rcode.NOTAUTH, ZoneMissing),
        (dns.rcode.REFUSED, UpdateForbidden),
        (dns.rcode.SERVFAIL, ServerFailed),
        (dns.rcode.NOTIMP, ServerFailed),
        (dns.rcode.FORMERR, RecordsRefused),
        (dns.rcode.NOTZONE, RecordsRefused),
        (dns.rcode.YXDOMAIN, RecordsRefused),
    ],
)
def test_every_rcode_has_its_verdict(rcode: int, error: type):
    message = build()
    with pytest.raises(error):
        messages.check_answer(answer(message, rcode), message, KEY)


@pytest.mark.parametrize(
    ("tsig_error", "error"),
    [
        (dns.rcode.BADSIG, KeyRefused),
        (dns.rcode.BADKEY, KeyRefused),
        (dns.rcode.BADTRUNC, KeyRefused),
        (dns.rcode.BADTIME, ClockSkew),
    ],
)
def test_every_tsig_error_has_its_verdict(tsig_error: int, error: type):
    message = build()
    with pytest.raises(error):
        messages.check_answer(answer(message, dns.rcode.NOTAUTH, tsig_error=tsig_error), message, KEY)


def test_an_unsigned_noerror_is_no_acknowledgement():
    message = build()
    with pytest.raises(KeyRefused, match="not signed"):
        messages.check_answer(answer(message, key=None), message, KEY)


def test_an_unsigned_refusal_keeps_its_reason():
    message = build()
    with pytest.raises(RecordsRefused, match="FORMERR"):
        messages.check_answer(answer(message, dns.rcode.FORMERR, key=None), message, KEY)


def test_an_answer_signed_with_another_key_is_no_acknowledgement():
    message, stranger = build(), dns.tsig.Key("mallory.test", KEY.secret)
    forged = dns.tsig.Key(KEY.name, base64.b64encode(b"another secret of thirty-two oct"))
    for key in (stranger, forged):
        with pytest.raises(KeyRefused):
            messages.check_answer(answer(message, key=key), message, KEY)


def test_an_answer_from_a_server_with_another_time_is_no_acknowledgement(time_machine):
    message = build()
    late = answer(message)
    time_machine.move_to(NOW + 1000, tick=False)
    with pytest.raises(ClockSkew):
        messages.check_answer(late, message, KEY)


def test_the_answer_to_another_message_is_no_acknowledgement():
    message, other = build(("alice.ddns.test", ADDRESSES)), build(("alice.ddns.test", {}))
    with pytest.raises(KeyRefused):
        messages.check_answer(answer(other), message, KEY)
    with pytest.raises(ServerFailed, match="another message"):
        messages.check_answer(answer(message, message_id=4712), message, KEY)


@pytest.mark.parametrize("octets", [b"", b"\0" * 11, b"\xff" * 40, struct.pack("!HHHHHH", 4711, 0xA800, 9, 9, 9, 9)])
def test_a_malformed_answer_is_the_servers_failure(octets: bytes):
    with pytest.raises(ServerFailed, match="malformed"):
        messages.check_answer(octets, build(), KEY)
