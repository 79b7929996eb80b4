"""Limits, in Redis: on wrong keys per key prefix and source, and per source; on accounts that nobody vouches for per network;
on requests to the REST API per key, account and network.

An update with a working key is never limited.
"""

import logging
from collections.abc import Mapping
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import NamedTuple

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
REQUESTS_WINDOW = timedelta(minutes=1)
# What programs and devices are counted by: they are known by their keys, so their neighbours need not be counted with them.
LINE_LENGTHS = {4: 32, 6: 56}


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
    # An IPv6 line has more addresses than anybody could count one by one.
    line = network_of(source, LINE_LENGTHS)
    per_prefix, per_source = f"wrong:{line}:{_countable(key)}", f"wrong:{line}"
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


def count_request(subjects: Mapping[str, Subject]) -> list[Allowance]:
    """Counts it for each, by the limit's name, in one step; nothing where Redis cannot be asked, and then nobody is limited."""
    try:
        with wake.redis_client().pipeline(transaction=True) as pipeline:
            for name, subject in subjects.items():
                counter = f"requests-of:{name}:{subject.who}"
                pipeline.incr(counter)
                pipeline.expire(counter, REQUESTS_WINDOW, nx=True)
                pipeline.ttl(counter)
            counted = pipeline.execute()
    except redis.RedisError as error:
        logger.warning("Requests to the REST API are not counted at present: %s", error)
        return []
    return [
        Allowance(name, subject.limit, subject.limit - counted[3 * number], max(counted[3 * number + 2], 1))
        for number, (name, subject) in enumerate(subjects.items())
    ]


def network_of(source: Address, lengths: Mapping[int, int] = NETWORK_LENGTHS) -> IPv4Network | IPv6Network:
    """What is counted as one source of registrations, or of whatever these prefix lengths, by family, are for."""
    return ip_network((source, lengths[source.version]), strict=False)


def _countable(key: str) -> str:
    """What its prefix is counted under. Keyed, so that Redis shows nothing of what may be somebody's account password."""
    return salted_hmac("ddns.limits", key[:PREFIX_LENGTH], algorithm="sha256").hexdigest()[:16]
