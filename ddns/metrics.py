"""Metrics of customers: what is cheap to know at every scrape."""

from collections.abc import Iterator

from django.db import connection
from django.db.models import Count
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from ddns.models import Hostname, Restriction, User
from dnsupdate.metric_families import gauge

# Counting 4 million hostnames reads them all; the estimate that autovacuum keeps costs nothing and is a few percent off.
# A table that was never analysed has -1.
_ESTIMATE = "SELECT relname, reltuples FROM pg_class WHERE oid = ANY (%s::regclass[]) AND reltuples >= 0"


class Customers(Collector):
    """Two queries."""

    def collect(self) -> Iterator[Metric]:
        estimates = _estimates(Hostname._meta.db_table, User._meta.db_table)
        hostnames, accounts = (estimates.get(model._meta.db_table) for model in (Hostname, User))
        yield gauge(
            "ddns_hostnames",
            "Hostnames, those given up included; PostgreSQL's estimate, none before the first ANALYZE.",
            [],
            [] if hostnames is None else [([], hostnames)],
        )
        yield gauge(
            "ddns_accounts",
            "Accounts, staff included; PostgreSQL's estimate, none before the first ANALYZE.",
            [],
            [] if accounts is None else [([], accounts)],
        )
        restricted = dict(Restriction.objects.order_by().values_list("kind").annotate(Count("pk")))
        yield gauge(
            "ddns_restricted_hostnames",
            "Hostnames that do not answer what their customers say.",
            ["state"],
            (([kind], restricted.get(kind, 0)) for kind in Restriction.Kind.values),
        )


def _estimates(*tables: str) -> dict[str, float]:
    with connection.cursor() as cursor:
        cursor.execute(_ESTIMATE, [list(tables)])
        return dict(cursor.fetchall())
