"""The pages that anybody sees first: what is on offer, whether a name is free, in which colours."""

import pytest
from django.test import Client

from ddns import domains, hostnames
from ddns.models import Domain, Hostname, ReservedName
from dnsupdate import zones
from tests.people import logged_in

pytestmark = pytest.mark.django_db


def offered(client: Client, name: str) -> dict[str, str]:
    """By whole name why it cannot be had; empty where it can."""
    response = client.get("/domains/", {"name": name})
    return {offer.name: str(offer.reason) for offer in response.context["offers"]}


def test_a_free_name_is_said_to_be_free_without_an_account(client, domain):
    response = client.get("/domains/", {"name": "Attic"})

    assert "attic.ddns.test" in response.content.decode()
    assert offered(client, "Attic") == {"attic.ddns.test": ""}


def test_a_name_that_somebody_holds_is_taken_and_nothing_is_said_of_whom(client, foreign, bob):
    html = client.get("/domains/", {"name": "bob"}).content.decode()

    assert offered(client, "bob") == {"bob.ddns.test": "taken"}
    assert bob.email not in html


@pytest.mark.parametrize("name", ["www", "ns1", "kept"])
def test_a_name_that_nobody_may_have_is_reserved(client, domain, name):
    ReservedName.objects.create(name="kept.ddns.test", reason="a contract")

    assert offered(client, name) == {f"{name}.ddns.test": "reserved"}


def test_a_name_that_was_given_up_rests(client, home):
    hostnames.release(home)

    assert offered(client, "home") == {"home.ddns.test": "reserved"}


@pytest.mark.parametrize(("name", "said"), [("a b", "not a domain name"), ("a.b", "letters, digits"), ("-", "not a")])
def test_what_can_be_no_name_is_said_why(client, domain, name, said):
    assert said in client.get("/domains/", {"name": name}).content.decode()


def test_what_is_said_to_be_free_can_be_registered(alice, domain):
    browser = logged_in(alice)
    assert offered(browser, "bücher") == {"xn--bcher-kva.ddns.test": ""}
    browser.post("/hostnames/", {"label": "bücher", "domain": domain.pk})

    assert Hostname.objects.get().name == "xn--bcher-kva.ddns.test"
    assert offered(browser, "bücher") == {"xn--bcher-kva.ddns.test": "taken"}


def test_a_customer_goes_on_to_registration_with_the_name_filled_in(alice, domain):
    browser = logged_in(alice)
    html = browser.get("/domains/", {"name": "attic"}).content.decode()
    link = f"/hostnames/?label=attic&amp;domain={domain.pk}#register"
    assert link in html

    assert 'value="attic"' in browser.get(f"/hostnames/?label=attic&domain={domain.pk}").content.decode()


def test_the_rules_of_every_domain_stand_on_its_page(client, domain):
    Domain.objects.update(ttl=300, is_open=False)
    html = client.get("/domains/").content.decode()

    assert "ddns.test" in html
    assert "5 min" in html
    assert "closed" in html
    assert offered(client, "attic") == {}


def test_a_retired_domain_is_not_shown(client, domain):
    zones.retire(domain.zone)

    assert "No domain is on offer" in client.get("/domains/").content.decode()


def test_many_domains_cost_no_more_queries_than_one(client, domain, django_assert_num_queries):
    """Those of availability.of, and one for the table below."""
    for number in range(5):
        primary = domain.zone.primary
        domains.offer(zones.add(f"ddns-{number}.test", host=primary.host, port=primary.port, key=primary.key))
    with django_assert_num_queries(5):
        assert len(offered(client, "attic")) == 6


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_chosen_colours_are_remembered_and_back_where_they_were_chosen(client, theme):
    response = client.post("/theme/", {"theme": theme}, headers={"Referer": "http://testserver/domains/"})

    assert response.url == "http://testserver/domains/"
    assert f'data-theme="{theme}"' in client.get("/").content.decode()
    client.post("/theme/", {"theme": ""})
    assert "data-theme=" not in client.get("/").content.decode()


@pytest.mark.parametrize("referer", ["", "https://elsewhere.example/", "javascript:alert(1)"])
def test_the_switch_of_colours_leads_to_no_other_site(client, referer):
    response = client.post("/theme/", {"theme": "dark"}, headers={"Referer": referer})

    assert response.url == "/"


def test_what_is_no_theme_is_not_remembered(client):
    client.post("/theme/", {"theme": '"><script>'})

    assert client.cookies["theme"].value == ""
