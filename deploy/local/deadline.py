"""Waiting for a state: poll it until it holds or the deadline passes."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

T = TypeVar("T")

POLL = timedelta(milliseconds=10)


def wait_for(check: Callable[[], T], within: timedelta, what: str = "the state waited for") -> T:
    """Return the first true value of `check`; raises TimeoutError naming `what` once `within` has passed."""
    end = time.monotonic() + within.total_seconds()
    while True:
        value = check()
        if value:
            return value
        if time.monotonic() > end:
            raise TimeoutError(f"{what} did not come within {within.total_seconds():g} s")
        time.sleep(POLL.total_seconds())
