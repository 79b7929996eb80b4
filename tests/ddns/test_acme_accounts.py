"""acme-dns accounts: purged when nobody uses them, used at once by several, never answering beside their customer."""

import threading
from datetime import timedelta
from ipaddress import ip_address

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from ddns import accounts, acme_accounts, exports, hostnames, keys, requests, tasks
from ddns.address_updates import Caller, Changed, Unchanged
from ddns.errors import InvalidNetwork, WrongKey
from ddns.models import AcmeAccount, HostnameContact
from deploy.local.deadline import wait_for
from tests.ddns.devices import SOURCE
from tests.ddns.together import Together, somebody_waits_for_a_lock

pytestmark = pytest.mark.django_db

TEXTS = [letter * 43 for letter in "abcdefgh"]


@pytest.fixture(autouse=True)
def _open(domain, settings):
    settings.ACME_DOMAIN = domain.name


def caller(key: str = "") -> Caller:
    return Caller(key, ip_address(SOURCE), "Test/1.0", "acme-dns")


def present(account: AcmeAccount, password: str, text: str):
    return acme_accounts.present(
        caller(password), username=str(account.username), subdomain=str(account.subdomain), text=text
    )


def aged(account: AcmeAccount, **times) -> None:
    AcmeAccount.objects.filter(pk=account.pk).update(**times)


def test_password_is_stored_as_a_digest_alone():
    account, password = acme_accounts.register_openly(caller())

    row = AcmeAccount.objects.filter(pk=account.pk).values().get()
    assert bytes(row["digest"]) == keys.digest(password)
    assert password not in str(row)


def test_registration_publishes_nothing():
    account, _ = acme_accounts.register_openly(caller())

    assert account.publication_id is None


def test_same_text_again_writes_nothing():
    account, password = acme_accounts.register_openly(caller())
    assert present(account, password, TEXTS[0]) == Changed()
    revision = AcmeAccount.objects.get().publication.revision

    assert present(account, password, TEXTS[0]) == Unchanged()
    assert AcmeAccount.objects.get().publication.revision == revision


def test_account_that_was_never_used_is_purged_after_its_time():
    account, _ = acme_accounts.register_openly(caller())
    now = timezone.now()
    aged(account, created_at=now - timedelta(days=29))
    assert acme_accounts.purge(now) == 0
    aged(account, created_at=now - timedelta(days=31))

    tasks.purge_acme_accounts()
    assert not AcmeAccount.objects.exists()


def test_account_that_is_used_stays_and_one_that_was_abandoned_is_withdrawn():
    account, password = acme_accounts.register_openly(caller())
    present(account, password, TEXTS[0])
    account = AcmeAccount.objects.get()
    now = timezone.now()
    aged(account, created_at=now - timedelta(days=800), used_at=now - timedelta(days=399))
    assert acme_accounts.purge(now) == 0
    aged(account, used_at=now - timedelta(days=401))

    assert acme_accounts.purge(now) == 1
    account.publication.refresh_from_db()
    assert account.publication.rrsets == {}


def test_purge_goes_on_behind_its_first_chunk(monkeypatch):
    monkeypatch.setattr(acme_accounts, "PURGE_CHUNK", 2)
    for _ in range(5):
        acme_accounts.register_openly(caller())
    AcmeAccount.objects.update(created_at=timezone.now() - timedelta(days=31))

    assert acme_accounts.purge(timezone.now()) == 5


def test_ended_account_is_a_wrong_key():
    account, password = acme_accounts.register_openly(caller())
    assert acme_accounts.end(account)
    assert not acme_accounts.end(account)

    with pytest.raises(WrongKey):
        present(account, password, TEXTS[0])


def test_account_answers_one_name_and_the_database_holds_it(home, domain):
    account, _ = acme_accounts.register_openly(caller())

    with pytest.raises(IntegrityError):
        aged(account, hostname=home)


