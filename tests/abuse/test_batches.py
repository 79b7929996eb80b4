"""Batches: many cases, one reason; in chunks, resumed, counted, approved and undone as a whole."""

import pytest
from django.contrib.auth.models import Group

from abuse import batches, decisions, roles
from abuse.errors import AlreadyDecided, NotAllowed, NothingToDo, ReasonMissing, SamePerson
from abuse.models import Batch, Case, Decision, LedgerEntry
from ddns import hostnames
from ddns.models import Hostname, User
from ddns.models.hostnames import State
from tests.abuse.stories import open_case

pytestmark = pytest.mark.django_db

Action = Decision.Action
COUNT = 7


@pytest.fixture
def cases(bob, domain) -> list[Case]:
    User.objects.filter(pk=bob.pk).update(rules_accepted_at=None)
    return [open_case(hostnames.register(bob, domain=domain, label=f"lure{number}")) for number in range(COUNT)]


@pytest.fixture
def second(oscar) -> User:
    user = User.objects.create_user("second@example.com", is_staff=True)
    user.groups.add(Group.objects.get(name=roles.SENIOR))
    return user


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch) -> None:
    monkeypatch.setattr(batches, "CHUNK", 3)


def states() -> set[State]:
    return {hostname.state for hostname in Hostname.objects.all()}


def suspend(cases, by, **more):
    return decisions.take_all(cases, action=Action.SUSPEND, reason="one campaign", by=by, **more)


def test_all_are_decided_for_one_reason(cases, oscar):
    batch = suspend(cases, oscar)

    assert states() == {State.SUSPENDED}
    assert set(Decision.objects.values_list("reason", "batch")) == {("one campaign", batch)}
    assert LedgerEntry.objects.filter(action="suspend").count() == COUNT
    progress = batches.progress(batch)
    assert (progress.case_count, progress.done_count, progress.is_finished) == (COUNT, COUNT, True)
    assert progress.decisions == {"done": COUNT}


def test_what_was_interrupted_goes_on_where_it_stopped(cases, oscar, monkeypatch):
    monkeypatch.setattr(batches, "WAIT_SECONDS", -1.0)
    batch = suspend(cases, oscar)
    assert batches.progress(batch).done_count == 3
    assert Decision.objects.count() == 3

    assert batches.run_due() == 1
    assert batches.progress(batch).done_count == COUNT
    assert batches.run_due() == 0


def test_what_is_refused_for_one_is_said_and_stops_no_other(cases, oscar):
    decisions.take(cases[2], action=Action.DISMISS, reason="no evidence", by=oscar)
    progress = batches.progress(suspend(cases, oscar))

    assert progress.decisions == {"done": COUNT - 1}
    assert list(progress.failures) == [str(cases[2].pk)]
    assert "closed" in progress.failures[str(cases[2].pk)]


def test_a_batch_is_undone_as_a_whole(cases, oscar):
    batch = suspend(cases, oscar)
    batches.undo(batch, by=oscar, reason="wrong list")

    assert states() == {State.LIVE}
    assert set(Case.objects.values_list("state", flat=True)) == {Case.State.OPEN}
    assert batches.progress(batch).decisions == {"undone": COUNT}


def test_too_many_cases_wait_for_a_second_person(cases, oscar, second, settings):
    settings.ABUSE_CASES_PER_BATCH = COUNT - 1
    batch = suspend(cases, oscar)
    assert states() == {State.LIVE}
    assert batches.progress(batch).decisions == {"proposed": COUNT}

    with pytest.raises(SamePerson):
        batches.approve(batch, by=oscar)
    batches.approve(batch, by=second)
    assert states() == {State.SUSPENDED}
    assert set(Decision.objects.values_list("approved_by", flat=True)) == {second.pk}


def test_a_batch_is_refused_as_a_whole(cases, oscar, second, settings):
    settings.ABUSE_CASES_PER_BATCH = 1
    batch = suspend(cases, oscar)
    batches.refuse(batch, by=second, reason="half of them are a school's")
    assert states() == {State.LIVE}
    assert batches.progress(batch).decisions == {"refused": COUNT}


def test_no_step_begins_while_another_is_under_way(cases, oscar, monkeypatch):
    monkeypatch.setattr(batches, "WAIT_SECONDS", -1.0)
    batch = suspend(cases, oscar)
    with pytest.raises(AlreadyDecided):
        batches.undo(batch, by=oscar, reason="wrong list")


def test_a_stranger_begins_nothing(cases, oscar, clerk):
    with pytest.raises(NotAllowed):
        suspend(cases, clerk)
    batch = suspend(cases, oscar)
    with pytest.raises(NotAllowed):
        batches.undo(batch, by=clerk, reason="for a friend")
    assert states() == {State.SUSPENDED}


def test_without_reason_or_cases_nothing_begins(cases, oscar):
    with pytest.raises(ReasonMissing):
        decisions.take_all(cases, action=Action.SUSPEND, reason=" ", by=oscar)
    with pytest.raises(NothingToDo):
        suspend([], oscar)
    assert not Batch.objects.exists()


def test_the_same_case_twice_is_decided_once(cases, oscar):
    batch = suspend([cases[0], cases[0]], oscar)
    assert batches.progress(batch).case_count == 1
