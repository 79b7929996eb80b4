"""The queue of orders: for whom each waits, the nearest deadline first, sealed ones by need-to-know, few queries."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from abuse import order_queue
from abuse.models import Order, OrderGroup, OrderItem
from abuse.order_queue import Tab
from ddns import hostnames
from ddns.models import User
from tests.abuse import order_rows as rows
from tests.people import logged_in

pytestmark = pytest.mark.django_db
LIST = reverse("admin:abuse_order_changelist")


@pytest.fixture
def olivia(db):
    return rows.officer()


def due(hours: float):
    return timezone.now() + timedelta(hours=hours)


def shown(user, tab=Tab.DECIDE) -> list[str]:
    return [row.order.reference for row in order_queue.page(user, tab).rows]


def sealed(**fields) -> Order:
    return rows.order(sealed_until=due(24), **fields)


def test_nearest_deadline_is_first(oscar, olivia):
    rows.order(reference="late", due_at=due(30))
    rows.order(reference="soon", due_at=due(2))
    rows.order(reference="over", due_at=due(-1))
    assert shown(oscar) == ["over", "soon", "late"]


def test_each_order_waits_for_whom_it_waits(oscar, olivia):
    for state in Order.State.values:
        rows.order(reference=state, state=state)
    assert set(shown(oscar, Tab.DECIDE)) == {"received", "planned", "stopped"}
    assert shown(oscar, Tab.SECOND) == ["proposed"]
    assert set(shown(oscar, Tab.UNDER_WAY)) == {"acting", "proving", "undoing"}
    assert set(shown(oscar, Tab.ANSWERED)) == {"answered", "refused", "withdrawn"}
    assert len(shown(oscar, Tab.ALL)) == len(Order.State.values)
    assert order_queue.counts(oscar) == {Tab.DECIDE: 3, Tab.SECOND: 1, Tab.UNDER_WAY: 3}


def test_sealed_order_is_there_for_those_who_handle_it_alone(oscar, olivia, home):
    order = rows.planned([home], sealed_until=due(24), reference="secret 7")
    assert shown(oscar) == []
    assert order_queue.counts(oscar)[Tab.DECIDE] == 0
    assert order_queue.waiting(oscar).open_count == 0
    for text in ("secret", home.name, str(order.pk), "Example Police"):
        assert not order_queue.found(oscar, text).rows
    order.handlers.add(oscar)
    assert shown(oscar) == ["secret 7"]
    assert order_queue.found(oscar, home.name).rows


def test_seal_that_has_ended_hides_nothing(oscar, olivia):
    rows.order(reference="open again", sealed_until=due(-1))
    assert shown(oscar) == ["open again"]


def test_who_may_see_all_sealed_orders_sees_them_marked(oscar, olivia):
    sealed(reference="secret 7")
    oscar.user_permissions.add(Permission.objects.get(codename="view_sealed_order"))
    page = logged_in(User.objects.get(pk=oscar.pk)).get(LIST)
    assert "secret 7" in page.content.decode()
    assert ">sealed<" in page.content.decode()


@pytest.mark.parametrize(
    "text", ["12 Cr", "example police", "Olivia", "hxxp://HOME[.]ddns[.]test:8080/x", "home.ddns.test"]
)
def test_order_is_found_by_number_agency_officer_or_a_name_in_it(oscar, olivia, home, text):
    rows.planned([home])
    rows.order(reference="other", officer=olivia, agency=rows.agency("Another Office"))
    found = [row.order.reference for row in order_queue.found(oscar, text).rows]
    assert "12 Cr 345/26" in found
    if "home" in text.lower():
        assert len(found) == 1


def test_number_of_lines_is_that_of_the_groups_and_unknown_before_the_plan(oscar, olivia, home):
    order = rows.planned([home], reference="planned", due_at=due(1))
    OrderGroup.objects.create(order=order, key="never", item_count=41)
    rows.order(reference="new", due_at=due(2))
    assert [row.name_count for row in order_queue.page(oscar, Tab.DECIDE).rows] == [42, None]


def test_pages_follow_without_repetition(oscar, olivia, monkeypatch):
    monkeypatch.setattr(order_queue, "PAGE_ROWS", 2)
    for number in range(5):
        rows.order(reference=str(number), due_at=due(number + 1))
    pages = [order_queue.page(oscar, Tab.DECIDE, number=number) for number in (1, 2, 3)]
    assert [[row.order.reference for row in page.rows] for page in pages] == [["0", "1"], ["2", "3"], ["4"]]
    assert [page.has_next for page in pages] == [True, True, False]


def test_queue_asks_as_often_for_forty_orders_as_for_one(oscar, olivia, domain, alice, django_assert_max_num_queries):
    client = logged_in(oscar)
    rows.planned([hostnames.register(alice, domain=domain, label="first")])
    client.get(LIST)
    with django_assert_max_num_queries(12) as few:
        client.get(LIST)
    held = list(alice.hostnames.all())
    for _ in range(40):
        rows.planned(held).handlers.add(oscar)
    with django_assert_max_num_queries(12) as many:
        client.get(LIST)
    assert len(many) == len(few)


def test_clock_stands_still_once_it_is_answered(olivia):
    order = rows.order(due_at=due(-1))
    assert order_queue.clock_of(order).is_overdue
    order.state, order.answered_at = Order.State.ANSWERED, due(-2)
    clock = order_queue.clock_of(order)
    assert clock.is_over
    assert clock.left >= timedelta(minutes=59)


@pytest.mark.parametrize("tab", [*Tab, "nowhere"])
def test_every_part_has_words_for_being_empty(oscar, tab):
    assert "queue-empty" in logged_in(oscar).get(LIST, {"tab": tab}).content.decode()


def test_nothing_found_says_what_finds_something(oscar):
    page = logged_in(oscar).get(LIST, {"q": "<script>"}).content.decode()
    assert "No order is found by “&lt;script&gt;”" in page


def test_what_no_database_takes_finds_nothing(oscar, olivia, home):
    order = rows.planned([home])
    staff = logged_in(oscar)
    assert staff.get(LIST, {"q": "\0"}).status_code == 200
    for name in ("q", "outcome", "group", "state"):
        assert staff.get(reverse("admin:abuse_order_lines", args=[order.pk]), {name: "\0x"}).status_code == 200


def test_queue_is_for_staff_who_may_see_orders(client: Client, alice, clerk):
    assert client.get(LIST).status_code == 302
    assert "/admin/login/" in logged_in(alice).get(LIST)["Location"]
    assert logged_in(clerk).get(LIST).status_code == 403


def test_lines_of_an_order_are_not_mixed_with_anothers(oscar, olivia, home, foreign):
    mine, other = rows.planned([home]), rows.planned([foreign])
    assert OrderItem.objects.count() == 2
    page = logged_in(oscar).get(reverse("admin:abuse_order_lines", args=[mine.pk])).content.decode()
    assert home.name in page
    assert foreign.name not in page
    assert str(other.pk) not in page
