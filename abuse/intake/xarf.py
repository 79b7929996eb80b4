"""XARF 4: one report or a list, held against the schema, taken in with warnings wherever subject and type are clear."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from abuse.errors import Unreadable
from abuse.intake import attachments, kinds, limits, moments, subjects, text, xarf_3, xarf_schema
from abuse.intake.drafts import Attachment, Draft, Parsed, Party, Subject

FORMAT = "xarf"

# Where a host can stand, the culprit before those around it: key, role, key within where it is an object or a list of them.
_PLACES = (
    ("c2_server", "c2", ""),
    ("c2_servers", "c2", "address"),
    ("url", "url", ""),
    ("infringing_url", "url", ""),
    ("source_identifier", "source", ""),
    ("domain", "domain", ""),
    ("submission_url", "submission", ""),
    ("redirect_chain", "redirect", ""),
    ("related_domains", "related", "domain"),
    ("linked_content", "related", "target_url"),
    ("spam_indicators", "url", "suspicious_links"),
    ("cloned_site", "clone", ""),
)
_CULPRITS = frozenset({"c2", "url", "source", "domain"})
_CONTROLLER, _BOT = "infrastructure/botnet", "connection/infected_host"
# Asked for by others; the rest of a report stays below "fields".
_NOT_DETAILS = frozenset(
    "xarf_version report_id timestamp reporter sender source_identifier category class type on_behalf_of evidence description"
    " tags confidence confidence_score malware_family malware_type target_brand targeted_brands affected_brand threat_type"
    " file_hashes file_hash dns_records related_domains _internal is_anonymous is_good_faith".split()
)


def is_one(value: object) -> bool:
    """Whether this is a report, or a list that begins with one, of version 3 or 4."""
    if isinstance(value, list):
        return any(is_one(each) for each in value[:20] if isinstance(each, dict))
    if not isinstance(value, dict):
        return False
    is_said = ("category" in value or "class" in value) and "type" in value
    return (
        "xarf_version" in value
        or xarf_3.is_one(value)
        or (is_said and ("source_identifier" in value or "reporter" in value))
    )


def read(value: Any, *, kind: str = "") -> Parsed:
    """Each report is a draft; a botnet's with both controller and bot is two. Raises Unreadable where no report is clear."""
    reports = value if isinstance(value, list) else [value]
    if len(reports) > limits.MAX_REPORTS:
        raise Unreadable(f"{len(reports):,} reports in one list; the most is {limits.MAX_REPORTS:,}. Send it in parts.")
    drafts: list[Draft] = []
    warnings: list[str] = []
    for position, report in enumerate(reports):
        try:
            drafts += _drafts(report, kind, is_validated=position < limits.MAX_REPORTS_VALIDATED)
        except Unreadable as error:
            if len(reports) == 1:
                raise
            warnings.append(f"Report {position + 1} of {len(reports)}: {' '.join(map(str, error.args))}")
    if not drafts:
        raise Unreadable(text.cut(" ".join(warnings), 2_000) or "The list of reports is empty.")
    return Parsed(FORMAT, tuple(drafts), tuple(warnings), passed_over=len(warnings))


def culprits(report: Any) -> tuple[Subject, ...]:
    """The hosts that it complains of, without those around them or of victims. Not held against the schema.

    Raises Unreadable where there is none.
    """
    found = [each for draft in _drafts(report, "", is_validated=False) for each in draft.subjects]
    controllers = [each for each in found if each.role == "c2"]
    complained = controllers or [each for each in found if each.role in _CULPRITS]
    if not complained:
        raise Unreadable("It names no host that it complains of.")
    return tuple(complained)


