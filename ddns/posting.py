"""Posting: deliveries to webhooks, many at once, each webhook at its own pace.

One run has a thread for every post and speaks with the database alone. A webhook is claimed by its row (next_at), so it gets
one post at a time whoever runs; one that fails or is slow is asked less often, and takes nothing from the others.
"""

import json
import logging
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from ddns import notifications, webhooks, wordings
from ddns.models import Delivery, Webhook
from ddns.models.notifications import Kind
from dnsupdate import posts
from dnsupdate.errors import PostFailed

logger = logging.getLogger(__name__)

# Threads that wait for receivers cost next to nothing.
AT_ONCE = 64
# A run takes new work for so long, then waits for the last posts.
RUN_SECONDS = 20.0
POLL_SECONDS = 0.25
# Longer than a post takes, the finding of its address included: a run that died leaves its claims to the next.
CLAIM = timedelta(minutes=1)
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=15), timedelta(hours=1)
# 15 s, 1 min, 4 min, ... one hour: some three hours for one message while others get through.
MAX_TRIES = 8
# A weekend's outage of somebody's own server is usual; who is away for longer is not waiting for yesterday's address.
DISABLE_AFTER = timedelta(days=3)
# After a slow answer it waits this many times as long, so that slow receivers take a tenth of a thread each.
PAUSE_PER_SLOWNESS = 9
SLOW = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Posted:
    """How a post went. status is None where there was no answer."""

    webhook: Webhook
    delivery: Delivery
    took: timedelta
    is_accepted: bool
    status: int | None
    answer: str


def run() -> int:
    """Posts what is due; how many were accepted. Ends when nothing is due, or soon after RUN_SECONDS."""
    takes_until = time.monotonic() + RUN_SECONDS
    gives_up_at = takes_until + CLAIM.total_seconds()
    accepted, underway = 0, set[Future[Posted]]()
    pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="posting")
    try:
        while True:
            if time.monotonic() < takes_until:
                underway |= {pool.submit(_post, *each) for each in _claim(AT_ONCE - len(underway))}
            if not underway or time.monotonic() > gives_up_at:
                return accepted
            done, underway = wait(underway, timeout=POLL_SECONDS, return_when=FIRST_COMPLETED)
            accepted += sum(_record(each.result()) for each in done)
    finally:
        # Whoever is stuck is not waited for: its claim runs out.
        pool.shutdown(wait=False, cancel_futures=True)


def _claim(count: int) -> Iterator[tuple[Webhook, Delivery, bytes]]:
    """Webhooks that are ours alone for a while, each with what it gets next."""
    if not count:
        return
    now = timezone.now()
    for webhook in Webhook.objects.due(now)[:count]:
        if not Webhook.objects.filter(pk=webhook.pk, next_at__lte=now).update(next_at=now + CLAIM):
            continue
        due = Delivery.objects.due(now).filter(webhook=webhook).select_related("notification__hostname", "account")
        if (delivery := due.order_by("due_at", "pk").first()) is not None:
            yield webhook, delivery, body_of(delivery)


def body_of(delivery: Delivery) -> bytes:
    """As Standard Webhooks has it: type, timestamp, data."""
    told = delivery.notification
    with translation.override(delivery.account.language or settings.LANGUAGE_CODE):
        test = _("A test of {site}.").format(site=settings.SITE_NAME)
        message = wordings.of(told).headline if told is not None else test
    data: dict[str, Any] = {"message": message}
    if told is not None:
        data = {"hostname": told.hostname.name if told.hostname else None, "message": message, **told.details}
    at = told.at if told is not None else delivery.created_at
    return json.dumps(
        {"type": told.kind if told is not None else "test", "timestamp": at.isoformat(), "data": data}
    ).encode()


def _post(webhook: Webhook, delivery: Delivery, body: bytes) -> Posted:
    """In a thread of its own, which has no database connection."""
    began = time.monotonic()
    outcome: tuple[bool, int | None, str]
    try:
        headers = posts.signed_headers(webhooks.signing_secrets(webhook), delivery.identity, int(time.time()), body)
        headers["User-Agent"] = f"{settings.SITE_NAME} webhooks".encode("ascii", "replace").decode()
        answer = posts.post(webhook.url, body, headers, permits=webhooks.is_reachable)
        outcome = answer.is_accepted, answer.status, answer.text
    except (PostFailed, ImproperlyConfigured) as error:
        outcome = False, None, str(error)
    return Posted(webhook, delivery, timedelta(seconds=time.monotonic() - began), *outcome)


@transaction.atomic
def _record(posted: Posted) -> bool:
    """The outcome, in the rows as they are by now: somebody may have deleted or switched off the webhook meanwhile."""
    webhook = Webhook.objects.select_for_update().filter(pk=posted.webhook.pk).first()
    delivery = Delivery.objects.select_for_update().filter(pk=posted.delivery.pk).first()
    if webhook is None or delivery is None:
        return False
    now = timezone.now()
    delivery.try_count += 1
    delivery.status, delivery.answer = posted.status, posted.answer
    webhook.next_at = now + (posted.took * PAUSE_PER_SLOWNESS if posted.took > SLOW else timedelta())
    if posted.is_accepted:
        delivery.sent_at, delivery.due_at, delivery.given_up_at = now, None, None
        webhook.failure_count, webhook.failing_since = 0, None
    else:
        _put_off(webhook, delivery, now)
    delivery.save(update_fields=["try_count", "status", "answer", "sent_at", "due_at", "given_up_at"])
    webhook.save(update_fields=["next_at", "failure_count", "failing_since"])
    if webhook.is_enabled and webhook.failing_since is not None and now - webhook.failing_since > DISABLE_AFTER:
        _switch_off(webhook, delivery)
    return posted.is_accepted


def _put_off(webhook: Webhook, delivery: Delivery, now: datetime) -> None:
    """This one waits longer with every try; so does whatever else is for a webhook that only fails."""
    delivery.due_at = now + _pause(2 * (delivery.try_count - 1))
    if delivery.try_count >= MAX_TRIES or not webhook.is_enabled:
        delivery.due_at, delivery.given_up_at = None, now
    webhook.next_at = max(webhook.next_at, now + _pause(webhook.failure_count))
    webhook.failure_count += 1
    webhook.failing_since = webhook.failing_since or now


def _pause(doublings: int) -> timedelta:
    return min(FIRST_PAUSE * 2 ** min(doublings, 16), LONGEST_PAUSE)


def _switch_off(webhook: Webhook, last: Delivery) -> None:
    """Nobody is there: its owner is told, and may switch it on again."""
    logger.info("webhook %s of account %s is switched off", webhook.pk, webhook.account_id)
    since, answer = webhook.failing_since, last.answer or f"status {last.status}."
    webhooks.disable(webhook)
    Webhook.objects.filter(pk=webhook.pk).update(disabled_at=timezone.now())
    details = {"url": webhook.url, "since": since.isoformat() if since else "", "answer": answer[:200]}
    notifications.tell(webhook.account, Kind.WEBHOOK_DISABLED, details=details)
