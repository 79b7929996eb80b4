"""The sequence of messages that answers a request for a transfer: asked for, read, and its signatures checked."""

import secrets
import socket
import struct
import time
from collections.abc import Generator
from typing import NamedTuple

import dns.exception
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import dns.tsig
from dns.rdtypes.ANY.TSIG import TSIG

from dnsupdate import nameservers, wire
from dnsupdate.errors import ClockSkew, KeyRefused, TransferFailed, ZoneMissing
from dnsupdate.models import Zone
from dnsupdate.wire import Apex, Record

# Seconds for one message, and for the whole: a loaded server pauses, and a zone of 4 million names takes some 20.
MESSAGE_TIMEOUT, LIFETIME = 30.0, 3600.0
# RFC 8945 §5.3.1: a client accepts so many messages in between without a signature.
MOST_UNSIGNED = 99

_HEADER = struct.Struct("!HHHHHH")
_CHUNK = 1 << 18


class Part(NamedTuple):
    """What one message holds. What is in a message without signature is proved by the next that has one."""

    records: list[Record]
    is_proved: bool


def parts(zone: Zone, rdtype: dns.rdatatype.RdataType, *, since: int | None = None) -> Generator[Part]:
    """The messages of an AXFR (RFC 5936) or an IXFR since a serial (RFC 1995), for as long as the caller goes on.

    Raises OSError, KeyRefused, ClockSkew, ZoneMissing, and TransferFailed for whatever is malformed or refused.
    """
    server = zone.primary
    key = server.key.for_messages() if server.key else None
    question = _question(zone, rdtype, since, key)
    request = question.to_wire()
    signatures = None if key is None else _Signatures(key, question.mac or b"")
    deadline = time.monotonic() + LIFETIME
    address = nameservers.resolve(server), server.port
    with socket.create_connection(address, timeout=MESSAGE_TIMEOUT) as connection:
        connection.sendall(struct.pack("!H", len(request)) + request)
        reader = _Reader(connection, deadline)
        while True:
            yield _read_part(reader.message(), question, signatures, Apex(zone.name))


def _question(
    zone: Zone, rdtype: dns.rdatatype.RdataType, since: int | None, key: dns.tsig.Key | None
) -> dns.message.QueryMessage:
    question = dns.message.make_query(f"{zone.name}.", rdtype, flags=0, id=secrets.randbits(16))
    if since is not None:
        # Of the SOA record only the serial counts (RFC 1995 §3).
        soa = dns.rrset.from_text(f"{zone.name}.", 0, "IN", "SOA", f". . {since} 0 0 0 0")
        question.authority.append(soa)
    if key is not None:
        question.use_tsig({key.name: key}, key.name, algorithm=key.algorithm)
    return question


def _read_part(
    message: bytes, question: dns.message.QueryMessage, signatures: "_Signatures | None", apex: Apex
) -> Part:
    if len(message) < _HEADER.size:
        raise TransferFailed("a message is cut short.")
    message_id, flags, questions, answers, authorities, additionals = _HEADER.unpack_from(message)
    # An answer (QR), and of the operation QUERY.
    if message_id != question.id or flags & 0xF800 != 0x8000:
        raise TransferFailed("a message belongs to another request.")
    position = _skip_question(message, questions, question)
    rcode = flags & 0xF
    if rcode:
        records: list[Record] = []
    else:
        records, position = wire.read_records(message, position, answers, apex)
    is_signed = signatures is not None and signatures.check(message, position, authorities, additionals)
    if rcode:
        _refuse(dns.rcode.Rcode.make(rcode))
    return Part(records, is_signed or signatures is None)


def _skip_question(message: bytes, count: int, question: dns.message.QueryMessage) -> int:
    """Only the first message must repeat the question (RFC 5936 §2.2.1)."""
    if count == 0:
        return _HEADER.size
    try:
        labels = wire.labels_at(message, _HEADER.size)
        end = wire.skip_name(message, _HEADER.size) + 4
    except IndexError as error:
        raise TransferFailed("a message is cut short.") from error
    asked = question.question[0]
    expected = [label.lower() for label in asked.name.labels[:-1]], struct.pack("!HH", asked.rdtype, wire.IN)
    if count > 1 or (labels, message[end - 4 : end]) != expected:
        raise TransferFailed("a message answers another question.")
    return end


