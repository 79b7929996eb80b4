"""Orders by the API: filed once as JSON or multipart, followed and withdrawn with an officer's key from the agency's network."""

import base64
import json
import uuid
from datetime import timedelta
from threading import Semaphore
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from abuse import officer_keys, orders, receipts
from abuse.models import EffectReport, Officer, OfficerKey, Order, OrderItem, Receipt
from abuse.rest.order_bodies import MAX_BODY
from ddns import keys
from ddns.rest import waiting
from tests.abuse import order_rows
from tests.abuse.portal_rows import NAMES, PDF, filed
from tests.people import logged_in

pytestmark = pytest.mark.django_db

PATH = "/api/v1/authorities/orders"
ORDER: dict[str, Any] = {
    "kind": "takedown",
    "instrument": "court_order",
    "reference": "12 Cr 345/26",
    "issuing_authority": "Regional Court of Example",
    "legal_basis": "Section 1 of the Example Act",
    "reasons": "The names control malware.",
    "redress": "Appeal to the Higher Court of Example.",
    "contact": "Olivia Example, +43 1 555 0199",
    "names": NAMES,
    "papers": [{"filename": "order.pdf", "content": base64.b64encode(PDF).decode()}],
}


@pytest.fixture
def olivia(db) -> Officer:
    return order_rows.officer()


def key_of(officer: Officer, networks: tuple[str, ...] = ("127.0.0.0/24",)) -> str:
    return officer_keys.make(
        officer, label="program", networks=networks, expires_at=timezone.now() + timedelta(days=30)
    )[1]


@pytest.fixture
def key(olivia) -> str:
    return key_of(olivia)


@pytest.fixture
def foreign_key(db) -> str:
    other = order_rows.agency("Other Police", mail_domains=["other.example"])
    return key_of(order_rows.officer("oona@other.example", agency=other))


@pytest.fixture
def planned(olivia, home) -> Order:
    order = order_rows.planned([home], by=olivia)
    OrderItem.objects.create(
        order=order, position=2, text="www.example.org", name="www.example.org", outcome="not_ours"
    )
    return order


def post(body: Any, key: str, path: str = PATH, **headers: str):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    said = {"content_type": "application/json", "headers": {"Authorization": f"Bearer {key}", **named}}
    return Client().post(path, body if isinstance(body, bytes) else json.dumps(body), **said)


def post_form(fields: dict[str, Any], key: str):
    return Client().post(PATH, fields, headers={"Authorization": f"Bearer {key}"})


def get(path: str, key: str, **headers: str):
    return Client().get(path, headers={"Authorization": f"Bearer {key}", **headers})


def fields_of(answer) -> set[str]:
    return {each["field"] for each in answer.json()["errors"]}


# --- Filing -------------------------------------------------------------------------------------------------


def test_order_is_filed_and_answered_with_a_receipt_that_holds(key, olivia):
    answer = post(ORDER, key)

    order = Order.objects.get()
    assert answer.status_code == 201
    assert answer["Location"].endswith(f"{PATH}/{order.pk}")
    assert (order.officer, order.door, order.key, order.source) == (
        olivia,
        "api",
        OfficerKey.objects.get(),
        "127.0.0.1",
    )
    assert {bytes(each.blob.content) for each in order.files.all()} == {PDF, NAMES.encode()}
    body = receipts.verify(answer.json()["receipt"], receipts.keys_of(receipts.published_keys()))
    assert {each["sha256"] for each in body["files"]} == {each["sha256"] for each in answer.json()["files"]}


def test_names_come_as_an_array_too(key):
    post({**ORDER, "names": ["home.ddns.test", "hxxp://bad[.]ddns.test/"]}, key)

    names = Order.objects.get().files.get(role="names")
    assert bytes(names.blob.content) == b"home.ddns.test\nhxxp://bad[.]ddns.test/"


