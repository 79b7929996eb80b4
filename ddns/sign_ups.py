"""Sign-ups counted per network: the more in a day, the harder the next; beyond a limit people are told when to come back."""

import logging
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network

import redis
from django.conf import settings

from ddns.addresses import Address
from dnsupdate import wake

logger = logging.getLogger(__name__)

WINDOW = timedelta(days=1)
# What one customer's line gets: an IPv4 provider's smallest usual block, and the shortest usual IPv6 delegation.
PREFIX_LENGTHS = {4: 24, 6: 56}
# 64 times the usual work is minutes on a laptop: friction. Beyond it a phone would never end.
MOST_DOUBLINGS = 6


def count(source: Address) -> int:
    """Counts a sign-up from there; gives how many of the last day its network has now."""
    name = _counter(source)
    try:
        with wake.redis_client().pipeline(transaction=False) as pipeline:
            pipeline.incr(name)
            pipeline.expire(name, WINDOW, nx=True)
            return pipeline.execute()[0]
    except redis.RedisError as error:
        logger.warning("Sign-ups are not counted at present: %s", error)
        return 0


def recent(source: Address) -> int:
    """How many of the last day its network has."""
    try:
        return int(wake.redis_client().get(_counter(source)) or 0)
    except redis.RedisError as error:
        logger.warning("Sign-ups are not counted at present: %s", error)
        return 0


def doublings(recent_count: int) -> int:
    """How often the work of the next sign-up is doubled."""
    return max(0, min(recent_count - settings.SIGN_UPS_UNHINDERED, MOST_DOUBLINGS))


def wait(source: Address) -> timedelta | None:
    """When the network may sign up again if it cannot now: the day of its first sign-up must end."""
    if recent(source) < settings.SIGN_UPS_PER_NETWORK:
        return None
    try:
        return timedelta(seconds=max(int(wake.redis_client().ttl(_counter(source))), 1))
    except redis.RedisError as error:
        logger.warning("Sign-ups are not counted at present: %s", error)
        return None


def network(source: Address) -> IPv4Network | IPv6Network:
    """What is counted as one."""
    return ip_network((source, PREFIX_LENGTHS[source.version]), strict=False)


def _counter(source: Address) -> str:
    return f"sign-ups:{network(source)}"
