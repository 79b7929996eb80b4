"""The portal: officers file, see what is their agency's, nothing of customers before it is told; strangers see nothing."""

import re
import uuid
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from abuse import order_pages, orders, receipts
from abuse.forms.orders import MAX_REQUEST
from abuse.models import EffectReport, LedgerEntry, Officer, Order, OrderItem, Receipt
from tests.abuse import order_rows
from tests.abuse.officer_people import with_second_factor
from tests.abuse.portal_rows import NAMES, PDF, filed
from tests.people import logged_in

pytestmark = pytest.mark.django_db

LIST, NEW = "/authorities/orders/", "/authorities/orders/new/"
TYPED = {
    "names": NAMES,
    "instrument": "court_order",
    "reference": "12 Cr 345/26",
    "issuing_authority": "Regional Court of Example",
    "legal_basis": "Section 1 of the Example Act",
    "reasons": "The names control malware.",
    "redress": "Appeal to the Higher Court of Example.",
    "contact": "Olivia Example, +43 1 555 0199",
    "wanted_effect": "nxdomain",
}


@pytest.fixture
def olivia(db) -> Officer:
    return order_rows.officer()


@pytest.fixture
def portal(olivia) -> Client:
    return with_second_factor(olivia)


@pytest.fixture
def foreigner(db) -> Client:
    """An officer of another agency."""
    other = order_rows.agency("Other Police", mail_domains=["other.example"])
    return with_second_factor(order_rows.officer("oona@other.example", agency=other))


@pytest.fixture
def planned(olivia, home, domain) -> Order:
    """Lines of each kind: Alice's home, one that never was, one foreign, one that is no name, one repeated."""
    order = order_rows.planned([home], by=olivia)
    more = [
        ("gone.ddns.test", "gone.ddns.test", "never", ""),
        ("www.example.org", "www.example.org", "not_ours", "It is under no domain of ours."),
        ("=cmd|calc", "", "invalid", "It names no host."),
        ("HOME.ddns.test", "home.ddns.test", "repeated", "Line 1."),
        ("ns1.ddns.test", "ns1.ddns.test", "protected", "Kept for us, says Oscar."),
    ]
    OrderItem.objects.bulk_create(
        OrderItem(order=order, position=number, text=text, name=name, outcome=outcome, note=note)
        for number, (text, name, outcome, note) in enumerate(more, 2)
    )
    return order


def paper(content: bytes = PDF, name: str = "order.pdf") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, "application/pdf")


def post(client: Client, kind: str = "takedown", **typed):
    return client.post(f"{NEW}?kind={kind}", {**TYPED, "papers": paper(), **typed})


def page_of(order: Order, part: str = "") -> str:
    return f"{LIST}{order.pk}/{part}"


# --- Filing -------------------------------------------------------------------------------------------------


def test_kind_is_chosen_first(portal):
    page = portal.get(NEW)

    assert page.status_code == 200
    assert all(f'value="{kind}"' in page.content.decode() for kind in Order.Kind.values)
    assert "There is no such kind" in portal.get(f"{NEW}?kind=arrest").content.decode()


@pytest.mark.parametrize("kind", Order.Kind.values)
def test_form_asks_what_the_kind_needs(portal, kind):
    fields = set(re.findall(r'name="(\w+)"', portal.get(f"{NEW}?kind={kind}").content.decode()))

    assert fields >= {"names", "names_files", "papers", "reference", "sealed_until", "due_at", "contact"}
    assert ("wanted_effect" in fields) == (kind == "takedown")
    assert ("hold_days" in fields) == (kind == "preservation")
    assert ("parts" in fields) == (kind in ("information", "emergency"))


