"""Groups of plans: what may be done with the items of each, and what is proposed for it at first."""

from collections.abc import Mapping

from django.db import connection
from django.db.models import Count
from django.utils import timezone

from abuse.errors import InvalidParameter
from abuse.models import DiversionTarget, Order, OrderGroup, OrderItem
from abuse.plan_items import SETTLED

Action = OrderGroup.Action
# No secret and no proof of anything (that is the digest): it tells a changed group from the same.
_FINGERPRINTS = """
    SELECT "group", md5(string_agg(concat_ws(' ', position, name, COALESCE(hostname_id, 0), COALESCE(account_id, 0)), ','
        ORDER BY position))
    FROM abuse_orderitem WHERE order_id = %s GROUP BY "group"
"""
Choice = tuple[Action, DiversionTarget | None, str]
_IN_DNS = frozenset({Action.SUSPEND, Action.DIVERT, Action.HOLD})
# In the order of a plan's pages: what wants a decision first.
KEYS = ("live", SETTLED, "dormant", "suspended", "protected", "released", "never", "not_ours", "invalid", "repeated")
# A name that nobody holds has an account at most, of which nothing is to be deleted.
_POSSIBLE: Mapping[str, frozenset[Action]] = {
    "live": frozenset(Action),
    SETTLED: frozenset(Action),
    "dormant": frozenset(Action),
    # It is out of DNS: there is nothing to freeze.
    "suspended": frozenset(Action) - {Action.HOLD},
    "protected": frozenset(Action),
    "released": frozenset({Action.NONE, Action.PRESERVE}),
}
_NOTHING = frozenset({Action.NONE})
_BY_KIND: Mapping[str, frozenset[Action]] = {
    Order.Kind.TAKEDOWN: frozenset(Action),
    # What is only preserved or asked for goes on answering.
    Order.Kind.PRESERVATION: frozenset(Action) - _IN_DNS,
    Order.Kind.INFORMATION: frozenset(Action) - _IN_DNS,
    Order.Kind.EMERGENCY: frozenset(Action) - _IN_DNS,
}
# An old name in steady use, or one that is paid for, is somebody's livelihood more often than others. What a judge has ordered
# is proposed all the same, and a second person looks (order_looks); what is only asked for waits until somebody has looked.
_BINDING = frozenset({Order.Instrument.COURT_ORDER, Order.Instrument.WARRANT})
_LOOK = "Old and in steady use, or paid for: they are looked at first."
_CHOOSE = "Choose where they are diverted to."


def possible(order: Order, key: str) -> frozenset[Action]:
    """What may be decided for a group of this key; whether it has anything to act on is another question."""
    return _POSSIBLE.get(key, _NOTHING) & _BY_KIND[order.kind]


def renew(order: Order, former: Mapping[str, tuple[str, Choice]]) -> None:
    """The groups of the order's items, in the place of those that it had. Runs in the caller's transaction.

    former is what was decided before, by key with the fingerprint of the group: the same items keep their decision.
    """
    order.groups.all().delete()
    counts = dict(order.items.order_by().values_list("group").annotate(Count("pk")))
    now_are = fingerprints(order)
    default = _Defaults(order)
    rows = []
    for key in sorted(counts, key=KEYS.index):
        kept = former.get(key)
        is_same = kept is not None and kept[0] == now_are.get(key)
        action, target, reason = kept[1] if kept is not None and is_same else default.of(key)
        rows.append(
            OrderGroup(order=order, key=key, item_count=counts[key], action=action, target=target, reason=reason)
        )
    OrderGroup.objects.bulk_create(rows)


def decided(order: Order) -> dict[str, tuple[str, Choice]]:
    """Of each group what is decided, with the fingerprint of its items."""
    now_are = fingerprints(order)
    return {
        group.key: (now_are.get(group.key, ""), (Action(group.action), group.target, group.reason))
        for group in order.groups.select_related("target")
    }


def check(order: Order, key: str, choice: Choice, *, has_hostnames: bool) -> None:
    """Raises InvalidParameter with what makes no sense."""
    action, target, _ = choice
    if action not in possible(order, key) or (action != Action.NONE and not has_hostnames):
        why = "of such an order" if action in possible(order, key) | _POSSIBLE.get(key, _NOTHING) else "of such names"
        raise InvalidParameter(f"{action.label} is nothing that can be done {why} ({key}).")
    if action != Action.DIVERT:
        if target is not None:
            raise InvalidParameter(f"only what is diverted has a target ({key}).")
        return
    if target is None:
        raise InvalidParameter(f"where the names of “{key}” are diverted to.")
    if DiversionTarget.objects.over(timezone.now()).filter(pk=target.pk).exists():
        raise InvalidParameter(f"{target} takes no names any more ({key}).")


def fingerprints(order: Order) -> dict[str, str]:
    """By key: what is the same as long as the items of a group and their holders are. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_FINGERPRINTS, [order.pk])
        return dict(cursor.fetchall())


class _Defaults:
    """What is proposed at first: what the order asks for, where it can be done without a further look."""

    def __init__(self, order: Order) -> None:
        self.order = order
        usable = DiversionTarget.objects.exclude(pk__in=DiversionTarget.objects.over(timezone.now()))
        sinkholes = list(usable.filter(kind=DiversionTarget.Kind.SINKHOLE)[:2])
        self.sinkhole = sinkholes[0] if len(sinkholes) == 1 else None

    def of(self, key: str) -> Choice:
        action = self._wanted()
        if key == "suspended" and action == Action.HOLD:
            return Action.NONE, None, ""
        if key == "protected" or action not in possible(self.order, key):
            return Action.NONE, None, ""
        if key == SETTLED and action in _IN_DNS and self.order.instrument not in _BINDING:
            return Action.NONE, None, _LOOK
        if action == Action.DIVERT:
            return (Action.DIVERT, self.sinkhole, "") if self.sinkhole else (Action.NONE, None, _CHOOSE)
        return action, None, ""

    def _wanted(self) -> Action:
        if self.order.kind == Order.Kind.PRESERVATION:
            return Action.PRESERVE
        if self.order.kind != Order.Kind.TAKEDOWN:
            return Action.NONE
        return {
            Order.Effect.NXDOMAIN: Action.SUSPEND,
            Order.Effect.SINKHOLE: Action.DIVERT,
            Order.Effect.FREEZE: Action.HOLD,
        }.get(Order.Effect(self.order.wanted_effect), Action.NONE)


def has_hostnames(order: Order) -> frozenset[str]:
    """Keys of the groups with something to act on."""
    rows = OrderItem.objects.filter(order=order, hostname__isnull=False).order_by()
    return frozenset(rows.values_list("group", flat=True).distinct())
