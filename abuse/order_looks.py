"""Second looks at orders: when one person is not enough to carry one out."""

from datetime import datetime

from django.conf import settings
from django.db.models import Sum

from abuse import impact, officers, second_looks
from abuse.models import Decision, Officer, Order, OrderGroup
from abuse.plan_items import SETTLED
from ddns.models import Hostname, User

_Action = OrderGroup.Action
_DIVERSION = "Traffic of people goes to somebody else."
# Groups that nobody acts on alone, and what is said of them.
_LOOKED_AT = {"protected": "protected", SETTLED: "old, and steadily used or paid for"}


def why(order: Order, by: User | None) -> str:
    """Why a second person has to look before it is carried out as it is planned, or nothing. Nine queries at most."""
    groups = list(order.groups.exclude(action=_Action.NONE).filter(item_count__gt=0))
    if not groups:
        return ""
    if order.officer.state == Officer.State.FROZEN:
        return "The officer who filed it is frozen: call the agency back first."
    if order.officer.state != Officer.State.VETTED and officers.is_doubted(order.officer):
        return "The officer who filed it was frozen or refused, and not vetted since: call the agency back first."
    if any(group.action == _Action.DIVERT for group in groups):
        return _DIVERSION
    if order.kind == Order.Kind.EMERGENCY:
        return "Emergencies are what forged orders plead."
    for group in groups:
        if said := _LOOKED_AT.get(group.key):
            return f"{_names(group.item_count)} of the list {'is' if group.item_count == 1 else 'are'} {said}."
    count = sum(group.item_count for group in groups)
    # Before the names are looked at one by one: of thousands that takes a while, and is not needed.
    if count > settings.ABUSE_NAMES_PER_DECISION:
        return f"{_names(count)} at once are more than {settings.ABUSE_NAMES_PER_DECISION}."
    held = Hostname.objects.filter(order_items__order=order, order_items__group__in=[each.key for each in groups])
    return second_looks.why(
        second_looks.Looked(
            action=Decision.Action.SUSPEND,
            hostnames=Hostname.objects.filter(pk__in=held.values("pk")),
            name_count=count,
            share=impact.share_of_zone(held) if held.exists() else 0.0,
            by=by,
            case_count=1,
        )
    )


def lately(by: User, since: datetime) -> int:
    """Names of orders that this person has carried out alone since then."""
    alone = Order.objects.filter(proposed_by=by, proposed_at__gt=since, approved_by=None)
    begun = alone.exclude(state__in=[Order.State.RECEIVED, Order.State.PLANNED, Order.State.PROPOSED])
    groups = OrderGroup.objects.filter(order__in=begun.values("pk")).exclude(action=_Action.NONE)
    return groups.aggregate(total=Sum("item_count"))["total"] or 0


def _names(count: int) -> str:
    return f"{count} name" if count == 1 else f"{count} names"
