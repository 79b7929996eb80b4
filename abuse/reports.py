"""Reports: read from submissions, matched to who held the name, joined to a case, answered."""

import logging
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import OperationalError, transaction
from django.utils import timezone

from abuse import cases, categories, fingerprints, intake, ledger, matching, reporters, submissions
from abuse.errors import ReasonMissing, Unreadable
from abuse.intake.drafts import Draft, Parsed, Subject
from abuse.matching import Match
from abuse.models import Blob, Category, Evidence, Report, Submission
from ddns.models import User

logger = logging.getLogger(__name__)

State, Standing, Outcome, Grade = Report.State, Report.Standing, Report.Outcome, Report.Grade
# More than any list that was ever handed over; a longer one is split by a person.
MOST_REPORTS = 100_000


def read_all() -> int:
    """Reads submissions, oldest first, until none is left; gives how many."""
    count, seen = 0, set[UUID]()
    while (submission := Submission.objects.unread().exclude(pk__in=seen).order_by("received_at").first()) is not None:
        seen.add(submission.pk)
        read(submission)
        count += 1
    return count


def read(submission: Submission) -> list[Report]:
    """Its reports, in one transaction; what cannot be read waits for a person, with the reason, and nothing is lost.

    A submission that was read already gives the reports it has. Raises nothing but what the database does.
    """
    try:
        return _read(submission)
    except OperationalError:
        # The database is away, or two workers stood in each other's way: not the submission's fault, so it is read again.
        raise
    except Unreadable as error:
        _give_up(submission, str(error))
    except Exception as error:
        logger.exception("submission %s could not be read", submission.pk)
        _give_up(submission, f"Reading it failed: {type(error).__name__}: {error}"[:2000])
    return []


@transaction.atomic
def settle(submission: Submission, drafts: Sequence[Draft], *, by: User, reason: str) -> list[Report]:
    """A person read what no parser did: the drafts, or none where it is no report. Raises ReasonMissing."""
    if not reason.strip():
        raise ReasonMissing
    submission = Submission.objects.select_for_update(no_key=True).select_related("reporter").get(pk=submission.pk)
    made = _take(submission, Parsed(format="person", drafts=tuple(drafts)))
    submission.state, submission.settled_by, submission.read_at = Submission.State.SETTLED, by, timezone.now()
    submission.save(update_fields=["state", "settled_by", "read_at"])
    ledger.append(
        actor=by,
        action="settle",
        object=f"submission {submission.pk}",
        reason=reason.strip(),
        details={"reports": len(made)},
    )
    return made


@transaction.atomic
def answer(report: Report, outcome: Report.Outcome, *, text: str = "", by: User | None = None) -> Report:
    answer_all([report], outcome, text=text, by=by)
    return report


def answer_all(reports: Sequence[Report], outcome: Report.Outcome, *, text: str = "", by: User | None = None) -> None:
    """Closes them with the outcome and these words."""
    now = timezone.now()
    for report in reports:
        report.outcome, report.answer, report.answered_at = outcome, text, now
        report.state = State.NOT_OURS if outcome == Outcome.NOT_OURS else State.CLOSED
    Report.objects.bulk_update(reports, ["outcome", "answer", "answered_at", "state"], batch_size=1000)


@transaction.atomic
def withdraw(report: Report) -> Report:
    """Its reporter takes it back: it counts no more."""
    report.state = State.WITHDRAWN
    report.save(update_fields=["state"])
    if report.case is not None:
        cases.recount(report.case)
    return report


@transaction.atomic
def _read(submission: Submission) -> list[Report]:
    locked = (
        Submission.objects.unread()
        .select_for_update(of=("self",), skip_locked=True)
        .select_related("blob", "reporter")
        .filter(pk=submission.pk)
        .first()
    )
    if locked is None:
        return list(Report.objects.filter(submission=submission).order_by("position"))
    parsed = intake.parse(  # type: ignore[attr-defined]
        bytes(locked.blob.content),
        content_type=locked.content_type,
        filename=locked.filename,
        door=locked.door,
        kind=locked.default_kind,
    )
    made = _take(locked, parsed)
    locked.state, locked.format, locked.read_at = Submission.State.READ, parsed.format[:30], timezone.now()
    locked.problem = "\n".join(parsed.warnings)
    locked.save(update_fields=["state", "format", "read_at", "problem"])
    return made


def _give_up(submission: Submission, problem: str) -> None:
    Submission.objects.unread().filter(pk=submission.pk).update(
        state=Submission.State.UNREADABLE, problem=problem, read_at=timezone.now()
    )


def _take(submission: Submission, parsed: Parsed) -> list[Report]:
    """Set-based: the number of queries grows with reporters and attachments, not with names."""
    matches = matching.match_all(
        (subject.name, _seen_at(draft, submission))
        for draft in parsed.drafts
        for subject in draft.subjects
        if subject.name
    )
    kinds = categories.of_all({draft.kind for draft in parsed.drafts})
    made: list[tuple[Report, Draft]] = []
    for draft in parsed.drafts:
        for subject, match in _own(draft, submission, matches):
            made.append((_report(submission, draft, subject, match, kinds[draft.kind], len(made)), draft))
            if len(made) > MOST_REPORTS:
                raise Unreadable(f"it names more than {MOST_REPORTS} subjects. Split it.")
    rows = [report for report, _ in made]
    _find_duplicates(rows)
    Report.objects.bulk_create(rows, batch_size=1000)
    _keep_evidence(made)
    _sort(rows)
    return rows


