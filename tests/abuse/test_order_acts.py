"""Acts of orders: exactly the names that were planned, once, whoever is killed; and as it was when that is undone."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone

from abuse import decisions, ledger, order_acts, roles, suspensions
from abuse.errors import (
    BeyondCapacity,
    DecidedOnOrder,
    InvalidOrder,
    NotAllowed,
    NotUndoable,
    OrderNotThere,
    PlanChanged,
    ReasonMissing,
    SamePerson,
)
from abuse.models import (
    Decision,
    DiversionTarget,
    Hold,
    LedgerEntry,
    Order,
    OrderGroup,
    OrderItem,
    OrderNotice,
    ProtectedName,
    Suspension,
)  # fmt: skip
from ddns import hostnames
from ddns.models import Hostname, Restriction, User
from ddns.models.hostnames import State
from dnsupdate.models import PendingPublication, Publication
from dnsupdate.models.pending import Urgency
from tests.abuse import act_rows
from tests.abuse.stories import open_case
from tests.people import logged_in

pytestmark = pytest.mark.django_db

Action = OrderGroup.Action


@pytest.fixture
def boss(db) -> User:
    """A senior: the second person."""
    roles.make_missing()
    user = User.objects.create_user("boss@example.com", is_staff=True)
    user.groups.add(Group.objects.get(name=roles.SENIOR))
    return user


@pytest.fixture
def answered(home) -> Hostname:
    hostnames.configure(home, wildcard=True)
    return Hostname.objects.get(pk=home.pk)


@pytest.fixture
def order(answered, foreign) -> Order:
    """About a name of Alice and one of Bob."""
    return act_rows.planned([answered, foreign])


def rrsets(*names: str) -> dict:
    return dict(Publication.objects.filter(name__in=names).values_list("name", "rrsets"))


def act(order: Order, by: User) -> Order:
    order_acts.propose(order, reason="the court says so", by=by)
    return run(order)


def run(order: Order) -> Order:
    order_acts.run(order.pk, seconds=60)
    order.refresh_from_db()
    return order


def test_names_of_the_order_leave_dns_before_all_others(order, answered, foreign, oscar):
    act(order, oscar)

    assert rrsets("home.ddns.test", "*.home.ddns.test", "bob.ddns.test") == {
        "home.ddns.test": {}, "*.home.ddns.test": {}, "bob.ddns.test": {},
    }  # fmt: skip
    assert set(PendingPublication.objects.values_list("urgency", flat=True)) == {Urgency.WITHDRAWAL}
    assert {each.state for each in Hostname.objects.all()} == {State.SUSPENDED}


def test_every_item_says_what_became_of_it(order, oscar):
    act(order, oscar)

    assert list(order.items.values_list("state", flat=True)) == ["acted", "acted"]
    assert order.state == Order.State.PROVING
    assert order.acted_at is not None
    assert order_acts.progress(order) == order_acts.Progress("act", 2, 0, 2, True, False, "")
    covering = Suspension.objects.get(order_item__position=1)
    assert (covering.reason, covering.decided_by, covering.decision) == ("the court says so", oscar, None)


def test_undoing_brings_back_exactly_what_was(order, answered, oscar):
    before = rrsets("home.ddns.test", "*.home.ddns.test", "bob.ddns.test")
    act(order, oscar)
    order_acts.undo(order, by=oscar, reason="the court changed its mind")
    run(order)

    assert rrsets("home.ddns.test", "*.home.ddns.test", "bob.ddns.test") == before
    assert not Restriction.objects.exists()
    assert list(order.items.values_list("state", flat=True)) == ["undone", "undone"]
    assert order.undone_at is not None
    assert order.state == Order.State.PROVING
    assert Suspension.objects.first().lift_reason == "the court changed its mind"


def test_what_is_diverted_answers_the_target_and_nothing_below_it(answered, oscar, boss):
    target = DiversionTarget.objects.create(name="partner", kind="sinkhole", addresses=["198.51.100.1"], ttl=30)
    order = act_rows.planned([answered], action=Action.SUSPEND)
    act_rows.regroup(order, action=Action.DIVERT, target=target)
    order_acts.propose(order, reason="botnet", by=oscar)
    order.refresh_from_db()
    assert order.state == Order.State.PROPOSED
    order_acts.approve(order, by=boss, digest=order.plan_digest)
    run(order)

    sinkhole = {"A": {"ttl": 30, "rdata": ["198.51.100.1"]}}
    assert rrsets("home.ddns.test", "*.home.ddns.test") == {"home.ddns.test": sinkhole, "*.home.ddns.test": sinkhole}
    assert Restriction.objects.get().answer == sinkhole


def test_what_is_held_goes_on_answering(answered, oscar):
    before = rrsets("home.ddns.test", "*.home.ddns.test")
    revision = Publication.objects.get(name="home.ddns.test").revision
    order = act_rows.planned([answered], action=Action.HOLD)
    act(order, oscar)

    assert rrsets("home.ddns.test", "*.home.ddns.test") == before
    assert Hostname.objects.get(pk=answered.pk).state == State.HELD
    assert Restriction.objects.get().answer == before["home.ddns.test"]
    assert Publication.objects.get(name="home.ddns.test").revision > revision


def test_plan_that_is_too_old_is_not_proposed(order, foreign, oscar):
    hostnames.release(foreign)

    with pytest.raises(PlanChanged, match="1 names"):
        order_acts.propose(order, reason="court", by=oscar)


def test_what_was_released_or_changed_hands_is_left(order, answered, foreign, bob, oscar):
    order_acts.propose(order, reason="court", by=oscar)
    hostnames.release(foreign)
    Hostname.objects.filter(pk=answered.pk).update(account=bob)
    run(order)

    first, second = order.items.all()
    assert (first.state, first.problem) == ("left", "Somebody else holds it than when it was planned.")
    assert second.state == "left"
    assert "released" in second.problem
    assert not Suspension.objects.exists()
    assert order_acts.progress(order).left_count == 2


def test_what_became_staffs_is_left(order, alice, oscar):
    order_acts.propose(order, reason="court", by=oscar)
    User.objects.filter(pk=alice.pk).update(is_staff=True)
    run(order)

    assert list(order.items.values_list("state", flat=True)) == ["left", "acted"]


def test_stronger_decisions_stay_in_force(order, answered, oscar):
    decision = decisions.take(open_case(answered), action=Decision.Action.SUSPEND, reason="phishing", by=oscar)
    act_rows.regroup(order, action=Action.HOLD)
    act(order, oscar)
    assert Hostname.objects.get(pk=answered.pk).state == State.SUSPENDED

    decisions.undo(decision, reason="mistake", by=oscar)
    assert Hostname.objects.get(pk=answered.pk).state == State.HELD


def test_name_under_another_suspension_stays_out_when_the_order_is_undone(order, answered, oscar):
    act(order, oscar)
    suspensions.suspend(Hostname.objects.get(pk=answered.pk), reason="phishing", by=oscar)
    order_acts.undo(order, by=oscar, reason="mistake")
    run(order)

    assert Hostname.objects.get(pk=answered.pk).state == State.SUSPENDED
    assert rrsets("home.ddns.test") == {"home.ddns.test": {}}


def test_name_of_an_account_deactivated_meanwhile_stays_out(order, answered, alice, oscar):
    from ddns import accounts

    act(order, oscar)
    accounts.deactivate(alice)
    order_acts.undo(order, by=oscar, reason="mistake")
    run(order)

    assert rrsets("home.ddns.test") == {"home.ddns.test": {}}


def test_what_was_done_for_an_order_is_not_lifted_by_name(order, oscar):
    act(order, oscar)

    with pytest.raises(DecidedOnOrder):
        suspensions.lift(Suspension.objects.first(), reason="why not", by=oscar)


def test_order_ends_by_itself(order, oscar):
    Order.objects.filter(pk=order.pk).update(ends_at=timezone.now() + timedelta(hours=1))
    order.refresh_from_db()
    act(order, oscar)
    assert set(Suspension.objects.values_list("ends_at", flat=True)) == {order.ends_at}
    assert order_acts.end_due(timezone.now()) == 0

    assert order_acts.end_due(order.ends_at) == suspensions.end_due(order.ends_at) + 1
    run(order)

    assert not Restriction.objects.exists()
    assert list(order.items.values_list("state", flat=True)) == ["undone", "undone"]
    assert LedgerEntry.objects.filter(action="undo-order", actor=None, reason=order_acts.ENDED).exists()
    assert order_acts.end_due(order.ends_at) == 0


def test_ledger_has_the_hash_of_every_chunk(order, oscar, monkeypatch):
    monkeypatch.setattr("abuse.order_chunks.CHUNK", 1)
    act(order, oscar)
    order_acts.undo(order, by=oscar, reason="mistake")
    run(order)

    acted = LedgerEntry.objects.filter(action="act-on-order").order_by("sequence")
    assert [(each.details["first"], each.details["last"], each.details["count"]) for each in acted] == [
        (1, 1, 1),
        (2, 2, 1),
    ]
    undone = LedgerEntry.objects.filter(action="undo-order").order_by("sequence")
    assert [each.details["sha256"] for each in undone] == [each.details["sha256"] for each in acted][::-1]
    assert {each.object for each in acted} == {f"order {order.pk}"}
    ledger.verify()


def test_stop_is_seen_before_the_next_chunk_and_resume_goes_on(order, oscar, monkeypatch):
    monkeypatch.setattr("abuse.order_chunks.CHUNK", 1)
    order_acts.propose(order, reason="court", by=oscar)
    order_acts.run(order.pk, seconds=0)
    order_acts.stop(order, by=oscar, reason="wait")
    run(order)
    assert list(order.items.values_list("state", flat=True)) == ["acted", "listed"]
    assert order_acts.progress(order).is_stopped

    order_acts.resume(order, by=oscar)
    run(order)
    assert list(order.items.values_list("state", flat=True)) == ["acted", "acted"]
    assert order_acts.progress(order).done_count == 2
    assert Suspension.objects.count() == 2


def test_what_was_stopped_and_has_ended_is_not_gone_on_with(order, oscar):
    Order.objects.filter(pk=order.pk).update(ends_at=timezone.now() + timedelta(hours=1))
    act_rows.sealed(order)
    order_acts.propose(order, reason="court", by=oscar)
    order_acts.stop(order, by=oscar, reason="wait")
    Order.objects.filter(pk=order.pk).update(ends_at=timezone.now() - timedelta(hours=1))

    with pytest.raises(InvalidOrder):
        order_acts.resume(order, by=oscar)


def test_stopped_order_is_undone_from_where_it_was(order, oscar, monkeypatch):
    monkeypatch.setattr("abuse.order_chunks.CHUNK", 1)
    order_acts.propose(order, reason="court", by=oscar)
    order_acts.run(order.pk, seconds=0)
    order_acts.stop(order, by=oscar, reason="wait")
    order_acts.undo(order, by=oscar, reason="mistake")
    run(order)

    assert list(order.items.values_list("state", flat=True)) == ["undone", "listed"]
    assert order.state == Order.State.PROVING


def test_what_was_not_acted_on_is_stopped_and_resumed_as_planned(order, oscar):
    order_acts.stop(order, by=oscar, reason="the officer is frozen")
    run(order)
    assert not Suspension.objects.exists()

    assert order_acts.resume(order, by=oscar).state == Order.State.PLANNED


@pytest.fixture
def diverted(answered, oscar) -> Order:
    """Proposed: to a partner's sinkhole."""
    target = DiversionTarget.objects.create(name="partner", kind="sinkhole", addresses=["198.51.100.1"])
    order = act_rows.regroup(act_rows.planned([answered]), action=Action.DIVERT, target=target)
    return order_acts.propose(order, reason="botnet", by=oscar)


