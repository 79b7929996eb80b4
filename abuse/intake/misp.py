"""MISP: events as JSON, with their attributes, objects, tags and sightings."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from abuse.errors import Unreadable
from abuse.intake import kinds, limits, moments, name_lists, subjects, text
from abuse.intake.drafts import Draft, Parsed, Party, Subject

FORMAT = "misp"

# Types whose value names a host; in composite ones the parts are divided by “|”.
_ROLES = {
    "hostname": "ioc",
    "domain": "ioc",
    "domain|ip": "ioc",
    "hostname|port": "ioc",
    "url": "url",
    "uri": "url",
    "ip-dst": "ioc",
    "ip-dst|port": "ioc",
    "ip-src": "source",
    "ip-src|port": "source",
}
_HASHES = frozenset("md5 sha1 sha256 sha512".split())
# MISP's numbers of sightings: 0 seen, 1 a false positive, 2 expired.
_FALSE_POSITIVE = "1"
DEFAULT = "reputation/threat_intelligence"


@dataclass(frozen=True, slots=True)
class _Event:
    """What all attributes of an event share."""

    party: Party
    info: str
    identifier: str
    kind: str
    tags: tuple[str, ...]
    date: object
    hashes: tuple[str, ...]


def is_one(value: Any) -> bool:
    return any(True for _ in _events(value))


def read(value: Any, *, kind: str = "") -> Parsed:
    """Attributes that say the same are one draft. What to_ids says no to is context, unless it says so of all.

    Raises Unreadable where none names a host.
    """
    drafts: dict[str, tuple[Draft, list[Subject]]] = {}
    warnings: list[str] = []
    passed_over = 0
    for event in _events(value):
        attributes = list(_attributes(event))
        if len(attributes) > limits.MAX_LINES:
            raise Unreadable(f"More than {limits.MAX_LINES:,} attributes. Send it in parts.")
        naming = [each for each in attributes if text.line(each.get("type")) in _ROLES]
        flagged = [each for each in naming if each.get("to_ids") in (True, 1, "1", "true")]
        if flagged and len(flagged) < len(naming):
            warnings.append(
                f"{len(naming) - len(flagged)} attributes are context (to_ids is false) and were passed over."
            )
        elif naming and not flagged:
            warnings.append("No attribute is marked as an indicator (to_ids): all were taken.")
        shared = _shared(event, attributes, kind)
        used = 0
        for each in flagged or naming:
            subject = _subject(each)
            if subject is None:
                continue
            used += 1
            draft = _draft(each, shared)
            key = json.dumps(
                [
                    draft.kind,
                    str(draft.evidence_at),
                    draft.description,
                    draft.external_id,
                    draft.is_retraction,
                    dict(draft.details),
                ]
            )
            drafts.setdefault(key, (draft, []))[1].append(subject)
        passed_over += len(attributes) - used
    if not drafts:
        raise Unreadable("The MISP event names no host: attributes of hostname, domain, url and ip are read.")
    made = (
        replace(draft, subjects=chunk)
        for draft, found in drafts.values()
        for chunk in name_lists.chunks(tuple(dict.fromkeys(found)))
    )
    return Parsed(FORMAT, tuple(made), tuple(warnings), passed_over)


def _events(value: Any) -> Iterator[Mapping[str, Any]]:
    """Of an event, a list of them, or a reply of MISP's search."""
    if isinstance(value, dict) and "response" in value:
        value = value["response"]
    for each in value if isinstance(value, list) else [value]:
        event = each.get("Event", each) if isinstance(each, dict) else None
        if isinstance(event, dict) and (
            isinstance(event.get("Attribute"), list) or isinstance(event.get("Object"), list)
        ):
            yield event


