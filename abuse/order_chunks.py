"""Chunks of an order: some hundred of its items acted on, or that undone, in the caller's transaction.

The order is locked; the items say how far it is. Locked in this order: accounts, publications by name, the ledger. Items are
read and written as rows and not as models: of 18,472 of them that was half of the time.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
from typing import Any, NamedTuple

from django.conf import settings
from django.db import connection
from django.db.models import QuerySet, Value
from django.db.models.functions import Collate, StrIndex, Substr

from abuse import covers, holds, ledger, order_notices, preservations
from abuse.actions.divert import answer_of
from abuse.covers import Cover
from abuse.models import DiversionTarget, Order, OrderGroup, OrderItem, OrderNotice, Suspension
from ddns import hostnames, restrictions
from dnsupdate.rrsets import RRsets

# A device's update of one of these names waits for the whole chunk.
CHUNK = 1000

PASSED_OVER = "Something went wrong on our side, and it was passed over: it is in the log."

# Behind the first label: names of a zone stand together, so that a chunk is one or two UPDATE messages and not one for each
# zone, which costs the publisher more than the names.
_BY_ZONE = Collate(Substr("name", StrIndex("name", Value("."))), "C")

_Action = OrderGroup.Action
_Kind = Suspension.Kind
_State = OrderItem.State
# The group of what was planned as a protected name.
PROTECTED = "protected"
_KINDS = {
    _Action.SUSPEND: _Kind.SUSPENDED,
    _Action.DIVERT: _Kind.DIVERTED,
    _Action.HOLD: _Kind.HELD,
}

_STANDING = """
    SELECT hostname.id, hostname.account_id, hostname.released_at, account.is_staff OR account.is_superuser,
        hostname.name, domain.name, account.plan = ANY (%s::text[])
            OR EXISTS (SELECT FROM abuse_protectedname AS protected WHERE protected.name = hostname.name)
    FROM ddns_hostname AS hostname JOIN ddns_user AS account ON account.id = hostname.account_id
        JOIN ddns_domain AS domain ON domain.id = hostname.domain_id
    WHERE hostname.id = ANY (%s::bigint[])
"""
_ACTED = "UPDATE abuse_orderitem SET state = 'acted', acted_at = %s WHERE id = ANY (%s::bigint[])"
_UNDONE = "UPDATE abuse_orderitem SET state = 'undone', undone_at = %s WHERE id = ANY (%s::bigint[])"
_LEFT = """
    UPDATE abuse_orderitem SET state = 'left', problem = seen.problem
    FROM unnest(%s::bigint[], %s::text[]) AS seen(id, problem) WHERE abuse_orderitem.id = seen.id
