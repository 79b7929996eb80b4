"""Requests read from the wire; rdata stays raw until someone needs it, so that TSIG is checked first."""

import struct
from dataclasses import dataclass
from typing import NamedTuple

import dns.exception
import dns.opcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.wire

from .errors import MalformedMessageError

HEADER = struct.Struct("!HHHHHH")
_RECORD = struct.Struct("!HHIH")

# Real names need fewer pointers than they have labels. Without a limit, a 64 KiB message of chained pointers
# costs tens of millions of steps.
MAX_POINTERS = 127
MAX_NAME_LENGTH = 255
ADDRESS_LENGTHS: dict[int, int] = {dns.rdatatype.A: 4, dns.rdatatype.AAAA: 16}


class Record(NamedTuple):
    """One resource record; its rdata is `packet[start:end]`, unchecked and perhaps compressed."""

    owner: bytes
    rdtype: int
    rdclass: int
    ttl: int
    start: int
    end: int
    offset: int

    @property
    def is_empty(self) -> bool:
        return self.start == self.end

    @property
    def is_meta(self) -> bool:
        """Whether no zone can hold the type: 0, OPT, and 128 to 255 (RFC 6895 §3.1)."""
        return self.rdtype in (0, dns.rdatatype.OPT) or 128 <= self.rdtype <= 255


@dataclass(slots=True)
class Request:
    """A message with QR=0. For UPDATE the sections are zone, prerequisites, updates (RFC 2136 §2)."""

    packet: bytes
    id: int
    flags: int
    questions: list[tuple[bytes, int, int]]
    question_wire: bytes
    answers: list[Record]
    authorities: list[Record]
    opt: Record | None
    tsig: Record | None

    @property
    def opcode(self) -> int:
        return dns.opcode.from_flags(self.flags)

    @property
    def edns_version(self) -> int:
        return (self.opt.ttl >> 16) & 0xFF if self.opt else 0

    def rdata(self, record: Record) -> bytes:
        """Checked rdata, names expanded and in lower case (RFC 4034 §6.2); raises MalformedMessageError."""
        length = record.end - record.start
        if record.rdtype in ADDRESS_LENGTHS:
            if length != ADDRESS_LENGTHS[record.rdtype]:
                raise MalformedMessageError
            return self.packet[record.start : record.end]
        try:
            with dns.exception.ExceptionWrapper(dns.exception.FormError):
                return self._parsed_rdata(record, length)
        except dns.exception.FormError as error:
            raise MalformedMessageError from error

    def _parsed_rdata(self, record: Record, length: int) -> bytes:
        parser = dns.wire.Parser(self.packet, record.start)
        rdtype = dns.rdatatype.RdataType.make(record.rdtype)
        with parser.restrict_to(length):
            rdata = dns.rdata.from_wire_parser(dns.rdataclass.IN, rdtype, parser)
        return rdata.to_digestable()


def read(packet: bytes) -> Request:
    """The request in `packet`; raises MalformedMessageError (RFC 1035 §4, RFC 6891 §6.1.1, RFC 8945 §5.1)."""
    try:
        return _Reader(packet).request()
    except (IndexError, struct.error) as error:
        raise MalformedMessageError from error


class _Reader:
    def __init__(self, packet: bytes):
        self.packet = packet
        self.offset = HEADER.size
        self.names: dict[int, bytes] = {}

    def request(self) -> Request:
        message_id, flags, *counts = HEADER.unpack_from(self.packet)
        questions = [self._question() for _ in range(counts[0])]
        question_wire = self.packet[HEADER.size : self.offset]
        answers, authorities, additionals = [[self._record() for _ in range(n)] for n in counts[1:]]
        if self.offset != len(self.packet):
            raise MalformedMessageError
        opt, tsig = _pseudo_records(answers + authorities, additionals)
        return Request(self.packet, message_id, flags, questions, question_wire, answers, authorities, opt, tsig)

    def _question(self) -> tuple[bytes, int, int]:
        name = self._name()
        rdtype, rdclass = struct.unpack_from("!HH", self.packet, self.offset)
        self.offset += 4
        return name, rdtype, rdclass

    def _record(self) -> Record:
        begin = self.offset
        owner = self._name()
        rdtype, rdclass, ttl, length = _RECORD.unpack_from(self.packet, self.offset)
        start = self.offset + _RECORD.size
        self.offset = start + length
        if self.offset > len(self.packet):
            raise MalformedMessageError
        return Record(owner, rdtype, rdclass, ttl, start, self.offset, begin)

    def _name(self) -> bytes:
        name, self.offset = read_name(self.packet, self.offset, self.names)
        return name


def _pseudo_records(others: list[Record], additionals: list[Record]) -> tuple[Record | None, Record | None]:
    """The OPT and TSIG records: at most one each, in the additional section only, TSIG last."""
    if any(r.rdtype in (dns.rdatatype.OPT, dns.rdatatype.TSIG) for r in others):
        raise MalformedMessageError
    opts = [r for r in additionals if r.rdtype == dns.rdatatype.OPT]
    if len(opts) > 1 or any(r.owner != b"\0" for r in opts):
        raise MalformedMessageError
    tsigs = [r for r in additionals if r.rdtype == dns.rdatatype.TSIG]
    if tsigs and (len(tsigs) > 1 or additionals[-1] is not tsigs[0]):
        raise MalformedMessageError
    return (opts[0] if opts else None), (tsigs[0] if tsigs else None)


def read_name(packet: bytes, start: int, seen: dict[int, bytes]) -> tuple[bytes, int]:
    """The lower-case name at `start` and the offset behind it; pointers go backwards only (RFC 1035 §4.1.4)."""
    name, offset, limit, end, pointers = bytearray(), start, start, 0, 0
    while True:
        length = packet[offset]
        if length == 0:
            name.append(0)
            end = end or offset + 1
            break
        if length < 0x40:
            name += packet[offset : offset + 1 + length]
            offset += 1 + length
        elif length >= 0xC0:
            target = (length & 0x3F) << 8 | packet[offset + 1]
            end = end or offset + 2
            pointers += 1
            if not HEADER.size <= target < limit or pointers > MAX_POINTERS:
                raise MalformedMessageError
            if target in seen:
                name += seen[target]
                break
            limit = offset = target
        else:
            raise MalformedMessageError
        if len(name) >= MAX_NAME_LENGTH:
            raise MalformedMessageError
    if len(name) > MAX_NAME_LENGTH:
        raise MalformedMessageError
    seen[start] = owner = bytes(name).lower()
    return owner, end
