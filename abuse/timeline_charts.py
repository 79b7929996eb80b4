"""Timeline charts: where the events of a timeline stand in a drawing. Pure; the template draws."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from abuse.timeline import Entry, Kind, Timeline

# In units of the drawing, which is as wide as its place: about a pixel each.
WIDTH, LEFT, RIGHT = 560, 62, 8
LANES = {Kind.CHANGE: 34, Kind.CONTACT: 34, Kind.REPORT: 58, Kind.LOG_IN: 82, Kind.DECISION: 106}
_SAME_LANE = {
    Kind.CREATION: Kind.CHANGE,
    Kind.SIGN_UP: Kind.LOG_IN,
    Kind.APPEAL: Kind.DECISION,
}
HEIGHT = 136
SHORTEST, LONGEST = timedelta(hours=6), timedelta(days=30)
# Colours that can be told apart; more networks than that look alike, and are told apart by their names.
COLOURS = 6
TICKS = 5


@dataclass(frozen=True, slots=True)
class Bar:
    """An address, from when until when it was answered."""

    x: float
    width: float
    colour: int
    words: str


@dataclass(frozen=True, slots=True)
class Mark:
    x: float
    y: int
    kind: str
    words: str


@dataclass(frozen=True, slots=True)
class Tick:
    x: float
    words: str


@dataclass(frozen=True, slots=True)
class Network:
    name: str
    colour: int


@dataclass(frozen=True, slots=True)
class Chart:
    """before says what had happened before the drawing begins."""

    bars: Sequence[Bar]
    marks: Sequence[Mark]
    ticks: Sequence[Tick]
    networks: Sequence[Network]
    more_networks: int
    begins_at: datetime
    before: Sequence[Entry]


def draw(timeline: Timeline) -> Chart | None:
    """From the first change, report or decision that is not too old until now. None: there is nothing to draw."""
    if not timeline.entries:
        return None
    end = timeline.ends_at
    start = max(min(each.at for each in timeline.entries), end - LONGEST)
    start = min(start, end - SHORTEST)
    # A little air, so that the first mark is not cut.
    start -= (end - start) / 40

    def x(at: datetime) -> float:
        return round(LEFT + (WIDTH - LEFT - RIGHT) * ((at - start) / (end - start)), 1)

    colours: dict[str, int] = {}
    shown = [each for each in timeline.entries if each.at >= start]
    bars = _bars(timeline, start, end, x, colours)
    return Chart(
        bars=bars,
        marks=[Mark(x(each.at), _lane(each.kind), each.kind.value, _words(each)) for each in reversed(shown)],
        ticks=_ticks(start, end, x),
        networks=[Network(name, number) for name, number in list(colours.items())[:COLOURS]],
        more_networks=max(len(colours) - COLOURS, 0),
        begins_at=start,
        before=[each for each in timeline.entries if each.at < start and each.kind in (Kind.CREATION, Kind.SIGN_UP)],
    )


def _bars(timeline: Timeline, start: datetime, end: datetime, x, colours: dict[str, int]) -> list[Bar]:
    changes = timeline.of_kind(Kind.CHANGE)
    until, found = end, []
    for change in changes:
        if until <= start:
            break
        if change.new:
            since = max(change.at, start)
            name = str(change.network)
            colour = colours.setdefault(name, len(colours) % COLOURS)
            words = f"{', '.join(change.new)} {name}, {change.at:%m-%d %H:%M} to {until:%m-%d %H:%M}"
            found.append(Bar(x(since), max(round(x(until) - x(since), 1), 1.5), colour, words))
        until = change.at
    return found[::-1]


def _ticks(start: datetime, end: datetime, x) -> list[Tick]:
    span = end - start
    form = "%H:%M" if span < timedelta(days=2) else "%m-%d %Hh" if span < timedelta(days=6) else "%m-%d"
    step = span / TICKS
    return [
        Tick(x(start + step * (number + 0.5)), f"{start + step * (number + 0.5):{form}}") for number in range(TICKS)
    ]


def _lane(kind: Kind) -> int:
    return LANES[_SAME_LANE.get(kind, kind)]


def _words(entry: Entry) -> str:
    more = [f"from {entry.source}" if entry.source else "", entry.agent]
    return " · ".join(filter(None, [f"{entry.at:%Y-%m-%d %H:%M:%S}", entry.text, *more]))[:300]
