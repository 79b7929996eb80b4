"""Orders: stored as received with receipt and ledger entry, once however often they come; withdrawn, answered, watched."""

import hashlib
import json
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone

from abuse import orders, plans, receipts, retention, submissions
from abuse.errors import (
    InvalidOrder,
    NotAllowed,
    NotInOffice,
    OrderFiledAlready,
    OrderNotThere,
    PostingDiffers,
    ReasonMissing,
)
from abuse.models import Blob, LedgerEntry, Officer, Order, OrderItem, Receipt, Submission
from abuse.order_filings import CLOCKS
from abuse.orders import UploadedFile
from abuse.submissions import MAX_SIZE
from dnsupdate.models import Alarm
from tests.abuse import order_rows
from tests.abuse.portal_rows import NAMES, PDF, filed, files, filing, information
from tests.ddns.together import together

pytestmark = pytest.mark.django_db


@pytest.fixture
def olivia(db) -> Officer:
    return order_rows.officer()


@pytest.fixture
def colleague(olivia) -> Officer:
    return order_rows.officer("otto@police.example", name="Otto Example")


@pytest.fixture
def foreigner(db) -> Officer:
    """Of another agency."""
    other = order_rows.agency("Other Police", mail_domains=["other.example"])
    return order_rows.officer("oona@other.example", agency=other)


def problems_of(said, came=None) -> dict[str, list[str]]:
    with pytest.raises(InvalidOrder) as caught:
        orders.file(order_rows.officer(), said, files() if came is None else came, door="portal", source=None)
    assert not Order.objects.exists()
    assert not Blob.objects.exists()
    return caught.value.problems


# --- Filed --------------------------------------------------------------------------------------------------


def test_files_are_stored_octet_by_octet(olivia):
    order = filed(olivia)

    paper, names = order.files.select_related("blob")
    assert (bytes(paper.blob.content), paper.role, paper.filename) == (PDF, "order", "order.pdf")
    assert (bytes(names.blob.content), names.role) == (NAMES.encode(), "names")
    assert (order.state, order.agency, order.officer) == (Order.State.RECEIVED, olivia.agency, olivia)


def test_receipt_holds_and_names_each_file(olivia):
    order = filed(olivia)

    body = receipts.verify(
        receipts.document(order.receipts.get()), receipts.keys_of(json.loads(json.dumps(receipts.published_keys())))
    )
    assert (body["kind"], body["order"], body["reference"]) == ("order", str(order.pk), "12 Cr 345/26")
    assert body["files"] == [
        {"role": "order", "sha256": hashlib.sha256(PDF).hexdigest(), "size": len(PDF)},
        {"role": "names", "sha256": hashlib.sha256(NAMES.encode()).hexdigest(), "size": len(NAMES)},
    ]


def test_filing_is_in_the_ledger(olivia):
    order = filed(olivia)

    entry = LedgerEntry.objects.get(action="file-order")
    assert (entry.object, entry.actor) == (f"order {order.pk}", olivia.account)
    assert entry.details["files"] == [hashlib.sha256(PDF).hexdigest(), hashlib.sha256(NAMES.encode()).hexdigest()]


def test_sealed_order_leaves_no_words_in_ledger_and_receipt(olivia):
    until = timezone.now() + timedelta(days=30)
    filed(olivia, filing(sealed_until=until, seal_ground="Section 9 of the Example Act", redress=""))

    entry = LedgerEntry.objects.get(action="file-order")
    assert "345" not in entry.reason + json.dumps(entry.details)
    assert "345" not in Receipt.objects.get().payload


@pytest.mark.parametrize("kind", Order.Kind.values)
def test_each_kind_has_its_clock(olivia, kind):
    said = {
        "takedown": filing(),
        "preservation": filing(kind="preservation", hold_days=90),
        "information": information(),
        "emergency": information(kind="emergency"),
    }

    order = filed(olivia, said[kind])

    assert order.due_at - order.filed_at == CLOCKS[kind]


