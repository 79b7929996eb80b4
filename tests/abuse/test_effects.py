"""Effects: what an order did is asked of every authoritative server, and the order is answered with a signed report of it."""

import json
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from abuse import effects
from abuse.models import Order, OrderItem
from ddns import domains, hostnames
from ddns.models import Hostname
from deploy.local.bind import Bind
from deploy.local.knot import Knot
from dnsupdate.models import Nameserver, Zone
from tests.abuse import effect_rows, order_rows
from tests.dnsupdate.real_zones import drain, zone_row

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def zone(transactional_db, bind: Bind, fresh_zone) -> Zone:
    return zone_row(bind, fresh_zone(bind))


@pytest.fixture
def domain(zone: Zone):
    return domains.offer(zone)


@pytest.fixture
def live(home: Hostname, zone: Zone) -> Hostname:
    hostnames.configure(home)
    drain(zone)
    return home


@pytest.fixture
def lagging(zone: Zone, knot: Knot) -> Nameserver:
    """A secondary that has the zone and not what is in it."""
    knot.add_zone(zone.name)
    server = Nameserver.objects.create(name="lagging", host=knot.host, port=knot.port)
    zone.secondaries.add(server)
    return server


def suspended(live: Hostname, by) -> Order:
    order = order_rows.planned([live])
    OrderItem.objects.create(
        order=order, position=2, text="www.example.org", name="www.example.org", outcome="not_ours"
    )
    return effect_rows.carry_out(order, by=by)


def prove(*, after: timedelta = timedelta(seconds=1)) -> int:
    with time_machine.travel(timezone.now() + after, tick=True):
        return effects.prove_due()


def test_an_order_is_answered_once_what_it_did_is_proven(live, zone, oscar):
    order = suspended(live, oscar)
    effects.prove_due()
    order.refresh_from_db()
    assert (order.state, effects.latest(order)) == (Order.State.PROVING, None)

    drain(zone)
    assert prove(after=timedelta(seconds=3)) == 1
    order.refresh_from_db()
    report = effects.latest(order)
    assert report is not None
    assert (order.state, report.name_count, report.proven_count) == (Order.State.ANSWERED, 1, 1)
    body = json.loads(report.body)
    assert (
        body["counts"]["lines"] == 2 == sum(body["counts"]["outcomes"].values()) == sum(body["counts"]["done"].values())
    )
    first, second = body["items"]
    assert (first["done"], second["done"], second["outcome"]) == ("suspended", "nothing", "not_ours")
    assert first["decided_at"] <= first["out_of_dns_at"] <= first["answers"][0][2]
    assert first["answers"][0][3:] == ["NXDOMAIN", True]
    assert str(report.pk) in order.answer