def _own(
    draft: Draft, submission: Submission, matches: dict[tuple[str, datetime], Match]
) -> list[tuple[Subject, Match]]:
    """The subjects that are reports of their own: ours, once for each hostname; else the first, which is nobody's."""
    at = _seen_at(draft, submission)
    own: dict[int | str, tuple[Subject, Match]] = {}
    for subject in draft.subjects:
        match = matches.get((subject.name, at))
        if match is None or match.standing == Standing.NOT_OURS:
            continue
        key = match.hostname.pk if match.hostname else subject.name
        if key not in own or (subject.url and not own[key][0].url):
            own[key] = (subject, match)
    if own:
        return list(own.values())
    by_address = next((each for each in draft.subjects if each.address and not each.name), None)
    if by_address is not None:
        return [(by_address, Match(Standing.UNKNOWN))]
    return [
        (
            draft.subjects[0] if draft.subjects else Subject(),
            Match(Standing.NOT_OURS if draft.subjects else Standing.UNKNOWN),
        )
    ]


def _report(
    submission: Submission, draft: Draft, subject: Subject, match: Match, category: Category, position: int
) -> Report:
    reporter = reporters.of(draft.reporter, door=submission.door, proven=submission.reporter)
    return Report(
        submission=submission,
        position=position,
        reporter=reporter,
        complainant=_party(draft),
        is_anonymous=draft.is_anonymous,
        category=category,
        kind=draft.kind[:60],
        name=subject.name,
        url=subject.url,
        address=subject.address or None,
        port=subject.port,
        evidence_at=_seen_at(draft, submission),
        description=draft.description,
        language=draft.language[:10],
        is_good_faith=draft.is_good_faith,
        details=dict(draft.details),
        external_id=draft.external_id[:200],
        fingerprint=fingerprints.of(
            draft,
            subject,
            reporter=reporter,
            category=category,
            hostname=match.hostname,
            received_at=submission.received_at,
        ),
        grade=_grade(draft, subject),
        warnings=[*draft.warnings, *([match.note] if match.note else [])],
        received_at=submission.received_at,
        standing=match.standing,
        hostname=match.hostname,
    )


def _party(draft: Draft) -> dict[str, str]:
    party = draft.complainant
    return {
        key: value for key, value in (("org", party.org), ("contact", party.contact), ("domain", party.domain)) if value
    }


def _seen_at(draft: Draft, submission: Submission) -> datetime:
    return draft.evidence_at or submission.received_at


def _grade(draft: Draft, subject: Subject) -> int:
    if any(not attachment.problem for attachment in draft.attachments):
        return Grade.ATTACHED
    return Grade.DESCRIBED if draft.description.strip() or subject.url else Grade.NONE


def _find_duplicates(rows: Sequence[Report]) -> None:
    """The same again, before or in the same submission, unless it shows more than the first one did."""
    known: dict[str, Report] = {}
    earlier = Report.objects.counted().filter(fingerprint__in=[row.fingerprint for row in rows])
    for each in earlier.order_by("received_at", "pk"):
        known.setdefault(each.fingerprint, each)
    for row in rows:
        first = known.setdefault(row.fingerprint, row)
        if first is not row and row.grade <= first.grade:
            row.duplicate_of, row.state, row.case_id = first, State.DUPLICATE, first.case_id


def _keep_evidence(made: Sequence[tuple[Report, Draft]]) -> None:
    rows: list[Evidence] = []
    blobs: dict[bytes, Blob] = {}
    for report, draft in made:
        for attachment in draft.attachments:
            if not attachment.content:
                continue
            blob = blobs.get(attachment.content) or blobs.setdefault(
                attachment.content, submissions.keep(attachment.content)
            )
            rows.append(
                Evidence(
                    report=report,
                    blob=blob,
                    filename=attachment.filename[:300],
                    content_type=attachment.content_type[:200],
                    description=attachment.description,
                    claimed_sha256=attachment.claimed_sha256[:64],
                    claimed_size=attachment.claimed_size,
                    problem=attachment.problem,
                    is_quarantined=report.category.route == Category.Route.RESTRICTED,
                )
            )
    Evidence.objects.bulk_create(rows, batch_size=1000)


def _sort(rows: Sequence[Report]) -> None:
    """New ones to a case, or to an answer at once."""
    new = [row for row in rows if row.state == State.MATCHING]
    on_case = {Standing.HELD, Standing.HELD_SINCE, Standing.INFRASTRUCTURE}
    cases.attach_all([row for row in new if row.standing in on_case])
    again = [row for row in rows if row.duplicate_of is not None and row.case_id is None and row.duplicate_of.case_id]
    for row in again:
        row.case = row.duplicate_of.case if row.duplicate_of else None
    Report.objects.bulk_update(again, ["case"], batch_size=1000)
    answer_all([row for row in new if row.standing in (Standing.NOT_OURS, Standing.NEVER)], Outcome.NOT_OURS)
    answer_all([row for row in new if row.standing == Standing.RELEASED], Outcome.ALREADY_DONE)
