"""Celery's entries for customers' data: each calls one verb and may run twice."""

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from ddns import address_updates, idempotent_requests


@shared_task
def purge_history() -> None:
    """Ends the retention of old address updates."""
    address_updates.purge(timezone.now() - settings.HISTORY_RETENTION)


@shared_task
def purge_idempotent_requests() -> None:
    """Ends the day in which a request is answered as before."""
    idempotent_requests.purge(timezone.now())
