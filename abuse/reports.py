"""Reports: read from submissions, matched to who held the name, joined to a case, answered, taken back."""

import logging
from collections.abc import Collection, Sequence
from datetime import timedelta
from uuid import UUID

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from abuse import answer_words, answers, cases, intake, ledger, repeats, report_rows, reporters, submissions, tallies
from abuse.errors import ReasonMissing, Unreadable
from abuse.intake import text as intake_text
from abuse.intake.drafts import Draft, Parsed
from abuse.models import Blob, Case, Category, Decision, Evidence, Report, Submission
from abuse.report_rows import Made, Read
from ddns.models import Hostname, User

logger = logging.getLogger(__name__)

State, Standing, Outcome = Report.State, Report.Standing, Report.Outcome
_NOT_ANSWERED = (State.OPEN, State.MATCHING)
# More than any list that was ever handed over; a longer one is split by a person.
MOST_REPORTS = 100_000
# Small submissions are read so many at a time, in one transaction: 10,000 one by one took five times as long.
CHUNK = 50
SMALL = 64 * submissions.MIB // 1024
# Longer than the longest list takes. A worker that died holds up what it had claimed for so long.
CLAIM = timedelta(minutes=5)
# What has ended its reader so often waits for a person.
MOST_TRIES = 3


def read_all() -> int:
    """Reads submissions, oldest first, until none is left; gives how many. Two workers share them.

    Every other time those come first that have proven who they are: a flood of strangers does not delay them, nor they for ever
    the strangers. A worker that dies leaves what it had claimed to the next one; what kills its readers ends up with a person.
    """
    count, proven_first = 0, True
    while claimed := _claim(proven_first=proven_first):
        _read_together(claimed)
        count, proven_first = count + len(claimed), not proven_first
    return count


def read(submission: Submission) -> list[Report]:
    """Its reports, in one transaction; what cannot be read waits for a person, with the reason, and nothing is lost.

    One that was read already gives the reports that it has. Raises nothing but what the database does.
    """
    _read_together([submission])
    return list(Report.objects.filter(submission=submission).order_by("position"))


@transaction.atomic
def settle(submission: Submission, drafts: Sequence[Draft], *, by: User, reason: str) -> list[Report]:
    """A person read what no parser did: the drafts, or none where it is no report. Locks the submission. Raises ReasonMissing."""
    if not reason.strip():
        raise ReasonMissing
    locked = Submission.objects.select_for_update(of=("self",), no_key=True).select_related("reporter", "blob")
    submission = locked.get(pk=submission.pk)
    made = _take([(submission, Parsed(format="person", drafts=tuple(drafts)))])
    submission.state, submission.settled_by, submission.read_at = Submission.State.SETTLED, by, timezone.now()
    submission.save(update_fields=["state", "settled_by", "read_at", *tallies.FIELDS])
    ledger.append(
        actor=by,
        action="settle-submission",
        object=f"submission {submission.pk}",
        reason=reason.strip(),
        details={"reports": len(made)},
    )
    return made


@transaction.atomic
def answer(report: Report, outcome: Report.Outcome, *, text: str = "", by: User | None = None) -> Report:
    """Closes one report, whatever becomes of its case; the reporter is told text, or what the outcome says."""
    answers.give([report], outcome, text=text)
    if by is not None:
        ledger.append(
            actor=by,
            action="answer-report",
            object=f"report {report.pk}",
            reason=text.strip() or outcome.label,
            details={"case": report.case_id, "outcome": outcome.value},
        )
    return report


@transaction.atomic
def withdraw(report: Report) -> Report:
    """Its reporter takes it back: it counts no more. A case that has no other is closed, unless something was done about it.

    What was answered meanwhile stays.
    """
    _withdraw([report])
    report.refresh_from_db()
    return report


def _claim(*, proven_first: bool) -> list[Submission]:
    """Many small ones, or a big one; one that ended a reader before is read alone, so that it takes no others with it."""
    now = timezone.now()
    free = Submission.objects.unread().filter(Q(claimed_until=None) | Q(claimed_until__lt=now)).order_by("received_at")
    given_up = free.filter(try_count__gte=MOST_TRIES).update(
        state=Submission.State.UNREADABLE, read_at=now, problem=f"Reading it has ended {MOST_TRIES} workers."
    )
    if given_up:
        logger.error("%d submissions have ended their readers, and wait for a person", given_up)
    # What a feed lists is thousands of lines that nobody waits for.
    proven = free.filter(reporter__isnull=False).exclude(door=Submission.Door.FEED)
    with transaction.atomic():
        ids = (_locked(proven) if proven_first else []) or _locked(free)
        Submission.objects.filter(pk__in=ids).update(claimed_until=now + CLAIM, try_count=F("try_count") + 1)
    return list(Submission.objects.filter(pk__in=ids).select_related("blob", "reporter").order_by("received_at"))


