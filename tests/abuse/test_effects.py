"""Effects: what an order did is asked of every authoritative server, and the order is answered with a signed report of it."""

import hashlib
import json
from datetime import timedelta
from unittest.mock import ANY

import pytest
import time_machine
from django.utils import timezone

from abuse import effects, order_acts, plans, receipts
from abuse.errors import OrderNotThere
from abuse.models import EffectReport, LedgerEntry, Order, OrderItem, Receipt, ReporterMail
from ddns import domains, hostnames
from ddns.models import Hostname, User
from deploy.local.bind import Bind
from deploy.local.knot import Knot
from dnsupdate import server_states, turns
from dnsupdate.models import Nameserver, Proof, Zone
from tests.abuse import effect_rows, order_rows
from tests.dnsupdate.real_zones import by_hand, drain, send_by_hand, zone_row

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def zone(transactional_db, bind: Bind, fresh_zone) -> Zone:
    return zone_row(bind, fresh_zone(bind))


@pytest.fixture
def domain(zone: Zone):
    return domains.offer(zone)


@pytest.fixture
def live(home: Hostname, zone: Zone) -> Hostname:
    hostnames.configure(home)
    drain(zone)
    return home


@pytest.fixture
def lagging(zone: Zone, knot: Knot, live: Hostname) -> Nameserver:
    """A secondary that goes on answering what stood."""
    knot.add_zone(zone.name)
    server = Nameserver.objects.create(name="lagging", host=knot.host, port=knot.port)
    zone.secondaries.add(server)
    by_hand_at(knot, zone, live, is_there=True)
    return server


def suspended(live: Hostname, by) -> Order:
    order = order_rows.planned([live])
    OrderItem.objects.create(
        order=order, position=2, text="www.example.org", name="www.example.org", outcome="not_ours"
    )
    return effect_rows.carry_out(order, by=by)


def prove(*, after: timedelta = timedelta(seconds=1)) -> int:
    with time_machine.travel(timezone.now() + after, tick=True):
        return effects.prove_due()


def test_an_order_is_answered_once_what_it_did_is_proven(live, zone, oscar):
    order = suspended(live, oscar)
    effects.prove_due()
    order.refresh_from_db()
    assert (order.state, effects.latest(order)) == (Order.State.PROVING, None)

    drain(zone)
    assert prove(after=timedelta(seconds=3)) == 1
    order.refresh_from_db()
    report = effects.latest(order)
    assert report is not None
    assert (order.state, report.name_count, report.proven_count) == (Order.State.ANSWERED, 1, 1)
    body = json.loads(report.body)
    assert (
        body["counts"]["lines"] == 2 == sum(body["counts"]["outcomes"].values()) == sum(body["counts"]["done"].values())
    )
    first, second = body["items"]
    assert (first["done"], second["done"], second["outcome"]) == ("suspended", "nothing", "not_ours")
    assert first["decided_at"] <= first["out_of_dns_at"] <= first["answers"][0][2]
    assert first["answers"][0][3:] == ["NXDOMAIN", True]
    assert str(report.pk) in order.answer


def test_a_report_holds_with_the_published_keys_and_names_its_octets(live, zone, oscar):
    report = proven(live, zone, oscar)
    shown = json.loads(json.dumps(effects.document(report)))
    body = receipts.verify(shown["receipt"], receipts.keys_of(receipts.published_keys()))
    octets = shown["body"].encode()
    assert (body["sha256"], body["size"]) == (hashlib.sha256(octets).hexdigest(), len(octets))
    assert (body["kind"], body["effect_of"], body["line_count"], body["proven_count"]) == ("effect", "act", 2, 1)
    assert live.name not in report.receipt.payload
    assert receipts.canonical(json.loads(report.body)) == report.body


def test_a_report_is_in_the_ledger_and_names_no_person(live, zone, oscar):
    report = proven(live, zone, oscar)
    entry = LedgerEntry.objects.get(action="report-effect")
    assert entry.object == f"order {report.order_id}"
    assert (entry.details["sha256"], entry.details["receipt"]) == (report.sha256, str(report.receipt_id))
    assert oscar.email not in report.body
    assert live.account.email not in report.body
    assert json.loads(report.body)["order"]["decided_by"] == "a member of staff"


