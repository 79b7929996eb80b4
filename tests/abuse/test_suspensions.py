"""Suspensions: exact, urgent, recorded, and undone to the letter."""

import itertools
from datetime import timedelta

import pytest
from django.utils import timezone

from abuse import decisions, suspensions
from abuse.errors import AlreadyLifted, AlreadySuspended, DecidedOnCase, ReasonMissing
from abuse.models import LedgerEntry, Suspension
from ddns import hostnames
from ddns.errors import HostnameReleased, HostnameRestricted
from ddns.models import Hostname, Restriction
from ddns.models.hostnames import State
from dnsupdate.models import PendingPublication, Publication
from dnsupdate.models.pending import Urgency
from tests.abuse.stories import open_case

pytestmark = pytest.mark.django_db


def state_of(hostname: Hostname) -> State:
    return Hostname.objects.get(pk=hostname.pk).state


def answers_of(hostname: Hostname) -> dict:
    return Publication.objects.get(pk=hostname.publication_id).rrsets


@pytest.fixture
def answered(home):
    """home, with what it answers in the outbox."""
    hostnames.publish(hostnames.lock(home))
    return home


def test_suspended_hostname_answers_nothing_and_goes_first(answered, oscar):
    suspensions.suspend(answered, reason="phishing", by=oscar)

    assert state_of(answered) == State.SUSPENDED
    assert answers_of(answered) == {}
    assert PendingPublication.objects.get(pk=answered.publication_id).urgency == Urgency.WITHDRAWAL


def test_suspending_touches_no_other_name(answered, foreign, oscar):
    revision = foreign.publication.revision
    suspensions.suspend(answered, reason="phishing", by=oscar)

    assert state_of(foreign) == State.LIVE
    assert Publication.objects.get(pk=foreign.publication_id).revision == revision


def test_wildcard_is_withdrawn_too(answered, oscar):
    hostnames.configure(answered, wildcard=True)
    suspensions.suspend(answered, reason="phishing", by=oscar)

    assert Publication.objects.get(name="*.home.ddns.test").rrsets == {}


def test_lifting_restores_exactly_what_was(answered, oscar):
    hostnames.configure(answered, wildcard=True)
    before = answers_of(answered)
    suspension = suspensions.suspend(answered, reason="phishing", by=oscar)
    suspensions.lift(suspension, reason="mistaken identity", by=oscar)

    assert state_of(answered) == State.LIVE
    assert before["A"]["rdata"] == ["203.0.113.7"]
    assert answers_of(answered) == before == Publication.objects.get(name="*.home.ddns.test").rrsets


def test_lifting_leaves_an_offline_hostname_offline(home, oscar):
    hostnames.configure(home, offline=True)
    suspension = suspensions.suspend(home, reason="phishing", by=oscar)
    suspensions.lift(suspension, reason="resolved", by=oscar)

    assert state_of(home) == State.OFFLINE
    assert answers_of(home) == {}


def test_hostname_comes_back_when_the_last_suspension_is_lifted(home, oscar):
    first = suspensions.suspend(home, reason="phishing", by=oscar)
    second = suspensions.suspend(home, reason="malware", by=oscar)

    suspensions.lift(first, reason="page removed", by=oscar)
    assert state_of(home) == State.SUSPENDED

    suspensions.lift(second, reason="cleaned", by=oscar)
    assert state_of(home) == State.LIVE


@pytest.mark.parametrize("reason", ["", "  \n\t"])
def test_without_reason_nothing_happens(home, oscar, reason):
    with pytest.raises(ReasonMissing):
        suspensions.suspend(home, reason=reason, by=oscar)

    assert state_of(home) == State.LIVE
    assert not LedgerEntry.objects.exists()


def test_lifting_needs_a_reason_too(home, oscar):
    suspension = suspensions.suspend(home, reason="phishing", by=oscar)
    with pytest.raises(ReasonMissing):
        suspensions.lift(suspension, reason=" ", by=oscar)

    assert state_of(home) == State.SUSPENDED


def test_same_decision_sent_twice_is_refused(home, oscar):
    suspensions.suspend(home, reason="phishing", by=oscar)
    with pytest.raises(AlreadySuspended):
        suspensions.suspend(home, reason="phishing ", by=oscar)

    assert Suspension.objects.count() == LedgerEntry.objects.count() == 1


