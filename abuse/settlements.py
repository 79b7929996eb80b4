"""Settlements: a person says what a submission is that no parser understood."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from abuse import reports
from abuse.errors import InvalidParameter, NotForPeople
from abuse.intake import subjects
from abuse.intake.drafts import Draft, Party, Subject
from abuse.intake.subjects import NoSubject
from abuse.models import Report, Submission
from ddns.models import User

# What a person types; more is a list, to be uploaded as one.
MAX_NAMES = 200


@dataclass(frozen=True, slots=True)
class Reading:
    """What a person read out of it. kind is the key of a category."""

    names: str
    kind: str
    description: str
    seen_at: datetime | None = None


@transaction.atomic
def settle(submission: Submission, reading: Reading | None, *, reason: str, by: User) -> list[Report]:
    """Its reports; None: nothing is in it. Locks the submission.

    Raises ReasonMissing, InvalidParameter, and NotForPeople where it was read or settled meanwhile.
    """
    locked = Submission.objects.select_for_update(no_key=True).get(pk=submission.pk)
    if locked.state != Submission.State.UNREADABLE:
        raise NotForPeople
    drafts = [] if reading is None else [_draft(submission, reading)]
    return reports.settle(submission, drafts, by=by, reason=reason)


def subjects_of(text: str) -> tuple[Subject, ...]:
    """One on each line: a host, host:port, address or URL, in any spelling. Raises InvalidParameter."""
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines or len(lines) > MAX_NAMES:
        raise InvalidParameter(f"from 1 to {MAX_NAMES} names, one on each line; upload more than that as a list.")
    try:
        return tuple(subjects.read(line) for line in lines)
    except NoSubject as error:
        raise InvalidParameter(str(error)) from error


def _draft(submission: Submission, reading: Reading) -> Draft:
    # A category of all types ("connection/*") is that of a type which has none of its own.
    kind = reading.kind.replace("/*", "/unclassified")
    is_mail = submission.door == Submission.Door.MAIL and "@" in submission.source
    return Draft(
        kind=kind,
        subjects=subjects_of(reading.names),
        evidence_at=reading.seen_at,
        description=reading.description,
        reporter=Party(contact=submission.source) if is_mail else Party(),
    )
