"""Credentials of update requests: Basic authentication (RFC 7617) or parameters. Only the key counts."""

import base64
import binascii
from typing import NamedTuple

from ddns.protocols.parameters import Parameters, last

# Spellings seen in the field: Dynu, deSEC, ChangeIP, HE, Infomaniak, Joker.
_USER_PARAMETERS = ("username", "user", "u", "id")
_KEY_PARAMETERS = ("password", "pass", "p", "token", "key")
# Devices store up to 255 characters; more is no key of ours.
MAX_KEY_CHARACTERS = 255


class Credentials(NamedTuple):
    """A user name, which may be anything and sometimes is the hostname, and a key."""

    user: str
    key: str


def find(authorization: str, parameters: Parameters) -> Credentials | None:
    """The credentials of a request by its Authorization header (empty if it has none) or its parameters.

    None where there are none: a bare request waits for the challenge.
    """
    scheme, _, rest = authorization.partition(" ")
    if scheme.lower() == "basic":
        return _from_basic(rest.strip())
    if scheme.lower() in ("bearer", "token"):
        return Credentials("", rest.strip())
    key = _first(parameters, _KEY_PARAMETERS)
    return Credentials(_first(parameters, _USER_PARAMETERS) or "", key.strip()) if key else None


def _from_basic(text: str) -> Credentials:
    """Malformed ones are wrong credentials, not missing ones."""
    try:
        decoded = base64.b64decode(text, validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return Credentials("", "")
    # A key has no colon, a user name of a No-IP group ("group:user") has.
    user, _, key = decoded.rpartition(":")
    return Credentials(user.strip(), key.strip()[:MAX_KEY_CHARACTERS])


def _first(parameters: Parameters, names: tuple[str, ...]) -> str | None:
    return next((value for name in names if (value := last(parameters, name))), None)
