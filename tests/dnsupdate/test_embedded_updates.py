"""UPDATE messages on the embedded nameserver, case by case (RFC 2136 §2.4, §3.2 and §3.4)."""

import struct

import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdatatype
import dns.renderer
import dns.tsig
import dns.update
import pytest

from .embedded_server import APEX, KEY, ask, files, handler, new_update  # noqa: F401

IN, NONE, ANY = 1, 254, 255

BEFORE = """
alice   60 A     192.0.2.1
alice   60 A     192.0.2.2
alice   60 AAAA  2001:db8::1
www     60 CNAME alice.dyn.example.
x.ent   60 TXT   "below"
mail    60 MX    10 Mx.Example.COM.
"""


@pytest.fixture
def served(handler):  # noqa: F811
    update = new_update()
    for line in BEFORE.strip().splitlines():
        owner, ttl, rdtype, rdata = line.split(maxsplit=3)
        update.add(owner, int(ttl), rdtype, rdata)
    assert ask(handler, update).rcode() == dns.rcode.NOERROR
    return handler


def record(line: str) -> bytes:
    """One record of any class from `owner class type [rdata] [ttl=n]`; an owner with a final dot is absolute."""
    owner, rdclass, rdtype, *rest = line.split(maxsplit=3)
    rest = rest[0] if rest else ""
    rest, _, ttl = rest.partition("ttl=")
    name = dns.name.from_text(owner, dns.name.from_text(APEX))
    number = dns.rdatatype.from_text(rdtype)
    rdata = b""
    if rest.strip():
        rdata = dns.rdata.from_text("IN", number, rest.strip(), dns.name.from_text(APEX), False).to_wire()
    classes = {"IN": IN, "NONE": NONE, "ANY": ANY, "CH": 3, "HS": 4}
    head = struct.pack("!HHIH", number, classes[rdclass], int(ttl or 0), len(rdata))
    return name.to_wire() + head + rdata


def send(handler, prerequisites=(), updates=()) -> int:  # noqa: F811
    """The rcode for a signed message with exactly these records, right or wrong ones."""
    zone = dns.name.from_text(APEX).to_wire() + struct.pack("!HH", dns.rdatatype.SOA, IN)
    sections = [list(map(record, prerequisites)), list(map(record, updates))]
    head = struct.pack("!HHHHHH", 4711, 0x2800, 1, *map(len, sections), 0)
    return send_wire(handler, head + zone + b"".join(sections[0] + sections[1]))


def send_wire(handler, wire: bytes) -> int:  # noqa: F811
    renderer = dns.renderer.Renderer(id=4711)
    renderer.output.seek(0)
    renderer.output.write(wire)
    renderer.add_tsig(KEY.name, KEY, 300, 4711, 0, b"", b"", KEY.algorithm)
    (answer,) = handler.answer(renderer.get_wire(), is_tcp=True)
    assert b"alice-key" in answer, "every answer to a signed request is signed"
    return struct.unpack_from("!H", answer, 2)[0] & 0xF


def content(handler) -> set[str]:  # noqa: F811
    """The whole zone as `owner ttl type rdata`, without SOA, NS and address of the apex."""
    query = dns.message.make_query(APEX, "AXFR")
    query.use_tsig(KEY)
    (wire,) = handler.answer(query.to_wire(), is_tcp=True)
    response = dns.message.from_wire(wire, keyring=KEY, request_mac=query.mac, xfr=True)
    origin = dns.name.from_text(APEX)
    lines = {
        f"{rrset.name.relativize(origin)} {rrset.ttl} {dns.rdatatype.to_text(rrset.rdtype)} {rdata}"
        for rrset in response.answer
        for rdata in rrset
    }
    return {line for line in lines if " SOA " not in line and not line.startswith("ns1 ")}


def serial(handler) -> int:  # noqa: F811
    return ask(handler, dns.message.make_query(APEX, "SOA")).answer[0][0].serial


NOERROR, FORMERR, NOTZONE = dns.rcode.NOERROR, dns.rcode.FORMERR, dns.rcode.NOTZONE
YXDOMAIN, NXDOMAIN = dns.rcode.YXDOMAIN, dns.rcode.NXDOMAIN
YXRRSET, NXRRSET = dns.rcode.YXRRSET, dns.rcode.NXRRSET

