"""The customers' pages: what they show and do, and that nobody sees or changes what is another's."""

import re
from ipaddress import ip_network

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.test import Client

from ddns import address_updates, hostnames, keys
from ddns.models import AddressUpdate, Domain, Hostname, UpdateKey, User
from ddns.models.hostnames import State
from dnsupdate.models import Publication
from tests.ddns.devices import caller

pytestmark = pytest.mark.django_db

PAGES = [
    "/hostnames/",
    "/hostnames/home.ddns.test/",
    "/hostnames/home.ddns.test/dns/",
    "/keys/",
    "/keys/1/",
    "/groups/",
]
ACTIONS = [
    "/hostnames/home.ddns.test/options/",
    "/hostnames/home.ddns.test/records/",
    "/hostnames/home.ddns.test/records/1/remove/",
    "/hostnames/home.ddns.test/release/",
    "/keys/1/rename/",
    "/keys/1/rotate/",
    "/keys/1/revoke/",
    "/groups/1/",
    "/groups/1/rename/",
    "/groups/1/delete/",
]
# What a customer with one hostname sees, and anybody.
SEEN = ["/hostnames/", "/hostnames/home.ddns.test/", "/keys/", "/groups/"]
PUBLIC = ["/", "/domains/", "/domains/?name=attic", "/status/", "/setup/", "/setup/fritzbox/", "/setup/ddclient/"]
PASSWORD = "correct horse battery staple"


def logged_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def browser(alice):
    """Alice's."""
    return logged_in(alice)


def state_of(hostname: Hostname) -> State:
    return Hostname.objects.get(pk=hostname.pk).state


@pytest.mark.parametrize("page", [*PAGES, *ACTIONS])
@pytest.mark.parametrize("method", ["get", "post"])
def test_stranger_is_sent_to_the_log_in(client, home, page, method):
    response = getattr(client, method)(page)

    assert response.status_code == 302
    assert response.url == f"/accounts/login/?next={page}"


@pytest.mark.parametrize(
    ("method", "page"),
    [("get", ""), ("get", "dns/"), ("post", "options/"), ("post", "release/"), ("post", "records/")],
)
def test_bob_neither_sees_nor_changes_alices_hostname(bob, home, page, method):
    response = getattr(logged_in(bob), method)(
        f"/hostnames/home.ddns.test/{page}", {"retyped": home.name, "offline": "on"}
    )

    assert response.status_code == 404
    assert state_of(home) == State.LIVE


def test_hostname_of_another_looks_exactly_like_one_that_does_not_exist(bob, home):
    client = logged_in(bob)

    hers, nobodys = (client.get(f"/hostnames/{label}.ddns.test/").content.decode() for label in ("home", "nobody"))
    token = re.compile(r'name="csrfmiddlewaretoken" value="\w+"')

    assert token.sub("", hers) == token.sub("", nobodys)


def test_bob_cannot_revoke_alices_key(bob, alice):
    key, _ = keys.create(alice, label="router")

    assert logged_in(bob).post(f"/keys/{key.pk}/revoke/").status_code == 404
    assert UpdateKey.objects.working().get() == key


def test_bob_cannot_make_a_key_for_alices_hostname(bob, home):
    response = logged_in(bob).post("/keys/", {"label": "x", "scope": "chosen", "hostnames": [home.pk]})

    assert response.context["form"].errors
    assert not UpdateKey.objects.exists()


def test_bobs_pages_name_nothing_of_alices(bob, home, alice):
    keys.create(alice, label="attic router")
    for page in (
        "/hostnames/",
        "/keys/",
        "/setup/",
        "/setup/?hostname=home.ddns.test",
        "/setup/curl/?hostname=home.ddns.test",
    ):
        html = logged_in(bob).get(page).content.decode()
        assert "home.ddns.test" not in html
        assert "attic router" not in html


@pytest.mark.parametrize("page", ["/hostnames/home.ddns.test/options/", "/hostnames/home.ddns.test/release/"])
def test_form_from_another_site_is_refused(alice, home, page):
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)

    assert client.post(page, {"retyped": home.name, "offline": "on"}).status_code == 403
    assert state_of(home) == State.LIVE


