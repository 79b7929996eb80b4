"""Plans: what each line of an order is to us, what is to be done with each group, and a digest that binds an approval to it."""

import logging
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import redis
from celery import current_app
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Count, QuerySet
from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerError

from abuse import collateral, ledger, plan_answers, plan_checks, plan_digests, plan_groups, plan_items
from abuse.collateral import Collateral
from abuse.errors import InvalidParameter, NotAllowed, OrderNotThere, Unreadable
from abuse.intake import letters, limits
from abuse.intake.letters import Letter, Line
from abuse.models import DiversionTarget, Order, OrderFile, OrderGroup, OrderItem
from ddns.models import User
from dnsupdate import wake as wakes

logger = logging.getLogger(__name__)

State = Order.State
_PLANNABLE = frozenset({State.RECEIVED, State.PLANNED, State.PROPOSED, State.STOPPED})
_DECIDABLE = frozenset({State.PLANNED, State.PROPOSED})
# In one run of the periodic task; the next is there soon.
_CHUNK = 100
_MARK_MILLISECONDS = 500
_NO_LIST = "It came without a list of names."
_FAILED = "It could not be planned. What went wrong is in the log."
_VOID = "The proposal that waited is void: it was another plan."


def make(order: Order) -> Order:
    """Reads the list and writes an item for each line, with groups; nothing else changes. Planned again it begins anew.

    Where the list cannot be read plan_problem says why, and the state stays. A group with the same items keeps what was
    decided for it. Locks the order. Raises OrderNotThere once something was acted on. 18,472 lines take some seconds.
    """
    began = time.monotonic()
    try:
        lines, figures = _read(order)
    except Unreadable as error:
        return _refuse(order, " ".join(map(str, error.args)))
    with transaction.atomic():
        order = _locked(order, _PLANNABLE)
        if order.acted_at is not None or order.items.exclude(state=OrderItem.State.LISTED).exists():
            raise OrderNotThere("something was acted on, and its items are what says so.")
        now = timezone.now()
        former = plan_groups.decided(order)
        plan_items.write(order, lines, now=now)
        plan_groups.renew(order, former)
        order.planned_at, order.plan_problem = now, ""
        order.plan = figures | _counts(order)
        void = _replan(order)
        _enter(order, "plan-order", None, reason=void)
    logger.info("Order %s: %d lines planned in %.2f s", order.pk, len(lines), time.monotonic() - began)
    return order


def make_due() -> int:
    """Plans what was received, the oldest first; gives how many. Several may run at once, be killed, and run again."""
    return sum(_make_due(order) for order in _due().order_by("filed_at")[:_CHUNK])


def wake() -> None:
    """Once what was written is committed: plans what was received."""
    transaction.on_commit(_wake)


def decide(
    order: Order, *, groups: Mapping[str, tuple[OrderGroup.Action, DiversionTarget | None, str]], by: User
) -> Order:
    """What is to be done with the items of each group, by its key; a proposal that waits is void, since it was another plan.

    Locks the order. Raises NotAllowed, OrderNotThere, InvalidParameter with what makes no sense.
    """
    if not by.has_perm("abuse.act_on_order"):
        raise NotAllowed("it takes the right to act on orders.")
    if not Order.objects.visible_to(by).filter(pk=order.pk).exists():
        raise NotAllowed("it is sealed, and you are not named for it.")
    with transaction.atomic():
        order = _locked(order, _DECIDABLE)
        rows = {group.key: group for group in order.groups.select_for_update()}
        with_hostnames = plan_groups.has_hostnames(order)
        for key, (action, target, reason) in groups.items():
            if key not in rows:
                raise InvalidParameter(f"“{key}” is no group of this plan.")
            choice = (OrderGroup.Action(action), target, reason.strip())
            plan_groups.check(order, key, choice, has_hostnames=key in with_hostnames)
            rows[key].action, rows[key].target, rows[key].reason = choice
        OrderGroup.objects.bulk_update(rows.values(), ["action", "target", "reason"])
        void = _replan(order)
        _enter(order, "decide-order", by, reason=void)
    return order


def digest_of(order: Order) -> str:
    """SHA-256 of what the plan says now: the order's items with their holders, its groups and what is to be done with each."""
    return plan_digests.of(order)


def check_fresh(order: Order) -> None:
    """Raises PlanChanged where names changed hands, were released or registered since it was planned. Set-based."""
    plan_checks.check_fresh(order)


def collateral_of(order: Order) -> Collateral:
    """What the decided groups touch. Ten queries at most, however many items."""
    return collateral.of(order)


def answer_preview(order: Order) -> str:
    """The letter that would go back, as plain text, in the language that is active."""
    return plan_answers.preview(order)


