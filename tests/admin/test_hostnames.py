"""The hostname list and page of the desk: found by what was pasted, all evidence on one screen, nothing editable."""

import pytest
from django.urls import reverse

from abuse import suspensions
from ddns import hostnames, keys
from ddns.models import AddressUpdate, Hostname
from dnsupdate import propagation
from dnsupdate.models import Publication, Zone
from tests.people import logged_in

pytestmark = pytest.mark.django_db

LIST = "/admin/ddns/hostname/"


def page_of(hostname: Hostname) -> str:
    return f"{LIST}{hostname.pk}/change/"


def found(client, **query: str) -> set[str]:
    response = client.get(LIST, query)
    assert response.status_code == 200
    return {hostname.name for hostname in response.context["cl"].result_list}


@pytest.fixture(autouse=True)
def _quick_to_give_up(monkeypatch):
    """The nameserver of these tests does not exist."""
    monkeypatch.setattr(propagation, "TIMEOUT_SECONDS", 0.05)


@pytest.fixture
def desk(oscar):
    return logged_in(oscar)


@pytest.mark.parametrize(
    "pasted",
    [
        "home.ddns.test",
        "HOME.ddns.test.",
        "https://home.ddns.test/login",
        "hxxps[:]//home[.]ddns[.]test",
        "home(dot)ddns(dot)test",
        "*.home.ddns.test",
        "hom",
        "alice@example.com",
        "ALICE@",
        "203.0.113.7",
        "203.0.113[.]7",
        "http://[2001:DB8:0::7]/",
    ],
)
def test_hostname_is_found_by_what_was_pasted(desk, home, foreign, pasted):
    assert found(desk, q=pasted) == {"home.ddns.test"}


def test_international_name_is_found_in_both_spellings(desk, bob, domain):
    hostnames.register(bob, domain=domain, label="bücher")

    assert found(desk, q="hxxp://BÜCHER[.]ddns.test") == found(desk, q="xn--bcher-kva.ddns.test")
    assert found(desk, q="bücher.ddns.test") == {"xn--bcher-kva.ddns.test"}


def test_exact_name_is_not_buried_in_names_that_contain_it(desk, home, bob, domain):
    hostnames.register(bob, domain=domain, label="my-home")

    assert found(desk, q="home.ddns.test") == {"home.ddns.test"}
    assert found(desk, q="home") == {"home.ddns.test", "my-home.ddns.test"}


@pytest.mark.parametrize("pasted", ["nobody.ddns.test", "192.0.2.99", "trudy@example.com", "%", "'; --", "[::1"])
def test_what_is_not_there_is_not_found(desk, home, pasted):
    assert found(desk, q=pasted) == set()


def test_list_filters_by_state(desk, home, foreign, oscar):
    suspensions.suspend(foreign, reason="phishing", by=oscar)

    assert found(desk, state="suspended") == {"bob.ddns.test"}
    assert found(desk, state="live") == {"home.ddns.test"}
    hostnames.configure(home, offline=True)
    assert found(desk, state="offline") == {"home.ddns.test"}
    assert found(desk, state="released") == found(desk, state="held") == set()


def test_list_filters_by_domain(desk, home, domain):
    assert found(desk, domain=str(domain.pk)) == {"home.ddns.test"}
    assert found(desk, domain=str(domain.pk + 1)) == set()


def test_list_costs_the_same_number_of_queries_for_one_and_for_many(
    desk, home, bob, domain, oscar, django_assert_num_queries, django_assert_max_num_queries
):
    with django_assert_max_num_queries(9) as first:
        desk.get(LIST)
    for number in range(5):
        hostname = hostnames.register(bob, domain=domain, label=f"n{number}")
    suspensions.suspend(hostname, reason="phishing", by=oscar)
    with django_assert_num_queries(len(first)):
        desk.get(LIST)


