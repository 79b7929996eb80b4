"""Owner names as lower-case, uncompressed wire octets: hashed once, cut at labels by slicing."""

import re
from collections.abc import Iterator

import dns.exception
import dns.name

from .errors import ConfigurationError

ROOT = b"\0"
WILDCARD_LABEL = b"\x01*"

# An apex becomes a file name, so it is held to what cannot leave the directory.
_APEX = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*")
MAX_APEX_LENGTH = 240  # leaves room for hostmaster.<apex>


def from_text(text: str) -> bytes:
    """The owner name, taken as absolute with or without a final dot; raises dns.exception.DNSException."""
    return dns.name.from_text(text).to_digestable()


def to_text(owner: bytes) -> str:
    """The name for people and file names, without the final dot."""
    return dns.name.from_wire(owner, 0)[0].to_text(omit_final_dot=True)


def apex_from_text(text: str) -> bytes:
    """The apex on one line of the zones file; raises ConfigurationError unless it is a plain domain name."""
    name = text.lower().removesuffix(".")
    try:
        if not _APEX.fullmatch(name):
            raise ConfigurationError(f"{text!r} is not a domain name")
        owner = from_text(name)
    except dns.exception.DNSException as error:
        raise ConfigurationError(f"{text!r} is not a domain name: {error}") from error
    if len(owner) > MAX_APEX_LENGTH:
        raise ConfigurationError(f"{text!r} is longer than {MAX_APEX_LENGTH} octets")
    return owner


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
