"""Disclosures: within the order's scope, by two people, encrypted, on the record, for its agency alone, and gone in the end."""

import hashlib
import io
import json
from datetime import timedelta

import pytest
import pyzipper
from allauth.usersessions.models import UserSession
from django.db import IntegrityError, transaction
from django.utils import timezone

from abuse import disclosures, holds, officers, order_acts, order_notices, receipts
from abuse.errors import (
    AlreadyDecided,
    InvalidParameter,
    NotAllowed,
    NotInOffice,
    NotUndoable,
    OrderNotThere,
    OutOfScope,
    PlanChanged,
    ReasonMissing,
    SamePerson,
)
from abuse.models import Disclosure, LedgerEntry, Officer, Order, OrderNotice, Receipt, ReporterMail
from ddns import accounts, hostnames, keys
from ddns.models import Hostname, Notification, User
from tests.abuse import act_rows, order_rows
from tests.abuse.holds_people import ask, moved, prepare


@pytest.fixture
def released(inquiry, lisa, sam) -> Disclosure:
    return release(prepare(inquiry, lisa), sam)


def release(disclosure: Disclosure, by: User) -> Disclosure:
    return disclosures.release(disclosure, by=by, digest=disclosure.digest)


def opened(disclosure: Disclosure, by: User) -> dict[str, str]:
    with pyzipper.AESZipFile(io.BytesIO(disclosure.package)) as archive:
        archive.setpassword(disclosures.password_of(disclosure, by=by).encode())
        return {name: archive.read(name).decode() for name in archive.namelist()}


def actions(disclosure: Disclosure) -> list[str]:
    entries = LedgerEntry.objects.filter(details__disclosure=disclosure.pk).order_by("sequence")
    return list(entries.values_list("action", flat=True))


# --- Scope ---------------------------------------------------------------------------------------------------


def test_names_and_accounts_that_the_order_does_not_name_are_refused(inquiry, lisa, home, foreign, alice, bob):
    with pytest.raises(OutOfScope, match=r"bob\.ddns\.test"):
        prepare(inquiry, lisa, hostnames=[home, foreign], accounts=[alice, bob])
    with pytest.raises(OutOfScope, match=r"bob@example\.com"):
        prepare(inquiry, lisa, accounts=[alice, bob])
    with pytest.raises(OutOfScope):
        prepare(inquiry, lisa, accounts=[bob], hostnames=[])


def test_another_name_of_the_same_holder_is_out_of_scope(inquiry, lisa, alice, domain):
    other = hostnames.register(alice, domain=domain, label="other")
    with pytest.raises(OutOfScope):
        prepare(inquiry, lisa, hostnames=[other])


def test_parts_and_period_that_the_order_does_not_ask_for_are_refused(olivia, lisa, home):
    order = ask(olivia, [home], parts=["addresses"])
    with pytest.raises(OutOfScope, match="subscriber"):
        prepare(order, lisa, parts=["addresses", "subscriber"])
    with pytest.raises(OutOfScope, match="period"):
        prepare(order, lisa, since=timezone.now() - timedelta(days=31))
    with pytest.raises(OutOfScope, match="period"):
        prepare(order, lisa, until=timezone.now() + timedelta(days=2))
    with pytest.raises(InvalidParameter):
        prepare(order, lisa, parts=[])
    with pytest.raises(InvalidParameter):
        prepare(order, lisa, hostnames=[])


def test_name_that_changed_hands_discloses_who_held_it_then(olivia, lisa, sam, alice, bob, home):
    """Alice gave it up twenty days ago; Bob holds it now. The order asks about a time before."""
    now = timezone.now()
    gone = now - timedelta(days=20)
    Hostname.objects.filter(pk=home.pk).update(created_at=now - timedelta(days=60), released_at=gone)
    bobs = Hostname.objects.create(account=bob, domain=home.domain, name=home.name, publication=home.publication)
    Hostname.objects.filter(pk=bobs.pk).update(created_at=now - timedelta(days=10))
    order = ask(olivia, [bobs], days=None)
    order.wanted_records |= {
        "since": f"{now - timedelta(days=40):%Y-%m-%d}",
        "until": f"{now - timedelta(days=30):%Y-%m-%d}",
    }
    order.save()
    with pytest.raises(OutOfScope):
        prepare(order, lisa)
    disclosure = prepare(order, lisa, accounts=[alice], hostnames=[home])
    subscriber = json.loads(opened(release(disclosure, sam), sam)["subscriber.json"])
    assert [each["email"] for each in subscriber] == ["alice@example.com"]


