"""Wordings: the built-in words of statements, answers and mails, read from abuse/words/<language>/*.txt.

They are code, so that an upgrade improves them; what an operator has changed is in rows (abuse.templates) and stays. A file has
sections: a line "=== key", the subject, an empty line, the text.
"""

from functools import cache
from pathlib import Path
from typing import NamedTuple

from django.conf import settings

_WORDS = Path(__file__).resolve().parent / "words"
_SECTION = "=== "


class Words(NamedTuple):
    """The subject is one line; the text is plain, paragraphs with empty lines between them."""

    subject: str
    text: str


@cache
def built_in(language: str) -> dict[str, Words]:
    """All of a language, by key; empty for one that has none."""
    found: dict[str, Words] = {}
    for path in sorted((_WORDS / language).glob("*.txt")):
        found |= _sections(path.read_text(encoding="utf-8"))
    return found


def spoken(language: str) -> str:
    """The language itself where it has words, else the one that everything is in."""
    short = language.partition("-")[0].lower()
    return short if short in dict(settings.LANGUAGES) and built_in(short) else settings.LANGUAGE_CODE


def _sections(content: str) -> dict[str, Words]:
    found = {}
    for section in ("\n" + content).split("\n" + _SECTION)[1:]:
        key, subject, *lines = section.split("\n")
        found[key.strip()] = Words(subject.strip(), "\n".join(lines).strip())
    return found
