"""Targets of diversion: where names may be sent and how many, each change in the ledger; names leave DNS with their target.

Whoever gets the addresses of a sinkhole that was given up would get what its victims send.
"""

import hashlib
import logging
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q
from django.utils import timezone

from abuse import ledger, messages
from abuse.errors import BeyondCapacity, InvalidParameter, NotAllowed
from abuse.models import DiversionTarget, Message, Order, OrderGroup, OrderItem, Suspension
from abuse.models.suspensions import SuspensionQuerySet
from ddns import addresses, notifications, restrictions
from ddns.models import Restriction, User
from ddns.models.notifications import Kind
from ddns.restrictions import Imposed
from dnsupdate import alarms
from dnsupdate.models import Alarm, Nameserver

logger = logging.getLogger(__name__)

MAX_ADDRESSES = 8
MAX_TTL_SECONDS = 3600
# Before an agreement ends: enough to renew it, or to find another partner.
WARNED_BEFORE = timedelta(days=14)
# Names that share a transaction: a device's update waits for its locks for some tens of milliseconds.
CHUNK = 500
# In one run of the periodic task: as many names as the largest order known had, and more.
MOST = 20_000
# To a sinkhole that has declared nothing: as many as one decision touches.
MOST_UNDECLARED = 20
_GONE = Imposed(Restriction.Kind.SUSPENDED, {})


@dataclass(frozen=True, slots=True)
class Load:
    """What a target has to carry. capacity is None where nothing was declared; connections are expected ones, a second."""

    name_count: int
    connections: float
    capacity: int | None

    @property
    def share(self) -> float | None:
        return self.connections / self.capacity if self.capacity else None


def check(target: DiversionTarget) -> None:
    """Raises InvalidParameter: names that answer such addresses would harm whoever asks for them, or us."""
    found = [ip_address(each) for each in target.addresses or []]
    if not 0 < len(found) <= MAX_ADDRESSES:
        raise InvalidParameter(f"a target has from 1 to {MAX_ADDRESSES} addresses.")
    if wrong := [each for each in found if not addresses.is_publishable(each)]:
        raise InvalidParameter(f"{wrong[0]} is one that the Internet does not route.")
    if not 0 < target.ttl <= MAX_TTL_SECONDS:
        raise InvalidParameter(f"its TTL is from 1 to {MAX_TTL_SECONDS} seconds: as long as an undoing takes.")
    if target.probe_port is not None and not 0 < target.probe_port < 2**16:
        raise InvalidParameter("its port is from 1 to 65535.")
    if own := _nameservers_among(str(each) for each in found):
        raise InvalidParameter(f"{own} is a nameserver of ours: what is diverted must not reach it.")


@transaction.atomic
def store(target: DiversionTarget, *, by: User) -> DiversionTarget:
    """A new one, or changed; names that were diverted before go on answering what it was, unless it is no more: see watch.

    Other addresses, or another port, were never seen to fail. Raises InvalidParameter, NotAllowed.
    """
    if not by.has_perm("abuse.change_settings"):
        raise NotAllowed("it takes the right to change settings.")
    check(target)
    before = DiversionTarget.objects.select_for_update(no_key=True).filter(pk=target.pk).first()
    if before is not None:
        _keep_what_was_seen(target, before)
    target.save()
    ledger.append(
        actor=by,
        action="change-diversion",
        object=f"diversion {target.name}",
        reason="settings",
        details={
            "target": target.pk,
            "kind": target.kind,
            "addresses": [str(each) for each in target.addresses],
            "ttl": target.ttl,
            "capacity": target.capacity,
            "probe_port": target.probe_port,
            "valid_until": target.valid_until and target.valid_until.isoformat(),
            "is_enabled": target.is_enabled,
        },
    )
    return target


def _keep_what_was_seen(target: DiversionTarget, before: DiversionTarget) -> None:
    """Whoever changes it has read it earlier, and the watch has seen more of it since."""
    is_same = (target.addresses, target.probe_port) == (before.addresses, before.probe_port)
    seen = before if is_same else DiversionTarget()
    target.answered_at, target.failure = seen.answered_at, seen.failure
    target.failing_since, target.failure_count = seen.failing_since, seen.failure_count


