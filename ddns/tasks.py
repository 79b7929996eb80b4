"""Celery's entries for customers' data: each calls one verb and may run twice."""

from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from ddns import (
    accounts,
    acme_accounts,
    address_changes,
    address_updates,
    idempotent_requests,
    kept_rows,
    key_expiries,
    mails,
    notifications,
    posting,
    renewals,
    silences,
)
from dnsupdate import turns


@shared_task
def purge_history() -> None:
    """Ends the retention of old address updates."""
    address_updates.purge(timezone.now() - settings.HISTORY_RETENTION)


@shared_task
def purge_idempotent_requests() -> None:
    """Ends the day in which a request is answered as before."""
    idempotent_requests.purge(timezone.now())


@shared_task
def forget_accounts() -> None:
    """Ends the grace of closed accounts, what nobody confirmed, sessions that have run out, and what a hold kept that is over."""
    accounts.forget_due(timezone.now())
    kept_rows.purge(timezone.now())
    accounts.purge_unconfirmed(timezone.now())
    accounts.purge_sessions(timezone.now())


@shared_task
def purge_acme_accounts() -> None:
    """Ends acme-dns accounts that nobody uses."""
    acme_accounts.purge(timezone.now())


@shared_task
def tell_address_changes() -> None:
    """Writes notifications of new addresses for those who want them."""
    address_changes.tell()


@shared_task
def send_mails() -> None:
    """Sends the notifications that are due by mail. One at a time."""
    with turns.take("send-mails", timedelta(minutes=5)) as is_ours:
        if is_ours:
            mails.send_due()


@shared_task
def post_webhooks() -> None:
    """Posts the notifications that are due to webhooks. One at a time, which has many under way."""
    with turns.take("post-webhooks", timedelta(minutes=2)) as is_ours:
        if is_ours:
            posting.run()


@shared_task
def look_for_silence() -> None:
    """Tells of devices that have fallen silent, or are back."""
    silences.look()


@shared_task
def look_for_expiries() -> None:
    """Warns of hostnames that nobody cares for, and releases those whose time is over."""
    renewals.look()


@shared_task
def look_for_key_expiries() -> None:
    """Tells of keys that expire soon."""
    key_expiries.look()


@shared_task
def purge_notifications() -> None:
    """Ends the retention of old notifications."""
    notifications.purge(timezone.now() - settings.NOTIFICATION_RETENTION)
