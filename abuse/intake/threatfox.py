"""ThreatFox of abuse.ch: its CSV and JSON exports and the replies of its look-up service."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from abuse.errors import Unreadable
from abuse.intake import kinds, limits, moments, subjects, tables, text
from abuse.intake.drafts import Draft, Parsed, Party
from abuse.intake.xarf import confidence

FORMAT = "threatfox"
REPORTER = Party(org="ThreatFox (abuse.ch)", domain="abuse.ch")

# The CSV says them in a comment; without it they are these.
_COLUMNS = (
    "first_seen_utc ioc_id ioc_value ioc_type threat_type fk_malware malware_alias malware_printable last_seen_utc"
    " confidence_level is_compromised reference tags anonymous reporter"
).split()
_KINDS = {
    "botnet_cc": "infrastructure/botnet",
    "payload_delivery": "content/malware",
    "payload": "content/malware",
    "cc_skimming": "content/malware",
}


def is_csv(said: str) -> bool:
    """By the comment at its head, or by two of its columns in the first lines."""
    head = said[: 4 * limits.KIB].lower()
    return head.startswith(("#", '"', "first_seen")) and (
        "threatfox" in head[:1_000] or ("ioc_value" in head and "threat_type" in head)
    )


def is_one(value: Any) -> bool:
    return any(True for _ in _entries(value, only_first=True)) or _is_empty_reply(value)


def read(value: Any, *, kind: str = "") -> Parsed:
    return _parsed(_entries(value))


def read_csv(said: str) -> Parsed:
    return _parsed(tables.raw_rows(said, _COLUMNS))


def _parsed(entries: Iterable[Mapping[str, Any]]) -> Parsed:
    """An entry is a draft; hashes of files name no host. A reply without any is no draft."""
    drafts: list[Draft] = []
    passed_over = 0
    for entry in entries:
        draft = _draft(entry)
        if draft is None:
            passed_over += 1
        else:
            drafts.append(draft)
        if len(drafts) + passed_over > limits.MAX_LINES:
            raise Unreadable(f"More than {limits.MAX_LINES:,} entries. Send it in parts.")
    return Parsed(FORMAT, tuple(drafts), () if drafts else ("Nothing in it names a host.",), passed_over)


def _draft(entry: Mapping[str, Any]) -> Draft | None:
    subject = subjects.find(entry.get("ioc_value") or entry.get("ioc"), "ioc")
    if subject is None or "hash" in text.line(entry.get("ioc_type")):
        return None
    threat = text.line(entry.get("threat_type"), 60)
    seen = (moments.read(entry.get(key)) for key in ("last_seen_utc", "last_seen", "first_seen_utc", "first_seen"))
    details = {
        "threat_type": threat,
        "malware_family": text.line(entry.get("malware_printable") or entry.get("malware") or entry.get("fk_malware")),
        "malware_alias": text.line(entry.get("malware_alias")),
        "confidence": confidence_of_percent(entry.get("confidence_level")),
        "is_compromised": truth(entry.get("is_compromised")),
        "reference": text.line(entry.get("reference"), 1_000),
        "tags": tags_of(entry.get("tags")),
        "reported_by": text.line(entry.get("reporter"), 100),
    }
    return Draft(
        kind=_KINDS.get(threat) or kinds.of_words(threat) or "reputation/threat_intelligence",
        subjects=(subject,),
        evidence_at=next((each for each in seen if each is not None), None),
        description=text.line(entry.get("comment"), 2_000) or text.line(entry.get("threat_type_desc"), 500),
        reporter=REPORTER,
        external_id=text.line(entry.get("ioc_id") or entry.get("id"), limits.MAX_ID_CHARACTERS),
        details={name: value for name, value in details.items() if value not in (None, "", [])},
    )


def tags_of(said: object) -> list[str]:
    """A list, or a text with commas between."""
    pieces = said if isinstance(said, list) else said.split(",") if isinstance(said, str) else []
    return [tag for each in pieces if (tag := text.line(each, 100)) and tag != "None"][: limits.MAX_TAGS]


def truth(said: object) -> bool | None:
    """Of true, "True", 1; None where nothing is said."""
    if isinstance(said, bool):
        return said
    return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}.get(
        text.line(said, 10).lower()
    )


def confidence_of_percent(said: object) -> float | None:
    """abuse.ch counts in per cent, so that 1 is one per cent."""
    value = text.line(said, 10)
    return int(value) / 100 if value.isascii() and value.isdigit() and int(value) <= 100 else confidence(said)


def _entries(value: Any, *, only_first: bool = False) -> Iterator[Mapping[str, Any]]:
    """Of an export (number → list of entries), a reply with data, or one entry alone."""
    lists: list[Any] = []
    if isinstance(value, dict):
        data = value.get("data")
        lists = (
            [[value]]
            if _is_entry(value)
            else [data if isinstance(data, list) else [data]]
            if data
            else list(value.values())
        )
    elif isinstance(value, list):
        lists = [value]
    for each in lists:
        for entry in each if isinstance(each, list) else []:
            if isinstance(entry, dict) and _is_entry(entry):
                yield entry
                if only_first:
                    return


def _is_entry(entry: Mapping[str, Any]) -> bool:
    return ("ioc" in entry or "ioc_value" in entry) and "threat_type" in entry


def _is_empty_reply(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and value.get("query_status") in ("no_result", "no_results", "ok")
        and not value.get("urls")
        and ("data" in value or len(value) == 1)
    )
