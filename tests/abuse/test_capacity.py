"""Capacity of sinkholes: names are diverted to a partner up to what it has declared, on cases and for orders together."""

import pytest
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from abuse import decisions, diversions
from abuse.errors import BeyondCapacity
from abuse.models import Decision, DiversionTarget, LedgerEntry, Order, OrderGroup, OrderItem, Suspension
from ddns import hostnames
from ddns.models import Hostname, User
from ddns.models.hostnames import State
from dnsupdate.models import Publication
from tests.abuse.order_rows import planned
from tests.abuse.stories import open_case
from tests.people import logged_in

pytestmark = pytest.mark.django_db

C2 = "infrastructure/botnet"


@pytest.fixture(autouse=True)
def _each_name_brings_five(settings):
    settings.DIVERTED_NAME_CONNECTIONS = 5.0


@pytest.fixture
def sinkhole(db) -> DiversionTarget:
    return DiversionTarget.objects.create(name="partner", kind="sinkhole", addresses=["198.51.100.1"], capacity=10)


@pytest.fixture
def some(alice: User, domain) -> list[Hostname]:
    return [hostnames.register(alice, domain=domain, label=f"bot{number}") for number in range(3)]


def divert_for_order(some: list[Hostname], target: DiversionTarget, by: User) -> Order:
    """As the act leaves it, name by name."""
    order = planned(some, action=OrderGroup.Action.NONE)
    Order.objects.filter(pk=order.pk).update(state=Order.State.ANSWERED)
    OrderGroup.objects.filter(order=order).update(action="divert", target=target)
    answer = {"A": {"ttl": 60, "rdata": list(target.addresses)}}
    for item in order.items.all():
        suspension = Suspension.objects.create(
            hostname=item.hostname,
            kind="diverted",
            answer=answer,
            reason="ordered",
            decided_by=by,
            decided_at=order.filed_at,
            order_item=item,
        )
        hostnames.divert(suspension.hostname, answer=answer)
    order.items.update(state=OrderItem.State.ACTED)
    return order


def test_beyond_the_declared_capacity_nothing_is_diverted(sinkhole):
    diversions.check_capacity(sinkhole, 2)
    with pytest.raises(BeyondCapacity, match="takes 10 connections a second, and 3 names bring some 15"):
        diversions.check_capacity(sinkhole, 3)


def test_names_of_orders_and_of_cases_count_together(sinkhole, home, some, root):
    second = User.objects.create_superuser("second@example.com")
    divert_for_order(some[:2], sinkhole, root)
    assert diversions.counts() == {sinkhole.pk: 2}
    with pytest.raises(BeyondCapacity):
        decisions.take(
            open_case(home, C2), action="divert", reason="count victims", by=root, parameters={"target": sinkhole.pk}
        )
    DiversionTarget.objects.update(capacity=15)
    proposed = decisions.take(
        open_case(some[2], C2), action="divert", reason="count victims", by=root, parameters={"target": sinkhole.pk}
    )
    decisions.approve(proposed, by=second)
    assert diversions.counts() == {sinkhole.pk: 3}


def test_what_fits_when_it_is_proposed_may_not_when_it_is_approved(sinkhole, home, some, root):
    second = User.objects.create_superuser("second@example.com")
    case = open_case(home, C2)
    proposed = decisions.take(case, action="divert", reason="victims", by=root, parameters={"target": sinkhole.pk})
    divert_for_order(some[:2], sinkhole, root)
    with pytest.raises(BeyondCapacity):
        decisions.approve(proposed, by=second)
    assert Decision.objects.get(pk=proposed.pk).state == Decision.State.PROPOSED


def test_names_that_another_order_is_about_to_divert_have_their_room(sinkhole, some):
    order = planned(some[:2], action=OrderGroup.Action.NONE)
    Order.objects.filter(pk=order.pk).update(state=Order.State.ACTING)
    OrderGroup.objects.filter(order=order).update(action="divert", target=sinkhole)
    with transaction.atomic(), pytest.raises(BeyondCapacity):
        diversions.check_capacity(sinkhole, 1)
    diversions.check_capacity(sinkhole, 2, order=order)


def test_a_sinkhole_that_has_declared_nothing_takes_few_and_a_notice_page_as_many_as_there_are():
    undeclared = DiversionTarget.objects.create(name="new", kind="sinkhole", addresses=["198.51.100.9"])
    diversions.check_capacity(undeclared, diversions.MOST_UNDECLARED)
    with pytest.raises(BeyondCapacity, match="has declared none"):
        diversions.check_capacity(undeclared, diversions.MOST_UNDECLARED + 1)
    page = DiversionTarget.objects.create(name="page", kind="notice", addresses=["198.51.100.80"])
    diversions.check_capacity(page, 10_000)


def test_names_of_an_order_leave_dns_with_their_target_in_one_entry_of_the_ledger(sinkhole, some, root):
    order = divert_for_order(some, sinkhole, root)
    DiversionTarget.objects.update(is_enabled=False)
    assert diversions.watch() == 3
    assert {Hostname.objects.get(pk=each.pk).state for each in some} == {State.SUSPENDED}
    answers = Publication.objects.filter(pk__in=hostnames.publication_ids(some)).values_list("rrsets", flat=True)
    assert list(answers) == [{}, {}, {}]
    entry = LedgerEntry.objects.get(action="suspend-instead")
    assert (entry.object, entry.details["name_count"]) == (f"order {order.pk}", 3)
    assert "switched off" in entry.reason
    assert diversions.watch() == 0


def test_the_desk_shows_how_much_is_used_and_whether_it_answers(sinkhole, some, root):
    divert_for_order(some[:1], sinkhole, root)
    DiversionTarget.objects.update(probe_port=443, failing_since=timezone.now(), failure="198.51.100.1 timed out")
    page = logged_in(root).get(reverse("admin:abuse_diversiontarget_changelist")).text
    assert "50%: 5 of 10 connections a second expected" in page
    assert "198.51.100.1 timed out" in page
    assert "50%" in logged_in(root).get(reverse("admin:abuse_diversiontarget_change", args=[sinkhole.pk])).text
    assert logged_in(root).get(reverse("admin:abuse_diversiontarget_add")).status_code == 200
