"""Orders that were carried out, for tests of what comes after: as the act leaves its rows."""

from django.utils import timezone

from abuse import effect_proofs, suspensions
from abuse.models import DiversionTarget, EffectReport, Order, OrderGroup, OrderItem, Suspension
from ddns.models import User
from dnsupdate.rrsets import RRsets

_KINDS = {
    OrderGroup.Action.SUSPEND: Suspension.Kind.SUSPENDED,
    OrderGroup.Action.DIVERT: Suspension.Kind.DIVERTED,
    OrderGroup.Action.HOLD: Suspension.Kind.HELD,
}


def target(**fields) -> DiversionTarget:
    values = {"kind": DiversionTarget.Kind.SINKHOLE, "addresses": ["192.0.2.53"], **fields}
    return DiversionTarget.objects.create(name="Example sinkhole", **values)


def carry_out(order: Order, *, by: User) -> Order:
    """Every item of its groups, in whatever they say; PROVING after that."""
    now = timezone.now()
    effect_proofs.note_serials(order, of=EffectReport.Of.ACT)
    for group in order.groups.exclude(action=OrderGroup.Action.NONE):
        items = order.items.filter(group=group.key)
        for item in items.filter(hostname__isnull=False).select_related("hostname"):
            if (kind := _KINDS.get(OrderGroup.Action(group.action))) is not None:
                made = suspensions.cover(item.hostname, kind, reason="the order", by=by, answer=_answer(group))
                Suspension.objects.filter(pk=made.pk).update(order_item=item)
        items.update(state=OrderItem.State.ACTED, acted_at=now)
    return _proving(order, proposed_at=now, proposed_by=by, acted_at=timezone.now())


def undo(order: Order, *, by: User) -> Order:
    effect_proofs.note_serials(order, of=EffectReport.Of.UNDOING)
    for item in order.items.filter(state=OrderItem.State.ACTED):
        suspensions.uncover(item.suspension, reason="undone", by=by)
        OrderItem.objects.filter(pk=item.pk).update(state=OrderItem.State.UNDONE, undone_at=timezone.now())
    return _proving(order, undone_at=timezone.now(), undone_by=by, undo_reason="mistake")


def _answer(group: OrderGroup) -> RRsets:
    return {"A": {"ttl": 60, "rdata": list(group.target.addresses)}} if group.target is not None else {}


def _proving(order: Order, **fields) -> Order:
    Order.objects.filter(pk=order.pk).update(state=Order.State.PROVING, **fields)
    order.refresh_from_db()
    return order