def test_first_page_needs_no_account(client, domain):
    html = client.get("/").content.decode()

    assert "Log in" in html
    assert "ddns.test" in html
    assert "127.0.0.1" in html


def test_dashboard_of_a_new_customer_says_what_to_do(browser, domain):
    html = browser.get("/hostnames/").content.decode()

    assert "No hostname yet" in html
    assert "ddns.test</option>" in html


def test_dashboard_shows_names_addresses_and_whether_they_are_in_dns(browser, home, office, foreign):
    Hostname.objects.filter(pk=home.pk).update(ipv4="203.0.113.7", ipv6="2001:db8::7")
    Publication.objects.filter(pk=home.publication_id).update(
        published_revision=home.publication.revision,
        published_at=home.created_at,
        rrsets={"A": {"ttl": 60, "rdata": []}},
    )
    html = browser.get("/hostnames/").content.decode()

    for shown in (
        "home.ddns.test",
        "203.0.113.7",
        "2001:db8::7",
        "in DNS</span>",
        "office.ddns.test",
        "on its way to DNS",
    ):
        assert shown in html
    assert "bob.ddns.test" not in html


def test_dashboard_costs_the_same_number_of_queries_for_one_and_for_many(
    browser, home, alice, domain, django_assert_num_queries, django_assert_max_num_queries
):
    with django_assert_max_num_queries(8) as first:
        browser.get("/hostnames/")
    for number in range(4):
        hostname = hostnames.register(alice, domain=domain, label=f"n{number}")
    hostnames.suspend(hostname)
    with django_assert_num_queries(len(first)):
        browser.get("/hostnames/")


def test_key_list_costs_the_same_number_of_queries_for_one_and_for_many(
    browser, home, alice, django_assert_num_queries, django_assert_max_num_queries
):
    keys.create(alice, label="one", hostnames=[home])
    with django_assert_max_num_queries(8) as first:
        browser.get("/keys/")
    for number in range(4):
        keys.create(alice, label=f"n{number}", hostnames=[home])
    with django_assert_num_queries(len(first)):
        browser.get("/keys/")


def test_registers_a_hostname(browser, alice, domain):
    response = browser.post("/hostnames/", {"label": "Bücher", "domain": domain.pk}, follow=True)

    assert Hostname.objects.get().name == "xn--bcher-kva.ddns.test"
    assert response.redirect_chain == [("/hostnames/xn--bcher-kva.ddns.test/", 302)]
    assert "bücher.ddns.test is yours" in response.content.decode()


@pytest.mark.parametrize(
    ("label", "said"),
    [
        ("", "required"),
        ("a b", "not a domain name"),
        ("a.b", "letters, digits"),
        ("-", "not a domain name"),
        ("bob", "is taken"),
        ("www", "is reserved"),
        ("x" * 64, "63"),
    ],
)
def test_name_that_cannot_be_registered_is_said_why(browser, foreign, domain, label, said):
    response = browser.post("/hostnames/", {"label": label, "domain": domain.pk})

    assert response.status_code == 200
    assert said in response.content.decode()
    assert Hostname.objects.count() == 1


def test_closed_domain_is_not_offered_and_not_taken(browser, domain):
    Domain.objects.update(is_open=False)
    assert "No domain takes new names" in browser.get("/hostnames/").content.decode()
    browser.post("/hostnames/", {"label": "home", "domain": domain.pk})

    assert not Hostname.objects.exists()


def test_hostname_page_shows_history_and_the_keys_that_cover_it(browser, home, office, alice):
    keys.create(alice, label="whole account")
    keys.create(alice, label="home only", hostnames=[home])
    keys.create(alice, label="office only", hostnames=[office])
    AddressUpdate.objects.create(
        hostname=home,
        at=home.created_at,
        source="198.51.100.9",
        agent="<b>ddclient",
        protocol="dyndns2",
        new_ipv4="203.0.113.7",
    )
    html = browser.get("/hostnames/home.ddns.test/").content.decode()

    for shown in ("198.51.100.9", "&lt;b&gt;ddclient", "203.0.113.7", "whole account", "home only"):
        assert shown in html
    assert "office only" not in html
    assert "<b>ddclient" not in html


