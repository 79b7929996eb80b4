"""Approvals: above limits, for protected names and for grave actions two people decide, about the same thing."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone

from abuse import decisions, roles
from abuse.errors import (
    AlreadyDecided,
    ChangedSince,
    InfrastructureName,
    InvalidParameter,
    NotAllowed,
    ReasonMissing,
    SamePerson,
)
from abuse.models import Case, Decision, DiversionTarget, LedgerEntry, ProtectedName, Receipt
from ddns import hostnames
from ddns.models import Block, Hostname, User
from ddns.models.hostnames import State
from dnsupdate.models import Publication
from tests.abuse.stories import add_report, open_case

pytestmark = pytest.mark.django_db

Action = Decision.Action


def senior_called(name: str) -> User:
    roles.make_missing()
    user = User.objects.create_user(f"{name}@example.com", is_staff=True)
    user.groups.add(Group.objects.get(name=roles.SENIOR))
    return user


@pytest.fixture
def first(db) -> User:
    return senior_called("first")


@pytest.fixture
def second(db) -> User:
    return senior_called("second")


@pytest.fixture
def case(home) -> Case:
    hostnames.publish(hostnames.lock(home))
    return open_case(home)


@pytest.fixture
def sinkhole(db) -> DiversionTarget:
    return DiversionTarget.objects.create(name="partner", kind="sinkhole", addresses=["198.51.100.1"], ttl=120)


@pytest.fixture
def notice(db) -> DiversionTarget:
    return DiversionTarget.objects.create(name="page", kind="notice", addresses=["198.51.100.80", "2001:db8::80"])


def state_of(hostname: Hostname) -> State:
    return Hostname.objects.get(pk=hostname.pk).state


def divert(case, target, by, **more) -> Decision:
    return decisions.take(
        case, action=Action.DIVERT, reason="partner asked", by=by, parameters={"target": target.pk}, **more
    )


def block(case, by, **more) -> Decision:
    return decisions.take(
        case,
        action=Action.BLOCK_NETWORK,
        reason="rented for this",
        by=by,
        parameters={"network": "198.51.100.7/24"},
        ends_at=timezone.now() + timedelta(days=30),
        **more,
    )


def test_a_diversion_waits_for_a_second_person(case, home, sinkhole, first, second):
    decision = divert(case, sinkhole, first)
    assert (decision.state, state_of(home)) == (Decision.State.PROPOSED, State.LIVE)
    assert decision.impact["needs_second_person"]

    decisions.approve(decision, by=second)
    case.refresh_from_db()
    assert state_of(home) == State.DIVERTED
    assert case.state == Case.State.CLOSED
    assert Publication.objects.get(pk=home.publication_id).rrsets == {"A": {"ttl": 120, "rdata": ["198.51.100.1"]}}


def test_nobody_approves_their_own(case, home, sinkhole, first):
    decision = divert(case, sinkhole, first)
    with pytest.raises(SamePerson):
        decisions.approve(decision, by=first)
    assert state_of(home) == State.LIVE


def test_an_analyst_approves_nothing(case, sinkhole, first, oscar, clerk):
    decision = divert(case, sinkhole, first)
    for person in (oscar, clerk):
        with pytest.raises(NotAllowed):
            decisions.approve(decision, by=person)
        with pytest.raises(NotAllowed):
            decisions.refuse(decision, by=person, reason="no")


@pytest.mark.parametrize("action", [Action.DIVERT, Action.LOCK_ACCOUNT, Action.RESERVE_LABEL, Action.BLOCK_NETWORK])
def test_an_analyst_does_not_decide_gravely(case, oscar, action):
    with pytest.raises(NotAllowed):
        decisions.take(case, action=action, reason="x", by=oscar)


def test_a_refusal_has_a_reason_and_changes_nothing(case, home, sinkhole, first, second):
    decision = divert(case, sinkhole, first)
    with pytest.raises(ReasonMissing):
        decisions.refuse(decision, by=second, reason="")

    decision = decisions.refuse(decision, by=second, reason="no agreement with them")
    assert (decision.state, decision.refusal) == (Decision.State.REFUSED, "no agreement with them")
    assert state_of(home) == State.LIVE


def test_whoever_proposed_may_take_it_back(case, sinkhole, first):
    decision = divert(case, sinkhole, first)
    assert decisions.refuse(decision, by=first, reason="typed the wrong one").state == Decision.State.REFUSED


def test_what_was_decided_once_is_not_approved_again(case, sinkhole, first, second):
    decision = divert(case, sinkhole, first)
    decisions.approve(decision, by=second)
    for verb in (
        lambda: decisions.approve(decision, by=second),
        lambda: decisions.refuse(decision, by=second, reason="x"),
    ):
        with pytest.raises(AlreadyDecided):
            verb()


def test_proposal_and_approval_are_in_the_ledger_with_receipts(case, sinkhole, first, second):
    decision = divert(case, sinkhole, first)
    decisions.approve(decision, by=second)

    entries = LedgerEntry.objects.filter(details__decision=decision.pk).order_by("sequence")
    assert [(each.action, each.actor) for each in entries] == [("propose-divert", first), ("divert", second)]
    assert Receipt.objects.filter(decision=decision).count() == 2


def test_what_has_changed_since_is_not_approved_unseen(case, home, sinkhole, first, second):
    decision = divert(case, sinkhole, first)
    DiversionTarget.objects.filter(pk=sinkhole.pk).update(addresses=["198.51.100.66"])
    with pytest.raises(ChangedSince):
        decisions.approve(decision, by=second)
    assert state_of(home) == State.LIVE

    shown = decisions.look_again(decision, by=second)
    decisions.approve(decision, by=second, digest=shown.digest)
    assert state_of(home) == State.DIVERTED


def test_an_address_that_changed_meanwhile_changes_nothing_that_was_approved(case, home, sinkhole, first, second):
    decision = divert(case, sinkhole, first)
    Hostname.objects.filter(pk=home.pk).update(ipv4="203.0.113.99", changed_at=timezone.now())
    decisions.approve(decision, by=second)
    assert state_of(home) == State.DIVERTED


def test_more_names_than_were_shown_are_not_approved(case, home, domain, first, second, settings):
    settings.ABUSE_NAMES_PER_DECISION = 0
    decision = decisions.take(case, action=Action.LOCK_ACCOUNT, reason="all bad", by=first)
    assert decision.state == Decision.State.PROPOSED

    hostnames.register(home.account, domain=domain, label="another")
    with pytest.raises(ChangedSince):
        decisions.approve(decision, by=second)


def test_a_target_that_was_switched_off_is_not_approved(case, sinkhole, first, second):
    decision = divert(case, sinkhole, first)
    DiversionTarget.objects.filter(pk=sinkhole.pk).update(is_enabled=False)
    with pytest.raises(InvalidParameter):
        decisions.approve(decision, by=second)


def test_an_agreement_that_has_ended_takes_no_names(case, sinkhole, first):
    DiversionTarget.objects.filter(pk=sinkhole.pk).update(valid_until=timezone.now())
    with pytest.raises(InvalidParameter):
        divert(case, sinkhole, first)


def test_a_notice_page_is_for_lures(case, home, notice, first, second):
    decisions.approve(divert(case, notice, first), by=second)
    assert set(Publication.objects.get(pk=home.publication_id).rrsets) == {"A", "AAAA"}


@pytest.mark.parametrize("kind", ["content/malware", "infrastructure/botnet", "reputation/threat_intelligence"])
def test_malware_is_not_sent_to_a_notice_page(case, notice, first, kind):
    add_report(case, kind)
    with pytest.raises(InvalidParameter, match="for people"):
        divert(case, notice, first)


def test_a_protected_name_needs_two(case, home, oscar):
    ProtectedName.objects.create(name=home.name, reason="a hospital")
    decision = decisions.take(case, action=Action.SUSPEND, reason="phishing", by=oscar)
    assert decision.state == Decision.State.PROPOSED
    assert "protected" in decision.impact["needs_second_person"]


def test_a_plan_protects_its_names(case, alice, oscar, settings):
    settings.ABUSE_PROTECTED_PLANS = ["business"]
    User.objects.filter(pk=alice.pk).update(plan="business")
    assert decisions.take(case, action=Action.HOLD, reason="x", by=oscar).state == Decision.State.PROPOSED


def test_dismissing_about_a_protected_name_needs_one(case, home, oscar):
    ProtectedName.objects.create(name=home.name, reason="a hospital")
    assert decisions.take(case, action=Action.DISMISS, reason="x", by=oscar).state == Decision.State.DONE


def test_locking_an_account_with_a_protected_name_needs_two(case, alice, domain, first):
    other = hostnames.register(alice, domain=domain, label="office")
    ProtectedName.objects.create(name=other.name, reason="critical")
    decision = decisions.take(case, action=Action.LOCK_ACCOUNT, reason="all bad", by=first)
    assert decision.impact["needs_second_person"] == "office.ddns.test is protected."


def test_policys_hold_of_a_protected_name_waits_for_a_person(case, home, second):
    ProtectedName.objects.create(name=home.name, reason="a hospital")
    decision = decisions.take(case, action=Action.HOLD, reason="young", by=None, rule="young")
    assert state_of(home) == State.LIVE

    decisions.approve(decision, by=second)
    assert state_of(home) == State.HELD


def test_too_many_names_in_an_hour_need_two(case, foreign, oscar, settings):
    settings.ABUSE_NAMES_PER_HOUR = 1
    assert decisions.take(case, action=Action.HOLD, reason="x", by=oscar).state == Decision.State.DONE
    again = decisions.take(open_case(foreign), action=Action.HOLD, reason="x", by=oscar)
    assert again.state == Decision.State.PROPOSED


def test_a_large_share_of_a_domain_needs_two(case, home, first, settings):
    settings.ABUSE_SHARE_FROM_NAMES = 1
    decision = decisions.take(case, action=Action.LOCK_ACCOUNT, reason="x", by=first)
    assert decision.state == Decision.State.PROPOSED


def test_a_block_always_needs_two_and_an_end(case, first, second):
    with pytest.raises(InvalidParameter):
        decisions.take(
            case, action=Action.BLOCK_NETWORK, reason="x", by=first, parameters={"network": "198.51.100.0/24"}
        )
    decision = block(case, first)
    assert not Block.objects.exists()

    decisions.approve(decision, by=second)
    stored = Block.objects.get()
    assert (stored.kind, stored.value, stored.expires_at) == ("network", "198.51.100.0/24", decision.ends_at)
    case.refresh_from_db()
    assert case.state == Case.State.OPEN


def test_a_block_ends_by_itself(case, first, second):
    decisions.approve(block(case, first), by=second)
    decisions.end_due(timezone.now() + timedelta(days=31))
    assert not Block.objects.exists()


def test_the_platforms_own_names_are_never_touched(domain, root):
    case = open_case_of_own("www.ddns.test")
    for action in (Action.HOLD, Action.SUSPEND, Action.LOCK_ACCOUNT):
        with pytest.raises(InfrastructureName):
            decisions.take(case, action=action, reason="x", by=root)
    decisions.take(case, action=Action.DISMISS, reason="x", by=root)


@pytest.mark.parametrize("name", ["ddns.test", "ns1.ddns.test"])
def test_not_even_where_a_row_says_that_somebody_holds_them(case, home, root, name):
    Hostname.objects.filter(pk=home.pk).update(name=name)
    for action in (Action.HOLD, Action.SUSPEND):
        with pytest.raises(InfrastructureName):
            decisions.take(case, action=action, reason="x", by=root)


def open_case_of_own(name: str) -> Case:
    from abuse import categories

    category, now = categories.of("content/phishing"), timezone.now()
    return Case.objects.create(
        name=name,
        route=category.route,
        category=category,
        severity=90,
        opened_at=now,
        due_at=now,
        paused_for=timedelta(),
        last_report_at=now,
    )
