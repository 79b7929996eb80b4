"""What an order that is carried out and undone leaves behind for customers: holds, notices, and nothing before its seal ends."""

from datetime import timedelta

import pytest
from django.utils import timezone

from abuse import order_acts, order_notices
from abuse.models import Order, OrderGroup
from ddns.models import Notification, User
from tests.abuse import act_rows

pytestmark = pytest.mark.django_db


def run(order: Order, by: User) -> Order:
    order_acts.run(order.pk, seconds=60)
    return Order.objects.get(pk=order.pk)


def act(order: Order, by: User) -> Order:
    order_acts.propose(order, reason="The court says so.", by=by)
    return run(order, by)


def headlines(account: User, later: timedelta = timedelta(0)) -> list[str]:
    order_notices.send_due(timezone.now() + later)
    told = Notification.objects.filter(account=account, kind="statement").order_by("pk")
    return [each.details["headline"] for each in told]


def test_customers_are_told_once_of_the_act_and_once_of_its_undoing(home, foreign, alice, oscar):
    order = act(act_rows.planned([home, foreign]), oscar)
    assert headlines(alice) == ["home.ddns.test: carried out an authority's order"]
    order_acts.undo(order, by=oscar, reason="Annulled.")
    run(order, oscar)
    assert headlines(alice)[1:] == ["home.ddns.test: the order was undone"]


def test_sealed_order_that_is_undone_is_told_of_in_order_after_its_seal(home, alice, root):
    order = act_rows.planned([home], sealed_until=timezone.now() + timedelta(days=30))
    order = act(order, root)
    order_acts.undo(order, by=root, reason="Annulled.")
    run(order, root)
    assert headlines(alice, timedelta(days=29)) == []
    assert [each.rpartition(": ")[2] for each in headlines(alice, timedelta(days=31))] == [
        "carried out an authority's order",
        "the order was undone",
    ]


def test_preservation_holds_accounts_tells_nobody_and_is_undone_exactly(home, foreign, alice, bob, oscar):
    order = act_rows.planned(
        [home, foreign],
        action=OrderGroup.Action.PRESERVE,
        kind=Order.Kind.PRESERVATION,
        hold_days=365,
        wanted_effect="none",
    )
    order = act(order, oscar)
    until = User.objects.get(pk=alice.pk).preserve_until
    assert until == order.holds.get(account=alice).ends_at
    assert until - timezone.now() > timedelta(days=364)
    assert headlines(alice) == headlines(bob) == []
    order_acts.undo(order, by=oscar, reason="Annulled.")
    run(order, oscar)
    assert User.objects.get(pk=alice.pk).preserve_until is None
    assert headlines(alice) == []
