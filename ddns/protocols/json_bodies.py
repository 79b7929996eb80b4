"""JSON bodies, as programs send them and get them back."""

import json
import re
from collections.abc import Mapping
from typing import Any
from wsgiref.types import WSGIEnvironment

from django.conf import settings
from django.utils import translation

from ddns.protocols.answers import JSON, Answer, Headers

MAX_OCTETS = 16 * 1024

Fields = dict[str, Any]

_HALF = re.compile("[\ud800-\udfff]")
_NOT_STORED = (("Cache-Control", "no-store"),)


class Malformed(ValueError):
    """What was sent is not a JSON object of the form that is documented."""

    def __str__(self) -> str:
        return " ".join([(self.__doc__ or "").strip(), *map(str, self.args)])


def parse(environ: WSGIEnvironment) -> Fields:
    """The members of the object, their names in lower case: clients in Go write them in any. Nothing is an empty object.

    Whatever Content-Type says: acme.sh calls JSON a form. Raises Malformed.
    """
    octets = _read(environ)
    if not octets.strip():
        return {}
    try:
        found = json.loads(octets.decode())
    except (ValueError, RecursionError) as error:
        raise Malformed("It cannot be read as JSON.") from error
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise Malformed
    return {name.lower(): value for name, value in found.items()}


def text_of(fields: Fields, name: str) -> str:
    """Raises Malformed where it is missing or no text, as half of a surrogate pair is none (RFC 8259 §8.2)."""
    value = fields.get(name)
    if not isinstance(value, str) or _HALF.search(value):
        raise Malformed(f"“{name}” must be a text.")
    return value


def answer(content: Mapping[str, Any], status: int = 200, headers: Headers = ()) -> Answer:
    return Answer(json.dumps(content, separators=(",", ":")).encode(), status, JSON, (*_NOT_STORED, *headers))


def error(code: str, detail: object, status: int, headers: Headers = ()) -> Answer:
    """code is for programs; detail says to whoever reads the program's log what happened and what to do.

    In the site's language: no program says its reader's, and the thread's is that of whoever looked at a page last.
    """
    with translation.override(settings.LANGUAGE_CODE):
        return answer({"error": code, "detail": str(detail)}, status, headers)


def _read(environ: WSGIEnvironment) -> bytes:
    """Without a length the body ends where the server says that it does (chunks), or there is none. Raises Malformed."""
    length = environ.get("CONTENT_LENGTH") or ""
    if not length and not environ.get("wsgi.input_terminated"):
        return b""
    if length and not length.isdecimal():
        raise Malformed
    octets = environ["wsgi.input"].read(min(int(length), MAX_OCTETS + 1) if length else MAX_OCTETS + 1)
    if len(octets) > MAX_OCTETS:
        raise Malformed(f"It has more than {MAX_OCTETS} octets.")
    return octets
