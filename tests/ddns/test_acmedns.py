"""acme-dns's API: what its clients send and what they get, with accounts of hostnames and of nobody's."""

import json
import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from ddns import accounts, challenges, groups, hostnames, keys, requests
from ddns.errors import NameUnavailable
from ddns.models import AcmeAccount, Hostname
from ddns.models.keys import Permission
from tests.ddns.acme_clients import FIRST, SECOND, THIRD, AcmeClient, api_headers, read, refusal
from tests.ddns.devices import ask, basic

pytestmark = pytest.mark.django_db

FIELDS = ["username", "password", "fulldomain", "subdomain", "allowfrom"]


@pytest.fixture
def client(home, key) -> AcmeClient:
    """Alice's, with her key in front of the server's name."""
    return AcmeClient(user="alice@example.com", key=key)


@pytest.fixture
def anybody(domain, settings) -> AcmeClient:
    """Without a key, where the operator has given accounts a zone."""
    settings.ACME_DOMAIN = domain.name
    return AcmeClient()


@pytest.fixture
def account(client) -> dict:
    """Of home.ddns.test, as its client got it."""
    return read(client.register(), 201)


@pytest.fixture
def nobodys(anybody) -> dict:
    """Of a name of its own."""
    return read(anybody.register(), 201)


def at_own_name(account: dict) -> list[str]:
    row = AcmeAccount.objects.select_related("publication").get(username=account["username"])
    return [text.strip('"') for text in row.publication.rrsets["TXT"]["rdata"]] if row.publication.rrsets else []


# --- Registration ---------------------------------------------------------------------------------------------


def test_registration_with_a_key_is_for_the_only_hostname_that_it_covers(account):
    assert list(account) == FIELDS
    assert account["fulldomain"] == "_acme-challenge.home.ddns.test"
    assert account["allowfrom"] == []
    assert str(uuid.UUID(account["username"])) == account["username"] != account["subdomain"]
    assert len(account["password"]) == 40


def test_registration_without_a_key_gets_a_name_of_its_own(nobodys):
    assert list(nobodys) == FIELDS
    assert nobodys["fulldomain"] == f"{nobodys['subdomain']}.ddns.test"
    assert str(uuid.UUID(nobodys["subdomain"])) == nobodys["subdomain"]


def test_registration_without_a_key_is_closed_unless_the_operator_opens_it(home):
    response = AcmeClient().register()

    assert refusal(response) == (401, "forbidden")
    assert "with a key" in read(response, 401)["detail"]
    assert response["WWW-Authenticate"] == 'Basic realm="DDNS"'
    assert not AcmeAccount.objects.exists()


def test_registration_stays_closed_where_the_zone_is_none_of_ours(home, settings):
    settings.ACME_DOMAIN = "elsewhere.example"

    assert refusal(AcmeClient().register()) == (401, "forbidden")


def test_registration_with_a_wrong_key_is_not_one_without(anybody):
    anybody.key = "wrong"

    assert refusal(anybody.register()) == (401, "forbidden")


@pytest.mark.parametrize("base", ["", "/acme"])
@pytest.mark.parametrize("user", ["home.ddns.test", "HOME.ddns.test."])
def test_hostname_is_named_by_the_user_where_the_key_covers_several(client, office, base, user):
    client.base, client.user = base, user

    assert read(client.register(), 201)["fulldomain"] == "_acme-challenge.home.ddns.test"


def test_key_and_hostname_may_stand_in_the_path(home, office, key):
    by_path = AcmeClient(f"/acme/{key}/office.ddns.test")

    assert read(by_path.register(), 201)["fulldomain"] == "_acme-challenge.office.ddns.test"
    assert refusal(AcmeClient(f"/acme/{key}").register()) == (400, "bad_subdomain")


def test_key_may_come_as_a_bearer_token(home, key):
    response = ask("POST", "/register", HTTP_AUTHORIZATION=f"Bearer {key}")

    assert read(response, 201)["fulldomain"] == "_acme-challenge.home.ddns.test"


def test_account_may_be_for_a_name_below_the_hostname(home, key):
    by_path = AcmeClient(f"/acme/{key}/www.home.ddns.test")
    account = read(by_path.register(), 201)
    by_path.update(account, FIRST)

    assert account["fulldomain"] == "_acme-challenge.www.home.ddns.test"
    assert challenges.values(home, "_acme-challenge.www") == [FIRST]


def test_key_that_covers_several_gets_a_name_of_its_own_where_there_is_a_zone_for_it(client, office, anybody):
    account = read(client.register(), 201)

    assert account["fulldomain"] == f"{account['subdomain']}.ddns.test"