PREREQUISITES = [
    # §2.4.4 and §2.4.5: name is in use, name is not in use
    (["alice ANY ANY"], NOERROR),
    (["ALICE ANY ANY"], NOERROR),
    (["@ ANY ANY"], NOERROR),
    (["bob ANY ANY"], NXDOMAIN),
    (["ent ANY ANY"], NXDOMAIN),
    (["bob NONE ANY"], NOERROR),
    (["ent NONE ANY"], NOERROR),
    (["alice NONE ANY"], YXDOMAIN),
    # §2.4.1 and §2.4.3: RRset exists, whatever its value, or does not
    (["alice ANY A"], NOERROR),
    (["alice ANY TXT"], NXRRSET),
    (["bob ANY A"], NXRRSET),
    (["alice NONE TXT"], NOERROR),
    (["bob NONE A"], NOERROR),
    (["alice NONE A"], YXRRSET),
    # §2.4.2: RRset exists with exactly this value; order, case and TTL in the zone do not matter
    (["alice IN A 192.0.2.1", "alice IN A 192.0.2.2"], NOERROR),
    (["alice IN A 192.0.2.2", "alice IN A 192.0.2.1"], NOERROR),
    (["alice IN A 192.0.2.2", "Alice IN A 192.0.2.1", "alice IN A 192.0.2.1"], NOERROR),
    (["alice IN A 192.0.2.1"], NXRRSET),
    (["alice IN A 192.0.2.1", "alice IN A 192.0.2.2", "alice IN A 192.0.2.3"], NXRRSET),
    (["alice IN A 192.0.2.1", "alice IN A 192.0.2.3"], NXRRSET),
    (["alice IN AAAA 2001:db8::1"], NOERROR),
    (["alice IN TXT x"], NXRRSET),
    (["bob IN A 192.0.2.1"], NXRRSET),
    (["mail IN MX 10 mX.eXample.com."], NOERROR),
    (["mail IN MX 20 mx.example.com."], NXRRSET),
    (["www IN CNAME ALICE"], NOERROR),
    (["alice IN A 192.0.2.1", "www ANY CNAME", "alice IN A 192.0.2.2"], NOERROR),
    # the first that fails decides, but values are compared last (§3.2.5)
    (["alice IN A 192.0.2.9", "bob ANY ANY"], NXDOMAIN),
    (["alice NONE A", "bob ANY ANY"], YXRRSET),
    # out of the zone, and malformed
    (["alice.example. ANY ANY"], NOTZONE),
    (["example. NONE ANY"], NOTZONE),
    (["xdyn.example. IN A 192.0.2.1"], NOTZONE),
    (["alice ANY ANY ttl=1"], FORMERR),
    (["alice NONE A ttl=1"], FORMERR),
    (["alice IN A 192.0.2.1 ttl=60"], FORMERR),
    (["alice ANY A 192.0.2.1"], FORMERR),
    (["alice NONE A 192.0.2.1"], FORMERR),
    (["alice CH A"], FORMERR),
    (["alice IN A"], FORMERR),
    (["alice IN ANY"], FORMERR),
]


@pytest.mark.parametrize(("prerequisites", "rcode"), PREREQUISITES)
def test_prerequisites_decide_whether_the_update_is_made(served, prerequisites, rcode):
    before = content(served)

    assert send(served, prerequisites, ["new IN A 192.0.2.99"]) == rcode

    added = {"new 0 A 192.0.2.99"} if rcode == NOERROR else set()
    assert content(served) == before | added


PRESCAN = [
    (["alice.example. IN A 192.0.2.9"], NOTZONE),
    (["example. ANY ANY"], NOTZONE),
    (["xdyn.example. NONE A 192.0.2.9"], NOTZONE),
    (["alice IN ANY"], FORMERR),
    (["alice IN AXFR"], FORMERR),
    (["alice IN MAILB"], FORMERR),
    (["alice IN IXFR"], FORMERR),
    (["alice IN TYPE0"], FORMERR),
    (["alice IN A"], FORMERR),
    (["alice CH A 192.0.2.9"], FORMERR),
    (["alice HS ANY"], FORMERR),
    (["alice ANY A ttl=1"], FORMERR),
    (["alice ANY A 192.0.2.1"], FORMERR),
    (["alice ANY AXFR"], FORMERR),
    (["alice ANY MAILA"], FORMERR),
    (["alice NONE A 192.0.2.1 ttl=1"], FORMERR),
    (["alice NONE ANY"], FORMERR),
    (["alice NONE A"], FORMERR),
]


@pytest.mark.parametrize(("wrong", "rcode"), PRESCAN)
def test_one_wrong_record_stops_the_whole_message(served, wrong, rcode):
    before, serial_before = content(served), serial(served)

    assert send(served, updates=["new IN A 192.0.2.99", "alice ANY ANY", *wrong]) == rcode

    assert content(served) == before
    assert serial(served) == serial_before


