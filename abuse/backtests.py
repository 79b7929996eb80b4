"""Backtests: what policy would have done with what was known then, beside what people decided in the end."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import groupby
from math import sqrt
from typing import Any

from django.db.models import Exists, OuterRef

from abuse import policy
from abuse.errors import InvalidParameter
from abuse.facts import Facts
from abuse.models import Assessment, Case, Decision, Report, Rule, Weight
from abuse.policy import RULES, Hold
from abuse.policy_settings import check_parameters, check_points
from abuse.reasons import SIGNALS, count

# Of so few decided cases a share says nothing: of ten that were right, one in four may still be wrong.
FEW = 20
# Two-sided 95 %.
_Z = 1.96
# Assessments are read for so many cases at a time.
CHUNK = 500

# What people found in the end. A victim that is held is harmed: for a hold that is wrong, however true the report was. What is
# left out says nothing either way: too little evidence, forwarded, acted on before.
ABUSE = frozenset({Report.Outcome.UPHELD})
NO_ABUSE = frozenset({Report.Outcome.REJECTED, Report.Outcome.INFORMED})


@dataclass(slots=True)
class Tally:
    """How often something that was found went with abuse, and how often not."""

    right: int = 0
    wrong: int = 0

    @property
    def total(self) -> int:
        return self.right + self.wrong

    @property
    def precision(self) -> float | None:
        return self.right / self.total if self.total else None

    @property
    def interval(self) -> tuple[float, float]:
        return wilson(self.right, self.total)

    @property
    def is_few(self) -> bool:
        return self.total < FEW

    def add(self, is_abuse: bool) -> None:
        if is_abuse:
            self.right += 1
        else:
            self.wrong += 1


@dataclass(frozen=True, slots=True)
class WouldHold:
    """One case that a rule would have held, and how long before people decided."""

    rule: str
    case: int
    name: str
    at: datetime
    why: str
    is_abuse: bool
    earlier: timedelta | None


@dataclass(slots=True)
class OfRule:
    """held: the rule's precision. forbidden: what it wanted and guards forbade; of those, the wrong ones were protected."""

    is_on: bool
    held: Tally = field(default_factory=Tally)
    forbidden: Tally = field(default_factory=Tally)


@dataclass(slots=True)
class Backtest:
    """all: the decided cases. unknown_count: closed ones that say nothing, or of which nothing was remembered."""

    all: Tally = field(default_factory=Tally)
    unknown_count: int = 0
    rules: dict[str, OfRule] = field(default_factory=dict)
    signals: dict[str, Tally] = field(default_factory=dict)
    holds: list[WouldHold] = field(default_factory=list)

    def recall(self, rule: str) -> float | None:
        """The share of the abuse that the rule would have held."""
        return self.rules[rule].held.right / self.all.right if self.all.right else None

    @property
    def caveats(self) -> list[str]:
        """What a reader must know before believing the figures."""
        said = [
            "People saw the score and its reasons when they decided, so signals look a little better than they are.",
        ]
        if self.all.total < FEW:
            said.append(
                f"Only {count(self.all.total, 'decided case')}: too few to say anything. Decide on {FEW} and more first."
            )
        if self.all.total and not (self.all.right and self.all.wrong):
            said.append("All were decided alike: nothing tells a good rule from one that always fires.")
        if self.unknown_count:
            cases = count(self.unknown_count, "closed case")
            said.append(f"{cases.capitalize()} left out: no clear outcome, decided by nobody, or scored by nothing.")
        return said


@dataclass(frozen=True, slots=True)
class TriedWeight:
    """A weight as a backtest tries it."""

    signal: str
    points: int
    parameters: Mapping[str, float]
    is_on: bool = True


@dataclass(frozen=True, slots=True)
class TriedRule:
    """A rule as a backtest tries it."""

    key: str
    parameters: Mapping[str, float]
    is_on: bool = True


def run(
    *,
    since: datetime | None = None,
    weights: Sequence[TriedWeight] | None = None,
    rules: Sequence[TriedRule] | None = None,
) -> Backtest:
    """Over cases closed since then; weights and rules are those in force where none are given. Reads and writes nothing else.

    Each rule is tried by itself, switched on or not, on every assessment of a case in order; the first hold counts.
    """
    weights = present_weights() if weights is None else weights
    rules = present_rules() if rules is None else rules
    result = Backtest(rules={each.key: OfRule(each.is_on) for each in rules}, signals={key: Tally() for key in SIGNALS})
    for case, assessments in _decided(since):
        is_abuse = _is_abuse(case)
        if is_abuse is None or not assessments:
            result.unknown_count += 1
            continue
        result.all.add(is_abuse)
        _try(result, case, assessments, is_abuse, weights, rules)
    return result


def present_weights(changed: Mapping[str, Any] | None = None) -> list[TriedWeight]:
    """Those in force, with changes: points, or {points, parameters, is_on}, by signal. Raises InvalidParameter."""
    rows = {row.signal: row for row in Weight.objects.all() if row.signal in SIGNALS}
    wanted = _changes(changed, SIGNALS, "signal", short="points")
    return [
        TriedWeight(
            signal=key,
            points=check_points(
                wanted.get(key, {}).get("points", rows[key].points if key in rows else SIGNALS[key].points)
            ),
            parameters={**(rows[key].parameters if key in rows else {}), **wanted.get(key, {}).get("parameters", {})},
            is_on=wanted.get(key, {}).get("is_on", rows[key].is_on if key in rows else True),
        )
        for key in SIGNALS
    ]


