"""Rows of reports: made from drafts, each about one subject of ours, with what we found about it. Not saved here."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from abuse import (
    acknowledgements,
    agreements,
    answer_words,
    answers,
    categories,
    fingerprints,
    matching,
    reporters,
    tallies,
)
from abuse.agreements import Agreement, Claim, Verdict
from abuse.intake.drafts import Draft, Parsed, Party, Subject
from abuse.matching import Match, Wanted
from abuse.models import Category, Report, Reporter, Submission
from abuse.tallies import Tally
from ddns.models import User

State, Standing, Outcome, Grade = Report.State, Report.Standing, Report.Outcome, Report.Grade
Matches = Mapping[Wanted, Match]
Read = tuple[Submission, Parsed]
Made = tuple[Report, Draft]

# Of whoever has not proven who it is: for so many reporters it may speak in one submission. A list with an address of
# somebody else in each of its thousand reports would else make us write to all of them.
MOST_PARTIES = 5
# A sentence that can be followed is longer than this.
DESCRIBED_CHARACTERS = 20
_SAYS_SOMETHING = ("malware_family", "file_hashes", "file_hash", "reference", "dns_records", "confidence")


def make(read: Sequence[Read], *, by: User | None = None) -> list[Made]:
    """Of many submissions at once: the number of queries grows with new reporters, not with names.

    Where a person read it (by), what is in it is said by whoever sent it all the same.
    """
    drafts = [(submission, draft) for submission, parsed in read for draft in parsed.drafts]
    matches = matching.match_all(
        (subject.name, seen_at(draft, submission))
        for submission, draft in drafts
        for subject in draft.subjects
        if subject.name
    )
    kinds = categories.of_all({draft.kind for _, draft in drafts})
    known: dict[tuple, Reporter] = {}
    parties: dict[object, set[Party]] = {}
    contacts: dict[tuple[Party, int], str] = {}
    unanswered = acknowledgements.not_to_answer(submission for submission, _ in read)
    made: list[Made] = []

    def add(submission: Submission, draft: Draft, subject: Subject, match: Match, position: int) -> Report:
        reporter = _reporter(submission, draft, known, parties.setdefault(submission.pk, set()))
        said = (draft.reporter, reporter.pk)
        if said not in contacts:
            contacts[said] = _contact(draft, reporter)
        row = _row(submission, draft, subject, match, kinds[draft.kind], reporter, position)
        row.contact = "" if submission.pk in unanswered else contacts[said]
        made.append((row, draft))
        return row

    for submission, parsed in read:
        tally, position = Tally(), 0
        for draft in parsed.drafts:
            at = seen_at(draft, submission)
            found = own(draft, submission, matches)
            tally.count(draft, (matches.get((subject.name, at)) for subject in draft.subjects), found)
            if tally.is_too_much(draft, found):
                continue
            for subject, match in found:
                add(submission, draft, subject, match, position)
                position += 1
        if (first := tally.first_unsaid) is not None:
            summary = replace(first, details=tally.as_details(), description="", attachments=())
            add(submission, summary, Subject(name=tally.unsaid[0]), Match(Standing.NOT_OURS), position)
        tallies.keep(submission, parsed, tally)
    _compare_with_history(made)
    return made


def own(draft: Draft, submission: Submission, matches: Matches) -> list[tuple[Subject, Match]]:
    """The subjects that are reports of their own: ours, once for each hostname; else the first, which is nobody's.

    Without any name of ours an address may be one that a name of ours answers: that is looked up later, for many at once.
    """
    at = seen_at(draft, submission)
    found: dict[int | str, tuple[Subject, Match]] = {}
    for subject in draft.subjects:
        match = matches.get((subject.name, at))
        if match is None or match.standing == Standing.NOT_OURS:
            continue
        key = match.hostname.pk if match.hostname else subject.name
        if key not in found or _shows_more(subject, found[key][0]):
            found[key] = (subject, match)
    if found:
        return list(found.values())
    if submission.door == Submission.Door.FEED:
        # Of a list of the whole Internet nobody waits for an answer about each line that is another's.
        return []
    by_address = next((each for each in draft.subjects if each.address and not each.name), None)
    if by_address is not None:
        return [(by_address, Match(Standing.UNKNOWN))]
    return [(draft.subjects[0] if draft.subjects else Subject(), Match(Standing.NOT_OURS))]


def _shows_more(subject: Subject, other: Subject) -> bool:
    """A URL before none; then a port before none: a list may have the same host both ways."""
    return (bool(subject.url), subject.port is not None) > (bool(other.url), other.port is not None)


def seen_at(draft: Draft, submission: Submission) -> datetime:
    """When the reporter saw it. Nobody has seen what is still to come: then it counts as seen when it was received."""
    return min(draft.evidence_at or submission.received_at, submission.received_at)


def _reporter(submission: Submission, draft: Draft, known: dict[tuple, Reporter], parties: set[Party]) -> Reporter:
    """parties are those that the submission has spoken for; beyond MOST_PARTIES it is nobody in particular."""
    if submission.reporter is not None:
        return submission.reporter
    party = draft.reporter if draft.reporter in parties or len(parties) < MOST_PARTIES else Party()
    parties.add(party)
    key = (party, submission.door)
    if key not in known:
        known[key] = reporters.of(party, door=submission.door)
    return known[key]


def _row(
    submission: Submission,
    draft: Draft,
    subject: Subject,
    match: Match,
    category: Category,
    reporter: Reporter,
    position: int,
) -> Report:
    notes = [match.note] if match.note else []
    if draft.evidence_at is not None and draft.evidence_at > submission.received_at:
        notes.append(f"It says it was seen at {draft.evidence_at:%Y-%m-%d %H:%M} UTC, after it was sent.")
    return Report(
        submission=submission,
        position=position,
        reporter=reporter,
        complainant=_as_json(draft.complainant),
        is_anonymous=draft.is_anonymous,
        category=category,
        kind=draft.kind[:60],
        name=subject.name[:253],
        url=subject.url,
        address=subject.address or None,
        port=subject.port,
        evidence_at=seen_at(draft, submission),
        description=draft.description,
        language=draft.language[:10],
        is_good_faith=draft.is_good_faith,
        details=dict(draft.details) | ({"is_retraction": True} if draft.is_retraction else {}),
        external_id=draft.external_id[:200],
        fingerprint=fingerprints.of(
            draft,
            subject,
            reporter=reporter,
            category=category,
            hostname=match.hostname,
            received_at=submission.received_at,
        ),
        grade=grade(draft, subject),
        warnings=[*draft.warnings, *notes],
        received_at=submission.received_at,
        standing=match.standing,
        hostname=match.hostname,
        state=State.WITHDRAWN if draft.is_retraction else State.MATCHING,
    )


def _contact(draft: Draft, reporter: Reporter) -> str:
    """Where the answer goes: what a draft says, if it is the reporter's own house; else where the reporter has said.

    So nobody who has proven who it is sends our answers to a third.
    """
    if reporter.kind == Reporter.Kind.ANONYMOUS:
        return ""
    said = draft.reporter.contact.strip()
    if said and (not reporters.is_proven(reporter) or reporters.identity_of(draft.reporter) == reporter.identity):
        return said[:254]
    return reporter.contact


def _as_json(party: Party) -> dict[str, str]:
    fields = (("org", party.org), ("contact", party.contact), ("domain", party.domain))
    return {key: value for key, value in fields if value}


def grade(draft: Draft, subject: Subject) -> Report.Grade:
    """What it shows by itself. Whether it agrees with our history comes afterwards."""
    if any(attachment.content and not attachment.problem for attachment in draft.attachments):
        return Grade.ATTACHED
    says = len(draft.description.strip()) >= DESCRIBED_CHARACTERS or subject.port is not None
    points_there = "/" in subject.url.partition("//")[2].rstrip("/")
    if says or points_there or any(draft.details.get(key) for key in _SAYS_SOMETHING):
        return Grade.DESCRIBED
    return Grade.NONE


def _compare_with_history(made: Sequence[Made]) -> None:
    """What was seen in DNS is compared with what we answered then; what can be followed and agrees is verified."""
    claims: list[tuple[Report, Claim]] = []
    for report, _ in made:
        seen = agreements.claimed(report.details, report.address)
        if report.hostname is not None and seen:
            claims.append((report, Claim(report.hostname, report.evidence_at, seen)))
    judged = agreements.of_all([claim for _, claim in claims]) if claims else []
    for (report, _), agreement in zip(claims, judged, strict=True):
        apply(report, agreement)


def apply(report: Report, agreement: Agreement) -> None:
    report.details["agreement"] = agreement.as_json()
    if agreement.verdict == Verdict.YES and report.grade > Grade.NONE:
        report.grade = Grade.VERIFIED


def answer_nameless(reports: Sequence[Report]) -> None:
    """Those that are no name or address at all: their reporters are asked for one."""
    answers.prepare(reports, Outcome.INSUFFICIENT, say=lambda teller, row: teller.filled(answer_words.NAMELESS, row))
