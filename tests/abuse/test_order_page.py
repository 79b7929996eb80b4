"""The page of an order: who asks, what the plan says, its lines and papers, for whom it is; the same queries for any list."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from abuse.models import LedgerEntry, Order, OrderGroup, OrderItem, Vetting
from ddns.models import User
from tests.abuse import order_rows as rows
from tests.people import logged_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(home) -> Order:
    """With a line for Alice's name and one that names nothing."""
    made = rows.planned([home])
    add(made, outcome="invalid", text="=cmd|' /C calc'!A0", note="no host in it")
    return made


@pytest.fixture
def desk(oscar) -> Client:
    return logged_in(oscar)


def add(order: Order, **fields) -> OrderItem:
    position = OrderItem.objects.filter(order=order).count() + 1
    values = {"position": position, "group": fields["outcome"], "text": fields.get("name", ""), **fields}
    group, _ = OrderGroup.objects.get_or_create(order=order, key=values["group"], defaults={"item_count": 0})
    group.item_count += 1
    group.save()
    return OrderItem.objects.create(order=order, **values)


def address(order: Order, page: str = "change", *more) -> str:
    return reverse(f"admin:abuse_order_{page}", args=[order.pk, *more])


def words(client: Client, order: Order, page: str = "change", **query) -> str:
    response = client.get(address(order, page), query)
    assert response.status_code == 200
    return response.content.decode()


# --- The screen -------------------------------------------------------------------------------------------------


def test_page_says_who_asks_and_who_vetted_them(desk, order, oscar, root):
    Vetting.objects.create(
        officer=order.officer, step="call", by=oscar, called_number="1", number_source="2", spoke_with="3"
    )
    Vetting.objects.create(officer=order.officer, step="confirm", by=root)
    page = words(desk, order)
    assert "Olivia Example" in page
    assert "by oscar@example.com and root@example.com" in page
    assert "Regional Court of Example" in page
    assert "Section 1 of the Example Act" in page


def test_page_says_that_nobody_vetted_the_officer(desk, order):
    assert "No vetting by two is recorded." in words(desk, order)


def test_counts_of_the_groups_add_up_to_the_lines(desk, order):
    assert "2 lines, and the groups add up to them" in words(desk, order)
    OrderGroup.objects.filter(order=order, key="live").update(item_count=7)
    assert "The plan does not add up" in words(desk, order)


def test_what_strangers_wrote_is_escaped(desk, order):
    hostile = "<script>alert(1)</script>"
    Order.objects.filter(pk=order.pk).update(
        reasons=hostile, contact=hostile, reference=hostile, legal_basis=hostile, plan_problem=hostile
    )
    OrderItem.objects.filter(order=order).update(text=hostile, note=hostile)
    for page in ("change", "lines"):
        assert "<script>alert" not in words(desk, order, page)


def test_page_says_when_the_world_sees_it(desk, order):
    assert "the world sees it within" in words(desk, order)
    OrderGroup.objects.filter(order=order).update(action="none")
    assert "Nothing changes in DNS." in words(desk, order)


def test_page_of_a_frozen_officers_order_warns(desk, order, root):
    order.officer.__class__.objects.update(
        state="frozen", frozen_at=timezone.now(), frozen_reason="Her mailbox was taken over.", frozen_by=root
    )
    assert "Her mailbox was taken over." in words(desk, order)


def test_page_asks_as_often_for_a_long_list_as_for_a_short_one(desk, order, django_assert_max_num_queries):
    words(desk, order)
    with django_assert_max_num_queries(32) as few:
        words(desk, order)
    for number in range(60):
        add(order, outcome="never", name=f"never{number}.ddns.test")
    with django_assert_max_num_queries(32) as many:
        words(desk, order)
    assert len(many) == len(few)


def test_order_without_a_plan_says_that_it_is_being_read(desk, db):
    rows.officer()
    assert "The list is being read." in words(desk, rows.order(names="home.ddns.test"))


# --- Lines ------------------------------------------------------------------------------------------------------


def test_lines_are_found_by_outcome_group_state_and_text(desk, order, home):
    add(order, outcome="never", name="never.ddns.test")
    for query, found in [
        ({"outcome": "never"}, "1 of the list"),
        ({"group": "live"}, "1 of the list"),
        ({"state": "listed"}, "3 of the list"),
        ({"state": "acted"}, "0 of the list"),
        ({"q": "hxxp://home[.]ddns[.]test/"}, "1 of the list"),
        ({"q": "calc"}, "1 of the list"),
        ({"outcome": "nowhere"}, "No line is like that."),
    ]:
        assert found in words(desk, order, "lines", **query), query


