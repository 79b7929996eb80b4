"""Matching: whose name it was when the evidence was seen, which may be another's than now."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from abuse.models import Decision, Report
from abuse.refang import refang
from ddns import hostnames
from ddns.models import Hostname, ReservedName
from dnsupdate.models import Zone

Standing = Report.Standing
Wanted = tuple[str, datetime]

# Clocks and time zones of reporters are off by up to so much. A released label rests for longer (hostnames.RELEASE_REST), so
# this never takes one holder for another.
CLOCKS_ARE_OFF = timedelta(hours=14)


@dataclass(frozen=True, slots=True)
class Match:
    """What a name was to us at that time, and the row of who held it then."""

    standing: Report.Standing
    hostname: Hostname | None = None
    note: str = ""


def match(name: str, at: datetime) -> Match:
    """Of a normalised name, which may stand below a hostname. Four queries, however many names."""
    return match_all([(name, at)])[(name, at)]


def is_ours(text: str) -> Match:
    """Of whatever somebody pastes: what it is to us now."""
    return match(refang(text), timezone.now())


def match_all(wanted: Iterable[Wanted]) -> dict[Wanted, Match]:
    """Of many names at once, each at a time of its own. Queries do not grow with their number, but for chunks of rows."""
    pairs = set(wanted)
    apexes = frozenset(Zone.objects.values_list("name", flat=True))
    places = {name: place_of(name, apexes) for name, _ in pairs}
    held = _holders({place for place in places.values() if place and place not in apexes})
    reserved = _reserved({place for place in places.values() if place and place not in held}) | apexes
    return {(name, at): _match(name, places[name], at, held, reserved) for name, at in pairs}


def _match(
    name: str, place: str | None, at: datetime, held: Mapping[str, list[Hostname]], reserved: frozenset[str]
) -> Match:
    if place is None:
        return Match(Standing.NOT_OURS)
    if place in reserved and place not in held:
        return Match(Standing.INFRASTRUCTURE)
    if rows := held.get(place):
        return _holder(rows, at)
    return Match(Standing.INFRASTRUCTURE if hostnames.is_kept(place.partition(".")[0]) else Standing.NEVER)


def _holder(rows: list[Hostname], at: datetime) -> Match:
    """rows are all holdings of one name, oldest first."""
    then = next(
        (row for row in rows if row.created_at <= at and (row.released_at is None or at < row.released_at)), None
    )
    now = rows[-1] if rows[-1].released_at is None else None
    if then is None:
        return _nearly(rows, now, at)
    if now is None:
        return Match(Standing.RELEASED, then)
    # Given up and taken again by the same customer is no change of hands.
    return Match(Standing.HELD, now) if now.account_id == then.account_id else Match(Standing.HELD_SINCE, then)


def _nearly(rows: list[Hostname], now: Hostname | None, at: datetime) -> Match:
    """Nobody held it at that very time."""
    if now is not None and now.created_at - CLOCKS_ARE_OFF <= at < now.created_at:
        # Reporters read it too: not when.
        note = "The evidence is from before the name was registered, by less than a day."
        return Match(Standing.HELD, now, note)
    for row in rows:
        if row.released_at is not None and row.released_at <= at <= row.released_at + CLOCKS_ARE_OFF:
            return Match(Standing.RELEASED if now is None else Standing.HELD_SINCE, row)
    if now is not None:
        return Match(Standing.HELD_SINCE, None, "Nobody held the name when the evidence was seen.")
    return Match(Standing.RELEASED, None, "Nobody held the name when the evidence was seen.")


def place_of(name: str, apexes: frozenset[str]) -> str | None:
    """The name that a customer would hold: one label before the longest apex; the apex itself; None: under none of ours."""
    labels = name.removeprefix("*.").split(".")
    for index in range(len(labels)):
        apex = ".".join(labels[index:])
        if apex in apexes:
            return ".".join(labels[max(index - 1, 0) :])
    return None


def _holders(places: Iterable[str]) -> dict[str, list[Hostname]]:
    found: dict[str, list[Hostname]] = {}
    names = list(places)
    # Each half has an index of its own; without them this reads the whole table.
    held, released = Q(name__in=names, released_at=None), Q(name__in=names, released_at__isnull=False)
    rows = (
        Hostname.objects.filter(held | released).select_related("account", "restriction").order_by("created_at", "pk")
    )
    for row in rows:
        found.setdefault(row.name, []).append(row)
    return found


def _reserved(places: Iterable[str]) -> frozenset[str]:
    """Those that the operator keeps for good, by label or whole; not what the desk keeps from an abuser."""
    labels = {place: place.partition(".")[0] for place in places}
    names = ReservedName.objects.filter(until=None, name__in=[*labels, *labels.values()]).values_list("name", flat=True)
    kept = frozenset(names)
    if kept:
        decided = Decision.objects.in_force().filter(action=Decision.Action.RESERVE_LABEL, parameters__label__in=kept)
        kept -= set(decided.values_list("parameters__label", flat=True))
    return frozenset(place for place, label in labels.items() if place in kept or label in kept)
