"""FreeDNS: tokens of both versions, the listing, and tokens that are good for one hostname."""

import hashlib
import re

import pytest

from ddns import accounts, hostnames, keys, record_tokens
from ddns.models import AddressUpdate, Hostname, UpdateKey
from ddns.models.keys import Permission
from tests.ddns.devices import SOURCE, Device, stored

ADDRESS = "203.0.113.5"
NOT_LOCATED = (
    "ERROR: Unable to locate this record (changed password recently? deleted and re-created this dns entry?)\n"
)


def sha(user: str, key: str) -> str:
    return hashlib.sha1(f"{user}|{key}".encode(), usedforsecurity=False).hexdigest()


@pytest.fixture
def device(home) -> Device:
    """Without credentials in a header: they are in the URL."""
    return Device()


@pytest.fixture
def ask(device):
    def ask(url: str, status: int = 200) -> str:
        response = device.get(url)
        assert (response.status_code, response["Content-Type"]) == (status, "text/plain")
        return response.content.decode()

    return ask


@pytest.fixture
def listed(ask, key):
    """The listing as its fields, by line."""

    def listed(user: str = "alice@example.com", version: str = "&v=2", key: str = key) -> list[list[str]]:
        body = ask(f"/api/?action=getdyndns{version}&sha={sha(user, key)}")
        return [line.split("|") for line in body.splitlines()]

    return listed


@pytest.mark.parametrize(
    "token", ["{}", "{}=", "{}&address=" + SOURCE, "{}=&myip=" + SOURCE, "token={}", "{}&ip=&address="]
)
def test_a_token_is_read_with_an_equals_sign_and_without(ask, home, key, token):
    body = ask("/dynamic/update.php?" + token.format(key))

    assert re.fullmatch(rf"Updated 1 host\(s\) home\.ddns\.test to {SOURCE} in \d+\.\d{{3}} seconds\n", body)
    assert stored(home) == (SOURCE, None)


def test_an_address_that_has_not_changed_is_an_error_as_clients_know_it(ask, key):
    ask(f"/dynamic/update.php?{key}&address={ADDRESS}")

    assert ask(f"/dynamic/update.php?{key}&address={ADDRESS}") == f"ERROR: Address {ADDRESS} has not changed.\n"


def test_the_address_is_repeated_as_it_was_sent(ask, key):
    """inadyn looks for what it sent."""
    assert " to 2001:DB8:0::5 in " in ask(f"/dynamic/update.php?{key}&address=2001:DB8:0::5")


@pytest.mark.parametrize("path", ["/u/{}", "/u/{}/"])
def test_the_second_version_tells_what_was(ask, home, key, path):
    url = path.format(key)

    assert ask(f"{url}?address={ADDRESS}") == f"Updated home.ddns.test from NULL to {ADDRESS}\n"
    assert (
        ask(f"{url}?hostname=home.ddns.test&myip=203.0.113.6")
        == f"Updated home.ddns.test from {ADDRESS} to 203.0.113.6\n"
    )
    expected = "No IP change detected for home.ddns.test with IP 203.0.113.6, skipping update\n"
    assert ask(f"{url}?ip=203.0.113.6") == expected
    assert stored(home) == ("203.0.113.6", None)


def test_the_second_version_takes_credentials_from_the_header(ask, device, home, key):
    assert ask(f"/u/?h=home.ddns.test&ip={ADDRESS}", 401) == NOT_LOCATED
    device.user, device.key = "alice@example.com", key

    assert ask(f"/u/?h=home.ddns.test&ip={ADDRESS}") == f"Updated home.ddns.test from NULL to {ADDRESS}\n"


def test_a_key_of_several_hostnames_needs_the_one_that_is_meant(ask, key, home, office):
    assert ask(f"/dynamic/update.php?{key}&address={ADDRESS}").startswith("ERROR: The key covers not just one hostname")
    assert stored(home) == stored(office) == (None, None)

    ask(f"/dynamic/update.php?{key}&address={ADDRESS}&hostname=office.ddns.test")
    assert (stored(home), stored(office)) == ((None, None), (ADDRESS, None))


