"""Accounts that are closed: out of DNS at once, back exactly as they were, forgotten when nothing stands against it."""

import re
from datetime import timedelta
from ipaddress import ip_address

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal.auth import TOTP
from django.core import mail
from django.utils import timezone

from ddns import accounts, groups, hostnames, keys, tasks
from ddns.errors import AccountHeld, AlreadyForgotten, NameUnavailable, NotClosed, WrongKey
from ddns.models import Hostname, ReservedName, UpdateKey, User
from ddns.models.hostnames import State
from dnsupdate.models import Publication
from tests.ddns.proofs import prove

pytestmark = pytest.mark.django_db

SOURCE = ip_address("198.51.100.9")
LATER = accounts.GRACE + timedelta(minutes=1)


def answers_of(hostname: Hostname) -> dict:
    return Publication.objects.get(pk=hostname.publication_id).rrsets


def state_of(hostname: Hostname) -> State:
    return Hostname.objects.get(pk=hostname.pk).state


@pytest.fixture
def home(home) -> Hostname:
    """In DNS."""
    Hostname.objects.filter(pk=home.pk).update(ipv4="203.0.113.7")
    hostnames.publish(hostnames.lock(home))
    return home


def test_closing_takes_hostnames_out_of_dns_and_ends_keys(alice, home, office, key, foreign):
    assert answers_of(home)
    accounts.close(alice)

    assert answers_of(home) == {}
    assert {state_of(home), state_of(office)} == {State.RELEASED}
    assert state_of(foreign) == State.LIVE
    with pytest.raises(WrongKey):
        keys.recognise(key, SOURCE)


def test_names_of_a_closed_account_rest_like_others_that_were_given_up(alice, bob, home, domain):
    accounts.close(alice)

    with pytest.raises(NameUnavailable):
        hostnames.register(bob, domain=domain, label="home")


def test_closing_ends_every_session(alice, client):
    client.force_login(alice)
    accounts.close(alice)

    assert client.get("/hostnames/").status_code == 302


def test_reopening_brings_back_exactly_what_closing_took(alice, home, office, key, domain):
    hostnames.release(hostnames.register(alice, domain=domain, label="given-up"))
    revoked, _ = keys.create(alice, label="lost")
    keys.revoke(revoked)
    before = answers_of(home)
    accounts.close(alice)
    assert accounts.reopen(alice) == 2

    assert answers_of(home) == before
    assert [each.name for each in Hostname.objects.held_by(alice)] == ["home.ddns.test", "office.ddns.test"]
    assert keys.recognise(key, SOURCE)
    assert not UpdateKey.objects.working().filter(pk=revoked.pk).exists()
    assert ReservedName.objects.filter(name="given-up.ddns.test").exists()
    assert not ReservedName.objects.filter(name="home.ddns.test").exists()


def test_reopening_after_the_rest_leaves_a_name_to_who_has_it_by_then(alice, bob, home, office, domain):
    """A hold keeps the account for longer than its names rest."""
    User.objects.filter(pk=alice.pk).update(preserve_until=timezone.now() + timedelta(days=90))
    accounts.close(alice)
    ReservedName.objects.filter(reason=hostnames.RELEASED).update(until=timezone.now())
    taken = hostnames.register(bob, domain=domain, label="home")

    assert accounts.reopen(alice) == 1
    assert [each.name for each in Hostname.objects.held_by(alice)] == ["office.ddns.test"]
    assert state_of(taken) == State.LIVE


def test_suspended_hostname_stays_withdrawn_and_reserved_when_its_account_is_closed(alice, bob, home, domain):
    hostnames.suspend(home)
    accounts.close(alice)

    assert state_of(home) == State.SUSPENDED
    assert answers_of(home) == {}
    with pytest.raises(NameUnavailable):
        hostnames.register(bob, domain=domain, label="home")


def test_held_hostname_of_a_closed_account_answers_nothing(alice, home):
    hostnames.hold(home)
    accounts.close(alice)

    assert answers_of(home) == {}


def test_lifted_hostname_of_a_closed_account_does_not_come_back_to_life(alice, home):
    hostnames.suspend(home)
    accounts.close(alice)
    hostnames.reinstate(home)

    assert answers_of(home) == {}


def test_suspended_hostname_is_suspended_after_reopening(alice, home):
    hostnames.suspend(home)
    accounts.close(alice)
    accounts.reopen(alice)

    assert state_of(home) == State.SUSPENDED
    assert answers_of(home) == {}


