"""TSIG keys as messages are signed with them."""

from dataclasses import dataclass, field
from typing import Protocol

# The name on the wire (RFC 8945 §6) and the digest of each algorithm.
ALGORITHMS = {
    "hmac-md5": ("hmac-md5.sig-alg.reg.int", "md5"),
    "hmac-sha1": ("hmac-sha1", "sha1"),
    "hmac-sha224": ("hmac-sha224", "sha224"),
    "hmac-sha256": ("hmac-sha256", "sha256"),
    "hmac-sha384": ("hmac-sha384", "sha384"),
    "hmac-sha512": ("hmac-sha512", "sha512"),
}
ALGORITHMS["hmac-md5.sig-alg.reg.int"] = ALGORITHMS["hmac-md5"]


@dataclass(frozen=True)
class Key:
    """The secret stays out of every repr."""

    name: bytes
    algorithm: bytes
    digest: str
    secret: bytes = field(repr=False)


class Keys(Protocol):
    """Where keys are found by their names, in wire form."""

    def get(self, name: bytes) -> Key | None: ...
