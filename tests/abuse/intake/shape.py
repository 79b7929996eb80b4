"""The shape of whatever a parser gives back: storable, within limits. Raises AssertionError."""

import json
from dataclasses import asdict
from datetime import UTC, datetime

from abuse.intake import kinds, limits
from abuse.intake.drafts import Draft, Parsed
from abuse.intake.letters import MAX_TEXT, Letter
from dnsupdate import names

DETAILS_OCTETS = 64 * 1024


def check(parsed: Parsed) -> Parsed:
    assert 0 < len(parsed.format) <= 30
    assert parsed.passed_over >= 0
    assert len(parsed.warnings) <= limits.MAX_WARNINGS
    assert parsed.drafts or parsed.warnings, "nothing came of it, and nothing says why"
    for draft in parsed.drafts:
        _check_draft(draft)
    return parsed


def check_letter(letter: Letter) -> Letter:
    """Of an authority: its counts add up, and a line has a name or says why not."""
    assert [line.position for line in letter.lines] == list(range(1, len(letter.lines) + 1))
    assert min(letter.comment_count, letter.blank_count, letter.passed_over, letter.further_count) >= 0
    numbers = {line.number for line in letter.lines}
    others = letter.comment_count + letter.blank_count + letter.passed_over
    assert letter.line_count == len(numbers) + others
    for line in letter.lines:
        assert bool(line.name) != bool(line.problem)
        assert not line.name or names.normalise(line.name) == line.name
        assert line.port is None or 0 < line.port < 65536
        assert line.text
        for said in (line.text, line.name, line.problem):
            assert len(said) <= MAX_TEXT
            assert "\n" not in said
            _check_text(said)
    return letter


def _check_draft(draft: Draft) -> None:
    assert draft.kind.count("/") == 1 or draft.kind == kinds.OTHER
    assert len(draft.kind) <= limits.MAX_KIND_CHARACTERS
    assert 0 < len(draft.subjects) <= limits.MAX_SUBJECTS
    assert len(draft.description) <= limits.MAX_DESCRIPTION_CHARACTERS
    assert len(draft.external_id) <= limits.MAX_ID_CHARACTERS
    assert len(draft.language) <= 10
    assert len(draft.warnings) <= limits.MAX_WARNINGS
    assert all(0 < len(each) <= limits.MAX_WARNING_CHARACTERS for each in draft.warnings)
    assert draft.evidence_at is None or (draft.evidence_at.tzinfo is UTC and isinstance(draft.evidence_at, datetime))
    for subject in draft.subjects:
        assert subject.name or subject.address
        assert not subject.name or names.normalise(subject.name) == subject.name
        assert len(subject.url) <= limits.MAX_URL_CHARACTERS
        assert subject.port is None or 0 < subject.port < 65536
    said = json.dumps(dict(draft.details), allow_nan=False, ensure_ascii=True)
    assert len(said) < DETAILS_OCTETS
    assert len(json.dumps(dict(draft.details), ensure_ascii=False).encode()) < DETAILS_OCTETS
    assert sum(len(each.content) for each in draft.attachments) <= limits.MAX_ATTACHMENTS_OCTETS
    assert sum(bool(each.content) for each in draft.attachments) <= limits.MAX_ATTACHMENTS
    for attachment in draft.attachments:
        assert len(attachment.content) <= limits.MAX_ATTACHMENT_OCTETS
        assert len(attachment.filename) <= limits.MAX_FIELD_CHARACTERS
        assert attachment.claimed_size is None or 0 <= attachment.claimed_size < 2**63
        assert attachment.claimed_sha256 == "" or len(bytes.fromhex(attachment.claimed_sha256)) == 32
    _check_text(asdict(draft))


def _check_text(value: object) -> None:
    """PostgreSQL takes no NUL, and text is UTF-8."""
    if isinstance(value, str):
        assert "\x00" not in value
        value.encode()
    elif isinstance(value, dict):
        for key, each in value.items():
            _check_text(key)
            _check_text(each)
    elif isinstance(value, (list, tuple)):
        for each in value:
            _check_text(each)