def test_multipart_says_the_same(key):
    fields = {name: value for name, value in ORDER.items() if name != "papers"}
    answer = post_form(
        {
            **fields,
            "kind": "information",
            "parts": ["subscriber", "addresses"],
            "since": "2026-10-01T00:00:00Z",
            "due_at": "",
            "is_meant_twice": "true",
            "papers": SimpleUploadedFile("order.pdf", PDF),
            "names_files": SimpleUploadedFile("more.txt", b"b.ddns.test"),
        },
        key,
    )

    order = Order.objects.get()
    assert answer.status_code == 201
    assert [(each.role, bytes(each.blob.content)) for each in order.files.all()] == [
        ("order", PDF),
        ("names", NAMES.encode()),
        ("names", b"b.ddns.test"),
    ]
    assert order.wanted_records["parts"] == ["subscriber", "addresses"]


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"kind": "arrest"}, "kind"),
        ({"reference": ""}, "reference"),
        ({"reference": None}, "reference"),
        ({"due_at": "tomorrow"}, "due_at"),
        ({"due_at": "2001-01-01T00:00:00Z"}, "due_at"),
        ({"names": 7}, "names"),
        ({"names": ""}, "names"),
        ({"names": ["a\nb"]}, "names"),
        ({"papers": []}, "papers"),
        ({"papers": [{"content": "§"}]}, "papers.0.content"),
        ({"papers": [{"content": "YQ==", "path": "/etc"}]}, "papers.0.path"),
        ({"hold_days": "90"}, "hold_days"),
        ({"wanted_records": {"parts": ["subscriber"]}}, "wanted_records"),
        ({"is_meant_twice": "yes"}, "is_meant_twice"),
        ({"sealed": True}, "sealed"),
        ({"kind": "information", "wanted_records": {"parts": ["contents"]}}, "wanted_records.parts.0"),
        (
            {
                "kind": "information",
                "wanted_records": {"parts": ["subscriber"], "since": "2999-01-01T00:00:00Z"},
            },
            "wanted_records.since",
        ),
    ],
)
def test_what_is_wrong_is_said_by_its_field(key, said, field):
    answer = post(ORDER | said, key)

    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert fields_of(answer) == {field}
    assert not Order.objects.exists()


def test_form_with_a_field_that_nobody_knows_is_refused(key):
    fields = {name: value for name, value in ORDER.items() if name != "papers"}

    assert fields_of(post_form({**fields, "sealed": "yes"}, key)) == {"sealed"}
    assert fields_of(post_form({**fields, "exhibit": SimpleUploadedFile("a", b"a")}, key)) == {"exhibit"}


def test_same_request_with_the_same_name_is_one_order(key):
    first, second = (post(ORDER, key, Idempotency_Key="a-1") for _ in range(2))

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["id"] == second.json()["id"]
    assert "Idempotency-Replayed" not in first
    assert second["Idempotency-Replayed"] == "true"
    assert Receipt.objects.count() == 1


def test_same_name_with_another_order_is_refused(key):
    post(ORDER, key, Idempotency_Key="a-1")

    answer = post({**ORDER, "reference": "another"}, key, Idempotency_Key="a-1")
    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (422, "request-differs")


def test_same_order_again_is_pointed_to(key):
    first = post(ORDER, key)

    answer = post(ORDER, key)
    assert answer.status_code == 409
    assert first.json()["url"] in answer.json()["detail"]
    assert post({**ORDER, "is_meant_twice": True}, key).status_code == 201


def test_limits_of_an_officer_hold(key, settings):
    settings.ORDERS_PER_OFFICER = 0

    answer = post(ORDER, key)
    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (403, "officer-limit")


def test_too_big_a_body_is_refused_before_it_is_read(key, monkeypatch):
    monkeypatch.setattr("ddns.rest.formats.Parser.parse", lambda *_: pytest.fail("was read"))

    answer = Client().generic(
        "POST",
        PATH,
        b"{}",
        content_type="application/json",
        headers={"Authorization": f"Bearer {key}"},
        CONTENT_LENGTH=str(MAX_BODY + 1),
    )
    assert answer.status_code == 413


