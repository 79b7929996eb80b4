"""The pages of keys and groups: made with limits, shown once, renamed, replaced, revoked."""

import re
from datetime import timedelta
from html import unescape

import dns.rcode
import pytest
from django.test import Client
from django.utils import timezone

from ddns import acme_accounts, groups, hostnames, keys, requests, tsig_keys
from ddns.forms.keys import MAX_BOXES
from ddns.models import AcmeAccount, Group, TsigKey, UpdateKey
from ddns.models.keys import Permission
from tests.ddns.devices import Device, caller
from tests.ddns.nsupdate_client import Client as SigningClient
from tests.ddns.nsupdate_client import parse_key_file
from tests.people import logged_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(alice) -> Client:
    return logged_in(alice)


@pytest.fixture
def bobs(bob) -> Client:
    return logged_in(bob)


@pytest.fixture
def attic(alice) -> Group:
    return groups.create(alice, name="attic")


def key_in(html: str) -> str:
    """The text that is shown this once."""
    return re.search(r'id="key">([A-Za-z0-9_-]{40})<', html)[1]


def test_a_key_has_the_limits_that_were_chosen(browser, home):
    last_day = timezone.now().date() + timedelta(days=2)
    form = {
        "label": "cert",
        "scope": "account",
        "permission": Permission.TXT,
        "networks": "192.0.2.1/24, 2001:db8::/32",
        "expires_on": last_day.isoformat(),
    }
    browser.post("/keys/", form)
    key = UpdateKey.objects.get()

    assert key.permission == Permission.TXT
    assert key.networks == ["192.0.2.0/24", "2001:db8::/32"]
    assert key.expires_at.date() == last_day + timedelta(days=1)
    html = browser.get("/keys/").content.decode()
    assert "certificate challenges only" in html
    assert "192.0.2.0/24" in html


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("networks", "somewhere", "not appear to be an IPv4 or IPv6 network"),
        ("expires_on", "2020-01-01", "This day is over."),
        ("expires_on", "soon", "Enter a valid date."),
        ("permission", "root", "Select a valid choice"),
        ("scope", "group", "Choose a group."),
    ],
)
def test_limits_that_make_no_sense_are_said_so(browser, attic, field, value, said):
    html = browser.post("/keys/", {"label": "x", "scope": "account", field: value}).content.decode()

    assert said in html
    assert not UpdateKey.objects.exists()


def test_a_key_for_a_group_covers_what_joins_it_later(browser, home, office, attic):
    text = key_in(browser.post("/keys/", {"label": "x", "scope": "group", "group": attic.pk}).content.decode())
    router = Device("x", text)
    assert router.update(hostname=home.name, myip="203.0.113.9").content == b"nohost\n"
    groups.assign(attic, [home])

    assert router.update(hostname=home.name, myip="203.0.113.9").content == b"good 203.0.113.9\n"
    assert router.update(hostname=office.name, myip="203.0.113.9").content == b"nohost\n"


def test_many_hostnames_are_typed_instead_of_ticked(browser, home, foreign, alice, domain, settings):
    settings.HOSTNAMES_PER_ACCOUNT = 100
    for number in range(MAX_BOXES):
        hostnames.register(alice, domain=domain, label=f"n{number}")
    html = browser.get("/keys/").content.decode()
    assert html.count('type="checkbox"') == 0

    refused = browser.post("/keys/", {"label": "x", "scope": "chosen", "hostnames": "bob.ddns.test"})
    assert "You have no such hostname: bob.ddns.test." in refused.content.decode()
    browser.post("/keys/", {"label": "x", "scope": "chosen", "hostnames": "Home.ddns.test, n1.ddns.test"})
    assert {each.name for each in UpdateKey.objects.get().hostnames.all()} == {"home.ddns.test", "n1.ddns.test"}


