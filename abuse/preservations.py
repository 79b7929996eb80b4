"""Preservation: until when nothing of an account is deleted: the latest that anything asks for, and what stood before."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from abuse.models import Decision, Hold
from ddns.models import User


@dataclass(frozen=True, slots=True)
class Layer:
    """What one decision or hold asks for of one account; before is what stood under the first of them all."""

    account_id: int
    ends_at: datetime | None
    before: datetime | None


Layers = Mapping[int, Sequence[Layer]]


def lock(account_ids: Iterable[int]) -> dict[int, datetime | None]:
    """Locks the accounts in the order of their keys, until the transaction ends; gives until when each is preserved."""
    rows = User.objects.filter(pk__in=set(account_ids)).order_by("pk").select_for_update(no_key=True)
    return dict(rows.values_list("pk", "preserve_until"))


def standing(
    account_ids: Iterable[int], *, but_decisions: Sequence[int] = (), but_holds: Sequence[int] = ()
) -> defaultdict[int, list[Layer]]:
    """What was neither undone nor released, by account. Two queries, however many they are. What has ended is harmless: the
    latest counts."""
    ids, found = set(account_ids), defaultdict(list)
    decided = Decision.objects.in_force().filter(action=Decision.Action.PRESERVE, ends_at__isnull=False)
    for each in decided.filter(effect__account__in=list(ids)).exclude(pk__in=but_decisions).order_by("pk"):
        found[each.effect["account"]].append(layer_of(each))
    held = Hold.objects.filter(account__in=ids, released_at=None).exclude(pk__in=but_holds).order_by("pk")
    for account_id, ends_at, before in held.values_list("account", "ends_at", "before"):
        found[account_id].append(Layer(account_id, ends_at, before))
    return found


def layer_of(decision: Decision) -> Layer:
    """Of a decision that was done: its effect says what it found."""
    until = (decision.effect["before"] or {}).get("until")
    return Layer(decision.effect["account"], decision.ends_at, datetime.fromisoformat(until) if until else None)


def base_of(layers: Sequence[Layer], now: datetime | None) -> datetime | None:
    """What stood before all of them; now is what stands at present."""
    return layers[0].before if layers else now


def latest(base: datetime | None, layers: Iterable[Layer]) -> datetime | None:
    return max((at for at in (base, *(each.ends_at for each in layers)) if at is not None), default=None)


def extend(stored: Mapping[int, datetime | None], layers: Layers) -> None:
    """Of locked accounts: layers are all that stand by now. None is preserved for less than before."""
    store({pk: latest(until, layers.get(pk, ())) for pk, until in stored.items()})


def take_away(stored: Mapping[int, datetime | None], before: Layers, after: Layers) -> None:
    """Of locked accounts: what stands without the layers that are gone, exactly.

    Where somebody has written it since by name, theirs is the last word.
    """
    wanted = {}
    for pk, until in stored.items():
        base = base_of(before.get(pk, ()), until)
        if until == latest(base, before.get(pk, ())):
            wanted[pk] = latest(base, after.get(pk, ()))
    store(wanted)


def store(wanted: Mapping[int, datetime | None]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE ddns_user SET preserve_until = wanted.until
            FROM unnest(%s::bigint[], %s::timestamptz[]) AS wanted (id, until) WHERE ddns_user.id = wanted.id
            """,
            [list(wanted), list(wanted.values())],
        )