def test_period_of_ours_does_not_reach_who_held_a_name_before(olivia, lisa, alice, bob, home):
    """The order names none, and so is about who holds it: Bob."""
    now = timezone.now()
    Hostname.objects.filter(pk=home.pk).update(
        created_at=now - timedelta(days=60), released_at=now - timedelta(days=20)
    )
    bobs = Hostname.objects.create(account=bob, domain=home.domain, name=home.name, publication=home.publication)
    order = ask(olivia, [bobs], days=None)
    since = now - timedelta(days=40)
    with pytest.raises(OutOfScope):
        prepare(order, lisa, accounts=[alice], hostnames=[home], since=since)
    assert prepare(order, lisa, since=since).accounts.get() == bob


def test_only_orders_for_information_that_are_planned(olivia, lisa, home):
    with pytest.raises(OrderNotThere):
        prepare(ask(olivia, [home], kind=Order.Kind.TAKEDOWN), lisa)
    for state in (Order.State.RECEIVED, Order.State.REFUSED, Order.State.WITHDRAWN):
        order = ask(olivia, [home])
        Order.objects.filter(pk=order.pk).update(state=state)
        with pytest.raises(OrderNotThere):
            prepare(Order.objects.get(pk=order.pk), lisa)
    assert prepare(ask(olivia, [home], kind=Order.Kind.EMERGENCY), lisa).state == Disclosure.State.PREPARED


# --- Two people ----------------------------------------------------------------------------------------------


def test_preparing_wants_a_right_and_a_reason(inquiry, lisa, oscar, clerk):
    for stranger in (oscar, clerk):
        with pytest.raises(NotAllowed):
            prepare(inquiry, stranger)
    with pytest.raises(ReasonMissing):
        prepare(inquiry, lisa, reason=" ")


def test_who_prepared_it_cannot_release_it(inquiry, root, lisa):
    disclosure = prepare(inquiry, root)
    with pytest.raises(SamePerson):
        release(disclosure, root)
    with pytest.raises(NotAllowed):
        release(disclosure, lisa)
    with pytest.raises(IntegrityError), transaction.atomic():
        Disclosure.objects.filter(pk=disclosure.pk).update(released_by=root)


def test_release_wants_the_digest_that_was_shown(inquiry, lisa, sam):
    disclosure = prepare(inquiry, lisa)
    with pytest.raises(PlanChanged):
        disclosures.release(disclosure, by=sam, digest="0" * 64)
    Order.objects.filter(pk=inquiry.pk).update(plan_digest="1" * 64)
    with pytest.raises(PlanChanged):
        release(disclosure, sam)


def test_release_is_once(released, sam):
    with pytest.raises(AlreadyDecided):
        release(released, sam)


def test_sealed_order_is_for_those_who_handle_it(olivia, home, lisa, sam):
    order = ask(olivia, [home], sealed_until=timezone.now() + timedelta(days=9))
    with pytest.raises(NotAllowed, match="sealed"):
        prepare(order, lisa)
    order.handlers.add(lisa)
    assert release(prepare(order, lisa), sam).state == Disclosure.State.RELEASED


def test_refusing_hands_nothing_out(inquiry, lisa, sam, clerk):
    disclosure = prepare(inquiry, lisa)
    with pytest.raises(NotAllowed):
        disclosures.refuse(disclosure, by=clerk, reason="No.")
    refused = disclosures.refuse(disclosure, by=sam, reason="Too wide.")
    assert (refused.state, refused.package) == (Disclosure.State.REFUSED, None)
    with pytest.raises(AlreadyDecided):
        release(disclosure, sam)
    assert actions(disclosure) == ["prepare-disclosure", "refuse-disclosure"]


# --- The package ---------------------------------------------------------------------------------------------