def test_use_of_an_account_is_a_contact_of_its_hostname(home, key, monkeypatch):
    monkeypatch.setattr(requests, "_by_name", {})
    account, password = acme_accounts.register(caller(key))
    present(account, password, TEXTS[0])
    requests.flush()

    assert HostnameContact.objects.get(hostname=home).protocol == "acme-dns"
    assert AcmeAccount.objects.get().used_at is not None


def test_account_of_a_customer_is_exported_without_its_password(alice, home, key):
    account, password = acme_accounts.register(caller(key))
    exported = "".join(exports.document(alice))

    assert f'"fulldomain": "{account.fulldomain}"' in exported
    assert password not in exported
    assert keys.digest(password).hex() not in exported


def test_accounts_of_a_customer_who_is_forgotten_are_withdrawn_and_gone(alice, home, office, key):
    registered = [acme_accounts.register(caller(key)), acme_accounts.register(caller(key), name=home.name)]
    present(*registered[0], TEXTS[0])
    publication = AcmeAccount.objects.get(hostname=None).publication
    accounts.close(alice)
    publication.refresh_from_db()
    assert publication.rrsets == {}
    assert accounts.forget_due(timezone.now() + accounts.GRACE + timedelta(days=1)) == 1

    assert not AcmeAccount.objects.exists()


def test_no_registration_is_left_of_one_that_fails(home, key):
    with pytest.raises(InvalidNetwork):
        acme_accounts.register(caller(key), networks=["nowhere"])
    with pytest.raises(InvalidNetwork):
        acme_accounts.register_openly(caller(), networks=["nowhere"])
    assert not AcmeAccount.objects.exists()


@pytest.mark.usefixtures("committed_db")
@pytest.mark.django_db(transaction=True)
def test_texts_that_come_at_once_leave_two_that_came():
    account, password = acme_accounts.register_openly(caller())
    failed = []

    def work(text: str) -> None:
        try:
            present(account, password, text)
        except Exception as error:
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=[text]) for text in TEXTS]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    account = AcmeAccount.objects.get()

    assert failed == []
    assert len(set(account.texts) & set(TEXTS)) == 2
    assert account.publication.rrsets["TXT"]["rdata"] == [f'"{text}"' for text in account.texts]
    acme_accounts.end(account)


@pytest.mark.usefixtures("committed_db")
@pytest.mark.django_db(transaction=True)
def test_text_in_flight_is_not_answered_for_a_customer_who_was_deactivated(alice, key):
    account, password = acme_accounts.register(caller(key))
    present(account, password, TEXTS[0])

    is_deactivated = threading.Event()

    def answer() -> None:
        is_deactivated.wait()
        acme_accounts._answer(account, TEXTS[1])

    with Together(answer), transaction.atomic():
        accounts.deactivate(alice)
        is_deactivated.set()
        wait_for(somebody_waits_for_a_lock, timedelta(seconds=20), "the text at the lock")

    assert AcmeAccount.objects.get().publication.rrsets == {}


@pytest.mark.usefixtures("committed_db")
@pytest.mark.django_db(transaction=True)
def test_first_text_in_flight_is_withdrawn_with_its_customer(alice, key):
    account, password = acme_accounts.register(caller(key))
    is_answered, is_deactivated = threading.Event(), threading.Event()

    def deactivate() -> None:
        is_answered.wait()
        accounts.deactivate(alice)
        is_deactivated.set()

    with Together(deactivate), transaction.atomic():
        present(account, password, TEXTS[0])
        is_answered.set()
        wait_for(
            lambda: somebody_waits_for_a_lock() or is_deactivated.is_set(), timedelta(seconds=20), "the deactivation"
        )

    assert AcmeAccount.objects.get().publication.rrsets == {}


def test_challenge_is_remembered_no_longer_than_the_domain_allows(home, key):
    hostnames.set_ttl(home, 300)
    account, password = acme_accounts.register(caller(key))
    present(account, password, TEXTS[0])

    assert home.below_names.get().publication.rrsets["TXT"]["ttl"] == home.domain.min_ttl == 30