def _attributes(event: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Those of the event, then those of its objects; not what was deleted."""
    for holder in [event, *_list(event.get("Object"))]:
        for each in _list(holder.get("Attribute")):
            if each.get("deleted") not in (True, 1, "1"):
                yield each


def _shared(event: Mapping[str, Any], attributes: list[Mapping[str, Any]], kind: str) -> _Event:
    author = event.get("Orgc") if isinstance(event.get("Orgc"), dict) else event.get("Org")
    tags = _tags(event)
    info = text.line(event.get("info"), 500)
    guessed = kinds.of_words(*map(_meaning, tags))
    by_words = kinds.of_prose(info, "")
    hashes = tuple(
        f"{text.line(each.get('type'))}:{digest}"
        for each in attributes
        if text.line(each.get("type")) in _HASHES and (digest := text.line(each.get("value"), 130))
    )
    return _Event(
        party=Party(org=text.line(author.get("name"), 200) if isinstance(author, dict) else ""),
        info=info,
        identifier=text.line(event.get("uuid") or event.get("id"), limits.MAX_ID_CHARACTERS),
        kind=(guessed if guessed != kinds.OTHER else "")
        or (by_words if by_words != kinds.OTHER else "")
        or kind
        or DEFAULT,
        tags=tags,
        date=event.get("date"),
        hashes=hashes[: limits.MAX_DETAIL_ITEMS],
    )


def _draft(attribute: Mapping[str, Any], event: _Event) -> Draft:
    own = _tags(attribute)
    tags = tuple(dict.fromkeys((*own, *event.tags)))[: limits.MAX_TAGS]
    guessed = kinds.of_words(*map(_meaning, own))
    sightings = [text.line(each.get("type")) for each in _list(attribute.get("Sighting"))]
    seen = (moments.read(said) for said in (attribute.get("last_seen"), attribute.get("timestamp"), event.date))
    tlp = next((tag[4:] for tag in map(str.lower, tags) if tag.startswith("tlp:")), "")
    details = {"tags": list(tags), "tlp": tlp, "malware_family": _family(tags), "file_hashes": list(event.hashes)}
    return Draft(
        kind=guessed if guessed not in ("", kinds.OTHER) else event.kind,
        subjects=(),
        evidence_at=next((each for each in seen if each is not None), None),
        description="\n".join(filter(None, (event.info, text.line(attribute.get("comment"), 2_000)))),
        reporter=event.party,
        external_id=event.identifier,
        details={name: value for name, value in details.items() if value not in ("", [])},
        is_retraction=_FALSE_POSITIVE in sightings and "0" not in sightings,
    )


def _subject(attribute: Mapping[str, Any]) -> Subject | None:
    kind, value = text.line(attribute.get("type")), attribute.get("value")
    if not isinstance(value, str):
        return None
    if "|" not in kind:
        return subjects.find(value, _ROLES[kind])
    host, _, beside = value.partition("|")
    subject = subjects.find(host, _ROLES[kind])
    if subject is None:
        return None
    if kind == "domain|ip":
        resolved = subjects.find(beside)
        return replace(subject, address=subject.address or (resolved.address if resolved else ""))
    port = int(beside) if beside.isascii() and beside.isdigit() and len(beside) < 6 else 0
    return replace(subject, port=port if 0 < port < 65536 else None)


def _tags(holder: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(name for each in _list(holder.get("Tag")) if (name := text.line(each.get("name"), 100)))[
        : limits.MAX_TAGS
    ]


def _meaning(tag: str) -> str:
    """“rsit:fraud="phishing"” means phishing."""
    return tag.rpartition('="')[2].rstrip('"') if '="' in tag else tag.rpartition(":")[2]


def _family(tags: tuple[str, ...]) -> str:
    """Of the galaxies that name malware."""
    named = (
        tag
        for tag in tags
        if tag.startswith(("misp-galaxy:malpedia=", "misp-galaxy:rat=", "misp-galaxy:mitre-malware="))
    )
    return next(map(_meaning, named), "")


def _list(value: object) -> list[Mapping[str, Any]]:
    return [each for each in value[: limits.MAX_LINES + 1] if isinstance(each, dict)] if isinstance(value, list) else []
