"""Decisions: each with a reason, a ledger entry, a receipt and an exact way back."""

from datetime import timedelta

import pytest
from django.utils import timezone

from abuse import decisions, suspensions
from abuse.errors import (
    AlreadyDecided,
    CaseClosed,
    InvalidParameter,
    NotAllowed,
    NotUndoable,
    OwnAccount,
    ReasonMissing,
    StaffAccount,
)
from abuse.models import Case, Decision, LedgerEntry, Receipt, Report
from ddns import accounts, hostnames
from ddns.models import Hostname, User
from ddns.models.hostnames import State
from dnsupdate.models import Publication
from tests.abuse.stories import open_case

pytestmark = pytest.mark.django_db

Action = Decision.Action


def state_of(hostname: Hostname) -> State:
    return Hostname.objects.get(pk=hostname.pk).state


def answers_of(hostname: Hostname) -> dict:
    return Publication.objects.get(pk=hostname.publication_id).rrsets


@pytest.fixture
def case(home) -> Case:
    hostnames.publish(hostnames.lock(home))
    return open_case(home)


def test_suspending_withdraws_the_name_and_closes_the_case(case, home, oscar):
    decision = decisions.take(case, action=Action.SUSPEND, reason="phishing", by=oscar)

    case.refresh_from_db()
    assert decision.state == Decision.State.DONE
    assert (state_of(home), answers_of(home)) == (State.SUSPENDED, {})
    assert (case.state, case.outcome) == (Case.State.CLOSED, Report.Outcome.UPHELD)
    assert case.decided_at is not None
    assert case.reports.get().outcome == Report.Outcome.UPHELD


def test_undoing_a_suspension_restores_the_name_and_reopens_the_case(case, home, oscar):
    before = answers_of(home)
    decision = decisions.take(case, action=Action.SUSPEND, reason="phishing", by=oscar)
    decisions.undo(decision, reason="mistaken identity", by=oscar)

    case.refresh_from_db()
    assert (state_of(home), answers_of(home)) == (State.LIVE, before)
    assert case.state == Case.State.OPEN
    assert case.reports.get().state == Report.State.OPEN


def test_holding_freezes_what_the_name_answers(case, home, oscar):
    before = answers_of(home)
    decisions.take(case, action=Action.HOLD, reason="looks like a lure", by=oscar)

    assert (state_of(home), answers_of(home)) == (State.HELD, before)


def test_policy_holds_by_a_rule_and_leaves_the_case_to_people(case, home):
    decision = decisions.take(case, action=Action.HOLD, reason="young and reported twice", by=None, rule="young")

    case.refresh_from_db()
    assert (decision.decided_by, decision.rule) == (None, "young")
    assert state_of(home) == State.HELD
    assert case.state == Case.State.OPEN


@pytest.mark.parametrize("action", [Action.SUSPEND, Action.DISMISS, Action.WARN])
def test_policy_does_nothing_but_hold(case, action):
    with pytest.raises(NotAllowed):
        decisions.take(case, action=action, reason="bad", by=None, rule="young")


def test_policy_without_a_rule_does_nothing(case):
    with pytest.raises(NotAllowed):
        decisions.take(case, action=Action.HOLD, reason="bad", by=None)


def test_a_person_confirms_the_hold_of_policy(case, home, oscar):
    held = decisions.take(case, action=Action.HOLD, reason="young", by=None, rule="young")
    decisions.take(case, action=Action.HOLD, reason="it is a lure", by=oscar)
    decisions.undo(held, reason="confirmed by a person", by=oscar)

    assert state_of(home) == State.HELD


def test_dismissing_tells_reporters_why_and_touches_nothing(case, home, oscar):
    before = answers_of(home)
    decisions.take(case, action=Action.DISMISS, reason="no evidence", by=oscar, parameters={"outcome": "insufficient"})

    assert (state_of(home), answers_of(home)) == (State.LIVE, before)
    assert case.reports.get().outcome == Report.Outcome.INSUFFICIENT


