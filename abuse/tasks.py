"""Celery's entries for the desk: each calls one verb and may run twice."""

from uuid import UUID

from celery import shared_task

from abuse import acknowledgements, reports


@shared_task
def read_submissions() -> None:
    """Reads what came in, oldest first, until nothing is left."""
    reports.read_all()


@shared_task
def acknowledge(submission_id: str) -> None:
    """Tells whoever filed a form by mail that it has come."""
    acknowledgements.send(UUID(submission_id))
