"""Cases: closed with an answer to every report, reopened, paused."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from abuse.models import Case, Report
from ddns.models import User


@transaction.atomic
def close(case: Case, *, outcome: Report.Outcome, by: User | None, reason: str) -> Case:
    """Answers all its reports."""
    now = timezone.now()
    case.state, case.closed_at, case.outcome = Case.State.CLOSED, now, outcome
    case.save(update_fields=["state", "closed_at", "outcome"])
    case.reports.filter(state=Report.State.OPEN).update(state=Report.State.CLOSED, outcome=outcome, answered_at=now)
    return case


@transaction.atomic
def reopen(case: Case, *, by: User | None, reason: str) -> Case:
    """Its reports are open again."""
    case.state, case.closed_at, case.outcome = Case.State.OPEN, None, ""
    case.save(update_fields=["state", "closed_at", "outcome"])
    case.reports.filter(state=Report.State.CLOSED).update(
        state=Report.State.OPEN, outcome=Report.Outcome.PENDING, answered_at=None
    )
    return case


def pause(case: Case) -> Case:
    """The clock stands."""
    case.state, case.paused_at = Case.State.WAITING_REPORTER, timezone.now()
    case.save(update_fields=["state", "paused_at"])
    return case


def resume(case: Case) -> Case:
    """The clock goes on."""
    if case.paused_at is not None:
        stood: timedelta = timezone.now() - case.paused_at
        case.paused_for, case.due_at = case.paused_for + stood, case.due_at + stood
    case.state, case.paused_at = Case.State.OPEN, None
    case.save(update_fields=["state", "paused_at", "paused_for", "due_at"])
    return case
