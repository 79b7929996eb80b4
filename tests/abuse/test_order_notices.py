"""Notices of orders: who is told what, in which order, and of a sealed order nothing before its time."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from abuse import order_notices
from abuse.models import Order, OrderGroup, OrderItem, OrderNotice
from ddns import exports, hostnames
from ddns.models import Notification, User
from tests.abuse import order_rows

About = OrderNotice.About
Action = OrderGroup.Action


@pytest.fixture
def order(home, foreign) -> Order:
    """About a name of Alice's and one of Bob's, both suspended."""
    made = order_rows.planned([home, foreign], territorial_scope="Austria", redress="Appeal to the Court of Appeal.")
    act(made)
    return made


def act(order: Order) -> None:
    OrderItem.objects.filter(order=order).update(state=OrderItem.State.ACTED, acted_at=timezone.now())
    Order.objects.filter(pk=order.pk).update(state=Order.State.PROVING)


def undo(order: Order) -> None:
    OrderItem.objects.filter(order=order).update(state=OrderItem.State.UNDONE, undone_at=timezone.now())


def told(account: User) -> list[Notification]:
    return list(Notification.objects.filter(account=account, kind="statement").order_by("pk"))


def send(later: timedelta = timedelta(0)) -> int:
    return order_notices.send_due(timezone.now() + later)


def test_customers_are_told_who_ordered_what_and_what_they_can_do(order, alice, bob, home, foreign):
    order_notices.queue(order, About.NAMES, [alice.pk, bob.pk])
    assert send() == 2
    (notification,) = told(alice)
    assert notification.details["headline"] == f"{home.name}: carried out an authority's order"
    text = notification.details["text"]
    for said in ("Example Police, AT", "12 Cr 345/26", "Section 1 of the Example Act", "Austria", "Court of Appeal"):
        assert said in text
    assert (
        f"Out of DNS, so that nobody reaches anything by these names, and devices that update them are refused: \n- {home.name}"
        in text
    )
    assert "Diverted" not in text
    assert foreign.name not in text
    notice = OrderNotice.objects.get(account=alice)
    assert (notice.subject, notice.text, notice.language) == (notification.details["headline"], text, "en")


def test_twice_is_once(order, alice):
    for _ in range(2):
        order_notices.queue(order, About.NAMES, [alice.pk])
        send()
    assert len(told(alice)) == 1


def test_each_is_told_in_their_language(order, alice, bob):
    User.objects.filter(pk=bob.pk).update(language="de")
    order_notices.queue(order, About.NAMES, [alice.pk, bob.pk])
    send()
    assert "Nicht mehr im DNS" in told(bob)[0].details["text"]
    assert "Out of DNS" in told(alice)[0].details["text"]


def test_sealed_order_is_told_when_the_seal_ends_and_what_followed_after_it(order, alice):
    """Undone before: both notices come, in order."""
    seal(order, timedelta(days=30))
    order_notices.queue(order, About.NAMES, [alice.pk])
    undo(order)
    order_notices.queue(order, About.RETURN, [alice.pk])
    assert send(timedelta(days=29)) == 0
    assert told(alice) == []
    assert send(timedelta(days=31)) == 2
    first, second = told(alice)
    assert "carried out" in first.details["headline"]
    assert "Out of DNS" in first.details["text"]
    assert "was undone" in second.details["headline"]


def test_seal_that_is_prolonged_holds(order, alice):
    seal(order, timedelta(days=1))
    order_notices.queue(order, About.NAMES, [alice.pk])
    seal(order, timedelta(days=10))
    assert send(timedelta(days=2)) == 0
    assert send(timedelta(days=11)) == 1


def seal(order: Order, time: timedelta) -> None:
    order.sealed_until = timezone.now() + time
    order.save(update_fields=["sealed_until"])


def test_nobody_is_told_half_while_it_is_carried_out(order, alice):
    Order.objects.filter(pk=order.pk).update(state=Order.State.ACTING)
    order_notices.queue(order, About.NAMES, [alice.pk])
    assert send() == 0
    Order.objects.filter(pk=order.pk).update(state=Order.State.STOPPED)
    assert send() == 1


def test_more_names_after_a_stop_are_told_anew(order, alice):
    order_notices.queue(order, About.NAMES, [alice.pk])
    send()
    act(order)
    order_notices.queue(order, About.NAMES, [alice.pk])
    assert send() == 1
    assert len(told(alice)) == 2


def test_many_names_are_listed_up_to_fifty_and_counted(alice, domain):
    many = [hostnames.register(alice, domain=domain, label=f"n{number}") for number in range(20)]
    order = order_rows.planned(many)
    rows = [
        OrderItem(
            order=order, position=100 + n, text="x", name=f"x{n}.ddns.test", outcome="live", group="live", account=alice
        )
        for n in range(40)
    ]
    OrderItem.objects.bulk_create(rows)
    act(order)
    order_notices.queue(order, About.NAMES, [alice.pk])
    send()
    (notification,) = told(alice)
    assert notification.details["text"].count("\n- ") == 50
    assert "And more names of yours: 10." in notification.details["text"]
    assert "(+59)" in notification.details["headline"]


def test_names_are_said_under_what_was_done_to_them(alice, bob, home, foreign):
    order = order_rows.planned([home], action=Action.HOLD)
    act(order)
    order_notices.queue(order, About.NAMES, [alice.pk])
    send()
    text = told(alice)[0].details["text"]
    assert f"change no more: \n- {home.name}" in text
    assert "Out of DNS, so" not in text


def test_reasons_are_told_without_addresses_and_numbers_of_people(home, alice):
    order = order_rows.planned([home], reasons="Reported by trudy@watchers.example, +43 1 555 0123.")
    act(order)
    order_notices.queue(order, About.NAMES, [alice.pk])
    send()
    text = told(alice)[0].details["text"]
    assert "trudy@" not in text
    assert "555 0123" not in text
    assert order.contact not in text


def test_account_that_was_forgotten_is_told_nothing(order, alice):
    User.objects.filter(pk=alice.pk).update(forgotten_at=timezone.now())
    order_notices.queue(order, About.NAMES, [alice.pk])
    assert send() == 1
    assert told(alice) == []


def test_queries_do_not_grow_with_customers(
    order, alice, bob, django_assert_num_queries, django_assert_max_num_queries
):
    order_notices.queue(order, About.NAMES, [alice.pk])
    with django_assert_max_num_queries(20) as one:
        send()
    OrderNotice.objects.all().delete()
    order_notices.queue(order, About.NAMES, [alice.pk, bob.pk])
    with django_assert_num_queries(len(one.captured_queries)):
        send()


def test_export_has_what_was_told_and_nothing_that_is_sealed(order, alice):
    seal(order, timedelta(days=30))
    order_notices.queue(order, About.NAMES, [alice.pk])
    send()
    assert "12 Cr 345/26" not in "".join(exports.document(alice))
    send(timedelta(days=31))
    document = json.loads("".join(exports.document(alice)))
    assert [each["about"] for each in document["orders"]] == ["names"]


def test_stranger_gets_nothing_of_it_in_their_export(order, alice, bob):
    order_notices.queue(order, About.NAMES, [alice.pk])
    send()
    assert json.loads("".join(exports.document(bob)))["orders"] == []