def _drafts(report: Any, kind: str, *, is_validated: bool) -> Iterator[Draft]:
    if not isinstance(report, dict):
        raise Unreadable("A report is an object, this is none.")
    if xarf_3.is_one(report):
        warnings = ["This is XARF 3, converted to XARF 4."]
        report = xarf_3.converted(report, warnings)
    else:
        left_out = ["Not held against the schema: too many reports in one list."]
        warnings = xarf_schema.errors_of(report) if is_validated else left_out
    found, problems = _subjects(report)
    # Drafts of version 4 called the category class, and the complainant on_behalf_of; some reporters still do.
    said_kind = kinds.of(report.get("category") or report.get("class"), report.get("type"))
    if not found:
        raise Unreadable(text.cut(" ".join(["It names no host, address or URL.", *problems, *warnings]), 2_000))
    if not said_kind:
        said_kind = kind or kinds.OTHER
        warnings.append(f"It does not say what it complains of: taken as {said_kind}.")
    yield from _by_culprit(_draft(report, said_kind, found, (*warnings, *problems)))


def _by_culprit(draft: Draft) -> Iterator[Draft]:
    """A report about a bot names its victim as the source, and the culprit as its controller (XARF 4.2): two complaints."""
    if draft.kind not in (_CONTROLLER, _BOT):
        yield draft
        return
    split = {
        _CONTROLLER: tuple(each for each in draft.subjects if each.role != "source"),
        _BOT: tuple(each for each in draft.subjects if each.role == "source"),
    }
    if draft.kind == _BOT:
        split[_BOT] = tuple(each for each in draft.subjects if each.role != "c2")
        split[_CONTROLLER] = tuple(each for each in draft.subjects if each.role == "c2")
    for kind in sorted(split, key=lambda kind: kind != draft.kind):
        if split[kind]:
            details = draft.details if kind == draft.kind else {**draft.details, "reported_as": draft.kind}
            yield replace(draft, kind=kind, subjects=split[kind], details=details)


def _draft(
    report: Mapping[str, Any],
    kind: str,
    found: tuple[Subject, ...],
    warnings: Sequence[str],
) -> Draft:
    sender, complainant = party(report.get("sender")), party(report.get("reporter"))
    if sender == Party() and isinstance(behalf := report.get("on_behalf_of"), dict):
        sender, complainant = complainant, party(behalf)
    seen = [moments.read(report.get(key)) for key in ("timestamp", "last_seen", "first_seen")]
    at = next((each for each in seen if each is not None), None)
    said_at = text.line(report.get("timestamp"), 60)
    unsaid = (
        () if seen[0] else (f"timestamp: “{said_at}” is no time that can be read." if said_at else "timestamp: none.",)
    )
    return Draft(
        kind=kind,
        subjects=found,
        evidence_at=at,
        description=_text(report.get("description")),
        language=text.line(report.get("language"), 10) if not kind.startswith("messaging/") else "",
        reporter=sender if sender != Party() else complainant,
        complainant=complainant if complainant not in (sender, Party()) and sender != Party() else Party(),
        external_id=text.line(report.get("report_id"), limits.MAX_ID_CHARACTERS),
        details=_details(report),
        attachments=tuple(_attachments(report.get("evidence"))),
        is_anonymous=report.get("is_anonymous") is True,
        is_good_faith=report.get("is_good_faith") is True,
        warnings=(*warnings, *unsaid),
    )


def party(said: object) -> Party:
    """XARF's contact_info; empty where there is none."""
    if not isinstance(said, Mapping):
        return Party()
    return Party(
        org=text.line(said.get("org"), 200),
        contact=text.line(said.get("contact")),
        domain=text.line(said.get("domain"), 253),
    )


def _subjects(report: Mapping[str, Any]) -> tuple[tuple[Subject, ...], list[str]]:
    """Each host once, or once per URL on it; and a sentence for what should name one and does not."""
    found: dict[tuple[str, str, int | None], Subject] = {}
    hosts: set[str] = set()
    problems: list[str] = []
    for key, role, inner in _PLACES:
        for said, said_port in _said(report.get(key), inner):
            try:
                subject = subjects.read(said, role)
            except subjects.NoSubject as error:
                problems.append(f"{key}: {error}")
                continue
            host = subject.name or subject.address
            port = subject.port or _port(report.get("source_port") if role == "source" else said_port)
            if subject.url or host not in hosts or (subject.port and role != "source"):
                found.setdefault((host, subject.url, port), replace(subject, port=port))
            hosts.add(host)
    for key, _, _ in _PLACES:
        said = report.get(key)
        if isinstance(said, list) and len(said) > limits.MAX_SUBJECTS:
            problems.append(
                f"{key}: {len(said):,} entries; the first {limits.MAX_SUBJECTS:,} are read. Send it in parts."
            )
    if len(found) > limits.MAX_SUBJECTS:
        problems.append(f"It names {len(found):,} hosts; the first {limits.MAX_SUBJECTS:,} are kept. Send it in parts.")
    return tuple(found.values())[: limits.MAX_SUBJECTS], problems