def test_target_that_leads_elsewhere_by_now_is_not_what_was_approved(diverted, boss):
    """Whoever may change settings sends nothing elsewhere that two people have looked at."""
    DiversionTarget.objects.update(addresses=["203.0.113.66"])
    with pytest.raises(PlanChanged):
        order_acts.approve(diverted, by=boss, digest=diverted.plan_digest)


def test_name_that_is_protected_since_it_was_planned_is_left(order, answered, oscar, boss, settings):
    """Who approved it was not shown that it is."""
    settings.ABUSE_NAMES_PER_DECISION = 1
    order_acts.propose(order, reason="court", by=oscar)
    ProtectedName.objects.create(name=answered.name, reason="A hospital's.", added_by=boss)
    order_acts.approve(order, by=boss, digest=order.plan_digest)
    run(order)
    assert list(order.items.values_list("state", flat=True)) == ["left", "acted"]


def test_act_that_was_stopped_does_not_go_on_to_another_place(diverted, oscar, boss):
    order_acts.approve(diverted, by=boss, digest=diverted.plan_digest)
    stopped = order_acts.stop(diverted, by=oscar, reason="wait")
    DiversionTarget.objects.update(addresses=["203.0.113.66"])
    with pytest.raises(PlanChanged):
        order_acts.resume(stopped, by=oscar)
    DiversionTarget.objects.update(addresses=["198.51.100.1"])
    assert order_acts.resume(stopped, by=oscar).state == Order.State.ACTING


