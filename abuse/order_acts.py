"""Acts of orders: proposed, approved by a second person, carried out chunk by chunk, stopped, resumed, undone exactly."""

import logging
import time
import uuid
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import redis
from celery import current_app
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerError

from abuse import diversions, effect_proofs, effects, ledger, order_chunks, order_looks, plans
from abuse.actions.act import clean
from abuse.errors import (
    InvalidOrder,
    NotAllowed,
    NotUndoable,
    OrderNotThere,
    PlanChanged,
    ReasonMissing,
    SamePerson,
)
from abuse.models import DiversionTarget, EffectReport, Order, OrderGroup, OrderItem
from ddns.models import User
from dnsupdate import wake

logger = logging.getLogger(__name__)

# Between two chunks, so that whoever waits for the order or for one of its names has its turn.
BREATH = timedelta(milliseconds=5)
# What one run of the task does; what is left then is the next one's.
RUN_SECONDS = 30.0
ENDED = "It ended, as was decided with it."
FAILED = "Something went wrong on our side: it is in the log. It is tried again."

_State = Order.State
_BEFORE_ACT = (_State.RECEIVED, _State.PLANNED, _State.PROPOSED)
_UNDER_WAY = (_State.ACTING, _State.UNDOING)
_ACTED = (_State.ACTING, _State.STOPPED, _State.PROVING, _State.ANSWERED)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an order is in its present or last step: "act", "undo", or "" before the first. Counts are of items.

    left_count is of those that had changed since they were planned. problem says why it does not go on, if it does not.
    """

    step: str
    done_count: int
    left_count: int
    total_count: int
    is_finished: bool
    is_stopped: bool
    problem: str


@transaction.atomic
def propose(order: Order, *, reason: str, by: User) -> Order:
    """Begins to act, or waits for a second person where one is needed (second_look).

    Locks the order. Raises ReasonMissing, NotAllowed, OrderNotThere, InvalidOrder for one whose end has passed,
    PlanChanged where the plan is too old, and BeyondCapacity.
    """
    reason = _required(reason)
    order = _lock(order)
    _check(order, by, "act_on_order", _State.PLANNED)
    _check_end(order)
    plans.check_fresh(order)
    _check_targets(order)
    why = order_looks.why(order, by)
    order.proposed_by, order.proposed_at, order.reason = by, timezone.now(), reason
    order.approved_by, order.approved_at, order.approved_digest = None, None, ""
    order.proposal = {"second_look": why, "digest": order.plan_digest}
    if why:
        order.state = _State.PROPOSED
        order.save()
        _enter("propose-order", order, by, reason, digest=order.plan_digest, second_look=why)
        return order
    _begin(order, by, reason)
    return order


@transaction.atomic
def approve(order: Order, *, by: User, digest: str) -> Order:
    """Begins to act as proposed, if the plan is still the one that by has seen: digest is that of what was shown.

    Locks the order. Raises NotAllowed, SamePerson, OrderNotThere, InvalidOrder, PlanChanged, BeyondCapacity.
    """
    order = _lock(order)
    _check(order, by, "approve_order", _State.PROPOSED)
    if order.proposed_by_id == by.pk:
        raise SamePerson
    _check_end(order)
    _check_digest(order, digest)
    _check_targets(order)
    order.approved_by, order.approved_at, order.approved_digest = by, timezone.now(), digest
    _begin(order, by, order.reason)
    return order


@transaction.atomic
def refuse_proposal(order: Order, *, by: User, reason: str) -> Order:
    """Nothing is done, and it is planned as before. Whoever proposed it may take it back so.

    Locks the order. Raises ReasonMissing, NotAllowed, OrderNotThere.
    """
    reason = _required(reason)
    order = _lock(order)
    right = "act_on_order" if order.proposed_by_id == by.pk else "approve_order"
    _check(order, by, right, _State.PROPOSED)
    order.state, order.proposal = _State.PLANNED, {**order.proposal, "refusal": reason}
    order.save(update_fields=["state", "proposal"])
    _enter("refuse-proposal-of-order", order, by, reason)
    return order


@transaction.atomic
def stop(order: Order, *, by: User, reason: str) -> Order:
    """At the end of the chunk that is under way, or before the first; what was done stays until it is undone.

    Locks the order. Raises ReasonMissing, NotAllowed, OrderNotThere.
    """
    reason = _required(reason)
    order = _lock(order)
    _check(order, by, "act_on_order", *_BEFORE_ACT, *_UNDER_WAY)
    order.progress = {**order.progress, "stopped_in": order.state}
    order.state, order.stopped_by, order.stopped_at = _State.STOPPED, by, timezone.now()
    order.save(update_fields=["state", "stopped_by", "stopped_at", "progress"])
    _enter("stop-order", order, by, reason)
    return order


@transaction.atomic
def resume(order: Order, *, by: User) -> Order:
    """Goes on where it was stopped; one that was proposed is to be proposed anew.

    Names whose target is over by now are suspended instead, as those are that it had. Locks the order, then the targets.
    Raises NotAllowed, OrderNotThere, and for an act InvalidOrder where its end has passed, PlanChanged where it would not be
    what was approved (a target that leads elsewhere by now), and BeyondCapacity.
    """
    order = _lock(order)
    _check(order, by, "act_on_order", _State.STOPPED)
    stopped_in = order.progress.get("stopped_in", _State.RECEIVED)
    if stopped_in == _State.ACTING:
        _check_end(order)
        if order.approved_digest:
            _check_digest(order, order.approved_digest)
        # While it stood still its room was others'.
        _check_capacity(order)
    order.state = _State.PLANNED if stopped_in == _State.PROPOSED else _State(stopped_in)
    order.stopped_by, order.stopped_at = None, None
    order.progress = {name: value for name, value in order.progress.items() if name != "stopped_in"}
    order.save(update_fields=["state", "stopped_by", "stopped_at", "progress"])
    _enter("resume-order", order, by, "")
    if order.state in _UNDER_WAY:
        transaction.on_commit(wake_runner)
    return order


@transaction.atomic
def undo(order: Order, *, by: User, reason: str) -> Order:
    """Begins to undo all that was done for it, whether or not it was finished; what others decided meanwhile stays.

    Locks the order. Raises ReasonMissing, NotAllowed, OrderNotThere, and NotUndoable where nothing of it is in force.
    """
    reason = _required(reason)
    order = _lock(order)
    _check(order, by, "act_on_order", *_ACTED)
    if not order.items.filter(state=OrderItem.State.ACTED).exists():
        raise NotUndoable("nothing of it is in force.")
    _begin_undoing(order, by, reason)
    return order


def second_look(order: Order, *, by: User) -> str:
    """Why a second person has to look before it is carried out as it is planned, or nothing."""
    return order_looks.why(order, by)


def progress(order: Order) -> Progress:
    """From the row as it was read: no query."""
    said = order.progress
    return Progress(
        step=said.get("step", ""),
        done_count=said.get("done", 0),
        left_count=said.get("left", 0),
        total_count=said.get("total", 0),
        is_finished=said.get("is_finished", False),
        is_stopped=order.state == _State.STOPPED,
        problem=said.get("problem", ""),
    )


def run_due() -> int:
    """Goes on with what was not finished, the oldest first; gives how many orders. May be stopped and run again."""
    due = Order.objects.filter(state__in=_UNDER_WAY).order_by("filed_at").values_list("pk", flat=True)
    ends_at = time.monotonic() + RUN_SECONDS
    for order_id in (found := list(due)):
        run(order_id, seconds=max(0.0, ends_at - time.monotonic()))
    return len(found)


def run(order_id: uuid.UUID, *, seconds: float) -> None:
    """Chunk after chunk until it is finished or stopped, somebody else is at it, or the time is over."""
    ends_at = time.monotonic() + seconds
    try:
        while _run_chunk(order_id) and time.monotonic() < ends_at:
            time.sleep(BREATH.total_seconds())
    except (OperationalError, InterfaceError) as error:
        # Two that waited for each other, or the database is away: nothing of this chunk was kept, and the next run does it.
        logger.warning("Order %s waits for its next run: %s", order_id, error)
    except Exception:
        logger.exception("Order %s.", order_id)
        _note_problem(order_id)


def end_due(now: datetime) -> int:
    """Begins to undo what shall last until now; gives how many orders. Each is a transaction; may be run again.

    Not where accounts were preserved and nothing else: that has terms of its own, and nothing would be undone.
    """
    in_dns = OrderGroup.objects.filter(order=OuterRef("order"), key=OuterRef("group"), action__in=effect_proofs.IN_DNS)
    acted = OrderItem.objects.filter(Exists(in_dns), order=OuterRef("pk"), state=OrderItem.State.ACTED)
    due = Order.objects.filter(Exists(acted), ends_at__lte=now, state__in=_ACTED, undone_at=None).order_by("ends_at")
    return sum(_end_one(order, now) for order in due)


def wake_runner() -> None:
    """Call it after the commit. The row is the queue: a wake-up that gets lost costs the seconds until the periodic task."""
    try:
        if wake.redis_client().set("run-orders", 1, nx=True, px=100):
            current_app.send_task("abuse.tasks.run_orders", queue="abuse", retry=False)
    except (redis.RedisError, BrokerError, OSError) as error:
        logger.warning("No wake-up for the orders: %s", error)


@transaction.atomic
def _run_chunk(order_id: uuid.UUID) -> bool:
    """Whether there is more to do, and nobody else at it."""
    locked = Order.objects.select_for_update(of=("self",), no_key=True, skip_locked=True)
    order = locked.select_related("proposed_by", "undone_by").filter(pk=order_id, state__in=_UNDER_WAY).first()
    if order is None:
        return False
    now = timezone.now()
    is_undoing = order.state == _State.UNDOING
    chunk = order_chunks.undo(order, now) if is_undoing else order_chunks.act(order, now)
    said = {**order.progress, "problem": ""}
    said["done"] += len(chunk.done)
    said["left"] += len(chunk.left)
    said["is_finished"] = chunk.is_last
    order.progress = said
    if chunk.is_last:
        order.state = _State.PROVING
        setattr(order, "undone_at" if is_undoing else "acted_at", now)
        transaction.on_commit(effects.wake_prover)
    order.save(update_fields=["progress", "state", "acted_at", "undone_at"])
    return not chunk.is_last


def _end_one(order: Order, now: datetime) -> bool:
    try:
        return _end(order, now)
    except Exception:
        # Else those behind it would never end.
        logger.exception("Order %s could not be ended.", order.pk)
        return False


@transaction.atomic
def _end(order: Order, now: datetime) -> bool:
    order = _lock(order)
    if order.state not in _ACTED or order.ends_at is None or order.ends_at > now or order.undone_at is not None:
        return False
    _begin_undoing(order, None, ENDED)
    return True


def _begin(order: Order, by: User, reason: str) -> None:
    total = order_chunks.to_act(order).count()
    order.state, order.progress = _State.ACTING, _begun("act", total)
    order.stopped_by, order.stopped_at = None, None
    effect_proofs.note_serials(order, of=EffectReport.Of.ACT)
    order.save()
    _enter("begin-order", order, by, reason, digest=order.plan_digest, count=total)
    transaction.on_commit(wake_runner)


def _begin_undoing(order: Order, by: User | None, reason: str) -> None:
    order.undone_by, order.undo_reason = by, reason
    total = order_chunks.to_undo(order).count()
    order.state, order.progress = _State.UNDOING, _begun("undo", total)
    effect_proofs.note_serials(order, of=EffectReport.Of.UNDOING)
    order.stopped_by, order.stopped_at = None, None
    order.save()
    _enter("begin-undoing-order", order, by, reason, count=total)
    transaction.on_commit(wake_runner)


def _begun(step: str, total: int) -> dict[str, Any]:
    return {"step": step, "done": 0, "left": 0, "total": total, "is_finished": False, "problem": ""}


def _note_problem(order_id: uuid.UUID) -> None:
    with transaction.atomic():
        order = _lock(Order(pk=order_id))
        order.progress = {**order.progress, "problem": FAILED}
        order.save(update_fields=["progress"])


def _lock(order: Order) -> Order:
    locked = Order.objects.select_for_update(of=("self",), no_key=True)
    return locked.select_related("agency", "proposed_by", "approved_by").get(pk=order.pk)


def _check(order: Order, by: User, right: str, *states: Order.State) -> None:
    """Raises NotAllowed, OrderNotThere."""
    if not by.is_active or not by.has_perm(f"abuse.{right}"):
        raise NotAllowed(f"it takes the right to “{right}”.")
    if not Order.objects.visible_to(by).filter(pk=order.pk).exists():
        raise NotAllowed("it is sealed, and you are not named for it.")
    if order.state not in states:
        raise OrderNotThere(f"it is {order.get_state_display()}.")


def _check_end(order: Order) -> None:
    if order.ends_at is not None and order.ends_at <= timezone.now():
        raise InvalidOrder("its end has passed, and nothing of it would stand.")


def _check_digest(order: Order, digest: str) -> None:
    """Of what was shown, what was proposed and what the rows say now. Raises PlanChanged."""
    if not digest == order.plan_digest == order.proposal["digest"] == plans.digest_of(order):
        raise PlanChanged(f"it was planned at {order.planned_at:%Y-%m-%d %H:%M} UTC." if order.planned_at else "")


def _check_targets(order: Order) -> None:
    """Raises InvalidOrder for a target that is no more, and BeyondCapacity. Locks the targets."""
    for target in _wanted(order):
        if why := target.why_over(timezone.now()):
            raise InvalidOrder(f"the target “{target}” {why}.")
    _check_capacity(order)


def _check_capacity(order: Order) -> None:
    """Of targets that are not over. Raises BeyondCapacity. Locks them."""
    for target, count in _wanted(order).items():
        if not target.why_over(timezone.now()):
            diversions.check_capacity(target, count, order=order)


def _wanted(order: Order) -> Counter[DiversionTarget]:
    """How many names it is still to divert to each target, by primary key: in that order they are locked."""
    counts: Counter[DiversionTarget] = Counter()
    for group in order.groups.filter(action=OrderGroup.Action.DIVERT).select_related("target").order_by("target"):
        if group.target is not None:
            counts[group.target] += order.items.filter(group=group.key, state=OrderItem.State.LISTED).count()
    return counts


def _enter(action: str, order: Order, by: User | None, reason: str, **details: Any) -> None:
    ledger.append(
        actor=by,
        action=action,
        object=f"order {order.pk}",
        reason=reason,
        details={"order": str(order.pk), "reference": order.reference, **details},
    )


def _required(reason: str) -> str:
    if not clean(reason):
        raise ReasonMissing
    return clean(reason)