def test_earlier_deadline_of_the_order_wins(olivia):
    due_at = timezone.now() + timedelta(hours=2)

    assert filed(olivia, filing(due_at=due_at)).due_at == due_at


def test_wanted_records_are_kept_as_times_in_utc(olivia):
    order = filed(olivia, information())

    assert order.wanted_records == {
        "parts": ["subscriber", "addresses"],
        "since": "2026-10-01T00:00:00+00:00",
        "until": None,
    }
    assert order.wanted_effect == Order.Effect.NONE


def test_planner_is_woken_once_it_is_committed(olivia, django_capture_on_commit_callbacks, monkeypatch):
    woken = []
    monkeypatch.setattr(plans, "_wake", lambda: woken.append(True))

    with django_capture_on_commit_callbacks(execute=True):
        filed(olivia)
        assert not woken

    assert woken


def test_who_enters_it_at_the_desk_handles_it(olivia, oscar):
    order = filed(olivia, door=Order.Door.DESK, entered_by=oscar)

    assert list(order.handlers.all()) == [oscar]
    assert LedgerEntry.objects.get(action="file-order").actor == oscar


# --- Refused at the door ------------------------------------------------------------------------------------


def test_everything_that_is_missing_is_said_at_once():
    empty = dict.fromkeys(("reference", "issuing_authority", "legal_basis", "reasons", "contact"), " \x00")

    problems = problems_of(filing(kind="arrest", instrument="letter", redress="", **empty), came=[])

    assert set(problems) == {*empty, "kind", "instrument", "redress", "names", "order"}


@pytest.mark.parametrize(
    ("said", "field"),
    [
        (filing(reference="1" * 121), "reference"),
        (filing(reasons="a" * 10_001), "reasons"),
        (filing(instrument="administrative"), "territorial_scope"),
        (filing(sealed_until=timezone.now() + timedelta(days=9)), "seal_ground"),
        (filing(sealed_until=timezone.now() + timedelta(days=366), seal_ground="Section 9"), "sealed_until"),
        (filing(sealed_until=timezone.now() - timedelta(days=1), seal_ground="Section 9"), "sealed_until"),
        (filing(due_at=timezone.now() - timedelta(hours=1)), "due_at"),
        (filing(due_at=timezone.now() + timedelta(days=31)), "due_at"),
        (information(kind="emergency", due_at=timezone.now() + timedelta(hours=9)), "due_at"),
        (filing(ends_at=timezone.now() - timedelta(hours=1)), "ends_at"),
        (filing(wanted_effect="none"), "wanted_effect"),
        (filing(wanted_effect="explosion"), "wanted_effect"),
        (filing(hold_days=90), "hold_days"),
        (filing(kind="preservation", hold_days=30), "hold_days"),
        (filing(kind="preservation"), "hold_days"),
        (information(wanted_effect="nxdomain"), "wanted_effect"),
        (information(ends_at=timezone.now() + timedelta(days=1)), "ends_at"),
        (information(wanted_records={}), "wanted_records"),
        (information(wanted_records={"parts": ["contents"]}), "wanted_records"),
        (information(wanted_records={"parts": "subscriber"}), "wanted_records"),
        (information(wanted_records={"parts": ["subscriber"], "since": "lately"}), "since"),
        (information(wanted_records={"parts": ["subscriber"], "since": "9999-01-01T00:00:00Z"}), "since"),
        (filing(wanted_records={"parts": ["subscriber"]}), "wanted_records"),
    ],
)
def test_what_is_wrong_is_said_by_its_field(said, field):
    assert set(problems_of(said)) == {field}


def test_list_without_a_line_is_none():
    assert set(problems_of(filing(), came=files(names=" \r\n\t"))) == {"names"}


@pytest.mark.parametrize("names", ["%PDF-1.7\n", "<html>a.ddns.test</html>", "Dear Sir or Madam,"])
def test_list_that_no_program_can_read_is_refused_while_somebody_is_there(names):
    assert set(problems_of(filing(), came=files(names=names))) == {"names"}


