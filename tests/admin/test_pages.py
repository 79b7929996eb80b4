"""The other pages of the desk: overview, accounts, ledger, zones, keys, domains, reserved names, log-in."""

import base64
import re
from datetime import timedelta

import pytest
from django.contrib.auth.hashers import identify_hasher
from django.utils import timezone

from abuse import overview, suspensions
from abuse.models import LedgerEntry
from ddns import hostnames
from ddns.models import Domain, ReservedName, User
from dnsupdate import tsig_keys
from dnsupdate.models import TsigKey, Zone
from tests.people import logged_in

pytestmark = pytest.mark.django_db

LISTS = [
    "ddns/hostname",
    "ddns/user",
    "ddns/domain",
    "ddns/reservedname",
    "ddns/acmeaccount",
    "ddns/notification",
    "abuse/suspension",
    "abuse/ledgerentry",
    "dnsupdate/delegation",
    "dnsupdate/zone",
    "dnsupdate/nameserver",
    "dnsupdate/proof",
    "dnsupdate/serverstate",
    "dnsupdate/tsigkey",
    "dnsupdate/verification",
    "auth/group",
]


@pytest.fixture
def desk(root):
    return logged_in(root)


@pytest.mark.parametrize("page", LISTS)
def test_every_list_can_be_searched(desk, home, root, page):
    suspensions.suspend(home, reason="phishing", by=root)
    assert desk.get(f"/admin/{page}/", {"q": "a"}).status_code == 200


@pytest.mark.parametrize("page", ["", *[f"{page}/" for page in LISTS]])
def test_stranger_is_sent_to_the_log_in(client, db, page):
    assert client.get(f"/admin/{page}", follow=True).redirect_chain[-1][0].startswith("/accounts/login/")


@pytest.mark.parametrize("page", ["", *[f"{page}/" for page in LISTS]])
def test_customer_gets_403(alice, page):
    assert logged_in(alice).get(f"/admin/{page}", follow=True).status_code == 403


@pytest.mark.parametrize("page", ["dnsupdate/tsigkey", "dnsupdate/nameserver", "auth/group"])
def test_analyst_does_not_see_the_platforms_keys(oscar, zone, page):
    assert logged_in(oscar).get(f"/admin/{page}/").status_code == 403


def test_wrong_passwords_are_limited_at_the_admins_door(client, root):
    root.set_password("correct horse battery staple")
    root.save()
    assert client.get("/admin/login/", follow=True).redirect_chain[-1][0].startswith("/accounts/login/")
    form = {"login": root.email, "password": "wrong", "next": "/admin/"}
    for _ in range(10):
        client.post("/accounts/login/?next=/admin/", form)
    right = client.post("/accounts/login/?next=/admin/", {**form, "password": "correct horse battery staple"})

    assert "Too many failed" in right.content.decode()
    assert client.get("/admin/").status_code == 302


def test_admins_own_form_takes_no_password(client, root):
    """Django's would not be limited."""
    root.set_password("correct horse battery staple")
    root.save()
    client.post("/admin/login/", {"username": root.email, "password": "correct horse battery staple"})

    assert client.get("/admin/").status_code == 302


def test_overview_counts_every_hostname_once(home, foreign, alice, bob, domain, root):
    suspensions.suspend(foreign, reason="phishing", by=root)
    offline = hostnames.register(alice, domain=domain, label="offline")
    hostnames.configure(offline, offline=True)
    both = hostnames.register(bob, domain=domain, label="both")
    hostnames.configure(both, offline=True)
    suspensions.suspend(both, reason="phishing", by=root)
    hostnames.release(hostnames.register(bob, domain=domain, label="gone"))

    assert overview.now(root).hostnames == {
        "live": 1,
        "offline": 1,
        "held": 0,
        "suspended": 2,
        "diverted": 0,
        "released": 1,
    }


def test_start_page_shows_what_fails_what_waits_and_what_was_decided(desk, home, zone, root):
    suspensions.suspend(home, reason="phishing of a bank", by=root)
    Zone.objects.filter(pk=zone.pk).update(failing_since=home.created_at, failure="The clocks differ.")
    html = desk.get("/admin/").content.decode()

    for shown in ("phishing of a bank", "hostname home.ddns.test", "The clocks differ.", "change waiting for DNS"):
        assert shown in html


