"""Scoring: what policy makes of a case is stored on it, and a hold that policy wants is taken as a decision."""

import logging
import time
from dataclasses import asdict
from datetime import timedelta
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
# Some ten seconds' worth: a stranger's list of thousands of names waits behind those.
MOST_FIRST = 300
HOUR = timedelta(hours=1)


@transaction.atomic
def rescore(case: Case) -> Score:
    """Stores score, reasons and time on the case, and holds the name where a rule says so. Twice is once.

    Locks the case. A closed case keeps the score that it was decided with.
    """
    case = Case.objects.select_for_update(no_key=True).get(pk=case.pk)
    if case.closed_at is not None:
        return stored(case)
    facts = signals.gather(case)
    score = policy.score(facts, Weight.objects.all())
    verdict = policy.decide(facts, score, Rule.objects.filter(is_on=True))
    if isinstance(verdict, Hold):
        verdict = _hold(case, facts, verdict)
    case.score, case.scored_at, case.scored_report_count = score.total, facts.at, case.report_count
    case.score_reasons = [asdict(each) for each in score.reasons]
    case.save(update_fields=["score", "score_reasons", "scored_at", "scored_report_count"])
    _remember(case, facts, score, verdict)
    return score


def rescore_due() -> int:
    """Scores open cases with reports that no score knows of, worst first, for RUN_SECONDS at most; how many.

    Of each run those come first of which somebody speaks who has proven who it is. One that cannot be scored stays due and
    keeps nobody else waiting.
    """
    ends_at, failed, total = time.monotonic() + RUN_SECONDS, set[int](), 0
    proven = iter(list(_of_the_proven(_due())))
    while time.monotonic() < ends_at:
        case = next(proven, None) or _due().exclude(pk__in=failed).first()
        if case is None:
            break
        try:
            rescore(case)
        except Exception:
            logger.exception("Case %d cannot be scored.", case.pk)
            failed.add(case.pk)
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


def _remember(case: Case, facts: Facts, score: Score, verdict: Verdict) -> None:
    """One more assessment where it differs from the last in what was heard, what it weighs, or what came of it."""
    rule = verdict.rule if isinstance(verdict, Hold) else ""
    known, reasons = facts.as_json(), [asdict(each) for each in score.reasons]
    last = Assessment.objects.filter(case=case).order_by("-pk").first()
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
