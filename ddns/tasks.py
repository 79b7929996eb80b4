"""Celery's entries for customers' data: each calls one verb and may run twice."""

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from ddns import accounts, address_updates


@shared_task
def purge_history() -> None:
    """Ends the retention of old address updates."""
    address_updates.purge(timezone.now() - settings.HISTORY_RETENTION)


@shared_task
def forget_accounts() -> None:
    """Ends the grace of closed accounts, what nobody confirmed, and sessions that have run out."""
    accounts.forget_due(timezone.now())
    accounts.purge_unconfirmed(timezone.now())
    accounts.purge_sessions(timezone.now())
