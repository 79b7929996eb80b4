"""Layers: several decisions over one value, undone in any order, and under them what stood before the first."""

from collections.abc import Sequence

from django.db import connection

from abuse.actions.act import Effect
from abuse.models import Decision


def lock(what: str) -> None:
    """Whoever decides about the same waits until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [what])


def others(decision: Decision, **effect: object) -> Sequence[Decision]:
    """The decisions of the same action over the same value that are in force besides."""
    same = Decision.objects.in_force().filter(action=decision.action).exclude(pk=decision.pk)
    return list(same.filter(**{f"effect__{name}": value for name, value in effect.items()}).order_by("pk"))


def base_of(standing: Sequence[Decision], now: Effect | None) -> Effect | None:
    """What stood before all of them; now is what stands at present."""
    return standing[0].effect["before"] if standing else now