def test_a_server_that_lags_holds_the_answer_for_a_minute_and_is_named(live, zone, lagging, oscar):
    order = suspended(live, oscar)
    drain(zone)
    assert prove() == 1
    assert Order.objects.get(pk=order.pk).state == Order.State.PROVING

    prove(after=effects.FIRST_ANSWER + timedelta(seconds=1))
    order.refresh_from_db()
    report = effects.latest(order)
    assert report is not None
    assert (order.state, report.name_count, report.proven_count) == (Order.State.ANSWERED, 1, 0)
    body = json.loads(report.body)
    assert [server["names_as_decided"] for server in body["servers"]] == [1, 0]
    assert body["items"][0]["answers"][1][3:] == ["ADDRESSES", False]
    assert "lagging: 1" in order.answer
    assert "203.0.113.7" not in report.body


def test_a_dead_server_is_named_too_and_asked_for_little_after_that(live, zone, oscar, free_port):
    order = suspended(live, oscar)
    zone.secondaries.add(Nameserver.objects.create(name="dead", host="127.0.0.1", port=free_port))
    drain(zone)
    prove(after=effects.FIRST_ANSWER + timedelta(seconds=1))
    report = effects.latest(order)
    assert report is not None
    assert json.loads(report.body)["items"][0]["answers"][1] == [1, None, ANY, "NO ANSWER", False]
    order.refresh_from_db()
    assert (order.state, "dead: 1" in order.answer) == (Order.State.ANSWERED, True)

    count = Proof.objects.count()
    assert order.prove_at is not None
    assert prove(after=timedelta(hours=1)) == 1
    assert (Proof.objects.count(), order.effect_reports.count()) == (count, 1)


def test_pauses_grow_and_end_after_a_day(live, zone, lagging, oscar):
    order = suspended(live, oscar)
    drain(zone)
    prove(after=effects.FIRST_ANSWER + timedelta(seconds=1))
    order.refresh_from_db()
    first = order.prove_at
    prove(after=timedelta(hours=2))
    order.refresh_from_db()
    assert first is not None
    assert order.prove_at is not None
    assert order.prove_at - timezone.now() - timedelta(hours=2) > first - timezone.now() - effects.FIRST_ANSWER
    prove(after=effects.DEADLINE + timedelta(hours=1))
    order.refresh_from_db()
    assert (order.prove_at, order.proving["is_settled"], order.effect_reports.count()) == (None, True, 1)
    assert prove(after=effects.DEADLINE + timedelta(hours=2)) == 0


def test_a_server_that_caught_up_is_reported_again(live, zone, lagging, knot, oscar):
    order = suspended(live, oscar)
    drain(zone)
    prove(after=effects.FIRST_ANSWER + timedelta(seconds=1))
    first = effects.latest(order)

    by_hand_at(knot, zone, live, is_there=False)
    assert prove(after=timedelta(hours=1)) == 1
    second = effects.latest(order)
    order.refresh_from_db()
    assert first is not None
    assert second is not None
    assert (first.proven_count, second.proven_count) == (0, 1)
    assert 0 < order.answer.index(str(first.pk)) < order.answer.index(str(second.pk))
    assert (order.answered_at, order.prove_at) == (first.made_at, None)
    assert Receipt.objects.filter(order=order, kind=Receipt.Kind.EFFECT).count() == 2
    assert prove(after=timedelta(hours=2)) == 0


def test_an_undoing_is_proven_and_reported_apart(live, zone, oscar):
    order = proven(live, zone, oscar).order
    order.refresh_from_db()
    effect_rows.undo(order, by=oscar)
    drain(zone)
    assert prove() == 1
    order.refresh_from_db()
    report = effects.latest(order)
    assert report is not None
    assert (report.of, report.proven_count, order.state) == ("undoing", 1, Order.State.ANSWERED)
    body = json.loads(report.body)
    assert body["counts"]["done"] == {"undone": 1, "nothing": 1}
    assert body["items"][0]["answers"][0][3:] == ["ADDRESSES", True]
    assert body["items"][0]["in_dns_at"] >= body["items"][0]["undone_at"]
    assert body["order"]["undone_at"]
    assert "was undone" in order.answer
    assert "203.0.113.7" not in report.body


def test_an_undoing_that_begins_while_servers_are_asked_is_not_reported_as_the_act(live, zone, oscar, monkeypatch):
    order = suspended(live, oscar)
    drain(zone)
    ask = effects.effect_proofs.ask

    def interrupted(*args, **kwargs):
        found = ask(*args, **kwargs)
        effect_rows.undo(Order.objects.get(pk=order.pk), by=oscar)
        return found

    monkeypatch.setattr(effects.effect_proofs, "ask", interrupted)
    prove()
    order.refresh_from_db()
    assert (order.state, effects.latest(order)) == (Order.State.PROVING, None)
    monkeypatch.undo()
    drain(zone)
    prove()
    report = effects.latest(order)
    assert report is not None
    assert report.of == "undoing"