def test_second_person_approves_the_plan_that_was_seen(order, oscar, boss, settings):
    settings.ABUSE_NAMES_PER_DECISION = 1
    proposed = order_acts.propose(order, reason="court", by=boss)
    assert proposed.state == Order.State.PROPOSED
    assert "2 names at once" in proposed.proposal["second_look"]

    with pytest.raises(SamePerson):
        order_acts.approve(order, by=boss, digest=order.plan_digest)
    with pytest.raises(NotAllowed):
        order_acts.approve(order, by=oscar, digest=order.plan_digest)
    other = User.objects.create_superuser("other@example.com")
    with pytest.raises(PlanChanged):
        order_acts.approve(order, by=other, digest="another")
    run(order)
    assert not Suspension.objects.exists()

    approved = order_acts.approve(order, by=other, digest=order.plan_digest)
    assert (approved.state, approved.approved_by) == (Order.State.ACTING, other)
    run(order)
    assert Suspension.objects.count() == 2


def test_refused_proposal_is_a_plan_again(order, oscar, boss, settings):
    settings.ABUSE_NAMES_PER_DECISION = 1
    order_acts.propose(order, reason="court", by=oscar)
    with pytest.raises(ReasonMissing):
        order_acts.refuse_proposal(order, by=boss, reason=" ")

    assert order_acts.refuse_proposal(order, by=boss, reason="too broad").state == Order.State.PLANNED


