"""Celery's entries for the desk: each calls one verb and may run twice."""

from celery import shared_task

from abuse import reports


@shared_task
def read_submissions() -> None:
    """Reads what came in, oldest first, until nothing is left."""
    reports.read_all()
