"""Stems: what is left of a label without its number. home1, home2 and home-3 are siblings."""

import re

from django.db.models import Q

# Shorter ones are everybody's: "home", "test", "pi".
LEAST_CHARACTERS = 5
_NUMBERED = re.compile(r"(.*?[^0-9-])-?[0-9]*", re.ASCII)
_DIGITS = "0123456789"


def of(label: str) -> str:
    """The stem of a label; empty where it is too short to say anything, or a number altogether."""
    found = _NUMBERED.fullmatch(label)
    return found[1] if found and len(found[1]) >= LEAST_CHARACTERS else ""


def is_sibling(label: str, stem: str) -> bool:
    return bool(stem) and of(label) == stem


def siblings(stem: str) -> Q:
    """Hostnames whose first label may be the stem or the stem with a number, in any domain.

    Prefixes that the index of names finds (in a database sorted by code point, as ours are); is_sibling has the last word.
    """
    starts = [f"{stem}.", f"{stem}-", *(f"{stem}{digit}" for digit in _DIGITS)]
    wanted = Q()
    for start in starts:
        wanted |= Q(name__startswith=start)
    return wanted
