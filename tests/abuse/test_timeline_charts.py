"""Where events stand in the drawing of a timeline."""

from datetime import UTC, datetime, timedelta

from abuse import timeline_charts
from abuse.networks import Network
from abuse.timeline import Entry, Kind, Timeline

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def change(hours: float, address: str, org: str) -> Entry:
    return Entry(NOW - timedelta(hours=hours), Kind.CHANGE, f"→ {address}", new=(address,), network=Network(org=org))


def drawn(*entries: Entry) -> timeline_charts.Chart:
    newest_first = sorted(entries, key=lambda each: each.at, reverse=True)
    chart = timeline_charts.draw(Timeline(entries=tuple(newest_first), ends_at=NOW))
    assert chart is not None
    return chart


def test_nothing_is_no_drawing():
    assert timeline_charts.draw(Timeline(ends_at=NOW)) is None


def test_addresses_follow_each_other_without_gap_until_now():
    bars = drawn(
        change(20, "203.0.113.1", "One"), change(10, "203.0.113.2", "Two"), change(1, "203.0.113.3", "One")
    ).bars
    assert [bar.colour for bar in bars] == [0, 1, 0]
    assert abs(bars[0].x + bars[0].width - bars[1].x) < 0.2
    assert abs(bars[-1].x + bars[-1].width - (timeline_charts.WIDTH - timeline_charts.RIGHT)) < 0.2


def test_nothing_stands_outside_the_drawing():
    old = Entry(NOW - timedelta(days=900), Kind.SIGN_UP, "The account was made.")
    chart = drawn(old, change(24 * 40, "203.0.113.1", "One"), change(1, "203.0.113.2", "Two"))
    assert all(timeline_charts.LEFT <= mark.x <= timeline_charts.WIDTH for mark in chart.marks)
    assert all(bar.x >= timeline_charts.LEFT for bar in chart.bars)
    assert chart.before == [old]


def test_many_networks_are_counted_not_listed():
    chart = drawn(*(change(number + 1, f"203.0.113.{number}", f"Network {number}") for number in range(9)))
    assert (len(chart.networks), chart.more_networks) == (timeline_charts.COLOURS, 9 - timeline_charts.COLOURS)