def counts() -> dict[int, int]:
    """How many names are diverted to each target now, on cases and for orders. Three queries."""
    found: Counter[int] = Counter()
    on_cases = _diverted().filter(decision__isnull=False).order_by().values_list("decision__parameters__target")
    found.update(dict(on_cases.annotate(Count("pk"))))
    for_orders = _diverted().filter(order_item__isnull=False).order_by()
    by_group = {
        (order, key): count
        for order, key, count in for_orders.values_list("order_item__order", "order_item__group").annotate(Count("pk"))
    }
    groups = OrderGroup.objects.filter(order__in={order for order, _key in by_group}, target__isnull=False)
    for order, key, target in groups.values_list("order", "key", "target"):
        found[target] += by_group.get((order, key), 0)
    return dict(found)


def load_of(target: DiversionTarget, name_count: int) -> Load:
    """With so many names."""
    return Load(name_count, name_count * settings.DIVERTED_NAME_CONNECTIONS, target.capacity)


def check_capacity(target: DiversionTarget, extra_count: int, *, order: Order | None = None) -> None:
    """Whether the target can take so many names more, those of other orders that are on their way included.

    order is the one that they belong to. Locks the target, where a transaction is open, so that no two fill the same
    room; hostnames are locked before it. Raises BeyondCapacity.
    """
    if transaction.get_connection().in_atomic_block:
        target = DiversionTarget.objects.select_for_update(no_key=True).get(pk=target.pk)
    load = load_of(target, counts().get(target.pk, 0) + _on_their_way(target, order) + extra_count)
    if target.capacity is None:
        if target.kind == DiversionTarget.Kind.SINKHOLE and load.name_count > MOST_UNDECLARED:
            raise BeyondCapacity(
                f"“{target}” has declared none, and without that {MOST_UNDECLARED} names are the most; "
                f"it would have {load.name_count:,}. Ask the partner, and enter what it says."
            )
    elif load.connections > target.capacity:
        raise BeyondCapacity(
            f"“{target}” takes {target.capacity:,} connections a second, and {load.name_count:,} names bring some "
            f"{load.connections:,.0f}. Divert fewer, or suspend them."
        )


def watch() -> int:
    """Warns of agreements that end soon and of targets that do not answer, and suspends names whose target is no more.

    Gives how many. In chunks of one transaction each; may run twice. What was suspended so stays, also when the target
    answers again or the agreement is renewed: a person decides anew.
    """
    now = timezone.now()
    _warn(now)
    over = list(DiversionTarget.objects.over(now).values_list("pk", flat=True))
    due = list(_diverted(over).order_by("pk").values_list("pk", flat=True)[:MOST]) if over else []
    return sum(_fall_back_some(due[start : start + CHUNK]) for start in range(0, len(due), CHUNK))


def _diverted(targets: Collection[int] | None = None) -> SuspensionQuerySet:
    """Diversions in force; to these targets, or to any."""
    found = Suspension.objects.in_force().filter(kind=Suspension.Kind.DIVERTED)
    if targets is None:
        return found
    of_item = OrderGroup.objects.filter(
        order=OuterRef("order_item__order"), key=OuterRef("order_item__group"), target__in=list(targets)
    )
    return found.filter(
        Q(decision__parameters__target__in=list(targets)) | Q(Exists(of_item), order_item__isnull=False)
    )


def _on_their_way(target: DiversionTarget, order: Order | None) -> int:
    """Names that other orders are about to divert there."""
    group = OrderGroup.objects.filter(order=OuterRef("order"), key=OuterRef("group"), target=target)
    acting = OrderItem.objects.filter(order__state=Order.State.ACTING, state=OrderItem.State.LISTED)
    return acting.filter(Exists(group)).exclude(order=order).count()


def _warn(now: datetime) -> None:
    used = counts()
    enabled = list(DiversionTarget.objects.filter(is_enabled=True))
    told = [
        *_endings([each for each in enabled if used.get(each.pk)], used, now),
        *(_failure_in_words(each, used.get(each.pk, 0), now) for each in enabled if each.probe_port and each.failure),
    ]
    if told:
        alarms.open(Alarm.Kind.DIVERSION, "\n".join(told))
    else:
        alarms.close(Alarm.Kind.DIVERSION)


def _endings(enabled: Sequence[DiversionTarget], used: dict[int, int], now: datetime) -> list[str]:
    ending = sorted(
        (each.valid_until, each.pk, each)
        for each in enabled
        if each.valid_until is not None and now < each.valid_until <= now + WARNED_BEFORE
    )
    told = [f"{each} at {until:%Y-%m-%d %H:%M} UTC ({used[each.pk]} names)" for until, _pk, each in ending]
    if not told:
        return []
    return [
        f"Agreements about diverted names end: {', '.join(told)}. Renew them, or divert the names elsewhere: what is "
        "diverted there then is suspended."
    ]