def test_package_has_what_is_stored_of_the_period_and_nothing_else(olivia, lisa, sam, alice, home, foreign):
    User.objects.filter(pk=alice.pk).update(sign_up_network="203.0.113.0/24", language="de")
    key, _secret = keys.create(alice, label="router", hostnames=[home])
    moved(home, "203.0.113.1", days=40)
    moved(home, "203.0.113.2", days=10, key=key, old_ipv4="203.0.113.1")
    moved(foreign, "203.0.113.66", days=10)
    UserSession.objects.create(user=alice, ip="198.51.100.7", user_agent="Firefox", session_key="a")
    disclosure = release(prepare(ask(olivia, [home]), lisa), sam)
    files = {name: json.loads(text) for name, text in opened(disclosure, sam).items() if name.endswith(".json")}

    (subscriber,) = files["subscriber.json"]
    assert (subscriber["email"], subscriber["signed_up_from_network"], subscriber["language"]) == (
        "alice@example.com",
        "203.0.113.0/24",
        "de",
    )
    (change,) = files["addresses.json"]
    assert (change["new_ipv4"], change["key"], change["source"], change["agent"]) == (
        "203.0.113.2",
        "router",
        "198.51.100.9",
        "ddclient/3.11",
    )
    (log_in,) = files["log_ins.json"]
    assert (log_in["source"], log_in["agent"]) == ("198.51.100.7", "Firefox")
    assert files["hostnames.json"][0]["ipv4_when_it_began"] == "203.0.113.1"
    assert "203.0.113.66" not in json.dumps(files)
    assert "bob" not in json.dumps(files)
    assert "password" not in json.dumps(subscriber)


def test_parts_that_are_not_asked_for_are_not_in_it(olivia, lisa, sam, home):
    disclosure = release(prepare(ask(olivia, [home], parts=["addresses"]), lisa), sam)
    assert {name.partition(".")[0] for name in opened(disclosure, sam)} == {
        "README",
        "hostnames",
        "addresses",
        "manifest",
    }


def test_manifest_receipt_and_ledger_agree(released, sam, inquiry):
    files = opened(released, sam)
    for entry in json.loads(files["manifest.json"])["files"]:
        assert hashlib.sha256(files[entry["path"]].encode()).hexdigest() == entry["sha256"]
    body = receipts.verify(json.loads(files["manifest.receipt.json"]), receipts.keys_of(receipts.published_keys()))
    sha256 = hashlib.sha256(files["manifest.json"].encode()).hexdigest()
    assert (body["manifest_sha256"], body["order"]) == (sha256, str(inquiry.pk))
    entry = LedgerEntry.objects.get(action="release-disclosure")
    assert (entry.details["manifest"], entry.details["package"]) == (
        sha256,
        hashlib.sha256(released.package).hexdigest(),
    )
    assert released.package_sha256 == entry.details["package"]


def test_receipt_is_public_and_has_hashes_alone(released, client, alice, home):
    receipt = Receipt.objects.get(kind=Receipt.Kind.DISCLOSURE)
    page = client.get(f"/abuse/receipts/{receipt.pk}/").content.decode()
    for secret in (alice.email, home.name, "12 Cr 345/26"):
        assert secret not in receipt.payload
        assert secret not in page


def test_package_does_not_open_without_its_password(released):
    for password in (None, b"infected"):
        with pyzipper.AESZipFile(io.BytesIO(released.package)) as archive, pytest.raises(RuntimeError):
            archive.read("README.txt", pwd=password)


def test_readme_tells_the_chain_of_custody(released, sam, lisa):
    readme = opened(released, sam)["README.txt"]
    for said in ("RFC 3227", released.digest, f"member of staff {lisa.pk}", f"member of staff {sam.pk}", "AES-256"):
        assert said in readme
    assert sam.email not in readme


def test_table_runs_nothing_in_a_spreadsheet(olivia, lisa, sam, home):
    moved(home, "203.0.113.2", days=1, agent="=cmd|'/c calc'!A1")
    files = opened(release(prepare(ask(olivia, [home]), lisa), sam), sam)
    assert "'=cmd" in files["addresses.csv"]
    assert json.loads(files["addresses.json"])[0]["agent"].startswith("=cmd")


