"""Notices of orders: what customers are told about an order (DSA Art. 9(5), 10(5)), never before its seal ends."""

from collections.abc import Iterable

from django.utils import timezone

from abuse.models import Order, OrderNotice


def queue(order: Order, about: OrderNotice.About, account_ids: Iterable[int]) -> None:
    """Due at once, or when the seal ends. Of an account whose names are in several chunks one waits: twice is once.

    Called within the transaction of a chunk: one statement, nothing locked but the new rows, no network. Not for those who
    are merely preserved: nothing of theirs has changed.
    """
    now = timezone.now()
    due_at = max(now, order.sealed_until) if order.sealed_until else now
    wanted = [OrderNotice(order=order, account_id=pk, about=about, due_at=due_at) for pk in sorted(set(account_ids))]
    OrderNotice.objects.bulk_create(wanted, ignore_conflicts=True)