def _refuse(rcode: dns.rcode.Rcode) -> None:
    if rcode == dns.rcode.NOTAUTH:
        raise ZoneMissing
    hint = " Does it allow the key to transfer?" if rcode == dns.rcode.REFUSED else ""
    raise TransferFailed(f"the server answers {dns.rcode.to_text(rcode)}.{hint}")


class _Signatures:
    """Follows the signatures of one sequence (RFC 8945 §5.3.1)."""

    def __init__(self, key: dns.tsig.Key, request_mac: bytes) -> None:
        self.key, self.request_mac = key, request_mac
        self.context: dns.tsig.HMACTSig | None = None
        self.unsigned_count = 0

    def check(self, message: bytes, position: int, authorities: int, additionals: int) -> bool:
        """Whether the message is signed, and with it all before it. position is where its answers end."""
        found = self._find(message, position, authorities, additionals)
        if found is None:
            return self._pass(message)
        start, owner, rdata = found
        try:
            self.context = dns.tsig.validate(
                message, self.key, owner, rdata, int(time.time()), self.request_mac, start, self.context, multi=True
            )
        except (dns.tsig.PeerBadTime, dns.tsig.BadTime) as error:
            raise ClockSkew from error
        except (dns.tsig.PeerError, dns.tsig.BadSignature, dns.tsig.BadKey, dns.tsig.BadAlgorithm) as error:
            raise KeyRefused(f"({type(error).__name__} in a transfer)") from error
        except dns.exception.DNSException as error:
            raise TransferFailed(f"a signature is malformed ({type(error).__name__}).") from error
        self.unsigned_count = 0
        return True

    def _pass(self, message: bytes) -> bool:
        if self.context is None:
            if rcode := message[3] & 0xF:
                _refuse(dns.rcode.Rcode.make(rcode))
            raise KeyRefused("(the transfer is not signed)")
        self.unsigned_count += 1
        if self.unsigned_count > MOST_UNSIGNED:
            raise KeyRefused(f"(more than {MOST_UNSIGNED} messages of the transfer are not signed)")
        self.context.update(message)
        return False

    @staticmethod
    def _find(
        message: bytes, position: int, authorities: int, additionals: int
    ) -> tuple[int, dns.name.Name, TSIG] | None:
        """The TSIG record, which is the last one, and where it begins."""
        if not additionals:
            return None
        start = wire.skip_records(message, position, authorities + additionals - 1)
        try:
            fixed = wire.skip_name(message, start)
            type_code, class_code, _, length = struct.unpack_from("!HHIH", message, fixed)
            if type_code != wire.TSIG:
                return None
            owner, _ = dns.name.from_wire(message, start)
            rdata = dns.rdata.from_wire(class_code, type_code, message, fixed + 10, length)
        except (dns.exception.DNSException, IndexError, struct.error, ValueError) as error:
            raise TransferFailed(f"a signature is malformed ({type(error).__name__}).") from error
        if not isinstance(rdata, TSIG) or fixed + 10 + length != len(message):
            raise TransferFailed("a signature is malformed.")
        return start, owner, rdata


class _Reader:
    """Messages with their lengths before them (RFC 1035 §4.2.2), each by a deadline: a trickle of octets ends too."""

    def __init__(self, connection: socket.socket, deadline: float) -> None:
        self.connection, self.deadline = connection, deadline
        self.buffer = bytearray()

    def message(self) -> bytes:
        until = min(self.deadline, time.monotonic() + MESSAGE_TIMEOUT)
        return self._read(int.from_bytes(self._read(2, until)), until)

    def _read(self, count: int, until: float) -> bytes:
        while len(self.buffer) < count:
            remaining = until - time.monotonic()
            if remaining <= 0:
                raise TimeoutError(
                    f"no whole message within {MESSAGE_TIMEOUT:g} seconds, or no end within {LIFETIME:g}"
                )
            self.connection.settimeout(remaining)
            chunk = self.connection.recv(_CHUNK)
            if not chunk:
                raise TransferFailed("the connection was closed before the end.")
            self.buffer += chunk
        octets = bytes(self.buffer[:count])
        del self.buffer[:count]
        return octets
