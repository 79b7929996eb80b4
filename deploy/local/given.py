"""Servers that the environment names are used instead of ours; whether they answer is seen before anything starts."""

from datetime import timedelta

import psycopg
import redis

from .errors import GivenServerUnusable

PATIENCE = timedelta(seconds=5)


def check_database(url: str) -> None:
    """Raises GivenServerUnusable."""
    try:
        psycopg.connect(url, connect_timeout=int(PATIENCE.total_seconds())).close()
    except psycopg.OperationalError as error:
        raise GivenServerUnusable(f"DATABASE_URL: {error}") from None
    except psycopg.ProgrammingError:
        # The settings know more forms of URL than libpq; they have the last word.
        return


def check_broker(url: str) -> None:
    """Raises GivenServerUnusable."""
    try:
        with redis.Redis.from_url(url, socket_timeout=PATIENCE.total_seconds()) as client:
            client.ping()
    except (redis.RedisError, ValueError) as error:
        raise GivenServerUnusable(f"REDIS_URL: {error}") from None
