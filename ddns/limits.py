"""Limits on wrong keys, in Redis: per key prefix and source, and per source. A working key is never limited."""

import logging

import redis
from django.conf import settings
from django.utils.crypto import salted_hmac

from ddns.addresses import Address
from ddns.keys import PREFIX_LENGTH
from dnsupdate import wake

logger = logging.getLogger(__name__)

WINDOW_SECONDS = 600


def count_wrong_key(key: str, source: Address) -> bool:
    """Counts it, and says whether this source has now sent too many. The key was looked up before: so nobody
    can lock the owner of a working key out, whatever they send under its prefix.
    """
    per_prefix, per_source = f"wrong:{source}:{_countable(key)}", f"wrong:{source}"
    try:
        with wake.redis_client().pipeline(transaction=False) as pipeline:
            for name in (per_prefix, per_source):
                pipeline.incr(name)
                pipeline.expire(name, WINDOW_SECONDS, nx=True)
            of_prefix, _, of_source, _ = pipeline.execute()
    except redis.RedisError as error:
        # 190 random bits need no counter to be safe; it only keeps the noise down.
        logger.warning("Wrong keys are not counted at present: %s", error)
        return False
    return of_prefix > settings.WRONG_KEYS_PER_PREFIX or of_source > settings.WRONG_KEYS_PER_SOURCE


def _countable(key: str) -> str:
    """What its prefix is counted under. Keyed, so that Redis shows nothing of what may be somebody's account password."""
    return salted_hmac("ddns.limits", key[:PREFIX_LENGTH], algorithm="sha256").hexdigest()[:16]