def _locked(free: QuerySet[Submission]) -> list[UUID]:
    unlocked = free.select_for_update(of=("self",), skip_locked=True)
    return _together(list(unlocked.values_list("pk", "blob__size", "try_count")[:CHUNK]))


def _together(rows: Sequence[tuple[UUID, int, int]]) -> list[UUID]:
    if rows and (rows[0][1] > SMALL or rows[0][2] > 0):
        return [rows[0][0]]
    return [pk for pk, size, try_count in rows if size <= SMALL and try_count == 0]


def _read_together(claimed: Sequence[Submission]) -> None:
    """In one transaction; where one of several cannot be stored each has its own."""
    understood: list[Read] = []
    for submission in claimed:
        try:
            understood.append((submission, _parse(submission)))
        except Unreadable as error:
            _give_up(submission, str(error))
        except Exception as error:
            logger.exception("submission %s could not be parsed", submission.pk)
            _give_up(submission, f"The parser failed: {type(error).__name__}: {error}"[:2000])
    if not understood:
        return
    try:
        _store(understood)
    except (OperationalError, InterfaceError):
        # The database is away, or two workers stood in each other's way: nobody's fault. It is read again.
        raise
    except Exception as error:
        if len(understood) > 1:
            for each in understood:
                _read_together([each[0]])
            return
        logger.exception("submission %s could not be stored", understood[0][0].pk)
        reason = str(error) if isinstance(error, Unreadable) else f"Storing it failed: {type(error).__name__}: {error}"
        _give_up(understood[0][0], reason[:2000])


def _parse(submission: Submission) -> Parsed:
    parsed = intake.parse(
        bytes(submission.blob.content),
        content_type=submission.content_type,
        filename=submission.filename,
        door=submission.door,
        kind=submission.default_kind,
    )
    # No draft at all: understood, and no report. An automatic reply, a feed that knows of nothing.
    if parsed.drafts and not any(draft.subjects for draft in parsed.drafts):
        raise Unreadable("it names no host name, address or URL.")
    return parsed


def _give_up(submission: Submission, problem: str) -> None:
    Submission.objects.unread().filter(pk=submission.pk).update(
        state=Submission.State.UNREADABLE, problem=intake_text.clean(problem), read_at=timezone.now()
    )


@transaction.atomic
def _store(understood: Sequence[Read]) -> None:
    """Those that nobody has read meanwhile.

    Waits for whoever else has them locked: another that claims looks at rows for a moment, and one that was skipped for that
    waited until its claim had ended (1 of 10,000, for five minutes).
    """
    ids = [submission.pk for submission, _ in understood]
    unread = Submission.objects.unread().filter(pk__in=ids).order_by("pk").select_for_update(no_key=True)
    free = set(unread.values_list("pk", flat=True))
    ours = [each for each in understood if each[0].pk in free]
    if not ours:
        return
    _take(ours)
    alike: dict[tuple, list[UUID]] = {}
    for submission, parsed in ours:
        counts = tuple(getattr(submission, name) for name in tallies.FIELDS)
        remarks = "\n".join(_remarks(parsed, submission))
        alike.setdefault((parsed.format[:30], remarks, counts), []).append(submission.pk)
    for (form, problem, counts), group in alike.items():
        Submission.objects.filter(pk__in=group).update(
            state=Submission.State.READ,
            read_at=timezone.now(),
            format=form,
            problem=problem,
            **dict(zip(tallies.FIELDS, counts, strict=True)),
        )


def _remarks(parsed: Parsed, submission: Submission) -> list[str]:
    remarks = list(parsed.warnings)
    if parsed.passed_over:
        remarks.append(f"{parsed.passed_over} lines name nothing.")
    if submission.foreign_count:
        remarks.append(f"{submission.foreign_count} names in it are not ours.")
    if again := submission.repeated_count - parsed.repeated:
        remarks.append(f"{again} are of a hostname that is reported with it.")
    return remarks


def _take(read: Sequence[Read]) -> list[Report]:
    """Set-based, within a transaction: queries grow with new reporters and attachments, not with names.

    Its reports, and what a feed lists still, which is not stored again.
    """
    made = report_rows.make(read)
    if len(made) > MOST_REPORTS:
        raise Unreadable(f"it names {len(made)} subjects; the most is {MOST_REPORTS}. Split it.")
    rows = [report for report, _ in made]
    again = repeats.find(rows)
    _sort([row for row in rows if row.state == State.MATCHING])
    repeats.follow(again)
    listed = repeats.still_listed(again)
    for row in listed:
        row.submission.repeated_count += 1
    kept = [row for row in rows if row not in listed]
    Report.objects.bulk_create(kept, batch_size=1000)
    _keep_evidence([each for each in made if each[0] not in listed])
    _retract([row for row in kept if row.state == State.WITHDRAWN])
    cases.recount_all({row.case_id for row in kept if row.case_id is not None})
    return rows


