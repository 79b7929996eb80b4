"""acme-dns accounts by REST: everybody sees and ends their own, and a narrower key those of keys that cover no more."""

import pytest

from ddns import acme_accounts, keys
from ddns.models import AcmeAccount, Hostname, User
from tests.ddns.devices import caller
from tests.ddns.rest.programs import problem


def registered(account: User, hostname: Hostname) -> AcmeAccount:
    """With a key for this hostname alone."""
    _, text = keys.create(account, label="certificates", hostnames=[hostname])
    return acme_accounts.register(caller(text))[0]


@pytest.fixture
def own(alice, home) -> AcmeAccount:
    return registered(alice, home)


def test_accounts_are_listed_without_their_passwords(program, own):
    (listed,) = program.get("/acme-dns-accounts").json()["results"]

    assert listed == program.get(f"/acme-dns-accounts/{own.pk}").json()
    assert (listed["fulldomain"], listed["hostname"]) == ("_acme-challenge.home.ddns.test", "home.ddns.test")
    assert listed["key"] == own.key_id
    assert not {"password", "digest"} & listed.keys()


def test_ended_account_is_gone(program, own):
    assert program.delete(f"/acme-dns-accounts/{own.pk}").status_code == 204

    assert not AcmeAccount.objects.exists()
    assert problem(program.delete(f"/acme-dns-accounts/{own.pk}")) == (404, "not-found")


def test_key_for_a_hostname_sees_and_ends_those_of_it_alone(helper, alice, own, office):
    other = registered(alice, office)

    assert [each["id"] for each in helper.get("/acme-dns-accounts").json()["results"]] == [own.pk]
    assert problem(helper.delete(f"/acme-dns-accounts/{other.pk}")) == (404, "not-found")
    assert helper.delete(f"/acme-dns-accounts/{own.pk}").status_code == 204


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_account_of_another_does_not_exist(stranger, own, method):
    for number in (own.pk, "0", "-1", "x", "9" * 30):
        assert problem(stranger.send(method, f"/acme-dns-accounts/{number}")) == (404, "not-found")
    assert stranger.get("/acme-dns-accounts").json()["results"] == []
    assert AcmeAccount.objects.exists()


def test_key_for_reading_ends_none(monitor, own):
    assert monitor.get("/acme-dns-accounts").json()["results"]
    assert problem(monitor.delete(f"/acme-dns-accounts/{own.pk}")) == (403, "beyond-authority")


def test_list_takes_as_many_queries_for_many_as_for_one(program, alice, home, django_assert_max_num_queries):
    for _ in range(5):
        registered(alice, home)

    with django_assert_max_num_queries(2):
        assert len(program.get("/acme-dns-accounts").json()["results"]) == 5
