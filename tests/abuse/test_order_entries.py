"""Orders entered at the desk: for officers in office, who were called back; what is wrong is said by field."""

import pytest
from django.contrib.auth.models import Group
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from abuse import roles
from abuse.models import LedgerEntry, Officer, Order, OrderFile, Receipt
from ddns.models import User
from tests.abuse import order_rows as rows
from tests.people import logged_in

pytestmark = pytest.mark.django_db
PAGE = reverse("admin:abuse_order_enter")


@pytest.fixture
def olivia(db) -> Officer:
    return rows.officer()


def said(olivia: Officer, **fields) -> dict:
    return {
        "officer": olivia.pk,
        "checked": "Called back at +43 1 555 0100, spoke with Olivia.",
        "kind": "takedown",
        "instrument": "court_order",
        "reference": "12 Cr 345/26",
        "issuing_authority": "Regional Court of Example",
        "legal_basis": "Section 1 of the Example Act",
        "reasons": "The names control malware.",
        "redress": "Appeal to the Higher Court of Example.",
        "contact": "Olivia Example, +43 1 555 0199",
        "names": "home[.]ddns.test\nwww.example.org\n",
        "paper": SimpleUploadedFile("order.pdf", b"%PDF-1.7 an order", "application/pdf"),
        **fields,
    }


def send(user: User, fields: dict) -> str:
    return logged_in(user).post(PAGE, fields, follow=True).content.decode()


def test_order_is_filed_for_the_officer_with_receipt_and_ledger(oscar, olivia):
    assert "Filed, with a receipt." in send(oscar, said(olivia))
    order = Order.objects.get()
    assert (order.officer, order.agency, order.door) == (olivia, olivia.agency, Order.Door.DESK)
    assert list(order.handlers.all()) == [oscar]
    names = order.files.get(role=OrderFile.Role.NAMES)
    assert bytes(names.blob.content) == b"home[.]ddns.test\r\nwww.example.org\r\n" or b"home[.]" in bytes(
        names.blob.content
    )
    assert Receipt.objects.filter(kind=Receipt.Kind.ORDER, order=order).exists()
    entry = LedgerEntry.objects.get(action="enter-order")
    assert (entry.actor, entry.object) == (oscar, f"order {order.pk}")
    assert "+43 1 555 0100" in entry.reason


def test_list_may_be_a_file(oscar, olivia):
    listed = SimpleUploadedFile("names.csv", b"home.ddns.test\n", "text/csv")
    assert "Filed" in send(oscar, said(olivia, names="", names_file=listed))
    assert OrderFile.objects.get(role=OrderFile.Role.NAMES).filename == "names.csv"
    both = SimpleUploadedFile("names.csv", b"other.ddns.test\n", "text/csv")
    assert "one of both" in send(oscar, said(olivia, names_file=both))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"checked": " "}, "This field is required."),
        ({"redress": ""}, "What can the customers do against it?"),
        ({"names": " "}, "Which names is it about?"),
        ({"kind": "preservation"}, "For how long: 60, 90 or 365 days."),
        ({"kind": "information"}, "Which records"),
        ({"paper": ""}, "The order itself is missing"),
        ({"sealed_until_0": "2999-01-01", "sealed_until_1": "00:00"}, "A year at most"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_stored(oscar, olivia, fields, words):
    assert words in send(oscar, said(olivia, **fields))
    assert not Order.objects.exists()


def test_information_and_preservation_are_entered_too(oscar, olivia):
    assert "Filed" in send(oscar, said(olivia, kind="information", parts=["subscriber", "log_ins"]))
    assert Order.objects.get(kind="information").wanted_records["parts"] == ["subscriber", "log_ins"]
    assert "Filed" in send(oscar, said(olivia, kind="preservation", hold_days="90"))
    assert Order.objects.get(kind="preservation").hold_days == 90


def test_same_order_is_filed_twice_only_when_it_is_meant(oscar, olivia):
    send(oscar, said(olivia))
    assert "very same order" in send(oscar, said(olivia))
    assert Order.objects.count() == 1
    send(oscar, said(olivia, is_meant_twice="on"))
    assert Order.objects.count() == 2


def test_only_officers_in_office_can_be_chosen(oscar, olivia):
    frozen = rows.officer("frozen@police.example", state="frozen", frozen_at=timezone.now(), frozen_reason="forged")
    applied = rows.officer("new@police.example", state="applied")
    page = logged_in(oscar).get(PAGE).content.decode()
    assert f'value="{olivia.pk}"' in page
    for officer in (frozen, applied):
        assert f'<option value="{officer.pk}"' not in page
        assert "Select a valid choice" in send(oscar, said(officer))
    assert not Order.objects.exists()


def test_page_is_for_whoever_may_act_on_orders(client, alice, clerk, olivia):
    auditor = User.objects.create_user("auditor@example.com", is_staff=True)
    roles.make_missing()
    auditor.groups.add(Group.objects.get(name=roles.AUDITOR))
    for each in (client, logged_in(alice)):
        assert "/login/" in each.post(PAGE, said(olivia))["Location"]
    for user in (clerk, auditor):
        assert logged_in(user).get(PAGE).status_code == 403
        assert logged_in(user).post(PAGE, said(olivia)).status_code == 403
    assert not Order.objects.exists()
