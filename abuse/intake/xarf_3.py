"""XARF 3: converted to version 4's words, without asking for more than a reporter wrote."""

import base64
from collections.abc import Mapping
from typing import Any

from abuse.intake import kinds, text

# Fields that mean the same by another name.
_RENAMED = {
    "Date": "timestamp",
    "SourcePort": "source_port",
    "DestinationIp": "destination_ip",
    "DestinationPort": "destination_port",
    "Protocol": "protocol",
    "AttackDescription": "description",
    "Description": "description",
    "Url": "url",
    "URL": "url",
    "DomainName": "domain",
    "Domain": "domain",
    "C2Server": "c2_server",
    "MalwareFamily": "malware_family",
    "SmtpMailFromAddress": "smtp_from",
    "SmtpRcptToAddress": "smtp_to",
    "SmtpMessageSubject": "subject",
    "AttackCount": "attack_count",
    "Tags": "tags",
}
_CLASSES = {
    "activity": "connection",
    "content": "content",
    "copyright": "copyright",
    "infrastructure": "infrastructure",
    "vulnerability": "vulnerability",
    "messaging": "messaging",
    "reputation": "reputation",
    "connection": "connection",
}


def is_one(value: object) -> bool:
    """By its Version, which 4 does not have, and its Report."""
    return isinstance(value, dict) and "Report" in value and ("Version" in value or "ReporterInfo" in value)


def converted(report: Mapping[str, Any], warnings: list[str]) -> dict[str, Any]:
    """As version 4 has it; what has no name there keeps its own. Appends to warnings what could not be told."""
    inner, info = _mapping(report.get("Report")), _mapping(report.get("ReporterInfo"))
    more = _mapping(inner.get("AdditionalInfo"))
    made: dict[str, Any] = {"legacy_version": "3"}
    for fields in (more, inner):
        made |= {_RENAMED.get(key, key): value for key, value in fields.items() if key not in _TAKEN}
    source = _mapping(inner.get("Source"))
    made["source_identifier"] = next(
        filter(None, (source.get("IP"), inner.get("SourceIp"), inner.get("SourceIP"), source.get("URL"))), None
    )
    made["url"] = inner.get("Url") or inner.get("URL") or more.get("URL") or more.get("Url") or source.get("URL")
    made["source_port"] = source.get("Port", inner.get("SourcePort"))
    made["report_id"] = text.line(inner.get("ReportID") or report.get("ReportID") or report.get("ReportId"))
    made["evidence"] = [
        _evidence(each) for key in ("Attachment", "Attachments", "Samples") for each in _list(inner.get(key))
    ]
    made["reporter"] = made["sender"] = _contact(info)
    kind = _kind(inner, warnings)
    made["category"], _, made["type"] = kind.partition("/")
    return made


_TAKEN = frozenset("AdditionalInfo Attachment Attachments Samples Source ReportID _internal".split())


def _kind(inner: Mapping[str, Any], warnings: list[str]) -> str:
    kind = kinds.of_words(inner.get("ReportType"), inner.get("ReportClass"))
    if not kind:
        said = text.line(inner.get("ReportType"), 60)
        category = _CLASSES.get(text.line(inner.get("ReportClass")).lower(), "other")
        kind = kinds.of(category, said) or kinds.OTHER
        warnings.append(f"ReportType “{said}” is none of XARF 3: taken as {kind}.")
    return kind


def _contact(info: Mapping[str, Any]) -> dict[str, str]:
    contact = text.line(info.get("ReporterContactEmail") or info.get("ReporterOrgEmail"))
    domain = text.line(info.get("ReporterOrgDomain")) or contact.rpartition("@")[2]
    return {"org": text.line(info.get("ReporterOrg")), "contact": contact, "domain": domain}


def _evidence(sample: object) -> dict[str, Any]:
    """Version 3 has samples as text, too: Base64Encoded false."""
    said = _mapping(sample)
    payload = said.get("Payload", said.get("Data"))
    if said.get("Base64Encoded") is False and isinstance(payload, str):
        payload = base64.b64encode(payload.encode("utf-8", "replace")).decode()
    hashes = _mapping(said.get("Hashes"))
    return {
        "payload": payload,
        "content_type": said.get("ContentType"),
        "description": said.get("Description"),
        "hash": said.get("Hash") or hashes.get("SHA256") or hashes.get("sha256"),
        "size": said.get("Size"),
    }


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
