"""Files in MaxMind's format (MaxMind DB 2.0) that a test makes: one network, one row."""

from typing import Any

_MARKER = b"\xab\xcd\xefMaxMind.com"
# Zeros between tree and data.
_GAP = 16
_UINT16, _UINT32, _UINT64, _ARRAY = 5, 6, 9, 11


def of_first_octet(octet: int, row: dict[str, Any]) -> bytes:
    """IPv4 addresses that begin with the octet have the row, others have none."""
    bits = [octet >> place & 1 for place in range(7, -1, -1)]
    count = len(bits)
    tree = b""
    for number, bit in enumerate(bits, start=1):
        ahead = number if number < count else count + _GAP
        sides = [count, ahead] if bit else [ahead, count]
        tree += b"".join(each.to_bytes(3, "big") for each in sides)
    metadata = {
        "binary_format_major_version": (_UINT16, 2),
        "binary_format_minor_version": (_UINT16, 0),
        "build_epoch": (_UINT64, 1),
        "database_type": "test",
        "description": {},
        "ip_version": (_UINT16, 4),
        "languages": [],
        "node_count": count,
        "record_size": (_UINT16, 24),
    }
    return tree + bytes(_GAP) + _encoded(row) + _MARKER + _encoded(metadata)


def _encoded(value: Any) -> bytes:
    match value:
        case str():
            return _control(2, len(value.encode())) + value.encode()
        case int():
            return _encoded((_UINT32, value))
        case (kind, number):
            octets = number.to_bytes(8, "big").lstrip(b"\0")
            return _control(kind, len(octets)) + octets
        case dict():
            pairs = b"".join(_encoded(key) + _encoded(each) for key, each in value.items())
            return _control(7, len(value)) + pairs
        case list():
            return _control(_ARRAY, len(value)) + b"".join(map(_encoded, value))
    raise TypeError(value)


def _control(kind: int, size: int) -> bytes:
    if kind > 7:
        # An extended type: 7 and what the next octet says.
        return bytes([size, kind - 7])
    return bytes([kind << 5 | size]) if size < 29 else bytes([kind << 5 | 29, size - 29])
