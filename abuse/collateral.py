"""Collateral: what an order touches besides the names that it lists, counted before it is acted on."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.db import connection, transaction

from abuse import index_joins
from abuse.models import Order

# Up to here the hostnames of a domain are counted; beyond, the planner's statistics are good enough for a share.
_MAX_COUNTED = 5_000

_OF_ACCOUNTS = """
    WITH of_account AS (
        SELECT item.account_id, max(item.holder_name_count) AS held, bool_or(done.action <> 'none') AS is_touched,
            count(*) FILTER (WHERE item.outcome <> 'released') AS listed
        FROM abuse_orderitem item
        JOIN abuse_ordergroup done ON done.order_id = item.order_id AND done.key = item."group"
        WHERE item.order_id = %(order)s AND item.hostname_id IS NOT NULL GROUP BY item.account_id
    )
    SELECT count(*), count(*) FILTER (WHERE held > listed), COALESCE(sum(GREATEST(held - listed, 0)), 0)
    FROM of_account WHERE is_touched
"""
_OF_NAMES = """
    SELECT
        held.domain_id, domain.name, count(*), count(*) FILTER (WHERE done.action = 'divert'),
        count(*) FILTER (WHERE item.name <> held.name), count(*) FILTER (WHERE held.wildcard),
        COALESCE(sum((SELECT count(*) FROM ddns_belowname below WHERE below.hostname_id = held.id)), 0)
    FROM abuse_orderitem item
    JOIN abuse_ordergroup done ON done.order_id = item.order_id AND done.key = item."group"
    JOIN ddns_hostname held ON held.id = item.hostname_id
    JOIN ddns_domain domain ON domain.id = held.domain_id
    WHERE item.order_id = %(order)s AND done.action IN ('suspend', 'divert', 'hold')
    GROUP BY held.domain_id, domain.name ORDER BY count(*) DESC, domain.name
"""
_SIZES = """
    SELECT domain.id, (
        SELECT count(*) FROM (
            SELECT FROM ddns_hostname WHERE domain_id = domain.id AND released_at IS NULL LIMIT %(most)s
        ) AS counted
    ) FROM unnest(%(domains)s::bigint[]) AS domain (id)
"""
_ESTIMATES = """
    SELECT value::bigint, (frequency * reltuples)::bigint
    FROM pg_stats, pg_class, unnest(most_common_vals::text::text[], most_common_freqs) AS common (value, frequency)
    WHERE schemaname = current_schema() AND tablename = 'ddns_hostname' AND attname = 'domain_id'
        AND pg_class.oid = 'ddns_hostname'::regclass
"""


@dataclass(frozen=True, slots=True)
class ZoneShare:
    """How much of a zone it is; total is an estimate from some thousand names on."""

    zone: str
    name_count: int
    total_count: int

    @property
    def share(self) -> float:
        """0 to 1."""
        return self.name_count / max(self.name_count, self.total_count, 1)


@dataclass(frozen=True, slots=True)
class Collateral:
    """Of the groups for which something is decided.

    name_count are the hostnames whose answers change, account_count the accounts that are touched at all. Of these
    accounts_with_others hold other_name_count names that the order does not list and that go on as they are; what else
    changes is what belongs to a listed name: wildcards, names below it, and the whole hostname where a name below it was listed.
    other_names_touched is 0: what is acted on are items, and every item is a line of the list.
    """

    name_count: int
    diverted_count: int
    account_count: int
    accounts_with_others: int
    other_name_count: int
    widened_count: int
    wildcard_count: int
    below_count: int
    zones: tuple[ZoneShare, ...] = ()
    other_names_touched: int = 0

    def as_json(self) -> dict[str, Any]:
        """As it is kept with the plan."""
        zones = [asdict(each) | {"share": round(each.share, 6)} for each in self.zones]
        return asdict(self) | {"zones": zones}


def of(order: Order) -> Collateral:
    """Of what is decided now. Ten queries at most, however many items."""
    with transaction.atomic(), connection.cursor() as cursor, index_joins.preferred(cursor):
        cursor.execute(_OF_ACCOUNTS, {"order": order.pk})
        account_count, accounts_with_others, other_name_count = cursor.fetchone()
        cursor.execute(_OF_NAMES, {"order": order.pk})
        rows = cursor.fetchall()
        sizes = _sizes(cursor, [domain for domain, *_ in rows])
    zones = tuple(ZoneShare(name, count, max(sizes[domain], count)) for domain, name, count, *_ in rows)
    names, diverted, widened, wildcards, below = (int(sum(row[at] for row in rows)) for at in range(2, 7))
    return Collateral(
        name_count=names,
        diverted_count=diverted,
        account_count=account_count,
        accounts_with_others=accounts_with_others,
        other_name_count=int(other_name_count),
        widened_count=widened,
        wildcard_count=wildcards,
        below_count=below,
        zones=zones,
    )


def _sizes(cursor, domains: Sequence[int]) -> dict[int, int]:
    """Hostnames of each domain; counting millions would take a second, of some thousand it takes none."""
    if not domains:
        return {}
    cursor.execute(_SIZES, {"domains": list(domains), "most": _MAX_COUNTED + 1})
    sizes: dict[int, int] = dict(cursor.fetchall())
    if any(size > _MAX_COUNTED for size in sizes.values()):
        cursor.execute(_ESTIMATES)
        estimates = dict(cursor.fetchall())
        sizes = {
            domain: max(size, estimates.get(domain, 0)) if size > _MAX_COUNTED else size
            for domain, size in sizes.items()
        }
    return sizes
