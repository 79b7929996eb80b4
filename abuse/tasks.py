"""Celery's entries for the desk: each calls one verb and may run twice."""

from uuid import UUID

from celery import shared_task
from django.utils import timezone

from abuse import acknowledgements, ledger_heads, reports, retention


@shared_task
def read_submissions() -> None:
    """Reads what came in, oldest first, until nothing is left."""
    reports.read_all()


@shared_task
def acknowledge(submission_id: str) -> None:
    """Tells whoever filed a form by mail that it has come."""
    acknowledgements.send(UUID(submission_id))


@shared_task
def publish_ledger_head() -> None:
    """Signs and publishes the head of the ledger, once a day."""
    ledger_heads.publish()


@shared_task
def purge_reports() -> None:
    """Ends the retention of reports, cases and what came in."""
    retention.purge(timezone.now())
