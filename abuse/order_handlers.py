"""Handlers of orders: who works on one, and who therefore knows of it while it is sealed; each change is in the ledger."""

from collections.abc import Iterable

from django.contrib.auth.models import Permission
from django.db import transaction
from django.db.models import Q, QuerySet

from abuse import ledger
from abuse.errors import NotAllowed
from abuse.models import Order
from ddns.models import User


def candidates() -> QuerySet[User]:
    """Members of staff who may see orders."""
    right = Permission.objects.filter(codename="view_order", content_type__app_label="abuse").values("pk")
    may_see = Q(is_superuser=True) | Q(groups__permissions__in=right) | Q(user_permissions__in=right)
    return User.objects.filter(may_see, is_staff=True, is_active=True).order_by("email").distinct()


@transaction.atomic
def assign(order: Order, *, handlers: Iterable[User], by: User) -> Order:
    """These people and no others. Locks the order. Raises NotAllowed: without the right, for people who may see no orders."""
    if not by.has_perm("abuse.act_on_order"):
        raise NotAllowed("it takes the right to act on orders.")
    if not Order.objects.visible_to(by).filter(pk=order.pk).exists():
        raise NotAllowed("it is sealed, and you are not named for it.")
    wanted = {each.pk: each for each in handlers}
    Order.objects.select_for_update(of=("self",), no_key=True).get(pk=order.pk)
    if len(wanted) != candidates().filter(pk__in=wanted).count():
        raise NotAllowed("orders are for members of staff who may see them.")
    before = set(order.handlers.values_list("pk", flat=True))
    if before == set(wanted):
        return order
    order.handlers.set(wanted.values())
    ledger.append(
        actor=by,
        action="assign-order",
        object=f"order {order.pk}",
        reason="Who works on it.",
        details={"order": str(order.pk), "handlers": sorted(wanted), "before": sorted(before)},
    )
    return order