def test_nobody_registers_for_what_the_key_does_not_cover(client, foreign):
    client.user = foreign.name

    assert refusal(client.register()) == (400, "bad_subdomain")


@pytest.mark.parametrize("permission", [Permission.UPDATE, Permission.READ])
def test_key_that_may_not_set_texts_registers_nothing(alice, home, permission):
    _, text = keys.create(alice, label="router", permission=permission)

    assert refusal(AcmeClient(user="x", key=text).register()) == (401, "forbidden")


def test_key_for_texts_only_suffices(alice, home):
    client = AcmeClient(user="x", key=keys.create(alice, label="caddy", permission=Permission.TXT)[1])

    assert client.update(read(client.register(), 201), FIRST).status_code == 200


def test_customer_who_registers_for_ever_loses_the_account_that_rested_longest(client, account, monkeypatch):
    monkeypatch.setattr("ddns.acme_accounts.MAX_PER_CUSTOMER", 3)
    client.update(account, FIRST)
    first, second, third = (read(client.register(), 201)["username"] for _ in range(3))

    left = {str(each) for each in AcmeAccount.objects.values_list("username", flat=True)}
    assert left == {first, second, third}


def test_registrations_without_a_key_are_limited_by_network(anybody, settings):
    settings.ACME_REGISTRATIONS_PER_NETWORK = 2
    statuses = []
    for last in (1, 2, 3):
        anybody.source = f"203.0.113.{last}"
        statuses.append(anybody.register().status_code)
    response = anybody.register()

    assert statuses == [201, 201, 429]
    assert refusal(response) == (429, "too_many_registrations")
    assert response["Retry-After"] == "3600"
    anybody.source = "2001:db8::1"
    assert anybody.register().status_code == 201


def test_nobody_registers_without_a_key_while_registrations_cannot_be_counted(anybody, client, broker):
    broker.kill()

    assert refusal(anybody.register()) == (429, "too_many_registrations")
    assert client.register().status_code == 201, "with a key nothing is counted"


# --- Networks ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["allowfrom", "AllowFrom"])
def test_networks_may_be_given_in_any_case_of_the_name(client, name):
    """goacmedns, the library in lego, writes its field names as Go does."""
    account = read(client.register({name: ["192.0.2.0/24", "[2001:db8::]/32", "198.51.100.9"]}), 201)

    assert account["allowfrom"] == ["192.0.2.0/24", "2001:db8::/32", "198.51.100.9/32"]


@pytest.mark.parametrize("networks", [["192.0.2.0/33"], ["example.test"], [""], ["192.0.2.0/24"] * 21])
def test_what_is_no_network_is_refused(client, networks):
    assert refusal(client.register({"allowfrom": networks})) == (400, "invalid_allowfrom_cidr")
    assert not AcmeAccount.objects.exists()


@pytest.mark.parametrize("networks", ["192.0.2.0/24", {"a": 1}, 7, [7], [["192.0.2.0/24"]], [None]])
def test_networks_of_another_type_are_malformed(client, networks):
    assert refusal(client.register({"allowfrom": networks})) == (400, "malformed_json_payload")


@pytest.mark.parametrize("networks", [None, [], {}])
def test_no_networks_are_every_network(client, networks):
    assert read(client.register({"allowfrom": networks}), 201)["allowfrom"] == []


def test_account_works_only_from_its_networks(client, home):
    account = read(client.register({"allowfrom": ["192.0.2.0/24"]}), 201)

    assert refusal(client.update(account, FIRST)) == (401, "forbidden")
    client.source = "192.0.2.7"
    assert client.update(account, FIRST).status_code == 200


# --- Updates ----------------------------------------------------------------------------------------------------


def test_update_answers_the_text_at_the_hostname_s_challenge(client, account, home):
    response = AcmeClient().update(account, FIRST)

    assert read(response) == {"txt": FIRST}
    assert f'"{FIRST}"'.encode() in response.content, "acme.sh looks for it so"
    assert challenges.values(home) == [FIRST]


def test_two_texts_stand_side_by_side(client, account, home):
    client.update(account, FIRST)
    client.update(account, SECOND)

    assert challenges.values(home) == [FIRST, SECOND]


def test_the_two_newest_texts_stand_at_a_name_of_its_own(anybody, nobodys):
    for text in (FIRST, FIRST, SECOND, THIRD):
        assert read(anybody.update(nobodys, text)) == {"txt": text}

    assert at_own_name(nobodys) == [SECOND, THIRD]
    row = AcmeAccount.objects.get(username=nobodys["username"])
    assert row.publication.name == nobodys["fulldomain"]
    assert row.publication.rrsets["TXT"]["ttl"] == 1


