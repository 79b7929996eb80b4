"""Retention: what was said in reports leaves when its time is over; that it was there, and what was decided, stays."""

from collections.abc import Iterable
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Sum

from abuse import ledger
from abuse.models import (
    Appeal,
    Assessment,
    Blob,
    Case,
    Decision,
    Evidence,
    Mail,
    Message,
    OrderFile,
    Report,
    Statement,
    Submission,
    Suspension,
)

# One transaction each; the next run goes on.
CHUNK = 200


def purge(now: datetime) -> int:
    """Ends what is due: cases with their reports, reports that are on no case, submissions, and octets that nobody needs.

    Kept: cases of accounts under a preservation hold, with a restriction in force, with an open appeal, with a decision that
    waits. Each run that ended something is one entry of the ledger. Gives how many cases, reports and submissions.
    """
    total = 0
    while count := _purge_chunk(now):
        total += count
    return total


@transaction.atomic
def _purge_chunk(now: datetime) -> int:
    cases = list(_due_cases(now).order_by("closed_at").select_for_update(of=("self",))[:CHUNK])
    case_ids = [case.pk for case in cases]
    report_ids = list(Report.objects.filter(case__in=case_ids, purged_at=None).values_list("pk", flat=True))
    report_ids += list(_due_reports(now).values_list("pk", flat=True)[:CHUNK])
    _empty_cases(case_ids, now)
    _empty_reports(report_ids, now)
    submission_ids = list(_due_submissions(now).values_list("pk", flat=True)[:CHUNK])
    Submission.objects.filter(pk__in=submission_ids).update(purged_at=now, source="", filename="", problem="")
    Mail.objects.filter(submission__in=submission_ids).update(
        sender="", recipient="", subject="", message_id="", answer_to="", failure=""
    )
    octets = _empty_blobs(_unneeded_blobs(report_ids, submission_ids), now)
    count = len(case_ids) + len(report_ids) + len(submission_ids)
    if count:
        ledger.append(
            actor=None,
            action="purge",
            object="retention",
            reason="The retention of its category ended.",
            details={
                "cases": case_ids,
                "reports": len(report_ids),
                "submissions": len(submission_ids),
                "octets": octets,
            },
        )
    return count


def _due_cases(now: datetime) -> QuerySet[Case]:
    due = Case.objects.filter(closed_at__lt=now - F("category__retention"), purged_at=None)
    is_appealed = Exists(Appeal.objects.filter(case=OuterRef("pk"), decided_at=None))
    is_waiting = Exists(Decision.objects.filter(case=OuterRef("pk"), state=Decision.State.PROPOSED))
    is_restricted = Exists(Suspension.objects.in_force().filter(decision__case=OuterRef("pk")))
    return due.exclude(_is_preserved(now)).exclude(is_appealed | is_waiting | is_restricted)


def _is_preserved(now: datetime) -> Q:
    return Q(account__preserve_until__gt=now)


def _due_reports(now: datetime) -> QuerySet[Report]:
    """Those that are on no case: not ours, never existed, duplicates; and those that came to a case whose time was over.

    A duplicate stays as long as what it repeats.
    """
    due = Report.objects.filter(purged_at=None, received_at__lt=now - F("category__retention"))
    due = due.filter(Q(case=None) | Q(case__purged_at__isnull=False))
    is_held = Q(hostname__account__preserve_until__gt=now)
    repeats_what_is_kept = Q(duplicate_of__isnull=False, duplicate_of__purged_at=None)
    return (
        due.exclude(state=Report.State.MATCHING).exclude(is_held).exclude(repeats_what_is_kept).order_by("received_at")
    )


def _due_submissions(now: datetime) -> QuerySet[Submission]:
    """Those of whose reports none is kept. What waits for a person is never due."""
    done = Submission.objects.filter(purged_at=None, state__in=[Submission.State.READ, Submission.State.SETTLED])
    is_kept = Exists(Report.objects.filter(submission=OuterRef("pk"), purged_at=None))
    has_reports = Exists(Report.objects.filter(submission=OuterRef("pk")))
    is_old = Q(received_at__lt=now - settings.ABUSE_SUBMISSION_RETENTION) | Q(
        door=Submission.Door.FEED, received_at__lt=now - settings.ABUSE_FEED_RETENTION
    )
    return done.exclude(is_kept).filter(has_reports | is_old).order_by("received_at")


def _empty_cases(case_ids: Iterable[int], now: datetime) -> None:
    Message.objects.filter(case__in=case_ids).update(text="")
    Appeal.objects.filter(case__in=case_ids).update(text="")
    Statement.objects.filter(decision__case__in=case_ids).update(subject="", text="", facts={})
    Assessment.objects.filter(case__in=case_ids).delete()
    Case.objects.filter(pk__in=case_ids).update(purged_at=now, score_reasons=[])


def _empty_reports(report_ids: Iterable, now: datetime) -> None:
    Report.objects.filter(pk__in=report_ids).update(
        purged_at=now,
        url="",
        description="",
        complainant={},
        details={},
        warnings=[],
        answer="",
        external_id="",
        contact="",
    )
    Evidence.objects.filter(report__in=report_ids).update(filename="", description="", problem="")


def _unneeded_blobs(report_ids: Iterable, submission_ids: Iterable) -> QuerySet[Blob]:
    touched = Q(evidence__report__in=report_ids) | Q(submissions__in=submission_ids)
    is_attached = Exists(Evidence.objects.filter(blob=OuterRef("pk"), report__purged_at=None))
    is_received = Exists(Submission.objects.filter(blob=OuterRef("pk"), purged_at=None))
    # The same octets may have come as a report and with an order, whose files stay.
    is_filed = Exists(OrderFile.objects.filter(blob=OuterRef("pk")))
    kept = is_attached | is_received | is_filed
    return Blob.objects.filter(touched, purged_at=None).exclude(kept).distinct()


def _empty_blobs(blobs: QuerySet[Blob], now: datetime) -> int:
    """How many octets went."""
    ids = list(blobs.values_list("pk", flat=True))
    octets = Blob.objects.filter(pk__in=ids).aggregate(sum=Sum("size"))["sum"] or 0
    Blob.objects.filter(pk__in=ids).update(content=b"", purged_at=now)
    return octets
