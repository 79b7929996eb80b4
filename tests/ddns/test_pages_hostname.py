"""A hostname's page: what happened, with what, and what was wrong; its records, options and answers."""

from datetime import timedelta

import pytest
import redis
from django.test import Client
from django.utils import timezone

from ddns import challenges, groups, hostnames, keys, records, requests
from ddns.models import AddressUpdate, Hostname, HostnameContact, Record
from dnsupdate import wake
from tests.ddns.devices import caller
from tests.people import logged_in

pytestmark = pytest.mark.django_db
PAGE = "/hostnames/home.ddns.test/"


@pytest.fixture
def browser(alice) -> Client:
    return logged_in(alice)


@pytest.fixture
def bobs(bob) -> Client:
    return logged_in(bob)


def shown(browser: Client) -> str:
    return browser.get(PAGE).content.decode()


def change(hostname: Hostname, ago: timedelta, **fields) -> None:
    AddressUpdate.objects.create(hostname=hostname, at=timezone.now() - ago, protocol="dyndns2", **fields)


def test_history_names_client_source_and_key(browser, home, alice):
    key, _ = keys.create(alice, label="attic router")
    keys.revoke(key)
    change(home, timedelta(hours=1), key=key, source="198.51.100.9", agent="ddclient/3.10", new_ipv4="203.0.113.7")
    html = shown(browser)

    for said in ("198.51.100.9", "ddclient/3.10", "203.0.113.7", "attic router", "dyndns2"):
        assert said in html


def test_the_chart_counts_the_changes_of_each_day_and_no_older_ones(browser, home):
    for days in (0, 0, 3, 29, 30):
        change(home, timedelta(days=days))
    days = browser.get(PAGE).context["days"]

    assert len(days) == 30
    assert (days[-1].count, days[-4].count, days[0].count, sum(day.count for day in days)) == (2, 1, 1, 4)
    assert "4 changes of address in 30 days, at most 2 on one day." in shown(browser)


def test_last_requests_say_what_was_wrong_in_plain_words(browser, home, key):
    requests.note(home.name, caller(key), "dnserr", "myip=<script>")
    requests.flush()
    html = shown(browser)

    assert "What the device sent as its address is none" in html
    assert "myip=&lt;script&gt;" in html
    assert "Test/1.0" in html


def test_a_page_without_redis_lacks_the_last_requests_alone(browser, home, monkeypatch):
    monkeypatch.setattr(requests, "recent", lambda hostname: [])

    assert "No device has sent anything lately" in shown(browser)


def test_last_contact_says_from_where_and_by_what(browser, home):
    HostnameContact.objects.create(
        hostname=home, at=timezone.now(), source="198.51.100.9", agent="router/7", protocol="dyndns2"
    )

    assert "router/7" in shown(browser)


def test_the_page_costs_no_more_queries_with_more_on_it(
    browser, home, alice, django_assert_num_queries, django_assert_max_num_queries
):
    group = groups.create(alice, name="attic")
    groups.assign(group, [home])
    key, _ = keys.create(alice, label="one")
    change(home, timedelta(0), key=key)
    records.add(home, rdtype="TXT", rdata="one")
    with django_assert_max_num_queries(16) as first:
        browser.get(PAGE)
    for number in range(5):
        key, _ = keys.create(alice, label=f"n{number}", hostnames=[home])
        change(home, timedelta(days=number), key=key)
        records.add(home, rdtype="TXT", rdata=f"n{number}")
    with django_assert_num_queries(len(first)):
        browser.get(PAGE)


@pytest.mark.parametrize(
    ("form", "stored"),
    [
        ({"label": "", "rdtype": "MX", "rdata": "10 mail.example.com."}, ("", "MX", "10 mail.example.com.")),
        ({"label": "_sip._tcp", "rdtype": "SRV", "rdata": "0 5 5060 sip.example.com."}, None),
        ({"label": "@", "rdtype": "TXT", "rdata": "hello world"}, ("", "TXT", '"hello world"')),
        ({"label": "www", "rdtype": "CNAME", "rdata": "home.ddns.test."}, ("www", "CNAME", "home.ddns.test.")),
        ({"label": "", "rdtype": "CAA", "rdata": '0 issue "ca.example"'}, None),
        ({"label": "", "rdtype": "AAAA", "rdata": "2001:db8::9", "ttl": "300"}, ("", "AAAA", "2001:db8::9")),
    ],
)
def test_records_are_added_shown_and_removed(browser, home, form, stored):
    response = browser.post(f"{PAGE}records/", form, follow=True)
    record = Record.objects.get()
    assert "The record is added." in response.content.decode()
    assert stored is None or (record.label, record.rdtype, record.rdata) == stored

    browser.post(f"{PAGE}records/{record.pk}/remove/")
    assert not Record.objects.exists()


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"rdtype": "MX", "rdata": "nonsense"}, "MX"),
        ({"rdtype": "NS", "rdata": "ns.example.com."}, "Select a valid choice"),
        ({"rdtype": "TXT", "rdata": ""}, "required"),
        ({"rdtype": "TXT", "rdata": "x", "ttl": "1"}, "TTL"),
        ({"rdtype": "TXT", "rdata": "x", "label": "*"}, "wildcard option"),
    ],
)
def test_a_record_that_cannot_be_is_said_why_and_what_was_typed_stays(browser, home, form, said):
    html = browser.post(f"{PAGE}records/", form).content.decode()

    assert said in html
    assert f'value="{form["rdata"]}"' in html or not form["rdata"]
    assert not Record.objects.exists()


