"""Rows into one signed UPDATE message (RFC 2136), and the answer into a verdict.

The wire form is written directly: dnspython's message objects cost about five times as much per name.

The fence: every message sets the TXT RRset at _publisher.<apex> to a value never used before, and requires
(RFC 2136 §2.4.2) that it still has the value of the message before. So messages apply in order or not at
all, whatever a stalled publisher or a frozen nameserver still has in its buffers.
"""

import hmac
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from socket import AF_INET, AF_INET6, inet_pton

import dns.exception
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdatatype
import dns.tsig
from dns.rdtypes.ANY.TSIG import TSIG

from dnsupdate import rrsets as records
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
from dnsupdate.rrsets import RRsets

FENCE_LABEL = "_publisher"
MAX_MESSAGE_OCTETS = 65535
# RFC 8945 §10 recommends it.
FUDGE_SECONDS = 300
# Room for the TSIG record and the fence.
_RESERVED_OCTETS = 1024

_IN, _NONE, _ANY = 1, 254, 255
_SOA, _TXT, _TYPE_ANY, _A, _AAAA = 6, 16, 255, 1, 28
_OPCODE_UPDATE = 5 << 11
# The zone name of the zone section begins right behind the header; every owner name ends with a pointer to it.
_POINTER_TO_APEX = struct.pack("!H", 0xC000 | 12)


@dataclass(frozen=True, slots=True)
class Change:
    """One owner name and all that it shall answer, at the revision that was read."""

    publication_id: int
    name: str
    revision: int
    rrsets: RRsets


@dataclass(frozen=True, slots=True)
class UpdateMessage:
    """A signed message, what is needed to check its answer, and the fence's rdata that it requires and leaves behind."""

    wire: bytes
    mac: bytes
    fence: Sequence[bytes] = ()
    next_fence: Sequence[bytes] = ()


def build(
    apex: str,
    changes: Sequence[Change],
    key: dns.tsig.Key,
    *,
    message_id: int,
    fence: Sequence[bytes],
    next_fence: str,
    now: int,
) -> UpdateMessage:
    """One message that makes the names answer exactly their RRsets: delete all at the name, add these (RFC 2136 §2.5).

    fence is the rdata that the fence's RRset has now (none: no such RRset), next_fence the text that it shall have;
    now is in Unix seconds.
    Raises MessageTooBig, and InvalidRRset for rdata that has no wire form.
    """
    parts: list[bytes] = []
    count = sum(_write_change(parts, apex, change) for change in changes)
    count += _write_fence(parts, next_fence)
    prerequisites = _fence_prerequisites(fence)
    header = struct.pack("!HHHHHH", message_id, _OPCODE_UPDATE, 1, len(prerequisites), count, 0)
    zone = _name_to_wire(apex) + struct.pack("!HH", _SOA, _IN)
    wire = b"".join([header, zone, *prerequisites, *parts])
    if len(wire) > MAX_MESSAGE_OCTETS - _RESERVED_OCTETS:
        raise MessageTooBig
    signed, mac = _sign(wire, key, now)
    return UpdateMessage(signed, mac, fence, [fence_rdata(next_fence)])


def check_answer(answer: bytes, message: UpdateMessage, key: dns.tsig.Key) -> None:
    """Nothing if the message was applied, else an error: of the zone (PrimaryError), FenceMoved, or RecordsRefused."""
    try:
        parsed = _parse(answer, message, key)
    except dns.tsig.PeerBadTime as error:
        raise ClockSkew from error
    except (dns.tsig.PeerError, dns.tsig.BadSignature, dns.message.UnknownTSIGKey) as error:
        raise KeyRefused(f"({type(error).__name__})") from error
    except dns.tsig.BadTime as error:
        raise ClockSkew from error
    except dns.exception.DNSException as error:
        raise ServerFailed(f"its answer is malformed ({type(error).__name__}).") from error
    if not hmac.compare_digest(answer[:2], message.wire[:2]):
        raise ServerFailed("its answer belongs to another message.")
    _check_rcode(parsed.rcode(), parsed.had_tsig)


def _parse(answer: bytes, message: UpdateMessage, key: dns.tsig.Key) -> dns.message.Message:
    try:
        return dns.message.from_wire(answer, keyring={key.name: key}, request_mac=message.mac)
    except dns.exception.FormError:
        # An unsigned answer, which dnspython takes for malformed: servers refuse so what they cannot parse or verify.
        return dns.message.from_wire(answer)


