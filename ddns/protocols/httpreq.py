"""httpreq: how lego, and what is built on it, asks for a TXT value and asks to remove it (docs/certificates.md)."""

import base64
import hashlib
from typing import NamedTuple
from wsgiref.types import WSGIEnvironment

from ddns.address_updates import Changed, Outcome, Restricted, Unchanged
from ddns.errors import KeyNotAllowed, WrongKey
from ddns.protocols import json_bodies
from ddns.protocols.answers import Answer
from ddns.protocols.credentials import Credentials, find
from ddns.protocols.dyndns2 import REALM, RETRY_AFTER_SECONDS
from ddns.protocols.json_bodies import Fields, text_of
from ddns.requests import EXPLANATIONS

NAME = "httpreq"

_CHALLENGE = (("WWW-Authenticate", f'Basic realm="{REALM}"'),)


class Challenge(NamedTuple):
    """The name as it was sent: of the challenge itself, or in RAW mode of what the certificate is for."""

    name: str
    value: str


def credentials(environ: WSGIEnvironment) -> Credentials | None:
    """None where there are none."""
    return find(environ.get("HTTP_AUTHORIZATION", ""), {})


def parse(fields: Fields) -> Challenge:
    """{"fqdn", "value"}, or what lego's RAW mode sends: {"domain", "token", "keyAuth"}. Raises Malformed."""
    if "fqdn" in fields or "domain" not in fields:
        return Challenge(text_of(fields, "fqdn"), text_of(fields, "value"))
    # RFC 8555 §8.4.
    hashed = hashlib.sha256(text_of(fields, "keyauth").encode()).digest()
    value = base64.urlsafe_b64encode(hashed).rstrip(b"=").decode()
    return Challenge(text_of(fields, "domain"), value)


def render(outcome: Outcome, challenge: Challenge) -> Answer:
    """acme.sh's dns_acmeproxy looks for the value in quotes; lego shows the whole body of a failure."""
    match outcome:
        case Changed() | Unchanged():
            return json_bodies.answer({"fqdn": challenge.name, "value": challenge.value})
        case Restricted():
            return _error("abuse", 403)
    return _error("nohost", 404)


def refused(error: Exception) -> Answer:
    match error:
        case KeyNotAllowed():
            return json_bodies.error("notallowed", error, 403)
        case WrongKey():
            return challenge()
    return json_bodies.error("malformed", error, 400)


def challenge() -> Answer:
    """To missing and to wrong credentials alike."""
    return json_bodies.error("badauth", EXPLANATIONS["badauth"], 401, _CHALLENGE)


def outage() -> Answer:
    return json_bodies.error("911", EXPLANATIONS["911"], 503, (("Retry-After", str(RETRY_AFTER_SECONDS)),))


def _error(code: str, status: int) -> Answer:
    return json_bodies.error(code, EXPLANATIONS[code], status)
