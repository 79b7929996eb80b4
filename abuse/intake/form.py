"""The form's document, ddns-report/1: what was typed, as JSON. Written by the public form, read like any other submission.

Not XARF 4, which does not hold it: one document there has one source, and a report by form has many names; its types are
for machines (a lay person cannot tell one connection/* from another, and each wants fields of its own); it demands a contact,
which the law forbids us to demand for some reports (DSA Art. 16(2)(c)); and it has no place for good faith, nor for a name
that shall be kept from the customer. Tags could carry some of it; then nobody else's parser would understand it either.
"""

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from abuse.errors import Unreadable
from abuse.intake import attachments, kinds, moments, subjects, text
from abuse.intake.drafts import Attachment, Draft, Parsed, Party, Subject

FORMAT = "ddns-report/1"
CONTENT_TYPE = "application/vnd.ddns.report+json"
# What the form takes, and what is read of a document that says it is one.
MAX_NAMES = 200
MAX_LINE = 2048
MAX_FILES = 10
_DETAILS = ("target_brand", "malware_family", "file_hashes", "reference")


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


def is_one(value: Any) -> bool:
    return isinstance(value, dict) and value.get("format") == FORMAT


def read(value: Any, *, kind: str = "") -> Parsed:
    """One draft. A line that names nothing is a warning. Raises Unreadable where there is no list of lines."""
    lines = value.get("names")
    if not isinstance(lines, list):
        raise Unreadable("This report by form has no list of names.")
    found, warnings = _subjects(lines)
    reporter = value.get("reporter") if isinstance(value.get("reporter"), dict) else {}
    name, contact = text.line(reporter.get("name")), text.line(reporter.get("email"))
    draft = Draft(
        kind=text.line(value.get("kind")) or kind or kinds.OTHER,
        subjects=found,
        evidence_at=moments.read(value.get("seen_at")),
        description=_prose(value.get("description")),
        language=text.line(value.get("language")),
        # A person without an organisation is one by name.
        reporter=Party(text.line(reporter.get("organisation")) or name, contact, contact.rpartition("@")[2].lower()),
        complainant=Party(text.line(value.get("on_behalf_of"))),
        details=_details(value.get("details")) | ({"reporter_name": name} if name else {}),
        attachments=tuple(_attachments(value.get("evidence"))),
        is_anonymous=value.get("is_anonymous") is True,
        is_good_faith=value.get("is_good_faith") is True,
        warnings=tuple(warnings),
    )
    return Parsed(FORMAT, (draft,), passed_over=len(lines) - len(found))


def _subjects(lines: list[Any]) -> tuple[tuple[Subject, ...], list[str]]:
    """The same one once, in their order."""
    found: dict[Subject, None] = {}
    warnings = []
    for line in lines[:MAX_NAMES]:
        try:
            subject = subjects.read(line)
        except subjects.NoSubject as error:
            warnings.append(str(error))
        else:
            found[replace(subject, role="url" if subject.url else "domain")] = None
    if len(lines) > MAX_NAMES:
        warnings.append(f"{len(lines) - MAX_NAMES} lines beyond the first {MAX_NAMES} were not read.")
    return tuple(found), warnings


def _attachments(evidence: Any) -> Iterator[Attachment]:
    budget = attachments.Budget()
    for each in evidence[:MAX_FILES] if isinstance(evidence, list) else []:
        if isinstance(each, dict):
            yield attachments.decoded(
                each.get("content"),
                budget,
                filename=text.line(each.get("filename")),
                content_type=text.line(each.get("content_type")),
                claimed_hash=each.get("sha256") or "",
                claimed_size=each.get("size"),
            )


def _details(said: Any) -> dict[str, Any]:
    return {key: said[key] for key in _DETAILS if said.get(key)} if isinstance(said, dict) else {}


def _prose(said: Any) -> str:
    return text.clean(said) if isinstance(said, str) else ""