def test_order_is_filed_with_what_was_typed_and_uploaded(portal, olivia):
    answer = post(
        portal, names_files=SimpleUploadedFile("more.csv", b"name\nb.ddns.test\n"), ends_at="2999-01-01T12:00"
    )

    order = Order.objects.get()
    assert answer["Location"] == page_of(order)
    assert (order.officer, order.door, order.source) == (olivia, "portal", "127.0.0.1")
    assert order.ends_at.isoformat() == "2999-01-01T12:00:00+00:00"
    assert [bytes(each.blob.content) for each in order.files.all()] == [
        PDF,
        NAMES.strip().encode(),
        b"name\nb.ddns.test\n",
    ]


def test_page_shows_receipt_hashes_and_deadline(portal, olivia):
    order = filed(olivia)

    page = portal.get(page_of(order)).content.decode()

    assert str(order.receipts.get().pk) in page
    assert all(each.blob_id in page for each in order.files.all())
    assert f"{order.due_at:%Y-%m-%d %H:%M} UTC" in page


def test_preservation_and_information_are_filed(portal):
    post(portal, "preservation", hold_days="90")
    post(portal, "information", parts=["subscriber", "log_ins"], since="2026-10-01T00:00", reference="2")

    kept, asked = Order.objects.order_by("filed_at")
    assert (kept.hold_days, kept.wanted_effect) == (90, "none")
    assert asked.wanted_records == {
        "parts": ["subscriber", "log_ins"],
        "since": "2026-10-01T00:00:00+00:00",
        "until": None,
    }


def test_sealed_order_is_filed(portal):
    until = timezone.now() + timedelta(days=30)
    post(portal, sealed_until=f"{until:%Y-%m-%dT%H:%M}", seal_ground="Section 9 of the Example Act", redress="")

    order = Order.objects.get()
    assert order.sealed_until == until.replace(second=0, microsecond=0)
    assert order.seal_ground == "Section 9 of the Example Act"
    assert "sealed" in portal.get(LIST).content.decode()


def test_what_is_wrong_stands_at_its_field_and_what_was_typed_stays(portal):
    answer = post(portal, redress="", names="\n", reasons="Because <b>.", due_at="2001-01-01T00:00")

    page = answer.content.decode()
    assert answer.status_code == 200
    assert not Order.objects.exists()
    assert "This lies in the past." in page
    assert "What can the customers do against it?" in page
    assert "Which names is it about?" in page
    assert "Because &lt;b&gt;." in page
    assert "Browsers forget files" in page


def test_form_sent_twice_is_one_order(portal):
    once = str(uuid.uuid4())

    first, second = post(portal, once=once), post(portal, once=once)

    assert first["Location"] == second["Location"]
    assert Order.objects.count() == 1


def test_form_sent_again_with_other_content_says_so_and_files_then(portal):
    once = str(uuid.uuid4())
    post(portal, once=once)

    answer = post(portal, once=once, reference="another")
    again = re.search(r'name="once" value="([^"]+)"', answer.content.decode())[1]

    assert Order.objects.count() == 1
    assert post(portal, once=again, reference="another").status_code == 302


def test_same_order_is_pointed_to_and_filed_where_that_is_meant(portal, olivia):
    post(portal)

    page = post(portal).content.decode()
    assert page_of(Order.objects.get()) in page
    assert post(portal, is_meant_twice="on").status_code == 302
    assert Order.objects.count() == 2


def test_limits_of_an_officer_are_said_at_the_form(portal, settings):
    settings.ORDERS_PER_OFFICER = 0

    assert "more than one officer may file" in post(portal).content.decode()
    assert not Order.objects.exists()


def test_too_big_a_body_is_refused_before_it_is_read(portal, monkeypatch):
    monkeypatch.setattr("django.http.multipartparser.MultiPartParser.parse", lambda *_: pytest.fail("was read"))

    answer = portal.generic(
        "POST",
        f"{NEW}?kind=takedown",
        b"x",
        content_type="multipart/form-data; boundary=x",
        CONTENT_LENGTH=str(MAX_REQUEST + 1),
    )

    assert answer.status_code == 413


