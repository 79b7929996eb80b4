"""Looks: who looked at evidence, and when, in the ledger."""

from abuse import ledger
from abuse.models import Evidence, LedgerEntry, Submission
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
