"""acme-dns accounts on the desk: looked at by analysts, changed by nobody, ended with a reason in the ledger."""

from ipaddress import ip_address

import pytest

from abuse import acme_accounts as decided
from abuse.errors import AcmeAccountsGone, ReasonMissing
from abuse.models import LedgerEntry
from ddns import acme_accounts, keys
from ddns.address_updates import Caller
from ddns.models import AcmeAccount
from dnsupdate.models import PendingPublication
from dnsupdate.models.pending import Urgency
from tests.people import logged_in

pytestmark = pytest.mark.django_db

LIST = "/admin/ddns/acmeaccount/"
TEXT = "a" * 43


@pytest.fixture(autouse=True)
def _open(domain, settings):
    settings.ACME_DOMAIN = domain.name


@pytest.fixture
def desk(oscar):
    return logged_in(oscar)


def registered(source: str) -> AcmeAccount:
    """By Mallory, without a key; it answers a text."""
    caller = Caller("", ip_address(source), "curl/8", "acme-dns")
    account, password = acme_accounts.register_openly(caller)
    mine = caller._replace(key=password)
    acme_accounts.present(mine, username=str(account.username), subdomain=str(account.subdomain), text=TEXT)
    return AcmeAccount.objects.get(pk=account.pk)


@pytest.fixture
def openly(domain) -> AcmeAccount:
    return registered("203.0.113.7")


@pytest.fixture
def alices(home, alice) -> AcmeAccount:
    _, text = keys.create(alice, label="caddy")
    return acme_accounts.register(Caller(text, ip_address("203.0.113.7"), "caddy", "acme-dns"))[0]


def decide(client, account: AcmeAccount, page: str, retyped: str):
    form = {"reason": "used for phishing", "retyped": retyped}
    return client.post(f"{LIST}{account.pk}/{page}/", form, follow=True)


def test_list_shows_who_registered_what_in_a_constant_number_of_queries(
    desk, openly, alices, django_assert_max_num_queries
):
    html = desk.get(LIST).content.decode()
    for said in (openly.fulldomain, alices.fulldomain, "alice@example.com", "nobody", "203.0.113.7"):
        assert said in html
    for last in range(20, 30):
        registered(f"192.0.2.{last}")
    with django_assert_max_num_queries(14):
        desk.get(LIST)


def test_page_offers_no_change(desk, openly):
    html = desk.get(f"{LIST}{openly.pk}/change/").content.decode()

    assert "End all of its network" in html
    assert 'name="_save"' not in html
    assert desk.post(f"{LIST}{openly.pk}/delete/").status_code == 403


def test_analyst_ends_an_account_with_a_reason(desk, openly, oscar):
    response = decide(desk, openly, "end", openly.fulldomain)

    assert "is ended" in response.content.decode()
    assert not AcmeAccount.objects.exists()
    openly.publication.refresh_from_db()
    assert openly.publication.rrsets == {}
    assert PendingPublication.objects.get(pk=openly.publication_id).urgency == Urgency.WITHDRAWAL
    entry = LedgerEntry.objects.get()
    assert (entry.actor, entry.action, entry.reason) == (oscar, "end", "used for phishing")
    assert entry.object == f"acme-dns {openly.fulldomain}"


def test_analyst_ends_all_that_a_network_registered_openly(desk, openly, alices):
    neighbour, elsewhere = registered("203.0.113.250"), registered("198.51.100.7")
    decide(desk, openly, "end-network", "203.0.113.0")

    assert set(AcmeAccount.objects.all()) == {alices, elsewhere}
    names = [each["name"] for each in LedgerEntry.objects.get().details["accounts"]]
    assert sorted(names) == sorted([openly.fulldomain, neighbour.fulldomain])


def test_accounts_of_customers_have_no_network_to_end(desk, alices):
    assert decide(desk, alices, "end-network", "203.0.113.0").status_code == 404


@pytest.mark.parametrize("page", ["end", "end-network"])
def test_wrong_name_and_missing_reason_end_nothing(desk, openly, page):
    decide(desk, openly, page, "other.ddns.test")
    desk.post(f"{LIST}{openly.pk}/{page}/", {"reason": " ", "retyped": openly.fulldomain})

    assert AcmeAccount.objects.count() == 1


@pytest.mark.parametrize("page", ["end", "end-network"])
def test_stranger_and_clerk_end_nothing(client, clerk, alice, openly, page):
    decide(client, openly, page, openly.fulldomain)
    for person in (clerk, alice):
        assert decide(logged_in(person), openly, page, openly.fulldomain).status_code == 403
    assert AcmeAccount.objects.count() == 1


def test_decision_needs_a_reason_and_something_to_end(openly, oscar):
    with pytest.raises(ReasonMissing):
        decided.end([openly], about="x", reason="", by=oscar)
    decided.end([openly], about="x", reason="spam", by=oscar)
    with pytest.raises(AcmeAccountsGone):
        decided.end([openly], about="x", reason="spam", by=oscar)
