"""X-ARF 0.1 and 0.2: the YAML that Netcraft, blocklist.de and many firewalls mail (“X-XARF: PLAIN”)."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from abuse.errors import Unreadable
from abuse.intake import attachments, kinds, limits, mime, moments, subjects, text
from abuse.intake.arf import sender
from abuse.intake.drafts import Draft, Parsed, Party, Subject

FORMAT = "x-arf"

_FIELDS = re.compile(
    r"^(?:Report-Type|Category|Reported-From|Source|Source-Type|Report-ID)[ \t]*:", re.MULTILINE | re.IGNORECASE
)
_LINE = re.compile(r"([A-Za-z][\w-]{0,40})[ \t]*:[ \t]+(.{0,2000})")
# Where Report-Type says nothing known.
_CATEGORIES = {"fraud": "content/fraud", "auth": "connection/login_attack", "abuse": kinds.OTHER, "info": kinds.OTHER}
_PLACES = (
    ("uri", "url"),
    ("url", "url"),
    ("source", "source"),
    ("domain", "domain"),
    ("ip", "source"),
    ("source-ip", "source"),
)


def is_one(said: str) -> bool:
    """Whether three of its fields begin lines."""
    return len({each.lower() for each in _FIELDS.findall(said[: limits.MAX_YAML_CHARACTERS])}) >= 3


def read(said: str, *, mail: mime.Entity | None = None, evidence: Sequence[mime.Entity] = (), kind: str = "") -> Parsed:
    """One draft of the YAML, with the mail's other parts as evidence. Raises Unreadable where it names no host or address."""
    warnings: list[str] = []
    fields = {name.lower(): value for name, value in load(said, warnings).items()}
    found, problems = _subjects(fields)
    if not found:
        raise Unreadable(
            text.cut(" ".join(["The X-ARF report names no host, address or URL.", *problems, *warnings]), 2_000)
        )
    category = text.line(fields.get("category")).lower()
    said_kind = kinds.of_words(fields.get("report-type")) or _CATEGORIES.get(category, "") or kind or kinds.OTHER
    at = moments.read(fields.get("date"))
    if at is None:
        problems.append(f"Date: “{text.line(fields.get('date'), 60)}” is no time that can be read.")
        at = moments.read(mail.field("date")) if mail else None
    budget = attachments.Budget()
    draft = Draft(
        kind=said_kind,
        subjects=found,
        evidence_at=at,
        description=_description(fields, mail),
        reporter=_reporter(fields, mail),
        external_id=text.line(fields.get("report-id"), limits.MAX_ID_CHARACTERS),
        details=_details(fields),
        attachments=tuple(_attachment(each, budget) for each in evidence),
        warnings=(*warnings, *problems),
    )
    return Parsed(FORMAT, (draft,))


def load(said: str, warnings: list[str]) -> dict[str, Any]:
    """Names and values of the YAML: texts, lists and mappings, never an object. Aliases are refused: nine lines are a billion.

    What is no YAML is read line by line, and warnings say so.
    """
    if len(said) > limits.MAX_YAML_CHARACTERS:
        raise Unreadable(f"The YAML has more than {limits.MAX_YAML_CHARACTERS} characters.")
    try:
        value = _built(said)
    except yaml.YAMLError as error:
        warnings.append(f"The YAML is broken, and was read line by line: {text.line(str(error), 150)}.")
        return {match[1]: match[2].strip(" '\"") for match in map(_LINE.fullmatch, said.split("\n")) if match}
    return {str(name): each for name, each in value.items()} if isinstance(value, dict) else {}


def _built(said: str) -> Any:
    """From the events of the first document alone: no tag, no type, no constructor is looked at."""
    root: list[Any] = []
    open_: list[list[Any]] = [root]
    begun: list[type] = []
    for count, event in enumerate(yaml.parse(said, Loader=yaml.SafeLoader)):
        if count > limits.MAX_YAML_NODES or len(open_) > limits.MAX_YAML_DEPTH:
            raise Unreadable(
                f"The YAML has more than {limits.MAX_YAML_NODES} nodes, or nests deeper than {limits.MAX_YAML_DEPTH}."
            )
        if isinstance(event, yaml.AliasEvent):
            raise Unreadable("The YAML has aliases, which multiply: write them out.")
        if isinstance(event, yaml.ScalarEvent):
            open_[-1].append(event.value)
        elif isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            open_.append([])
            begun.append(dict if isinstance(event, yaml.MappingStartEvent) else list)
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            inner = open_.pop()
            made = dict(zip(map(str, inner[::2]), inner[1::2], strict=False)) if begun.pop() is dict else inner
            open_[-1].append(made)
        elif isinstance(event, yaml.DocumentEndEvent):
            break
    return root[0] if root else None


def _subjects(fields: Mapping[str, Any]) -> tuple[tuple[Subject, ...], list[str]]:
    found: dict[tuple[str, str], Subject] = {}
    problems: list[str] = []
    for name, role in _PLACES:
        for said in fields[name] if isinstance(fields.get(name), list) else [fields.get(name)]:
            if said in (None, "", {}):
                continue
            try:
                subject = subjects.read(said, role)
            except subjects.NoSubject as error:
                problems.append(f"{name}: {error}")
                continue
            found.setdefault((subject.name or subject.address, subject.url), subject)
    return tuple(found.values())[: limits.MAX_SUBJECTS], problems


def _reporter(fields: Mapping[str, Any], mail: mime.Entity | None) -> Party:
    contact = text.line(fields.get("reported-from")).strip("<>")
    if "@" in contact:
        return Party(contact=contact, domain=contact.rpartition("@")[2].lower(), org=sender(mail).org if mail else "")
    return sender(mail) if mail else Party()


def _description(fields: Mapping[str, Any], mail: mime.Entity | None) -> str:
    said = [text.line(fields.get(name), 2_000) for name in ("info", "description", "comment")]
    return "\n".join(filter(None, [mail.field("subject") if mail else "", *said]))


def _details(fields: Mapping[str, Any]) -> dict[str, Any]:
    tlp = re.sub(r"^tlp[: ]*", "", text.line(fields.get("tlp"), 20).lower())
    return {"fields": dict(fields), **({"tlp": tlp} if tlp else {})}


def _attachment(part: mime.Entity, budget: attachments.Budget) -> attachments.Attachment:
    return attachments.measured(part.content, budget, filename=part.filename, content_type=part.content_type)
