"""The form's document, ddns-report/1: what was typed, as JSON. Written by the public form, read like any other submission.

Not XARF 4, which does not hold it: one document there has one source, and a report by form has many names; its types are
for machines (a lay person cannot tell one connection/* from another, and each wants fields of its own); it demands a contact,
which the law forbids us to demand for some reports (DSA Art. 16(2)(c)); and it has no place for good faith, nor for a name
that shall be kept from the customer. Tags could carry some of it; then nobody else's parser would understand it either.
"""

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import ip_address
from typing import Any

from abuse.errors import Unreadable
from abuse.intake.drafts import Attachment, Draft, Parsed, Party, Subject
from abuse.refang import refang
from dnsupdate import names
from dnsupdate.errors import InvalidName

FORMAT = "ddns-report/1"
CONTENT_TYPE = "application/vnd.ddns.report+json"
# What the form takes, and what is read of a document that says it is one.
MAX_NAMES = 200
MAX_LINE = 2048
MAX_FILES = 10
_MAX_TEXT = 20_000
_DETAILS = ("target_brand", "malware_family", "file_hashes", "reference")
# Scheme, host with port, and the rest; defanged spellings too.
_URL = re.compile(r"\W*?([a-z][a-z0-9+.*-]*)\s*[\[({]?:[\])}]?\s*/?/+([^/?#]+)(.*)", re.IGNORECASE | re.DOTALL)
_WITH_PATH = re.compile(r"([^/?#]+)([/?#].*)", re.DOTALL)
_PORT = re.compile(r":(\d{1,5})$")


@dataclass(frozen=True, slots=True)
class File:
    """One piece of evidence as it was uploaded."""

    filename: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class FormReport:
    """What a person filled in. seen_at has a time zone; details are of _DETAILS."""

    kind: str
    names: Sequence[str]
    description: str
    seen_at: datetime | None = None
    language: str = ""
    name: str = ""
    organisation: str = ""
    email: str = ""
    on_behalf_of: str = ""
    is_anonymous: bool = False
    is_good_faith: bool = False
    details: Mapping[str, Any] = field(default_factory=dict)
    files: Sequence[File] = ()


def write(report: FormReport) -> bytes:
    """As it is stored."""
    document = {
        "format": FORMAT,
        "kind": report.kind,
        "names": list(report.names),
        "seen_at": report.seen_at and report.seen_at.isoformat(),
        "description": report.description,
        "language": report.language,
        "reporter": {"name": report.name, "organisation": report.organisation, "email": report.email},
        "on_behalf_of": report.on_behalf_of,
        "is_anonymous": report.is_anonymous,
        "is_good_faith": report.is_good_faith,
        "details": dict(report.details),
        "evidence": [
            {
                "filename": each.filename,
                "content_type": each.content_type,
                "size": len(each.content),
                "sha256": hashlib.sha256(each.content).hexdigest(),
                "content": base64.b64encode(each.content).decode(),
            }
            for each in report.files
        ],
    }
    return json.dumps(document, ensure_ascii=False, indent=1).encode()


def parse_form(content: bytes) -> Parsed:
    """Raises Unreadable."""
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise Unreadable("it is not JSON.") from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise Unreadable(f"it is not of the format {FORMAT}.")
    kind, lines = _text(document, "kind", 60), document.get("names")
    if not kind or not isinstance(lines, list):
        raise Unreadable("it has no kind, or no list of names.")
    subjects, warnings = _subjects(lines)
    attachments, more = _attachments(document.get("evidence"))
    reporter = document.get("reporter")
    contact = reporter if isinstance(reporter, dict) else {}
    email = _text(contact, "email", 254)
    draft = Draft(
        kind=kind,
        subjects=subjects,
        evidence_at=_time(_text(document, "seen_at", 40)),
        description=_text(document, "description", _MAX_TEXT),
        language=_text(document, "language", 10),
        reporter=Party(
            # A person without an organisation is one by name.
            org=_text(contact, "organisation", 200) or _text(contact, "name", 200),
            contact=email,
            domain=email.rpartition("@")[2].lower(),
        ),
        complainant=Party(org=_text(document, "on_behalf_of", 200)),
        details=_details(document.get("details"), name=_text(contact, "name", 200)),
        attachments=attachments,
        is_anonymous=document.get("is_anonymous") is True,
        is_good_faith=document.get("is_good_faith") is True,
        warnings=(*warnings, *more),
    )
    return Parsed(format=FORMAT, drafts=(draft,), passed_over=len(lines) - len(subjects))