def _sort(new: Sequence[Report]) -> None:
    """Onto a case, or to an answer at once; an address waits for address_matches."""
    given_up = [row for row in new if row.standing == Standing.RELEASED]
    still_here = _with_other_names(given_up)
    on_case = {Standing.HELD, Standing.HELD_SINCE, Standing.INFRASTRUCTURE}
    cases.place_all([row for row in new if row.standing in on_case or row in still_here])
    foreign = [row for row in new if row.standing in (Standing.NOT_OURS, Standing.NEVER)]
    report_rows.answer_nameless([row for row in foreign if not (row.name or row.url or row.address)])
    answers.prepare([row for row in foreign if row.name or row.url or row.address], Outcome.NOT_OURS)
    gone = [row for row in given_up if row not in still_here]
    answers.prepare(gone, Outcome.ALREADY_DONE, say=lambda teller, row: teller.filled(answer_words.RELEASED, row))


def _with_other_names(given_up: Sequence[Report]) -> list[Report]:
    """Of names that were given up: those whose holder has others, so that who burns names is seen; and what is restricted."""
    holders = {row.hostname.account_id for row in given_up if row.hostname is not None}
    held = (
        Hostname.objects.unreleased()
        .filter(account__in=holders)
        .order_by()
        .values_list("account", flat=True)
        .distinct()
    )
    present = set(held) if holders else set()
    return [
        row
        for row in given_up
        if row.category.route == Category.Route.RESTRICTED
        or (
            row.category.route == Category.Route.SUSPECT
            and row.hostname is not None
            and row.hostname.account_id in present
        )
    ]


def _keep_evidence(made: Sequence[Made]) -> None:
    """Of restricted categories it is shown to nobody without a second look."""
    rows: list[Evidence] = []
    blobs: dict[bytes, Blob] = {}
    for report, draft in made:
        for attachment in draft.attachments:
            if not attachment.content:
                continue
            if attachment.content not in blobs:
                blobs[attachment.content] = submissions.keep(attachment.content)
            rows.append(
                Evidence(
                    report=report,
                    blob=blobs[attachment.content],
                    filename=attachment.filename[:300],
                    content_type=attachment.content_type[:200],
                    description=attachment.description,
                    claimed_sha256=attachment.claimed_sha256[:64],
                    claimed_size=attachment.claimed_size,
                    problem=attachment.problem,
                    is_quarantined=report.category.route == Category.Route.RESTRICTED,
                )
            )
    Evidence.objects.bulk_create(rows, batch_size=500)


def _retract(retractions: Sequence[Report]) -> None:
    """Takes back what the same reporter said of it before. Only who has proven to be the reporter can."""
    for row in retractions:
        said = Report.objects.filter(reporter=row.reporter, state__in=_NOT_ANSWERED).exclude(pk=row.pk)
        same = said.filter(external_id=row.external_id) if row.external_id else said.none()
        if not same.exists():
            about = Q(hostname=row.hostname) if row.hostname else Q(hostname=None, name=row.name, address=row.address)
            same = said.filter(about, category=row.category)
        earlier = list(same.select_related("case").order_by("pk")[:MOST_REPORTS])
        row.case = next((each.case for each in earlier if each.case is not None), None)
        if reporters.is_proven(row.reporter):
            _withdraw(earlier)
        elif earlier:
            row.warnings = [*row.warnings, "Nobody has proven to be the reporter, so the earlier report stands."]
    Report.objects.bulk_update(retractions, ["case", "warnings"], batch_size=500)


def _withdraw(said: Collection[Report]) -> None:
    """Those that are not answered yet, and what repeats them. Locks their cases, then them, in the order of their keys."""
    on = {each.case_id for each in said if each.case_id is not None}
    list(Case.objects.filter(pk__in=on).order_by("pk").select_for_update(no_key=True).values_list("pk", flat=True))
    still_open = Report.objects.filter(pk__in=[each.pk for each in said], state__in=_NOT_ANSWERED)
    taken_back = list(still_open.select_related("case").select_for_update(of=("self",)).order_by("pk"))
    repeats.take_over(taken_back)
    Report.objects.filter(pk__in=[each.pk for each in taken_back]).update(state=State.WITHDRAWN)
    case_ids = {each.case_id for each in taken_back if each.case_id is not None}
    cases.recount_all(case_ids)
    is_done_about = Decision.objects.filter(state__in=[Decision.State.DONE, Decision.State.PROPOSED]).values("case")
    empty = Case.objects.open().filter(pk__in=case_ids, report_count=0).exclude(pk__in=is_done_about)
    for case in empty.order_by("pk"):
        cases.close(case, outcome=Outcome.PENDING, by=None, reason="All its reports were taken back.")