def test_body_of_no_said_length_is_refused(key):
    headers = {"Authorization": f"Bearer {key}", "Transfer-Encoding": "chunked"}

    answer = Client().generic("POST", PATH, b"", content_type="application/json", headers=headers)
    assert answer.status_code == 411


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"7", b'{"kind": "\\u0000"}', b'{"a": NaN}', b"\xff"])
def test_what_is_no_order_is_refused(key, body):
    assert post(body, key).status_code == 400


# --- Following ----------------------------------------------------------------------------------------------


def test_lines_tell_what_may_be_told(key, planned, oscar):
    before = get(f"{PATH}/{planned.pk}/items", key).json()["results"]
    orders.release_preview(planned, by=oscar)
    after = get(f"{PATH}/{planned.pk}/items", key).json()["results"]

    assert [each["outcome"] for each in before] == ["looked_at", "not_ours"]
    assert [each["outcome"] for each in after] == ["live", "not_ours"]


def test_lines_come_in_pages_and_by_outcome(key, planned):
    page = get(f"{PATH}/{planned.pk}/items?limit=1", key).json()
    rest = get(page["next"], key).json()

    assert [each["position"] for each in page["results"] + rest["results"]] == [1, 2]
    assert rest["next"] is None
    assert len(get(f"{PATH}/{planned.pk}/items?outcome=not_ours", key).json()["results"]) == 1
    assert len(get(f"{PATH}/{planned.pk}/items?outcome=looked_at", key).json()["results"]) == 1
    assert get(f"{PATH}/{planned.pk}/items?outcome=", key).status_code == 400


def test_status_has_counts_that_add_up(key, planned):
    answer = get(f"{PATH}/{planned.pk}", key).json()

    assert (answer["standing"], answer["line_count"]) == ("looked_at", 2)
    assert answer["outcomes"] == {"looked_at": 1, "not_ours": 1}


def test_whoever_waits_hears_of_the_answer(key, planned, oscar, monkeypatch):
    monkeypatch.setattr("abuse.rest.orders.time.sleep", lambda _: orders.answer(planned, by=oscar, text="Done."))

    answer = get(f"{PATH}/{planned.pk}?wait=10", key).json()
    assert (answer["standing"], answer["answer"]) == ("answered", "Done.")


def test_whoever_waits_without_a_place_is_answered_at_once(key, planned, monkeypatch):
    monkeypatch.setattr(waiting, "_places", Semaphore(0))
    monkeypatch.setattr("abuse.rest.orders.time.sleep", lambda _: pytest.fail("waited"))

    assert get(f"{PATH}/{planned.pk}?wait=10", key).status_code == 200
    assert get(f"{PATH}/{planned.pk}?wait=11", key).status_code == 400


def test_effect_report_is_handed_out_octet_by_octet(key, planned, monkeypatch):
    monkeypatch.setattr("abuse.effect_papers.as_pdf", lambda report: b"%PDF")
    assert get(f"{PATH}/{planned.pk}/effect", key).status_code == 404
    receipt = receipts.issue(Receipt.Kind.EFFECT, {}, order=planned)
    body = '{"items":[],"servers":[],"answer_fields":["server"]}'
    EffectReport.objects.create(
        order=planned, made_at=timezone.now(), body=body, sha256="0" * 64, name_count=0, proven_count=0, receipt=receipt
    )

    as_json = get(f"{PATH}/{planned.pk}/effect", key)
    as_csv = get(f"{PATH}/{planned.pk}/effect", key, Accept="text/csv")
    assert (as_json["Content-Type"], as_json.content.decode()) == ("application/json", body)
    assert as_csv["Content-Type"].startswith("text/csv")
    assert get(f"{PATH}/{planned.pk}/effect?format=csv", key).content == as_csv.content
    as_pdf = get(f"{PATH}/{planned.pk}/effect", key, Accept="application/pdf")
    assert (as_pdf["Content-Type"], as_pdf.content) == ("application/pdf", b"%PDF")
    assert get(f"{PATH}/{planned.pk}/effect?format=xml", key).status_code == 400


