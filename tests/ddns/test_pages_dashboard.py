"""The dashboard: every name at a glance, narrowed and ordered, at the same cost for two names and for two thousand."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from ddns import groups, hostnames
from ddns.forms.hostnames import Show, Sort
from ddns.models import Domain, Hostname, HostnameContact, User
from ddns.views.dashboard import ROWS
from dnsupdate.models import Publication
from tests.people import logged_in

pytestmark = pytest.mark.django_db
KIB = 1024


@pytest.fixture
def browser(alice) -> Client:
    return logged_in(alice)


def listed(browser: Client, **query: object) -> list[str]:
    """The first labels, in their order."""
    return [each.name.partition(".")[0] for each in browser.get("/hostnames/", query).context["hostnames"]]


def hear_of(hostname: Hostname, ago: timedelta) -> None:
    HostnameContact.objects.create(
        hostname=hostname, at=timezone.now() - ago, source="198.51.100.9", agent="router/1", protocol="dyndns2"
    )


def register_many(account: User, domain: Domain, count: int, letter: str = "n") -> None:
    """Two thousand one by one would take a minute."""
    names = [f"{letter}{number:04}.{domain.name}" for number in range(count)]
    rows = Publication.objects.bulk_create(Publication(zone=domain.zone, name=name) for name in names)
    held = Hostname.objects.bulk_create(
        Hostname(account=account, domain=domain, name=row.name, publication=row, ipv4="203.0.113.7") for row in rows
    )
    now = timezone.now()
    HostnameContact.objects.bulk_create(HostnameContact(hostname=each, at=now, protocol="dyndns2") for each in held)


def test_two_thousand_names_cost_as_many_queries_as_ten(
    browser, alice, domain, django_assert_num_queries, django_assert_max_num_queries
):
    group = groups.create(alice, name="all")
    register_many(alice, domain, 10)
    # One of them counts the unread notifications.
    with django_assert_max_num_queries(11) as first:
        browser.get("/hostnames/")
    register_many(alice, domain, 1990, "m")
    groups.assign(group, Hostname.objects.all())

    for query in ({}, {"sort": Sort.CONTACT}, {"sort": Sort.GROUP}, {"show": Show.LIVE}, {"page": 20}):
        with django_assert_num_queries(len(first)):
            browser.get("/hostnames/", query)


def test_two_thousand_names_make_no_heavy_page(browser, alice, domain):
    register_many(alice, domain, 2000)
    response = browser.get("/hostnames/")

    assert len(response.context["hostnames"]) == ROWS
    assert len(response.content) < 80 * KIB
    assert "1 to 100 of 2000" in response.content.decode()
    assert listed(browser, page=20)[-1] == "n1999"


def test_last_contact_is_shown(browser, home, office):
    hear_of(home, timedelta(minutes=4))
    html = browser.get("/hostnames/").content.decode()

    assert "heard of 4 min ago" in html
    assert "never heard of" in html


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("home", ["home"]),
        ("ddns.test", ["home", "office"]),
        ("HOME.ddns.test.", ["home"]),
        ("203.0.113.7", ["home"]),
        ("2001:db8:0::7", ["home"]),
        ("bob", []),
        ("-", []),
    ],
)
def test_names_are_found_by_a_part_or_an_address(browser, home, office, foreign, q, found):
    Hostname.objects.filter(pk=home.pk).update(ipv4="203.0.113.7", ipv6="2001:db8::7")

    assert listed(browser, q=q) == found


def test_a_search_that_finds_nothing_says_so_and_leads_back(browser, home):
    html = browser.get("/hostnames/", {"q": "nothing"}).content.decode()

    assert "None of your hostnames is like that" in html
    assert "No hostname yet" not in html


def test_names_are_narrowed_to_what_needs_a_look(browser, home, office, alice, domain):
    hear_of(home, timedelta(days=8))
    hear_of(office, timedelta(days=6))
    camera = hostnames.register(alice, domain=domain, label="camera")
    hear_of(camera, timedelta(0))
    hostnames.suspend(camera)
    hostnames.configure(office, offline=True)
    Publication.objects.exclude(pk=home.publication_id).update(revision=2, published_revision=2)

    assert listed(browser, show=Show.SILENT) == ["home"]
    assert listed(browser, show=Show.RESTRICTED) == ["camera"]
    assert listed(browser, show=Show.OFFLINE) == ["office"]
    assert listed(browser, show=Show.LIVE) == ["home"]
    assert listed(browser, show=Show.WAITING) == ["home"]


def test_names_are_ordered_by_contact_change_and_group(browser, home, office, alice):
    hear_of(office, timedelta(minutes=1))
    Hostname.objects.filter(pk=home.pk).update(changed_at=timezone.now())
    groups.assign(groups.create(alice, name="Attic"), [office])

    assert listed(browser) == ["home", "office"]
    assert listed(browser, sort=Sort.CONTACT) == ["office", "home"]
    assert listed(browser, sort=Sort.CHANGED) == ["home", "office"]
    assert listed(browser, sort=Sort.GROUP) == ["office", "home"]
    html = browser.get("/hostnames/", {"sort": Sort.GROUP}).content.decode()
    assert html.index("<h2>Attic</h2>") < html.index("office.ddns.test") < html.index("<h2>In no group</h2>")


def test_names_of_one_group_are_shown_alone(browser, home, office, alice, bob):
    attic = groups.create(alice, name="Attic")
    groups.assign(attic, [office])

    assert listed(browser, group=attic.pk) == ["office"]
    assert listed(logged_in(bob), group=attic.pk) == []


@pytest.mark.parametrize("query", [{"sort": "x"}, {"show": "x"}, {"group": "x"}, {"page": "x"}, {"page": "9"}])
def test_what_makes_no_sense_is_as_if_it_had_not_been_said(browser, home, query):
    assert listed(browser, **query) == ["home"]


def test_pages_keep_what_the_list_is_narrowed_to(browser, alice, domain):
    register_many(alice, domain, ROWS + 1)
    html = browser.get("/hostnames/", {"q": "n0", "sort": Sort.CONTACT}).content.decode()

    assert 'href="?q=n0&amp;sort=contact&amp;page=2"' in html
