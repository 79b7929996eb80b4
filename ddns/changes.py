"""Changes: how often hostnames are changed, counted in memory, added up in Redis in the background, and refused beyond a rate.

No request waits for Redis, and one that changes nothing asks nothing here. So a process that has not heard of the others yet lets
some seconds' worth more through, and while Redis is away each knows of its own last seconds alone
(docs/decisions/0015-update-protocols.md).
"""

import logging
import time
from collections.abc import Sequence
from ipaddress import ip_network

import redis
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from ddns import addresses
from ddns.addresses import Address
from ddns.errors import TooManyChanges
from dnsupdate import wake

logger = logging.getLogger(__name__)

WINDOW_SECONDS = 3600
# What one customer has: a prefix of the size that networks are given to people in.
_NETWORK_BITS = {4: 24, 6: 48}

Subject = tuple[str, int | str]

_WORDS = {
    "hostname": _("{limit} for this hostname."),
    "key": _("{limit} for this key."),
    "account": _("{limit} for this account."),
    "network": _("{limit} for this network."),
}

_counts: dict[Subject, int] = {}
_totals: dict[Subject, int] = {}
_window = 0


def admit(*, hostname_id: int, key_id: int | None, account_id: int, source: Address, label: str = "") -> None:
    """Counts a change that is about to be made; key_id is None where no key makes it.

    label is that of a name below the hostname, which is counted apart: certificates for dozens of names, or whoever may ask for
    those alone, shall not keep the hostname from its next address. Raises TooManyChanges where there were enough in this hour.
    """
    hostname = f"{label}.{hostname_id}" if label else hostname_id
    _count([("hostname", hostname), *_movers(key_id, account_id, source)])


def admit_move(*, key_id: int, account_id: int, source: Address) -> None:
    """Counts that many hostnames are about to be changed by one request as one change. Raises TooManyChanges."""
    _count(_movers(key_id, account_id, source))


def admit_moved(*, hostname_id: int, key_id: int | None, account_id: int, source: Address) -> None:
    """Counts one of those hostnames, in the place of admit: who changes it was counted for all. Raises TooManyChanges."""
    _count([("hostname", hostname_id)])


def seconds_left() -> int:
    """Until counting begins anew."""
    return WINDOW_SECONDS - int(time.time()) % WINDOW_SECONDS


def flush() -> None:
    """Adds what was counted to what all processes have, and learns their totals. Never raises."""
    global _window
    window = int(time.time() // WINDOW_SECONDS)
    counted = {subject: _counts.pop(subject) for subject in list(_counts)}
    if window != _window:
        _totals.clear()
        _window = window
    if not counted:
        return
    try:
        _totals.update(_near_the_limit(_add(counted, window)))
    except redis.RedisError as error:
        logger.warning("Changes are not added up at present: %s", error)
        _totals.clear()


def forget() -> None:
    """As in a new process."""
    _counts.clear()
    _totals.clear()


def _count(subjects: Sequence[Subject]) -> None:
    for subject in subjects:
        limit = _limit(subject[0])
        if limit and _counts.get(subject, 0) + _totals.get(subject, 0) >= limit:
            raise TooManyChanges(str(_WORDS[subject[0]]).format(limit=limit))
    for subject in subjects:
        _counts[subject] = _counts.get(subject, 0) + 1


def _limit(kind: str) -> int:
    """How often in an hour one of this kind may change; 0: as often as it likes."""
    return getattr(settings, f"CHANGES_PER_{kind.upper()}")


def _movers(key_id: int | None, account_id: int, source: Address) -> list[Subject]:
    """Who makes a change."""
    subjects: list[Subject] = [("account", account_id)]
    if key_id is not None:
        subjects.append(("key", key_id))
    # The others are machines of our own, or a proxy that nobody has named and everybody comes through.
    if addresses.is_routed(source):
        network = ip_network(f"{source}/{_NETWORK_BITS[source.version]}", strict=False)
        subjects.append(("network", str(network)))
    return subjects


def _near_the_limit(totals: dict[Subject, int]) -> dict[Subject, int]:
    """Millions of hostnames change once in an hour; only what may soon be too often is worth the memory."""
    return {subject: total for subject, total in totals.items() if 2 * total >= _limit(subject[0])}


def _add(counted: dict[Subject, int], window: int) -> dict[Subject, int]:
    with wake.redis_client().pipeline(transaction=False) as pipeline:
        for (kind, of), count in counted.items():
            name = f"changes:{window}:{kind}:{of}"
            pipeline.incrby(name, count)
            pipeline.expireat(name, (window + 1) * WINDOW_SECONDS)
        return dict(zip(counted, pipeline.execute()[::2], strict=True))