@pytest.mark.parametrize("base", ["", "/acme"])
@pytest.mark.parametrize("content_type", ["application/json", "application/x-www-form-urlencoded", ""])
def test_update_reads_json_whatever_it_is_called(account, home, base, content_type):
    """acme.sh calls it a form."""
    body = json.dumps({"subdomain": account["subdomain"], "txt": FIRST})
    response = AcmeClient(base).post("/update", body.encode(), content_type, **api_headers(account))

    assert read(response) == {"txt": FIRST}


def test_update_reads_names_as_go_writes_them(client, account, home):
    body = {"SubDomain": account["subdomain"], "Txt": FIRST}

    assert read(client.post("/update", body, **api_headers(account))) == {"txt": FIRST}


def test_hostname_and_key_are_an_account_without_any_registration(home, office, key):
    by_hand = {"username": home.name, "password": key, "subdomain": home.name}

    assert read(AcmeClient().update(by_hand, FIRST)) == {"txt": FIRST}
    assert challenges.values(home) == [FIRST]
    assert refusal(AcmeClient().update(by_hand, FIRST, subdomain="bob.ddns.test")) == (401, "forbidden")


@pytest.mark.parametrize(
    "text", ["", "short", "x" * 42, "x" * 44, "x" * 42 + "+", "x" * 42 + "é", FIRST + "\n", 7, None]
)
def test_text_that_no_authority_asks_for_is_refused(client, account, text):
    assert refusal(client.update(account, text)) == (400, "bad_txt")


@pytest.mark.parametrize("subdomain", ["", "not-a-uuid", str(uuid.uuid4()), "home.ddns.test", "*"])
def test_other_subdomain_than_the_account_s_is_refused(client, account, home, subdomain):
    assert refusal(client.update(account, FIRST, subdomain=subdomain)) == (401, "forbidden")
    assert challenges.values(home) == []


@pytest.mark.parametrize("subdomain", [7, None, ["x"], {"a": 1}])
def test_subdomain_of_another_type_is_malformed(client, account, subdomain):
    assert refusal(client.update(account, FIRST, subdomain=subdomain)) == (400, "malformed_json_payload")


@pytest.mark.parametrize("password", ["", "wrong", "x" * 40, "\x00", "é"])
def test_wrong_password_is_forbidden(client, account, home, password):
    assert refusal(AcmeClient().update(account | {"password": password}, FIRST)) == (401, "forbidden")
    assert challenges.values(home) == []


def test_stranger_with_an_account_of_their_own_sets_nothing_of_alice_s(account, nobodys, anybody, home):
    assert refusal(anybody.update(nobodys | {"subdomain": account["subdomain"]}, FIRST)) == (401, "forbidden")
    assert refusal(anybody.update(nobodys | {"username": account["username"]}, FIRST)) == (401, "forbidden")
    assert challenges.values(home) == []


def test_bob_s_key_is_no_password_of_alice_s_account(account, bob, foreign, home):
    bobs = keys.create(bob, label="caddy")[1]

    assert refusal(AcmeClient().update(account | {"password": bobs}, FIRST)) == (401, "forbidden")


def test_wrong_passwords_are_counted(account, settings):
    settings.WRONG_KEYS_PER_SOURCE = 2
    statuses = [AcmeClient().update(account | {"password": "wrong"}, FIRST).status_code for _ in range(4)]

    assert statuses == [401, 401, 503, 503]
    assert AcmeClient().update(account, FIRST).status_code == 200, "a working account is never limited"


@pytest.mark.parametrize("headers", [{"HTTP_X_API_USER": "x"}, {}])
def test_update_without_a_password_is_told_so(home, headers):
    assert ask("POST", "/update", b"{}", **headers).status_code in (400, 401)


def test_update_path_of_devices_is_still_theirs(device, home):
    assert device.get("/update?hostname=home.ddns.test&myip=203.0.113.5").content == b"good 203.0.113.5\n"
    body = b"hostname=home.ddns.test&myip=203.0.113.6"
    form = device.get("/update", "POST", body, "application/x-www-form-urlencoded")
    assert form.content == b"good 203.0.113.6\n"


# --- Its end ------------------------------------------------------------------------------------------------------


def test_account_ends_with_its_key(client, account, alice, home):
    keys.revoke(alice.update_keys.get())

    assert refusal(client.update(account, FIRST)) == (401, "forbidden")


