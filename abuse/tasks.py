"""Celery's entries for the desk: each calls one verb and may run twice."""

from datetime import timedelta
from uuid import UUID

from celery import shared_task
from django.utils import timezone

from abuse import acknowledgements, feeds, form_acknowledgements, ledger_heads, mailbox, postings, reports, retention
from dnsupdate import turns


@shared_task
def read_submissions() -> None:
    """Reads what came in, oldest first, until nothing is left."""
    reports.read_all()


@shared_task
def acknowledge(submission_id: str) -> None:
    """Tells whoever filed a form by mail that it has come."""
    form_acknowledgements.send(UUID(submission_id))


@shared_task
def publish_ledger_head() -> None:
    """Signs and publishes the head of the ledger, once a day."""
    ledger_heads.publish()


@shared_task
def purge_reports() -> None:
    """Ends the retention of reports, cases and what came in."""
    retention.purge(timezone.now())


@shared_task
def send_acknowledgements() -> None:
    """Sends receipts to those who reported by mail. One at a time."""
    with turns.take("send-acknowledgements", timedelta(minutes=2)) as is_ours:
        if is_ours:
            acknowledgements.send_due()


@shared_task
def purge_postings() -> None:
    """Ends the day in which the same report by the API is the same submission."""
    postings.purge(timezone.now())


@shared_task
def poll_mailbox() -> None:
    """Stores what lies in the mailbox. One at a time."""
    with turns.take("poll-mailbox", timedelta(minutes=10)) as is_ours:
        if is_ours:
            mailbox.poll()


@shared_task
def pull_feeds() -> None:
    """Pulls feeds that are due. One at a time."""
    with turns.take("pull-feeds", timedelta(minutes=15)) as is_ours:
        if is_ours:
            feeds.pull_due()


@shared_task
def pull_feed(feed_id: int) -> None:
    """Pulls one feed now: somebody asked for it at the desk."""
    with turns.take(f"pull-feed-{feed_id}", timedelta(minutes=5)) as is_ours:
        if is_ours:
            feeds.pull_now(feed_id)
