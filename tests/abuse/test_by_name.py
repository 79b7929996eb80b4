"""By name: what is decided without a case is no way around a second person, nor around what nobody may decide."""

import pytest

from abuse import accounts, decisions, suspensions
from abuse.errors import DecidedOnCase, InfrastructureName, NeedsSecondPerson, OwnAccount, StaffAccount
from abuse.models import Decision, LedgerEntry, ProtectedName, Suspension
from ddns import hostnames
from ddns.models import Hostname, User
from tests.abuse.stories import open_case

pytestmark = pytest.mark.django_db


def nothing_happened() -> bool:
    return not Suspension.objects.exists() and not LedgerEntry.objects.exists()


def test_a_protected_name_is_not_suspended_by_one_person(home, oscar):
    ProtectedName.objects.create(name=home.name, reason="a hospital's", added_by=oscar)
    with pytest.raises(NeedsSecondPerson, match="protected"):
        suspensions.suspend(home, reason="phishing", by=oscar)
    assert nothing_happened()


def test_names_of_a_protected_plan_neither(home, oscar, settings):
    settings.ABUSE_PROTECTED_PLANS = [home.account.plan]
    with pytest.raises(NeedsSecondPerson):
        suspensions.suspend(home, reason="phishing", by=oscar)


def test_nobody_suspends_or_lifts_their_own_name(home, oscar, root):
    Hostname.objects.filter(pk=home.pk).update(account=oscar)
    home.refresh_from_db()
    with pytest.raises(OwnAccount):
        suspensions.suspend(home, reason="a joke", by=oscar)
    suspension = suspensions.suspend(home, reason="phishing", by=root)
    with pytest.raises(OwnAccount):
        suspensions.lift(suspension, reason="it is mine", by=oscar)
    assert suspensions.strongest(home) == suspension


def test_names_of_staff_are_for_superusers(home, oscar, clerk, root):
    Hostname.objects.filter(pk=home.pk).update(account=clerk)
    home.refresh_from_db()
    with pytest.raises(StaffAccount):
        suspensions.suspend(home, reason="coup", by=oscar)
    suspension = suspensions.suspend(home, reason="phishing", by=root)
    with pytest.raises(StaffAccount):
        suspensions.lift(suspension, reason="a friend", by=oscar)


def test_a_name_of_the_platform_is_not_touched(home, oscar):
    Hostname.objects.filter(pk=home.pk).update(name="ns1.ddns.test")
    home.refresh_from_db()
    with pytest.raises(InfrastructureName):
        suspensions.suspend(home, reason="phishing", by=oscar)
    assert nothing_happened()


def test_many_small_decisions_are_counted_together(alice, domain, oscar, settings):
    settings.ABUSE_NAMES_PER_HOUR = 3
    names = [hostnames.register(alice, domain=domain, label=f"lure{number}") for number in range(4)]
    suspensions.suspend(names[0], reason="phishing", by=oscar)
    decisions.take(open_case(names[1]), action=Decision.Action.SUSPEND, reason="phishing", by=oscar)
    suspensions.suspend(names[2], reason="phishing", by=oscar)

    with pytest.raises(NeedsSecondPerson, match="within an hour"):
        suspensions.suspend(names[3], reason="phishing", by=oscar)
    waits = decisions.take(open_case(names[3]), action=Decision.Action.SUSPEND, reason="phishing", by=oscar)
    assert waits.state == Decision.State.PROPOSED


def test_an_account_with_many_names_is_not_deactivated_by_one_person(alice, domain, oscar, settings):
    settings.ABUSE_NAMES_PER_DECISION = 1
    for number in range(2):
        hostnames.register(alice, domain=domain, label=f"lure{number}")
    with pytest.raises(NeedsSecondPerson):
        accounts.deactivate(alice, reason="spam", by=oscar)
    assert User.objects.get(pk=alice.pk).is_active


def test_an_account_with_a_protected_name_neither(home, alice, oscar):
    ProtectedName.objects.create(name=home.name, reason="a hospital's", added_by=oscar)
    with pytest.raises(NeedsSecondPerson):
        accounts.deactivate(alice, reason="spam", by=oscar)
    assert User.objects.get(pk=alice.pk).is_active


def test_account_after_account_is_counted_together(alice, bob, home, foreign, oscar, settings):
    settings.ABUSE_NAMES_PER_HOUR = 1
    accounts.deactivate(alice, reason="spam", by=oscar)
    with pytest.raises(NeedsSecondPerson):
        accounts.deactivate(bob, reason="spam", by=oscar)


def test_a_lock_that_was_decided_on_a_case_is_undone_there(home, alice, root):
    decision = decisions.take(open_case(home), action=Decision.Action.LOCK_ACCOUNT, reason="spam", by=root)
    with pytest.raises(DecidedOnCase, match=str(decision.case_id)):
        accounts.reactivate(alice, reason="a friend", by=root)
    assert not User.objects.get(pk=alice.pk).is_active
    decisions.undo(decision, reason="appeal", by=root)
    assert User.objects.get(pk=alice.pk).is_active
