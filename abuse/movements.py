"""Movements: where a name has been, read out of its history."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from abuse import networks
from abuse.facts import MOST_CHANGES, Movement
from ddns.models import AddressUpdate, Hostname

DAY, WEEK = timedelta(days=1), timedelta(days=7)
MOST_AGENTS = 10


def latest(hostname: Hostname) -> list[AddressUpdate]:
    """The newest first, MOST_CHANGES at most: one query by index."""
    return list(AddressUpdate.objects.filter(hostname=hostname).order_by("-at")[:MOST_CHANGES])


def summed_up(rows: Sequence[AddressUpdate], now: datetime) -> Movement:
    """Of the rows, the newest first. Networks are those of the addresses that the name had, not of the device that sent them."""
    in_day = [row for row in rows if row.at > now - DAY]
    held = list(_held(in_day))
    of_day = [networks.of(each) for each in held]
    of_all = [networks.of(each) for each in _held(rows)]
    source = rows[0].source if rows else None
    return Movement(
        changes_in_day=len(in_day),
        changes_in_week=sum(row.at > now - WEEK for row in rows),
        networks_in_day=_distinct(each.key for each in of_day),
        countries_in_day=_distinct(each.country for each in of_day),
        networks=_distinct(each.key for each in of_all),
        agents=_distinct(row.agent for row in rows)[:MOST_AGENTS],
        source=source or "",
        source_network=networks.of(source),
        first_at=rows[-1].at if rows else None,
    )


def answered_at(
    rows: Sequence[AddressUpdate], at: datetime, *, now: tuple[str | None, str | None], known_since: datetime
) -> tuple[str, ...] | None:
    """What the name answered at that time; None where its history does not go back so far. now: what it answers today."""
    if at < known_since:
        return None
    for row in rows:
        if row.at <= at:
            return tuple(filter(None, (row.new_ipv4, row.new_ipv6)))
    if len(rows) >= MOST_CHANGES:
        return None
    first = (rows[-1].old_ipv4, rows[-1].old_ipv6) if rows else now
    return tuple(filter(None, first))


def _held(rows: Sequence[AddressUpdate]) -> Iterator[str]:
    for row in rows:
        yield from filter(None, (row.new_ipv4, row.new_ipv6))
    if rows:
        # Where it stood when the time began.
        yield from filter(None, (rows[-1].old_ipv4, rows[-1].old_ipv6))


def _distinct(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, words)))