def test_options_are_set_and_unset(browser, home):
    browser.post("/hostnames/home.ddns.test/options/", {"wildcard": "on", "offline": "on"})
    home.refresh_from_db()
    assert (home.wildcard, home.offline) == (True, True)

    browser.post("/hostnames/home.ddns.test/options/", {})
    home.refresh_from_db()
    assert (home.wildcard, home.offline) == (False, False)


def test_release_says_beforehand_what_it_costs_and_registration_afterwards(browser, home, domain, settings):
    settings.HOSTNAMES_PER_ACCOUNT = 1
    html = browser.get("/hostnames/home.ddns.test/").content.decode()
    assert "can register it for 30 days" in html
    assert "it counts as one of the hostnames that the account may have (1)" in html

    browser.post("/hostnames/home.ddns.test/release/", {"retyped": "home.ddns.test"})
    response = browser.post("/hostnames/", {"label": "later", "domain": domain.pk})
    assert "as many hostnames as it may have: 1. Names given up in the last 30 days count too." in (
        response.content.decode()
    )


def test_release_needs_the_name_retyped(browser, home):
    response = browser.post("/hostnames/home.ddns.test/release/", {"retyped": "office.ddns.test"})
    assert "This is not home.ddns.test." in response.content.decode()
    assert state_of(home) == State.LIVE

    browser.post("/hostnames/home.ddns.test/release/", {"retyped": "Home.ddns.test."})
    assert state_of(home) == State.RELEASED
    assert browser.get("/hostnames/home.ddns.test/").status_code == 404


def test_suspended_hostname_says_so_with_the_date_and_whom_to_ask(browser, home):
    hostnames.suspend(home)
    since = Hostname.objects.get().restriction.since
    for page in ("/hostnames/", "/hostnames/home.ddns.test/"):
        html = browser.get(page).content.decode()
        assert f"on {since:%Y-%m-%d}" in html
        assert settings.ABUSE_CONTACT in html
    assert "Give this name up" not in html
    assert "/options/" not in html


@pytest.mark.parametrize("action", ["options", "release"])
def test_suspended_hostname_cannot_be_changed_and_the_page_says_why(browser, home, action):
    hostnames.suspend(home)
    form = {"offline": "on", "retyped": home.name}
    response = browser.post(f"/hostnames/home.ddns.test/{action}/", form, follow=True)

    assert "under a restriction" in response.content.decode()
    assert state_of(home) == State.SUSPENDED


def test_new_key_works_and_is_shown_exactly_once(browser, home):
    response = browser.post("/keys/", {"label": "attic router", "scope": "account"})
    text = re.search(r'id="key">([A-Za-z0-9]{40})<', response.content.decode())[1]

    assert address_updates.check_key(caller(text))
    assert "no-store" in response["Cache-Control"]
    assert text not in browser.get("/keys/").content.decode()
    assert text not in str(dict(browser.session))


def test_key_covers_what_was_chosen(browser, home, office):
    browser.post("/keys/", {"label": "router", "scope": "chosen", "hostnames": [home.pk]})
    key = UpdateKey.objects.get()

    assert not key.covers_account
    assert list(key.hostnames.all()) == [home]


@pytest.mark.parametrize(
    "form", [{}, {"label": "x"}, {"label": "x", "scope": "chosen"}, {"label": "", "scope": "account"}]
)
def test_incomplete_key_is_asked_again(browser, form):
    assert browser.post("/keys/", form).context["form"].errors
    assert not UpdateKey.objects.exists()


def test_key_list_shows_the_last_use_and_a_revoked_key_is_gone(browser, alice):
    key, _ = keys.create(alice, label="attic router")
    UpdateKey.objects.update(used_at="2026-01-02T03:04:05Z", used_from="198.51.100.9", used_by="ddclient/3.10")
    html = browser.get("/keys/").content.decode()
    for shown in ("attic router", key.prefix, "2026-01-02 03:04", "198.51.100.9", "ddclient/3.10"):
        assert shown in html

    after = browser.post(f"/keys/{key.pk}/revoke/", follow=True).content.decode()
    assert "stops working now" in after
    assert key.prefix not in after
    assert not UpdateKey.objects.working().exists()