def _check_rcode(rcode: dns.rcode.Rcode, is_signed: bool) -> None:
    match rcode:
        case dns.rcode.NOERROR if is_signed:
            return
        case dns.rcode.NOERROR:
            raise KeyRefused("(the answer is not signed)")
        case dns.rcode.NXRRSET | dns.rcode.YXRRSET:
            raise FenceMoved
        case dns.rcode.NOTAUTH:
            raise ZoneMissing
        case dns.rcode.REFUSED:
            raise UpdateForbidden
        case dns.rcode.SERVFAIL | dns.rcode.NOTIMP:
            raise ServerFailed(dns.rcode.to_text(rcode) + ".")
    raise RecordsRefused(dns.rcode.to_text(rcode) + ".")


def _write_change(parts: list[bytes], apex: str, change: Change) -> int:
    """Appends the records of one name; gives how many."""
    owner = _relative_to_wire(change.name, apex)
    parts.append(owner + struct.pack("!HHIH", _TYPE_ANY, _ANY, 0, 0))
    count = 1
    for type_name, rrset in change.rrsets.items():
        for text in rrset["rdata"]:
            type_code, rdata = _rdata_to_wire(type_name, text)
            parts.append(owner + struct.pack("!HHIH", type_code, _IN, rrset["ttl"], len(rdata)) + rdata)
            count += 1
    return count


def _rdata_to_wire(type_name: str, text: str) -> tuple[int, bytes]:
    try:
        if type_name == "A":
            return _A, inet_pton(AF_INET, text)
        if type_name == "AAAA":
            return _AAAA, inet_pton(AF_INET6, text)
    except (OSError, ValueError) as error:
        raise InvalidRRset(f"{type_name} {text[:80]!r}.") from error
    rdata = records.to_wire(type_name, text)
    return dns.rdatatype.from_text(type_name), rdata


def _fence_prerequisites(fence: Sequence[bytes]) -> list[bytes]:
    """RFC 2136 §2.4.2 (RRset exists, value dependent: all its records), or §2.4.3 (RRset does not exist).

    Several records, or such as we never write, are what somebody put there by hand: the next message heals that.
    """
    owner = _fence_owner()
    if not fence:
        return [owner + struct.pack("!HHIH", _TXT, _NONE, 0, 0)]
    return [owner + struct.pack("!HHIH", _TXT, _IN, 0, len(rdata)) + rdata for rdata in fence]


def _write_fence(parts: list[bytes], next_fence: str) -> int:
    owner, rdata = _fence_owner(), fence_rdata(next_fence)
    parts.append(owner + struct.pack("!HHIH", _TXT, _ANY, 0, 0))
    parts.append(owner + struct.pack("!HHIH", _TXT, _IN, 0, len(rdata)) + rdata)
    return 2


def _fence_owner() -> bytes:
    return bytes([len(FENCE_LABEL)]) + FENCE_LABEL.encode() + _POINTER_TO_APEX


def fence_rdata(text: str) -> bytes:
    """The fence's TXT rdata: one character-string (RFC 1035 §3.3)."""
    return bytes([len(text)]) + text.encode()


def _relative_to_wire(name: str, apex: str) -> bytes:
    labels = name[: -len(apex) - 1].encode().split(b".")
    return b"".join([bytes([len(label)]) + label for label in labels]) + _POINTER_TO_APEX


def _name_to_wire(name: str) -> bytes:
    return b"".join([bytes([len(label)]) + label for label in name.encode().split(b".")]) + b"\0"


def _sign(wire: bytes, key: dns.tsig.Key, now: int) -> tuple[bytes, bytes]:
    """Appends the TSIG record (RFC 8945 §5.1) and counts it in the header; gives the MAC too."""
    message_id = int.from_bytes(wire[:2])
    unsigned = TSIG(_ANY, dns.rdatatype.TSIG, key.algorithm, now, FUDGE_SECONDS, b"", message_id, 0, b"")
    signed, _ = dns.tsig.sign(wire, key, unsigned, now)
    rdata = signed.to_wire() or b""
    record = (key.name.to_wire() or b"") + struct.pack("!HHIH", dns.rdatatype.TSIG, _ANY, 0, len(rdata)) + rdata
    return wire[:10] + struct.pack("!H", 1) + wire[12:] + record, signed.mac
