"""Refanging: the name in what people paste: URLs, defanged spellings, any case, international names."""

import re

from dnsupdate import names
from dnsupdate.errors import InvalidName

_DOT = re.compile(r"\s*[\[({]\s*(?:\.|dot|punkt|point)\s*[\])}]\s*|\\\.|\s+dot\s+", re.IGNORECASE)
_SCHEME = re.compile(r"^[a-z][a-z0-9+.*-]*\s*[\[({]?:[\])}]?\s*/?/+", re.IGNORECASE)
_AROUND = "<>\"'`“”‘’«»,;!|"


def refang(text: str) -> str:
    """The normalised host in the text; the text itself in lower case where it has none, for a search in parts of names."""
    host = _DOT.sub(".", text.strip().strip(_AROUND).strip())
    host = _SCHEME.sub("", host).strip("/")
    host = re.split(r"[/?#\\\s]", host, maxsplit=1)[0].rpartition("@")[2].strip(_AROUND)
    host = _without_port(host).strip(".")
    try:
        return names.normalise(host)
    except InvalidName:
        return host.lower()


def _without_port(host: str) -> str:
    """An IPv6 address has colons of its own; in a URL it stands in brackets (RFC 3986 §3.2.2)."""
    bracketed = re.fullmatch(r"\[([0-9a-f:.]+)\](?::\d+)?", host, re.IGNORECASE)
    if bracketed:
        return bracketed[1]
    return re.sub(r":\d*$", "", host) if host.count(":") == 1 else host