@pytest.mark.parametrize(
    "rdata",
    [b"\xc0\x00\x02", b"\xc0\x00\x02\x01\x00", b""],
)
def test_malformed_address_stops_the_whole_message(served, rdata):
    zone = dns.name.from_text(APEX).to_wire() + struct.pack("!HH", dns.rdatatype.SOA, IN)
    wrong = b"\x03bad\xc0\x0c" + struct.pack("!HHIH", dns.rdatatype.A, IN, 60, len(rdata)) + rdata
    head = struct.pack("!HHHHHH", 4711, 0x2800, 1, 0, 2, 0)
    before = content(served)

    assert send_wire(served, head + zone + record("new IN A 192.0.2.99") + wrong) == FORMERR

    assert content(served) == before


ALICE = {"alice 60 A 192.0.2.1", "alice 60 A 192.0.2.2", "alice 60 AAAA 2001:db8::1"}
APEX_NS = {"@ 60 NS ns1.dyn.example."}
TWO_NS = APEX_NS | {"@ 60 NS ns2.dyn.example."}

# updates, what goes away, what comes
CHANGES = [
    # §2.5.1: add to an RRset
    (["bob IN A 192.0.2.9 ttl=60"], set(), {"bob 60 A 192.0.2.9"}),
    (["alice IN TXT x ttl=5"], set(), {'alice 5 TXT "x"'}),
    (["alice IN A 192.0.2.1 ttl=60"], set(), set()),
    (["alice IN AAAA 2001:db8::1 ttl=5"], {"alice 60 AAAA 2001:db8::1"}, {"alice 5 AAAA 2001:db8::1"}),
    (
        ["alice IN A 192.0.2.3 ttl=5"],
        {"alice 60 A 192.0.2.1", "alice 60 A 192.0.2.2"},
        {"alice 5 A 192.0.2.1", "alice 5 A 192.0.2.2", "alice 5 A 192.0.2.3"},
    ),
    (["bob IN A 192.0.2.9 ttl=4294967295"], set(), {"bob 0 A 192.0.2.9"}),
    (["bob IN TYPE65280 \\# 2 abcd ttl=60"], set(), {"bob 60 TYPE65280 \\# 2 abcd"}),
    # §3.4.2.2: a CNAME beside something else is ignored, a CNAME replaces a CNAME
    (["alice IN CNAME www ttl=60"], set(), set()),
    (["www IN A 192.0.2.9 ttl=60"], set(), set()),
    (["@ IN CNAME alice ttl=60"], set(), set()),
    (
        ["www IN CNAME mail ttl=60"],
        {"www 60 CNAME alice.dyn.example."},
        {"www 60 CNAME mail.dyn.example."},
    ),
    (
        ["www ANY CNAME", "www IN A 192.0.2.9 ttl=60"],
        {"www 60 CNAME alice.dyn.example."},
        {"www 60 A 192.0.2.9"},
    ),
    (["alice ANY ANY", "alice IN CNAME www ttl=60"], ALICE, {"alice 60 CNAME www.dyn.example."}),
    (
        ["bob IN CNAME www ttl=60", "bob IN A 192.0.2.9 ttl=60"],
        set(),
        {"bob 60 CNAME www.dyn.example."},
    ),
    # §2.5.2 and §2.5.3: delete an RRset, delete all RRsets from a name
    (["alice ANY A"], {"alice 60 A 192.0.2.1", "alice 60 A 192.0.2.2"}, set()),
    (["ALICE ANY ANY"], ALICE, set()),
    (["bob ANY A"], set(), set()),
    (["bob ANY ANY"], set(), set()),
    (["ent ANY ANY"], set(), set()),
    (["alice ANY TXT"], set(), set()),
    # §2.5.4: delete one record
    (["alice NONE A 192.0.2.1"], {"alice 60 A 192.0.2.1"}, set()),
    (["alice NONE A 192.0.2.9"], set(), set()),
    (["bob NONE A 192.0.2.9"], set(), set()),
    (["mail NONE MX 10 mX.example.Com."], {"mail 60 MX 10 mx.example.com."}, set()),
    (["alice NONE AAAA 2001:db8::1"], {"alice 60 AAAA 2001:db8::1"}, set()),
    # order counts, within one message
    (["bob IN A 192.0.2.9 ttl=60", "bob ANY ANY"], set(), set()),
    (["alice ANY AAAA", "alice IN AAAA 2001:db8::1 ttl=60"], set(), set()),
    (["alice ANY AAAA", "alice IN AAAA 2001:db8::2 ttl=60", "alice NONE AAAA 2001:db8::2"],
     {"alice 60 AAAA 2001:db8::1"}, set()),
    # §3.4.2.3 and §3.4.2.4: SOA and the last NS of the apex stay
    (["@ ANY ANY"], set(), set()),
    (["@ ANY NS"], set(), set()),
    (["@ ANY SOA"], set(), set()),
    (["@ NONE NS ns1"], set(), set()),
    (["@ IN TXT x ttl=60", "@ ANY ANY"], set(), set()),
    (["@ IN NS ns2 ttl=60"], set(), {"@ 60 NS ns2.dyn.example."}),
    (["@ IN NS ns2 ttl=60", "@ NONE NS ns1"], APEX_NS, {"@ 60 NS ns2.dyn.example."}),
    (["@ IN NS ns2 ttl=60", "@ NONE NS ns1", "@ NONE NS ns2"], APEX_NS, {"@ 60 NS ns2.dyn.example."}),
    (["@ IN NS ns2 ttl=60", "@ ANY ANY", "@ ANY NS"], set(), {"@ 60 NS ns2.dyn.example."}),
    (["sub IN NS ns2 ttl=60", "sub ANY NS"], set(), set()),
    # a SOA anywhere else is ignored
    (["bob IN SOA a. b. 4000000000 1 1 1 1 ttl=60"], set(), set()),
]  # fmt: skip


