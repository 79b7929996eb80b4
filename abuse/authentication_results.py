"""Authentication results (RFC 8601): what our own mail server found out about a sender. Nothing else proves one."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from publicsuffixlist import PublicSuffixList

from abuse.mail_headers import Headers, Mailbox

_RESULT = re.compile(r"\s*([a-z0-9-]+)(?:\s*/\s*\d+)?\s*=\s*([a-z]+)", re.IGNORECASE)
_QUOTED = r'"(?:[^"\\]|\\.)*"'
_PROPERTY = re.compile(rf'([a-z0-9-]+)\s*\.\s*([a-z0-9-]+)\s*=\s*((?:{_QUOTED}|[^\s;"])+)', re.IGNORECASE)
_SUFFIXES = PublicSuffixList()


@dataclass(frozen=True, slots=True)
class Result:
    """One method's: dkim=pass, with header.d and the like by their names."""

    method: str
    result: str
    properties: dict[str, str]


def proven_author(headers: Headers, authserv_id: str) -> Mailbox | None:
    """From, where our server says that its domain sent this. Only the topmost header with our server's name counts.

    DMARC (RFC 7489) decides where there is a policy; else DKIM or SPF of the same organisation does.
    """
    author, results = headers.author, _of_ours(headers, authserv_id)
    if author is None:
        return None
    dmarc = next((each for each in results if each.method == "dmarc"), None)
    if dmarc is not None and dmarc.result == "pass":
        return author if _domain(dmarc.properties.get("header.from", "")) == author.domain else None
    if dmarc is not None and dmarc.result not in ("none", "bestguesspass"):
        return None
    return author if any(_is_aligned(each, author.domain) for each in results) else None


def has_failed(headers: Headers, authserv_id: str) -> bool:
    """Whether our server says that it is forged: an answer would go to somebody who sent nothing."""
    failed = {(each.method, each.result) for each in _of_ours(headers, authserv_id)}
    return bool(failed & {("dmarc", "fail"), ("spf", "fail")})


def _of_ours(headers: Headers, authserv_id: str) -> list[Result]:
    """Of the topmost header by that name: ours is put above whatever came with the mail."""
    if not authserv_id:
        return []
    for value in headers.values.get("authentication-results", ()):
        identity, *parts = _parts(value)
        if identity.split()[:1] == [authserv_id] or identity.strip().lower() == authserv_id.lower():
            return list(_results(parts))
    return []


def _results(parts: Iterable[str]) -> Iterator[Result]:
    for part in parts:
        if (match := _RESULT.match(part)) is not None:
            properties: dict[str, str] = {}
            for kind, name, value in _PROPERTY.findall(part):
                # Said once; what comes later is somebody else's.
                properties.setdefault(f"{kind}.{name}".lower(), value.strip('"').lower())
            yield Result(match[1].lower(), match[2].lower(), properties)


def _is_aligned(result: Result, domain: str) -> bool:
    """Relaxed alignment (RFC 7489 §3.1): of the same organisation."""
    name = {"dkim": "header.d", "spf": "smtp.mailfrom"}.get(result.method)
    if name is None or result.result != "pass":
        return False
    proven = _domain(result.properties.get(name, ""))
    return bool(proven) and _organisation(proven) == _organisation(domain)


def _domain(text: str) -> str:
    return text.rpartition("@")[2].rstrip(".")


def _organisation(domain: str) -> str:
    return _SUFFIXES.privatesuffix(domain) or domain


def _parts(text: str) -> list[str]:
    """What stands between semicolons, without comments. What is quoted is one word: an envelope may have anything in it.

    Of what is not closed, which our own mail server never writes, nothing is believed but whose it is.
    """
    parts, depth, is_quoted, characters = [""], 0, False, iter(text)
    for character in characters:
        if character == "\\":
            character += next(characters, "")
        elif character == '"' and not depth:
            is_quoted = not is_quoted
        elif not is_quoted and character in "()":
            depth = max(0, depth + (1 if character == "(" else -1))
            parts[-1] += " "
            continue
        elif character == ";" and not is_quoted and not depth:
            parts.append("")
            continue
        if not depth:
            parts[-1] += character
    return parts[:1] if is_quoted or depth else parts
