"""TSIG keys: read as operators write them, or generated."""

import base64
import binascii
import re
import secrets

from dnsupdate.errors import InvalidKey
from dnsupdate.models import TsigKey
from dnsupdate.names import normalise

# RFC 8945 §8: as long as the digest.
SECRET_OCTETS = 32

_BIND_KEY = re.compile(r'key\s+"?([^\s"{]+)"?\s*\{[^}]*algorithm\s+"?([\w.-]+)"?\s*;[^}]*secret\s+"([^"]+)"', re.S)


def parse(text: str) -> TsigKey:
    """An unsaved key from `name:algorithm:secret`, `name algorithm secret`, or BIND's key statement. Raises InvalidKey."""
    match = _BIND_KEY.search(text)
    parts = list(match.groups()) if match else re.split(r"[:\s]+", text.strip())
    if len(parts) != 3:
        raise InvalidKey("write it as name:algorithm:secret, or as BIND's key statement.")
    name, algorithm, secret = parts
    try:
        base64.b64decode(secret, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidKey("its secret is not base64.") from error
    key = TsigKey(name=normalise(name), algorithm=_algorithm(algorithm))
    key.secret = secret
    return key


def generate(name: str) -> TsigKey:
    """An unsaved hmac-sha256 key with a random secret."""
    key = TsigKey(name=normalise(name), algorithm=TsigKey.Algorithm.HMAC_SHA256)
    key.secret = base64.b64encode(secrets.token_bytes(SECRET_OCTETS)).decode()
    return key


def _algorithm(text: str) -> str:
    name = text.lower().removesuffix(".")
    name = TsigKey.Algorithm.HMAC_MD5 if name == "hmac-md5" else name
    if name not in TsigKey.Algorithm.values:
        raise InvalidKey(f"its algorithm is none of {', '.join(TsigKey.Algorithm.values)}.")
    return name
