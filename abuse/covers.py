"""Covers: many hostnames at once put under the suspensions of an order, and out from under them; the strongest is in force.

As suspensions.cover and suspensions.uncover do it for one, in a few statements for all.
"""

import json
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection

from abuse.models import Suspension
from abuse.suspensions import STRENGTH
from ddns import hostnames, restrictions
from ddns.models import Hostname, Restriction, User
from ddns.restrictions import Imposed
from dnsupdate.models.pending import Urgency
from dnsupdate.rrsets import RRsets

_Kind = Suspension.Kind

# Once for each item, whatever was killed in between and runs again.
_COVER = """
    INSERT INTO abuse_suspension (hostname_id, order_item_id, kind, answer, reason, decided_by_id, decided_at, ends_at,
        lift_reason)
    SELECT hostname, item, kind, answer::jsonb, %(reason)s, %(by)s, %(now)s, %(ends_at)s, ''
    FROM unnest(%(hostnames)s::bigint[], %(items)s::bigint[], %(kinds)s::text[], %(answers)s::text[])
        AS covering(hostname, item, kind, answer)
    ON CONFLICT (order_item_id) DO NOTHING
"""

_UNCOVER = """
    UPDATE abuse_suspension SET lifted_by_id = %(by)s, lifted_at = %(now)s, lift_reason = %(reason)s
    WHERE order_item_id = ANY (%(items)s::bigint[]) AND lifted_at IS NULL
    RETURNING hostname_id, order_item_id
"""

_STRONGEST = """
    SELECT DISTINCT ON (hostname_id) hostname_id, kind, answer::text FROM abuse_suspension
    WHERE hostname_id = ANY (%(hostnames)s::bigint[]) AND lifted_at IS NULL
    ORDER BY hostname_id, array_position(%(strength)s::text[], kind::text) DESC, id DESC
"""


class Cover(NamedTuple):
    """What shall cover a hostname for an item of an order. answer is what a diversion answers."""

    hostname_id: int
    item_id: int
    kind: Suspension.Kind
    answer: RRsets


def cover_all(
    covers: Sequence[Cover], *, reason: str, by: User | None, now: datetime, ends_at: datetime | None = None
) -> None:
    """One more over each hostname, which the caller has locked (restrictions.lock) and seen unreleased after that.

    Within the caller's transaction. Neither tells the customers nor enters it in the ledger.
    """
    if not covers:
        return
    frozen = _frozen([each.hostname_id for each in covers if each.kind == _Kind.HELD])
    answers = [frozen[each.hostname_id] if each.kind == _Kind.HELD else each.answer for each in covers]
    values: dict[str, Any] = {
        "hostnames": [each.hostname_id for each in covers],
        "items": [each.item_id for each in covers],
        "kinds": [each.kind.value for each in covers],
        "answers": [json.dumps(answer) for answer in answers],
        "reason": reason,
        "by": by and by.pk,
        "now": now,
        "ends_at": ends_at,
    }
    with connection.cursor() as cursor:
        cursor.execute(_COVER, values)
    _impose_strongest({each.hostname_id for each in covers}, Urgency.WITHDRAWAL)


def uncover_all(item_ids: Sequence[int], *, reason: str, by: User | None, now: datetime) -> set[int]:
    """Ends what covers hostnames for these items; gives those items for which something was in force.

    The next strongest that covers a hostname is in force then, or none. The caller has locked the hostnames. Neither tells
    nor enters it.
    """
    values: dict[str, Any] = {"items": list(item_ids), "reason": reason, "by": by and by.pk, "now": now}
    with connection.cursor() as cursor:
        cursor.execute(_UNCOVER, values)
        rows = cursor.fetchall()
    _impose_strongest({hostname_id for hostname_id, _ in rows}, Urgency.ORDINARY)
    return {item_id for _, item_id in rows}


def _impose_strongest(hostname_ids: Collection[int], urgency: Urgency) -> None:
    wanted: dict[int, Imposed | None] = dict.fromkeys(hostname_ids)
    with connection.cursor() as cursor:
        cursor.execute(_STRONGEST, {"hostnames": list(hostname_ids), "strength": list(STRENGTH)})
        for hostname_id, kind, answer in cursor.fetchall():
            wanted[hostname_id] = Imposed(Restriction.Kind(kind), json.loads(answer))
    restrictions.impose_all(wanted, urgency)


def _frozen(hostname_ids: Sequence[int]) -> dict[int, RRsets]:
    """What stood before anything covered them: under a restriction nothing of it changes."""
    rows = Hostname.objects.filter(pk__in=hostname_ids).select_related("domain")
    return {hostname.pk: hostnames.owners_rrsets(hostname) for hostname in rows}