def _said(value: object, inner: str) -> Iterator[tuple[object, object]]:
    """What stands at a place, with the port beside it: itself, each of a list, or a field of an object or a list of them."""
    for each in _list(value):
        if isinstance(each, Mapping) and inner:
            yield from ((field, each.get("port")) for field in _list(each.get(inner)))
        elif each not in (None, ""):
            yield each, None


def _list(value: object) -> list[Any]:
    """Bounded; a single value is a list of one, nothing one of none."""
    if isinstance(value, list):
        return value[: limits.MAX_SUBJECTS]
    return [] if value in (None, "") else [value]


def _port(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 65536 else None


def _attachments(evidence: object) -> Iterator[Attachment]:
    budget = attachments.Budget()
    # Twice as many as are kept: each of the others says that it is not, and the schema that there are too many.
    for item in evidence[: 2 * limits.MAX_ATTACHMENTS] if isinstance(evidence, list) else []:
        if isinstance(item, Mapping):
            yield attachments.decoded(
                item.get("payload"),
                budget,
                content_type=text.line(item.get("content_type"), 200),
                description=text.line(item.get("description"), 1_000),
                claimed_hash=item.get("hash") or "",
                claimed_size=item.get("size"),
            )


def _details(report: Mapping[str, Any]) -> dict[str, Any]:
    tags = [tag for each in _list(report.get("tags")) if (tag := text.line(each, 100))][: limits.MAX_TAGS]
    brands = [
        brand
        for key in ("target_brand", "affected_brand", "targeted_brands")
        for each in _list(report.get(key))
        if (brand := text.line(each, 80))
    ]
    related = [each for each in _list(report.get("related_domains")) if isinstance(each, Mapping)]
    details = {
        "malware_family": text.line(report.get("malware_family")),
        "malware_type": text.line(report.get("malware_type")),
        "target_brand": text.line(", ".join(dict.fromkeys(brands))),
        "threat_type": text.line(report.get("threat_type")),
        "confidence": confidence(report.get("confidence", report.get("confidence_score"))),
        "file_hashes": _file_hashes(report),
        "dns_records": report.get("dns_records"),
        "related": [
            {"name": text.line(each.get("domain"), 253), "relationship": text.line(each.get("relationship"), 60)}
            for each in related
        ],
        "tags": tags,
        "tlp": next((tag[4:] for tag in map(str.lower, tags) if tag.startswith("tlp:")), ""),
        "fields": {key: value for key, value in report.items() if key not in _NOT_DETAILS},
    }
    return {key: value for key, value in details.items() if value not in (None, "", [], {})}


def confidence(value: object) -> float | None:
    """From 0 to 1; what is above 1 is taken for per cent."""
    if isinstance(value, str) and value.replace(".", "", 1).isdecimal() and len(value) < 10:
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 100:
        return None
    return value / 100 if value > 1 else float(value)


def _file_hashes(report: Mapping[str, Any]) -> list[str]:
    """Each as algorithm:digest, whatever it is the digest of."""
    found: list[str] = []
    for key in ("file_hashes", "hash_values", "file_hash"):
        value = report.get(key)
        if isinstance(value, Mapping):
            found += [
                f"{text.line(name, 20)}:{digest}" for name, each in value.items() if (digest := text.line(each, 130))
            ]
        else:
            found += [digest for each in _list(value) if (digest := text.line(each, 150))]
    return found[: limits.MAX_DETAIL_ITEMS]


def _text(value: object) -> str:
    """One character more than is kept says that it was cut."""
    return text.clean(value[: limits.MAX_DESCRIPTION_CHARACTERS + 1]) if isinstance(value, str) else ""
