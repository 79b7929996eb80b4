"""Races: two people decide at once. One wins, the other is told; nothing is done twice, nothing half."""

import time
from contextlib import suppress
from functools import partial

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import connection, transaction
from django.utils import timezone

from abuse import batches, decisions, ledger, roles, suspensions, tiers
from abuse.errors import AbuseError
from abuse.models import Decision, DiversionTarget, LedgerEntry, Reporter, Suspension
from ddns.models import Hostname, Restriction, User
from ddns.models.hostnames import State
from tests.abuse.stories import open_case
from tests.ddns.together import Together, somebody_waits_for_a_lock

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


def test_the_ledger_is_free_between_the_cases_of_a_batch(home, foreign, people, monkeypatch):
    """Else whoever suspends a name meanwhile waits for all of them, and two who wait for each other stop both."""
    cases, seen, take = [open_case(home), open_case(foreign)], [], decisions.take

    def watched(*args, **kwargs):
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = %s", [ledger._LOCK])
            seen.append(cursor.fetchone()[0])
        return take(*args, **kwargs)

    monkeypatch.setattr(decisions, "take", watched)
    decisions.take_all(cases, action=Action.SUSPEND, reason="bad", by=people[0])
    assert seen == [0, 0]


def _set_tier(reporter, by):
    return tiers.set_by_hand(reporter, Reporter.Tier.DOUBTED, reason="wrong", by=by)


def _warn(reporter, by):
    return tiers.warn(reporter, reason="wrong", by=by)


def _review(reporter, by):
    return tiers.review(timezone.now())


@pytest.mark.parametrize("verb", [_set_tier, _warn, _review])
def test_who_waits_for_the_ledger_holds_no_reporter(home, people, verb):
    """A decision has the ledger first and counts for its reporters then: the other way round both would wait for ever."""
    open_case(home)
    people[0].user_permissions.add(Permission.objects.get(codename="change_settings"))
    reporter = Reporter.objects.get()
    # Its time is over: a review moves it.
    Reporter.objects.update(tier="D", doubted_until=timezone.now(), is_tier_set_by_hand=False)
    work = Together(partial(verb, reporter, people[0]))
    with transaction.atomic():
        ledger.lock()
        work.__enter__()
        ends_at = time.monotonic() + 20
        while not somebody_waits_for_a_lock():
            assert time.monotonic() < ends_at, "nobody waits for the ledger"
        assert Reporter.objects.select_for_update(no_key=True, nowait=True).get() == reporter
    work.__exit__()
