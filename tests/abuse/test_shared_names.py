"""Shared names: what partners are told, after a delay, and never of what is restricted, sealed, or about a victim."""

from datetime import timedelta

import pytest
from django.utils import timezone

from abuse import decisions, shared_names, suspensions
from abuse.models import Category, Order, Partner, SharedName, Suspension
from ddns import hostnames
from ddns.models import Hostname, User
from dnsupdate.models import Publication
from tests.abuse.partner_rows import later, ordered, partner, policy_zone, settle, suspended
from tests.abuse.stories import open_case

pytestmark = pytest.mark.django_db


@pytest.fixture
def cert(db) -> Partner:
    return partner(delay_minutes=60)


def blocked(zone) -> set[str]:
    """The names that the policy refuses."""
    rows = Publication.objects.filter(zone=zone).exclude(rrsets={})
    assert all(row.rrsets == shared_names.NXDOMAIN for row in rows)
    return {row.name.removesuffix(f".{zone.name}") for row in rows}


def test_a_suspended_name_is_shared_after_the_delay_and_withdrawn_at_once(cert, home, root):
    policy = policy_zone("green")
    decision = suspended(home, root)
    assert settle(minutes=59) == (0, 0)
    assert settle(minutes=61) == (1, 0)
    row = SharedName.objects.get()
    assert (row.hostname, row.tlp, row.category, row.withdrawn_at) == (home, "green", "content/phishing", None)
    assert blocked(policy.zone) == {"home.ddns.test", "*.home.ddns.test"}
    assert settle() == (0, 0)

    decisions.undo(decision, reason="mistake", by=root)
    assert shared_names.settle(timezone.now()) == (0, 1)
    row.refresh_from_db()
    assert (row.withdrawn_at == row.changed_at, row.revision) == (True, 2)
    assert blocked(policy.zone) == set()


def test_what_is_suspended_again_is_another_row_since_what_was_revoked_stays_so(cert, home, root):
    decisions.undo(suspended(home, root), reason="mistake", by=root)
    assert settle() == (0, 0)
    first = suspended(home, root)
    settle()
    decisions.undo(first, reason="mistake", by=root)
    settle()
    suspended(home, root)
    assert settle() == (1, 0)
    assert [(row.withdrawn_at is None, row.revision) for row in SharedName.objects.all()] == [(False, 2), (True, 1)]


@pytest.mark.parametrize("route", [Category.Route.VICTIM, Category.Route.DISPUTE, Category.Route.RESTRICTED])
def test_victims_disputes_and_restricted_cases_are_not_shared(cert, home, root, route):
    case = open_case(home, "content/phishing", route=route)
    decisions.take(case, action="suspend", reason="proven", by=root)
    assert settle() == (0, 0)


def test_holds_and_what_was_decided_by_name_are_not_shared(cert, home, foreign, root):
    decisions.take(open_case(home), action="hold", reason="look", by=root, ends_at=timezone.now() + timedelta(days=1))
    suspensions.suspend(foreign, reason="by name", by=root)
    assert settle() == (0, 0)


def test_without_a_partner_nothing_is_shared_and_what_was_is_withdrawn_all_the_same(cert, home, foreign, root):
    decision = suspended(home, root)
    settle()
    Partner.objects.update(is_enabled=False)
    suspended(foreign, root)
    assert settle() == (0, 0)
    decisions.undo(decision, reason="mistake", by=root)
    assert settle() == (0, 1)


def test_names_of_orders_are_amber_and_a_case_makes_them_green(cert, home, foreign, root):
    green, amber = policy_zone("green"), policy_zone("amber")
    ordered([home, foreign], root)
    assert settle() == (2, 0)
    assert blocked(green.zone) == set()
    assert len(blocked(amber.zone)) == 4
    assert set(SharedName.objects.values_list("tlp", "category")) == {("amber", "order")}

    suspended(home, root)
    settle()
    assert blocked(green.zone) == {"home.ddns.test", "*.home.ddns.test"}
    assert SharedName.objects.get(hostname=home).tlp == "green"


def test_sealed_orders_are_shared_once_the_seal_has_ended_for_the_delay(cert, home, root):
    ordered([home], root, sealed_until=later(days=1))
    assert settle(hours=20) == (0, 0)
    assert settle(hours=24, minutes=30) == (0, 0)
    assert settle(hours=25, minutes=30) == (1, 0)


def test_a_seal_that_comes_later_takes_the_name_back(cert, home, root):
    order = ordered([home], root)
    settle()
    Order.objects.filter(pk=order.pk).update(sealed_until=later(days=9))
    assert settle() == (0, 1)


def test_a_name_without_room_below_the_apex_is_left_out_and_counted(cert, home, foreign, root):
    apex = ".".join(["a" * 60] * 3) + "." + "b" * 54
    policy = policy_zone("green", apex)
    assert len(f"*.home.ddns.test.{apex}") > 253 >= len(f"*.bob.ddns.test.{apex}")
    suspended(home, root)
    suspended(foreign, root)
    settle()
    assert blocked(policy.zone) == {"bob.ddns.test", "*.bob.ddns.test"}
    assert shared_names.too_long_count(policy) == 1


def test_a_zone_that_comes_later_is_filled(cert, home, root):
    suspended(home, root)
    settle()
    policy = policy_zone("green")
    assert blocked(policy.zone) == set()
    assert shared_names.fill(policy) == 1
    assert len(blocked(policy.zone)) == 2


def test_thousands_are_settled_in_a_handful_of_statements(
    cert, alice: User, domain, root, django_assert_max_num_queries, monkeypatch
):
    """18,472 names are 19 chunks; here three."""
    monkeypatch.setattr(shared_names, "CHUNK", 20)
    policy = policy_zone("amber")
    held = [hostnames.register(alice, domain=domain, label=f"bot{number}") for number in range(20)]
    held += [hostnames.register(root, domain=domain, label=f"more{number}") for number in range(15)]
    ordered(held, root)
    with django_assert_max_num_queries(30):
        assert settle() == (35, 0)
    assert len(blocked(policy.zone)) == 70
    Suspension.objects.update(lifted_at=timezone.now(), lift_reason="undone")
    with django_assert_max_num_queries(30):
        assert settle() == (0, 35)
    assert blocked(policy.zone) == set()
    assert Hostname.objects.filter(shared__withdrawn_at__isnull=False).count() == 35