def test_challenges_are_shown_apart_and_can_be_removed(browser, home, key):
    challenges.present(caller(key), home.name, "gfj9Xq-Rg85nM")
    html = shown(browser)
    assert "gfj9Xq-Rg85nM" in html
    assert '<span class="badge">challenge</span>' in html

    browser.post(f"{PAGE}records/{Record.objects.get().pk}/remove/")
    assert not Record.objects.exists()


def test_bob_neither_adds_nor_removes_records_of_alices(bobs, home, foreign):
    record = records.add(home, rdtype="TXT", rdata="x")

    assert bobs.post(f"{PAGE}records/", {"rdtype": "TXT", "rdata": "y"}).status_code == 404
    assert bobs.post(f"{PAGE}records/{record.pk}/remove/").status_code == 404
    assert bobs.post(f"/hostnames/bob.ddns.test/records/{record.pk}/remove/").status_code == 404
    assert list(home.records.all()) == [record]


def test_a_suspended_hostname_takes_no_records(browser, home):
    hostnames.suspend(home)
    html = browser.post(f"{PAGE}records/", {"rdtype": "TXT", "rdata": "y"}, follow=True).content.decode()

    assert "under a restriction" in html
    assert not home.records.exists()


def test_options_are_all_stored_or_none(browser, home, alice):
    group = groups.create(alice, name="attic")
    browser.post(f"{PAGE}options/", {"wildcard": "on", "ttl": "120", "group": group.pk})
    home.refresh_from_db()
    assert (home.wildcard, home.offline, home.ttl, home.group) == (True, False, 120, group)

    browser.post(f"{PAGE}options/", {"offline": "on", "ttl": "1"})
    home.refresh_from_db()
    assert (home.wildcard, home.offline, home.ttl, home.group) == (True, False, 120, group)


def test_bobs_group_is_no_choice_for_alice(browser, home, bob):
    theirs = groups.create(bob, name="bobs")
    browser.post(f"{PAGE}options/", {"group": theirs.pk})
    home.refresh_from_db()

    assert home.group is None
    assert "bobs" not in shown(browser)


def test_the_page_itself_asks_no_nameserver(browser, home, monkeypatch):
    monkeypatch.setattr("dnsupdate.propagation.look", lambda *_: pytest.fail("a nameserver was asked"))

    assert f'href="{PAGE}dns/"' in shown(browser)


def test_answers_are_a_fragment_for_the_script_and_a_page_for_people(browser, home):
    """The zone's nameserver does not exist here: tests/browser asks a real one."""
    fragment = browser.get(f"{PAGE}dns/", headers={"X-Fragment": "1"}).content.decode()
    page = browser.get(f"{PAGE}dns/").content.decode()

    assert "<html" not in fragment
    assert "no answer" in fragment
    assert "<html" in page
    assert fragment.partition("Asked at")[0].strip() in page


def test_an_account_looks_once_at_a_time_and_keeps_nobody_else_from_it(browser, bobs, home, foreign, monkeypatch):
    said = []

    def look(*_):
        """While Alice waits she asks again, and so does Bob."""
        monkeypatch.undo()
        said.append(browser.get(f"{PAGE}dns/").content.decode())
        said.append(bobs.get("/hostnames/bob.ddns.test/dns/").content.decode())
        return []

    monkeypatch.setattr("dnsupdate.propagation.look", look)
    browser.get(f"{PAGE}dns/")
    said.append(browser.get(f"{PAGE}dns/").content.decode())

    assert ["asked for this account already" in each for each in said] == [True, False, False]


def test_without_redis_nobody_is_kept_from_looking(browser, home, monkeypatch):
    def fail(*_, **__):
        raise redis.ConnectionError("refused")

    monkeypatch.setattr(wake.redis_client(), "set", fail)
    monkeypatch.setattr(wake.redis_client(), "delete", fail)
    assert "no answer" in browser.get(f"{PAGE}dns/").content.decode()
