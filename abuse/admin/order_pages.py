"""The page of an order: what its templates want, and the small forms on it: a decision for each group, who handles it."""

from collections.abc import Callable, Mapping

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from abuse import order_acts, order_handlers, order_queue, plan_groups, plans
from abuse.admin import order_steps
from abuse.errors import AbuseError, InvalidParameter, PlanChanged
from abuse.models import DiversionTarget, Order, OrderGroup, OrderItem
from abuse.order_screen import GroupRow
from ddns.errors import DdnsError
from ddns.models import User

Action = OrderGroup.Action
Decided = dict[str, tuple[Action, DiversionTarget | None, str]]

MAX_REASON_CHARACTERS = 2000


def context(order: Order, user: User) -> dict:
    seen = order_steps.look(order, user)
    screen = seen.screen
    handlers = list(order.handlers.order_by("email"))
    may_act = user.has_perm("abuse.act_on_order")
    may_decide = may_act and order.state == Order.State.PLANNED
    return {
        "screen": screen,
        "clock": screen.clock,
        "steps": order_steps.offered(seen),
        "collateral": seen.collateral,
        "second_look": seen.second_look,
        "preview": seen.preview,
        "handlers": handlers,
        "candidates": [(each, each in handlers) for each in order_handlers.candidates()] if may_act else [],
        "may_decide": may_decide,
        "rows": [(row, _possible(order, row)) for row in screen.groups],
        "targets": list(_targets()) if may_decide else [],
        "states": [(state, OrderItem.State(state).label, count) for state, count in screen.states.items()],
        **progress(order),
    }


def _possible(order: Order, row: GroupRow) -> list[tuple[str, str]]:
    """What can be chosen for a group; nothing, where there is no choice."""
    actions = plan_groups.possible(order, row.group.key) if row.is_held else ()
    return [(each.value, each.label) for each in Action if each in actions] if len(actions) > 1 else []


def progress(order: Order) -> dict:
    """How far it is. No query."""
    said = order_acts.progress(order)
    done = said.done_count + said.left_count
    return {
        "progress": said,
        "percent": round(100 * done / said.total_count) if said.total_count else 0,
        "is_moving": order.state in (*order_queue.UNDER_WAY, Order.State.RECEIVED) and not order.plan_problem,
    }


def decide(request: HttpRequest, order: Order) -> None:
    """One decision for each group that the form names; the others stay as they are."""
    _check(request, "abuse.act_on_order")

    def act() -> None:
        # What was decided by somebody else since the page was made is not overwritten unseen.
        if request.POST.get("digest", "") != order.plan_digest:
            raise PlanChanged
        plans.decide(order, groups=_decided(request.POST, order), by=request.user)

    _do(request, act, "Saved: the plan says so now. Nothing is done before it is acted on.")


def assign(request: HttpRequest, order: Order) -> None:
    _check(request, "abuse.act_on_order")
    numbers = [int(each) for each in request.POST.getlist("handler") if each.isdecimal() and len(each) < 16]
    people = list(User.objects.filter(pk__in=numbers))
    _do(request, lambda: order_handlers.assign(order, handlers=people, by=request.user), "Saved.")


def _decided(said: Mapping[str, str], order: Order) -> Decided:
    """Raises InvalidParameter."""
    found: Decided = {}
    for group in order.groups.all():
        action = said.get(f"action-{group.key}")
        if action is None:
            continue
        if action not in Action.values:
            raise InvalidParameter(f"“{action[:20]}” is nothing that can be done about names.")
        reason = said.get(f"reason-{group.key}", "").strip()[:MAX_REASON_CHARACTERS]
        target = _target(said.get(f"target-{group.key}", "")) if action == Action.DIVERT else None
        found[group.key] = (Action(action), target, reason)
    return found


def _target(text: str) -> DiversionTarget:
    is_number = text.isdecimal() and len(text) < 10
    target = _targets().filter(pk=text).first() if is_number else None
    if target is None:
        raise InvalidParameter("choose where the names are diverted to.")
    return target


def _targets() -> QuerySet[DiversionTarget]:
    """Where names may be diverted to now."""
    return DiversionTarget.objects.exclude(pk__in=DiversionTarget.objects.over(timezone.now()).values("pk"))


def _check(request: HttpRequest, permission: str) -> None:
    if not request.user.has_perm(permission):
        raise PermissionDenied


def _do(request: HttpRequest, act: Callable[[], object], done: str) -> None:
    try:
        act()
    except (AbuseError, DdnsError) as error:
        messages.error(request, str(error))
    else:
        messages.success(request, done)