def test_a_replaced_key_works_on_for_the_overlap_and_the_new_one_at_once(browser, home, alice):
    old, old_text = keys.create(alice, label="router", hostnames=[home], permission=Permission.UPDATE)
    response = browser.post(f"/keys/{old.pk}/rotate/", {"overlap": "24"})
    text = key_in(response.content.decode())

    assert "no-store" in response["Cache-Control"]
    assert Device("x", text).update(hostname=home.name, myip="203.0.113.9").content == b"good 203.0.113.9\n"
    assert Device("x", old_text).update(hostname=home.name, myip="203.0.113.9").content == b"nochg 203.0.113.9\n"
    old.refresh_from_db()
    assert timedelta(hours=23) < old.expires_at - timezone.now() <= timedelta(hours=24)
    assert text not in browser.get("/keys/").content.decode()


def test_a_key_is_renamed(browser, alice):
    key, _ = keys.create(alice, label="router")
    browser.post(f"/keys/{key.pk}/rename/", {"label": "old router"})

    assert "old router" in browser.get("/keys/").content.decode()


def test_a_key_without_a_name_is_asked_again(browser, alice):
    key, _ = keys.create(alice, label="router")

    assert "required" in browser.post(f"/keys/{key.pk}/rename/", {"label": ""}).content.decode()


def test_the_page_of_a_key_shows_what_it_asked_for_in_vain(browser, alice, home):
    key, text = keys.create(alice, label="router")
    requests.note_of_key(key.pk, caller(text), "nohost", "hoem.ddns.test")
    requests.flush()
    html = browser.get(f"/keys/{key.pk}/").content.decode()

    assert "hoem.ddns.test" in html
    assert "The key covers no such hostname." in html


def test_a_tsig_key_is_shown_once_as_a_key_file_that_signs(browser, alice, home):
    key, _ = keys.create(alice, label="router")
    assert 'href="/setup/nsupdate/"' in browser.get(f"/keys/{key.pk}/").content.decode()
    response = browser.post(f"/keys/{key.pk}/tsig/", {"algorithm": "hmac-sha512"})
    (key_file,) = re.findall(r'<pre id="key-file"[^>]*>(.*?)</pre>', response.content.decode(), re.DOTALL)

    assert "no-store" in response["Cache-Control"]
    signing = SigningClient(parse_key_file(unescape(key_file)))
    assert signing.send(signing.update()) == dns.rcode.NOERROR
    html = browser.get(f"/keys/{key.pk}/").content.decode()
    assert (key.tsig_key.name in html, key.tsig_key.secret in html) == (True, False)


def test_a_tsig_key_is_replaced_and_deleted(browser, alice):
    key, _ = keys.create(alice, label="router")
    first, _ = tsig_keys.create(key)
    browser.post(f"/keys/{key.pk}/tsig/", {"algorithm": "hmac-sha256"})
    assert tsig_keys.find(first.name) is None
    assert TsigKey.objects.filter(key=key).count() == 1

    said = browser.post(f"/keys/{key.pk}/tsig/delete/", follow=True).content.decode()
    assert "The TSIG key is deleted" in said
    assert not TsigKey.objects.exists()


def test_an_algorithm_that_there_is_not_is_said_so(browser, alice, settings):
    settings.NSUPDATE_HMAC_MD5 = False
    key, _ = keys.create(alice, label="router")

    assert "hmac-md5 is not one" in browser.post(f"/keys/{key.pk}/tsig/", {"algorithm": "hmac-md5"}).content.decode()
    assert not TsigKey.objects.exists()


def test_a_key_for_reading_has_no_use_for_a_tsig_key(browser, alice):
    key, _ = keys.create(alice, label="monitor", permission=Permission.READ)

    assert "nsupdate" not in browser.get(f"/keys/{key.pk}/").content.decode()


def test_the_acme_dns_accounts_of_a_key_are_listed_and_ended(browser, alice, home):
    key, text = keys.create(alice, label="certificates")
    account, _ = acme_accounts.register(caller(text), name=home.name)
    acme_accounts.register(caller(keys.create(alice, label="other")[1]), name=home.name)
    html = browser.get(f"/keys/{key.pk}/").content.decode()
    assert html.count("_acme-challenge.home.ddns.test</code>") == 1
    assert "acme-dns accounts end with the old one" in html

    said = browser.post(f"/keys/{key.pk}/acme-dns/{account.pk}/end/", follow=True).content.decode()
    assert "The acme-dns account for _acme-challenge.home.ddns.test is ended." in said
    assert AcmeAccount.objects.count() == 1


