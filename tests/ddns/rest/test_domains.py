"""Domains by REST: those that take names, with their rules."""

from ddns.models import Domain


def test_domains_on_offer_are_listed_with_their_rules(monitor, domain):
    assert monitor.get("/domains").json()["results"] == [
        {"name": "ddns.test", "ttl": 60, "min_ttl": 30, "max_ttl": 300}
    ]


def test_domain_that_takes_no_names_is_not_listed(monitor, domain):
    Domain.objects.update(is_open=False)

    assert monitor.get("/domains").json()["results"] == []