@pytest.mark.parametrize("path", ["/dynamic/update.php?{}&", "/u/{}/?"])
class TestRefused:
    def test_a_wrong_token(self, ask, home, path):
        assert ask(path.format("wrong") + f"address={ADDRESS}&hostname=home.ddns.test", 401) == NOT_LOCATED
        assert stored(home) == (None, None)

    def test_a_foreign_hostname_like_one_that_there_is_not(self, ask, bob, home, path):
        _, key = keys.create(bob, label="x")
        url = path.format(key) + f"address={ADDRESS}&hostname="

        assert ask(url + "home.ddns.test") == ask(url + "nobody.ddns.test") == NOT_LOCATED
        assert stored(home) == (None, None)

    def test_a_suspended_hostname(self, ask, key, home, path):
        hostnames.suspend(home)

        assert ask(path.format(key) + f"address={ADDRESS}").endswith("(abuse)\n")
        assert stored(home) == (None, None)

    def test_what_is_no_address_or_none_to_publish(self, ask, key, home, path, settings):
        settings.ALLOW_NON_GLOBAL_ADDRESSES = False

        assert ask(path.format(key) + "address=800.0.0.1") == 'ERROR: "800.0.0.1" is an invalid IP address.\n'
        assert ask(path.format(key) + "address=192.168.1.1") == 'ERROR: "192.168.1.1" is an invalid IP address.\n'
        assert stored(home) == (None, None)

    def test_a_wrong_token_before_anything_else_is_said(self, ask, path):
        assert ask(path.format("wrong") + "address=nonsense&hostname=nonsense", 401) == NOT_LOCATED
        assert ask(path.format("wrong") + "address=nonsense&hostname=home.ddns.test", 401) == NOT_LOCATED

    def test_a_token_of_a_deactivated_account(self, ask, alice, key, path):
        accounts.deactivate(alice)

        assert ask(path.format(key) + f"address={ADDRESS}", 401) == NOT_LOCATED


class TestListing:
    def test_it_has_a_line_for_each_hostname_and_family(self, ask, key, home, office, listed):
        ask(f"/dynamic/update.php?{key}&address={ADDRESS}&hostname=home.ddns.test")
        ask(f"/dynamic/update.php?{key}&address=2001:db8::5&hostname=office.ddns.test")

        assert [line[:2] for line in listed()] == [
            ["home.ddns.test", ADDRESS],
            ["home.ddns.test", "::"],
            ["office.ddns.test", "NULL"],
            ["office.ddns.test", "2001:db8::5"],
        ]
        assert [line[:2] for line in listed(version="")] == [["home.ddns.test", ADDRESS], ["office.ddns.test", "NULL"]]

    @pytest.mark.parametrize("user", ["alice@example.com", "ddns"])
    def test_the_user_name_is_the_address_or_a_word(self, listed, user):
        assert [line[0] for line in listed(user, version="")] == ["home.ddns.test"]

    @pytest.mark.parametrize("user", ["bob@example.com", "Alice@example.com", "", "home.ddns.test"])
    def test_another_user_name_is_refused(self, ask, key, user):
        assert ask(f"/api/?action=getdyndns&sha={sha(user, key)}", 401) == "ERROR: Could not authenticate.\n"

    @pytest.mark.parametrize("sent", ["", "&sha=", "&sha=x", "&sha=" + "0" * 40, "&sha=%00"])
    def test_no_hash_or_a_wrong_one_is_refused(self, ask, sent):
        assert ask(f"/api/?action=getdyndns{sent}", 401) == "ERROR: Could not authenticate.\n"

    def test_the_key_itself_is_no_hash_of_it(self, ask, key):
        assert ask(f"/api/?action=getdyndns&sha={key}", 401) == "ERROR: Could not authenticate.\n"

    def test_it_shows_what_the_key_covers_and_nothing_of_others(self, ask, alice, home, office, foreign, listed):
        _, one = keys.create(alice, label="one", hostnames=[office])

        assert [line[0] for line in listed("ddns", "", one)] == ["office.ddns.test"]
        assert "bob" not in str(listed())

    def test_a_revoked_key_lists_nothing(self, ask, key):
        keys.revoke(UpdateKey.objects.get())

        assert ask(f"/api/?action=getdyndns&sha={sha('ddns', key)}", 401) == "ERROR: Could not authenticate.\n"

    def test_a_key_for_challenges_lists_nothing(self, ask, alice):
        _, key = keys.create(alice, label="acme", permission=Permission.TXT)

        assert ask(f"/api/?action=getdyndns&sha={sha('ddns', key)}", 401) == "ERROR: Could not authenticate.\n"

    def test_wrong_hashes_are_counted(self, ask, settings):
        settings.WRONG_KEYS_PER_PREFIX = 1
        ask("/api/?action=getdyndns&sha=" + "0" * 40, 401)

        assert ask("/api/?action=getdyndns&sha=" + "0" * 40, 503).startswith("ERROR: ")

    def test_its_cost_does_not_grow_with_the_hostnames(self, alice, domain, listed, django_assert_num_queries):
        for count in (1, 3):
            for number in range(count):
                hostnames.register(alice, domain=domain, label=f"h{count}-{number}")
            with django_assert_num_queries(3):
                listed()

    def test_other_requests_to_its_path_are_not_for_it(self, ask, device):
        assert device.get("/api/").status_code == 404
        assert device.get("/api/?action=other").status_code == 404


