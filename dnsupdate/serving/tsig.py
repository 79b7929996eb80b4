"""TSIG (RFC 8945): requests verified, answers signed."""

import hmac
import struct
import time
from dataclasses import dataclass

import dns.rcode
import dns.rdataclass
import dns.rdatatype

from .errors import MalformedMessageError
from .keys import Key, Keys
from .requests import Record, Request, read_name

FUDGE = 300  # seconds, as RFC 8945 §10 recommends
_FIXED = struct.Struct("!HIHH")  # time signed (48 bits), fudge, MAC size
_TAIL = struct.Struct("!HHH")  # original ID, error, size of other data
_OWNER_FIELDS = struct.Struct("!HI")  # class, TTL
_ARCOUNT_OFFSET = 10
MIN_MAC_SIZE = 10  # RFC 8945 §5.2.2.1


@dataclass(frozen=True)
class Tsig:
    """The fields of one TSIG record (RFC 8945 §4.2)."""

    key_name: bytes
    algorithm: bytes
    time_signed: int
    fudge: int
    mac: bytes
    original_id: int
    error: int
    other: bytes


class Signer:
    """Signs the answers to one request: the first over the request's MAC, each later one over the one before it."""

    def __init__(self, key: Key, request: Tsig):
        self._key = key
        self._mac = request.mac
        self._is_first = True
        self.error = dns.rcode.NOERROR
        self.request = request

    @property
    def size(self) -> int:
        """Octets that signing adds to a message, at most."""
        return len(self._key.name) + len(self._key.algorithm) + len(self._mac) + 32

    def sign(self, message: bytes) -> bytes:
        """The message with its TSIG record (RFC 8945 §5.3, for several messages §5.3.1)."""
        tsig = self._unsigned(message)
        digest = hmac.new(self._key.secret, digestmod=self._key.digest)
        digest.update(len(self._mac).to_bytes(2, "big") + self._mac + message)
        digest.update(_variables(tsig) if self._is_first else _timers(tsig))
        self._mac, self._is_first = digest.digest(), False
        return _append(message, tsig, self._mac)

    def _unsigned(self, message: bytes) -> Tsig:
        now, other = int(time.time()), b""
        if self.error == dns.rcode.BADTIME:  # RFC 8945 §5.2.3: the client's time, ours beside it
            now, other = self.request.time_signed, now.to_bytes(6, "big")
        message_id = int.from_bytes(message[:2], "big")
        return Tsig(self._key.name, self._key.algorithm, now, FUDGE, b"", message_id, self.error, other)


class UnsignedError:
    """Stands in for a signer when the request's key or MAC is wrong: a TSIG record without MAC (RFC 8945 §5.3.2)."""

    def __init__(self, request: Tsig, error: dns.rcode.Rcode):
        self.error = error
        self.request = request

    @property
    def size(self) -> int:
        return len(self.request.key_name) + len(self.request.algorithm) + 32

    def sign(self, message: bytes) -> bytes:
        r = self.request
        message_id = int.from_bytes(message[:2], "big")
        tsig = Tsig(r.key_name, r.algorithm, r.time_signed, FUDGE, b"", message_id, self.error, b"")
        return _append(message, tsig, b"")


def verify(request: Request, keys: Keys) -> Signer | UnsignedError | None:
    """Who signs the answer; None for an unsigned request. A set `error` says why the request is not believed.

    Key, then MAC, then time (RFC 8945 §5.2); raises MalformedMessageError for a TSIG that is none.
    """
    if request.tsig is None:
        return None
    tsig = _read(request.packet, request.tsig)
    key = keys.get(tsig.key_name)
    if key is None or key.algorithm != tsig.algorithm:
        return UnsignedError(tsig, dns.rcode.BADKEY)
    mac = _request_mac(request.packet[: request.tsig.offset], tsig, key)
    if not max(MIN_MAC_SIZE, len(mac) // 2) <= len(tsig.mac) <= len(mac):
        raise MalformedMessageError
    if not hmac.compare_digest(mac, tsig.mac):
        return UnsignedError(tsig, dns.rcode.BADSIG)
    signer = Signer(key, tsig)
    if abs(tsig.time_signed - int(time.time())) > tsig.fudge:
        signer.error = dns.rcode.BADTIME
    return signer


def _read(packet: bytes, record: Record) -> Tsig:
    if record.rdclass != dns.rdataclass.ANY or record.ttl:
        raise MalformedMessageError
    try:
        algorithm, offset = read_name(packet, record.start, {})
        high, low, fudge, mac_size = _FIXED.unpack_from(packet, offset)
        mac_start = offset + _FIXED.size
        original_id, error, other_size = _TAIL.unpack_from(packet, mac_start + mac_size)
    except (IndexError, struct.error) as failure:
        raise MalformedMessageError from failure
    other_start = mac_start + mac_size + _TAIL.size
    if other_start + other_size != record.end:
        raise MalformedMessageError
    mac, other = packet[mac_start : mac_start + mac_size], packet[other_start : record.end]
    return Tsig(record.owner, algorithm, high << 32 | low, fudge, mac, original_id, error, other)


def _request_mac(packet: bytes, tsig: Tsig, key: Key) -> bytes:
    """The MAC over the message as it was before the TSIG record was added (RFC 8945 §4.3.2)."""
    message = bytearray(packet)
    message[:2] = tsig.original_id.to_bytes(2, "big")
    _add_to_arcount(message, -1)
    return hmac.digest(key.secret, bytes(message) + _variables(tsig), key.digest)


def _timers(tsig: Tsig) -> bytes:
    return tsig.time_signed.to_bytes(6, "big") + tsig.fudge.to_bytes(2, "big")


def _variables(tsig: Tsig) -> bytes:
    """RFC 8945 §4.3.3."""
    owner = tsig.key_name + _OWNER_FIELDS.pack(dns.rdataclass.ANY, 0)
    tail = struct.pack("!HH", tsig.error, len(tsig.other)) + tsig.other
    return owner + tsig.algorithm + _timers(tsig) + tail


def _append(message: bytes, tsig: Tsig, mac: bytes) -> bytes:
    rdata = tsig.algorithm + _timers(tsig) + len(mac).to_bytes(2, "big") + mac
    rdata += _TAIL.pack(tsig.original_id, tsig.error, len(tsig.other)) + tsig.other
    head = tsig.key_name + struct.pack("!HHIH", dns.rdatatype.TSIG, dns.rdataclass.ANY, 0, len(rdata))
    signed = bytearray(message + head + rdata)
    _add_to_arcount(signed, 1)
    return bytes(signed)


def _add_to_arcount(message: bytearray, step: int) -> None:
    count = int.from_bytes(message[_ARCOUNT_OFFSET : _ARCOUNT_OFFSET + 2], "big") + step
    message[_ARCOUNT_OFFSET : _ARCOUNT_OFFSET + 2] = count.to_bytes(2, "big")
