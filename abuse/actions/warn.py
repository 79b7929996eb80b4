"""Warn: the customer has some days to put it right; the case waits, and comes back."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from abuse.actions.act import Act, Effect, Parameters, Touched, check_known, text_of, without_end
from abuse.errors import InvalidParameter
from abuse.models import Case, Decision
from ddns.models import User

# From what hosters give (a day) to what a customer on a week-end needs (facts: 24 to 72 hours).
LEAST_HOURS, MOST_HOURS = 24, 72


def _parse(case: Case, given: Mapping[str, Any], ends_at: datetime | None) -> tuple[Parameters, datetime]:
    check_known(given, "hours", "text", "deadline")
    if "deadline" not in given:
        # Else it was proposed, and the time of the customer begins when it is approved.
        without_end(ends_at)
    try:
        hours = int(given.get("hours", LEAST_HOURS))
    except (TypeError, ValueError, OverflowError) as error:
        raise InvalidParameter("hours is a number.") from error
    if not LEAST_HOURS <= hours <= MOST_HOURS:
        raise InvalidParameter(f"a customer has from {LEAST_HOURS} to {MOST_HOURS} hours.")
    # At its deadline the warning ends, and the case is the desk's again.
    deadline = timezone.now() + timedelta(hours=hours)
    parameters = {"hours": hours, "deadline": deadline.isoformat(timespec="seconds")}
    if text := text_of(given, "text", is_required=False):
        parameters["text"] = text
    return parameters, deadline


def _touch(case: Case, parameters: Parameters) -> Touched:
    return Touched(
        sentences=[
            f"{case.name} stays as it is. The customer is warned, and has {parameters['hours']} hours to answer or put it right.",
            "The case waits, and comes back to the queue with the answer or at the deadline.",
        ]
    )


def _do(decision: Decision) -> Effect:
    case = decision.case
    before = {"state": case.state, "due_at": case.due_at.isoformat()}
    case.state = Case.State.WAITING_CUSTOMER
    # From the deadline on the desk has as long as for a new report.
    case.due_at = datetime.fromisoformat(decision.parameters["deadline"]) + case.category.clock
    case.save(update_fields=["state", "due_at"])
    return {"before": before}


def _undo(decision: Decision, by: User | None) -> None:
    """The case is the desk's again, unless it is already. At the deadline with a new clock, else with the old one."""
    case = decision.case
    if case.state != Case.State.WAITING_CUSTOMER:
        return
    case.state = Case.State.OPEN
    if by is not None:
        case.due_at = datetime.fromisoformat(decision.effect["before"]["due_at"])
    case.save(update_fields=["state", "due_at"])


WARN = Act(permission="decide_case", parse=_parse, touch=_touch, do=_do, undo=_undo)