def test_killed_between_proof_and_report_it_is_reported_once(live, zone, oscar, monkeypatch):
    order = suspended(live, oscar)
    drain(zone)

    def killed(*args, **kwargs):
        raise SystemExit

    monkeypatch.setattr(effects, "report", killed)
    with pytest.raises(SystemExit):
        prove()
    monkeypatch.undo()
    asked = Proof.objects.count()
    assert prove() == 1
    assert prove(after=timedelta(minutes=5)) == 0
    assert (Proof.objects.count(), order.effect_reports.count()) == (asked, 1)


def test_killed_while_the_report_is_signed_nothing_of_it_is_kept(live, zone, oscar, monkeypatch):
    order = suspended(live, oscar)
    drain(zone)

    def killed(**kwargs):
        raise SystemExit

    monkeypatch.setattr(effects.ledger, "append", killed)
    with pytest.raises(SystemExit):
        prove()
    monkeypatch.undo()
    order.refresh_from_db()
    assert (order.state, order.effect_reports.count(), Receipt.objects.count()) == (Order.State.PROVING, 0, 0)
    prove()
    assert order.effect_reports.count() == 1


def test_the_same_report_is_not_made_again(live, zone, oscar):
    report = proven(live, zone, oscar)
    assert effects.report(report.order, of=report.of) == report
    with pytest.raises(OrderNotThere):
        effects.report(report.order, of=EffectReport.Of.UNDOING)


def test_an_order_that_nobody_carried_out_has_no_report(live, zone):
    with pytest.raises(OrderNotThere):
        effects.report(order_rows.planned([live]), of=EffectReport.Of.ACT)


def test_who_is_at_an_order_keeps_others_from_it_and_from_no_other_order(live, domain, bob, zone, oscar):
    first = suspended(live, oscar)
    second = effect_rows.carry_out(
        order_rows.planned([hostnames.register(bob, domain=domain, label="office")]), by=oscar
    )
    drain(zone)
    with turns.take(f"prove-order-{first.pk}", timedelta(minutes=1)):
        prove()
    assert (first.effect_reports.count(), second.effect_reports.count()) == (0, 1)


def test_one_order_that_cannot_be_proven_keeps_no_other_waiting(live, domain, bob, zone, oscar, monkeypatch):
    first = suspended(live, oscar)
    second = effect_rows.carry_out(
        order_rows.planned([hostnames.register(bob, domain=domain, label="office")]), by=oscar
    )
    drain(zone)
    ask = effects.effect_proofs.ask

    def failing(order, *args, **kwargs):
        if order.pk == first.pk:
            raise ValueError
        return ask(order, *args, **kwargs)

    monkeypatch.setattr(effects.effect_proofs, "ask", failing)
    prove()
    assert (first.effect_reports.count(), second.effect_reports.count()) == (0, 1)


def test_diverted_held_and_preserved_names_are_told_apart(live, domain, alice, bob, zone, oscar):
    rows = [live, *(hostnames.register(bob, domain=domain, label=label) for label in ("sunk", "kept"))]
    order = order_rows.planned([])
    target = effect_rows.target()
    for position, (row, action) in enumerate(zip(rows, ("hold", "divert", "preserve"), strict=True), 1):
        order.groups.create(key=action, item_count=1, action=action, target=target if action == "divert" else None)
        item(order, position, row.name, group=action, hostname=row, account=row.account)
    effect_rows.carry_out(order, by=oscar)
    drain(zone)
    prove()
    report = effects.latest(order)
    assert report is not None
    body = json.loads(report.body)
    held, diverted, preserved = body["items"]
    assert [each["done"] for each in body["items"]] == ["held", "diverted", "preserved"]
    assert body["targets"][diverted["target"]] == {"name": "Example sinkhole", "addresses": ["192.0.2.53"]}
    assert held["answers"][0][3:] == diverted["answers"][0][3:] == ["ADDRESSES", True]
    assert "answers" not in preserved
    assert (report.name_count, report.proven_count) == (2, 2)


