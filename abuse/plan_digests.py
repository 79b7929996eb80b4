"""Digests of plans: what the second person approves, and nothing else."""

import hashlib
import json
from collections.abc import Iterable

from abuse.models import Order

# Of an item what is decided by; addresses and times come and go.
_ITEM = ("position", "name", "outcome", "group", "hostname_id", "account_id")
# A target is where it leads: whoever may change it must not send elsewhere what two people have approved.
_GROUP = ("key", "item_count", "action", "target_id", "target__addresses", "target__ttl")


def of(order: Order) -> str:
    """SHA-256 over the order, its groups with what is to be done and where to, and its items with their holders; two queries."""
    head = [str(order.pk), order.kind, order.ends_at and order.ends_at.isoformat(), order.hold_days]
    groups = order.groups.order_by("key").values_list(*_GROUP)
    items = order.items.order_by("position").values_list(*_ITEM)
    return of_rows([tuple(head), *groups, *items])


def of_rows(rows: Iterable[tuple]) -> str:
    """One canonical JSON on each line."""
    digest = hashlib.sha256()
    for row in rows:
        digest.update(json.dumps(row, separators=(",", ":"), ensure_ascii=False).encode())
        digest.update(b"\n")
    return digest.hexdigest()
