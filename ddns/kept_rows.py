"""Kept rows: deleted when their account is preserved no more."""

from datetime import datetime

from django.db.models import Q

from ddns.models import KeptRow

# In one statement.
CHUNK = 5000


def purge(now: datetime) -> int:
    """Deletes those of accounts whose hold is over, some thousand at a time; gives how many. May be stopped and run again."""
    over = KeptRow.objects.filter(Q(account__preserve_until=None) | Q(account__preserve_until__lte=now))
    total = 0
    while count := KeptRow.objects.filter(pk__in=over.order_by("pk").values("pk")[:CHUNK]).delete()[0]:
        total += count
    return total
