"""What pages of an order include: its holds, and what was disclosed under it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django import template
from django.db.models import Count, Min, Q
from django.db.models.functions import Now

from abuse import holds
from abuse.models import Disclosure, Hold, Order

register = template.Library()

# On the page of the order; the list has all.
SHOWN_HOLDS = 20


@dataclass(frozen=True, slots=True)
class Held:
    """The holds of one order."""

    count: int
    standing_count: int
    first_end: datetime | None
    shown: Sequence[Hold]
    terms: Sequence[int]


@register.simple_tag
def held_under(order: Order) -> Held:
    """One query, and one more where there are more than are shown."""
    found = order.holds.select_related("account").order_by("released_at", "ends_at", "pk")
    rows = list(found[: SHOWN_HOLDS + 1])
    if len(rows) > SHOWN_HOLDS:
        stands = Q(released_at=None, ends_at__gt=Now())
        counts = order.holds.aggregate(
            count=Count("pk"), standing=Count("pk", filter=stands), first=Min("ends_at", filter=stands)
        )
        return Held(counts["count"], counts["standing"], counts["first"], rows[:SHOWN_HOLDS], holds.TERMS)
    standing = [each.ends_at for each in rows if each.is_standing]
    return Held(len(rows), len(standing), min(standing, default=None), rows, holds.TERMS)


@register.simple_tag
def disclosed_under(order: Order) -> Sequence[Disclosure]:
    """Without the octets."""
    return list(order.disclosures.defer("package", "manifest").select_related("prepared_by").order_by("-pk"))


@register.simple_tag
def to_fetch(order: Order) -> Sequence[Disclosure]:
    """What its officers are shown: released ones, those whose time is over too."""
    released = order.disclosures.filter(state=Disclosure.State.RELEASED)
    return list(released.defer("package", "manifest").order_by("-released_at"))