def test_start_page_shows_only_what_one_may_see(clerk, home, zone, root):
    suspensions.suspend(home, reason="phishing of a bank", by=root)
    html = logged_in(clerk).get("/admin/").content.decode()

    assert "phishing of a bank" not in html
    assert "zones failing" not in html


def test_zone_list_shows_health_at_a_constant_number_of_queries(
    desk, home, zone, django_assert_num_queries, django_assert_max_num_queries
):
    Zone.objects.filter(pk=zone.pk).update(failing_since=home.created_at, failure="The clocks differ.")
    with django_assert_max_num_queries(8) as first:
        html = desk.get("/admin/dnsupdate/zone/").content.decode()
    assert "The clocks differ." in html
    assert "failing" in html
    for number in range(3):
        Zone.objects.create(name=f"z{number}.test", primary=zone.primary)
    with django_assert_num_queries(len(first)):
        desk.get("/admin/dnsupdate/zone/")


def test_zone_list_shows_the_worst_first(desk, home, zone):
    """ddns.test waits; of the others one fails since yesterday, one since an hour ago, and one is well."""
    now = timezone.now()
    ages = {"a-well.test": None, "b-new.test": timedelta(hours=1), "c-old.test": timedelta(days=1)}
    for name, age in ages.items():
        Zone.objects.create(name=name, primary=zone.primary, failing_since=age and now - age)
    html = desk.get("/admin/dnsupdate/zone/").content.decode()
    shown = re.findall(r">((?:a-well|b-new|c-old|ddns)\.test)<", html)
    assert shown == ["c-old.test", "b-new.test", "ddns.test", "a-well.test"]


@pytest.mark.parametrize("page", ["ddns/user", "ddns/domain", "abuse/ledgerentry", "abuse/suspension"])
def test_lists_cost_a_constant_number_of_queries(
    desk, home, bob, domain, root, page, django_assert_num_queries, django_assert_max_num_queries
):
    suspensions.suspend(home, reason="phishing", by=root)
    with django_assert_max_num_queries(12) as first:
        desk.get(f"/admin/{page}/")
    for number in range(4):
        hostname = hostnames.register(bob, domain=domain, label=f"n{number}")
        suspensions.suspend(hostname, reason="phishing", by=root)
        User.objects.create_user(f"n{number}@example.com")
    with django_assert_num_queries(len(first)):
        desk.get(f"/admin/{page}/")


def test_ledger_is_searched_and_filtered_by_date(desk, home, root):
    suspensions.suspend(home, reason="phishing of a bank", by=root)
    ledger = "/admin/abuse/ledgerentry/"

    assert desk.get(ledger, {"q": "of a bank"}).context["cl"].result_count == 1
    assert desk.get(ledger, {"q": "malware"}).context["cl"].result_count == 0
    assert desk.get(ledger, {"at__gte": "2000-01-01 00:00:00+00:00"}).context["cl"].result_count == 1
    assert desk.get(ledger, {"at__year": "2000"}).context["cl"].result_count == 0


def test_ledger_entry_shows_its_hashes(desk, home, root):
    suspensions.suspend(home, reason="phishing", by=root)
    entry = LedgerEntry.objects.get()
    html = desk.get(f"/admin/abuse/ledgerentry/{entry.pk}/change/").content.decode()

    assert entry.hash in html
    assert entry.previous_hash in html


def test_secret_of_a_tsig_key_is_never_shown(desk, zone):
    key = zone.primary.key
    for page in (
        f"/admin/dnsupdate/tsigkey/{key.pk}/change/",
        "/admin/dnsupdate/tsigkey/",
        "/admin/dnsupdate/nameserver/",
    ):
        html = desk.get(page).content.decode()
        assert key.secret not in html
        assert key.sealed_secret not in html


def test_secret_is_kept_when_left_empty_and_set_when_given(desk, zone):
    key = zone.primary.key
    page = f"/admin/dnsupdate/tsigkey/{key.pk}/change/"
    desk.post(page, {"name": "renamed", "algorithm": "hmac-sha512", "new_secret": ""})
    kept = TsigKey.objects.get(pk=key.pk)
    assert (kept.name, kept.algorithm, kept.secret) == ("renamed", "hmac-sha512", key.secret)

    secret = base64.b64encode(b"thirty-two octets, all of a key.").decode()
    desk.post(page, {"name": "renamed", "algorithm": "hmac-sha512", "new_secret": secret})
    assert TsigKey.objects.get(pk=key.pk).secret == secret


