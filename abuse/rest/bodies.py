"""Bodies: a report as octets, of a bounded length, in a format that we take; and whether it can be read at all."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from abuse.rest import problems
from abuse.submissions import MAX_SIZE, MIB
from ddns.rest.problems import TOO_BIG, Failure

# Without a key: a report with a screenshot and a mail. Whoever has more asks for a key.
MAX_ANONYMOUS_SIZE = 2 * MIB
# In one list. More are sent in parts, so that each part has its answer.
MAX_REPORTS = 1000
# Brackets and commas, before JSON is read: each may cost a hundred octets of memory.
MAX_VALUES = 500_000
MAX_ERRORS = 50
_PIECE = 64 * 1024

JSON_TYPES = (
    "application/json",
    "application/xarf+json",
    "application/stix+json",
    "application/taxii+json",
    "application/misp+json",
)
TYPES = (*JSON_TYPES, "text/csv", "text/plain", "application/yaml", "application/x-yaml", "message/rfc822")


@dataclass(frozen=True, slots=True)
class Wrong:
    """One thing that is wrong with a body: where ("[3].evidence", "line 7"), and what."""

    field: str
    detail: str


def read(request: HttpRequest, *, most: int) -> bytes:
    """The octets of the body. What is too long is refused by its Content-Length, before anything of it is read.

    Raises Failure.
    """
    if "chunked" in request.headers.get("Transfer-Encoding", "").lower() and not request.META.get("CONTENT_LENGTH"):
        raise Failure(
            problems.NO_LENGTH, "Send it with Content-Length, not in chunks: what is too long is refused by it."
        )
    length = request.META.get("CONTENT_LENGTH") or "0"
    if length.isdecimal() and int(length) > most:
        raise _too_big(most)
    pieces, size = [], 0
    while piece := request.read(min(_PIECE, most + 1 - size)):
        pieces.append(piece)
        size += len(piece)
        if size > most:
            raise _too_big(most)
    return b"".join(pieces)


def content_type_of(request: HttpRequest) -> str:
    """The media type, one that reports come in. Raises Failure."""
    sent = (request.content_type or "").strip().lower()
    if sent not in TYPES:
        raise Failure(problems.NO_REPORT_TYPE, f"Set Content-Type to one of {', '.join(TYPES)}.")
    return sent


def wrongs(content: bytes, content_type: str) -> list[Wrong]:
    """What keeps anybody from reading it; empty: it can be read. Looks at no more than MAX_VALUES. Raises Failure."""
    if content_type not in JSON_TYPES:
        return list(_wrong_text(content)) if content_type != "message/rfc822" else []
    if content.count(b",") + content.count(b"[") + content.count(b"{") > MAX_VALUES:
        raise Failure(problems.TOO_MANY_REPORTS, f"More than {MAX_VALUES} values. Send it in parts.")
    try:
        document = json.loads(content.decode("utf-8-sig"), parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        return [Wrong(f"octet {error.start}", "This is not UTF-8, and so no JSON (RFC 8259 §8.1).")]
    except json.JSONDecodeError as error:
        return [Wrong(f"line {error.lineno}, column {error.colno}", f"This is no JSON: {error.msg}.")]
    except (ValueError, RecursionError) as error:
        return [Wrong("", f"This is no JSON that can be read: {str(error)[:200]}.")]
    return list(_wrong_document(document))[:MAX_ERRORS]


def _wrong_document(document: Any) -> Iterator[Wrong]:
    """A report is an object; several are a list of objects."""
    if isinstance(document, list):
        if len(document) > MAX_REPORTS:
            raise Failure(
                problems.TOO_MANY_REPORTS, f"{len(document)} reports; {MAX_REPORTS} at once. Send them in parts."
            )
        if not document:
            yield Wrong("", "The list is empty.")
        for position, item in enumerate(document):
            if not isinstance(item, dict):
                yield Wrong(f"[{position}]", "A report is an object.")
            elif not item:
                yield Wrong(f"[{position}]", "The object is empty.")
    elif not isinstance(document, dict):
        yield Wrong("", "A report is an object, several are a list of objects.")
    elif not document:
        yield Wrong("", "The object is empty.")


def _wrong_text(content: bytes) -> Iterator[Wrong]:
    if not content.strip():
        yield Wrong("", "There is no line in it.")
    elif b"\0" in content and not content.startswith((b"\xff\xfe", b"\xfe\xff")):
        yield Wrong(f"octet {content.index(0)}", "This is no text: it has a NUL octet.")


def _too_big(most: int) -> Failure:
    return Failure(TOO_BIG, f"A report has {most} octets at most; more with a key, to {MAX_SIZE}. Send it in parts.")


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not in it")
