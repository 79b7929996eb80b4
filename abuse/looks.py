"""Looks: who looked at evidence and at the papers of orders, and when, in the ledger."""

from abuse import ledger
from abuse.models import Evidence, LedgerEntry, OrderFile, Submission
from ddns.models import User


def note(evidence: Evidence, *, by: User) -> LedgerEntry:
    """Before it is shown: a look that is not in the ledger did not happen."""
    report = evidence.report
    return ledger.append(
        actor=by,
        action="look",
        object=f"evidence {evidence.pk}",
        reason="Looked at.",
        details={"case": report.case_id, "report": str(report.pk), "sha256": evidence.blob_id},
    )


def note_submission(submission: Submission, *, by: User) -> LedgerEntry:
    """The same of what came in as it came in."""
    return ledger.append(
        actor=by,
        action="look",
        object=f"submission {submission.pk}",
        reason="Looked at.",
        details={"sha256": submission.blob_id},
    )


def note_order_file(file: OrderFile, *, by: User) -> LedgerEntry:
    """The same of what an order came with."""
    return ledger.append(
        actor=by,
        action="look",
        object=f"order {file.order_id}",
        reason="Looked at.",
        details={"order": str(file.order_id), "file": file.pk, "sha256": file.blob_id},
    )
