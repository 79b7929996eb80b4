"""The wire form of many records, read without an object per record: owner names and records as octets to compare.

Measured: 300,000 names a second and more, where dnspython's messages come to 8,600.
"""

import struct
from hashlib import blake2b

import dns.exception
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype

from dnsupdate.errors import TransferFailed

A, NS, SOA, TXT, AAAA, TSIG = 1, 2, 6, 16, 28, 250
IN = 1
# The types that a signer adds, which are not ours to compare: RRSIG, NSEC, DNSKEY (RFC 4034), NSEC3, NSEC3PARAM (RFC 5155),
# CDS, CDNSKEY (RFC 7344), ZONEMD (RFC 8976), BIND's private type.
SIGNERS_TYPES = frozenset({46, 47, 48, 50, 51, 59, 60, 63, 65534})
# Rdata that holds no name: what is on the wire is its canonical form already (RFC 4034 §6.2).
_NAMELESS = frozenset({A, AAAA, TXT})
# Longer records are kept as a digest: a zone of long texts must not fill the memory.
_LONGEST_KEPT = 64

_FIXED = struct.Struct("!HHIH")
_POINTER = 0xC0
_MAX_NAME_OCTETS = 255

# The owner below the apex in lower case without the apex (that itself: empty), the type, and TYPE CLASS TTL RDLENGTH RDATA.
Record = tuple[bytes, int, bytes]


class Apex:
    """A zone's name in the form that owner names are cut off by."""

    def __init__(self, name: str) -> None:
        self.labels = name.lower().encode().split(b".")


def read_records(message: bytes, position: int, count: int, apex: Apex) -> tuple[list[Record], int]:
    """The records there without the signer's, and where they end. Raises TransferFailed for whatever is malformed."""
    found: list[Record] = []
    owners: dict[int, bytes] = {}
    size, unpack = len(message), _FIXED.unpack_from
    try:
        for _ in range(count):
            owner, position = _read_owner(message, position, owners, apex)
            type_code, class_code, ttl, length = unpack(message, position)
            end = position + 10 + length
            if end > size:
                raise TransferFailed("a record is cut short.")
            if type_code in _NAMELESS:
                found.append((owner, type_code, message[position:end]))
            elif type_code not in SIGNERS_TYPES:
                rdata = _canonical(message, position + 10, length, type_code, class_code)
                found.append((owner, type_code, _FIXED.pack(type_code, class_code, ttl, len(rdata)) + rdata))
            position = end
    except (IndexError, struct.error) as error:
        raise TransferFailed("a record is cut short.") from error
    return found, position


def skip_records(message: bytes, position: int, count: int) -> int:
    """Where the records end. Raises TransferFailed."""
    try:
        for _ in range(count):
            position = skip_name(message, position)
            position += 10 + _FIXED.unpack_from(message, position)[3]
    except (IndexError, struct.error) as error:
        raise TransferFailed("a record is cut short.") from error
    return position


def skip_name(message: bytes, position: int) -> int:
    while (length := message[position]) and length < _POINTER:
        position += 1 + length
    return position + (2 if length else 1)


def labels_at(message: bytes, position: int) -> list[bytes]:
    """A name's labels in lower case, without the root's. Pointers go backwards only, so that none can loop (RFC 1035 §4.1.4)."""
    labels: list[bytes] = []
    limit, octets = position, 1
    while length := message[position]:
        if length >= _POINTER:
            target = (length & 0x3F) << 8 | message[position + 1]
            if target >= limit:
                raise TransferFailed("a name's compression points forwards or in a circle.")
            position = limit = target
            continue
        octets += 1 + length
        if length > 63 or octets > _MAX_NAME_OCTETS:
            raise TransferFailed("a name is longer than RFC 1035 allows.")
        labels.append(message[position + 1 : position + 1 + length].lower())
        position += 1 + length
    return labels


def record(type_code: int, ttl: int, rdata: bytes) -> bytes:
    """The same form for a record of ours; rdata is canonical."""
    return kept(_FIXED.pack(type_code, IN, ttl, len(rdata)) + rdata)


