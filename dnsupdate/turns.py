"""Turns: periodic work that only one process does at a time."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import uuid4

import redis

from dnsupdate import wake

logger = logging.getLogger(__name__)

# Gives back only what is still ours: who was frozen for longer than its turn must not end another's.
_GIVE_BACK = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end"


@contextmanager
def take(name: str, duration: timedelta) -> Iterator[bool]:
    """Whether the turn is ours. It ends with the block, and after the duration at the latest: a worker that died or was
    frozen holds up nobody for longer. Where the broker cannot be asked it is ours: twice is better than never.
    """
    token = uuid4().hex
    try:
        is_ours = bool(wake.redis_client().set(f"turn:{name}", token, nx=True, px=duration))
    except redis.RedisError as error:
        logger.warning("Whose turn it is to %s cannot be asked: %s", name, error)
        is_ours = True
    try:
        yield is_ours
    finally:
        if is_ours:
            _give_back(name, token)


def _give_back(name: str, token: str) -> None:
    try:
        wake.redis_client().eval(_GIVE_BACK, 1, f"turn:{name}", token)
    except redis.RedisError as error:
        logger.warning("The turn to %s stays taken until it expires: %s", name, error)
