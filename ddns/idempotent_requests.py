"""Idempotent requests: claimed before they are done, answered the same when they come again."""

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from ddns.errors import RequestDiffers, RequestUnderWay, TooManyIdempotencyKeys
from ddns.models import IdempotentRequest, User
from dnsupdate import secrets

KEPT = timedelta(hours=24)
# Longer than a request can take, bulk and waiting included: whoever held the claim has died, and the request is done anew.
CLAIM_ENDS_AFTER = timedelta(minutes=2)
MAX_KEY_CHARACTERS = 255
# An answer may have some ten thousand octets, and an account may send nearly a million requests a day.
KEPT_PER_ACCOUNT = 10_000


@dataclass(frozen=True, slots=True)
class Answer:
    """As it was sent: body is what becomes JSON, None where there was none."""

    status: int
    headers: Mapping[str, str]
    body: Any


def claim(account: User, *, key: str, digest: bytes) -> IdempotentRequest | Answer:
    """The claim for whoever does the request now, or what was answered to it before.

    Raises RequestUnderWay while another one has the claim, RequestDiffers where the key came with another request, and
    TooManyIdempotencyKeys.
    """
    now = timezone.now()
    row, is_new = IdempotentRequest.objects.get_or_create(
        account=account, key=key, defaults={"digest": digest, "claimed_at": now}
    )
    if is_new:
        _check_count(row)
        return row
    if row.claimed_at < now - (CLAIM_ENDS_AFTER if row.status is None else KEPT):
        return _take_over(row, digest, now)
    if not hmac.compare_digest(bytes(row.digest), digest):
        raise RequestDiffers
    if row.status is None:
        raise RequestUnderWay
    headers, body = json.loads(secrets.unseal(row.sealed_answer))
    return Answer(row.status, headers, body)


def answer(claimed: IdempotentRequest, given: Answer) -> None:
    """Keeps the answer, unless somebody else has taken the request over."""
    sealed = secrets.seal(json.dumps([dict(given.headers), given.body]))
    _held(claimed).update(status=given.status, sealed_answer=sealed)


def give_up(claimed: IdempotentRequest) -> None:
    """Nothing was done, or nobody knows: the request may come again and is done then."""
    _held(claimed).delete()


def purge(now: datetime) -> int:
    """Deletes those that are kept no longer, and gives how many."""
    old = Q(claimed_at__lt=now - KEPT) | Q(claimed_at__lt=now - CLAIM_ENDS_AFTER, status=None)
    return IdempotentRequest.objects.filter(old).delete()[0]


def _check_count(new: IdempotentRequest) -> None:
    """Raises TooManyIdempotencyKeys."""
    if IdempotentRequest.objects.filter(account=new.account_id)[KEPT_PER_ACCOUNT:].exists():
        new.delete()
        raise TooManyIdempotencyKeys(f"{KEPT_PER_ACCOUNT}.")


def _take_over(row: IdempotentRequest, digest: bytes, now: datetime) -> IdempotentRequest:
    taken = _held(row).update(digest=digest, claimed_at=now, status=None, sealed_answer="")
    if not taken:
        raise RequestUnderWay
    row.claimed_at, row.status = now, None
    return row


def _held(claimed: IdempotentRequest) -> QuerySet[IdempotentRequest]:
    """The row, if it is still the same claim."""
    return IdempotentRequest.objects.filter(pk=claimed.pk, claimed_at=claimed.claimed_at)