def test_hostile_files_are_stored_and_never_opened(portal):
    bomb = b"PK\x03\x04" + b"\x00" * 500 + b"<script>alert(1)</script>"

    post(portal, papers=paper(bomb, "../../<script>.pdf"), names="<script>alert(1)</script>\nhome.ddns.test")

    order = Order.objects.get()
    page = portal.get(page_of(order)).content.decode()
    assert bytes(order.files.first().blob.content) == bomb
    assert "<script>alert" not in page
    assert "&lt;script&gt;.pdf" in page


def test_form_of_another_site_files_nothing(olivia):
    portal = with_second_factor(olivia)
    client = Client(enforce_csrf_checks=True)
    client.cookies = portal.cookies

    assert post(client).status_code == 403
    assert not Order.objects.exists()


# --- What is shown ------------------------------------------------------------------------------------------


def test_lines_say_nothing_of_customers_before_it_is_told(portal, planned):
    page = portal.get(page_of(planned, "lines/")).content.decode()
    table = portal.get(page_of(planned, "lines.csv")).content.decode()

    for text in (page, table):
        assert "It is under no domain of ours." in text
        assert "Oscar" not in text
    rows = [line.split(",")[3] for line in table.splitlines()[1:]]
    assert rows == ["", "", "not_ours", "invalid", "repeated", ""]
    assert portal.get(page_of(planned, "lines/?outcome=live")).context["page"].paginator.count == 6
    assert portal.get(page_of(planned, "lines/?outcome=looked_at")).context["page"].paginator.count == 3


def test_released_plan_shows_each_line(portal, planned, oscar):
    orders.release_preview(planned, by=oscar)

    table = portal.get(page_of(planned, "lines.csv")).content.decode()

    rows = [line.split(",")[3] for line in table.splitlines()[1:]]
    assert rows == ["live", "never", "not_ours", "invalid", "repeated", "protected"]
    assert "Oscar" not in table
    assert LedgerEntry.objects.get(action="release-preview").actor == oscar


def test_answered_order_shows_answer_and_lines(portal, planned, oscar):
    orders.answer(planned, by=oscar, text="Done <b>so</b>.")

    page = portal.get(page_of(planned)).content.decode()
    assert "Done &lt;b&gt;so&lt;/b&gt;." in page
    assert portal.get(page_of(planned, "lines/?outcome=live")).context["page"].paginator.count == 1


def test_refused_order_shows_why_and_no_lines(portal, planned, oscar):
    orders.refuse(planned, by=oscar, reason="It names no court.")

    assert "It names no court." in portal.get(page_of(planned)).content.decode()
    assert order_pages.counts(planned).outcomes[""] == 3


def test_counts_add_up(planned, oscar):
    assert sum(order_pages.counts(planned).outcomes.values()) == 6

    orders.release_preview(planned, by=oscar)
    assert sum(order_pages.counts(planned).outcomes.values()) == 6


def test_what_a_spreadsheet_would_run_is_inert(portal, planned):
    assert ",'=cmd|calc," in portal.get(page_of(planned, "lines.csv")).content.decode()


def test_lines_are_searched(portal, planned):
    page = portal.get(page_of(planned, "lines/?q=EXAMPLE.org")).context["page"]

    assert [each.name for each in page] == ["www.example.org"]


def test_state_follows_without_the_words_of_staff(portal, planned):
    for state in ("proposed", "stopped"):
        Order.objects.update(state=state, plan_problem="secret", reason="secret")
        fragment = portal.get(page_of(planned, "state")).content.decode()
        assert 'data-state="looked_at"' in fragment
        assert "secret" not in fragment + portal.get(page_of(planned)).content.decode()


def test_withdrawn_by_a_click_with_a_reason(portal, planned):
    assert "needed" not in portal.post(page_of(planned, "withdraw/"), {"reason": ""}).content.decode()
    planned.refresh_from_db()
    assert planned.state == "planned"

    portal.post(page_of(planned, "withdraw/"), {"reason": "Quashed."})
    planned.refresh_from_db()
    assert (planned.state, planned.reason) == ("withdrawn", "Quashed.")


