"""lego's storage of acme-dns accounts: what it asks and posts, octet for octet, and the flow of a run of it.

Debian's lego has no provider for acme-dns; the requests are those of lego's acmedns/internal/http_storage.go and of the
library goacmedns, which it asks with.
"""

import json
import uuid

import pytest

from ddns import challenges, keys
from ddns.models import AcmeAccount
from ddns.models.keys import Permission
from tests.ddns.acme_clients import FIRST, SECOND, AcmeClient, read, refusal
from tests.ddns.devices import ask

pytestmark = pytest.mark.django_db

NEWLINE = b"\n"
# Of a domain that somebody else's nameservers have.
ELSEWHERE = "www.example.org"


class Lego:
    """A run of lego with ACME_DNS_API_BASE and ACME_DNS_STORAGE_BASE_URL: what it would send, and where it would stop."""

    def __init__(self, api: AcmeClient, storage: AcmeClient):
        self.api, self.storage, self.must_make = api, storage, ""

    def present(self, domain: str, text: str) -> bool:
        """Whether the run goes on; if not, must_make is the target of the CNAME record that the user is told to make."""
        fetched = self.storage.get(f"/{domain}", HTTP_ACCEPT="application/json")
        if fetched.status_code != 404:
            return self._update(read(fetched), text)
        registered = self.api.post("/register", b"null" + NEWLINE)
        account = read(registered, 201) | {"server_url": self.api.base}
        put = self.storage.post(f"/{domain}", json.dumps(account).encode() + NEWLINE, HTTP_ACCEPT="application/json")
        assert put.status_code in (200, 201), put.content
        if put.status_code == 200:
            self.must_make = account["fulldomain"]
            return False
        return self._update(account, text)

    def _update(self, account: dict, text: str) -> bool:
        return self.api.update(account, text).status_code == 200


@pytest.fixture(params=["path", "user and key"])
def storage(request, home, key) -> AcmeClient:
    """Alice's, with her key in the base URL, in either of its places."""
    if request.param == "path":
        return AcmeClient(f"/acme/{key}/storage")
    return AcmeClient("/acme/storage", user="alice@example.com", key=key)


@pytest.fixture
def lego(storage) -> Lego:
    return Lego(AcmeClient("/acme"), storage)


@pytest.fixture
def _names_elsewhere(domain, settings):
    """The operator has given accounts a zone."""
    settings.ACME_DOMAIN = domain.name


def test_run_for_hostnames_of_the_key_needs_neither_registration_nor_cname(lego, home, office):
    for name, hostname in (("home.ddns.test", home), ("office.ddns.test", office)):
        assert lego.present(name, FIRST)
        assert lego.present(name, SECOND), "for its wildcard, whose domain is the same"
        assert challenges.values(hostname) == [FIRST, SECOND]

    assert lego.present("_acme-challenge.www.home.ddns.test.", FIRST), "a name that a CNAME led to"
    assert challenges.values(home, "_acme-challenge.www") == [FIRST]
    assert not AcmeAccount.objects.exists()


def test_account_of_a_hostname_is_complete(storage, home, key):
    assert read(storage.get("/home.ddns.test")) == {
        "fulldomain": "_acme-challenge.home.ddns.test",
        "subdomain": "home.ddns.test",
        "username": "home.ddns.test",
        "password": key,
        "server_url": "http://127.0.0.1:8000/acme",
    }


@pytest.mark.usefixtures("_names_elsewhere")
def test_first_run_for_a_name_elsewhere_stops_for_a_cname_and_the_next_goes_on(lego):
    assert not lego.present(ELSEWHERE, FIRST)
    account = AcmeAccount.objects.get()
    assert lego.must_make == f"{account.subdomain}.ddns.test" == account.fulldomain
    assert lego.present(ELSEWHERE, FIRST)
    assert lego.present(ELSEWHERE, SECOND)

    account.refresh_from_db()
    assert (account.domain, account.texts) == (ELSEWHERE, [FIRST, SECOND])


def test_run_for_a_name_elsewhere_fails_at_the_registration_where_there_is_no_zone_for_it(lego, home):
    assert refusal(lego.storage.get(f"/{ELSEWHERE}")) == (404, "not_found")
    assert refusal(lego.api.register()) == (401, "forbidden")


@pytest.mark.usefixtures("_names_elsewhere")
def test_account_that_is_stored_for_a_hostname_sets_its_challenge_and_needs_no_cname(storage, home):
    account = read(AcmeClient().register(), 201)
    AcmeClient().update(account, SECOND)
    publication = AcmeAccount.objects.get().publication
    put = storage.post("/home.ddns.test", account)

    assert (put.status_code, read(put, 201)) == (201, {})
    publication.refresh_from_db()
    assert publication.rrsets == {}, "what it answered at its own name is withdrawn"
    AcmeClient().update(account, FIRST)
    assert challenges.values(home) == [FIRST]


