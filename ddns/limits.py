"""Limits, in Redis: on wrong keys per key prefix and source, and per source; on accounts that nobody vouches for per network.

A working key is never limited.
"""

import logging
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network

import redis
from django.conf import settings
from django.utils.crypto import salted_hmac

from ddns.addresses import Address
from ddns.keys import PREFIX_LENGTH
from dnsupdate import wake

logger = logging.getLogger(__name__)

WINDOW_SECONDS = 600
REGISTRATION_WINDOW = timedelta(hours=1)
# What one customer's line gets: an IPv4 provider's smallest usual block, and the shortest usual IPv6 delegation.
NETWORK_LENGTHS = {4: 24, 6: 48}


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


def count_registration(source: Address) -> bool:
    """Counts an acme-dns account that is registered without a key, and says whether the network has too many by now.

    Where they cannot be counted there are too many: a registration can wait.
    """
    name = f"registrations:{network_of(source)}"
    try:
        with wake.redis_client().pipeline(transaction=False) as pipeline:
            pipeline.incr(name)
            pipeline.expire(name, REGISTRATION_WINDOW, nx=True)
            count, _ = pipeline.execute()
    except redis.RedisError as error:
        logger.warning("Nobody can register without a key at present: %s", error)
        return True
    return count > settings.ACME_REGISTRATIONS_PER_NETWORK


def network_of(source: Address) -> IPv4Network | IPv6Network:
    """What is counted as one source of registrations."""
    return ip_network((source, NETWORK_LENGTHS[source.version]), strict=False)


def _countable(key: str) -> str:
    """What its prefix is counted under. Keyed, so that Redis shows nothing of what may be somebody's account password."""
    return salted_hmac("ddns.limits", key[:PREFIX_LENGTH], algorithm="sha256").hexdigest()[:16]
