"""Metrics of customers: restrictions by state, and estimates of what is too much to count."""

from django.db import connection

from abuse import suspensions
from ddns.metrics import Customers
from ddns.models import Hostname, Restriction, User
from tests.dnsupdate.samples import of_family, samples
from tests.people import *  # noqa: F403 - fixtures


def analyse(*models) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE " + ", ".join(model._meta.db_table for model in models))


def test_a_suspended_hostname_is_counted_until_it_is_lifted(home, root, django_assert_num_queries):
    suspension = suspensions.suspend(home, reason="phishing", by=root)
    with django_assert_num_queries(2):
        found = samples(Customers())
    assert found["ddns_restricted_hostnames", "suspended"] == 1
    assert found["ddns_restricted_hostnames", "held"] == 0
    assert of_family(found, "ddns_restricted_hostnames") == {(kind,) for kind in Restriction.Kind.values}
    suspensions.lift(suspension, reason="a mistake", by=root)
    assert samples(Customers())["ddns_restricted_hostnames", "suspended"] == 0


def test_hostnames_and_accounts_are_what_the_last_analyze_saw(home, foreign):
    analyse(Hostname, User)
    found = samples(Customers())
    assert found[("ddns_hostnames",)] == 2
    assert found[("ddns_accounts",)] == 2
