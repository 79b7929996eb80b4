"""Accounts: one decision takes all names and keys, another brings back exactly what was."""

import pytest

from abuse import accounts, suspensions
from abuse.errors import NothingToDo, OwnAccount, ReasonMissing, StaffAccount
from abuse.models import LedgerEntry
from ddns import address_updates, hostnames, keys
from ddns.errors import WrongKey
from ddns.models import User
from dnsupdate.models import PendingPublication, Publication
from dnsupdate.models.pending import Urgency
from tests.ddns.devices import caller

pytestmark = pytest.mark.django_db


def answers_of(hostname) -> dict:
    return Publication.objects.get(pk=hostname.publication_id).rrsets


@pytest.fixture
def answered(home):
    hostnames.publish(hostnames.lock(home))
    return home


def test_deactivated_account_leaves_dns_before_ordinary_updates(answered, alice, oscar):
    assert accounts.deactivate(alice, reason="spam", by=oscar) == 1

    assert answers_of(answered) == {}
    assert PendingPublication.objects.get(pk=answered.publication_id).urgency == Urgency.WITHDRAWAL


def test_keys_of_a_deactivated_account_stop_working(answered, alice, oscar):
    _, key = keys.create(alice, label="router")
    accounts.deactivate(alice, reason="spam", by=oscar)

    with pytest.raises(WrongKey):
        address_updates.check_key(caller(key))


def test_nobody_logs_in_to_a_deactivated_account(alice, oscar, client):
    client.force_login(alice)
    accounts.deactivate(alice, reason="spam", by=oscar)

    assert client.get("/hostnames/").status_code == 302


def test_other_accounts_are_untouched(answered, foreign, alice, bob, oscar):
    accounts.deactivate(alice, reason="spam", by=oscar)

    assert User.objects.get(pk=bob.pk).is_active
    assert Publication.objects.get(pk=foreign.publication_id).revision == foreign.publication.revision


def test_reactivating_brings_back_what_was(answered, alice, oscar):
    before = answers_of(answered)
    _, key = keys.create(alice, label="router")
    accounts.deactivate(alice, reason="spam", by=oscar)
    accounts.reactivate(alice, reason="mistaken identity", by=oscar)

    assert answers_of(answered) == before != {}
    assert address_updates.check_key(caller(key))


def test_suspended_hostname_stays_out_when_its_account_comes_back(answered, alice, oscar):
    suspensions.suspend(answered, reason="phishing", by=oscar)
    accounts.deactivate(alice, reason="spam", by=oscar)
    accounts.reactivate(alice, reason="appeal", by=oscar)

    assert answers_of(answered) == {}


def test_lifting_a_suspension_does_not_bring_back_a_deactivated_account(answered, alice, oscar):
    suspension = suspensions.suspend(answered, reason="phishing", by=oscar)
    accounts.deactivate(alice, reason="spam", by=oscar)
    suspensions.lift(suspension, reason="resolved", by=oscar)

    assert answers_of(answered) == {}


def test_both_decisions_are_in_the_ledger(home, alice, oscar):
    accounts.deactivate(alice, reason="spam", by=oscar)
    accounts.reactivate(alice, reason="appeal", by=oscar)

    entries = LedgerEntry.objects.order_by("sequence")
    assert [(entry.action, entry.object, entry.reason, entry.details["hostnames"]) for entry in entries] == [
        ("deactivate", "account alice@example.com", "spam", 1),
        ("reactivate", "account alice@example.com", "appeal", 1),
    ]


def test_without_reason_nothing_happens(alice, oscar):
    with pytest.raises(ReasonMissing):
        accounts.deactivate(alice, reason=" ", by=oscar)

    assert User.objects.get(pk=alice.pk).is_active
    assert not LedgerEntry.objects.exists()


@pytest.mark.parametrize(("verb", "is_active"), [(accounts.deactivate, False), (accounts.reactivate, True)])
def test_what_is_so_already_is_said(alice, oscar, verb, is_active):
    User.objects.filter(pk=alice.pk).update(is_active=is_active)
    with pytest.raises(NothingToDo):
        verb(alice, reason="spam", by=oscar)


def test_nobody_deactivates_their_own_account(root):
    with pytest.raises(OwnAccount):
        accounts.deactivate(root, reason="leaving", by=root)


def test_only_a_superuser_deactivates_staff(oscar, root):
    with pytest.raises(StaffAccount):
        accounts.deactivate(root, reason="coup", by=oscar)

    accounts.deactivate(oscar, reason="left the company", by=root)
    assert not User.objects.get(pk=oscar.pk).is_active


def test_keys_are_revoked_at_once_with_a_reason_in_the_ledger(alice, senior, home):
    text = keys.create(alice, label="x")[1]

    assert accounts.revoke_keys(alice, reason="stolen", by=senior) == 1

    with pytest.raises(WrongKey):
        address_updates.check_key(caller(text))
    entry = LedgerEntry.objects.get()
    assert (entry.action, entry.reason, entry.details["keys"]) == ("revoke-keys", "stolen", 1)


def test_keys_are_not_revoked_without_a_reason_or_where_there_are_none(alice, senior):
    with pytest.raises(NothingToDo):
        accounts.revoke_keys(alice, reason="stolen", by=senior)
    with pytest.raises(ReasonMissing):
        accounts.revoke_keys(alice, reason=" ", by=senior)
    assert not LedgerEntry.objects.exists()


def test_keys_of_staff_and_ones_own_are_not_revoked_by_an_analyst(senior, clerk):
    with pytest.raises(OwnAccount):
        accounts.revoke_keys(senior, reason="x", by=senior)
    with pytest.raises(StaffAccount):
        accounts.revoke_keys(clerk, reason="x", by=senior)
