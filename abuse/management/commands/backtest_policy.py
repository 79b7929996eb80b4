"""manage.py backtest_policy: how often the rules and signals of policy would have been right, over cases that people decided."""

import json
from argparse import ArgumentTypeError
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from abuse import backtests
from abuse.backtests import Backtest, OfRule, Tally
from abuse.errors import InvalidParameter

MOST_SHOWN = 50
MOST_OCTETS = 1024 * 1024
_RULE = "{:<32} {:<3} {:>6} {:>6}  {:<22} {:>12} {:>10} {:>8}"


def _day(text: str) -> datetime:
    try:
        return datetime.combine(date.fromisoformat(text), time(), UTC)
    except ValueError as error:
        raise ArgumentTypeError(f"“{text}” is not a date like 2026-03-31.") from error


class Command(BaseCommand):
    help = (
        "Replays what policy knew of past cases, as it was stored then, with the present rules and weights or others, and "
        "compares what they would have done with what people decided. Changes nothing."
    )

    def add_arguments(self, parser) -> None:
        parser.add_argument("--since", type=_day, metavar="DATE", help="only cases closed since then (UTC)")
        parser.add_argument(
            "--rule", action="append", default=[], metavar="KEY", help="only this rule; may be repeated"
        )
        parser.add_argument(
            "--weights",
            type=Path,
            metavar="FILE",
            help='JSON to try: {"weights": {"feed_hit": 50}, "rules": {"score-on-young-name": {"parameters": {"score": 60}}}}',
        )
        parser.add_argument("--json", action="store_true", help="JSON lines instead of a table")

    def handle(self, since: datetime | None, rule: list[str], weights: Path | None, json: bool, **options: Any) -> None:
        tried = _read(weights) if weights else {}
        try:
            result = backtests.run(
                since=since,
                weights=backtests.present_weights(tried.get("weights")),
                rules=backtests.present_rules(tried.get("rules"), only=rule),
            )
        except InvalidParameter as error:
            raise CommandError(str(error)) from error
        for line in _lines(result) if json else _table(result):
            self.stdout.write(line)


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            content = file.read(MOST_OCTETS + 1)
        if len(content) > MOST_OCTETS:
            raise CommandError(f"{path} is bigger than a file of weights can be.")
        document = json.loads(content)
    except (OSError, ValueError, RecursionError) as error:
        raise CommandError(f"{path} cannot be read: {error}") from error
    if not isinstance(document, dict) or set(document) - {"weights", "rules"}:
        raise CommandError(f"{path} is to have “weights” and “rules” and nothing else.")
    return document


def _lines(result: Backtest) -> Iterator[str]:
    """One object a line: the cases, each rule, each signal, each hold, each caveat."""
    yield _dump("cases", decided=result.all.total, abuse=result.all.right, left_out=result.unknown_count)
    for key, of_rule in result.rules.items():
        recall = result.recall(key)
        forbidden = {"forbidden": of_rule.forbidden.total, "forbidden_rightly": of_rule.forbidden.wrong}
        yield _dump("rule", rule=key, is_on=of_rule.is_on, **_figures(of_rule.held), recall=recall, **forbidden)
    for key, tally in result.signals.items():
        yield _dump("signal", signal=key, **_figures(tally))
    for hold in result.holds:
        earlier = hold.earlier and hold.earlier.total_seconds()
        yield _dump("hold", **asdict(hold) | {"at": hold.at.isoformat(), "earlier": earlier})
    for sentence in result.caveats:
        yield _dump("caveat", sentence=sentence)


def _dump(of: str, **values: Any) -> str:
    return json.dumps({"of": of} | values, ensure_ascii=False)


def _figures(tally: Tally) -> dict[str, Any]:
    least, most = tally.interval
    return {
        "count": tally.total,
        "right": tally.right,
        "precision": tally.precision,
        "least": round(least, 4),
        "most": round(most, 4),
        "is_few": tally.is_few,
    }


def _table(result: Backtest) -> Iterator[str]:
    share = f", {result.all.precision:.0%} of them abuse" if result.all.precision is not None else ""
    yield f"{result.all.total} cases that people decided{share}; {result.unknown_count} left out."
    yield ""
    yield _RULE.format("rule", "on", "held", "right", "precision (95 %)", "of all abuse", "forbidden", "rightly")
    for key, of_rule in result.rules.items():
        yield _rule_line(result, key, of_rule)
    yield ""
    yield f"{'signal':<32} {'found':>10} {'right':>6}  {'precision (95 %)':<22}"
    for key, tally in sorted(result.signals.items(), key=lambda each: -each[1].total):
        yield f"{key:<32} {tally.total:>10} {tally.right:>6}  {_precision(tally):<22}".rstrip()
    if result.holds:
        yield ""
        yield "Would have been held:"
    # Those that were no abuse first: they are what one looks for.
    shown = sorted(result.holds, key=lambda each: (each.is_abuse, each.rule, each.case))
    for hold in shown[:MOST_SHOWN]:
        truth = "abuse" if hold.is_abuse else "NO ABUSE"
        yield f"{truth:<9} case {hold.case} {hold.name} at {hold.at:%Y-%m-%d %H:%M:%S} by {hold.rule}: {hold.why}"
    if len(shown) > MOST_SHOWN:
        yield f"... and {len(shown) - MOST_SHOWN} more (--json has all)."
    yield ""
    yield from result.caveats


def _rule_line(result: Backtest, key: str, of_rule: OfRule) -> str:
    held, forbidden, recall = of_rule.held, of_rule.forbidden, result.recall(key)
    share = "-" if recall is None else f"{recall:.0%}"
    is_on = "yes" if of_rule.is_on else "no"
    return _RULE.format(key, is_on, held.total, held.right, _precision(held), share, forbidden.total, forbidden.wrong)


def _precision(tally: Tally) -> str:
    if tally.precision is None:
        return "nothing to count"
    least, most = tally.interval
    return f"{tally.precision:.0%} ({least:.0%} to {most:.0%}){', few' if tally.is_few else ''}"
