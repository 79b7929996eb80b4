"""Sealed orders: hidden from staff who do not handle them, and from customers, wherever they leave a trace."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from abuse import holds, ledger, order_handlers, order_notices, orders, plans, receipts, restricted
from abuse.errors import NotAllowed
from abuse.models import LedgerEntry, Order, OrderItem, OrderNotice, Receipt, Suspension
from ddns import exports
from ddns.models import Hostname, Notification
from dnsupdate.models import Alarm
from tests.abuse import order_rows
from tests.abuse.stories import open_case
from tests.people import logged_in

SECRET = "Operation Nightfall"


@pytest.fixture
def sealed(olivia, home, sam) -> Order:
    """It has suspended Alice's name."""
    until = timezone.now() + timedelta(days=30)
    order = order_rows.planned([home], by=olivia, sealed_until=until, reference=SECRET)
    item = OrderItem.objects.get(order=order)
    OrderItem.objects.filter(pk=item.pk).update(state=OrderItem.State.ACTED, acted_at=timezone.now())
    Suspension.objects.create(hostname=home, order_item=item, reason=SECRET, decided_by=sam, decided_at=timezone.now())
    ledger.append(
        actor=sam, action="act-order", object=f"order {order.pk}", reason=SECRET, details={"order": str(order.pk)}
    )
    ledger.append(actor=sam, action="other", object="officer 1", reason=SECRET, details={"order": str(order.pk)})
    receipts.issue(Receipt.Kind.EFFECT, {"order": str(order.pk), "sha256": "0" * 64}, order=order)
    order_notices.queue(order, OrderNotice.About.NAMES, [home.account_id])
    return order


def pages(order: Order, home: Hostname) -> list[str]:
    return [
        "/admin/",
        "/admin/abuse/ledgerentry/",
        "/admin/abuse/ledgerentry/?q=Nightfall",
        "/admin/abuse/suspension/",
        "/admin/abuse/suspension/?q=Nightfall",
        f"/admin/ddns/hostname/{home.pk}/change/",
        f"/admin/ddns/user/{home.account_id}/change/",
        "/admin/abuse/order/",
        "/admin/abuse/order/?q=Nightfall",
        "/admin/abuse/hold/",
        "/admin/abuse/disclosure/",
        f"/admin/abuse/officer/{order.officer_id}/change/",
    ]


def test_staff_without_need_to_know_find_it_nowhere(sealed, home, oscar, lisa):
    for person in (oscar, lisa):
        client = logged_in(person)
        for address in pages(sealed, home):
            shown = client.get(address, follow=True).content.decode().replace('value="Nightfall"', "")
            assert SECRET not in shown, address
            assert str(sealed.pk) not in shown, address
        entry = LedgerEntry.objects.filter(details__order=str(sealed.pk)).first()
        assert client.get(f"/admin/abuse/ledgerentry/{entry.pk}/change/").status_code in (302, 404)


def test_page_of_the_name_says_that_it_is_out_of_dns_and_not_why(sealed, home, oscar):
    (suspension,) = restricted.without_reasons(Suspension.objects.select_related("decision", "order_item"), oscar)
    assert suspension.reason == restricted.SEALED
    assert restricted.SEALED in logged_in(oscar).get(f"/admin/ddns/hostname/{home.pk}/change/").content.decode()


def test_page_of_a_case_says_nothing_of_a_hold_that_is_sealed(sealed, home, oscar, sam):
    case, now = open_case(home), timezone.now()
    holds.place_all(sealed, [home.account_id], now=now)
    assert "preserved until" not in case_page(case, oscar)
    assert "preserved until" in case_page(case, sam)
    seen = order_rows.order(sealed.officer, hold_days=60)
    holds.place_all(seen, [home.account_id], now=now)
    assert f"preserved until {now + timedelta(days=60):%Y-%m-%d}" in case_page(case, oscar)


def case_page(case, user) -> str:
    return logged_in(user).get(f"/admin/abuse/case/{case.pk}/").content.decode()


def test_alarms_name_no_sealed_order(sealed, home):
    Order.objects.update(due_at=timezone.now())
    orders.watch()
    holds.place_all(sealed, [home.account_id], now=timezone.now())
    holds.watch(timezone.now() + timedelta(days=80))
    texts = list(Alarm.objects.open().values_list("text", flat=True))
    assert len(texts) == 2
    assert not any(str(sealed.pk) in text for text in texts)


def test_verbs_refuse_who_is_not_named_for_it(sealed, oscar):
    for verb in (
        lambda: orders.refuse(sealed, by=oscar, reason="No."),
        lambda: orders.answer(sealed, by=oscar, text="No."),
        lambda: orders.release_preview(sealed, by=oscar),
        lambda: plans.decide(sealed, groups={}, by=oscar),
        lambda: order_handlers.assign(sealed, handlers=[oscar], by=oscar),
    ):
        with pytest.raises(NotAllowed, match="sealed"):
            verb()


def test_who_handles_it_sees_it_and_who_may_see_all(sealed, oscar, sam, root):
    sealed.handlers.add(oscar)
    for person in (oscar, sam, root):
        assert restricted.hidden_orders(person) == []
        assert restricted.entries(person).filter(reason=SECRET).count() == 2
        (suspension,) = restricted.without_reasons(Suspension.objects.all(), person)
        assert suspension.reason == SECRET


def test_everybody_sees_it_when_the_seal_ends(sealed, oscar):
    assert not restricted.entries(oscar).filter(reason=SECRET).exists()
    Order.objects.update(sealed_until=timezone.now() - timedelta(seconds=1))
    assert restricted.entries(oscar).filter(reason=SECRET).count() == 2


def test_entries_about_anything_else_stay(sealed, oscar):
    ledger.append(actor=None, action="lift", object="hostname a.ddns.test", reason="Over.")
    ledger.append(actor=None, action="x", object="case 1", reason="Over.", details={"order": "another"})
    assert restricted.entries(oscar).filter(reason="Over.").count() == 2


def test_customer_sees_that_it_is_suspended_and_nothing_else(sealed, alice, home):
    order_notices.send_due(timezone.now())
    assert not Notification.objects.filter(account=alice, kind="statement").exists()
    client = logged_in(alice)
    texts = ["".join(exports.document(alice))]
    for address in ("/", f"/hostnames/{home.name}/", "/notifications/", "/abuse/cases/", "/history/"):
        texts.append(client.get(address, follow=True).content.decode())
    for text in texts:
        for trace in (SECRET, "Example Police", str(sealed.pk)):
            assert trace not in text
    assert json.loads(texts[0])["orders"] == []


def test_receipt_of_a_sealed_order_says_hashes_alone(sealed, client):
    receipt = Receipt.objects.get(kind=Receipt.Kind.EFFECT)
    page = client.get(f"/abuse/receipts/{receipt.pk}/").content.decode()
    for trace in (SECRET, "Example Police", "home.ddns.test", "alice"):
        assert trace not in page
        assert trace not in receipt.payload
