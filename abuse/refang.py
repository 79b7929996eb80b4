"""Refanging: the name in what people paste: URLs, defanged spellings, any case, international names."""

import re

from dnsupdate import names
from dnsupdate.errors import InvalidName

# Blanks are counted: an unbounded run of them would be tried again from each of its places.
_DOT = re.compile(
    r"[ \t]{0,3}[\[({<]\s{0,3}(?:\.|dot|punkt|point)\s{0,3}[\])}>][ \t]{0,3}"
    r"|\\\.|(?<=[\w)}\]])[ \t]{1,3}dot[ \t]{1,3}(?=[\w({\[])",
    re.IGNORECASE,
)
_SPACED_DOT = re.compile(r"(?<=\w)[ \t]{1,3}\.[ \t]{1,3}(?=\w)")
_COLON = re.compile(r"[ \t]{0,3}[\[({]\s{0,3}(?::|colon)\s{0,3}[\])}][ \t]{0,3}", re.IGNORECASE)
_SLASHES = re.compile(r"[\[({]\s{0,3}(:?/{1,2})\s{0,3}[\])}]")
_AT = re.compile(r"[ \t]{0,3}[\[({]\s{0,3}(?:@|at)\s{0,3}[\])}][ \t]{0,3}", re.IGNORECASE)
_HTTP = re.compile(r"(?<![a-z])h(?:xx|\*\*|tt|__|x+t)p(s?)(?=\s{0,3}:)", re.IGNORECASE)
_SCHEME = re.compile(r"^[a-z][a-z0-9+.*-]*\s*[\[({]?:[\])}]?\s*/?/+", re.IGNORECASE)
_AROUND = "<>\"'`“”‘’«»,;!|"


def refang(text: str) -> str:
    """The normalised host in the text; the text itself in lower case where it has none, for a search in parts of names."""
    host = straighten(text.strip().strip(_AROUND).strip())
    host = _SCHEME.sub("", host).strip("/")
    host = re.split(r"[/?#\\\s]", host, maxsplit=1)[0].rpartition("@")[2].strip(_AROUND)
    host = _without_port(host).strip(".")
    try:
        return names.normalise(host)
    except InvalidName:
        return host.lower()


def straighten(text: str, *, spaced_dots: bool = True) -> str:
    """The text with every defanged dot, colon, slash, at and scheme as it was; linear in its length.

    spaced_dots joins “home . ddns . test” too, which in prose can be two sentences.
    """
    text = _DOT.sub(".", text)
    if spaced_dots:
        text = _SPACED_DOT.sub(".", text)
    if ":" in text or "colon" in text.lower():
        text = _COLON.sub(":", text)
        text = _HTTP.sub(r"http\1", text)
    if "/" in text:
        text = _SLASHES.sub(r"\1", text)
    return _AT.sub("@", text)


def _without_port(host: str) -> str:
    """An IPv6 address has colons of its own; in a URL it stands in brackets (RFC 3986 §3.2.2)."""
    bracketed = re.fullmatch(r"\[([0-9a-f:.]+)\](?::\d+)?", host, re.IGNORECASE)
    if bracketed:
        return bracketed[1]
    return re.sub(r":\d*$", "", host) if host.count(":") == 1 else host
