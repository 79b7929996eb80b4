"""ARF: feedback reports of mail receivers (RFC 5965; RFC 6591 of failed authentication; RFC 6650 on their use)."""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime

from abuse.errors import Unreadable
from abuse.intake import attachments, kinds, limits, mime, moments, prose, subjects, text
from abuse.intake.drafts import Draft, Parsed, Party, Subject

FORMAT = "arf"
FEEDBACK = "message/feedback-report"

# RFC 5965 §7.3 and RFC 6650 §4: what a type complains of. Failed authentication is for people: the domain may be the victim.
_KINDS = {
    "abuse": "messaging/spam",
    "fraud": "content/phishing",
    "virus": "content/malware",
    "not-spam": "messaging/spam",
    "opt-out": "messaging/bulk_messaging",
    "opt-out-list": "messaging/bulk_messaging",
}
_WORDS = {
    "auth_failure": "adsp bodyhash revoked signature spf dmarc",
    "delivery_result": "delivered spam policy reject other",
}


@dataclass(frozen=True, slots=True)
class Feedback:
    """The machine-readable part. Texts keep their folds; what was not said is empty."""

    feedback_type: str = ""
    user_agent: str = ""
    version: int = 0
    arrival_date: datetime | None = None
    authentication_results: tuple[str, ...] = ()
    incidents: int = 1
    original_envelope_id: str = ""
    original_mail_from: str = ""
    original_rcpt_to: str = ""
    reported_domain: tuple[str, ...] = ()
    reported_uri: tuple[str, ...] = ()
    reporting_mta: str = ""
    source_ip: str = ""
    source_port: int = 0
    auth_failure: str = ""
    delivery_result: str = ""
    identity_alignment: str = ""
    dkim_adsp_dns: str = ""
    dkim_canonicalized_body: str = ""
    dkim_canonicalized_header: str = ""
    dkim_domain: str = ""
    dkim_identity: str = ""
    dkim_selector: str = ""
    dkim_selector_dns: str = ""
    spf_dns: str = ""
    problems: tuple[str, ...] = field(default=(), compare=False)


_TEXTS = tuple(
    "user_agent original_envelope_id original_mail_from original_rcpt_to dkim_adsp_dns dkim_canonicalized_body"
    " dkim_canonicalized_header dkim_domain dkim_identity dkim_selector dkim_selector_dns spf_dns".split()
)


def feedback(part: bytes) -> Feedback:
    """Of the octets of that part. A missing field that RFC 5965 §3.1 demands is a problem, and no refusal."""
    said = mime.fields(part)
    first = {name.replace("-", "_"): text.clean(values[0]).strip() for name, values in said.items()}
    missing = [name for name in ("Feedback-Type", "User-Agent", "Version") if not said.get(name.lower())]
    mta = first.get("reporting_mta", "")
    return Feedback(
        feedback_type=first.get("feedback_type", "").lower(),
        version=_number(first.get("version"), 0),
        arrival_date=moments.read(first.get("received_date")) or moments.read(first.get("arrival_date")),
        authentication_results=said.get("authentication-results", ()),
        incidents=_number(first.get("incidents"), 1),
        reported_domain=said.get("reported-domain", ()),
        reported_uri=said.get("reported-uri", ()),
        reporting_mta=mta[4:].strip() if mta.lower().startswith("dns;") else mta,
        source_ip=_address(first.get("source_ip", "")),
        source_port=_number(first.get("source_port"), 0),
        identity_alignment=first.get("identity_alignment", "").lower(),
        problems=tuple(f"{name} is missing (RFC 5965 §3.1)." for name in missing),
        **{name: first.get(name, "") for name in _TEXTS},
        **{name: _word(first.get(name, ""), words) for name, words in _WORDS.items()},
    )


def is_one(leaves: Sequence[mime.Entity]) -> bool:
    return any(each.content_type == FEEDBACK for each in leaves)