def present_rules(changed: Mapping[str, Any] | None = None, *, only: Iterable[str] = ()) -> list[TriedRule]:
    """All, or only some, with changes: is_on, or {parameters, is_on}, by key. Raises InvalidParameter."""
    rows = {row.key: row for row in Rule.objects.all() if row.key in RULES}
    wanted = _changes(changed, RULES, "rule", short="is_on")
    if unknown := set(only) - set(RULES):
        raise InvalidParameter(f"there is no rule {', '.join(sorted(unknown))}; there are {', '.join(RULES)}.")
    return [
        TriedRule(
            key=key,
            parameters={**(rows[key].parameters if key in rows else {}), **wanted.get(key, {}).get("parameters", {})},
            is_on=wanted.get(key, {}).get("is_on", key in rows and rows[key].is_on),
        )
        for key in RULES
        if not only or key in only
    ]


def wilson(hits: int, total: int) -> tuple[float, float]:
    """Between which shares the true one lies, at 95 % (Wilson's score interval); (0, 1) where nothing was counted."""
    if total <= 0:
        return 0.0, 1.0
    share, square = hits / total, _Z * _Z
    middle = (share + square / (2 * total)) / (1 + square / total)
    half = _Z / (1 + square / total) * sqrt(share * (1 - share) / total + square / (4 * total * total))
    return max(0.0, middle - half), min(1.0, middle + half)


def _decided(since: datetime | None) -> Iterator[tuple[Case, list[Assessment]]]:
    """Closed cases about which a person decided, the oldest first, with what was known on the way."""
    by_person = Exists(Decision.objects.filter(case=OuterRef("pk"), decided_by__isnull=False))
    closed = Case.objects.filter(by_person, closed_at__isnull=False).order_by("pk")
    if since is not None:
        closed = closed.filter(closed_at__gte=since)
    last = 0
    while chunk := list(closed.filter(pk__gt=last)[:CHUNK]):
        last = chunk[-1].pk
        rows = Assessment.objects.filter(case__in=chunk).order_by("case_id", "pk")
        by_case = {key: list(group) for key, group in groupby(rows, key=lambda each: each.case_id)}
        yield from ((case, by_case.get(case.pk, [])) for case in chunk)


def _is_abuse(case: Case) -> bool | None:
    return True if case.outcome in ABUSE else False if case.outcome in NO_ABUSE else None


def _try(
    result: Backtest,
    case: Case,
    assessments: Sequence[Assessment],
    is_abuse: bool,
    weights: Sequence[TriedWeight],
    rules: Sequence[TriedRule],
) -> None:
    open_rules = {each.key: replace(each, is_on=True) for each in rules}
    forbidden: set[str] = set()
    before = [each for each in assessments if case.decided_at is None or each.at <= case.decided_at]
    for number, assessment in enumerate(before or assessments[:1], start=1):
        facts = _as_if_unheld(Facts.from_json(assessment.facts))
        score = policy.score(facts, weights)
        if number == len(before or assessments[:1]):
            for reason in score.reasons:
                result.signals[reason.signal].add(is_abuse)
        for key, rule in list(open_rules.items()):
            verdict = policy.decide(facts, score, [rule])
            if isinstance(verdict, Hold):
                del open_rules[key]
                earlier = None if case.decided_at is None else case.decided_at - assessment.at
                result.rules[key].held.add(is_abuse)
                result.holds.append(WouldHold(key, case.pk, case.name, assessment.at, verdict.why, is_abuse, earlier))
            elif verdict.guards:
                forbidden.add(key)
    # One that was held later after all is counted there.
    for key in forbidden & open_rules.keys():
        result.rules[key].forbidden.add(is_abuse)


def _as_if_unheld(facts: Facts) -> Facts:
    """Policy itself may have held it: another rule is asked as if it had not."""
    return replace(facts, state="live") if facts.state == "held" else facts


def _changes(changed: Mapping[str, Any] | None, known: Mapping[str, Any], noun: str, *, short: str) -> dict[str, dict]:
    """What a file says, each as {points or is_on, parameters}."""
    if not isinstance(changed or {}, Mapping):
        raise InvalidParameter(f"{noun}s are an object by key.")
    found: dict[str, dict] = {}
    for key, value in (changed or {}).items():
        if key not in known:
            raise InvalidParameter(f"there is no {noun} {key}; there are {', '.join(known)}.")
        wanted = dict(value) if isinstance(value, Mapping) else {short: value}
        check_parameters(wanted.get("parameters", {}), known[key].parameters)
        if unknown := set(wanted) - {short, "parameters", "is_on"}:
            raise InvalidParameter(f"{key} has no {', '.join(sorted(unknown))}.")
        if not isinstance(wanted.get("is_on", True), bool):
            raise InvalidParameter(f"is_on of {key} is true or false.")
        found[key] = wanted
    return found