def test_lines_follow_page_by_page_without_gap(desk, order, monkeypatch):
    monkeypatch.setattr("abuse.order_lines.PAGE_ROWS", 2)
    for number in range(4):
        add(order, outcome="never", name=f"never{number}.ddns.test")
    first = words(desk, order, "lines")
    assert "after=2" in first
    assert "never0" not in first
    assert "never0" in words(desk, order, "lines", after="2")
    assert "after=" not in words(desk, order, "lines", after="4").replace("after=4", "")


def test_lines_ask_as_often_for_two_hundred_as_for_one(desk, order, alice, home, django_assert_max_num_queries):
    words(desk, order, "lines")
    with django_assert_max_num_queries(12) as few:
        words(desk, order, "lines")
    for number in range(150):
        add(order, outcome="live", name=f"n{number}.ddns.test", account=alice, hostname=home)
    with django_assert_max_num_queries(12) as many:
        words(desk, order, "lines")
    assert len(many) == len(few)


def test_table_is_saved_with_every_line_and_no_formula(desk, order, home):
    response = desk.get(address(order, "lines_csv"))
    table = b"".join(response.streaming_content).decode()
    assert table.count("\r\n") == 3
    assert home.name in table
    assert "'=cmd" in table
    assert home.account.email not in table
    assert response["Content-Disposition"].startswith("attachment")
    assert response["X-Content-Type-Options"] == "nosniff"


# --- Papers -----------------------------------------------------------------------------------------------------


def test_paper_is_saved_as_it_came_and_the_look_is_in_the_ledger(desk, order, oscar):
    file = order.files.get()
    file.filename, file.content_type = '../a"b\n<x>.html', "text/html"
    file.save()
    response = desk.post(address(order, "file", file.pk))
    assert response.content == bytes(file.blob.content)
    assert response["Content-Type"] == "application/octet-stream"
    assert response["Content-Disposition"] == f'attachment; filename="order-{order.pk}-a_b_x_.html"'
    assert response["Content-Security-Policy"].startswith("sandbox")
    assert response["X-Content-Type-Options"] == "nosniff"
    look = LedgerEntry.objects.get(action="look")
    assert (look.actor, look.object, look.details["sha256"]) == (oscar, f"order {order.pk}", file.blob_id)


def test_no_link_makes_somebody_have_looked(desk, order):
    assert desk.get(address(order, "file", order.files.get().pk)).status_code == 405
    assert not LedgerEntry.objects.filter(action="look").exists()


def test_paper_of_another_order_is_not_there(desk, order, foreign):
    other = rows.planned([foreign])
    assert desk.post(address(order, "file", other.files.get().pk)).status_code == 404


# --- For whom it is ---------------------------------------------------------------------------------------------


def test_every_page_of_an_order_is_closed_to_strangers_customers_and_staff_without_the_right(
    client, alice, clerk, order
):
    file = order.files.get().pk
    for page, more in [("change", ()), ("lines", ()), ("lines_csv", ()), ("file", (file,))]:
        for each in (client, logged_in(alice)):
            assert "/login/" in each.post(address(order, page, *more))["Location"], page
        assert logged_in(clerk).post(address(order, page, *more)).status_code == 403, page


def test_sealed_order_is_not_there_without_need_to_know(desk, order, oscar):
    Order.objects.update(sealed_until=timezone.now() + timedelta(days=3))
    file = order.files.get().pk
    for page, more in [("change", ()), ("lines", ()), ("lines_csv", ()), ("file", (file,))]:
        assert desk.post(address(order, page, *more)).status_code == 404, page
    order.handlers.add(oscar)
    assert "sealed until" in words(desk, order)


def test_number_that_is_none_is_not_there(desk):
    assert desk.get("/admin/abuse/order/00000000-0000-4000-8000-000000000000/").status_code == 404
    assert desk.get("/admin/abuse/order/1/").status_code == 404


def test_clerk_with_the_right_to_see_is_offered_no_step(order, clerk):
    from django.contrib.auth.models import Permission

    clerk.user_permissions.add(Permission.objects.get(codename="view_order"))
    page = words(logged_in(User.objects.get(pk=clerk.pk)), order)
    assert "There is nothing for you to do here." in page
