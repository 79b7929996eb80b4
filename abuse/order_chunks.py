"""Chunks of an order: some hundred of its items acted on, or that undone, in the caller's transaction.

The order is locked; the items say how far it is. Locked in this order: accounts, publications by name, the ledger.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection
from django.db.models import QuerySet

from abuse import covers, ledger
from abuse.actions.divert import answer_of
from abuse.covers import Cover
from abuse.models import DiversionTarget, Order, OrderGroup, OrderItem, Suspension
from ddns import hostnames, restrictions
from ddns.models import Hostname
from dnsupdate.rrsets import RRsets

# A device's update of one of these names waits for the whole chunk (bench/takedown.py).
CHUNK = 1000

_Action = OrderGroup.Action
_State = OrderItem.State
_KINDS = {
    _Action.SUSPEND: Suspension.Kind.SUSPENDED,
    _Action.DIVERT: Suspension.Kind.DIVERTED,
    _Action.HOLD: Suspension.Kind.HELD,
}


@dataclass(slots=True)
class Chunk:
    """What became of some items. is_last: no more are left to be looked at in this step."""

    items: Sequence[OrderItem]
    is_last: bool
    done: list[OrderItem] = field(default_factory=list)
    left: list[OrderItem] = field(default_factory=list)


def to_act(order: Order) -> QuerySet[OrderItem]:
    return order.items.filter(state=_State.LISTED, group__in=_acting(order).values("key"))


def to_undo(order: Order) -> QuerySet[OrderItem]:
    """Without a person who undoes it (it ends by itself) accounts stay preserved: that has terms of its own."""
    acted = order.items.filter(state=_State.ACTED)
    if order.undone_by_id is not None:
        return acted
    return acted.exclude(group__in=order.groups.filter(action=_Action.PRESERVE).values("key"))


def act(order: Order, now: datetime) -> Chunk:
    """The next items are acted on as their groups say; those that changed since they were planned are left, and say why.

    Locks accounts that are preserved, and the publications of the hostnames.
    """
    groups = {group.key: group for group in _acting(order).select_related("target")}
    chunk = _chunk(to_act(order).order_by("position"))
    in_dns = [each for each in chunk.items if groups[each.group].action != _Action.PRESERVE]
    _find_left(chunk, in_dns)
    chunk.done = [each for each in chunk.items if not each.problem]
    _cover(order, [each for each in in_dns if not each.problem], groups, now)
    OrderItem.objects.filter(pk__in=[each.pk for each in chunk.done]).update(state=_State.ACTED, acted_at=now)
    OrderItem.objects.bulk_update(chunk.left, ["state", "problem"])
    _tell(order, [each for each in in_dns if not each.problem], is_return=False)
    _enter("act-on-order", order, chunk)
    return chunk


def undo(order: Order, now: datetime) -> Chunk:
    """The last of those that were acted on are not any more: exactly what else covers their names is in force then.

    Locks the publications of the hostnames.
    """
    chunk = _chunk(to_undo(order).order_by("-position"))
    restrictions.lock({each.hostname_id for each in chunk.items if each.hostname_id is not None})
    ids = [each.pk for each in chunk.items]
    freed = covers.uncover_all(ids, reason=order.undo_reason, by=order.undone_by, now=now)
    chunk.done = list(chunk.items)
    OrderItem.objects.filter(pk__in=ids).update(state=_State.UNDONE, undone_at=now)
    _tell(order, [each for each in chunk.items if each.pk in freed], is_return=True)
    _enter("undo-order", order, chunk)
    return chunk


def _acting(order: Order) -> QuerySet[OrderGroup]:
    return order.groups.exclude(action=_Action.NONE)


def _chunk(items: QuerySet[OrderItem]) -> Chunk:
    found = list(items.defer("text", "note")[:CHUNK])
    return Chunk(found, is_last=len(found) < CHUNK)


def _is_preserved(order: Order, group: OrderGroup) -> bool:
    return group.action == _Action.PRESERVE or order.kind == Order.Kind.PRESERVATION


def _preserve(order: Order, items: Iterable[OrderItem], now: datetime) -> None:
    """Of the accounts that held the names when it was planned, whoever has the names by now."""


def _find_left(chunk: Chunk, items: Sequence[OrderItem]) -> None:
    """Those whose names are not what they were when somebody decided about them. Locks the publications first."""
    restrictions.lock({each.hostname_id for each in items if each.hostname_id is not None})
    rows = Hostname.objects.filter(pk__in={each.hostname_id for each in items}).values_list(
        "pk", "account", "released_at", "account__is_staff", "name", "domain__name"
    )
    standing = {row[0]: row[1:] for row in rows}
    for item in items:
        item.problem = _problem(item, standing.get(item.hostname_id or 0))
        if item.problem:
            item.state = _State.LEFT
            chunk.left.append(item)


def _problem(item: OrderItem, standing: tuple | None) -> str:
    if standing is None:
        return "No customer of ours holds it."
    account, released_at, is_staff, name, apex = standing
    label, _, rest = name.partition(".")
    if rest != apex or hostnames.is_kept(label):
        return "It is a name of the platform itself."
    if released_at is not None:
        return f"It was released at {released_at:%Y-%m-%d %H:%M} UTC, after it was planned."
    if account != item.account_id:
        return "Somebody else holds it than when it was planned."
    return "It is held by staff by now." if is_staff else ""


def _cover(order: Order, items: Sequence[OrderItem], groups: Mapping[str, OrderGroup], now: datetime) -> None:
    if not items:
        return
    answers = {key: _answer(group.target) for key, group in groups.items()}
    kinds = {key: _KINDS.get(_Action(group.action)) for key, group in groups.items()}
    wanted = [
        Cover(each.hostname_id, each.pk, kind, answers[each.group])
        for each in items
        if each.hostname_id is not None and (kind := kinds[each.group]) is not None
    ]
    covers.cover_all(wanted, reason=order.reason, by=order.proposed_by, now=now, ends_at=order.ends_at)


def _answer(target: DiversionTarget | None) -> RRsets:
    return {} if target is None else answer_of(target)


def _tell(order: Order, items: Iterable[OrderItem], *, is_return: bool) -> None:
    """One notice for each account, and none before the seal ends."""


def _enter(action: str, order: Order, chunk: Chunk) -> None:
    """One entry for all, with a hash by which the list of names can be checked: SHA-256 of them, one a line, in order."""
    if not chunk.items:
        return
    positions = [each.position for each in chunk.items]
    names = "".join(f"{each.name}\n" for each in chunk.done)
    # Now, so that nobody else's entry waits for the keys of a thousand rows to be checked.
    connection.check_constraints()
    ledger.append(
        actor=order.proposed_by if action == "act-on-order" else order.undone_by,
        action=action,
        object=f"order {order.pk}",
        reason=order.reason if action == "act-on-order" else order.undo_reason,
        details={
            "order": str(order.pk),
            "first": min(positions),
            "last": max(positions),
            "count": len(chunk.done),
            "left": len(chunk.left),
            "sha256": hashlib.sha256(names.encode()).hexdigest(),
        },
    )