def test_a_warning_waits_for_the_customer_and_comes_back_at_its_deadline(case, oscar):
    now = timezone.now()
    decision = decisions.take(case, action=Action.WARN, reason="spam", by=oscar, parameters={"hours": 48})
    case.refresh_from_db()
    assert case.state == Case.State.WAITING_CUSTOMER
    assert case.due_at >= now + timedelta(hours=48) + case.category.clock - timedelta(seconds=1)

    assert decisions.end_due(now + timedelta(hours=47)) == 0
    assert decisions.end_due(now + timedelta(hours=49)) == 1
    case.refresh_from_db()
    decision.refresh_from_db()
    assert (case.state, decision.state) == (Case.State.OPEN, Decision.State.ENDED)
    assert case in Case.objects.in_queue()


def test_undoing_a_warning_gives_the_case_its_clock_back(case, oscar):
    due_at = case.due_at
    decision = decisions.take(case, action=Action.WARN, reason="spam", by=oscar)
    decisions.undo(decision, reason="wrong case", by=oscar)

    case.refresh_from_db()
    assert (case.state, case.due_at) == (Case.State.OPEN, due_at)


@pytest.mark.parametrize("hours", [0, 23, 73, "soon", None])
def test_a_customer_has_one_to_three_days(case, oscar, hours):
    with pytest.raises(InvalidParameter):
        decisions.take(case, action=Action.WARN, reason="spam", by=oscar, parameters={"hours": hours})


def test_what_ends_is_lifted_by_itself_and_the_case_stays_closed(case, home, oscar):
    now = timezone.now()
    decisions.take(case, action=Action.SUSPEND, reason="phishing", by=oscar, ends_at=now + timedelta(days=1))
    decisions.end_due(now + timedelta(hours=23))
    assert state_of(home) == State.SUSPENDED

    decisions.end_due(now + timedelta(hours=25))
    case.refresh_from_db()
    assert state_of(home) == State.LIVE
    assert case.state == Case.State.CLOSED


def test_an_end_in_the_past_is_refused(case, oscar):
    with pytest.raises(InvalidParameter):
        decisions.take(case, action=Action.HOLD, reason="bad", by=oscar, ends_at=timezone.now())


@pytest.mark.parametrize("action", [Action.DISMISS, Action.WARN])
def test_what_happens_once_has_no_end(case, oscar, action):
    with pytest.raises(InvalidParameter):
        decisions.take(case, action=action, reason="x", by=oscar, ends_at=timezone.now() + timedelta(days=1))


def test_unknown_parameters_are_refused(case, oscar):
    with pytest.raises(InvalidParameter):
        decisions.take(case, action=Action.SUSPEND, reason="x", by=oscar, parameters={"adress": "192.0.2.1"})


@pytest.mark.parametrize("reason", ["", " \n"])
def test_without_a_reason_nothing_happens(case, home, oscar, reason):
    with pytest.raises(ReasonMissing):
        decisions.take(case, action=Action.SUSPEND, reason=reason, by=oscar)

    assert state_of(home) == State.LIVE
    assert not Decision.objects.exists()


def test_every_step_is_in_the_ledger_and_has_a_receipt(case, oscar):
    decision = decisions.take(case, action=Action.SUSPEND, reason=" phishing ", by=oscar)
    decisions.undo(decision, reason="mistake", by=oscar)

    entries = LedgerEntry.objects.order_by("sequence")
    assert [(each.action, each.object, each.reason, each.actor) for each in entries] == [
        ("suspend", "hostname home.ddns.test", "phishing", oscar),
        ("undo-suspend", "hostname home.ddns.test", "mistake", oscar),
    ]
    assert Receipt.objects.filter(decision=decision).count() == 2


def test_an_undoing_is_not_undone(case, oscar):
    decision = decisions.take(case, action=Action.SUSPEND, reason="phishing", by=oscar)
    decisions.undo(decision, reason="mistake", by=oscar)
    with pytest.raises(NotUndoable):
        decisions.undo(decision, reason="no mistake", by=oscar)


def test_undoing_needs_a_reason(case, oscar):
    decision = decisions.take(case, action=Action.SUSPEND, reason="phishing", by=oscar)
    with pytest.raises(ReasonMissing):
        decisions.undo(decision, reason=" ", by=oscar)