def test_request_and_emergency_come_without_a_paper(olivia):
    names = files()[1:]

    for said in (filing(instrument="request", redress=""), information(kind="emergency")):
        orders.file(olivia, said, names, door="portal", source=None)

    assert Order.objects.count() == 2


def test_too_much_is_refused():
    assert set(problems_of(filing(), came=files(paper=b"a" * MAX_SIZE))) == {"order"}


def test_too_many_files_are_refused():
    assert set(problems_of(filing(), came=[*files(), *([UploadedFile(PDF)] * 20)])) == {"order"}


@pytest.mark.parametrize("name", ["../../etc/passwd", "C:\\x\\passwd", "/passwd", "passwd\x00"])
def test_names_of_files_name_no_path(olivia, name):
    came = [UploadedFile(PDF, name), *files()[1:]]

    order = orders.file(olivia, filing(), came, door="portal", source=None)

    assert order.files.first().filename == "passwd"


@pytest.mark.parametrize(
    "fields",
    [
        {"state": "applied"},
        {"state": "frozen", "frozen_at": timezone.now(), "frozen_reason": "stolen"},
        {"vetted_until": timezone.now() - timedelta(seconds=1)},
    ],
)
def test_who_is_not_in_office_files_nothing(fields):
    with pytest.raises(NotInOffice):
        filed(order_rows.officer(**fields))
    assert not Order.objects.exists()


def test_officer_frozen_since_the_page_was_shown_files_nothing(olivia):
    Officer.objects.update(state="frozen", frozen_at=timezone.now(), frozen_reason="stolen")

    with pytest.raises(NotInOffice):
        filed(olivia)


# --- Once ---------------------------------------------------------------------------------------------------


def test_same_key_with_the_same_content_is_the_same_order(olivia):
    assert filed(olivia, idempotency_key="a") == filed(olivia, idempotency_key="a")
    assert (Order.objects.count(), Receipt.objects.count()) == (1, 1)


def test_same_key_is_the_same_order_when_its_deadline_is_over_too(olivia):
    said = filing(due_at=timezone.now() + timedelta(hours=2))
    order = filed(olivia, said, idempotency_key="a")

    with time_machine.travel(timezone.now() + timedelta(hours=3)):
        assert filed(olivia, said, idempotency_key="a") == order


def test_spelling_of_what_is_said_makes_no_other_order(olivia):
    order = filed(olivia, information(), idempotency_key="a")
    same = information(
        reference=" 12  Cr 345/26 ",
        wanted_effect="none",
        wanted_records={"parts": ("addresses", "subscriber"), "since": datetime(2026, 10, 1, tzinfo=UTC)},
    )

    assert filed(olivia, same, idempotency_key="a") == order


def test_same_key_with_other_content_is_refused(olivia):
    filed(olivia, idempotency_key="a")

    with pytest.raises(PostingDiffers):
        filed(olivia, filing(reference="other"), idempotency_key="a")


def test_same_order_of_a_colleague_is_said_to_be_there(olivia, colleague):
    order = filed(olivia)

    with pytest.raises(OrderFiledAlready) as caught:
        filed(colleague)
    assert caught.value.order == order


def test_same_order_is_filed_twice_where_that_is_meant(olivia, colleague):
    filed(olivia)

    assert filed(colleague, is_meant_twice=True)
    assert Order.objects.count() == 2


def test_same_order_of_another_agency_is_another(olivia, foreigner):
    filed(olivia)

    assert filed(foreigner).agency != olivia.agency


@pytest.mark.django_db(transaction=True)
def test_same_key_twice_at_once_is_one_order(olivia):
    both = together(*[lambda: filed(olivia, idempotency_key="a").pk] * 2)

    assert both[0] == both[1]
    assert (Order.objects.count(), Receipt.objects.count()) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_same_order_of_two_colleagues_at_once_is_one(olivia, colleague):
    with pytest.raises(OrderFiledAlready):
        together(lambda: filed(olivia), lambda: filed(colleague))
    assert Order.objects.count() == 1