def test_withdrawal_needs_a_reason_and_an_order_that_was_not_acted_on(key, planned):
    path = f"{PATH}/{planned.pk}/withdraw"
    assert fields_of(post({}, key, path)) == {"reason"}
    assert post({"reason": "Quashed."}, key, path).json()["standing"] == "withdrawn"
    assert post({"reason": "Quashed."}, key, path).status_code == 409


def test_list_costs_the_same_for_many(key, olivia):
    filed(olivia, names="a.ddns.test")
    get(PATH, key)
    with CaptureQueriesContext(connection) as few:
        get(PATH, key)
    for number in range(4):
        filed(olivia, names=f"n{number}.ddns.test")
    with CaptureQueriesContext(connection) as many:
        answer = get(PATH, key).json()

    assert len(few) == len(many)
    assert len(answer["results"]) == 5


# --- Strangers ----------------------------------------------------------------------------------------------


def paths_of(order: Order) -> list[str]:
    return [f"{PATH}/{order.pk}", f"{PATH}/{order.pk}/items", f"{PATH}/{order.pk}/effect"]


def test_another_agency_finds_nothing(foreign_key, planned):
    assert {get(path, foreign_key).status_code for path in paths_of(planned)} == {404}
    assert post({"reason": "x"}, foreign_key, f"{PATH}/{planned.pk}/withdraw").status_code == 404
    assert get(PATH, foreign_key).json()["results"] == []


def test_stranger_customer_and_officers_session_get_nothing(client, alice, planned, olivia):
    _, customers = keys.create(alice, label="program", permission="manage")
    for path in (PATH, *paths_of(planned)):
        assert client.get(path).status_code == 401
        assert get(path, customers).status_code == 401
        # A page of another site could make a browser ask.
        assert logged_in(olivia.account).get(path).status_code == 401
    assert post(ORDER, customers).status_code == 401
    assert post(ORDER, "x" * 40).status_code == 401
    assert Order.objects.count() == 1


def test_key_from_another_network_files_nothing(olivia):
    assert post(ORDER, key_of(olivia, ("192.0.2.0/24",))).status_code == 401
    assert not Order.objects.exists()


@pytest.mark.parametrize("fields", [{"expires_at": timezone.now()}, {"revoked_at": timezone.now()}])
def test_key_that_is_over_files_nothing(key, fields):
    OfficerKey.objects.update(**fields)

    assert post(ORDER, key).status_code == 401


@pytest.mark.parametrize(
    "fields",
    [
        {"state": "applied"},
        {"state": "frozen", "frozen_at": timezone.now(), "frozen_reason": "stolen"},
        {"vetted_until": timezone.now() - timedelta(seconds=1)},
    ],
)
def test_key_of_an_officer_out_of_office_files_nothing(key, planned, fields):
    Officer.objects.update(**fields)

    assert post(ORDER, key).status_code == 401
    assert get(f"{PATH}/{planned.pk}", key).status_code == 401


def test_guessing_keys_is_slowed_down(settings):
    settings.WRONG_KEYS_PER_SOURCE = 2

    assert [get(PATH, uuid.uuid4().hex).status_code for _ in range(3)] == [401, 401, 429]


def test_program_that_asks_all_the_time_is_slowed_down(key, settings):
    settings.ABUSE_REQUESTS_PER_KEY = 2

    assert [get(PATH, key).status_code for _ in range(3)] == [200, 200, 429]


def test_number_that_is_none_is_not_found(key):
    assert get(f"{PATH}/1", key).status_code == 404
