"""Authentication results (RFC 8601): what our own mail server found out about a sender. Nothing else proves one."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from publicsuffixlist import PublicSuffixList

from abuse.mail_headers import Headers, Mailbox

_COMMENT = re.compile(r"\([^()]*\)")
_RESULT = re.compile(r"\s*([a-z0-9-]+)(?:\s*/\s*\d+)?\s*=\s*([a-z]+)", re.IGNORECASE)
_PROPERTY = re.compile(r'([a-z0-9-]+)\s*\.\s*([a-z0-9-]+)\s*=\s*("[^"]*"|[^\s;]+)', re.IGNORECASE)
_SUFFIXES = PublicSuffixList()
_MAX_NESTED = 20


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
        identity, _, rest = _without_comments(value).partition(";")
        if identity.split()[:1] == [authserv_id] or identity.strip().lower() == authserv_id.lower():
            return list(_results(rest))
    return []


def _results(text: str) -> Iterator[Result]:
    for part in text.split(";"):
        if (match := _RESULT.match(part)) is not None:
            properties = {
                f"{kind}.{name}".lower(): value.strip('"').lower() for kind, name, value in _PROPERTY.findall(part)
            }
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


def _without_comments(text: str) -> str:
    for _ in range(_MAX_NESTED):
        shorter = _COMMENT.sub(" ", text)
        if shorter == text:
            break
        text = shorter
    return text
