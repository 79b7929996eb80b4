"""Parsing: which format a submission has, and drafts that hold whatever was sent to the limits."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from abuse.errors import Unreadable
from abuse.intake import (
    attachments,
    form,
    json_text,
    kinds,
    limits,
    mail,
    mime,
    misp,
    name_lists,
    prose,
    stix,
    tables,
    text,
    threatfox,
    urlhaus,
    x_arf,
    xarf,
)
from abuse.intake.drafts import Attachment, Draft, Parsed, Party, Subject

# What is never unpacked or interpreted here, by its first octets; and what its sender can do.
_FOREIGN = (
    (b"PK\x03\x04", "a zip archive", "Unpack it and send what is in it; a sample of malware belongs to a report as evidence"),
    (b"\x1f\x8b", "compressed by gzip", "Unpack it and send what is in it"),
    (b"BZh", "compressed by bzip2", "Unpack it and send what is in it"),
    (b"\xfd7zXZ", "compressed by xz", "Unpack it and send what is in it"),
    (b"\x28\xb5\x2f\xfd", "compressed by zstd", "Unpack it and send what is in it"),
    (b"7z\xbc\xaf", "a 7z archive", "Unpack it and send what is in it"),
    (b"Rar!", "a rar archive", "Unpack it and send what is in it"),
    (b"%PDF", "a PDF", "Send the names in it as text, with the PDF attached to a mail"),
    (b"\xd0\xcf\x11\xe0", "an Office document", "Save it as CSV and send that"),
    (b"\x89PNG", "a picture", "Say in words what it shows, and attach it to a mail"),
    (b"\xff\xd8\xff", "a picture", "Say in words what it shows, and attach it to a mail"),
    (b"GIF8", "a picture", "Say in words what it shows, and attach it to a mail"),
    (b"MZ", "a program", "Send its name, its hash and where it was served"),
    (b"\x7fELF", "a program", "Send its name, its hash and where it was served"),
)  # fmt: skip
# “[2001:db8::7]:443” is a line of a list.
JSON = re.compile(r"\s*(?:\{|\[\s*[\[{\"\]])")
_SNIFFED = 4 * limits.KIB


def parse(content: bytes, *, content_type: str = "", filename: str = "", door: str = "", kind: str = "") -> Parsed:
    """What was sent, whatever its format; kind is taken where the format says none. Pure.

    Raises Unreadable with what is wrong and what can be done, and nothing else.
    """
    if len(content) > limits.MAX_OCTETS:
        raise Unreadable(f"{len(content)} octets; the most is {limits.MAX_OCTETS}. Send it in parts.")
    refuse_foreign(content)
    if mime.is_one(content) and not x_arf.is_one(text.decode(content[: 16 * limits.KIB]).partition("\n\n")[0]):
        return finished(mail.read(content, kind=kind, read_text=lambda said: structured(said, kind=kind)))
    said = text.decode(content)
    if not said.strip():
        raise Unreadable("There is nothing in it.")
    parsed = structured(said, kind=kind)
    return finished(parsed if parsed is not None else _prose(said, kind))


def structured(said: str, *, kind: str = "") -> Parsed | None:
    """By what it looks like: the door, the name and the type that came with it may say anything. None: it is a letter."""
    if JSON.match(said):
        return of_json(said, kind=kind)
    if said.lstrip()[:1] == "<":
        raise Unreadable(_of_markup(said))
    if x_arf.is_one(said):
        return x_arf.read(said, kind=kind)
    # Feeds are CSV with a comment that says whose.
    for each in (threatfox, urlhaus):
        if each.is_csv(said):
            return each.read_csv(said)
    if name_lists.is_one(said):
        return name_lists.read(said, kind=kind)
    return tables.read(said, kind=kind) if tables.is_one(said) else None


def of_json(said: str, *, kind: str = "") -> Parsed:
    """By its keys. Lines of JSON are a list of it."""
    warnings: list[str] = []
    value = _of_lines(said, warnings) or json_text.load(said, warnings)
    if isinstance(value, dict) and xarf.is_one(value.get("reports")):
        value = value["reports"]
    if isinstance(value, list) and value and all(isinstance(each, str) for each in value):
        return name_lists.read("\n".join(value), kind=kind)
    for is_one, read in _JSON_FORMATS:
        if is_one(value):
            parsed = read(value, kind=kind)
            return replace(parsed, warnings=(*warnings, *parsed.warnings))
    raise Unreadable("This is JSON, but neither XARF, STIX 2.1, MISP, URLhaus nor ThreatFox.")


_JSON_FORMATS: tuple[tuple[Callable[[Any], bool], Callable[..., Parsed]], ...] = (
    (form.is_one, form.read),
    (xarf.is_one, xarf.read),
    (stix.is_one, stix.read),
    (misp.is_one, misp.read),
    (threatfox.is_one, threatfox.read),
    (urlhaus.is_one, urlhaus.read),
)


def _of_lines(said: str, warnings: list[str]) -> list[Any] | None:
    """JSON Lines: an object on each line, where the first line is a whole one and is not alone."""
    lines = [line for line in said.split("\n", limits.MAX_REPORTS + 1) if line.strip()]
    if len(lines) < 2 or not all(line.lstrip().startswith("{") and line.rstrip().endswith("}") for line in lines):
        return None
    if len(lines) > limits.MAX_REPORTS:
        raise Unreadable(f"More than {limits.MAX_REPORTS:,} lines of JSON. Send it in parts.")
    return [json_text.load(line, warnings) for line in lines]


def _prose(said: str, kind: str) -> Parsed:
    found = prose.hosts(said)
    if not found:
        raise Unreadable("It names no host, address or URL. A person has to read it.")
    said_kind = kinds.of_prose("", said)
    draft = Draft(
        kind=said_kind if said_kind != kinds.OTHER else kind or kinds.OTHER,
        subjects=found,
        description=said.strip()[: limits.MAX_DESCRIPTION_CHARACTERS + 1],
    )
    return Parsed("letter", (draft,))


def _of_markup(said: str) -> str:
    head = said[: 4 * limits.KIB].lower()
    if "stix" in head:
        return "This is STIX 1, which is XML. Export it as STIX 2.1 (JSON) and send that."
    if "iodef" in head:
        return "This is IODEF. Send the incident as XARF or as a mail."
    if "<html" in head or "<!doctype html" in head:
        return "This is a web page. Send its address, with the page attached to a mail."
    return "This is XML, which is not read here. Send XARF, a mail, CSV, STIX 2.1, MISP or a list of names."


def finished(parsed: Parsed) -> Parsed:
    """The same within limits: clean text, details below their size, media left out where nobody may hold them.

    A draft without a subject is none. Raises Unreadable where that leaves nothing.
    """
    drafts = tuple(_finished(each) for each in parsed.drafts if each.subjects)
    warnings = (*parsed.warnings, *(said for each in parsed.drafts if not each.subjects for said in each.warnings))
    if parsed.drafts and not drafts:
        raise Unreadable(text.cut(" ".join(("It names no host, address or URL.", *_sentences(warnings))), 2_000))
    return Parsed(text.line(parsed.format, 30), drafts, _sentences(warnings), parsed.passed_over, parsed.repeated)


def _finished(draft: Draft) -> Draft:
    warnings = list(draft.warnings)
    details = text.data(draft.details)
    if text.octets_of(details) > limits.MAX_DETAILS_OCTETS:
        details = dict(_that_fit(details))
        warnings.append("Some of what else it says was too long to keep here: it is in the submission as it came.")
    kept = draft.attachments
    if draft.kind in kinds.WITHOUT_MEDIA and (left_out := len(kept) - len(kept := attachments.without_media(kept))):
        warnings.append(f"{left_out} attachments were left out: nobody may hold what they may show.")
    if len(draft.description) > limits.MAX_DESCRIPTION_CHARACTERS:
        warnings.append(f"Its description was cut to {limits.MAX_DESCRIPTION_CHARACTERS} characters.")
    if len(draft.subjects) > limits.MAX_SUBJECTS:
        warnings.append(f"It names {len(draft.subjects)} hosts; the first {limits.MAX_SUBJECTS} are kept.")
    return replace(
        draft,
        kind=kinds.of(*draft.kind.partition("/")[::2]) or kinds.OTHER,
        subjects=tuple(map(_fit_subject, draft.subjects[: limits.MAX_SUBJECTS])),
        description=text.cut(text.clean(draft.description), limits.MAX_DESCRIPTION_CHARACTERS),
        language=text.line(draft.language, 10),
        reporter=_fit_party(draft.reporter),
        complainant=_fit_party(draft.complainant),
        external_id=text.line(draft.external_id, limits.MAX_ID_CHARACTERS),
        details=details,
        attachments=tuple(map(_fit_attachment, kept)),
        warnings=_sentences(warnings),
    )


def _that_fit(details: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """The smallest first, as many as fit."""
    left = limits.MAX_DETAILS_OCTETS
    for key, value in sorted(details.items(), key=lambda item: text.octets_of(item[1])):
        left -= text.octets_of({key: value})
        if left > 0:
            yield key, value


def _fit_subject(subject: Subject) -> Subject:
    url = text.cut(text.clean(subject.url), limits.MAX_URL_CHARACTERS)
    return subject if url == subject.url else replace(subject, url=url)


def _fit_party(party: Party) -> Party:
    return Party(text.line(party.org, 200), text.line(party.contact), text.line(party.domain, 253))


def _fit_attachment(attachment: Attachment) -> Attachment:
    return replace(
        attachment,
        filename=text.line(attachment.filename),
        content_type=text.line(attachment.content_type, 200),
        description=text.line(attachment.description, 1_000),
        problem=text.line(attachment.problem, 1_000),
    )


def _sentences(warnings: tuple[str, ...] | list[str]) -> tuple[str, ...]:
    said = list(dict.fromkeys(text.line(each, limits.MAX_WARNING_CHARACTERS) for each in warnings))
    if len(said) > limits.MAX_WARNINGS:
        said[limits.MAX_WARNINGS - 1 :] = [f"And {len(said) - limits.MAX_WARNINGS + 1} more."]
    return tuple(said)


def refuse_foreign(content: bytes) -> None:
    """What is no text. Raises Unreadable with what it is and what its sender can do."""
    for beginning, what, advice in _FOREIGN:
        if content.startswith(beginning):
            raise Unreadable(f"This is {what}, which is never opened here. {advice}.")
    if b"\x00" in content[:_SNIFFED] and not content.startswith((b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")):
        raise Unreadable("This is no text. Send XARF, a mail, CSV, STIX 2.1, MISP or a list of names.")
