"""Owner names as lower-case, uncompressed wire octets: hashed once, cut at labels by slicing."""

from collections.abc import Iterator

import dns.name

ROOT = b"\0"
WILDCARD_LABEL = b"\x01*"


def from_text(text: str) -> bytes:
    """The owner name, taken as absolute with or without a final dot; raises dns.exception.DNSException."""
    return dns.name.from_text(text).to_digestable()


def to_text(owner: bytes) -> str:
    """The name for people and file names, without the final dot."""
    return dns.name.from_wire(owner, 0)[0].to_text(omit_final_dot=True)


def parent(owner: bytes) -> bytes:
    return owner[owner[0] + 1 :]


def ancestors(owner: bytes) -> Iterator[bytes]:
    """The name itself, then every name above it, the root last."""
    while owner != ROOT:
        yield owner
        owner = parent(owner)
    yield ROOT


def is_within(owner: bytes, apex: bytes) -> bool:
    """Whether the name is the apex or below it; a label may contain any octet, so the end alone proves nothing."""
    return owner.endswith(apex) and any(name == apex for name in ancestors(owner))
