"""A TSIG key (RFC 8945) as the servers' configurations and our settings write it."""

import base64
import secrets
from dataclasses import dataclass

SECRET_SIZE = 32  # octets: the output size of hmac-sha256, RFC 8945 §6


@dataclass(frozen=True)
class TsigKey:
    name: str
    algorithm: str
    secret: str

    @classmethod
    def generate(cls, name: str = "ddns-update", algorithm: str = "hmac-sha256") -> "TsigKey":
        return cls(name, algorithm, base64.b64encode(secrets.token_bytes(SECRET_SIZE)).decode())

    @classmethod
    def parse(cls, text: str) -> "TsigKey":
        """From `name:algorithm:secret`, as nsupdate -y and our environment write it (algorithm second)."""
        name, algorithm, secret = text.split(":", 2)
        return cls(name, algorithm, secret)

    def __str__(self) -> str:
        return f"{self.name}:{self.algorithm}:{self.secret}"

    def __repr__(self) -> str:
        return f"TsigKey({self.name!r}, {self.algorithm!r}, ...)"
