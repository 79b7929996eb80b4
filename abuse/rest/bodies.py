"""Bodies: a report as octets, of a bounded length, in a format that we take; and whether it can be read at all."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice
from threading import BoundedSemaphore
from typing import Any

from django.http import HttpRequest

from abuse import intake
from abuse.errors import Unreadable
from abuse.intake import xarf, xarf_3, xarf_schema
from abuse.intake.drafts import Parsed
from abuse.models import Submission
from abuse.rest import problems
from abuse.submissions import MAX_SIZE, MIB
from ddns.rest.problems import TOO_BIG, TOO_MANY, Failure

logger = logging.getLogger(__name__)

# Without a key: a report with a screenshot and a mail. Whoever has more asks for a key.
MAX_ANONYMOUS_SIZE = 2 * MIB
# In one list. More are sent in parts, so that each part has its answer.
MAX_REPORTS = 1000
# Brackets and commas, before JSON is read: each may cost a hundred octets of memory.
MAX_VALUES = 500_000
MAX_ERRORS = 50
_PIECE = 64 * 1024
# Of one process: while it is read and checked, a big one takes some five times its size.
BIG_AT_ONCE = 2
PATIENCE = timedelta(seconds=10)
_room = BoundedSemaphore(BIG_AT_ONCE)

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


@dataclass(frozen=True, slots=True)
class Checked:
    """Nothing wrong: it can be read. warnings are for whoever wrote the program that sent it."""

    wrong: list[Wrong] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


@contextmanager
def room(request: HttpRequest) -> Iterator[None]:
    """For what is big, as far as its Content-Length says so: a few at a time, whoever sends them. Raises Failure."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    is_big = length.isdecimal() and int(length) > MAX_ANONYMOUS_SIZE
    if is_big and not _room.acquire(timeout=PATIENCE.total_seconds()):
        raise Failure(TOO_MANY, "Other big reports are being read. Send it again in a moment.", {"Retry-After": "10"})
    try:
        yield
    finally:
        if is_big:
            _room.release()


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
    if request.headers.get("Content-Encoding", "identity").strip().lower() not in ("", "identity"):
        # Nothing of strangers is unpacked.
        raise Failure(problems.NO_REPORT_TYPE, "Send it unpacked, without Content-Encoding.")
    sent = (request.content_type or "").strip().lower()
    if sent not in TYPES:
        raise Failure(problems.NO_REPORT_TYPE, f"Set Content-Type to one of {', '.join(TYPES)}.")
    return sent


def check(content: bytes, content_type: str, kind: str) -> Checked:
    """What keeps anybody from reading it, or what is odd about it. Nothing of it is kept: reports are made of what was stored.

    Bounded like every parser. One that breaks has no say: then a person looks at it. Raises Failure.
    """
    if content_type in JSON_TYPES:
        document, wrong = _document(content)
        if wrong:
            return Checked(wrong)
    else:
        document = None
    try:
        parsed = intake.parse(content, content_type=content_type, door=Submission.Door.API, kind=kind)
    except Unreadable as error:
        return Checked(_wrongs_of(document, " ".join(map(str, error.args))))
    except Exception:
        logger.exception("A parser failed at the door.")
        return Checked()
    if not any(draft.subjects for draft in parsed.drafts):
        return Checked([Wrong("", "It names no host, address or URL.")])
    return Checked(warnings=list(islice(_warnings(parsed), MAX_ERRORS)))


def _document(content: bytes) -> tuple[Any, list[Wrong]]:
    """The JSON, or what is wrong with it. Raises Failure."""
    if content.count(b",") + content.count(b"[") + content.count(b"{") > MAX_VALUES:
        raise Failure(problems.TOO_MANY_REPORTS, f"More than {MAX_VALUES} values. Send it in parts.")
    try:
        document = json.loads(content.decode("utf-8-sig"), parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        return None, [Wrong(f"octet {error.start}", "This is not UTF-8, and so no JSON (RFC 8259 §8.1).")]
    except json.JSONDecodeError as error:
        return None, [Wrong(f"line {error.lineno}, column {error.colno}", f"This is no JSON: {error.msg}.")]
    except (ValueError, RecursionError) as error:
        return None, [Wrong("", f"This is no JSON that can be read: {str(error)[:200]}.")]
    return document, list(islice(_wrong_document(document), MAX_ERRORS))


def _wrongs_of(document: Any, reason: str) -> list[Wrong]:
    """The reason; and of a report in XARF everything that its schema says, by its place."""
    found = [Wrong("", reason)]
    if isinstance(document, dict) and xarf.is_one(document) and not xarf_3.is_one(document):
        places = (sentence.partition(": ") for sentence in xarf_schema.errors_of(document))
        found += [Wrong("" if place == "report" else place, detail) for place, _, detail in places]
    return found[:MAX_ERRORS]


def _warnings(parsed: Parsed) -> Iterator[str]:
    yield from parsed.warnings
    for number, draft in enumerate(parsed.drafts, 1):
        of_evidence = (each.problem for each in draft.attachments if each.problem)
        for warning in (*draft.warnings, *of_evidence):
            yield warning if len(parsed.drafts) == 1 else f"Report {number}: {warning}"


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


def _too_big(most: int) -> Failure:
    return Failure(TOO_BIG, f"A report has {most} octets at most; more with a key, to {MAX_SIZE}. Send it in parts.")


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not in it")