def test_page_shows_the_evidence(desk, home, foreign, alice, domain):
    hostnames.register(alice, domain=domain, label="cabin")
    key, _ = keys.create(alice, label="attic router")
    AddressUpdate.objects.create(
        hostname=home,
        key=key,
        at=home.created_at,
        source="198.51.100.9",
        agent="ddclient/3.10",
        protocol="dyndns2",
        old_ipv4="192.0.2.1",
        new_ipv4="203.0.113.7",
    )
    html = desk.get(page_of(home)).content.decode()

    for shown in ("home.ddns.test", "live", "203.0.113.7", "2001:db8::7", "alice@example.com", "1 other name"):
        assert shown in html
    for shown in ("attic router", "198.51.100.9", "ddclient/3.10", "192.0.2.1", "Never suspended", "No decision yet"):
        assert shown in html
    assert "Waiting for" in html
    assert "bob.ddns.test" not in html


def test_page_shows_every_suspension_with_its_reasons(desk, home, oscar, root):
    first = suspensions.suspend(home, reason="phishing of a bank", by=oscar)
    suspensions.suspend(home, reason="court order 7 C 12/26", by=root)
    suspensions.lift(first, reason="bank withdrew its report", by=root)
    html = desk.get(page_of(home)).content.decode()

    for shown in ("phishing of a bank", "court order 7 C 12/26", "bank withdrew its report", "oscar@example.com"):
        assert shown in html
    assert html.count("in force") == 1
    assert html.count("/lift/") == 1


def test_page_costs_a_bounded_number_of_queries(desk, home, oscar, django_assert_max_num_queries):
    suspensions.suspend(home, reason="phishing", by=oscar)
    with django_assert_max_num_queries(18):
        desk.get(page_of(home))


def test_page_says_why_a_nameserver_does_not_answer(desk, home):
    assert "no answer:" in desk.get(page_of(home)).content.decode()


def test_page_says_why_the_zone_fails_and_a_name_is_refused(desk, home, zone):
    Zone.objects.filter(pk=zone.pk).update(failing_since=home.created_at, failure="The nameserver does not answer: x.")
    Publication.objects.filter(pk=home.publication_id).update(refusal="The nameserver refuses these records: FORMERR.")
    html = desk.get(page_of(home)).content.decode()

    assert "The nameserver does not answer: x." in html
    assert "FORMERR" in html


def test_page_escapes_what_devices_send(desk, home):
    AddressUpdate.objects.create(
        hostname=home, at=home.created_at, protocol="dyndns2", agent="<script>alert(1)</script>"
    )
    html = desk.get(page_of(home)).content.decode()

    assert "<script>alert(1)" not in html
    assert "&lt;script&gt;alert(1)" in html


@pytest.mark.parametrize("page", ["ddns_hostname", "abuse_suspension", "abuse_ledgerentry"])
def test_evidence_can_be_neither_added_nor_deleted_even_by_a_superuser(root, home, page):
    suspensions.suspend(home, reason="phishing", by=root)
    client = logged_in(root)
    pk = {"ddns_hostname": home.pk, "abuse_suspension": home.suspensions.get().pk, "abuse_ledgerentry": 1}[page]

    assert client.get(reverse(f"admin:{page}_add")).status_code == 403
    assert client.post(reverse(f"admin:{page}_delete", args=[pk]), {"post": "yes"}).status_code == 403
    changed = client.post(reverse(f"admin:{page}_change", args=[pk]), {"reason": "x", "name": "x"})
    assert changed.status_code in (200, 403)
    assert home.suspensions.get().reason == "phishing"


@pytest.mark.parametrize("path", ["", "{}/change/", "{}/dns/", "{}/suspend/", "{}/lift/1/"])
def test_stranger_is_sent_to_the_log_in(client, home, path):
    response = client.get(LIST + path.format(home.pk), follow=True)

    assert response.redirect_chain[-1][0].startswith("/accounts/login/")
    assert "home.ddns.test" not in response.content.decode().replace(response.redirect_chain[-1][0], "")


@pytest.mark.parametrize("path", ["", "{}/change/", "{}/dns/", "{}/suspend/", "{}/lift/1/"])
def test_customer_gets_403(alice, home, path):
    assert logged_in(alice).get(LIST + path.format(home.pk), follow=True).status_code == 403


@pytest.mark.parametrize("path", ["999999/change/", "x/change/", "999999/dns/", "999999/suspend/", "999999/lift/1/"])
def test_what_does_not_exist_is_404(desk, home, path):
    assert desk.get(LIST + path).status_code == 404