def _due() -> QuerySet[Order]:
    return Order.objects.to_plan().filter(plan_problem="")


def _make_due(order: Order) -> bool:
    """Whether it was planned, and by us: another worker that is at it has the row."""
    try:
        with transaction.atomic():
            locked = _due().select_for_update(of=("self",), skip_locked=True, no_key=True).filter(pk=order.pk).first()
            return locked is not None and not make(locked).plan_problem
    except (OperationalError, InterfaceError) as error:
        # The database went away, or two waited for each other: the next run sees.
        logger.warning("Order %s waits for its planning: %s", order.pk, error)
    except Exception:
        # One letter that nobody thought of must not keep all others waiting.
        logger.exception("Order %s could not be planned.", order.pk)
        _due().filter(pk=order.pk).update(plan_problem=_FAILED)
    return False


def _read(order: Order) -> tuple[list[Line], dict[str, Any]]:
    """The lines of all its lists, numbered through, and figures of what was passed over. Raises Unreadable."""
    files = list(order.files.filter(role=OrderFile.Role.NAMES).select_related("blob").order_by("pk"))
    if not files:
        raise Unreadable(_NO_LIST)
    read = [_letter(file) for file in files]
    lines = [
        replace(line, position=position)
        for position, line in enumerate((line for letter in read for line in letter.lines), 1)
    ]
    if len(lines) > limits.MAX_LINES:
        raise Unreadable(f"More than {limits.MAX_LINES:,} names. File it in parts.")
    return lines, _figures(read, files)


def _letter(file: OrderFile) -> Letter:
    return letters.read(bytes(file.blob.content), content_type=file.content_type, filename=file.filename)


def _figures(read: Iterable[Letter], files: Iterable[OrderFile]) -> dict[str, Any]:
    read = list(read)
    return {
        "formats": [letter.format for letter in read],
        "files": [file.blob_id for file in files],
        "line_count": sum(letter.line_count for letter in read),
        "comment_count": sum(letter.comment_count for letter in read),
        "blank_count": sum(letter.blank_count for letter in read),
        "passed_over": sum(letter.passed_over for letter in read),
        "further_count": sum(letter.further_count for letter in read),
    }


def _counts(order: Order) -> dict[str, Any]:
    by_outcome = dict(order.items.order_by().values_list("outcome").annotate(Count("pk")))
    counts = {outcome.value: by_outcome.get(outcome.value, 0) for outcome in OrderItem.Outcome}
    return {"counts": counts, "item_count": sum(counts.values())}


def _locked(order: Order, states: frozenset[Order.State]) -> Order:
    rows = Order.objects.select_for_update(of=("self",), no_key=True).select_related("officer__account", "agency")
    locked = rows.get(pk=order.pk)
    if locked.state not in states:
        raise OrderNotThere(f"it is {locked.get_state_display()}.")
    return locked


def _refuse(order: Order, problem: str) -> Order:
    Order.objects.filter(pk=order.pk, state__in=_PLANNABLE).update(plan_problem=problem)
    order.refresh_from_db()
    return order


def _replan(order: Order) -> str:
    """Another plan, of which nothing was proposed or approved yet; gives what is to be said of that."""
    void = _VOID if order.state == State.PROPOSED else ""
    order.plan = order.plan | {"collateral": collateral.of(order).as_json()}
    order.plan_digest = plan_digests.of(order)
    order.state, order.proposal, order.reason = State.PLANNED, {}, ""
    order.proposed_by = order.proposed_at = order.approved_by = order.approved_at = None
    order.approved_digest = ""
    order.save(
        update_fields=[
            *("state", "planned_at", "plan", "plan_digest", "plan_problem", "proposal", "reason"),
            *("proposed_by", "proposed_at", "approved_by", "approved_at", "approved_digest"),
        ]
    )
    return void


def _enter(order: Order, action: str, by: User | None, *, reason: str) -> None:
    groups = order.groups.order_by("pk").values_list("key", "item_count", "action", "target", "reason")
    details = {"order": str(order.pk), "digest": order.plan_digest, "groups": [list(group) for group in groups]}
    ledger.append(actor=by, action=action, object=f"order {order.pk}", reason=reason, details=details)


def _wake() -> None:
    """The row is the queue: a wake-up that gets lost costs the seconds until the periodic task."""
    try:
        if wakes.redis_client().set("plan-orders", 1, nx=True, px=_MARK_MILLISECONDS):
            current_app.send_task("abuse.tasks.plan_orders", queue="abuse", retry=False)
    except (redis.RedisError, BrokerError, OSError) as error:
        logger.warning("No wake-up for the planners of orders: %s", error)