@pytest.mark.parametrize("key", ["protected", "live-settled"])
def test_some_groups_need_a_second_person_however_small(order, oscar, key):
    order.items.update(group=key)
    act_rows.regroup(order, key=key)

    assert order_acts.second_look(order, by=oscar)


def test_names_acted_on_alone_count_for_the_next_hour(order, oscar, settings):
    settings.ABUSE_NAMES_PER_HOUR = 3
    assert order_acts.second_look(order, by=oscar) == ""
    act(order, oscar)

    again = act_rows.planned(Hostname.objects.all())
    assert "within an hour" in order_acts.second_look(again, by=oscar)


@pytest.fixture
def preserving(answered, foreign) -> Order:
    order = act_rows.planned([answered, foreign], kind=Order.Kind.PRESERVATION, hold_days=90)
    act_rows.regroup(order, action=Action.PRESERVE)
    return order


def test_accounts_are_preserved_and_their_names_go_on_answering(preserving, answered, alice, bob, oscar):
    before = rrsets("home.ddns.test")
    order_acts.propose(preserving, reason="court", by=oscar)
    hostnames.release(Hostname.objects.get(name="bob.ddns.test"))
    run(preserving)

    assert {hold.account for hold in Hold.objects.in_force()} == {alice, bob}
    assert rrsets("home.ddns.test") == before
    assert list(preserving.items.values_list("state", flat=True)) == ["acted", "acted"]
    assert not Suspension.objects.exists()
    assert not OrderNotice.objects.exists()
    alice.refresh_from_db()
    assert alice.preserve_until is not None

    order_acts.undo(preserving, by=oscar, reason="withdrawn")
    run(preserving)
    assert not Hold.objects.in_force().exists()
    assert list(preserving.items.values_list("state", flat=True)) == ["undone", "undone"]
    alice.refresh_from_db()
    assert alice.preserve_until is None


def test_what_is_frozen_to_be_preserved_is_freed_at_its_end_and_preserved_further(preserving, alice, oscar):
    act_rows.regroup(preserving, action=Action.HOLD)
    Order.objects.filter(pk=preserving.pk).update(ends_at=timezone.now() + timedelta(hours=1))
    act(preserving, oscar)
    assert Restriction.objects.count() == Hold.objects.in_force().count() == 2

    order_acts.end_due(preserving.ends_at)
    run(preserving)
    assert not Restriction.objects.exists()
    assert Hold.objects.in_force().count() == 2


