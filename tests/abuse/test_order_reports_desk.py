"""What stands on the desk after the act, and on its start page: effect reports to be saved, orders that wait, alarms."""

import json
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from abuse import effects, orders, receipts
from abuse.models import EffectReport, Order
from dnsupdate import alarms
from dnsupdate.models import Alarm
from tests.abuse import effect_rows
from tests.abuse import order_rows as rows
from tests.people import logged_in

pytestmark = pytest.mark.django_db
START = reverse("admin:index")


@pytest.fixture
def desk(oscar) -> Client:
    return logged_in(oscar)


@pytest.fixture
def report(home, oscar) -> EffectReport:
    """Of an act that no server has confirmed."""
    order = effect_rows.carry_out(rows.planned([home]), by=oscar)
    order.proving = {"of": "act", "since": timezone.now().isoformat(), "tries": 1, "serials": {}}
    order.save(update_fields=["proving"])
    return effects.report(order, of=EffectReport.Of.ACT)


def address(report: EffectReport, kind: str, order: Order | None = None) -> str:
    return reverse("admin:abuse_order_report", args=[(order or report.order).pk, report.pk, kind])


# --- Effect reports ---------------------------------------------------------------------------------------------


def test_report_is_saved_with_its_receipt_as_json_csv_and_pdf(desk, report, home):
    whole = desk.get(address(report, "json"))
    document = json.loads(whole.content)
    assert document["body"] == report.body
    assert receipts.verify(document["receipt"], receipts.keys_of(receipts.published_keys()))
    assert home.name in desk.get(address(report, "csv")).content.decode()
    assert desk.get(address(report, "pdf")).content.startswith(b"%PDF-")
    for kind in ("json", "csv", "pdf"):
        response = desk.get(address(report, kind))
        assert response["Content-Disposition"].startswith("attachment")
        assert response["X-Content-Type-Options"] == "nosniff"
        assert response["Content-Security-Policy"].startswith("sandbox")


def test_page_says_what_is_proven_and_links_the_receipt(desk, report):
    page = desk.get(reverse("admin:abuse_order_change", args=[report.order_id])).content.decode()
    assert "0 of 1 proven at every server" in page
    assert reverse("abuse_receipt", args=[report.receipt_id]) in page
    assert address(report, "pdf") in page


def test_report_is_found_on_its_own_order_alone(desk, report, foreign):
    other = rows.planned([foreign])
    assert desk.get(address(report, "json", other)).status_code == 404
    assert desk.get(address(report, "html")).status_code == 404


def test_report_is_closed_to_strangers_and_hidden_with_a_sealed_order(client, alice, clerk, desk, report):
    for each in (client, logged_in(alice)):
        assert "/login/" in each.get(address(report, "json"))["Location"]
    assert logged_in(clerk).get(address(report, "json")).status_code == 403
    Order.objects.update(sealed_until=timezone.now() + timedelta(days=3))
    assert desk.get(address(report, "json")).status_code == 404


# --- The start page ---------------------------------------------------------------------------------------------


def test_start_page_says_how_many_wait_and_which_is_due_next(desk, db):
    rows.officer()
    rows.order(reference="far", due_at=timezone.now() + timedelta(days=3))
    rows.order(reference="near", state="proposed", due_at=timezone.now() + timedelta(hours=2, minutes=5))
    page = desk.get(START).content.decode()
    assert "<strong>2</strong> orders open" in page
    assert "<strong>1</strong> for a second person" in page
    assert "<strong>2 h</strong> to the next deadline, near" in page


def test_start_page_says_what_is_overdue_and_links_alarms(root, db):
    rows.officer()
    rows.order(reference="late", due_at=timezone.now() - timedelta(hours=3, minutes=5))
    orders.watch()
    alarm = Alarm.objects.open().get(kind=Alarm.Kind.ORDER)
    page = logged_in(root).get(START).content.decode()
    assert "1 overdue" in page
    assert "<strong>3 h</strong> over the deadline of late" in page
    assert reverse("admin:dnsupdate_alarm_change", args=[alarm.pk]) in page
    alarms.close(Alarm.Kind.ORDER)
    assert alarm.text not in logged_in(root).get(START).content.decode()


def test_start_page_says_nothing_of_orders_to_who_may_not_see_them(clerk, db):
    rows.officer()
    rows.order(reference="secret 7")
    page = logged_in(clerk).get(START).content.decode()
    assert "secret 7" not in page
    assert "orders open" not in page


def test_start_page_hides_a_sealed_order_without_need_to_know(desk, db):
    rows.officer()
    rows.order(reference="secret 7", sealed_until=timezone.now() + timedelta(days=3))
    page = desk.get(START).content.decode()
    assert "secret 7" not in page
    assert "<strong>0</strong> orders open" in page
