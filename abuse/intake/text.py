"""Text of strangers: valid UTF-8 without NUL, which PostgreSQL does not take, cut to a length, and data as JSON can hold it."""

import codecs
import math
import re
from collections.abc import Mapping
from typing import Any

from abuse.intake import limits

# Tab and line feed stay. NUL, other controls and halves of surrogate pairs can be stored or shown by nobody; overrides,
# embeddings and isolates (UAX #9) turn the text around that stands beside them. The octets are in the submission.
_UNFIT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_BLANKS = re.compile(r"^ |  | $")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Decoders of the standard library that are no charsets, or that unpack.
_CHARSETS = re.compile(
    r"(?:us-)?ascii|utf[-_]?(?:7|8|16|32)(?:[-_]?[lb]e)?|iso[-_]?8859[-_]?\d{1,2}|latin[-_]?\d|windows[-_]?125\d|cp\d{3,4}|"
    r"koi8[-_]?[rut]|big5(?:[-_]?hkscs)?|gb(?:k|2312|18030)|euc[-_]?(?:jp|kr|tw)|shift[-_]?jis|iso[-_]?2022[-_]?(?:jp|kr)|"
    r"mac[-_]?roman|tis[-_]?620"
)
CUT = "…"


def clean(text: str) -> str:
    """Line ends are line feeds, what is unfit is replaced by U+FFFD, controls are dropped."""
    if text.isprintable():
        return text
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _UNFIT.sub(_fit, text) if _UNFIT.search(text) else text


def line(value: object, most: int = limits.MAX_FIELD_CHARACTERS) -> str:
    """A scalar as one line of at most that many characters; empty for anything else."""
    if value is None or value == "":
        return ""
    # Most are fit already; a feed has a million of them.
    if (
        isinstance(value, str)
        and len(value) <= most
        and value.isprintable()
        and " " not in (value[0], value[-1])
        and "  " not in value
    ):
        return value
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return ""
    return cut(" ".join(clean(str(value)[: 4 * most]).split()), most)


def cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + CUT


def decode(content: bytes, charset: str = "") -> str:
    """By its byte order mark, else the charset said, else UTF-8, else Windows-1252. Never raises; is clean."""
    for mark, encoding in _BOMS:
        if content.startswith(mark):
            return clean(content[len(mark) :].decode(encoding, "replace"))
    for encoding in (charset.strip().lower(), "utf-8"):
        if not _CHARSETS.fullmatch(encoding):
            continue
        try:
            return clean(content.decode(encoding))
        except (LookupError, UnicodeError):
            continue
    return clean(content.decode("cp1252", "replace"))


def data(value: object) -> Any:
    """The value as JSON and JSONB can hold it, within the limits of details: what is too much is cut or left out."""
    return _data(value, limits.MAX_DETAIL_DEPTH)


def octets_of(value: object) -> int:
    """How long the value is as JSON, roughly and from above."""
    if isinstance(value, str):
        # Twelve octets are an escaped pair of surrogates.
        return 2 + (len(value) if value.isascii() and value.isprintable() else 12 * len(value))
    if isinstance(value, Mapping):
        return 2 + sum(octets_of(key) + octets_of(each) + 4 for key, each in value.items())
    if isinstance(value, (list, tuple)):
        return 2 + sum(octets_of(each) + 2 for each in value)
    return 24


def _data(value: object, depth: int) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return cut(clean(value[: 2 * limits.MAX_DETAIL_CHARACTERS]), limits.MAX_DETAIL_CHARACTERS)
    if isinstance(value, int):
        return value if abs(value) < 10**limits.MAX_DIGITS else None
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if depth == 0:
        return None
    if isinstance(value, Mapping):
        items = list(value.items())[: limits.MAX_DETAIL_ITEMS]
        return {line(key, 100): _data(each, depth - 1) for key, each in items}
    if isinstance(value, (list, tuple)):
        return [_data(each, depth - 1) for each in value[: limits.MAX_DETAIL_ITEMS]]
    return line(str(value))


def _fit(match: re.Match[str]) -> str:
    return "" if match[0] < "\xa0" else "\ufffd"