@pytest.mark.parametrize("secret", ["", "not base64!"])
def test_new_key_needs_a_usable_secret(desk, secret):
    page = "/admin/dnsupdate/tsigkey/add/"
    response = desk.post(page, {"name": "new", "algorithm": "hmac-sha256", "new_secret": secret})

    assert response.context["adminform"].form.errors["new_secret"]
    assert not TsigKey.objects.exists()


def test_new_key_is_stored_sealed(desk):
    secret = tsig_keys.generate("x").secret
    page = "/admin/dnsupdate/tsigkey/add/"
    desk.post(page, {"name": "New.", "algorithm": "hmac-sha256", "new_secret": secret})
    key = TsigKey.objects.get()

    assert (key.name, key.secret) == ("new", secret)
    assert secret not in key.sealed_secret


def test_domain_is_closed_and_its_ttl_changed(desk, domain):
    desk.post(f"/admin/ddns/domain/{domain.pk}/change/", {"ttl": "300", "min_ttl": "30", "max_ttl": "300"})
    domain.refresh_from_db()

    assert (domain.is_open, domain.ttl, domain.name) == (False, 300, "ddns.test")


@pytest.mark.parametrize("ttl", ["0", "-1", "86401", "x"])
def test_ttl_out_of_range_is_refused(desk, domain, ttl):
    response = desk.post(
        f"/admin/ddns/domain/{domain.pk}/change/", {"ttl": ttl, "min_ttl": "30", "max_ttl": "300", "is_open": "on"}
    )

    assert response.status_code == 200
    assert Domain.objects.get().ttl == 60


def test_reserved_name_is_stored_as_registration_asks_for_it(desk):
    desk.post("/admin/ddns/reservedname/add/", {"name": "BÜCHER.", "reason": "brand", "until_0": "", "until_1": ""})

    assert ReservedName.objects.filter(name="xn--bcher-kva").exists()


def test_invalid_reserved_name_is_a_message(desk):
    response = desk.post("/admin/ddns/reservedname/add/", {"name": "a b", "reason": "brand"})

    assert "not a domain name" in response.content.decode()


def test_account_page_lists_its_hostnames_and_shows_no_password(desk, alice, home):
    alice.set_password("correct horse battery staple")
    alice.save()
    html = desk.get(f"/admin/ddns/user/{alice.pk}/change/").content.decode()

    assert "home.ddns.test" in html
    assert alice.password not in html
    assert "argon2" not in html


def test_superuser_creates_a_member_of_staff_with_an_argon2_password(desk):
    form = {"email": "new@example.com", "is_staff": "on", "usable_password": "true"}
    password = {"password1": "a long enough phrase", "password2": "a long enough phrase"}
    response = desk.post("/admin/ddns/user/add/", {**form, **password})
    user = User.objects.get(email="new@example.com")

    assert response.status_code == 302
    assert user.is_staff
    assert identify_hasher(user.password).algorithm == "argon2"


def test_second_account_with_the_same_address_is_a_message(desk, alice):
    form = {"email": "ALICE@example.com", "usable_password": "true"}
    password = {"password1": "a long enough phrase", "password2": "a long enough phrase"}
    response = desk.post("/admin/ddns/user/add/", {**form, **password})

    assert "There is an account with this e-mail address." in response.content.decode()


def test_analyst_sees_accounts_and_changes_none(oscar, alice):
    client, page = logged_in(oscar), f"/admin/ddns/user/{alice.pk}/"
    assert client.get(f"{page}change/").status_code == 200
    assert client.post(f"{page}change/", {"email": "x@example.com", "is_superuser": "on"}).status_code == 403
    assert client.get(f"{page}password/").status_code == 403
    assert client.get("/admin/ddns/user/add/").status_code == 403

    assert User.objects.get(pk=alice.pk).email == "alice@example.com"


def test_nobody_deletes_an_account(desk, alice):
    assert desk.post(f"/admin/ddns/user/{alice.pk}/delete/", {"post": "yes"}).status_code == 403


def test_the_desk_stays_english(root):
    """So do its ledger and the mails about it."""
    client = logged_in(root)
    client.post("/language/", {"language": "de"})
    assert '<html lang="de"' in client.get("/").content.decode()

    for path in ["", *(f"{path}/" for path in LISTS)]:
        page = client.get(f"/admin/{path}", headers={"Accept-Language": "de"}).content.decode()
        assert not re.search(r"\b(Suchen|Löschen|Hinzufügen|Startseite|Abmelden|Hostnamen|auswählen)\b", page), path
