"""Mail: the report in a mail, in whichever format it is; a letter where it is none; nothing of answers by machines."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from abuse.errors import Unreadable
from abuse.intake import (
    arf,
    attachments,
    json_text,
    kinds,
    limits,
    mime,
    moments,
    name_lists,
    prose,
    tables,
    text,
    x_arf,
    xarf,
)
from abuse.intake.drafts import Draft, Parsed, Subject

FORMAT = "mail"
# No report at all: an answering machine or a mail that came back. Its Parsed has no drafts.
AUTOMATIC = "auto-reply"

_REPORTS = frozenset({"delivery-status", "disposition-notification"})
_ANSWERS = re.compile(
    r"\s*(?:(?:re|aw|fwd?)\s*:\s*){0,3}(?:out of (?:the )?office|auto(?:matic|mated|matische)?[ -]?(?:reply|response|antwort)|"
    r"abwesen|undeliver|delivery status notification|mail delivery (?:failed|failure|system)|returned mail|failure notice)",
    re.IGNORECASE,
)
_OBJECT = re.compile(r"^[ \t>]{0,20}(?=[\[{])", re.MULTILINE)
_MAX_TRIES = 8
_TEXTS = ("text/plain", "text/html")
# A forwarded mail, a log: where the letter itself names nothing.
_READABLE = frozenset({"text/plain", "text/html", "text/csv", "text/x-log", "application/x-log"})
_STRUCTURED = frozenset(
    {"application/json", "application/xarf", "application/xarf+json", "application/stix+json", "text/csv"}
)
_NAMES_OF_LISTS = (".txt", ".lst", ".list", ".ioc")
# Twenty names in a row are no sentences.
_LINES_OF_A_LIST = 20
_NAMES_OF_FILES = (".json", ".csv", ".xarf", ".stix")


def read(content: bytes, *, kind: str, read_text: Callable[[str], Parsed | None]) -> Parsed:
    """ARF, X-ARF, then what read_text makes of a structured part (None: nothing), then the letter.

    Raises Unreadable where a person has to read it.
    """
    mail = mime.read(content)
    leaves = list(mime.leaves(mail))
    if arf.is_one(leaves):
        return arf.read(mail, leaves, attachments.Budget())
    if report := next((each for each in leaves if _is_plain(each) and x_arf.is_one(each.text)), None):
        evidence = [
            each for each in leaves if each is not report and (each.is_attached or each.filename or not _is_text(each))
        ]
        return x_arf.read(report.text, mail=mail, evidence=evidence, kind=kind)
    body = _body(leaves)
    for leaf in leaves:
        if parsed := _structured(leaf, read_text) or _inline(leaf):
            return _as_mailed(_as_meant(parsed, mail, body, kind), mail)
    if why := _automatic(mail, leaves):
        return Parsed(AUTOMATIC, (), (why,))
    if body.count("\n") >= _LINES_OF_A_LIST and name_lists.is_one(body):
        return _as_mailed(_as_meant(name_lists.read(body, kind=kind), mail, body, kind), mail)
    return Parsed(FORMAT, (_letter(mail, leaves, body, kind),))


def _structured(leaf: mime.Entity, read_text: Callable[[str], Parsed | None]) -> Parsed | None:
    """Of a part that says it is data, or of a text that begins as JSON does."""
    is_said = leaf.content_type in _STRUCTURED or leaf.filename.lower().endswith(_NAMES_OF_FILES)
    if leaf.filename.lower().endswith(_NAMES_OF_LISTS) and name_lists.is_one(leaf.text):
        is_said = True
    if not is_said and not (leaf.content_type == "text/plain" and leaf.content.lstrip()[:1] in (b"{", b"[")):
        return None
    try:
        return read_text(leaf.text)
    except Unreadable:
        # The letter around it may say what the file fails to.
        return None


def _inline(leaf: mime.Entity) -> Parsed | None:
    """A report of XARF that stands between the lines of a letter."""
    said = leaf.text if leaf.content_type == "text/plain" else ""
    at = next((at for key in ("xarf_version", '"ReporterInfo"') if (at := said.find(key)) >= 0), None)
    if at is None:
        return None
    for begin in [match.start() for match in _OBJECT.finditer(said, 0, at)][-_MAX_TRIES:]:
        warnings: list[str] = []
        try:
            value = json_text.load(said[begin:], warnings, and_more=True)
            if xarf.is_one(value):
                parsed = xarf.read(value)
                return replace(parsed, warnings=(*warnings, *parsed.warnings))
        except Unreadable:
            continue
    return None


def _as_meant(parsed: Parsed, mail: mime.Entity, body: str, kind: str) -> Parsed:
    """What is wrong with its names a list or a table may leave to the letter around it."""
    if parsed.format not in (name_lists.FORMAT, tables.FORMAT):
        return parsed
    guessed = kinds.of_prose(mail.field("subject"), body)
    if guessed == kinds.OTHER:
        return parsed
    unsaid = (kind, kinds.OTHER)
    drafts = (replace(each, kind=guessed) if each.kind in unsaid else each for each in parsed.drafts)
    return replace(parsed, drafts=tuple(drafts))


def _as_mailed(parsed: Parsed, mail: mime.Entity) -> Parsed:
    """Whoever a list does not name as its reporter is the one who mailed it."""
    sender, at = arf.sender(mail), moments.read(mail.field("date"))
    drafts = (
        replace(
            each,
            reporter=each.reporter if each.reporter.contact or each.reporter.org else sender,
            evidence_at=each.evidence_at or at,
        )
        for each in parsed.drafts
    )
    return replace(parsed, drafts=tuple(drafts))


def _automatic(mail: mime.Entity, leaves: Sequence[mime.Entity]) -> str:
    """Why this is no letter of a person (RFC 3834, RFC 3464); empty where it may be one."""
    submitted = re.split(r"[;(\s]", mail.field("auto-submitted"), maxsplit=1)[0].lower()
    if submitted == "auto-replied":
        return "This is an automatic reply (Auto-Submitted)."
    if mail.parameters.get("report-type", "").lower() in _REPORTS or any(
        each.content_type == f"message/{report}" for each in leaves for report in _REPORTS
    ):
        return "This is a notice about the delivery of a mail."
    if any(mail.field(name) for name in ("x-autoreply", "x-autorespond", "x-autoresponder")):
        return "This is an automatic reply (X-Autoreply)."
    if mail.field("precedence").lower() == "auto_reply":
        return "This is an automatic reply (Precedence)."
    is_from_nobody = mail.raw("return-path").replace(" ", "") == "<>" or mail.address("from")[1].lower().startswith(
        "mailer-daemon@"
    )
    if _ANSWERS.match(mail.field("subject")) and (is_from_nobody or submitted or mail.field("in-reply-to")):
        return "This is an automatic reply (by its subject)."
    # Programs that report by mail often want no bounces: what names a host is a letter all the same.
    if is_from_nobody and not prose.hosts(f"{mail.field('subject')}\n{_body(leaves)}"):
        return "This is from nobody who could be answered (empty return path)."
    return ""


def _letter(mail: mime.Entity, leaves: Sequence[mime.Entity], body: str, kind: str) -> Draft:
    subject = mail.field("subject")
    found = prose.hosts(f"{subject}\n{body}")
    warnings: list[str] = []
    forwarded: list[Subject] = []
    for each in leaves:
        if each.content_type in mime.MESSAGE:
            try:
                forwarded += arf.links(each)
            except Unreadable as error:
                warnings.append(f"A forwarded mail could not be read: {' '.join(map(str, error.args))}")
    seen = {each.name or each.address for each in found}
    found += tuple(each for each in forwarded if (each.name or each.address) not in seen)
    if not found:
        found = _of_attachments(leaves)
    if not found:
        raise Unreadable("The letter names no host, address or URL. A person has to read it.")
    if len(body) > limits.MAX_PROSE_CHARACTERS:
        warnings.append(f"Only the first {limits.MAX_PROSE_CHARACTERS} characters were searched for hosts.")
    if len(found) >= limits.MAX_SUBJECTS_OF_PROSE:
        warnings.append(f"It names more than {limits.MAX_SUBJECTS_OF_PROSE} hosts; a list of them is read to its end.")
    said_kind = kinds.of_prose(subject, body)
    budget = attachments.Budget()
    return Draft(
        kind=said_kind if said_kind != kinds.OTHER else kind or kinds.OTHER,
        subjects=found[: limits.MAX_SUBJECTS],
        evidence_at=moments.read(mail.field("date")),
        description=f"{subject}\n\n{body}".strip()[: limits.MAX_DESCRIPTION_CHARACTERS + 1],
        language=mail.field("content-language").partition(",")[0][:10],
        reporter=arf.sender(mail),
        external_id=mail.field("message-id"),
        details={"mail_subject": subject},
        attachments=tuple(
            attachments.measured(each.content, budget, filename=each.filename, content_type=each.content_type)
            for each in leaves
            if each.is_attached or each.filename or not _is_text(each)
        ),
        warnings=tuple(warnings),
    )


def _body(leaves: Sequence[mime.Entity]) -> str:
    """The plain text; that of the HTML where there is no plain one, or one that only says so."""
    shown = [each for each in leaves if _is_text(each) and not each.is_attached and not each.filename]
    plain = "\n\n".join(each.text for each in shown if each.content_type == "text/plain")
    marked_up = "\n\n".join(prose.of_html(each.text) for each in shown if each.content_type == "text/html")
    if marked_up and (len(plain.split()) < 5 or not prose.hosts(plain)):
        return f"{plain.strip()}\n\n{marked_up}".strip()
    return plain.strip()


def _of_attachments(leaves: Sequence[mime.Entity]) -> tuple[Subject, ...]:
    found: list[Subject] = []
    for each in leaves:
        if each.content_type in _READABLE and (each.is_attached or each.filename) and not found:
            found += prose.hosts(text.decode(each.content[: limits.MAX_PROSE_CHARACTERS], each.charset))
    return tuple(found)


def _is_plain(leaf: mime.Entity) -> bool:
    return leaf.content_type in ("text/plain", "text/yaml", "application/x-yaml", "application/yaml")


def _is_text(leaf: mime.Entity) -> bool:
    return leaf.content_type in _TEXTS
