"""Presence: who has a case open on the desk right now. In Redis, gone by itself some seconds after the page was left."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import redis
from django.utils import timezone

from ddns.models import User
from dnsupdate import wake

logger = logging.getLogger(__name__)

# How often a page says that it is open.
BEAT = timedelta(seconds=5)
# Whoever was not heard of so long has left: three beats, for one may be lost and a hidden page is slowed down.
GONE_AFTER = 3 * BEAT
_SEPARATOR = "|"


@dataclass(frozen=True, slots=True)
class Viewer:
    """A member of staff on the page of a case."""

    user_id: int
    name: str
    since: datetime


Viewers = Mapping[int, list[Viewer]]


def beat(case_id: int, user: User) -> list[Viewer] | None:
    """Says that the user looks at the case; gives the others who do, the longest first. None: Redis cannot be asked."""
    now = timezone.now()
    try:
        client = wake.redis_client()
        mine = _viewer(user.pk, client.hget(_name(case_id), str(user.pk)), now)
        since = mine.since if mine else now
        with client.pipeline(transaction=False) as pipeline:
            pipeline.hset(_name(case_id), str(user.pk), _text(user, since, now))
            pipeline.expire(_name(case_id), GONE_AFTER)
            pipeline.hgetall(_name(case_id))
            *_, rows = pipeline.execute()
    except redis.RedisError as error:
        logger.warning("Who looks at a case cannot be said at present: %s", error)
        return None
    return [each for each in _viewers(rows, now) if each.user_id != user.pk]


def leave(case_id: int, user: User) -> None:
    """Takes the user off the case at once. Where Redis is away, time does it."""
    try:
        wake.redis_client().hdel(_name(case_id), str(user.pk))
    except redis.RedisError as error:
        logger.warning("Nobody can be taken off a case at present: %s", error)


def on(case_ids: Iterable[int]) -> Viewers | None:
    """By case who looks at it, in one round trip; without those that nobody looks at. None: Redis cannot be asked."""
    case_ids, now = list(case_ids), timezone.now()
    try:
        with wake.redis_client().pipeline(transaction=False) as pipeline:
            for case_id in case_ids:
                pipeline.hgetall(_name(case_id))
            found = pipeline.execute()
    except redis.RedisError as error:
        logger.warning("Who looks at cases cannot be said at present: %s", error)
        return None
    viewers = {case_id: _viewers(rows, now) for case_id, rows in zip(case_ids, found, strict=True)}
    return {case_id: those for case_id, those in viewers.items() if those}


def _name(case_id: int) -> str:
    return f"desk:viewers:{case_id}"


def _text(user: User, since: datetime, now: datetime) -> str:
    return _SEPARATOR.join([f"{since.timestamp():.0f}", f"{now.timestamp():.3f}", user.email])


def _viewers(rows: Mapping[bytes, bytes], now: datetime) -> list[Viewer]:
    found = [_viewer(int(user_id), text, now) for user_id, text in rows.items()]
    return sorted((each for each in found if each), key=lambda each: each.since)


def _viewer(user_id: int, text: Any, now: datetime) -> Viewer | None:
    """None for one who has left."""
    if text is None:
        return None
    since, heard, name = text.decode().split(_SEPARATOR, 2)
    if now - datetime.fromtimestamp(float(heard), UTC) > GONE_AFTER:
        return None
    return Viewer(user_id, name, datetime.fromtimestamp(float(since), UTC))
