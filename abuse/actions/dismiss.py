"""Dismiss: nothing is done about the name, and the reporters are told so."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from abuse.actions.act import Act, Effect, Parameters, Touched, check_known, without_end
from abuse.errors import InvalidParameter
from abuse.models import Case, Decision, Report

OUTCOMES = (Report.Outcome.REJECTED, Report.Outcome.INSUFFICIENT, Report.Outcome.ALREADY_DONE)


def _parse(case: Case, given: Mapping[str, Any], ends_at: datetime | None) -> tuple[Parameters, None]:
    check_known(given, "outcome")
    without_end(ends_at)
    outcome = given.get("outcome", Report.Outcome.REJECTED.value)
    if outcome not in OUTCOMES:
        raise InvalidParameter(f"outcome is one of {', '.join(OUTCOMES)}.")
    return {"outcome": str(outcome)}, None


def _touch(case: Case, parameters: Parameters) -> Touched:
    return Touched(
        sentences=[f"{case.name} stays as it is. Its reporters are told “{_word(parameters)}” and may appeal."]
    )


def _do(decision: Decision) -> Effect:
    return {}


def _word(parameters: Parameters) -> str:
    return Report.Outcome(parameters["outcome"]).label


ACT = Act(permission="decide_case", parse=_parse, touch=_touch, do=_do, outcome=Report.Outcome.REJECTED)