def read(mail: mime.Entity, leaves: Sequence[mime.Entity], budget: attachments.Budget) -> Parsed:
    """One draft; taking back (not-spam) is one, too. Raises Unreadable where nothing in it names a host or address."""
    said = feedback(next(each for each in leaves if each.content_type == FEEDBACK).content)
    original = [
        each for each in leaves if each.content_type in mime.MESSAGE or each.content_type == "text/rfc822-headers"
    ]
    human = next((each.text for each in leaves if each.content_type == "text/plain" and not each.is_attached), "")
    found = _subjects(said, original, human)
    if not found:
        raise Unreadable("The feedback report names no host, address or URL.")
    draft = Draft(
        kind=_KINDS.get(said.feedback_type, kinds.OTHER),
        subjects=found,
        evidence_at=said.arrival_date or moments.read(mail.field("date")),
        description=human.strip(),
        reporter=sender(mail),
        external_id=mail.field("message-id"),
        details=_details(said, mail),
        attachments=tuple(
            attachments.measured(
                each.content,
                budget,
                filename=each.filename or "original.eml",
                content_type=each.content_type,
                description="The mail that the report is about.",
            )
            for each in original
        ),
        is_retraction=said.feedback_type == "not-spam",
        warnings=said.problems,
    )
    return Parsed(FORMAT, (draft,))


def sender(mail: mime.Entity) -> Party:
    """Who the mail says that it is from."""
    shown, address = mail.address("from")
    return Party(org=shown, contact=address, domain=address.rpartition("@")[2].lower())


def _subjects(said: Feedback, original: Sequence[mime.Entity], human: str) -> tuple[Subject, ...]:
    """What is reported, then what the mail links to; the address it came from; what the letter says where that is nothing."""
    found: list[Subject | None] = [subjects.find(each, "url") for each in said.reported_uri]
    found += [subjects.find(each, "domain") for each in said.reported_domain]
    for each in original:
        if each.content_type in mime.MESSAGE:
            found += links(each)
    if said.source_ip:
        found.append(Subject(address=said.source_ip, port=said.source_port or None, role="source"))
    # “A message received from IP 192.0.2.1”: the links beside it explain the format.
    said_by_hand = () if _distinct(found) else prose.hosts(human)
    return _distinct(found) or _distinct([each for each in said_by_hand if each.address]) or _distinct(said_by_hand)


def links(forwarded: mime.Entity) -> tuple[Subject, ...]:
    """Of the URLs in the bodies of a forwarded mail; mails forwarded within it are not opened."""
    found: list[Subject] = []
    inner = mime.read(forwarded.content.lstrip(b"\r\n"), depth=forwarded.depth + 1)
    for leaf in mime.leaves(inner):
        if leaf.content_type in ("text/plain", "text/html") and not leaf.is_attached:
            body = leaf.text
            said = prose.of_html(body) if leaf.content_type == "text/html" else body
            found += prose.hosts(said, with_schemes_only=True)
    return tuple(found[: limits.MAX_SUBJECTS_OF_PROSE])


def _distinct(found: Sequence[Subject | None]) -> tuple[Subject, ...]:
    """A host that stands there with a URL does not stand there again without one."""
    kept: dict[tuple[str, str], Subject] = {}
    hosts: set[str] = set()
    for each in found:
        if each is not None and (each.url or (each.name or each.address) not in hosts):
            kept.setdefault((each.name or each.address, each.url), each)
            hosts.add(each.name or each.address)
    return tuple(kept.values())[: limits.MAX_SUBJECTS]


def _details(said: Feedback, mail: mime.Entity) -> dict[str, object]:
    fields = {
        name: value for name, value in asdict(said).items() if value not in ("", (), None, 0) and name != "problems"
    }
    if said.arrival_date:
        fields["arrival_date"] = said.arrival_date.isoformat()
    return {"feedback_type": said.feedback_type, "feedback": fields, "mail_subject": mail.field("subject")}


def _number(said: str | None, otherwise: int) -> int:
    return int(said) if said and re.fullmatch(r"\d{1,9}", said, re.ASCII) else otherwise


def _address(said: str) -> str:
    """RFC 5965 wants an address; some append a name or wrap it in brackets."""
    subject = subjects.find(said.split()[0].strip("[]") if said.split() else "")
    return subject.address if subject else ""


def _word(said: str, words: str) -> str:
    return said.lower() if said.lower() in words.split() else ""