def test_account_ends_when_its_key_expires(client, account, alice):
    alice.update_keys.update(expires_at=timezone.now() - timedelta(seconds=1))

    assert refusal(client.update(account, FIRST)) == (401, "forbidden")


def test_account_works_only_where_its_key_does(client, account, alice):
    alice.update_keys.update(networks=["192.0.2.0/24"])

    assert refusal(client.update(account, FIRST)) == (401, "forbidden")


def test_account_ends_with_the_key_s_permission(client, account, alice):
    alice.update_keys.update(permission=Permission.READ)

    assert refusal(client.update(account, FIRST)) == (401, "forbidden")


def test_account_ends_when_the_key_does_not_cover_the_hostname_any_more(alice, home):
    family = groups.create(alice, name="family")
    groups.assign(family, [home])
    client = AcmeClient(user="x", key=keys.create(alice, label="caddy", group=family)[1])
    account = read(client.register(), 201)
    assert client.update(account, FIRST).status_code == 200
    groups.assign(None, [home])

    assert refusal(client.update(account, SECOND)) == (401, "forbidden")


def test_account_of_a_suspended_hostname_is_forbidden_and_told_why(client, account, home):
    client.update(account, FIRST)
    hostnames.suspend(home)
    response = client.update(account, SECOND)

    assert refusal(response) == (401, "forbidden")
    assert "suspended" in json.loads(response.content)["detail"]
    assert challenges.values(home) == [FIRST]
    assert not home.below_names.get().publication.rrsets, "withdrawn with the hostname"


def test_account_of_a_released_hostname_reaches_no_later_holder(client, account, home, bob, domain):
    hostnames.release(home)
    assert refusal(client.update(account, FIRST)) == (401, "forbidden")
    later = Hostname.objects.create(account=bob, domain=domain, name=home.name, publication=home.publication)

    assert refusal(client.update(account, FIRST)) == (401, "forbidden")
    assert challenges.values(later) == []


def test_account_rests_while_its_customer_is_deactivated(client, alice, office, anybody):
    account = read(client.register(), 201)
    client.update(account, FIRST)
    accounts.deactivate(alice)
    assert refusal(client.update(account, SECOND)) == (401, "forbidden")
    assert at_own_name(account) == []
    accounts.reactivate(alice)

    assert at_own_name(account) == [FIRST]
    assert client.update(account, SECOND).status_code == 200


def test_name_of_an_account_is_registered_by_nobody(nobodys, alice, domain):
    with pytest.raises(NameUnavailable):
        hostnames.register(alice, domain=domain, label=nobodys["subdomain"])


# --- Manners ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/health", "/acme/health"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_health_is_200_and_empty(db, method, path):
    response = ask(method, path)

    assert (response.status_code, response.content) == (200, b"")


@pytest.mark.parametrize("path", ["/register", "/acme/register", "/acme/update"])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_other_methods_are_told_which_there_is(db, method, path):
    response = ask(method, path)

    assert (response.status_code, response["Allow"]) == (405, "POST")


@pytest.mark.parametrize("path", ["/acme/", "/acme/x", "/acme/a/b/c/register", "/acme/register/", "/acme//register"])
def test_other_paths_are_not_found_and_told_what_there_is(db, path):
    assert refusal(ask("POST", path)) == (404, "not_found")


def test_no_redirect_and_no_host_check_stands_before_the_api(client, account, settings):
    settings.SECURE_SSL_REDIRECT, settings.ALLOWED_HOSTS = True, ["site.example"]
    response = client.update(account, FIRST)

    assert response.status_code == 200
    assert set(response.headers) == {"Content-Type", "Content-Length", "Cache-Control"}


def test_what_was_done_and_refused_is_among_the_last_requests(client, account, home, monkeypatch):
    monkeypatch.setattr(requests, "_by_name", {})
    client.update(account, FIRST)
    client.update(account | {"password": "wrong", "username": "home.ddns.test"}, FIRST, subdomain="home.ddns.test")
    requests.flush()

    assert [(each.code, each.protocol) for each in requests.recent(home)] == [
        ("badauth", "acme-dns"),
        ("txt", "acme-dns"),
    ]


def test_blocked_agent_is_refused(client, settings):
    settings.BLOCKED_AGENTS = ["Test/"]

    assert refusal(client.register()) == (403, "badagent")


def test_basic_without_a_user_is_a_key(home, key):
    response = ask("POST", "/register", HTTP_AUTHORIZATION=basic("", key))

    assert response.status_code == 201
