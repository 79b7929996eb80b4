"""Limits, in Redis. On wrong keys per key prefix and source, and per source: an update with a working key is never limited.
On requests to the REST API per key, account and network.
"""

import logging
from collections.abc import Mapping
from ipaddress import ip_network
from typing import NamedTuple

import redis
from django.conf import settings
from django.utils.crypto import salted_hmac

from ddns.addresses import Address
from ddns.keys import PREFIX_LENGTH
from dnsupdate import wake

logger = logging.getLogger(__name__)

WINDOW_SECONDS = 600
REQUESTS_WINDOW_SECONDS = 60
# What one customer has of the Internet: where many share an IPv4 address there is no telling them apart.
NETWORK_BITS = {4: 32, 6: 56}


class Allowance(NamedTuple):
    """What is left of a limit on requests, in a window that ends in some seconds; below zero where it is exceeded."""

    name: str
    limit: int
    remaining: int
    ends_in: int


class Subject(NamedTuple):
    """Who is limited, and to how many requests in a window."""

    who: str
    limit: int


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


def count_request(subjects: Mapping[str, Subject]) -> list[Allowance]:
    """Counts it for each, by the limit's name, in one step; nothing where Redis cannot be asked, and then nobody is limited."""
    try:
        with wake.redis_client().pipeline(transaction=True) as pipeline:
            for name, subject in subjects.items():
                counter = f"requests-of:{name}:{subject.who}"
                pipeline.incr(counter)
                pipeline.expire(counter, REQUESTS_WINDOW_SECONDS, nx=True)
                pipeline.ttl(counter)
            counted = pipeline.execute()
    except redis.RedisError as error:
        logger.warning("Requests to the REST API are not counted at present: %s", error)
        return []
    return [
        Allowance(name, subject.limit, subject.limit - counted[3 * number], max(counted[3 * number + 2], 1))
        for number, (name, subject) in enumerate(subjects.items())
    ]


def network_of(source: Address) -> str:
    """What is counted together with the address."""
    return str(ip_network((source, NETWORK_BITS[source.version]), strict=False))


def _countable(key: str) -> str:
    """What its prefix is counted under. Keyed, so that Redis shows nothing of what may be somebody's account password."""
    return salted_hmac("ddns.limits", key[:PREFIX_LENGTH], algorithm="sha256").hexdigest()[:16]