@pytest.mark.parametrize(("updates", "gone", "come"), CHANGES)
def test_update_section_changes_exactly_this(served, updates, gone, come):
    before, serial_before = content(served), serial(served)
    assert gone <= before

    assert send(served, updates=updates) == NOERROR

    assert content(served) == before - gone | come
    assert serial(served) == serial_before + (1 if gone or come else 0)


def set_serial(handler, value: int) -> None:  # noqa: F811
    """By way of a SOA halfway there, since more than half the circle is no step forward."""
    for step in ((serial(handler) + value) // 2, value):
        assert send(handler, updates=[f"@ IN SOA ns1 hostmaster {step} 3600 600 604800 60 ttl=60"]) == NOERROR


@pytest.mark.parametrize(
    ("offered_step", "expected_step"),
    [(1, 1), (1000, 1000), (2**31 - 1, 2**31 - 1), (0, 1), (-1, 0), (2**31, 0), (2**31 + 5, 0)],
)
def test_soa_of_the_message_is_taken_only_if_it_is_not_older(served, offered_step, expected_step):
    before = serial(served)
    offered = (before + offered_step) % 2**32

    send(served, updates=[f"@ IN SOA ns1 hostmaster {offered} 3600 600 604800 61 ttl=60"])

    assert serial(served) == (before + expected_step) % 2**32


def test_serial_passes_over_zero(served):
    set_serial(served, 2**32 - 1)

    send(served, updates=["bob IN A 192.0.2.9"])

    assert serial(served) == 1


def test_serial_moves_once_for_many_changes(served):
    before = serial(served)

    send(served, updates=[f"host{n} IN A 192.0.2.{n}" for n in range(50)])

    assert serial(served) == before + 1


def test_empty_nonterminal_goes_with_the_last_name_below(served):
    def rcode() -> int:
        return ask(served, dns.message.make_query(f"ent.{APEX}", "A")).rcode()

    assert rcode() == NOERROR
    send(served, updates=["y.ent IN TXT y", "x.ent ANY ANY"])
    assert rcode() == NOERROR
    send(served, updates=["y.ent ANY ANY"])
    assert rcode() == NXDOMAIN


def test_unsigned_update_is_refused(served):
    update = new_update(key=None)
    update.add("bob", 60, "A", "192.0.2.9")

    assert ask(served, update).rcode() == dns.rcode.REFUSED
    assert "bob" not in str(content(served))


@pytest.mark.parametrize("zone", ["example.com", "example", "alice.dyn.example"])
def test_update_of_a_zone_not_served_is_notauth(served, zone):
    update = new_update(zone=zone)
    update.add("bob", 60, "A", "192.0.2.9")

    assert ask(served, update).rcode() == dns.rcode.NOTAUTH


@pytest.mark.parametrize(
    ("zone_section", "rcode"),
    [
        ([("dyn.example", "SOA", IN)], NOERROR),
        ([("DYN.example", "SOA", IN)], NOERROR),
        ([("dyn.example", "A", IN)], FORMERR),
        ([("dyn.example", "SOA", 3)], dns.rcode.NOTAUTH),
        ([], FORMERR),
        ([("dyn.example", "SOA", IN)] * 2, FORMERR),
    ],
)
def test_zone_section_names_one_zone(served, zone_section, rcode):
    zones = [
        dns.name.from_text(name).to_wire() + struct.pack("!HH", dns.rdatatype.from_text(rdtype), rdclass)
        for name, rdtype, rdclass in zone_section
    ]
    head = struct.pack("!HHHHHH", 4711, 0x2800, len(zones), 0, 0, 0)

    assert send_wire(served, head + b"".join(zones)) == rcode


def test_removed_name_stays_nxdomain_beside_the_others(served):
    update = new_update()
    update.delete("alice")
    ask(served, update)

    assert ask(served, dns.message.make_query(f"alice.{APEX}", "A")).rcode() == NXDOMAIN
    assert ask(served, dns.message.make_query(f"mail.{APEX}", "MX")).rcode() == NOERROR
