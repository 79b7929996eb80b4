"""An authenticator app (RFC 6238), as small as it can be."""

import base64
import hmac
import struct
import time


def code_of(secret: str) -> str:
    """What the app shows now."""
    moment = struct.pack(">Q", int(time.time()) // 30)
    digest = hmac.digest(base64.b32decode(secret), moment, "sha1")
    start = digest[-1] & 15
    (number,) = struct.unpack(">I", digest[start : start + 4])
    return f"{(number & 0x7FFFFFFF) % 1_000_000:06}"
