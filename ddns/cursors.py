"""Cursors: periodic work through a table, chunk by chunk, by one at a time, resumable at any point."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.db import models, transaction
from django.db.models import Max
from django.utils import timezone

from ddns.models import Cursor

# Numbers per transaction: some tenths of a second.
CHUNK = 5000


@contextmanager
def take(name: str) -> Iterator[Cursor | None]:
    """The cursor, locked for one transaction; None where somebody else has it."""
    Cursor.objects.get_or_create(name=name)
    with transaction.atomic():
        yield Cursor.objects.select_for_update(skip_locked=True).filter(name=name).first()


def sweep(
    name: str,
    model: type[models.Model],
    work: Callable[[int, int], object],
    *,
    every: timedelta,
    seconds: float,
) -> bool:
    """Calls work(first, last) for ranges of primary keys, each in a transaction with the cursor's move.

    From where it stopped, for so many seconds at most; a new pass begins `every` so often. Whether a pass was ended.
    """
    ends_at = time.monotonic() + seconds
    while time.monotonic() < ends_at:
        with take(name) as cursor:
            if cursor is None or (cursor.position == 0 and not _is_due(cursor, every)):
                return False
            last = min(cursor.position + CHUNK, model._default_manager.aggregate(last=Max("pk"))["last"] or 0)
            if is_over := last <= cursor.position:
                cursor.position = 0
            else:
                work(cursor.position + 1, last)
                cursor.position = last
            cursor.save(update_fields=["position", "began_at"])
        if is_over:
            return True
    return False


def _is_due(cursor: Cursor, every: timedelta) -> bool:
    """Whether a new pass begins: that is now, then."""
    now = timezone.now()
    if cursor.began_at is not None and now - cursor.began_at < every:
        return False
    cursor.began_at = now
    return True
