"""Policy: how much speaks against a name, and whether it is held until a person has looked. Pure; it never suspends."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from abuse import compromise
from abuse.facts import Facts, Voice
from abuse.reasons import SIGNALS, Parameters, confident_hits, count, listed, span, trusted_voices

MOST_POINTS = 100
# A name that has worked for so long is somebody's: a person decides (§ guards in docs/decisions/0024-policy.md).
GROWN_UP = timedelta(days=180)
STILL_UPDATED = timedelta(days=30)


class WeightLike(Protocol):
    """A row of abuse.models.Weight, or what a backtest tries in its place."""

    @property
    def signal(self) -> str: ...
    @property
    def points(self) -> int: ...
    @property
    def parameters(self) -> Mapping[str, float]: ...
    @property
    def is_on(self) -> bool: ...


class RuleLike(Protocol):
    """A row of abuse.models.Rule, or what a backtest tries in its place."""

    @property
    def key(self) -> str: ...
    @property
    def parameters(self) -> Mapping[str, float]: ...
    @property
    def is_on(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Reason:
    """Points that a signal gave or took, and why in a sentence."""

    points: int
    sentence: str
    signal: str


@dataclass(frozen=True, slots=True)
class Score:
    """0 to 100. The weightiest reason first; those of no points are things to know."""

    total: int
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Hold:
    """Hold the name until a person has looked, at the longest for so long."""

    rule: str
    why: str
    lasts: timedelta


@dataclass(frozen=True, slots=True)
class Nothing:
    """Do nothing by itself. guards are what would have forbidden a hold that a rule wanted."""

    why: str
    guards: tuple[str, ...] = ()


Verdict = Hold | Nothing


def score(facts: Facts, weights: Iterable[WeightLike]) -> Score:
    """What is found, weighed. Weak signals (a label, a mail domain) count only beside one that is not."""
    found = []
    for weight in weights:
        signal = SIGNALS.get(weight.signal)
        if signal is None or not weight.is_on:
            continue
        finding = signal.find(facts, {**signal.parameters, **weight.parameters})
        if finding is not None:
            found.append((signal, finding, round(weight.points * finding.share)))
    has_company = any(points > 0 and not signal.is_weak for signal, _, points in found)
    reasons = [
        Reason(points, finding.sentence, signal.key)
        if has_company or points <= 0 or not signal.is_weak
        else Reason(0, f"{finding.sentence} Alone it counts for nothing.", signal.key)
        for signal, finding, points in found
    ]
    reasons.sort(key=lambda each: (-abs(each.points), each.signal))
    total = sum(each.points for each in reasons)
    return Score(max(0, min(total, MOST_POINTS)), tuple(reasons))


def decide(facts: Facts, score: Score, rules: Iterable[RuleLike]) -> Verdict:
    """The first rule, by its key, that is on and met, unless something forbids it."""
    if (why := _out_of_question(facts)) is not None:
        return Nothing(why)
    met = None
    for rule in sorted((each for each in rules if each.is_on and each.key in RULES), key=lambda each: each.key):
        definition = RULES[rule.key]
        parameters = {**definition.parameters, **rule.parameters}
        why = definition.find(facts, score, parameters)
        if why:
            met = Hold(rule.key, why, timedelta(hours=parameters["hours"]))
            break
    if met is None:
        return Nothing("No rule is met: a person decides.")
    if forbidden := guards(facts):
        return Nothing(f"{met.why} It is not held by itself: {' '.join(forbidden)}", forbidden)
    return met


def guards(facts: Facts) -> tuple[str, ...]:
    """What forbids that policy holds the name by itself, each a sentence. Empty: nothing does."""
    return tuple(sentence for guard in GUARDS if (sentence := guard(facts)))


def _out_of_question(facts: Facts) -> str | None:
    """Where there is nothing for policy to do, whatever is said."""
    if facts.created_at is None or facts.is_released:
        return "Nobody holds the name now."
    if facts.state in ("held", "suspended", "diverted"):
        return f"The name is {facts.state} already."
    if facts.route != "suspect":
        return "The holder is not suspected: a person decides."
    if not facts.may_hold:
        return "Names of this category are not held without a person."
    return None


def _grown_up(facts: Facts) -> str:
    contact, age = facts.last_contact_at, facts.age
    if age is None or age <= GROWN_UP or contact is None or facts.at - contact > STILL_UPDATED:
        return ""
    return f"It is {span(age)} old and still updated, last {contact:%Y-%m-%d}."


def _paid(facts: Facts) -> str:
    return f"The account pays for its plan ({facts.plan})." if facts.is_paid else ""


def _protected(facts: Facts) -> str:
    return f"It is a protected name: {facts.protection.rstrip('.')}." if facts.protection else ""


def _staff(facts: Facts) -> str:
    return "Its holder is a member of staff." if facts.is_staff else ""


def _before_holder(facts: Facts) -> str:
    if not facts.before_holder_count or facts.created_at is None:
        return ""
    number = count(facts.before_holder_count, "report")
    return f"The evidence of {number} is older than the present holder, who has the name since {facts.created_at:%Y-%m-%d}."


def _contradicted(facts: Facts) -> str:
    wrong = [each for each in facts.claims if each.agrees is False and each.weighs]
    if not wrong:
        return ""
    first = wrong[0]
    ours = listed(first.ours or ()) or "nothing"
    return (
        f"Our history contradicts a report: it says {listed(first.claimed)} at {first.at:%Y-%m-%d %H:%M} UTC, "
        f"when the name answered {ours}."
    )


def _warned_of(facts: Facts) -> str:
    """Addresses of sinkholes, sandboxes, VPNs and Tor: stopped already, or somebody else's users too."""
    for place in facts.places:
        if place.network.is_sunk or place.network.kind in ("VPN", "Tor"):
            return f"Its address {place.address} is of a kind that says nothing about its holder: {place.network.kind}."
    return ""