def test_deactivated_account_is_neither_closed_nor_forgotten(alice, home):
    accounts.deactivate(alice)
    with pytest.raises(AccountHeld):
        accounts.close(alice)

    assert accounts.forget_due(timezone.now() + 10 * LATER) == 0
    assert User.objects.get().email == "alice@example.com"


def test_account_is_closed_once(alice):
    accounts.close(alice)

    with pytest.raises(AccountHeld):
        accounts.close(alice)


def test_what_is_open_cannot_be_reopened(alice):
    accounts.deactivate(alice)

    with pytest.raises(NotClosed):
        accounts.reopen(alice)
    assert not User.objects.get().is_active


def test_forgetting_leaves_nothing_personal(alice, home, key):
    alice.set_password("correct horse battery staple")
    alice.sign_up_network = "203.0.113.0/24"
    alice.save()
    TOTP.activate(alice, "JBSWY3DPEHPK3PXP")
    groups.create(alice, name="Alice's attic")
    UpdateKey.objects.update(used_from="203.0.113.7", used_by="router of Alice")
    accounts.close(alice)
    assert accounts.forget_due(timezone.now() + LATER) == 1

    account, forgotten_key = User.objects.get(), UpdateKey.objects.get()
    assert account.email == f"closed-{account.pk}@account.invalid"
    assert not account.has_usable_password()
    assert account.sign_up_network == ""
    assert account.hostname_groups.count() == account.authenticator_set.count() == 0
    assert (forgotten_key.label, forgotten_key.used_from, forgotten_key.used_by) == ("", None, "")
    assert not EmailAddress.objects.exists()


def test_nothing_is_forgotten_within_the_grace(alice):
    accounts.close(alice)

    assert accounts.forget_due(timezone.now() + accounts.GRACE - timedelta(minutes=1)) == 0


def test_open_accounts_are_not_forgotten(alice, bob):
    accounts.close(alice)
    accounts.reopen(alice)

    assert accounts.forget_due(timezone.now() + LATER) == 0


def test_forgotten_account_cannot_be_reopened(alice):
    accounts.close(alice)
    accounts.forget_due(timezone.now() + LATER)

    with pytest.raises(AlreadyForgotten):
        accounts.reopen(alice)


def test_address_of_a_forgotten_account_is_free_again(alice):
    accounts.close(alice)
    accounts.forget_due(timezone.now() + LATER)

    assert User.objects.create_user("alice@example.com").pk != alice.pk


def test_account_under_a_preservation_hold_is_kept_until_that_ends(alice):
    accounts.close(alice)
    ends_at = timezone.now() + 3 * LATER
    User.objects.update(preserve_until=ends_at)
    assert accounts.forget_due(ends_at - timedelta(seconds=1)) == 0
    assert User.objects.get().email == "alice@example.com"

    assert accounts.forget_due(ends_at) == 1


def test_account_with_a_suspended_hostname_is_kept_until_that_is_lifted(alice, home):
    hostnames.suspend(home)
    accounts.close(alice)
    assert accounts.forget_due(timezone.now() + 10 * LATER) == 0

    hostnames.reinstate(home)
    assert accounts.forget_due(timezone.now() + 10 * LATER) == 1
    assert state_of(home) == State.RELEASED


def test_forgetting_goes_on_where_it_was_stopped(alice, bob, monkeypatch):
    for account in (alice, bob):
        accounts.close(account)
    monkeypatch.setattr(accounts, "CHUNK", 1)

    assert [accounts.forget_due(timezone.now() + LATER) for _ in range(3)] == [1, 1, 0]


def test_periodic_task_runs_on_an_empty_database(db):
    tasks.forget_accounts()
    tasks.forget_accounts()


def test_closing_costs_queries_by_hostname_and_no_more(alice, domain, django_assert_max_num_queries):
    for number in range(3):
        hostnames.register(alice, domain=domain, label=f"n{number}")
    with django_assert_max_num_queries(24 + 3 * 12):
        accounts.close(alice)


def test_reset_link_that_was_sent_before_does_not_open_a_closed_account(alice, client, settings):
    settings.PROOF_OF_WORK = 8
    client.post("/accounts/password/reset/", {"email": alice.email, "proof": prove(client, "reset-password")})
    accounts.close(alice)
    link = re.search(r"http://[^/]+(/accounts/\S+)", mail.outbox[0].body)[1]
    form = {"password1": "quite another phrase", "password2": "quite another phrase"}
    client.post(client.get(link).url, form)
    response = client.post("/accounts/login/", {"login": alice.email, "password": "quite another phrase"})

    assert response.status_code == 403
    assert not User.objects.get().is_active
