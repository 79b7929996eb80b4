"""Pages of holds and disclosures: who may see and do what, on the desk and in the portal; the stranger at each door."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone

from abuse import disclosures, holds
from abuse.admin import order_disclosures
from abuse.models import Disclosure, Hold, LedgerEntry, Order
from ddns.models import User
from tests.abuse import order_rows
from tests.abuse.holds_people import ask, moved, prepare
from tests.abuse.officer_people import with_second_factor
from tests.people import logged_in


@pytest.fixture
def prepared(inquiry, lisa) -> Disclosure:
    return prepare(inquiry, lisa)


@pytest.fixture
def released(prepared, sam) -> Disclosure:
    return disclosures.release(prepared, by=sam, digest=prepared.digest)


@pytest.fixture
def hold(olivia, alice) -> Hold:
    order = order_rows.order(olivia, kind=Order.Kind.PRESERVATION, hold_days=90)
    holds.place_all(order, [alice.pk], now=timezone.now())
    return Hold.objects.get()


def page(disclosure: Disclosure, step: str = "change") -> str:
    return f"/admin/abuse/disclosure/{disclosure.pk}/{step}/"


def test_disclosure_is_prepared_on_the_desk(inquiry, lisa, home):
    moved(home, "203.0.113.2", days=1)
    client = logged_in(lisa)
    address = f"/admin/abuse/disclosure/of/{inquiry.pk}/prepare/"
    asked = client.get(address).content.decode()
    assert f"{home.name}, alice@example.com" in asked
    answer = client.post(address, {"parts": ["addresses"], "hostnames": [home.pk], "reason": "As ordered."})
    disclosure = Disclosure.objects.get()
    assert answer.headers["Location"] == page(disclosure)
    assert (disclosure.parts, list(disclosure.hostnames.all())) == (["addresses"], [home])


def test_names_beyond_the_order_cannot_be_chosen(inquiry, lisa, foreign):
    address = f"/admin/abuse/disclosure/of/{inquiry.pk}/prepare/"
    answer = logged_in(lisa).post(address, {"parts": ["addresses"], "hostnames": [foreign.pk], "reason": "As ordered."})
    assert answer.status_code == 200
    assert not Disclosure.objects.exists()


def test_many_names_are_prepared_page_by_page(olivia, lisa, home, foreign, monkeypatch):
    monkeypatch.setattr(order_disclosures, "MAX_SHOWN", 1)
    address = f"/admin/abuse/disclosure/of/{ask(olivia, [home, foreign]).pk}/prepare/"
    client = logged_in(lisa)
    first = client.get(address).content.decode()
    assert foreign.name in first
    assert f"{home.name}," not in first
    assert f"?after={foreign.name}" in first
    assert f"{home.name}," in client.get(f"{address}?after={foreign.name}").content.decode()


def test_second_person_releases_what_the_page_shows(prepared, sam):
    client = logged_in(sam)
    shown = client.get(page(prepared)).content.decode()
    assert prepared.digest in shown
    assert "Release this scope" in shown
    client.post(page(prepared, "release"), {"digest": prepared.digest})
    assert Disclosure.objects.get().state == Disclosure.State.RELEASED


def test_first_person_is_offered_no_release(prepared, lisa):
    lisa.user_permissions.add(Permission.objects.get(codename="approve_order"))
    client = logged_in(User.objects.get(pk=lisa.pk))
    assert "Release this scope" not in client.get(page(prepared)).content.decode()
    client.post(page(prepared, "release"), {"digest": prepared.digest})
    assert Disclosure.objects.get().state == Disclosure.State.PREPARED


def test_password_is_shown_to_who_released_it_by_post_alone(released, sam, lisa, root):
    password = disclosures.spelled(disclosures.password_of(released, by=sam))
    client = logged_in(sam)
    assert password not in client.get(page(released)).content.decode()
    assert client.get(page(released, "password")).status_code == 405
    answer = client.post(page(released, "password"))
    assert password in answer.content.decode()
    assert "no-store" in answer.headers["Cache-Control"]
    for other in (lisa, root):
        assert password not in logged_in(other).post(page(released, "password"), follow=True).content.decode()


def test_refusing_and_taking_back_ask_a_reason(prepared, released, sam, inquiry, lisa):
    client = logged_in(sam)
    client.post(page(released, "take-back"), {"reason": ""})
    assert Disclosure.objects.get(pk=released.pk).state == Disclosure.State.RELEASED
    client.post(page(released, "take-back"), {"reason": "Wrong name."})
    assert Disclosure.objects.get(pk=released.pk).state == Disclosure.State.TAKEN_BACK
    another = prepare(inquiry, lisa)
    client.post(page(another, "refuse"), {"reason": "Too wide."})
    assert Disclosure.objects.get(pk=another.pk).state == Disclosure.State.REFUSED


def test_staff_without_the_right_reach_no_page_of_it(prepared, hold, clerk, oscar):
    pages = [page(prepared, step) for step in ("change", "release", "refuse", "take-back", "password")]
    pages += [f"/admin/abuse/disclosure/of/{prepared.order_id}/prepare/"]
    pages += [f"/admin/abuse/hold/{hold.pk}/release/", f"/admin/abuse/hold/of/{hold.order_id}/renew/60/"]
    for address in pages:
        for call in (logged_in(clerk).get, logged_in(clerk).post):
            assert call(address).status_code in (403, 405), address
    # An analyst sees orders, and decides neither of holds nor of disclosures.
    for address in (*pages[2:4], *pages[5:]):
        assert logged_in(oscar).post(address, {"reason": "x", "retyped": "alice@example.com"}).status_code == 403, (
            address
        )
    assert Hold.objects.get().released_at is None
    assert Disclosure.objects.get().state == Disclosure.State.PREPARED


def test_sealed_ones_are_not_there_without_need_to_know(olivia, home, alice, lisa, sam):
    order = ask(olivia, [home], sealed_until=timezone.now() + timedelta(days=9))
    disclosure = prepare(order, sam)
    holds.place_all(order, [alice.pk], now=timezone.now())
    hold = Hold.objects.get()
    client = logged_in(lisa)
    for address in (
        page(disclosure),
        f"/admin/abuse/disclosure/of/{order.pk}/prepare/",
        f"/admin/abuse/hold/{hold.pk}/release/",
        f"/admin/abuse/hold/of/{order.pk}/renew/60/",
    ):
        assert client.get(address).status_code == 404, address
    assert alice.email not in client.get("/admin/abuse/hold/").content.decode()
    assert order.reference not in client.get("/admin/abuse/disclosure/").content.decode()
    order.handlers.add(lisa)
    assert client.get(page(disclosure)).status_code == 200


def test_holds_are_renewed_and_released_on_the_desk(hold, lisa):
    client = logged_in(lisa)
    client.post(f"/admin/abuse/hold/of/{hold.order_id}/renew/365/", {"reason": "Letter of 1 March."})
    renewed = Hold.objects.get()
    assert renewed.ends_at == hold.ends_at + timedelta(days=365)
    assert LedgerEntry.objects.get(action="renew-holds").reason == "Letter of 1 March."
    assert client.get(f"/admin/abuse/hold/of/{hold.order_id}/renew/61/").status_code == 404
    client.post(f"/admin/abuse/hold/{hold.pk}/release/", {"reason": "Annulled.", "retyped": "alice@example.com"})
    assert Hold.objects.get().released_at is not None


def test_order_page_shows_its_holds_and_disclosures(prepared, alice, lisa):
    holds.place_all(prepared.order, [alice.pk], now=timezone.now())
    shown = logged_in(lisa).get(f"/admin/abuse/order/{prepared.order_id}/").content.decode()
    assert f"Disclosure {prepared.pk}" in shown
    assert "1 of 1 accounts held" in shown


# --- The portal ----------------------------------------------------------------------------------------------


def download(disclosure: Disclosure) -> str:
    return f"/authorities/orders/{disclosure.order_id}/disclosures/{disclosure.pk}.zip"


def test_officer_downloads_the_package_and_the_address_is_on_the_record(released, olivia):
    answer = with_second_factor(olivia).post(download(released))
    assert answer.status_code == 200
    assert answer.content == bytes(Disclosure.objects.get().package)
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["Content-Type"] == "application/zip"
    entry = LedgerEntry.objects.get(action="fetch-disclosure")
    assert (entry.details["source"], entry.actor) == ("127.0.0.1", olivia.account)


def test_officer_without_a_second_factor_downloads_nothing(released, olivia):
    assert logged_in(olivia.account).post(download(released)).status_code == 302
    assert Disclosure.objects.get().fetched_at is None


def test_strangers_to_the_agency_find_no_package(released, client, alice, lisa):
    mallory = order_rows.officer(
        "mallory@tax.example", agency=order_rows.agency("Tax Office", mail_domains=["tax.example"])
    )
    assert with_second_factor(mallory).post(download(released)).status_code == 404
    assert client.post(download(released)).status_code == 302
    for stranger in (alice, lisa):
        assert logged_in(stranger).post(download(released)).status_code == 404
    assert Disclosure.objects.get().fetched_at is None


def test_colleague_of_the_same_agency_downloads_it(released):
    otto = order_rows.officer("otto@police.example")
    assert with_second_factor(otto).post(download(released)).status_code == 200


def test_link_alone_fetches_nothing(released, olivia):
    assert with_second_factor(olivia).get(download(released)).status_code == 405


def test_package_that_is_not_released_is_not_there(prepared, olivia):
    assert with_second_factor(olivia).post(download(prepared)).status_code == 404