def head(type_code: int, ttl: int, length: int) -> bytes:
    """What stands before the rdata."""
    return _FIXED.pack(type_code, IN, ttl, length)


def kept(record: bytes) -> bytes:
    """The record, or what stands for one that is too long to keep."""
    if len(record) <= _LONGEST_KEPT:
        return record
    return record[:8] + b"\x00\x20" + blake2b(record, digest_size=32).digest()


def split(records: bytes) -> list[bytes]:
    """The records of one name, which are kept in one piece."""
    found, position = [], 0
    while position < len(records):
        end = position + 10 + int.from_bytes(records[position + 8 : position + 10])
        found.append(records[position:end])
        position = end
    return found


def is_same(one: bytes, other: bytes) -> bool:
    """Whether both are the same records in whatever order."""
    return one == other or (len(one) == len(other) and sorted(split(one)) == sorted(split(other)))


def type_of(record: bytes) -> int:
    return int.from_bytes(record[:2])


def ttl_of(record: bytes) -> int:
    return int.from_bytes(record[4:8])


def rdata_of(record: bytes) -> bytes:
    return record[10:]


def serial_of(soa: bytes) -> int:
    """Of a SOA record: its last 20 octets are five numbers, the serial first (RFC 1035 §3.3.13)."""
    if len(soa) < 32:
        raise TransferFailed("its SOA record is malformed.")
    return int.from_bytes(soa[-20:-16])


def _read_owner(message: bytes, position: int, owners: dict[int, bytes], apex: Apex) -> tuple[bytes, int]:
    """The owner name and where it ends. What pointers lead to is kept in owners: nearly all names are one label and a pointer."""
    length = message[position]
    if length >= _POINTER:
        target = (length & 0x3F) << 8 | message[position + 1]
        owner = owners.get(target)
        return (_below(message, target, position, owners, apex) if owner is None else owner), position + 2
    end = position + 1 + length
    if length and message[end] >= _POINTER:
        parent = owners.get((message[end] & 0x3F) << 8 | message[end + 1])
        if parent is not None:
            label = message[position + 1 : end].lower()
            if not label.isalnum():
                label = _as_text(label)
            owner = owners[position] = label + b"." + parent if parent else label
            return owner, end + 2
    owner = _below(message, position, len(message), owners, apex)
    if owner and b"." not in owner and message[end] >= _POINTER:
        # One label below the apex: the next names point there too.
        owners[(message[end] & 0x3F) << 8 | message[end + 1]] = b""
    return owner, skip_name(message, position)


def _below(message: bytes, position: int, limit: int, owners: dict[int, bytes], apex: Apex) -> bytes:
    if position >= limit:
        raise TransferFailed("a name's compression points forwards or in a circle.")
    labels = labels_at(message, position)
    depth = len(labels) - len(apex.labels)
    if depth < 0 or labels[depth:] != apex.labels:
        raise TransferFailed(f"it holds a name of another zone, {b'.'.join(map(_as_text, labels)).decode()}.")
    owner = owners[position] = b".".join(map(_as_text, labels[:depth]))
    return owner


def _as_text(label: bytes) -> bytes:
    """In presentation form (RFC 1035 §5.1): what is no letter, digit, hyphen, underscore or asterisk is escaped."""
    if label.translate(None, b"abcdefghijklmnopqrstuvwxyz0123456789-_*") == b"":
        return label
    return dns.name.Name((label,)).to_text().encode()


def _canonical(message: bytes, position: int, length: int, type_code: int, class_code: int) -> bytes:
    try:
        rdclass, rdtype = dns.rdataclass.RdataClass.make(class_code), dns.rdatatype.RdataType.make(type_code)
        return dns.rdata.from_wire(rdclass, rdtype, message, position, length).to_digestable()
    except (dns.exception.DNSException, ValueError, IndexError, struct.error) as error:
        raise TransferFailed(f"a record of type {type_code} is malformed ({type(error).__name__}).") from error