# --- Withdrawn, refused, answered ---------------------------------------------------------------------------


def test_withdrawn_order_ends(olivia, colleague):
    order = orders.withdraw(filed(olivia), by=colleague, reason="Quashed.")

    assert (order.state, order.reason) == (Order.State.WITHDRAWN, "Quashed.")
    assert LedgerEntry.objects.get(action="withdraw-order").actor == colleague.account


def test_another_agency_withdraws_nothing(olivia, foreigner):
    order = filed(olivia)

    with pytest.raises(NotAllowed):
        orders.withdraw(order, by=foreigner, reason="Mine.")


@pytest.mark.parametrize("state", ["acting", "proving", "answered", "undoing", "refused", "withdrawn"])
def test_what_is_done_or_over_is_not_withdrawn(olivia, state):
    order = order_rows.order(olivia, state=state)

    with pytest.raises(OrderNotThere):
        orders.withdraw(order, by=olivia)


def test_stopped_order_that_has_acted_is_not_withdrawn(olivia, home):
    order = order_rows.planned([home])
    Order.objects.update(state=Order.State.STOPPED)
    OrderItem.objects.update(state=OrderItem.State.ACTED)

    with pytest.raises(OrderNotThere):
        orders.withdraw(order, by=olivia)


def test_refusal_says_why(olivia, oscar):
    order = orders.refuse(filed(olivia), by=oscar, reason="It names no court.")

    assert (order.state, order.answer) == (Order.State.REFUSED, "It names no court.")
    assert order.answered_at


def test_refusal_needs_a_reason_and_the_right(olivia, oscar, clerk):
    order = filed(olivia)

    with pytest.raises(ReasonMissing):
        orders.refuse(order, by=oscar, reason=" ")
    with pytest.raises(NotAllowed):
        orders.refuse(order, by=clerk, reason="No.")


def test_people_answer_what_leaves_no_effect(olivia, oscar):
    order = orders.answer(filed(olivia, information()), by=oscar, text="The package is there.")

    assert (order.state, order.answer) == (Order.State.ANSWERED, "The package is there.")


def test_second_answer_stands_below_the_first(olivia, oscar):
    order = orders.answer(filed(olivia, information()), by=oscar, text="The package is there.")

    assert orders.answer(order, by=oscar, text="It was renewed.").answer == "The package is there.\n\nIt was renewed."


def test_nothing_is_answered_while_it_is_under_way(olivia, oscar):
    order = order_rows.order(olivia, state="acting")

    with pytest.raises(OrderNotThere):
        orders.answer(order, by=oscar, text="Done.")


# --- Clock and retention ------------------------------------------------------------------------------------


def test_order_near_its_deadline_alarms_and_an_answered_one_does_not(olivia, oscar):
    now = timezone.now()
    order = order_rows.order(olivia, filed_at=now - timedelta(hours=19), due_at=now + timedelta(hours=5))
    order_rows.order(olivia, filed_at=now, due_at=now + timedelta(hours=24))

    assert orders.watch() == 1
    alarm = Alarm.objects.open().get(kind=Alarm.Kind.ORDER)
    assert str(order.pk) in alarm.text
    assert order.reference not in alarm.text

    orders.answer(order, by=oscar, text="Done.")
    assert orders.watch() == 0
    assert not Alarm.objects.open().exists()


def test_overdue_order_alarms(olivia):
    now = timezone.now()
    order_rows.order(olivia, filed_at=now - timedelta(days=3), due_at=now - timedelta(days=2))

    assert orders.watch() == 1


def test_octets_of_an_order_stay_when_a_report_with_the_same_ends(olivia):
    order = filed(olivia)
    report = submissions.accept(PDF, door=Submission.Door.API, source="192.0.2.9")
    Submission.objects.update(purged_at=timezone.now())

    assert not retention._unneeded_blobs([], [report.pk]).exists()
    assert order.files.exclude(blob__content=b"").count() == 2
