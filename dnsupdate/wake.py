"""Wake-ups: they make publishing fast. The sweep makes it certain, so a wake-up may get lost and never raises."""

import logging
import time
from datetime import timedelta

import redis
from celery import current_app
from django.conf import settings
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)

# One task per zone in this time; the publisher takes the mark away before it reads. Milliseconds, as Redis wants it.
MARK_MILLISECONDS = 1000
# A publisher looks once more so long after it has let go of its lease. Who saw the lease and took longer than this to
# commit cannot know that it was found.
LAST_LOOK = timedelta(milliseconds=30)
# After a failure the broker is left alone, so that an outage costs one request a moment and not every request.
PAUSE_AFTER_FAILURE_SECONDS = 1.0

_client: redis.Redis | None = None
_quiet_until = 0.0


def wake(zone_id: int) -> None:
    """Enqueues the publishing of a zone unless that is enqueued already. Call it after the commit."""
    global _quiet_until
    if time.monotonic() < _quiet_until:
        return
    try:
        if redis_client().set(_mark(zone_id), 1, nx=True, px=MARK_MILLISECONDS):
            current_app.send_task("dnsupdate.tasks.publish_zone", [zone_id], queue="publish", retry=False)
    except (redis.RedisError, OperationalError, OSError) as error:
        _quiet_until = time.monotonic() + PAUSE_AFTER_FAILURE_SECONDS
        logger.warning("No wake-up for zone %s, the sweep will find it: %s", zone_id, error)


def forget(zone_id: int) -> None:
    """Lets the next wake-up through. The publisher calls it before it reads."""
    try:
        redis_client().delete(_mark(zone_id))
    except redis.RedisError as error:
        logger.warning("The wake-up mark of zone %s stays until it expires: %s", zone_id, error)


def redis_client() -> redis.Redis:
    """This process's client; half a second is the longest that a request waits for it."""
    global _client
    if _client is None:
        _client = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=0.5, socket_connect_timeout=0.5)
    return _client


def _mark(zone_id: int) -> str:
    return f"publish:{zone_id}"