def test_everybody_is_told_once_by_a_row_and_not_by_name(order, alice, bob, oscar, monkeypatch):
    monkeypatch.setattr("abuse.order_chunks.CHUNK", 1)
    act(order, oscar)
    assert set(OrderNotice.objects.values_list("account", "about")) == {(alice.pk, "names"), (bob.pk, "names")}
    assert not alice.notifications.exists()

    order_acts.undo(order, by=oscar, reason="mistake")
    run(order)
    assert OrderNotice.objects.filter(about="return").count() == 2


def test_target_that_is_no_more_is_not_diverted_to(order, oscar):
    target = DiversionTarget.objects.create(
        name="partner", kind="sinkhole", addresses=["198.51.100.1"], is_enabled=False
    )
    act_rows.regroup(order, action=Action.DIVERT, target=target)
    with pytest.raises(InvalidOrder, match="switched off"):
        order_acts.propose(order, reason="botnet", by=oscar)


def test_partner_gets_no_more_than_it_can_take(order, oscar, settings):
    settings.DIVERTED_NAME_CONNECTIONS = 10
    target = DiversionTarget.objects.create(name="partner", kind="sinkhole", addresses=["198.51.100.1"], capacity=19)
    act_rows.regroup(order, action=Action.DIVERT, target=target)
    with pytest.raises(BeyondCapacity):
        order_acts.propose(order, reason="botnet", by=oscar)


def test_page_of_a_name_leads_to_the_order_that_covers_it(order, answered, oscar):
    act(order, oscar)
    page = logged_in(oscar).get(f"/admin/ddns/hostname/{answered.pk}/change/").content.decode()

    assert f"/admin/abuse/order/{order.pk}/" in page
    assert "/lift/" not in page


def test_strangers_do_nothing_to_orders(order, clerk, alice):
    for by in (clerk, alice):
        with pytest.raises(NotAllowed):
            order_acts.propose(order, reason="because", by=by)
        with pytest.raises(NotAllowed):
            order_acts.stop(order, by=by, reason="because")
        with pytest.raises(NotAllowed):
            order_acts.undo(order, by=by, reason="because")


def test_sealed_order_is_carried_out_by_those_who_may_know_of_it(order, oscar):
    Order.objects.filter(pk=order.pk).update(sealed_until=timezone.now() + timedelta(days=30))
    with pytest.raises(NotAllowed, match="sealed"):
        order_acts.propose(order, reason="court", by=oscar)

    order.handlers.add(oscar)
    act(order, oscar)
    assert order.state == Order.State.PROVING
    assert OrderNotice.objects.filter(due_at__gt=timezone.now()).count() == 2


def test_verbs_know_where_the_order_is(order, oscar):
    with pytest.raises(OrderNotThere):
        order_acts.undo(order, by=oscar, reason="because")
    with pytest.raises(OrderNotThere):
        order_acts.resume(order, by=oscar)
    act(order, oscar)
    with pytest.raises(OrderNotThere):
        order_acts.propose(order, reason="again", by=oscar)
    order_acts.undo(order, by=oscar, reason="mistake")
    run(order)
    with pytest.raises(NotUndoable):
        order_acts.undo(order, by=oscar, reason="again")


def test_order_whose_end_has_passed_is_not_carried_out(order, oscar):
    Order.objects.filter(pk=order.pk).update(ends_at=timezone.now() - timedelta(hours=1))

    with pytest.raises(InvalidOrder):
        order_acts.propose(order, reason="court", by=oscar)


def test_order_without_anything_to_do_is_proven_at_once(order, oscar):
    act_rows.regroup(order, action=Action.NONE)
    act(order, oscar)

    assert order.state == Order.State.PROVING
    assert set(order.items.values_list("state", flat=True)) == {OrderItem.State.LISTED}


def test_what_goes_wrong_is_said_and_tried_again(order, oscar, monkeypatch):
    order_acts.propose(order, reason="court", by=oscar)
    with monkeypatch.context() as broken:
        broken.setattr("abuse.covers.cover_all", lambda *args, **kwargs: 1 / 0)
        run(order)
    assert order_acts.progress(order).problem == order_acts.FAILED
    assert not Suspension.objects.exists()

    assert order_acts.run_due() == 1
    order.refresh_from_db()
    assert order.state == Order.State.PROVING
    assert order_acts.progress(order).problem == ""
