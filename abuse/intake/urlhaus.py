"""URLhaus of abuse.ch: its CSV and JSON dumps and the replies of its look-up service."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from abuse.errors import Unreadable
from abuse.intake import kinds, limits, moments, subjects, tables, text
from abuse.intake.drafts import Draft, Parsed, Party
from abuse.intake.threatfox import tags_of, truth

FORMAT = "urlhaus"
REPORTER = Party(org="URLhaus (abuse.ch)", domain="abuse.ch")

_COLUMNS = "id dateadded url url_status last_online threat tags urlhaus_link reporter".split()
_MARKS = ("urlhaus_link", "urlhaus_reference")


def is_csv(said: str) -> bool:
    """By the comment at its head, or by its own columns."""
    head = said[: 4 * limits.KIB].lower()
    return head.startswith(("#", '"', "id,")) and ("urlhaus" in head[:1_000] and ("csv" in head or "dateadded" in head))


def is_one(value: Any) -> bool:
    return any(True for _ in _entries(value, only_first=True)) or (
        isinstance(value, dict) and "urlhaus_reference" in value
    )


def read(value: Any, *, kind: str = "") -> Parsed:
    """A URL is a draft; of a host's reply each of its URLs is one, or the host where none is listed."""
    return _parsed(_entries(value))


def read_csv(said: str) -> Parsed:
    return _parsed(tables.raw_rows(said, _COLUMNS))


def _parsed(entries: Iterable[Mapping[str, Any]]) -> Parsed:
    drafts: list[Draft] = []
    passed_over = 0
    for entry in entries:
        subject = subjects.find(entry.get("url"), "url") or subjects.find(entry.get("host"), "domain")
        if subject is None:
            passed_over += 1
        else:
            drafts.append(_draft(entry, subject))
        if len(drafts) + passed_over > limits.MAX_LINES:
            raise Unreadable(f"More than {limits.MAX_LINES:,} entries. Send it in parts.")
    return Parsed(FORMAT, tuple(drafts), () if drafts else ("Nothing in it names a host.",), passed_over)


def _draft(entry: Mapping[str, Any], subject: subjects.Subject) -> Draft:
    seen = (moments.read(entry.get(key)) for key in ("last_online", "dateadded", "date_added", "firstseen"))
    listed = entry.get("blacklists")
    spamhaus = text.line(listed.get("spamhaus_dbl"), 60) if isinstance(listed, dict) else ""
    payloads = entry.get("payloads")
    threat = text.line(entry.get("threat"), 60)
    details = {
        "threat_type": threat,
        "url_status": text.line(entry.get("url_status"), 20),
        "tags": tags_of(entry.get("tags")),
        "reference": text.line(entry.get("urlhaus_link") or entry.get("urlhaus_reference"), 1_000),
        "reported_by": text.line(entry.get("reporter"), 100),
        "is_compromised": spamhaus.startswith("abused_legit") or None,
        "blacklists": listed if isinstance(listed, dict) else None,
        "is_told_before": truth(entry.get("larted")),
        "file_hashes": [
            f"sha256:{text.line(each.get('response_sha256'), 64)}"
            for each in (payloads if isinstance(payloads, list) else [])[: limits.MAX_DETAIL_ITEMS]
            if isinstance(each, dict) and each.get("response_sha256")
        ],
    }
    return Draft(
        kind=kinds.of_words(threat) or "content/malware",
        subjects=(subject,),
        evidence_at=next((each for each in seen if each is not None), None),
        reporter=REPORTER,
        external_id=text.line(entry.get("id"), limits.MAX_ID_CHARACTERS),
        details={name: value for name, value in details.items() if value not in (None, "", [])},
    )


def _entries(value: Any, *, only_first: bool = False) -> Iterator[Mapping[str, Any]]:
    """Of a dump (number → list of entries), a reply with urls, a host's reply, or one entry alone."""
    if isinstance(value, dict) and isinstance(urls := value.get("urls"), list) and urls:
        shared = {key: value[key] for key in ("blacklists", "host") if key in value}
        lists: list[Any] = [[shared | each for each in urls if isinstance(each, dict)]]
    elif isinstance(value, dict):
        lists = [[value]] if _is_entry(value) else list(value.values())
    else:
        lists = [value]
    for each in lists:
        for entry in each if isinstance(each, list) else []:
            if isinstance(entry, dict) and _is_entry(entry):
                yield entry
                if only_first:
                    return


def _is_entry(entry: Mapping[str, Any]) -> bool:
    return ("url" in entry or "host" in entry) and any(mark in entry for mark in _MARKS)
