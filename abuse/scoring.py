"""Scoring: what policy makes of a case is stored on it, and a hold that policy wants is taken as a decision."""

import logging
import time
from dataclasses import asdict, dataclass
from datetime import timedelta
from itertools import islice
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet

from abuse import decisions, policy, reporters, signals
from abuse.errors import AbuseError
from abuse.facts import Facts
from abuse.models import Assessment, Case, Decision, Report, Rule, Weight
from abuse.policy import Hold, Nothing, Reason, Score, Verdict
from ddns.errors import HostnameReleased

logger = logging.getLogger(__name__)

# Of one case: a flood is scored each time, and remembered from its beginning. A hold is always remembered.
MOST_ASSESSMENTS = 100
RUN_SECONDS = 10.0
# By the same terms; few, so that the worst come first among those that came meanwhile.
AT_ONCE = 20
# Some ten seconds' worth: a stranger's list of thousands of names waits behind those.
MOST_FIRST = 300
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Terms:
    """What cases are scored by: read once for many."""

    weights: tuple[Weight, ...]
    rules: tuple[Rule, ...]
    brands: tuple[signals.BrandWord, ...]


def terms() -> Terms:
    """As they stand now. Three queries."""
    return Terms(tuple(Weight.objects.all()), tuple(Rule.objects.filter(is_on=True)), signals.brands())


@transaction.atomic
def rescore(case: Case, by: Terms | None = None) -> Score:
    """Stores score, reasons and time on the case, and holds the name where a rule says so. Twice is once.

    Locks the case. A closed case keeps the score that it was decided with.
    """
    locked = Case.objects.select_for_update(of=("self",), no_key=True).select_related(*signals.WITH)
    case = locked.get(pk=case.pk)
    if case.closed_at is not None:
        return stored(case)
    by = by or terms()
    facts = signals.gather_loaded(case, by.brands)
    score = policy.score(facts, by.weights)
    verdict = policy.decide(facts, score, by.rules)
    if isinstance(verdict, Hold):
        verdict = _hold(case, facts, verdict)
    is_first = case.scored_at is None
    case.score, case.scored_at, case.scored_report_count = score.total, facts.at, case.report_count
    case.score_reasons = [asdict(each) for each in score.reasons]
    case.save(update_fields=["score", "score_reasons", "scored_at", "scored_report_count"])
    _remember(case, facts, score, verdict, is_first=is_first)
    return score


def rescore_due() -> int:
    """Scores open cases with reports that no score knows of, worst first, for RUN_SECONDS at most; how many.

    Of each run those come first of which somebody speaks who has proven who it is. One that cannot be scored stays due and
    keeps nobody else waiting.
    """
    ends_at, failed, total = time.monotonic() + RUN_SECONDS, set[int](), 0
    proven = iter(list(_of_the_proven(_due()).values_list("pk", flat=True)))
    while time.monotonic() < ends_at:
        ids = list(islice(proven, AT_ONCE)) or list(
            _due().exclude(pk__in=failed).values_list("pk", flat=True)[:AT_ONCE]
        )
        if not ids:
            break
        # As the settings stand now: whoever changes one sees it within seconds.
        by = terms()
        for case_id in ids:
            if time.monotonic() > ends_at:
                break
            try:
                rescore(Case(pk=case_id), by)
            except Exception:
                logger.exception("Case %d cannot be scored.", case_id)
                failed.add(case_id)
            else:
                total += 1
    return total


def _due() -> QuerySet[Case]:
    return Case.objects.open().exclude(report_count=F("scored_report_count")).order_by("due_at", "-severity", "pk")


def _of_the_proven(due: QuerySet[Case]) -> QuerySet[Case]:
    said = Report.objects.counted().filter(case=OuterRef("pk")).exclude(reporters.IS_CLAIM)
    return due.filter(Exists(said))[:MOST_FIRST]


def stored(case: Case) -> Score:
    """As it was scored last."""
    return Score(case.score, tuple(Reason(**each) for each in case.score_reasons))


def _hold(case: Case, facts: Facts, verdict: Hold) -> Verdict:
    """Takes the decision; what came of it. A person's pending decision, and a limit on what policy does unseen, come first."""
    recent = Decision.objects.filter(
        decided_by=None, action=Decision.Action.HOLD, decided_at__gt=facts.at - HOUR
    ).count()
    if recent >= settings.ABUSE_AUTOMATIC_HOLDS_PER_HOUR:
        logger.error("Policy has held %d names within an hour: people have to look at why, and at the rest.", recent)
        return Nothing(f"{verdict.why} It is not held by itself: policy has held {recent} names within an hour.")
    try:
        with transaction.atomic():
            decisions.take(
                case,
                action=Decision.Action.HOLD,
                reason=verdict.why,
                by=None,
                rule=verdict.rule,
                ends_at=facts.at + verdict.lasts,
                keep_open=True,
            )
    except (AbuseError, HostnameReleased) as error:
        return Nothing(f"{verdict.why} It is not held by itself: {error}")
    return verdict


def _remember(case: Case, facts: Facts, score: Score, verdict: Verdict, *, is_first: bool) -> None:
    """One more assessment where it differs from the last in what was heard, what it weighs, or what came of it."""
    rule = verdict.rule if isinstance(verdict, Hold) else ""
    known, reasons = facts.as_json(), [asdict(each) for each in score.reasons]
    last = None if is_first else Assessment.objects.filter(case=case).order_by("-pk").first()
    if last is not None and not rule:
        is_same = (last.total, last.verdict, _heard(last.facts)) == (score.total, verdict.why, _heard(known))
        if is_same or Assessment.objects.filter(case=case).count() >= MOST_ASSESSMENTS:
            return
    Assessment.objects.create(
        case=case, at=facts.at, facts=known, total=score.total, reasons=reasons, rule=rule, verdict=verdict.why
    )


def _heard(facts: dict[str, Any]) -> tuple:
    """What reporters and feeds have said."""
    voices = [(each["identity"], each["grade"], each["tier"]) for each in facts["voices"]]
    return voices, facts["feed_hits"], facts["claims"]