def test_log_ins_that_ended_under_a_hold_are_in_it(olivia, lisa, sam, alice, home):
    holds.place_all(order_rows.order(olivia), [alice.pk], now=timezone.now())
    UserSession.objects.create(user=alice, ip="198.51.100.7", user_agent="Firefox", session_key="a")
    accounts.end_sessions(alice)
    User.objects.filter(pk=alice.pk).update(email="new@example.com")
    disclosure = prepare(ask(olivia, [home]), lisa, accounts=[User.objects.get(pk=alice.pk)])
    files = opened(release(disclosure, sam), sam)
    (log_in,) = json.loads(files["log_ins.json"])
    assert log_in["source"] == "198.51.100.7"
    (subscriber,) = json.loads(files["subscriber.json"])
    assert (subscriber["email"], subscriber["other_addresses"]) == ("new@example.com", ["alice@example.com"])


def test_account_that_was_forgotten_discloses_what_is_left(olivia, lisa, sam, alice, home):
    accounts.close(alice)
    User.objects.filter(pk=alice.pk).update(closed_at=timezone.now() - timedelta(days=20))
    accounts.forget_due(timezone.now())
    disclosure = prepare(ask(olivia, [home]), lisa, accounts=[User.objects.get(pk=alice.pk)])
    (subscriber,) = json.loads(opened(release(disclosure, sam), sam)["subscriber.json"])
    assert subscriber["email"].endswith("@account.invalid")
    assert subscriber["personal_data_deleted_at"]


def test_release_answers_the_order_with_every_package(inquiry, released, lisa, sam):
    order = Order.objects.get(pk=inquiry.pk)
    assert order.state == Order.State.ANSWERED
    assert released.package_sha256 in order.answer
    again = release(prepare(order, lisa), sam)
    answer = Order.objects.get(pk=inquiry.pk).answer
    assert released.package_sha256 in answer
    assert again.package_sha256 in answer


# --- Password ------------------------------------------------------------------------------------------------


def test_password_is_for_who_released_it_and_every_look_is_on_the_record(released, sam, lisa, root):
    password = disclosures.password_of(released, by=sam)
    assert len(password) == disclosures.PASSWORD_LENGTH
    assert password not in released.sealed_password
    assert password not in json.dumps(list(LedgerEntry.objects.values_list("details", flat=True)))
    for other in (lisa, root):
        with pytest.raises(NotAllowed):
            disclosures.password_of(released, by=other)
    assert actions(released)[-1] == "show-disclosure-password"


def test_officer_is_told_without_names_and_without_the_password(released, sam, alice, home):
    mail = ReporterMail.objects.get()
    assert mail.address == "olivia@police.example"
    for secret in (disclosures.password_of(released, by=sam), alice.email, home.name):
        assert secret not in mail.subject + mail.text


def test_nothing_is_prepared_or_released_for_a_frozen_officer(inquiry, lisa, sam, root):
    """Whoever has taken the account over has asked for it."""
    waiting = prepare(inquiry, lisa)
    officers.freeze(inquiry.officer, by=root, reason="Taken over.")
    with pytest.raises(OrderNotThere, match="frozen"):
        release(waiting, sam)
    with pytest.raises(OrderNotThere, match="frozen"):
        prepare(inquiry, lisa)


@pytest.mark.parametrize("is_refused", [False, True])
def test_order_of_a_stolen_account_stays_one_until_two_have_vetted_its_officer_anew(
    inquiry, home, lisa, sam, root, is_refused
):
    """Unfreezing takes one person, and is no vetting; who is refused after that was never an officer."""
    waiting = prepare(inquiry, lisa)
    officer = officers.freeze(inquiry.officer, by=root, reason="Taken over.")
    officers.unfreeze(officer, by=root, reason="They called.")
    if is_refused:
        officers.refuse(officer, by=root, reason="The agency does not know them.", told="Call us.")
    with pytest.raises(OrderNotThere, match="vetted anew"):
        release(waiting, sam)
    assert "not vetted since" in order_acts.second_look(act_rows.planned([home], by=officer), by=root)


def test_order_of_an_officer_whose_term_has_ended_is_worked_on_all_the_same(inquiry, lisa, sam):
    Officer.objects.update(vetted_until=timezone.now() - timedelta(days=1))
    assert officers.review_terms(timezone.now()) == 1
    assert release(prepare(inquiry, lisa), sam).state == Disclosure.State.RELEASED


# --- Fetching ------------------------------------------------------------------------------------------------


