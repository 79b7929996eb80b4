"""Celery's entries for the desk: each calls one verb and may run twice."""

from celery import shared_task
from django.utils import timezone

from abuse import batches, decisions, forwards, ledger_heads, proofs, reports, retention, suspensions


@shared_task
def read_submissions() -> None:
    """Reads what came in, oldest first, until nothing is left."""
    reports.read_all()


@shared_task
def publish_ledger_head() -> None:
    """Signs and publishes the head of the ledger, once a day."""
    ledger_heads.publish()


@shared_task
def purge_reports() -> None:
    """Ends the retention of reports, cases and what came in."""
    retention.purge(timezone.now())


@shared_task
def end_decisions() -> None:
    """Ends what was decided until now, and lifts what was suspended by name until now."""
    now = timezone.now()
    decisions.end_due(now)
    suspensions.end_due(now)


@shared_task
def run_batches() -> None:
    """Goes on with decisions about many cases."""
    batches.run_due()


@shared_task
def prove_decisions() -> None:
    """Asks every authoritative server whether it answers as decided."""
    proofs.prove_due(timezone.now())


@shared_task
def send_forwards() -> None:
    """Sends the mails to other providers."""
    forwards.send_due(timezone.now())
