"""Valid inputs to start from: each call makes a new one."""

import base64
import hashlib


def xarf(**fields) -> dict:
    """A phishing report of XARF 4.2 that the schema has nothing against."""
    contact = {"org": "Watch", "contact": "soc@watch.example", "domain": "watch.example"}
    return {
        "xarf_version": "4.2.0",
        "report_id": "0b7f5c1e-8a53-4b41-9d0d-2c1a4b7f9f10",
        "timestamp": "2026-11-01T10:00:00Z",
        "reporter": dict(contact),
        "sender": dict(contact),
        "source_identifier": "192.0.2.10",
        "category": "content",
        "type": "phishing",
        "url": "https://login.ddns.test/bank",
        "evidence_source": "user_report",
    } | fields


def evidence(content: bytes = b"GET /bank 200", **fields) -> dict:
    """One piece with the right hash and size."""
    return {
        "content_type": "text/plain",
        "description": "Log",
        "payload": base64.b64encode(content).decode(),
        "hash": f"sha256:{hashlib.sha256(content).hexdigest()}",
        "size": len(content),
    } | fields
