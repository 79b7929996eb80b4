"""Scopes of disclosures: what an order asks for, whom that is about, and whether a package stays within it."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from abuse import receipts
from abuse.errors import InvalidParameter, OutOfScope
from abuse.models import Disclosure, Order, OrderItem
from ddns.models import Hostname, User

# What can be asked for; nothing else is ever in a package.
PARTS = ("subscriber", "addresses", "log_ins")


@dataclass(frozen=True, slots=True)
class Scope:
    """What goes into one package. since and until are the ends of the period; None: as far as anything is stored."""

    accounts: Sequence[User]
    hostnames: Sequence[Hostname]
    parts: Sequence[str]
    since: datetime | None
    until: datetime | None

    def digest(self, order: Order) -> str:
        """What the second person releases: SHA-256 of all of it and of the plan that it rests on."""
        content = {
            "order": str(order.pk),
            "plan": order.plan_digest,
            "accounts": sorted(each.pk for each in self.accounts),
            "hostnames": sorted(each.pk for each in self.hostnames),
            "parts": sorted(self.parts),
            "since": self.since and self.since.isoformat(),
            "until": self.until and self.until.isoformat(),
        }
        return hashlib.sha256(receipts.canonical(content).encode()).hexdigest()


def wanted_parts(order: Order) -> list[str]:
    asked = order.wanted_records.get("parts") or []
    return [part for part in PARTS if part in asked]


def wanted_period(order: Order) -> tuple[datetime | None, datetime | None]:
    return _time(order.wanted_records.get("since")), _time(order.wanted_records.get("until"), is_end=True)


def hostnames_behind(order: Order, since: datetime | None, until: datetime | None) -> QuerySet[Hostname]:
    """The rows that the order's names were at the time in question, with their holders, by name.

    A name that changed hands is several rows: with a period those whose holder had it then, without one that which the plan
    has found.
    """
    items = OrderItem.objects.filter(order=order).exclude(name="")
    rows = Hostname.objects.select_related("account").order_by("name", "created_at")
    if since is None and until is None:
        return rows.filter(pk__in=items.filter(hostname__isnull=False).values("hostname"))
    rows = rows.filter(name__in=items.values("name"))
    if until is not None:
        rows = rows.filter(created_at__lt=until)
    return rows.filter(Q(released_at=None) | Q(released_at__gt=since)) if since is not None else rows


def check(
    order: Order,
    *,
    accounts: Collection[User],
    hostnames: Collection[Hostname],
    parts: Collection[str],
    since: datetime | None,
    until: datetime | None,
) -> Scope:
    """The scope as it will be. Raises OutOfScope for what the order does not ask for, InvalidParameter for what is nothing."""
    if not accounts or not parts:
        raise InvalidParameter("say whose information it is, and which parts.")
    if beyond := sorted(set(parts) - set(wanted_parts(order))):
        raise OutOfScope(f"{', '.join(beyond)}.")
    first, last = _period(order, since, until)
    behind = {each.pk: each for each in hostnames_behind(order, first, last)}
    if wanted_period(order) == (None, None):
        # A period of ours is for less: it must not reach who held a name before, of whom the order says nothing.
        planned = set(hostnames_behind(order, None, None).values_list("pk", flat=True))
        behind = {pk: each for pk, each in behind.items() if pk in planned}
    if strangers := [each.name for each in hostnames if each.pk not in behind]:
        raise OutOfScope(f"{', '.join(strangers[:5])} in this period.")
    holders = {each.account_id for each in behind.values()}
    if strangers := [str(each) for each in accounts if each.pk not in holders]:
        raise OutOfScope(f"{', '.join(strangers[:5])} held none of its names in this period.")
    chosen = {each.pk for each in accounts}
    if strangers := [each.name for each in hostnames if behind[each.pk].account_id not in chosen]:
        raise OutOfScope(f"{', '.join(strangers[:5])}: their holder is not among the accounts.")
    if "addresses" in parts and not hostnames:
        raise InvalidParameter("name the hostnames whose addresses are disclosed.")
    wanted = [part for part in PARTS if part in parts]
    return Scope(
        sorted(accounts, key=lambda each: each.pk), sorted(hostnames, key=lambda each: each.pk), wanted, first, last
    )


def of(disclosure: Disclosure) -> Scope:
    """Of one that was prepared, checked anew: its names may have got another plan since. Raises as check does."""
    return check(
        disclosure.order,
        accounts=list(disclosure.accounts.all()),
        hostnames=list(disclosure.hostnames.all()),
        parts=disclosure.parts,
        since=disclosure.since,
        until=disclosure.until,
    )


def _period(order: Order, since: datetime | None, until: datetime | None) -> tuple[datetime | None, datetime | None]:
    """Within that of the order, which it is where nothing is said."""
    first, last = wanted_period(order)
    since, until = since or first, until or last
    if (first is not None and since is not None and since < first) or (
        last is not None and until is not None and until > last
    ):
        raise OutOfScope("the period is longer than the order's.")
    if since is not None and until is not None and since >= until:
        raise InvalidParameter("the period ends before it begins.")
    return since, until


def _time(value: Any, *, is_end: bool = False) -> datetime | None:
    """As orders store it: a time, or a day, which ends with its last moment. UTC where nothing is said."""
    if not isinstance(value, str) or not value.strip():
        return None
    try:
        day = parse_date(value)
        at = datetime.combine(day, time.max if is_end else time.min) if day else parse_datetime(value)
    except ValueError as error:
        raise OutOfScope("its period cannot be read.") from error
    if at is None:
        raise OutOfScope("its period cannot be read.")
    return timezone.make_aware(at) if timezone.is_naive(at) else at