"""


class Item(NamedTuple):
    """What a chunk reads of an item."""

    pk: int
    position: int
    name: str
    group: str
    hostname: int | None
    account: int | None


@dataclass(slots=True)
class Chunk:
    """What became of some items. is_last: no more are left to be looked at in this step."""

    items: Sequence[Item]
    is_last: bool
    done: Sequence[Item] = ()
    # Why each of these was left.
    left: dict[int, str] = field(default_factory=dict)


def to_act(order: Order) -> QuerySet[OrderItem]:
    return order.items.filter(state=_State.LISTED, group__in=_acting(order).values("key"))


def to_undo(order: Order) -> QuerySet[OrderItem]:
    """Without a person who undoes it (it ends by itself) accounts stay preserved: that has terms of its own."""
    acted = order.items.filter(state=_State.ACTED).exclude(pk__in=order.progress.get("passed_over", []))
    if order.undone_by_id is not None:
        return acted
    return acted.exclude(group__in=order.groups.filter(action=_Action.PRESERVE).values("key"))


def act(order: Order, now: datetime) -> Chunk:
    """The next items are acted on as their groups say; those that changed since they were planned are left, and say why.

    Locks the accounts that are preserved, and the publications of the hostnames.
    """
    groups = {group.key: group for group in _acting(order).select_related("target")}
    chunk = _chunk(_next(order), _most(order))
    preserved = [each for each in chunk.items if _is_preserved(order, groups[each.group])]
    preservations.lock(_accounts(preserved))
    in_dns = [each for each in chunk.items if groups[each.group].action != _Action.PRESERVE]
    chunk.left = {each.pk: "There is no account to preserve." for each in preserved if each.account is None}
    chunk.left |= _left(in_dns)
    chunk.done = [each for each in chunk.items if each.pk not in chunk.left]
    covered = [each for each in in_dns if each.pk not in chunk.left]
    _cover(order, covered, groups, now)
    _execute(_ACTED, now, [each.pk for each in chunk.done])
    if chunk.left:
        _execute(_LEFT, list(chunk.left), list(chunk.left.values()))
    order_notices.queue(order, OrderNotice.About.NAMES, _accounts(covered))
    holds.place_all(order, _accounts(each for each in preserved if each.pk not in chunk.left), now=now)
    _enter("act-on-order", order, chunk)
    return chunk


def undo(order: Order, now: datetime) -> Chunk:
    """Those that were acted on last are not any more: exactly what else covers their names is in force then.

    With the last chunk accounts are preserved no more by this order. Locks those, and the publications of the hostnames.
    """
    chunk = _chunk(_next(order), _most(order))
    is_releasing = chunk.is_last and order.undone_by is not None
    if is_releasing:
        preservations.lock(order.holds.values_list("account", flat=True))
    chunk.done, ids = chunk.items, [each.pk for each in chunk.items]
    restrictions.lock({each.hostname for each in chunk.items if each.hostname is not None})
    freed = covers.uncover_all(ids, reason=order.undo_reason, by=order.undone_by, now=now)
    _execute(_UNDONE, now, ids)
    order_notices.queue(order, OrderNotice.About.RETURN, _accounts(each for each in chunk.items if each.pk in freed))
    if is_releasing:
        holds.release_all(order, by=order.undone_by)
    _enter("undo-order", order, chunk)
    return chunk


def pass_over(order: Order) -> OrderItem | None:
    """The next item, by itself: not acted on, and it says so; or acted on as before, where it is to be undone."""
    item = _next(order).first()
    if item is not None and item.state == _State.LISTED:
        _execute(_LEFT, [item.pk], [PASSED_OVER])
    return item


def _acting(order: Order) -> QuerySet[OrderGroup]:
    return order.groups.exclude(action=_Action.NONE)


def _next(order: Order) -> QuerySet[OrderItem]:
    """What the step under way has still to look at, in its order."""
    if order.state == Order.State.UNDOING:
        return to_undo(order).order_by(_BY_ZONE.desc(), "-position")
    return to_act(order).order_by(_BY_ZONE, "position")


def _most(order: Order) -> int:
    """One at a time for a while after something has failed."""
    return 1 if order.progress.get("singly") else CHUNK


def _chunk(items: QuerySet[OrderItem], most: int) -> Chunk:
    rows = items.values_list("pk", "position", "name", "group", "hostname", "account")
    found = [Item(*row) for row in rows[:most]]
    return Chunk(sorted(found, key=attrgetter("position")), is_last=len(found) < most)


def _left(items: Sequence[Item]) -> dict[int, str]:
    """Those whose names are not what they were when somebody decided about them, and why. Locks the publications first."""
    ids = {each.hostname for each in items if each.hostname is not None}
    restrictions.lock(ids)
    with connection.cursor() as cursor:
        cursor.execute(_STANDING, [settings.ABUSE_PROTECTED_PLANS, list(ids)])
        standing = {row[0]: row[1:] for row in cursor.fetchall()}
    problems = {each.pk: _problem(each, standing.get(each.hostname)) for each in items}
    return {pk: problem for pk, problem in problems.items() if problem}


def _problem(item: Item, standing: tuple | None) -> str:
    if standing is None:
        return "No customer holds it, or nobody may act on it."
    account, released_at, is_staff, name, apex, is_protected = standing
    label, _, rest = name.partition(".")
    if rest != apex or hostnames.is_kept(label):
        return "It is a name of the platform itself."
    if released_at is not None:
        return f"It was released at {released_at:%Y-%m-%d %H:%M} UTC, after it was planned."
    if account != item.account:
        return "Somebody else holds it than when it was planned."
    if is_staff:
        # Who holds it is not for the report.
        return "It is a name of the platform itself."
    # Days may lie between the approval and this, where it was stopped: nobody has decided about it as a protected one.
    return "It is protected by now." if is_protected and item.group != PROTECTED else ""


def _cover(order: Order, items: Sequence[Item], groups: Mapping[str, OrderGroup], now: datetime) -> None:
    # Where nobody listens any more no name is sent: as diversions.watch has it for those that were.
    over = {key for key, group in groups.items() if group.target is not None and group.target.why_over(now)}
    kinds = {
        key: _Kind.SUSPENDED if key in over else _KINDS.get(_Action(group.action)) for key, group in groups.items()
    }
    answers = {key: {} if key in over else _answer(group.target) for key, group in groups.items()}
    wanted = [
        Cover(each.hostname, each.pk, kind, answers[each.group])
        for each in items
        if each.hostname is not None and (kind := kinds[each.group]) is not None
    ]
    covers.cover_all(wanted, reason=order.reason, by=order.proposed_by, now=now, ends_at=order.ends_at)


def _is_preserved(order: Order, group: OrderGroup) -> bool:
    return group.action == _Action.PRESERVE or order.kind == Order.Kind.PRESERVATION


def _accounts(items: Iterable[Item]) -> set[int]:
    """Who held them when it was planned."""
    return {each.account for each in items if each.account is not None}


def _answer(target: DiversionTarget | None) -> RRsets:
    return {} if target is None else answer_of(target)


def _enter(action: str, order: Order, chunk: Chunk) -> None:
    """One entry for all, with a hash by which the list of names can be checked: SHA-256 of them, one a line, in order."""
    if not chunk.items:
        return
    is_undoing = action == "undo-order"
    positions = [each.position for each in chunk.items]
    names = "".join(f"{each.name}\n" for each in chunk.done)
    # Now, so that nobody else's entry waits for the keys of a thousand rows to be checked.
    connection.check_constraints()
    ledger.append(
        actor=order.undone_by if is_undoing else order.proposed_by,
        action=action,
        object=f"order {order.pk}",
        reason=order.undo_reason if is_undoing else order.reason,
        details={
            "order": str(order.pk),
            "first": min(positions),
            "last": max(positions),
            "count": len(chunk.done),
            "left": len(chunk.left),
            "sha256": hashlib.sha256(names.encode()).hexdigest(),
        },
    )


def _execute(statement: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
