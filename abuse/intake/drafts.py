"""Drafts: what a parser understood of a submission, before anybody looked up whose name it is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Party:
    """A reporter, sender or complainant, as it calls itself. Nothing of it is proven."""

    org: str = ""
    contact: str = ""
    domain: str = ""


@dataclass(frozen=True, slots=True)
class Subject:
    """What is complained of. name is normalised; a name that cannot be one stands in Draft.warnings instead.

    role says where it stood: url, source, c2, related, redirect, clone, submission, domain, ioc.
    """

    name: str = ""
    url: str = ""
    address: str = ""
    port: int | None = None
    role: str = ""


@dataclass(frozen=True, slots=True)
class Attachment:
    """One piece of evidence, decoded. problem says why it is not what it claims to be; empty: it is, or claims nothing."""

    content: bytes
    filename: str = ""
    content_type: str = ""
    description: str = ""
    claimed_sha256: str = ""
    claimed_size: int | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """One complaint. kind is category/type in XARF's words, whatever the format called it.

    details are what else was said, as JSON can hold it: malware_family, malware_type, target_brand, confidence (0 to 1),
    is_compromised, threat_type, file_hashes, dns_records, tags, reference, related (name and relationship), tlp.
    """

    kind: str
    subjects: tuple[Subject, ...]
    evidence_at: datetime | None = None
    description: str = ""
    language: str = ""
    reporter: Party = Party()
    complainant: Party = Party()
    external_id: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    attachments: tuple[Attachment, ...] = ()
    is_retraction: bool = False
    is_anonymous: bool = False
    is_good_faith: bool = False
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Parsed:
    """A submission that was understood. warnings are about the whole; passed_over counts lines that name nothing, repeated
    those that say an earlier one again.
    """

    format: str
    drafts: tuple[Draft, ...]
    warnings: tuple[str, ...] = ()
    passed_over: int = 0
    repeated: int = 0
