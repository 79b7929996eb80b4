"""Agreements: whether the address that a reporter saw is the one that the name answered at that time, by our own history."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils import timezone

from ddns import addresses
from ddns.addresses import Address
from ddns.models import Hostname

# A resolver answers what it remembers for a TTL (five minutes at most), and clocks are not quite right.
GRACE = timedelta(minutes=5)
# Of one report: a name that moves every second is no evidence of anything.
MOST_MOVES = 50
# Addresses that a reporter says it saw.
MOST_CLAIMS = 20


class Verdict(StrEnum):
    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Agreement:
    """sentence names the address and the times, UTC."""

    verdict: Verdict
    sentence: str

    def as_json(self) -> dict[str, str]:
        return {"verdict": self.verdict.value, "text": self.sentence}


@dataclass(frozen=True, slots=True)
class Claim:
    """What somebody saw a hostname answer."""

    hostname: Hostname
    at: datetime
    seen: tuple[Address, ...]


@dataclass(frozen=True, slots=True)
class _Stay:
    """An address with the times between which it surely stood; None: before our history, or until now."""

    address: str | None
    since: datetime | None
    until: datetime | None


def of(hostname: Hostname, address: Address, at: datetime) -> Agreement:
    """Of one address; a query for its family."""
    return of_all([Claim(hostname, at, (address,))])[0]


def of_all(claims: Sequence[Claim]) -> list[Agreement]:
    """In their order; two queries, each three look-ups in an index for each claim."""
    histories = {version: _moves(claims, version) for version in (4, 6)}
    return [
        _judge(claim, {version: found[n] for version, found in histories.items()}) for n, claim in enumerate(claims)
    ]


def claimed(details: Mapping[str, Any], address: str | None) -> tuple[Address, ...]:
    """The addresses that a report says it saw: its own, and those of dns_records (XARF 4: a, aaaa)."""
    records = details.get("dns_records")
    texts = [address] if address else []
    if isinstance(records, Mapping):
        for rdtype in ("a", "aaaa", "A", "AAAA"):
            found = records.get(rdtype)
            texts += [found] if isinstance(found, str) else found if isinstance(found, list) else []
    return tuple(dict.fromkeys(_parsed(texts)))[:MOST_CLAIMS]


def _parsed(texts: Iterable[Any]) -> Iterable[Address]:
    for text in texts:
        try:
            yield addresses.parse(str(text).strip())
        except ValueError:
            continue


def _judge(claim: Claim, histories: Mapping[int, Sequence[tuple]]) -> Agreement:
    """Agrees with any address that was seen: a name may answer several, of which one is the customer's."""
    verdicts = [_compare(claim, address, histories[address.version]) for address in claim.seen]
    for wanted in (Verdict.YES, Verdict.NO):
        for each in verdicts:
            if each.verdict == wanted:
                return each
    return verdicts[0] if verdicts else Agreement(Verdict.UNKNOWN, "The report says no address.")


def _compare(claim: Claim, address: Address, moves: Sequence[tuple]) -> Agreement:
    stays = _stays(claim.hostname, address.version, claim.at, moves)
    near = [stay for stay in stays if _covers(stay, claim.at)]
    if not near:
        return Agreement(Verdict.UNKNOWN, f"What it answered at {_time(claim.at)} is not in our history.")
    for stay in near:
        if stay.address == str(address):
            return Agreement(Verdict.YES, f"Yes, it answered {address} {_between(stay)}.")
    at_that_time = next((stay for stay in near if _covers(stay, claim.at, timedelta(0))), near[-1])
    said = f"it answered {at_that_time.address}" if at_that_time.address else f"it had no IPv{address.version} address"
    return Agreement(Verdict.NO, f"No, not {address}: {said} {_between(at_that_time)}.")


def _stays(hostname: Hostname, version: int, at: datetime, moves: Sequence[tuple]) -> list[_Stay]:
    """From the moves around that time, oldest first."""
    present = hostname.ipv4 if version == 4 else hostname.ipv6
    if not moves:
        # Never moved in our history: what it has now it has had since its last change, which may be of the other family.
        since = hostname.changed_at or hostname.created_at
        return [_Stay(present, since, hostname.released_at)] if since <= at + GRACE else []
    # What stood before the first move that is known stood since our history begins, and nobody knows what was before that.
    begins_at = timezone.now() - settings.HISTORY_RETENTION
    stays = [_Stay(moves[0][1], None, moves[0][0])] if at >= begins_at or moves[0][0] <= at + GRACE else []
    for number, (moved_at, _old, new) in enumerate(moves):
        until = moves[number + 1][0] if number + 1 < len(moves) else None
        stays.append(_Stay(new, moved_at, until))
    return stays


def _covers(stay: _Stay, at: datetime, grace: timedelta = GRACE) -> bool:
    return (stay.since is None or stay.since <= at + grace) and (stay.until is None or at - grace < stay.until)


def _between(stay: _Stay) -> str:
    if stay.since is None:
        return f"until {_time(stay.until)}" if stay.until else "then"
    return f"from {_time(stay.since)} to {_time(stay.until)}" if stay.until else f"since {_time(stay.since)}"


def _time(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M}" if at else "now"


# The last move before the time, those around it, and the first after it: each by the index of (hostname, at).
_AROUND = """
SELECT wanted.number, move.at, host(move.old_address), host(move.new_address)
FROM unnest(%(ids)s::bigint[], %(times)s::timestamptz[]) WITH ORDINALITY AS wanted (hostname_id, at, number)
CROSS JOIN make_interval(secs => %(grace)s) AS grace
CROSS JOIN LATERAL (
  (SELECT at, {old} AS old_address, {new} AS new_address FROM {table}
   WHERE hostname_id = wanted.hostname_id AND at <= wanted.at - grace AND {old} IS DISTINCT FROM {new}
   ORDER BY at DESC LIMIT 1)
  UNION ALL
  (SELECT at, {old}, {new} FROM {table}
   WHERE hostname_id = wanted.hostname_id AND at > wanted.at - grace AND at <= wanted.at + grace AND {old} IS DISTINCT FROM {new}
   ORDER BY at LIMIT %(most)s)
  UNION ALL
  (SELECT at, {old}, {new} FROM {table}
   WHERE hostname_id = wanted.hostname_id AND at > wanted.at + grace AND {old} IS DISTINCT FROM {new}
   ORDER BY at LIMIT 1)
) AS move
ORDER BY wanted.number, move.at
"""


def _moves(claims: Sequence[Claim], version: int) -> list[list[tuple]]:
    """(at, old, new) of the changes of this family around each claim's time, oldest first."""
    found: list[list[tuple]] = [[] for _ in claims]
    if not any(address.version == version for claim in claims for address in claim.seen):
        return found
    query = _AROUND.format(table="ddns_addressupdate", old=f"old_ipv{version}", new=f"new_ipv{version}")
    with connection.cursor() as cursor:
        ids, times = [claim.hostname.pk for claim in claims], [claim.at for claim in claims]
        cursor.execute(query, {"ids": ids, "times": times, "grace": GRACE.total_seconds(), "most": MOST_MOVES})
        for number, at, old, new in cursor.fetchall():
            found[number - 1].append((at, old, new))
    return found
