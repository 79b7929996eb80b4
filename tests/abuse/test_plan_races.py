"""Planners at once: an order is planned by one of them, and none waits for what another has."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from abuse import plans
from abuse.models import LedgerEntry, Order, OrderItem
from tests.abuse import order_rows

pytestmark = pytest.mark.django_db(transaction=True)


def in_a_thread(call: Callable[[], int]) -> int:
    """On a connection of its own."""

    def run() -> int:
        try:
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(run).result()


def test_planner_that_is_at_it_keeps_others_out():
    order = order_rows.order(names="evil.example.org")
    with transaction.atomic():
        Order.objects.select_for_update(no_key=True).get(pk=order.pk)
        assert in_a_thread(plans.make_due) == 0
    assert in_a_thread(plans.make_due) == 1
    assert in_a_thread(plans.make_due) == 0
    assert LedgerEntry.objects.filter(action="plan-order").count() == 1


def test_planner_that_dies_leaves_the_order_to_the_next(monkeypatch):
    order_rows.order(names="evil.example.org")

    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(plans, "_enter", die)
        with pytest.raises(KeyboardInterrupt):
            plans.make_due()
    assert not OrderItem.objects.exists()
    assert plans.make_due() == 1
