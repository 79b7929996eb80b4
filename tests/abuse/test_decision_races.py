"""Races: two people decide at once. One wins, the other is told; nothing is done twice, nothing half."""

from contextlib import suppress
from functools import partial

import pytest
from django.contrib.auth.models import Group

from abuse import batches, decisions, roles, suspensions
from abuse.errors import AbuseError
from abuse.models import Decision, DiversionTarget, LedgerEntry, Suspension
from ddns.models import Hostname, Restriction, User
from ddns.models.hostnames import State
from tests.abuse.stories import open_case
from tests.ddns.together import Together

pytestmark = pytest.mark.django_db(transaction=True)

Action = Decision.Action
ROUNDS = 5


@pytest.fixture
def people(db) -> list[User]:
    roles.make_missing()
    found = [User.objects.create_user(f"senior{number}@example.com", is_staff=True) for number in range(3)]
    for each in found:
        each.groups.add(Group.objects.get(name=roles.SENIOR))
    return found


def attempt(verb):
    """The error, where there is one."""

    def work():
        try:
            return verb()
        except AbuseError as error:
            return error

    return work


def test_of_two_who_suspend_at_once_one_is_told_that_it_is_done(home, people):
    for _ in range(ROUNDS):
        case = open_case(home)
        take = [attempt(partial(decisions.take, case, action=Action.SUSPEND, reason="bad", by=by)) for by in people[:2]]
        with Together(*take) as both:
            pass
        done = [each for each in both.results if isinstance(each, Decision)]
        assert len(done) == 1
        assert Suspension.objects.in_force().count() == 1
        decisions.undo(done[0], reason="again", by=people[2])
        decisions.take(case, action=Action.DISMISS, reason="next", by=people[2])


def test_of_one_who_dismisses_and_one_who_suspends_one_wins(home, people):
    for _ in range(ROUNDS):
        case = open_case(home)
        with Together(
            attempt(partial(decisions.take, case, action=Action.DISMISS, reason="no evidence", by=people[0])),
            attempt(partial(decisions.take, case, action=Action.SUSPEND, reason="bad", by=people[1])),
        ) as both:
            pass
        (done,) = [each for each in both.results if isinstance(each, Decision)]
        is_restricted = Restriction.objects.filter(hostname=home).exists()
        assert is_restricted == (done.action == Action.SUSPEND)
        decisions.undo(done, reason="again", by=people[2])
        decisions.take(case, action=Action.DISMISS, reason="next", by=people[2])


def test_a_proposal_is_approved_once(home, people):
    target = DiversionTarget.objects.create(name="partner", kind="sinkhole", addresses=["198.51.100.1"])
    case = open_case(home)
    decision = decisions.take(case, action=Action.DIVERT, reason="x", by=people[0], parameters={"target": target.pk})
    with Together(*[attempt(partial(decisions.approve, decision, by=by)) for by in people[1:]]) as both:
        pass

    assert len([each for each in both.results if isinstance(each, Decision)]) == 1
    assert Suspension.objects.in_force().count() == 1


def test_of_two_who_undo_one_is_told(home, people):
    decision = decisions.take(open_case(home), action=Action.SUSPEND, reason="bad", by=people[0])
    with Together(*[attempt(partial(decisions.undo, decision, reason="x", by=by)) for by in people[:2]]) as both:
        pass

    assert len([each for each in both.results if isinstance(each, Decision)]) == 1
    assert Hostname.objects.get(pk=home.pk).state == State.LIVE


def test_what_covers_a_name_is_the_strongest_whoever_comes_first(home, people):
    case, other = open_case(home), open_case(home, "connection/ddos")
    with Together(
        attempt(partial(decisions.take, case, action=Action.HOLD, reason="bad", by=people[0])),
        attempt(partial(decisions.take, other, action=Action.SUSPEND, reason="worse", by=people[1])),
        attempt(partial(suspensions.suspend, home, reason="by name", by=people[2])),
    ) as all_three:
        pass
    assert not [each for each in all_three.results if isinstance(each, Exception)]
    assert Hostname.objects.get(pk=home.pk).state == State.SUSPENDED


def test_two_batches_over_the_same_cases_decide_each_once(home, foreign, people):
    cases = [open_case(home), open_case(foreign)]
    work = [
        attempt(partial(decisions.take_all, cases, action=Action.SUSPEND, reason="bad", by=by)) for by in people[:2]
    ]
    with Together(*work):
        pass
    with suppress(AbuseError):
        batches.run_due()

    assert Suspension.objects.in_force().count() == 2
    assert LedgerEntry.objects.filter(action="suspend").count() == 2
