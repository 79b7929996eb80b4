"""Shared names: which suspended names partners are told of, from when on, until when; and the RPZ zones that say so.

Shared is what somebody has decided and what stands: names suspended or diverted on cases whose holder is the suspect, and for
orders that are not sealed. Not shared: holds, restricted cases, victims, disputes, decisions by name, and what is sealed.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Min
from django.db.models.functions import Length

from abuse.models import Partner, PolicyZone, SharedName
from dnsupdate import outbox
from dnsupdate.models.pending import Urgency
from dnsupdate.names import MAX_NAME_CHARACTERS
from dnsupdate.rrsets import RRsets

# Names that share a transaction; each is two publications in every policy zone.
CHUNK = 1000
# NXDOMAIN, as the name answers here (draft-vixie-dnsop-dns-rpz §3.1). Seconds, so that what is reinstated is free soon.
TTL = 60
NXDOMAIN: RRsets = {"CNAME": {"ttl": TTL, "rdata": ["."]}}
OF_ORDERS = "order"

# What stands and may be shared, one row for each hostname: the least secret of what covers it, the worst category, since when.
_STANDING = """
    SELECT suspension.hostname_id,
        bool_or(suspension.decision_id IS NOT NULL) AS is_by_case,
        coalesce(
            (array_agg(cases.category_id ORDER BY cases.severity DESC NULLS LAST))[1], %(of_orders)s::text
        ) AS category,
        min(greatest(suspension.decided_at, orders.sealed_until)) AS since
    FROM abuse_suspension AS suspension
    LEFT JOIN abuse_decision AS decision ON decision.id = suspension.decision_id
    LEFT JOIN abuse_case AS cases ON cases.id = decision.case_id AND cases.route = 'suspect'
    LEFT JOIN abuse_orderitem AS item ON item.id = suspension.order_item_id
    LEFT JOIN abuse_order AS orders
        ON orders.id = item.order_id AND (orders.sealed_until IS NULL OR orders.sealed_until <= %(now)s)
    WHERE suspension.lifted_at IS NULL AND suspension.kind IN ('suspended', 'diverted')
        AND (cases.id IS NOT NULL OR orders.id IS NOT NULL)
    GROUP BY suspension.hostname_id
"""

_TO_WITHDRAW = f"""
    SELECT shared.id FROM abuse_sharedname AS shared
    LEFT JOIN ({_STANDING}) AS standing ON standing.hostname_id = shared.hostname_id
    WHERE shared.withdrawn_at IS NULL AND standing.hostname_id IS NULL ORDER BY shared.id
"""

_TO_SHARE = f"""
    SELECT standing.hostname_id FROM ({_STANDING}) AS standing
    LEFT JOIN abuse_sharedname AS shared ON shared.hostname_id = standing.hostname_id AND shared.withdrawn_at IS NULL
    WHERE shared.id IS NULL AND standing.since <= %(until)s ORDER BY standing.hostname_id
"""

_SHARE = f"""
    INSERT INTO abuse_sharedname (hostname_id, tlp, category, since, shared_at, revision, changed_at)
    SELECT standing.hostname_id, CASE WHEN is_by_case THEN %(of_cases_tlp)s::text ELSE %(of_orders_tlp)s::text END,
        category, since, %(now)s, 1, %(now)s
    FROM ({_STANDING}) AS standing WHERE standing.hostname_id = ANY (%(ids)s) ORDER BY standing.hostname_id
    ON CONFLICT (hostname_id) WHERE withdrawn_at IS NULL DO NOTHING
    RETURNING id
"""

# A case about a name that was shared for an order only makes it less secret; never the other way, since it is known by then.
_LESS_SECRET = f"""
    UPDATE abuse_sharedname AS shared
    SET tlp = %(of_cases_tlp)s, category = standing.category, revision = revision + 1, changed_at = %(now)s
    FROM ({_STANDING}) AS standing
    WHERE standing.hostname_id = shared.hostname_id AND shared.withdrawn_at IS NULL AND standing.is_by_case
        AND array_position(%(levels)s::text[], shared.tlp::text)
            > array_position(%(levels)s::text[], %(of_cases_tlp)s::text)
    RETURNING shared.id
