"""Faults of orders: what changed between plan, approval and a late resumption; one that fails does not stop the others."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.db import DataError
from django.utils import timezone

from abuse import order_acts, order_notices, order_words, plan_checks, plans, roles, suspensions
from abuse.errors import BeyondCapacity
from abuse.models import DiversionTarget, Order, OrderGroup, OrderItem, OrderNotice, ProtectedName, Suspension
from ddns import hostnames
from ddns.models import Hostname, Restriction, User
from tests.abuse import act_rows, order_rows

pytestmark = pytest.mark.django_db

Action = OrderGroup.Action


@pytest.fixture
def boss(db) -> User:
    """A senior: the second person."""
    roles.make_missing()
    user = User.objects.create_user("boss@example.com", is_staff=True)
    user.groups.add(Group.objects.get(name=roles.SENIOR))
    return user


@pytest.fixture
def order(home: Hostname, foreign: Hostname) -> Order:
    """About a name of Alice and one of Bob."""
    hostnames.configure(home)
    return act_rows.planned([home, foreign])


def begin(order: Order, by: User) -> None:
    order_acts.propose(order, reason="the court says so", by=by)


def run(order: Order) -> Order:
    order_acts.run(order.pk, seconds=60)
    order.refresh_from_db()
    return order


def diverted_and_stopped(order: Order, target: DiversionTarget, oscar: User, boss: User) -> None:
    """Approved, and stopped before the first name."""
    act_rows.regroup(order, action=Action.DIVERT, target=target)
    begin(order, oscar)
    order_acts.approve(order, by=boss, digest=order.plan_digest)
    order_acts.stop(order, by=oscar, reason="a call comes in")


def a_target(**fields) -> DiversionTarget:
    return DiversionTarget.objects.create(name="partner", kind="sinkhole", addresses=["198.51.100.1"], **fields)


# --- Between approval and act -------------------------------------------------------------------------------------


def test_resumed_order_sends_no_name_to_a_target_that_is_over(order, oscar, boss):
    target = a_target()
    diverted_and_stopped(order, target, oscar, boss)
    DiversionTarget.objects.update(is_enabled=False)
    order_acts.resume(order, by=oscar)
    run(order)

    assert set(Suspension.objects.values_list("kind", flat=True)) == {Suspension.Kind.SUSPENDED}
    assert set(Restriction.objects.values_list("kind", flat=True)) == {Restriction.Kind.SUSPENDED}


def test_resumed_order_finds_its_room_taken(order, oscar, boss, settings):
    settings.DIVERTED_NAME_CONNECTIONS = 10
    diverted_and_stopped(order, a_target(capacity=20), oscar, boss)
    DiversionTarget.objects.update(capacity=10)
    with pytest.raises(BeyondCapacity):
        order_acts.resume(order, by=oscar)


def test_name_that_was_protected_since_is_left(order, oscar):
    begin(order, oscar)
    order_acts.stop(order, by=oscar, reason="a call comes in")
    ProtectedName.objects.create(name="home.ddns.test", reason="a hospital")
    order_acts.resume(order, by=oscar)
    run(order)

    assert list(order.items.values_list("state", "problem")) == [("left", "It is protected by now."), ("acted", "")]


def test_plan_is_fresh_about_names_that_staff_gave_up(order, foreign, oscar):
    hostnames.release(foreign)
    order.items.filter(hostname=foreign).update(outcome=OrderItem.Outcome.RELEASED)
    User.objects.filter(pk=foreign.account_id).update(is_staff=True)
    ProtectedName.objects.create(name=foreign.name, reason="a hospital")
    plan_checks.check_fresh(order)


# --- The end ------------------------------------------------------------------------------------------------------


def test_accounts_that_are_preserved_are_not_said_to_be_freed_at_the_end(order, oscar):
    ends_at = timezone.now() + timedelta(hours=1)
    Order.objects.update(ends_at=ends_at)
    act_rows.regroup(order, action=Action.PRESERVE)
    begin(order, oscar)
    run(order)
    assert order_acts.end_due(ends_at) == 0
    order.refresh_from_db()
    assert order.state == Order.State.PROVING


def test_order_that_cannot_be_ended_keeps_no_other_waiting(order, home, foreign, oscar, monkeypatch):
    ends_at = timezone.now() + timedelta(hours=1)
    other = act_rows.planned([home], ends_at=ends_at)
    Order.objects.filter(pk=order.pk).update(ends_at=ends_at - timedelta(minutes=1))
    for each in (act_rows.sealed(order), other):
        begin(each, oscar)
        run(each)
    end = order_acts._end

    def failing(each: Order, now) -> bool:
        if each.pk == order.pk:
            raise RuntimeError("something nobody thought of")
        return end(each, now)

    monkeypatch.setattr(order_acts, "_end", failing)
    assert order_acts.end_due(ends_at) == 1


# --- One that fails -----------------------------------------------------------------------------------------------


def test_list_that_no_table_takes_keeps_no_other_waiting(home, monkeypatch):
    bad, good = order_rows.order(names=home.name), order_rows.order(names=home.name)
    make = plans.make

    def failing(each: Order) -> Order:
        if each.pk == bad.pk:
            raise DataError("invalid byte sequence")
        return make(each)

    monkeypatch.setattr(plans, "make", failing)
    assert plans.make_due() == 1
    good.refresh_from_db()
    bad.refresh_from_db()
    assert good.state == Order.State.PLANNED
    assert "could not be planned" in bad.plan_problem


def test_notice_that_fails_keeps_nobody_else_waiting(order, alice, bob, oscar, monkeypatch):
    begin(order, oscar)
    run(order)
    words = order_words.of

    def failing(notices: list[OrderNotice]):
        if any(each.account_id == alice.pk for each in notices):
            raise ValueError("a template that somebody broke")
        return words(notices)

    monkeypatch.setattr(order_words, "of", failing)
    now = timezone.now()
    assert order_notices.send_due(now) == 1
    assert OrderNotice.objects.get(account=bob).told_at is not None
    assert OrderNotice.objects.get(account=alice).told_at is None
    monkeypatch.undo()
    assert order_notices.send_due(now + order_notices.PAUSE) == 1


def test_suspension_that_cannot_be_ended_keeps_no_other_waiting(home, foreign, oscar, monkeypatch):
    ends_at = timezone.now() + timedelta(hours=1)
    first = suspensions.suspend(home, reason="phishing", by=oscar, ends_at=ends_at)
    suspensions.suspend(foreign, reason="phishing", by=oscar, ends_at=ends_at + timedelta(seconds=1))
    end = suspensions._end

    def failing(each: Suspension) -> bool:
        if each.pk == first.pk:
            raise RuntimeError("something nobody thought of")
        return end(each)

    monkeypatch.setattr(suspensions, "_end", failing)
    assert suspensions.end_due(ends_at + timedelta(minutes=1)) == 1