def _failure_in_words(target: DiversionTarget, count: int, now: datetime) -> str:
    if why := target.why_over(now):
        return (
            f"The target “{target}” {why}. What was diverted there is suspended instead, and stays so when it answers "
            "again: undo those decisions, or decide anew."
        )
    if target.failing_since is None:
        return (
            f"The target “{target}” answers in part, or cannot be asked from here: {target.failure}. Tell the partner."
        )
    return f"The target “{target}” does not answer: {target.failure}. If it goes on, its {count} names are suspended instead."


def _fall_back_some(suspensions: Sequence[int]) -> int:
    """Those with these numbers; where that fails each by itself, since else those behind it would be diverted for ever."""
    try:
        return _fall_back(suspensions)
    except Exception:
        logger.exception("%d diversions could not be ended together.", len(suspensions))
        return sum(_fall_back_one(each) for each in suspensions) if len(suspensions) > 1 else 0


def _fall_back_one(suspension: int) -> int:
    try:
        return _fall_back([suspension])
    except Exception:
        logger.exception("The diversion %d could not be ended.", suspension)
        return 0


@transaction.atomic
def _fall_back(suspensions: Sequence[int]) -> int:
    restrictions.lock(Suspension.objects.filter(pk__in=suspensions).values_list("hostname", flat=True))
    # A change of the target waits: what is renewed at this moment stays.
    targets = {each.pk: each for each in DiversionTarget.objects.select_for_update(no_key=True).order_by("pk")}
    now = timezone.now()
    why = {pk: reason for pk, each in targets.items() if (reason := each.why_over(now))}
    rows = list(
        _diverted(why)
        .filter(pk__in=suspensions)
        .select_related("hostname__account", "decision__case", "order_item__order__agency")
        .order_by("pk")
    )
    by_group = _targets_of([each.order_item for each in rows if each.order_item is not None])
    Suspension.objects.filter(pk__in=[each.pk for each in rows]).update(kind=Suspension.Kind.SUSPENDED, answer={})
    # Out of DNS is the strongest of all: nothing else that covers these names has a say.
    restrictions.impose_all(dict.fromkeys([each.hostname_id for each in rows], _GONE))
    of_orders: dict[tuple[Order, int], list[Suspension]] = defaultdict(list)
    for row in rows:
        if row.decision is not None:
            target = targets[row.decision.parameters["target"]]
            _tell_case(row, target, why[target.pk])
        elif row.order_item is not None:
            of_orders[(row.order_item.order, by_group[row.order_item.order_id, row.order_item.group])].append(row)
    for (order, pk), some in of_orders.items():
        _enter_for_order(order, targets[pk], why[pk], some)
    return len(rows)


def _targets_of(items: Iterable[OrderItem]) -> dict[tuple[object, str], int]:
    groups = OrderGroup.objects.filter(order__in={each.order_id for each in items}, target__isnull=False)
    return {(order, key): target for order, key, target in groups.values_list("order_id", "key", "target_id")}


def _tell_case(suspension: Suspension, target: DiversionTarget, why: str) -> None:
    decision, hostname = suspension.decision, suspension.hostname
    if decision is None:
        return
    reason = f"The target “{target}” {why}: suspended instead of diverted."
    ledger.append(
        actor=None,
        action="suspend-instead",
        object=f"hostname {hostname.name}",
        reason=reason,
        details={
            "case": decision.case_id,
            "decision": decision.pk,
            "suspension": suspension.pk,
            "target": target.pk,
            "account": hostname.account_id,
        },
    )
    messages.say(decision.case, side=Message.Side.NOTE, text=reason, author=None, is_ours=True)
    if not decision.withheld:
        notifications.tell(hostname.account, Kind.SUSPENDED, hostname=hostname)


def _enter_for_order(order: Order, target: DiversionTarget, why: str, some: Sequence[Suspension]) -> None:
    """One entry for all, as the act has: their names are in its items, and here by a hash."""
    names = sorted(each.hostname.name for each in some)
    ledger.append(
        actor=None,
        action="suspend-instead",
        object=f"order {order.pk}",
        reason=f"The target “{target}” {why}: suspended instead of diverted.",
        details={
            "order": str(order.pk),
            "target": target.pk,
            "name_count": len(names),
            "names_sha256": hashlib.sha256("\n".join(names).encode()).hexdigest(),
        },
    )


def _nameservers_among(texts: Iterable[str]) -> str:
    return Nameserver.objects.filter(host__in=list(texts)).values_list("host", flat=True).first() or ""
