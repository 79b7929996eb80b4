"""Responses written to the wire: owner names compressed, cut off with TC at whole RRsets."""

import struct

import dns.flags
import dns.rcode
import dns.rdataclass
import dns.rdatatype

from .requests import HEADER, Record, Request
from .tsig import Signer, UnsignedError
from .zone import RRset

ANSWER, AUTHORITY, ADDITIONAL = 1, 2, 3

PLAIN_UDP_SIZE = 512
MAX_UDP_SIZE = 4096
MAX_TCP_SIZE = 65535
OFFERED_UDP_SIZE = 1232  # passes every network unfragmented
_POINTER_END = 0x4000
_OPT_SIZE = 11
_DNSSEC_OK = 0x8000
_COPIED_FLAGS = 0x7800 | dns.flags.RD  # the opcode, and RD as it came (RFC 1035 §4.1.1)

AnySigner = Signer | UnsignedError | None


def size_limit(request: Request, *, is_tcp: bool) -> int:
    """How long the answer may be (RFC 6891 §6.2.5)."""
    if is_tcp:
        return MAX_TCP_SIZE
    offered = request.opt.rdclass if request.opt else PLAIN_UDP_SIZE
    return min(max(offered, PLAIN_UDP_SIZE), MAX_UDP_SIZE)


class Response:
    """One response under construction."""

    def __init__(self, request: Request, signer: AnySigner, limit: int):
        self.rcode: int = dns.rcode.NOERROR
        self.flags = dns.flags.QR | (request.flags & _COPIED_FLAGS)
        self.size = HEADER.size + len(request.question_wire)
        self._request = request
        self._signer = signer
        reserve = (signer.size if signer else 0) + (_OPT_SIZE if request.opt else 0)
        self._room = limit - reserve
        self._out = bytearray(HEADER.size) + request.question_wire
        self._counts = [len(request.questions), 0, 0, 0]
        self._offsets: dict[bytes, int] = {}
        if request.questions:
            self._remember(request.questions[0][0], HEADER.size)

    def add(self, section: int, owner: bytes, rdtype: int, rrset: RRset) -> bool:
        """Write the RRset if there is room for all of it."""
        mark = len(self._out)
        for rdata in rrset.rdatas:
            self._out += self._compressed(owner)
            self._out += struct.pack("!HHIH", rdtype, dns.rdataclass.IN, rrset.ttl, len(rdata)) + rdata
        if len(self._out) > self._room:
            del self._out[mark:]
            self._offsets = {name: offset for name, offset in self._offsets.items() if offset < mark}
            return False
        self._counts[section] += len(rrset.rdatas)
        self.size = len(self._out)
        return True

    def finish(self) -> bytes:
        """The message, signed if the request was."""
        if self._request.opt:
            self._out += _opt(self._request.opt, self.rcode)
            self._counts[ADDITIONAL] += 1
        flags = self.flags | (self.rcode & 0xF)
        self._out[: HEADER.size] = HEADER.pack(self._request.id, flags, *self._counts)
        message = bytes(self._out)
        return self._signer.sign(message) if self._signer else message

    def _compressed(self, owner: bytes) -> bytes:
        """RFC 1035 §4.1.4."""
        rest, at = owner, 0
        while rest[0] and rest not in self._offsets:
            at += rest[0] + 1
            rest = owner[at:]
        offset = len(self._out)
        pointer = struct.pack("!H", 0xC000 | self._offsets[rest]) if rest[0] else b"\0"
        if at and offset < _POINTER_END:
            self._remember(owner, offset)
        return owner[:at] + pointer

    def _remember(self, owner: bytes, offset: int) -> None:
        while owner[0] and offset < _POINTER_END:
            self._offsets.setdefault(owner, offset)
            offset += owner[0] + 1
            owner = owner[owner[0] + 1 :]


def _opt(request_opt: Record, rcode: int) -> bytes:
    """EDNS version 0, the upper bits of the rcode, the DO bit as it came (RFC 3225 §3)."""
    ttl = (rcode >> 4) << 24 | (request_opt.ttl & _DNSSEC_OK)
    return b"\0" + struct.pack("!HHIH", dns.rdatatype.OPT, OFFERED_UDP_SIZE, ttl, 0)


def refusal(request: Request, signer: AnySigner, rcode: int) -> bytes:
    """An answer that is an rcode and nothing else."""
    response = Response(request, signer, MAX_TCP_SIZE)
    response.rcode = rcode
    return response.finish()


def header_only(packet: bytes, rcode: int) -> bytes:
    """The answer to a message that could not be read beyond its header."""
    message_id, flags = struct.unpack_from("!HH", packet)
    return HEADER.pack(message_id, dns.flags.QR | (flags & _COPIED_FLAGS) | rcode, 0, 0, 0, 0)
