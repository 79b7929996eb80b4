"""Orders that are ready to be carried out, with digests that hold."""

from collections.abc import Iterable
from typing import Any

from abuse import plans
from abuse.models import Order
from ddns.models import Hostname
from tests.abuse import order_rows


def planned(held: Iterable[Hostname], **fields: Any) -> Order:
    """As order_rows.planned."""
    return sealed(order_rows.planned(held, **fields))


def sealed(order: Order) -> Order:
    """With the digest of what it is by now."""
    Order.objects.filter(pk=order.pk).update(plan_digest=plans.digest_of(order))
    order.refresh_from_db()
    return order


def regroup(order: Order, **fields: Any) -> Order:
    """Its only group decided anew."""
    order.groups.update(**fields)
    return sealed(order)
