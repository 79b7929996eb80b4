"""Checks of plans: whether the names are still whose they were when it was made."""

from django.conf import settings
from django.db import connection, transaction

from abuse import index_joins, plan_items
from abuse.errors import PlanChanged
from abuse.models import Order, OrderItem

# Who decides reads some of them; the rest is counted.
_SHOWN = 5
_CHANGED = """
    SELECT item.name FROM abuse_orderitem item
    JOIN ddns_hostname held ON held.id = item.hostname_id
    JOIN ddns_user holder ON holder.id = held.account_id
    WHERE item.order_id = %(order)s AND item.state = 'listed' AND (
        held.account_id <> item.account_id
        OR (held.released_at IS NOT NULL) <> (item.outcome = 'released')
        -- Of what was given up only the account matters, and the plan asks none of this: it would never be fresh.
        OR item.outcome <> 'released' AND (holder.is_staff OR holder.is_superuser)
        OR item.outcome NOT IN ('protected', 'released') AND (
            holder.plan = ANY(%(protected_plans)s)
            OR EXISTS (SELECT FROM abuse_protectedname WHERE name = held.name)
        )
    ) ORDER BY item.position
"""
_REGISTERED = """
    SELECT held.name FROM unnest(%(names)s::text[]) AS listed (name)
    JOIN ddns_hostname held ON held.name = listed.name AND held.released_at IS NULL ORDER BY held.name
"""


def check_fresh(order: Order) -> None:
    """Names that changed hands, were released, registered or protected since the plan. Ten queries at most, however many items.

    Raises PlanChanged with how many and the first of them: it is to be planned again.
    """
    free = order.items.filter(outcome__in=[OrderItem.Outcome.NEVER, OrderItem.Outcome.RELEASED])
    places = plan_items.places(list(free.order_by().values_list("name", flat=True)))
    with transaction.atomic(), connection.cursor() as cursor, index_joins.preferred(cursor):
        cursor.execute(_CHANGED, {"order": order.pk, "protected_plans": settings.ABUSE_PROTECTED_PLANS})
        changed = [name for (name,) in cursor.fetchall()]
        cursor.execute(_REGISTERED, {"names": sorted(set(places.values()))})
        registered = [name for (name,) in cursor.fetchall()]
    sentences = _sentence(changed, "changed hands, were released or protected") + _sentence(
        registered, "were registered"
    )
    if sentences:
        raise PlanChanged(f"since it was planned {' and '.join(sentences)}. Plan it again.")


def _sentence(names: list[str], what: str) -> list[str]:
    if not names:
        return []
    shown = ", ".join(names[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")
    return [f"{len(names)} names {what} ({shown})"]
