"""Answers to devices: status, octets, and the headers that they need; nothing else is sent."""

from typing import NamedTuple

from django.utils import translation

from ddns.requests import EXPLANATIONS

PLAIN, HTML, JSON = "text/plain", "text/html", "application/json"

Headers = tuple[tuple[str, str], ...]


class Answer(NamedTuple):
    """A length is always sent and chunks never: old clients take a chunk's size for the answer."""

    body: bytes
    status: int = 200
    content_type: str = PLAIN
    headers: Headers = ()


def explained(code: str) -> str:
    """In plain words: English ones, in whatever language the last page of this thread was."""
    with translation.override(None):
        return str(EXPLANATIONS[code])


def not_allowed(*methods: str) -> Answer:
    """405, with the methods that are (RFC 9110 §15.5.6)."""
    return Answer(b"", 405, headers=(("Allow", ", ".join(methods)),))