def test_what_was_done_is_not_withdrawn_and_the_page_says_so(portal, planned):
    Order.objects.update(state="acting")

    page = portal.post(page_of(planned, "withdraw/"), {"reason": "Quashed."}).content.decode()

    assert "not at that point" in page


def test_list_narrows_and_costs_the_same_for_many(portal, olivia):
    for number in range(3):
        filed(olivia, names=f"n{number}.ddns.test")
    Order.objects.filter(pk=Order.objects.first().pk).update(state="answered")
    portal.get(LIST)

    with CaptureQueriesContext(
        connection,
    ) as few:
        portal.get(LIST)
    for number in range(3, 10):
        filed(olivia, names=f"n{number}.ddns.test")
    with CaptureQueriesContext(connection) as many:
        page = portal.get(LIST)

    assert len(few) == len(many)
    assert page.context["page"].paginator.count == 10
    assert portal.get(f"{LIST}?show=over").context["page"].paginator.count == 1
    assert portal.get(f"{LIST}?show=open").context["page"].paginator.count == 9


def test_effect_reports_are_downloads(portal, planned, monkeypatch):
    monkeypatch.setattr("abuse.effect_papers.as_pdf", lambda report: b"%PDF")
    body = '{"items":[],"servers":[],"answer_fields":["server"]}'
    receipt = receipts.issue(Receipt.Kind.EFFECT, {}, order=planned)
    report = EffectReport.objects.create(
        order=planned, made_at=timezone.now(), body=body, sha256="0" * 64, name_count=0, proven_count=0, receipt=receipt
    )
    page = portal.get(page_of(planned)).content.decode()

    for form, start in {"json": body.encode(), "csv": b"position", "pdf": b"%PDF"}.items():
        path = page_of(planned, f"effect/{report.pk}.{form}")
        answer = portal.get(path)
        assert path in page
        assert answer.content.startswith(start)
        assert answer["Content-Disposition"].startswith("attachment")
    assert portal.get(page_of(planned, f"effect/{report.pk}.exe")).status_code == 404
    assert portal.get(page_of(order_rows.order(planned.officer), f"effect/{report.pk}.json")).status_code == 404


# --- Strangers ----------------------------------------------------------------------------------------------

PARTS = ["", "state", "lines/", "lines.csv", f"effect/{uuid.uuid4()}.json"]


@pytest.mark.parametrize("part", PARTS)
def test_another_agency_finds_nothing(foreigner, planned, part):
    assert foreigner.get(page_of(planned, part)).status_code == 404


def test_another_agency_withdraws_nothing(foreigner, planned):
    assert foreigner.post(page_of(planned, "withdraw/"), {"reason": "x"}).status_code == 404
    planned.refresh_from_db()
    assert planned.state == "planned"


def test_another_agency_lists_nothing(foreigner, planned):
    assert planned.reference not in foreigner.get(LIST).content.decode()


@pytest.mark.parametrize("part", PARTS)
def test_customer_and_staff_find_nothing(alice, oscar, planned, part):
    for user in (alice, oscar):
        assert logged_in(user).get(page_of(planned, part)).status_code == 404


def test_stranger_is_sent_to_log_in(client, planned):
    for path in (LIST, NEW, page_of(planned), page_of(planned, "lines.csv")):
        assert "/login/" in client.get(path)["Location"]


@pytest.mark.parametrize(
    "fields",
    [{"state": "applied"}, {"state": "frozen", "frozen_at": timezone.now(), "frozen_reason": "stolen"}],
)
def test_officer_out_of_office_sees_and_files_nothing(portal, planned, fields):
    Officer.objects.update(**fields)

    assert portal.get(page_of(planned)).status_code == 403
    assert post(portal).status_code == 403
    assert Order.objects.count() == 1


def test_log_in_without_second_factor_sees_nothing(olivia, planned):
    assert logged_in(olivia.account).get(page_of(planned)).status_code == 302
