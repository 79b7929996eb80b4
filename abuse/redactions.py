"""Redactions: texts of reporters as the customer may read them, without whoever wrote or is named in them."""

import re
from collections.abc import Iterable

from abuse.models import Report

REMOVED = "[…]"
# Shorter ones are words: "Li", "and".
_SHORTEST_NAME = 3
_MAIL = re.compile(r"[^\s<>()\[\]\"',;:/]{1,64}(?:@|\s?[\[({]\s?at\s?[\])}]\s?|%40)[\w.\-]{1,253}", re.IGNORECASE)
# Written as such, with + or 0 first: dates, hashes and addresses stay.
_PHONE = re.compile(r"(?<![\w.:/\-])\(?(?:\+|0)\d?(?:[ ()/\-]{0,2}\d){6,14}(?![\w:]|\.\d)")
_HEADER = re.compile(
    r"^(?:from|to|cc|reply-to|sender|return-path|received|message-id|x-[\w-]+|delivered-to|dkim-signature)\s*:.*$",
    re.IGNORECASE | re.MULTILINE,
)
_SIGNED = re.compile(
    r"^(?:--\s*$|(?:kind|best|warm) regards|regards|sincerely|yours|cheers|thanks,|mit freundlichen|viele grüße|gruß).*",
    re.IGNORECASE | re.MULTILINE | re.DOTALL,
)


def strangers(text: str) -> str:
    """Without mail addresses and telephone numbers."""
    return _PHONE.sub(REMOVED, _MAIL.sub(REMOVED, text))


def description(report: Report) -> str:
    """What the reporter wrote, for the customer; "" where they want to stay unknown: a text shows who wrote it."""
    if report.is_anonymous:
        return ""
    text = _HEADER.sub(REMOVED, _SIGNED.sub(REMOVED, report.description))
    for name in sorted(_names(report), key=len, reverse=True):
        text = re.sub(re.escape(name), REMOVED, text, flags=re.IGNORECASE)
    return strangers(text).strip()


def _names(report: Report) -> set[str]:
    """Of the reporter, of whom they write for, and of the mail or line that it came from, in whole and in words."""
    reporter = report.reporter
    told = [reporter.name, reporter.contact, reporter.identity.partition(":")[2], report.submission.source]
    # Of a house that is one voice somebody else may have written first.
    told += [report.contact, report.external_id, *_texts(report.complainant)]
    whole = {each.strip() for text in told for each in (text, text.partition("@")[2]) if each}
    words = {word for text in whole for word in re.split(r"[\s@.,;:_\-]+", text)}
    return {each for each in whole | words if len(each) >= _SHORTEST_NAME and each.lower() not in _COMMON}


def _texts(value: object) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)


# Parts of names and addresses that name nobody.
_COMMON = frozenset(
    {"com", "net", "org", "abuse", "the", "and", "gmbh", "inc", "ltd", "mail", "www", "info", "test", "bank"}
)