def _compromised(facts: Facts) -> str:
    hits = [each.feed for each in facts.feed_hits if each.is_compromised]
    if hits:
        return f"{listed(hits)} says that it was broken into: its holder is a victim."
    judgement = compromise.judge(facts)
    return "It looks broken into rather than malicious." if judgement.leans == compromise.COMPROMISED else ""


def _appealed(facts: Facts) -> str:
    return "Its holder has won an appeal against this desk before." if facts.appeals_won else ""


GUARDS: tuple[Callable[[Facts], str], ...] = (
    _protected, _staff, _grown_up, _paid, _before_holder, _contradicted, _warned_of, _compromised, _appealed,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Definition:
    """What a rule asks. parameters are what an editable Rule begins with; hours: how long the hold lasts unless decided."""

    title: str
    is_on: bool
    find: Callable[[Facts, Score, Parameters], str]
    parameters: Parameters


def _is_young(facts: Facts, days: float) -> bool:
    return facts.age is not None and facts.age < timedelta(days=days)


def _fresh(facts: Facts) -> list[Voice]:
    """Those that were not heard before the last decision about this name was dismissed, undone or ended."""
    return [
        each for each in facts.voices if each.counts and (facts.settled_at is None or each.first_at > facts.settled_at)
    ]


def _age(facts: Facts) -> str:
    return f"on a name that is {span(facts.age)} old" if facts.age is not None else ""


def _by_feed(facts: Facts, score: Score, parameters: Parameters) -> str:
    hits = confident_hits(facts, parameters["confidence"], timedelta(days=parameters["evidence_days"]))
    if not hits or not _is_young(facts, parameters["age_days"]):
        return ""
    best = max(each.confidence or 0 for each in hits)
    return f"{listed(each.feed for each in hits)} lists it with a confidence of {best:.0%}, {_age(facts)}."


def _by_reports(facts: Facts, score: Score, parameters: Parameters) -> str:
    """Strangers' voices can be bought by the dozen; one of them has to be known.

    That evidence agrees with our history makes nobody known: what a name answers now, everybody can ask.
    """
    within = timedelta(hours=parameters["within_hours"])
    wrong = {each.identity for each in facts.claims if each.agrees is False}
    heard = [each for each in _fresh(facts) if facts.at - each.last_at < within and each.identity not in wrong]
    is_backed = any(each.tier in ("A", "B") for each in heard)
    if len(heard) < parameters["voices"] or not is_backed or not _is_young(facts, parameters["age_days"]):
        return ""
    lasted = max(each.last_at for each in heard) - min(each.first_at for each in heard)
    return f"{count(len(heard), 'independent reporter').capitalize()} in {span(lasted)}, {_age(facts)}."


def _by_trusted(facts: Facts, score: Score, parameters: Parameters) -> str:
    trusted = trusted_voices(facts, parameters["accuracy"], parameters["decided"])
    fresh = [each for each in trusted if each in _fresh(facts)]
    if not fresh or not _is_young(facts, parameters["age_days"]):
        return ""
    return f"{fresh[0].identity}, a trusted reporter, sent evidence that agrees with our history, {_age(facts)}."


def _by_score(facts: Facts, score: Score, parameters: Parameters) -> str:
    if score.total < parameters["score"] or not _is_young(facts, parameters["age_days"]) or not _fresh(facts):
        return ""
    return f"It scores {score.total} of {MOST_POINTS} and was reported, {_age(facts)}."


RULES: dict[str, Definition] = {
    "feed-on-young-name": Definition(
        "A feed is sure, and the name is young",
        True,
        _by_feed,
        {"confidence": 0.9, "age_days": 7, "evidence_days": 30, "hours": 72},
    ),
    "reports-on-young-name": Definition(
        "Independent reporters agree, one of them known, and the name is young",
        True,
        _by_reports,
        {"voices": 3, "within_hours": 24, "age_days": 7, "hours": 72},
    ),
    "trusted-report-on-young-name": Definition(
        "A trusted reporter's evidence agrees with our history, and the name is young",
        True,
        _by_trusted,
        {"accuracy": 0.9, "decided": 20, "age_days": 7, "hours": 72},
    ),
    "score-on-young-name": Definition(
        "The score is high, and the name is young", False, _by_score, {"score": 70, "age_days": 7, "hours": 72}
    ),
}
