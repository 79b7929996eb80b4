"""Queries and their answers on the wire (RFC 1035 §4): built and read directly where that is the common case.

dnspython takes about 60 µs to build a query and 150 µs to read an answer; a list of 18,472 names is 110,832 of each.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

import dns.exception
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype

from dnsupdate.errors import DnsUpdateError

RCODES = {0: "NOERROR", 1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED", 9: "NOTAUTH"}

_HEADER = struct.Struct("!HHHHHH")
_QUESTION_TAIL = struct.Struct("!HH")
_RECORD = struct.Struct("!HHIH")
_IN = 1
_A, _SOA, _TXT, _AAAA, _OPT, _RRSIG = 1, 6, 16, 28, 41, 46
# Two names of one octet, five fields of four.
_SHORTEST_SOA = 22
# Their rdata hold no names: what is on the wire is the canonical form.
_PLAIN_TYPES = frozenset({_A, _AAAA, _TXT})
_ADDRESS_OCTETS = {_A: 4, _AAAA: 16}
_QR, _AA, _TC, _OPCODE = 0x8000, 0x0400, 0x0200, 0x7800
_QUESTION_OFFSET = 12
_POINTER_TO_QUESTION = b"\xc0\x0c"
# EDNS (RFC 6891) with 1232 octets, which no path fragments; with the DO bit the answers carry RRSIGs (RFC 3225).
_EDNS = b"\0" + struct.pack("!HHIH", _OPT, 1232, 0, 0)
_EDNS_WITH_DO = b"\0" + struct.pack("!HHIH", _OPT, 1232, 0x8000, 0)

_type_codes: dict[str, dns.rdatatype.RdataType] = {}


class Malformed(DnsUpdateError):
    """The answer is malformed:"""


@dataclass(frozen=True, slots=True)
class Record:
    """A record at the name that was asked for: its type, its TTL in seconds, its rdata in canonical form (RFC 4034 §6.2)."""

    type_name: str
    ttl: int
    rdata: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer. records are those at the name itself, without signatures; serial is that of the SOA it carries."""

    rcode: str
    is_authoritative: bool
    is_truncated: bool
    records: tuple[Record, ...]
    serial: int | None
    wire: bytes

    @property
    def says_nothing(self) -> bool:
        """Whether it says with authority that there is no such record here."""
        return self.is_authoritative and self.rcode in ("NOERROR", "NXDOMAIN") and not self.records


def question(name: str, type_name: str) -> bytes:
    """The question section for a normalised name: by its octets an answer is known to belong to a query."""
    return question_of(name_to_wire(name), type_name)


def question_of(name: bytes, type_name: str) -> bytes:
    """The same for a name in wire form."""
    return name + _QUESTION_TAIL.pack(type_code(type_name), _IN)


def build(message_id: int, question: bytes, *, with_signatures: bool = False) -> bytes:
    """A query without recursion."""
    return _HEADER.pack(message_id, 0, 1, 0, 0, 1) + question + (_EDNS_WITH_DO if with_signatures else _EDNS)


def answers(wire: bytes, question: bytes) -> bool:
    """Whether the message is an answer to this question (RFC 5452 §9.1; ids and addresses are compared where they are kept)."""
    if len(wire) < _QUESTION_OFFSET or wire[4:6] != b"\0\1":
        return False
    flags = wire[2] << 8
    return bool(flags & _QR) and not flags & _OPCODE and wire.startswith(question, _QUESTION_OFFSET)


def is_truncated(wire: bytes) -> bool:
    return bool(wire[2] & _TC >> 8)


def read(wire: bytes, question: bytes) -> Reply:
    """The answer to a question that it is known to belong to. Raises Malformed."""
    try:
        return _read(wire, question)
    except (struct.error, IndexError, ValueError, dns.exception.DNSException) as error:
        raise Malformed(f"{error or type(error).__name__}.") from error


def type_code(type_name: str) -> dns.rdatatype.RdataType:
    """The type's number. Raises dns.rdatatype.UnknownRdatatype."""
    code = _type_codes.get(type_name)
    if code is None:
        code = _type_codes[type_name] = dns.rdatatype.from_text(type_name)
    return code


def name_to_wire(name: str) -> bytes:
    return b"".join([bytes([len(label)]) + label for label in name.encode().split(b".")]) + b"\0"


def _read(wire: bytes, question: bytes) -> Reply:
    _, flags, _, answer_count, authority_count, additional_count = _HEADER.unpack_from(wire)
    rcode, serial = flags & 0x000F, None
    records: list[Record] = []
    found = _walk(wire, _QUESTION_OFFSET + len(question), answer_count + authority_count + additional_count)
    for number, (owner, code, ttl, offset, length) in enumerate(found):
        if code == _SOA and number < answer_count + authority_count and length >= _SHORTEST_SOA:
            # The last five fields have a fixed size, whatever the two names before them.
            serial = int.from_bytes(wire[offset + length - 20 : offset + length - 16])
        if code == _OPT:
            # The upper bits of the rcode stand in its TTL (RFC 6891 §6.1.3).
            rcode |= (ttl >> 24) << 4
        elif number < answer_count and code != _RRSIG and _is_at(wire, owner, question):
            records.append(Record(_type_name(code), ttl, _canonical(wire, code, offset, length)))
    return Reply(RCODES.get(rcode, f"RCODE{rcode}"), bool(flags & _AA), bool(flags & _TC), tuple(records), serial, wire)


def _walk(wire: bytes, offset: int, count: int) -> Iterator[tuple[int, int, int, int, int]]:
    """Owner's offset, type, TTL, rdata's offset and length of each record. Reads no octet twice: a loop cannot be built."""
    for _ in range(count):
        owner = offset
        while (length := wire[offset]) and length < 0xC0:
            offset += 1 + length
        offset += 2 if length else 1
        code, _, ttl, length = _RECORD.unpack_from(wire, offset)
        offset += _RECORD.size
        if offset + length > len(wire):
            raise ValueError("a record is longer than the message")
        yield owner, code, ttl, offset, length
        offset += length


def _is_at(wire: bytes, owner: int, question: bytes) -> bool:
    if wire.startswith(_POINTER_TO_QUESTION, owner):
        return True
    return dns.name.from_wire(wire, owner)[0] == dns.name.from_wire(question, 0)[0]


def _canonical(wire: bytes, code: int, offset: int, length: int) -> bytes:
    if code in _PLAIN_TYPES:
        rdata = wire[offset : offset + length]
        _check_plain(code, rdata)
        return rdata
    type_code = dns.rdatatype.RdataType.make(code)
    return dns.rdata.from_wire(dns.rdataclass.IN, type_code, wire, offset, length).to_digestable()


def _check_plain(code: int, rdata: bytes) -> None:
    """Raises ValueError for what cannot be read as text later, where it would cost the other names their proof."""
    if code == _TXT:
        end = 0
        while end < len(rdata):
            end += 1 + rdata[end]
        if not rdata or end != len(rdata):
            raise ValueError("the character-strings of a TXT record do not add up")
    elif len(rdata) != _ADDRESS_OCTETS[code]:
        raise ValueError("an address has too few or too many octets")


def _type_name(code: int) -> str:
    return dns.rdatatype.to_text(dns.rdatatype.RdataType.make(code))