def test_officer_fetches_it_as_often_as_they_like_each_time_on_the_record(released, olivia):
    for source in ("192.0.2.1", "192.0.2.2"):
        assert disclosures.fetch(released, officer=olivia, source=source) == released.package
    fetched = LedgerEntry.objects.filter(action="fetch-disclosure").order_by("sequence")
    assert [each.details["source"] for each in fetched] == ["192.0.2.1", "192.0.2.2"]
    assert {each.actor for each in fetched} == {olivia.account}


def test_strangers_fetch_nothing(released, olivia, home):
    mallory = order_rows.officer(
        "mallory@tax.example", agency=order_rows.agency("Tax Office", mail_domains=["tax.example"])
    )
    with pytest.raises(NotAllowed):
        disclosures.fetch(released, officer=mallory)
    type(olivia).objects.filter(pk=olivia.pk).update(vetted_until=timezone.now() - timedelta(days=1))
    with pytest.raises(NotInOffice):
        disclosures.fetch(released, officer=olivia)
    assert Disclosure.objects.get().fetched_at is None


def test_nothing_to_fetch_before_its_release_and_after_its_time(inquiry, lisa, sam, olivia):
    disclosure = prepare(inquiry, lisa)
    with pytest.raises(OrderNotThere):
        disclosures.fetch(disclosure, officer=olivia)
    released = release(disclosure, sam)
    over = released.available_until
    assert disclosures.purge(over - timedelta(hours=1)) == 0
    assert disclosures.purge(over) == 1
    assert disclosures.purge(over) == 0
    with pytest.raises(OrderNotThere):
        disclosures.fetch(released, officer=olivia)
    with pytest.raises(OrderNotThere):
        disclosures.password_of(released, by=sam)
    left = Disclosure.objects.get()
    assert (left.package, left.sealed_password) == (None, "")
    assert left.manifest["files"]
    assert actions(released)[-1] == "purge-disclosure"


def test_taken_back_until_it_is_fetched(released, sam, lisa, olivia, inquiry):
    with pytest.raises(NotAllowed):
        disclosures.take_back(released, by=lisa, reason="Wrong name.")
    taken = disclosures.take_back(released, by=sam, reason="Wrong name.")
    assert (taken.package, taken.sealed_password) == (None, "")
    with pytest.raises(OrderNotThere):
        disclosures.fetch(released, officer=olivia)
    again = release(prepare(inquiry, lisa), sam)
    disclosures.fetch(again, officer=olivia)
    with pytest.raises(NotUndoable):
        disclosures.take_back(again, by=sam, reason="Wrong name.")


# --- The customer --------------------------------------------------------------------------------------------


def test_customer_is_told_once_it_was_fetched(released, olivia, alice, home):
    assert not OrderNotice.objects.exists()
    for _ in range(2):
        disclosures.fetch(released, officer=olivia)
        order_notices.send_due(timezone.now())
    (told,) = Notification.objects.filter(account=alice, kind="statement")
    text = told.details["text"]
    for said in ("Example Police", "12 Cr 345/26", home.name, "log-ins"):
        assert said in text


def test_second_package_is_told_too(released, olivia, alice, inquiry, lisa, sam):
    disclosures.fetch(released, officer=olivia)
    order_notices.send_due(timezone.now())
    disclosures.fetch(release(prepare(inquiry, lisa, parts=["subscriber"]), sam), officer=olivia)
    assert order_notices.send_due(timezone.now()) == 1


def test_customers_of_one_package_are_told_of_their_own_names(olivia, lisa, sam, alice, bob, home, foreign):
    released = release(prepare(ask(olivia, [home, foreign]), lisa), sam)
    disclosures.fetch(released, officer=olivia)
    order_notices.send_due(timezone.now())
    text = Notification.objects.get(account=bob, kind="statement").details["text"]
    assert foreign.name in text
    assert home.name not in text


def test_customer_of_a_sealed_order_is_told_when_the_seal_ends(olivia, lisa, sam, alice, home):
    order = ask(olivia, [home], sealed_until=timezone.now() + timedelta(days=9))
    order.handlers.add(lisa)
    disclosures.fetch(release(prepare(order, lisa), sam), officer=olivia)
    assert order_notices.send_due(timezone.now() + timedelta(days=8)) == 0
    assert order_notices.send_due(timezone.now() + timedelta(days=10)) == 1