def test_a_closed_case_is_decided_no_more(case, oscar):
    decisions.take(case, action=Action.DISMISS, reason="no evidence", by=oscar)
    with pytest.raises(CaseClosed):
        decisions.take(case, action=Action.SUSPEND, reason="phishing", by=oscar)


def test_a_decision_may_leave_the_case_open(case, oscar):
    decisions.take(case, action=Action.SUSPEND, reason="phishing", by=oscar, keep_open=True)
    case.refresh_from_db()
    assert case.state == Case.State.OPEN


def test_the_same_again_is_refused(case, oscar):
    decisions.take(case, action=Action.SUSPEND, reason="phishing", by=oscar, keep_open=True)
    with pytest.raises(AlreadyDecided):
        decisions.take(case, action=Action.SUSPEND, reason="phishing too", by=oscar, keep_open=True)


def test_undoing_leaves_what_others_decided_about_the_name(case, home, oscar):
    by_name = suspensions.suspend(home, reason="order of a court", by=oscar)
    decision = decisions.take(case, action=Action.SUSPEND, reason="phishing", by=oscar)
    decisions.undo(decision, reason="mistake", by=oscar)
    assert state_of(home) == State.SUSPENDED

    suspensions.lift(by_name, reason="order ended", by=oscar)
    assert state_of(home) == State.LIVE


def test_a_stranger_decides_nothing(case, home, clerk, alice, bob):
    for person in (clerk, bob):
        with pytest.raises(NotAllowed):
            decisions.take(case, action=Action.SUSPEND, reason="phishing", by=person)
        with pytest.raises(NotAllowed):
            decisions.preview(case, Action.SUSPEND, by=person)
    assert state_of(home) == State.LIVE


def test_a_stranger_undoes_nothing(case, home, oscar, clerk):
    decision = decisions.take(case, action=Action.SUSPEND, reason="phishing", by=oscar)
    with pytest.raises(NotAllowed):
        decisions.undo(decision, reason="for a friend", by=clerk)
    assert state_of(home) == State.SUSPENDED


def test_restricted_cases_are_for_named_people(home, oscar, root):
    case = open_case(home, "content/csam")
    with pytest.raises(NotAllowed):
        decisions.take(case, action=Action.SUSPEND, reason="x", by=oscar)

    decisions.take(case, action=Action.SUSPEND, reason="x", by=root)


def test_nobody_decides_about_their_own_account(home, oscar):
    Hostname.objects.filter(pk=home.pk).update(account=oscar)
    case = open_case(Hostname.objects.get(pk=home.pk))
    for action in (Action.DISMISS, Action.SUSPEND):
        with pytest.raises(OwnAccount):
            decisions.take(case, action=action, reason="x", by=oscar)


def test_a_superuser_decides_about_staff(case, alice, oscar, root):
    User.objects.filter(pk=alice.pk).update(is_staff=True)
    with pytest.raises(StaffAccount):
        decisions.take(case, action=Action.SUSPEND, reason="x", by=oscar)

    decisions.take(case, action=Action.SUSPEND, reason="x", by=root)


def test_an_account_that_is_locked_twice_comes_back_with_the_last_lock(home, alice, domain, root):
    office = hostnames.register(alice, domain=domain, label="office")
    first = decisions.take(open_case(home), action=Action.LOCK_ACCOUNT, reason="spam", by=root)
    accounts.reactivate(alice)
    second = decisions.take(open_case(office), action=Action.LOCK_ACCOUNT, reason="spam again", by=root)

    decisions.undo(first, reason="appeal", by=root)
    assert not User.objects.get(pk=alice.pk).is_active
    decisions.undo(second, reason="appeal", by=root)
    assert User.objects.get(pk=alice.pk).is_active


def test_what_is_preserved_is_preserved_for_longer(home, root):
    case = open_case(home)
    soon, later = (timezone.now() + timedelta(days=days) for days in (30, 60))
    decisions.take(case, action=Action.PRESERVE, reason="police", by=root, ends_at=soon)
    decisions.take(case, action=Action.PRESERVE, reason="police, again", by=root, ends_at=later)
    assert User.objects.get(pk=home.account_id).preserve_until == later
    with pytest.raises(AlreadyDecided):
        decisions.take(case, action=Action.PRESERVE, reason="a slip", by=root, ends_at=soon)
