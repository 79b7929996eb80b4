"""Flooding: how often strangers of one network may ask, counted in Redis. Who files many reports has the API and mail."""

import logging
from datetime import timedelta

import redis

from ddns import limits
from ddns.addresses import Address
from dnsupdate import wake

logger = logging.getLogger(__name__)


def count(what: str, source: Address, *, limit: int, window: timedelta) -> timedelta | None:
    """Counts one more; gives how long to wait where the network (IPv4 /24, IPv6 /48) has had its number, else None.

    Where Redis cannot be asked nobody is kept out: a report that is lost is worse than one too many.
    """
    name = f"strangers:{what}:{limits.network_of(source)}"
    try:
        with wake.redis_client().pipeline(transaction=True) as pipeline:
            pipeline.incr(name)
            pipeline.expire(name, window, nx=True)
            pipeline.ttl(name)
            counted, _, ends_in = pipeline.execute()
    except redis.RedisError as error:
        logger.warning("Requests of strangers are not counted at present: %s", error)
        return None
    return timedelta(seconds=max(ends_in, 1)) if counted > limit else None