"""


class Settled(NamedTuple):
    """How many names were shared and withdrawn in one run."""

    shared_count: int
    withdrawn_count: int


def settle(now: datetime) -> Settled:
    """Withdraws what does not stand any more, at once, and shares what has stood for the least delay of any active partner.

    In chunks of one transaction each, rows and zones together; may be stopped and run again. Without a partner nothing is
    shared anew.
    """
    values = _values(now)
    withdrawn = sum(_withdraw(ids, now) for ids in _chunks(_ids(_TO_WITHDRAW, values)))
    least = Partner.objects.active().aggregate(least=Min("delay_minutes"))["least"]
    if least is None:
        return Settled(0, withdrawn)
    until = now - timedelta(minutes=least)
    shared = sum(_share(ids, values) for ids in _chunks(_ids(_TO_SHARE, values | {"until": until})))
    _make_less_secret(values)
    return Settled(shared, withdrawn)


def fill(policy: PolicyZone) -> int:
    """Writes everything that shall be in the zone, where it is new or has lost its rows; gives how many names."""
    names = SharedName.objects.shared().up_to(policy.tlp).order_by("pk").values_list("pk", flat=True)
    chunks = list(_chunks(list(names)))
    for ids in chunks:
        with transaction.atomic():
            _publish([policy], ids)
    return sum(map(len, chunks))


def too_long_count(policy: PolicyZone) -> int:
    """How many shared names have no room below the zone's apex, and are not in it."""
    found = SharedName.objects.shared().up_to(policy.tlp).annotate(length=Length("hostname__name"))
    return found.filter(length__gt=_longest(policy)).count()


@transaction.atomic
def _withdraw(ids: Sequence[int], now: datetime) -> int:
    """Those that were still shared. What is suspended again meanwhile is shared anew by the next run."""
    rows = SharedName.objects.select_for_update(of=("self",)).shared().filter(pk__in=ids).order_by("pk")
    names = dict(rows.values_list("pk", "hostname__name"))
    SharedName.objects.filter(pk__in=names).update(withdrawn_at=now, changed_at=now, revision=F("revision") + 1)
    for policy in _policies():
        outbox.publish(policy.zone, {name: {} for name in _entries(policy, names.values())}, Urgency.WITHDRAWAL)
    return len(names)


@transaction.atomic
def _share(hostname_ids: Sequence[int], values: dict) -> int:
    ids = _ids(_SHARE, values | {"ids": list(hostname_ids)})
    _publish(_policies(), ids)
    return len(ids)


@transaction.atomic
def _make_less_secret(values: dict) -> None:
    if ids := _ids(_LESS_SECRET, values):
        for chunk in _chunks(ids):
            _publish(_policies(), chunk)


def _publish(policies: Iterable[PolicyZone], ids: Sequence[int]) -> None:
    for policy in policies:
        rows = SharedName.objects.shared().up_to(policy.tlp).filter(pk__in=ids)
        names = rows.values_list("hostname__name", flat=True)
        outbox.publish(policy.zone, dict.fromkeys(_entries(policy, names), NXDOMAIN))


def _entries(policy: PolicyZone, names: Iterable[str]) -> list[str]:
    """The owner names of the policy: the name and everything below it. Those without room are left out."""
    longest = _longest(policy)
    return [f"{prefix}{name}.{policy.zone.name}" for name in names if len(name) <= longest for prefix in ("", "*.")]


def _longest(policy: PolicyZone) -> int:
    return MAX_NAME_CHARACTERS - len(policy.zone.name) - len("*.") - len(".")


def _policies() -> list[PolicyZone]:
    return list(PolicyZone.objects.select_related("zone").filter(zone__retired_at=None).order_by("zone"))


def _values(now: datetime) -> dict:
    return {
        "now": now,
        "of_orders": OF_ORDERS,
        "of_cases_tlp": settings.SHARED_CASES_TLP,
        "of_orders_tlp": settings.SHARED_ORDERS_TLP,
        "levels": Partner.Tlp.values,
    }


def _ids(statement: str, values: dict) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return [each for (each,) in cursor.fetchall()]


def _chunks(ids: Sequence[int]) -> Iterable[Sequence[int]]:
    return (ids[start : start + CHUNK] for start in range(0, len(ids), CHUNK))