def test_account_that_was_fetched_may_be_stored_again(storage, home):
    account = read(storage.get("/home.ddns.test"))

    assert storage.post("/home.ddns.test", account).status_code == 201
    assert refusal(storage.post(f"/{ELSEWHERE}", account)) == (401, "forbidden")


@pytest.mark.usefixtures("_names_elsewhere")
def test_all_accounts_are_fetched_by_their_names(storage, home, office):
    storage.post(f"/{ELSEWHERE}", read(AcmeClient().register(), 201))
    everything = read(storage.get(""))

    assert sorted(everything) == ["home.ddns.test", "office.ddns.test", ELSEWHERE]
    assert all(each == read(storage.get(f"/{name}")) for name, each in everything.items())
    assert read(storage.get("/")) == everything


@pytest.mark.usefixtures("_names_elsewhere")
def test_a_later_account_takes_the_place_of_the_one_before(storage, home):
    first, second = (read(AcmeClient().register(), 201) for _ in range(2))
    storage.post(f"/{ELSEWHERE}", first)
    storage.post(f"/*.{ELSEWHERE}", second)

    assert read(storage.get(f"/{ELSEWHERE}"))["username"] == second["username"]


@pytest.mark.usefixtures("_names_elsewhere")
def test_another_customer_fetches_nothing_of_alice_s(storage, home, bob, foreign):
    account = read(AcmeClient().register(), 201)
    storage.post(f"/{ELSEWHERE}", account)
    bobs = AcmeClient(f"/acme/{keys.create(bob, label='lego')[1]}/storage")

    assert refusal(bobs.get(f"/{ELSEWHERE}")) == (404, "not_found")
    assert refusal(bobs.get("/home.ddns.test")) == (404, "not_found")
    assert refusal(bobs.post(f"/{ELSEWHERE}", account)) == (401, "forbidden"), "even with its password"
    assert list(read(bobs.get(""))) == [foreign.name]


@pytest.mark.usefixtures("_names_elsewhere")
def test_stored_account_ends_with_the_key_and_goes_on_with_another(storage, home, alice):
    account = read(AcmeClient().register(), 201)
    storage.post(f"/{ELSEWHERE}", account)
    keys.revoke(alice.update_keys.get())
    assert refusal(AcmeClient().update(account, FIRST)) == (401, "forbidden")

    later = AcmeClient(f"/acme/{keys.create(alice, label='lego')[1]}/storage")
    assert AcmeClient().update(read(later.get(f"/{ELSEWHERE}")), FIRST).status_code == 200


@pytest.mark.usefixtures("_names_elsewhere")
def test_key_of_one_hostname_fetches_nothing_of_the_others(storage, home, office, alice):
    storage.post(f"/{ELSEWHERE}", read(AcmeClient().register(), 201))
    narrow = AcmeClient(f"/acme/{keys.create(alice, label='nas', hostnames=[office])[1]}/storage")

    assert list(read(narrow.get(""))) == ["office.ddns.test"]
    assert refusal(narrow.get(f"/{ELSEWHERE}")) == (404, "not_found")


@pytest.mark.parametrize(
    "path", ["/acme/storage", "/acme/storage/home.ddns.test", "/acme/wrong/storage/home.ddns.test"]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_stranger_is_forbidden(home, method, path):
    body = b'{"username":"x","password":"y"}' if method == "POST" else b""

    assert refusal(ask(method, path, body)) == (401, "forbidden")


def test_key_that_may_not_set_texts_is_forbidden(alice, home):
    reading = AcmeClient(f"/acme/{keys.create(alice, label='backup', permission=Permission.READ)[1]}/storage")

    assert refusal(reading.get("/home.ddns.test")) == (401, "forbidden")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"x",
        {"username": 1, "password": "x"},
        {"username": "x"},
        {"password": 1},
        {"username": str(uuid.uuid4()), "password": "\ud800"},
    ],
)
def test_what_is_no_account_is_malformed(storage, body):
    assert refusal(storage.post("/home.ddns.test", body)) == (400, "malformed_json_payload")


@pytest.mark.usefixtures("_names_elsewhere")
@pytest.mark.parametrize("name", ["localhost", "a..b", "exa mple.org", f"{'x' * 300}.org"], ids=lambda name: name[:20])
def test_what_is_no_domain_is_refused(storage, home, name):
    assert refusal(storage.get(f"/{name}")) == (404, "not_found")
    assert refusal(storage.post(f"/{name}", read(AcmeClient().register(), 201))) == (400, "bad_subdomain")
