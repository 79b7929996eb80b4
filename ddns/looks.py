"""Looks: what every nameserver answers for a hostname and the names below it at this moment, for its owner."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta

import redis

from ddns.errors import LookUnderWay
from ddns.models import Hostname
from dnsupdate import propagation, wake
from dnsupdate.models import Proof

# Names below a hostname that are looked up with it: each is a question per type to every nameserver.
MAX_NAMES_BELOW = 10
# How long a look counts as under way whose process has died. It may take a web process two seconds, and three more where
# nameservers are known by name.
LONGEST = timedelta(seconds=10)


def take(hostname: Hostname) -> Sequence[Proof]:
    """By name, the primary first; one look at a time for each account. Waits for the network, so not inside a transaction.

    Raises LookUnderWay.
    """
    labels = hostname.below_names.order_by("label").values_list("label", flat=True)[:MAX_NAMES_BELOW]
    names = [hostname.name, *(f"{label}.{hostname.name}" for label in labels)]
    with _alone(hostname.account_id):
        return propagation.look(hostname.publication.zone, names)


@contextmanager
def _alone(account_id: int) -> Iterator[None]:
    """Raises LookUnderWay. Without Redis nobody is kept from looking."""
    name = f"look:{account_id}"
    with suppress(redis.RedisError):
        if not wake.redis_client().set(name, 1, nx=True, px=LONGEST // timedelta(milliseconds=1)):
            raise LookUnderWay
    try:
        yield
    finally:
        with suppress(redis.RedisError):
            wake.redis_client().delete(name)