def test_bob_ends_no_acme_dns_account_of_alices(bobs, bob, alice, home):
    account, _ = acme_accounts.register(caller(keys.create(alice, label="certificates")[1]), name=home.name)
    bobs_key, _ = keys.create(bob, label="certificates")

    for key in (account.key, bobs_key):
        assert bobs.post(f"/keys/{key.pk}/acme-dns/{account.pk}/end/").status_code == 404
    assert AcmeAccount.objects.exists()


def test_a_revoked_key_has_no_page(browser, alice):
    key, _ = keys.create(alice, label="router")
    keys.revoke(key)

    assert browser.get(f"/keys/{key.pk}/").status_code == 404


@pytest.mark.parametrize(
    ("method", "action"),
    [
        ("get", ""),
        ("post", "rename/"),
        ("post", "rotate/"),
        ("post", "revoke/"),
        ("post", "tsig/"),
        ("post", "tsig/delete/"),
    ],
)
def test_bob_neither_sees_nor_changes_alices_key(bobs, alice, method, action):
    key, _ = keys.create(alice, label="router")
    tsig_key, _ = tsig_keys.create(key)
    form = {"label": "bobs", "overlap": "1", "algorithm": "hmac-sha256"}

    assert getattr(bobs, method)(f"/keys/{key.pk}/{action}", form).status_code == 404
    assert tsig_keys.find(tsig_key.name) == tsig_key
    assert [(each.label, each.expires_at) for each in UpdateKey.objects.working()] == [("router", None)]


def test_bob_cannot_make_a_key_for_alices_group(bobs, attic):
    response = bobs.post("/keys/", {"label": "x", "scope": "group", "group": attic.pk})

    assert response.context["form"].errors
    assert not UpdateKey.objects.exists()


def test_a_group_is_made_filled_renamed_and_dissolved(browser, home, office):
    page = browser.post("/groups/", {"name": "attic"}).url
    group = Group.objects.get()
    browser.post(page, {"names": "home.ddns.test\noffice.ddns.test"})
    assert group.hostnames.count() == 2
    browser.post(f"{page}rename/", {"name": "cellar"})
    assert "cellar" in browser.get("/groups/").content.decode()
    assert "2 hostnames" in browser.get("/groups/").content.decode()

    browser.post(f"{page}delete/")
    home.refresh_from_db()
    assert (home.group, Group.objects.exists()) == (None, False)


def test_dissolving_says_beforehand_which_keys_end(browser, attic, alice):
    keys.create(alice, label="x", group=attic)
    assert "1 key that covers the group would cover nothing" in browser.get(f"/groups/{attic.pk}/").content.decode()

    said = browser.post(f"/groups/{attic.pk}/delete/", follow=True).content.decode()
    assert "1 key of it stops working now" in said
    assert not UpdateKey.objects.working().exists()


def test_two_groups_cannot_have_one_name(browser, attic):
    assert "There is a group with this name" in browser.post("/groups/", {"name": "ATTIC"}).content.decode()


@pytest.mark.parametrize(("method", "action"), [("get", ""), ("post", ""), ("post", "rename/"), ("post", "delete/")])
def test_bob_neither_sees_nor_changes_alices_group(bobs, attic, foreign, method, action):
    response = getattr(bobs, method)(f"/groups/{attic.pk}/{action}", {"name": "bobs", "names": "bob.ddns.test"})

    assert response.status_code == 404
    assert Group.objects.get().name == "attic"


def test_alices_group_takes_no_hostname_of_bobs(browser, attic, foreign):
    html = browser.post(f"/groups/{attic.pk}/", {"names": "bob.ddns.test"}).content.decode()

    assert "You have no such hostname: bob.ddns.test." in html
    assert not attic.hostnames.exists()


def test_groups_cost_the_same_number_of_queries_for_one_and_for_many(
    browser, attic, alice, django_assert_num_queries, django_assert_max_num_queries
):
    with django_assert_max_num_queries(6) as first:
        browser.get("/groups/")
    for number in range(4):
        groups.create(alice, name=f"n{number}")
    with django_assert_num_queries(len(first)):
        browser.get("/groups/")