def test_what_stands_below_a_name_is_asked_for_and_not_named(live, zone, oscar):
    hostnames.configure(live, wildcard=True)
    drain(zone)
    report = proven(live, zone, oscar)
    body = json.loads(report.body)
    assert body["items"][0]["owner_names"] == 2
    assert f"*.{live.name}" not in report.body
    assert Proof.objects.filter(name=f"*.{live.name}", is_match=True).exists()


def test_lines_that_were_left_or_name_nothing_say_why(live, zone, oscar):
    order = order_rows.planned([live])
    item(order, 2, "", text="???", outcome="invalid", note="It names no host.")
    item(order, 3, "gone.example", outcome="live", state=OrderItem.State.LEFT, problem="It has another holder.")
    effect_rows.carry_out(order, by=oscar)
    drain(zone)
    prove()
    report = effects.latest(order)
    assert report is not None
    _, invalid, left = json.loads(report.body)["items"]
    assert (invalid["done"], invalid["text"], invalid["why"]) == ("nothing", "???", "It names no host.")
    assert (left["done"], left["why"]) == ("left", "It has another holder.")


def test_serials_before_and_after_are_in_the_report(live, zone, oscar):
    server_states.watch()
    report = proven(live, zone, oscar)
    (told,) = json.loads(report.body)["zones"]
    (serials,) = told["serials"]
    assert told["name"] == zone.name
    assert serials["before"] < serials["after"]


def test_the_officer_is_told_that_there_is_an_answer_and_not_what_it_says(live, zone, oscar):
    report = proven(live, zone, oscar)
    (mail,) = ReporterMail.objects.filter(address=report.order.officer.account.email)
    assert f"/authorities/orders/{report.order_id}/" in mail.text
    assert live.name not in mail.text
    assert report.order.reference not in mail.subject + mail.text


def test_what_people_had_answered_before_stays(live, zone, oscar):
    order = suspended(live, oscar)
    Order.objects.filter(pk=order.pk).update(answer="We are at it.")
    drain(zone)
    prove()
    order.refresh_from_db()
    assert order.answer.startswith("We are at it.\n\n")
    assert "was carried out" in order.answer


def test_the_letter_is_in_the_officers_language(live, zone, oscar):
    order = order_rows.planned([live])
    User.objects.filter(pk=order.officer.account_id).update(language="de")
    effect_rows.carry_out(order, by=oscar)
    drain(zone)
    prove()
    order.refresh_from_db()
    assert "Anordnung" in order.answer


def item(order: Order, position: int, name: str, **fields) -> OrderItem:
    values = {"text": name, "outcome": "live", **fields}
    return OrderItem.objects.create(order=order, position=position, name=name, **values)


def proven(live: Hostname, zone: Zone, by) -> EffectReport:
    order = suspended(live, by)
    drain(zone)
    prove()
    report = effects.latest(order)
    assert report is not None
    return report


def by_hand_at(knot: Knot, zone: Zone, live: Hostname, *, is_there: bool) -> None:
    """As if the secondary had got the zone before or after the change."""
    update = by_hand(knot, zone.name)
    if is_there:
        update.add(f"{live.name}.", 60, "A", "203.0.113.7")
    else:
        update.delete(f"{live.name}.")
    send_by_hand(knot, update)


def test_from_the_approval_to_the_signed_report_and_back(live, zone, root, oscar):
    server_states.watch()
    order = plans.make(order_rows.order(names=f"hxxp://{live.name}/login\nwww.example.org\n{live.name}"))
    order = order_acts.propose(order, reason="the order", by=root)
    if order.state == Order.State.PROPOSED:
        order.proposed_by = oscar
        order.save(update_fields=["proposed_by"])
        order = order_acts.approve(order, by=root, digest=order.plan_digest)
    order_acts.run(order.pk, seconds=30)
    drain(zone)
    prove()
    order.refresh_from_db()
    report = effects.latest(order)
    assert report is not None
    body = json.loads(report.body)
    assert (order.state, report.name_count, report.proven_count) == (Order.State.ANSWERED, 1, 1)
    assert body["counts"]["outcomes"] == {"live": 1, "not_ours": 1, "repeated": 1}
    assert body["items"][0]["text"].startswith("hxxp://")
    (serials,) = body["zones"][0]["serials"]
    assert serials["before"] < serials["after"]

    order = order_acts.undo(order, reason="mistake", by=root)
    order_acts.run(order.pk, seconds=30)
    drain(zone)
    prove()
    order.refresh_from_db()
    report = effects.latest(order)
    assert report is not None
    assert (order.state, report.of, report.proven_count) == (Order.State.ANSWERED, EffectReport.Of.UNDOING, 1)