def test_lifting_twice_is_refused(home, oscar):
    suspension = suspensions.suspend(home, reason="phishing", by=oscar)
    suspensions.lift(suspension, reason="resolved", by=oscar)
    with pytest.raises(AlreadyLifted):
        suspensions.lift(suspension, reason="resolved", by=oscar)

    assert LedgerEntry.objects.count() == 2


def test_released_hostname_cannot_be_suspended_and_nothing_is_recorded(home, oscar):
    hostnames.release(home)
    with pytest.raises(HostnameReleased):
        suspensions.suspend(home, reason="phishing", by=oscar)

    assert not Suspension.objects.exists()
    assert not LedgerEntry.objects.exists()


@pytest.mark.parametrize("verb", [hostnames.release, lambda hostname: hostnames.configure(hostname, offline=True)])
def test_customer_can_neither_release_nor_change_a_suspended_hostname(home, oscar, verb):
    suspensions.suspend(home, reason="phishing", by=oscar)
    with pytest.raises(HostnameRestricted):
        verb(home)

    assert state_of(home) == State.SUSPENDED


def test_both_decisions_are_in_the_ledger(home, oscar):
    suspension = suspensions.suspend(home, reason=" phishing ", by=oscar)
    suspensions.lift(suspension, reason="mistaken identity", by=oscar)

    entries = LedgerEntry.objects.order_by("sequence")
    assert [(entry.action, entry.object, entry.reason, entry.actor) for entry in entries] == [
        ("suspend", "hostname home.ddns.test", "phishing", oscar),
        ("lift", "hostname home.ddns.test", "mistaken identity", oscar),
    ]


def test_a_failure_leaves_neither_restriction_nor_entry(home, oscar, monkeypatch):
    def fail(**_):
        raise RuntimeError("the disk is full")

    monkeypatch.setattr("abuse.ledger.append", fail)
    with pytest.raises(RuntimeError):
        suspensions.suspend(home, reason="phishing", by=oscar)

    assert not Restriction.objects.exists()
    assert not Suspension.objects.exists()
    assert state_of(home) == State.LIVE


SINKHOLE = {"A": {"ttl": 60, "rdata": ["198.51.100.1"]}}
Kind = Suspension.Kind


def cover(hostname, kind, by):
    answer = SINKHOLE if kind == Kind.DIVERTED else None
    return suspensions.cover(hostname, kind, reason=f"{kind}", by=by, answer=answer)


@pytest.mark.parametrize("order", list(itertools.permutations(Kind)))
@pytest.mark.parametrize("back", list(itertools.permutations(range(3))))
def test_the_strongest_is_in_force_and_lifting_it_leaves_the_next(answered, oscar, order, back):
    before = answers_of(answered)
    shown = {Kind.HELD: before, Kind.DIVERTED: SINKHOLE, Kind.SUSPENDED: {}}
    covering = [cover(answered, kind, oscar) for kind in order]
    left = list(order)
    for number in back:
        strongest = max(left, key=[Kind.HELD, Kind.DIVERTED, Kind.SUSPENDED].index)
        assert (state_of(answered), answers_of(answered)) == (State(strongest.value), shown[strongest])
        suspensions.uncover(covering[number], reason="over", by=oscar)
        left.remove(order[number])

    assert (state_of(answered), answers_of(answered)) == (State.LIVE, before)


def test_a_hold_under_a_suspension_freezes_what_stood_before_both(answered, oscar):
    before = answers_of(answered)
    suspended = cover(answered, Kind.SUSPENDED, oscar)
    cover(answered, Kind.HELD, oscar)
    suspensions.uncover(suspended, reason="over", by=oscar)

    assert (state_of(answered), answers_of(answered)) == (State.HELD, before)


def test_a_suspension_with_an_end_is_lifted_by_itself(answered, oscar):
    now = timezone.now()
    suspensions.suspend(answered, reason="phishing", by=oscar, ends_at=now + timedelta(hours=1))
    assert suspensions.end_due(now + timedelta(minutes=59)) == 0
    assert suspensions.end_due(now + timedelta(minutes=61)) == 1

    assert state_of(answered) == State.LIVE
    assert LedgerEntry.objects.first().actor_name == "system"


def test_what_was_decided_on_a_case_is_undone_there(answered, oscar):
    decision = decisions.take(open_case(answered), action="suspend", reason="phishing", by=oscar)
    with pytest.raises(DecidedOnCase):
        suspensions.lift(decision.suspension, reason="by name", by=oscar)

    assert state_of(answered) == State.SUSPENDED