def test_logs_in_by_e_mail_in_any_case_and_out(client, alice, home):
    alice.set_password(PASSWORD)
    alice.save()
    response = client.post("/accounts/login/", {"login": "Alice@Example.com", "password": PASSWORD}, follow=True)
    assert response.redirect_chain[-1][0] == "/hostnames/"
    assert "home.ddns.test" in response.content.decode()

    client.post("/accounts/logout/")
    assert client.get("/hostnames/").status_code == 302


def test_update_key_is_no_password(client, alice):
    _, text = keys.create(alice, label="router")
    client.post("/accounts/login/", {"login": alice.email, "password": text})

    assert client.get("/hostnames/").status_code == 302


def log_in(client: Client, account: User, password: str, source: str, **headers: str) -> str:
    """What the page says after it."""
    form = {"login": account.email, "password": password}
    return client.post("/accounts/login/", form, REMOTE_ADDR=source, **headers).content.decode()


@pytest.fixture
def oscar(db) -> User:
    return User.objects.create_user("oscar@example.com", PASSWORD, is_staff=True)


def test_wrong_passwords_from_one_address_are_limited(client, oscar):
    for _ in range(10):
        assert "Too many failed" not in log_in(client, oscar, "wrong", "198.51.100.66")

    assert "Too many failed" in log_in(client, oscar, PASSWORD, "198.51.100.66")
    assert client.get("/hostnames/").status_code == 302


@pytest.mark.parametrize("sources", [["198.51.100.66"] * 6, [f"203.0.113.{number}" for number in range(30)]])
def test_nobody_locks_staff_out_with_wrong_passwords(client, oscar, sources):
    for source in sources:
        log_in(Client(), oscar, "wrong", source)
    log_in(client, oscar, PASSWORD, "198.51.100.9")

    assert client.get("/hostnames/").status_code == 200


def test_the_limit_is_of_the_address_behind_the_trusted_proxy(client, oscar, settings):
    settings.TRUSTED_PROXIES = [ip_network("192.0.2.1/32")]
    for _ in range(10):
        log_in(Client(), oscar, "wrong", "192.0.2.1", HTTP_X_FORWARDED_FOR="198.51.100.66")
    assert "Too many failed" in log_in(
        Client(), oscar, PASSWORD, "192.0.2.1", HTTP_X_FORWARDED_FOR="203.0.113.1, 198.51.100.66"
    )

    log_in(client, oscar, PASSWORD, "192.0.2.1", HTTP_X_FORWARDED_FOR="198.51.100.9")
    assert client.get("/hostnames/").status_code == 200


def test_deactivated_customer_is_told(client, alice):
    alice.set_password(PASSWORD)
    alice.is_active = False
    alice.save()
    response = client.post("/accounts/login/", {"login": alice.email, "password": PASSWORD}, follow=True)

    assert "deactivated" in response.content.decode()


@pytest.mark.parametrize(
    "page",
    [
        *PUBLIC,
        *SEEN,
        "/accounts/login/",
        "/accounts/logout/",
        "/accounts/signup/",
        "/accounts/password/change/",
        "/nope",
    ],
)
def test_pages_run_no_inline_code_and_load_what_exists(browser, home, page):
    response = browser.get(page, follow=True)
    html = response.content.decode()

    assert "unsafe" not in response["Content-Security-Policy"]
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", html)
    for path in re.findall(r'(?:src|href)="/static/([^"]+)"', html):
        assert finders.find(path), path
    assert '<html lang="en">' in html
    assert 'name="viewport"' in html


def test_what_does_not_exist_is_a_designed_404(client, db):
    response = client.get("/nope")

    assert response.status_code == 404
    assert "Not found" in response.content.decode()


def test_a_failure_is_a_designed_500_that_needs_no_database(browser, home, monkeypatch):
    def fail(*_, **__):
        raise RuntimeError("broken")

    monkeypatch.setattr("ddns.views.hostnames.page", fail)
    browser.raise_request_exception = False
    response = browser.get("/hostnames/home.ddns.test/")

    assert response.status_code == 500
    assert "Something broke on our side" in response.content.decode()
    assert "RuntimeError" not in response.content.decode()
