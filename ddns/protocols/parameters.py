"""Parameters of a device's request: its query, and the fields of a posted form behind it."""

import re
from urllib.parse import unquote_plus
from wsgiref.types import WSGIEnvironment

Parameters = dict[str, list[str]]

MAX_FORM_OCTETS = 16 * 1024
MAX_FIELDS = 1000

# multipart/form-data (RFC 7578), as curl -F and some scripts post it.
_MULTIPART = "multipart/form-data"
_BOUNDARY = re.compile(r'boundary="?([^";, ]{1,70})', re.IGNORECASE)
# From the beginning of a line: a line that says so many times would be read as often.
_FIELD_NAME = re.compile(rb'^content-disposition: *form-data;.*?[; ]name="([^"]*)"', re.IGNORECASE | re.MULTILINE)


class TooMuch(ValueError):
    """More than any device sends."""


def parse(environ: WSGIEnvironment) -> Parameters:
    """By name, each with its values in order; a posted form is of either encoding of HTML. Raises TooMuch."""
    found: Parameters = {}
    query = environ.get("QUERY_STRING", "")
    # PEP 3333 hands octets over as Latin-1.
    _read(query if query.isascii() else _decoded(query.encode("latin-1")), found)
    if environ["REQUEST_METHOD"] in ("POST", "post"):
        _read_form(environ, found)
    return found


def last(parameters: Parameters, name: str) -> str:
    """The value that counts where a parameter comes several times; empty if it does not come at all."""
    values = parameters.get(name)
    return values[-1] if values else ""


def _read_form(environ: WSGIEnvironment, found: Parameters) -> None:
    content_type = environ.get("CONTENT_TYPE", "")
    if content_type[: len(_MULTIPART)].lower() == _MULTIPART:
        _read_parts(content_type, _form(environ), found)
    else:
        _read(_decoded(_form(environ)), found)


def _read_parts(content_type: str, octets: bytes, found: Parameters) -> None:
    """What is no part with a field's name is passed over."""
    boundary = _BOUNDARY.search(content_type)
    parts = octets.split(b"--" + boundary[1].encode("latin-1")) if boundary else []
    if len(parts) > MAX_FIELDS:
        raise TooMuch
    for part in parts[1:]:
        head, _, value = part.partition(b"\r\n\r\n")
        if name := _FIELD_NAME.search(head):
            found.setdefault(_decoded(name[1]), []).append(_decoded(value.removesuffix(b"\r\n")))


def _read(text: str, found: Parameters) -> None:
    if text.count("&") >= MAX_FIELDS:
        raise TooMuch
    for field in text.split("&"):
        if field:
            name, _, value = field.partition("=")
            found.setdefault(_unescaped(name), []).append(_unescaped(value))


def _decoded(octets: bytes) -> str:
    return octets.decode("utf-8", "replace")


def _unescaped(text: str) -> str:
    return unquote_plus(text) if "%" in text or "+" in text else text


def _form(environ: WSGIEnvironment) -> bytes:
    """A body that is no form reads as one with strange fields, which are ignored."""
    try:
        length = int(environ.get("CONTENT_LENGTH") or 0)
    except ValueError:
        raise TooMuch from None
    if length > MAX_FORM_OCTETS:
        raise TooMuch
    return environ["wsgi.input"].read(length) if length > 0 else b""