def _subjects(lines: list[Any]) -> tuple[tuple[Subject, ...], list[str]]:
    """One for each line that names something, the same one once."""
    # A dictionary keeps their order.
    found: dict[Subject, None] = {}
    warnings = []
    for line in lines[:MAX_NAMES]:
        if isinstance(line, str) and (subject := _subject(line[:MAX_LINE])) is not None:
            found[subject] = None
        else:
            warnings.append(f"This names nothing: {str(line)[:80]}")
    if len(lines) > MAX_NAMES:
        warnings.append(f"{len(lines) - MAX_NAMES} lines beyond the first {MAX_NAMES} were not read.")
    return tuple(found), warnings


def _subject(line: str) -> Subject | None:
    line = " ".join(line.split())
    host = refang(line)
    url, port = _url(line, host)
    try:
        return Subject(address=str(ip_address(host)), url=url, port=port, role="url" if url else "source")
    except ValueError:
        pass
    try:
        name = names.normalise(host)
    except InvalidName:
        return None
    return Subject(name=name, url=url, port=port, role="url" if url else "domain") if "." in name else None


def _url(line: str, host: str) -> tuple[str, int | None]:
    """The line with its host refanged, where it is more than a host; and the port that it names."""
    if found := _URL.match(line):
        scheme = re.sub(r"^h[xt*]{2}p", "http", found[1].lower())
        authority, rest = found[2].strip(), found[3]
    elif found := _WITH_PATH.match(line):
        scheme, authority, rest = "", found[1].strip(), found[2]
    else:
        scheme, authority, rest = "", line, ""
    named = _PORT.search(authority) if host.count(":") < 2 or "]" in authority else None
    port = int(named[1]) if named and 0 < int(named[1]) < 65536 else None
    if not scheme and not rest:
        return "", port
    shown = f"[{host}]" if ":" in host else host
    return f"{scheme}{'://' if scheme else ''}{shown}{f':{port}' if port else ''}{rest.strip()}", port


def _attachments(evidence: Any) -> tuple[tuple[Attachment, ...], list[str]]:
    found, warnings = [], []
    for each in evidence[:MAX_FILES] if isinstance(evidence, list) else []:
        if not isinstance(each, dict):
            warnings.append("A piece of evidence could not be read.")
            continue
        found.append(_attachment(each))
    return tuple(found), warnings


def _attachment(each: dict[str, Any]) -> Attachment:
    problem, claimed, size = "", _text(each, "sha256", 64).lower(), each.get("size")
    try:
        content = base64.b64decode(_text(each, "content", None), validate=True)
    except (binascii.Error, ValueError):
        content, problem = b"", "Its content is not base64."
    if not problem and claimed and hashlib.sha256(content).hexdigest() != claimed:
        problem = "Its SHA-256 is not the one claimed."
    return Attachment(
        content=content,
        filename=_text(each, "filename", 300),
        content_type=_text(each, "content_type", 200),
        claimed_sha256=claimed,
        claimed_size=size if isinstance(size, int) and not isinstance(size, bool) else None,
        problem=problem,
    )


def _details(said: Any, **more: str) -> dict[str, Any]:
    known = {key: said[key] for key in _DETAILS if said.get(key)} if isinstance(said, dict) else {}
    texts = {key: value[:_MAX_TEXT] for key, value in known.items() if isinstance(value, str)}
    lists = {
        key: [each[:200] for each in value[:20] if isinstance(each, str)]
        for key, value in known.items()
        if isinstance(value, list)
    }
    return {**texts, **lists, **({"reporter_name": more["name"]} if more.get("name") else {})}


def _time(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo else None


def _text(document: Mapping[str, Any], key: str, most: int | None) -> str:
    """Without NUL, which PostgreSQL does not store."""
    value = document.get(key)
    return value.replace("\0", "")[:most].strip() if isinstance(value, str) else ""
