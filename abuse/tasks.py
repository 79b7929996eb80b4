"""Celery's entries for the desk: each calls one verb and may run twice."""

from celery import shared_task

from abuse import ledger_heads, reports


@shared_task
def read_submissions() -> None:
    """Reads what came in, oldest first, until nothing is left."""
    reports.read_all()


@shared_task
def publish_ledger_head() -> None:
    """Signs and publishes the head of the ledger, once a day."""
    ledger_heads.publish()