class TestRecordToken:
    @pytest.fixture
    def url(self, listed):
        """The update URL of home.ddns.test, as the listing shows it."""
        path = listed(version="")[0][2].removeprefix("http://127.0.0.1:8000")
        assert path.startswith("/dynamic/update.php?")
        return path

    def test_it_updates_its_hostname_though_the_key_covers_more(self, ask, home, office, url):
        assert f"home.ddns.test to {ADDRESS}" in ask(f"{url}&address={ADDRESS}")
        assert (stored(home), stored(office)) == ((ADDRESS, None), (None, None))
        assert AddressUpdate.objects.get().protocol == "freedns"

    def test_it_updates_no_other_whatever_is_named(self, ask, home, office, url):
        ask(f"{url}&address={ADDRESS}&hostname=office.ddns.test")

        assert (stored(home), stored(office)) == ((ADDRESS, None), (None, None))

    def test_it_ends_with_its_key(self, ask, home, url):
        keys.revoke(UpdateKey.objects.get())

        assert ask(f"{url}&address={ADDRESS}", 401) == NOT_LOCATED
        assert stored(home) == (None, None)

    def test_it_ends_with_its_hostname(self, ask, bob, domain, home, url):
        hostnames.release(home)
        Hostname.objects.filter(pk=home.pk).update(name="old.ddns.test")

        assert ask(f"{url}&address={ADDRESS}", 401) == NOT_LOCATED

    def test_it_is_no_key_of_other_protocols(self, url, home):
        token = url.partition("?")[2]

        assert Device("x", token).update(hostname="home.ddns.test", myip=ADDRESS).status_code == 401
        assert Device().get(f"/update?domains=home.ddns.test&token={token}&ip={ADDRESS}").content == b"KO"
        assert stored(home) == (None, None)

    @pytest.mark.parametrize("change", ["{}x", "1{}", "{}.", "0-0.x", "1-1.", "99999999999999999999-1.x"])
    def test_a_changed_one_is_refused(self, ask, home, url, change):
        token = change.format(url.partition("?")[2])

        assert ask(f"/dynamic/update.php?{token}&address={ADDRESS}", 401) == NOT_LOCATED
        assert stored(home) == (None, None)

    def test_one_for_a_foreign_hostname_does_nothing(self, ask, foreign, key):
        token = record_tokens.make(UpdateKey.objects.get(), foreign)

        assert ask(f"/dynamic/update.php?{token}&address={ADDRESS}") == NOT_LOCATED
        assert stored(foreign) == (None, None)

    def test_one_outlives_a_new_secret_key_while_the_old_one_is_named(self, ask, url, settings):
        old, settings.SECRET_KEY = settings.SECRET_KEY, "x" * 50
        assert ask(f"{url}&address={ADDRESS}", 401) == NOT_LOCATED

        settings.SECRET_KEY_FALLBACKS = [old]
        assert ADDRESS in ask(f"{url}&address={ADDRESS}")


HOSTILE = ["", "%00", "?", "=", "&&&", "%FF=&address=%FF", "a" * 9000, "x&hostname=%00", "1-1.x&address=%00", "{}&hostname=%00",
           "{}&address=%0d%0aX:1", "{}&hostname=" + "a." * 5000, "address=", "hostname=home.ddns.test"]  # fmt: skip


@pytest.mark.parametrize("query", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_parameters_are_answered_with_an_error(device, key, home, query):
    for path in ("/dynamic/update.php?", "/u/x/?", "/u/?", "/api/?action=getdyndns&sha="):
        response = device.get(path + query.format(key))

        assert response.status_code in (200, 401)
        assert response.content.startswith(b"ERROR: ") or key in query.format(key)
        assert response.content.count(b"\n") == 1
