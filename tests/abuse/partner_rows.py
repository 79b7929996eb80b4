"""Partners for tests, and names that are suspended so that they may be shared."""

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from abuse import decisions, shared_names
from abuse.models import Case, Decision, Order, OrderGroup, OrderItem, Partner, PolicyZone, Suspension
from ddns import hostnames
from ddns.models import Hostname, User
from dnsupdate import tsig_keys, zones
from dnsupdate.models import Zone
from tests.abuse.order_rows import planned
from tests.abuse.stories import open_case


def partner(name: str = "Example CERT", **fields: Any) -> Partner:
    return Partner.objects.create(name=name, contact="cert@partner.example", **fields)


def later(**ago: int) -> datetime:
    """When the delay of everybody is over, unless said otherwise."""
    return timezone.now() + timedelta(**(ago or {"hours": 2}))


def suspended(hostname: Hostname, by: User, kind: str = "content/phishing") -> Decision:
    """Suspended on a case, as an analyst does."""
    case = Case.objects.open().filter(hostname=hostname).first() or open_case(hostname, kind)
    return decisions.take(case, action="suspend", reason="proven", by=by)


def ordered(held: list[Hostname], by: User, **fields: Any) -> Order:
    """Suspended for an order, as the act leaves it, name by name."""
    order = planned(held, **fields)
    Order.objects.filter(pk=order.pk).update(state=Order.State.ANSWERED)
    for item in order.items.select_related("hostname"):
        hostnames.suspend(item.hostname)
        Suspension.objects.create(
            hostname=item.hostname, reason="ordered", decided_by=by, decided_at=timezone.now(), order_item=item
        )
    order.items.update(state=OrderItem.State.ACTED)
    assert order.groups.get().action == OrderGroup.Action.SUSPEND
    return order


def policy_zone(tlp: str, name: str = "") -> PolicyZone:
    """At a nameserver that does not exist."""
    zone = zones.add(
        name or f"rpz-{tlp}.invalid",
        host="127.0.0.1",
        port=9,
        key=Zone.objects.select_related("primary__key").first().primary.key
        if Zone.objects.exists()
        else tsig_keys.generate("publisher"),
        kind=Zone.Kind.RPZ,
    )
    return PolicyZone.objects.create(zone=zone, tlp=tlp)


def settle(**ago: int) -> shared_names.Settled:
    return shared_names.settle(later(**ago))
