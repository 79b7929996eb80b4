"""Ask, inform, forward, refer: something is said to somebody, and nothing is changed in DNS."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from abuse import clocks, messages, reporter_mails
from abuse.actions.act import Act, Effect, Parameters, Touched, check_known, parse_text, text_of, without_end
from abuse.errors import InvalidParameter
from abuse.models import Case, Decision, Message, Report
from ddns.models import User

MAX_AUTHORITY_CHARACTERS = 200


def _parse_ask(case: Case, given: Mapping[str, Any], ends_at: datetime | None) -> tuple[Parameters, None]:
    check_known(given, "text", "report")
    without_end(ends_at)
    parameters: Parameters = {"text": text_of(given, "text")}
    if given.get("report"):
        parameters["report"] = str(_report(case, given["report"]).pk)
    return parameters, None


def _report(case: Case, pk: Any) -> Report:
    try:
        return case.reports.counted().get(pk=pk)
    except (Report.DoesNotExist, ValidationError, ValueError) as error:
        raise InvalidParameter("there is no such report on the case.") from error


def to_ask(case: Case) -> list[Report]:
    """The last open report of each reporter: five reports of one are one question."""
    found = case.reports.counted().filter(state=Report.State.OPEN).select_related("reporter", "submission")
    return list({each.reporter_id: each for each in found.order_by("received_at", "pk")}.values())


def _asked(case: Case, parameters: Parameters) -> list[Report]:
    return [_report(case, parameters["report"])] if "report" in parameters else to_ask(case)


def _touch_ask(case: Case, parameters: Parameters) -> Touched:
    asked = _asked(case, parameters)
    whom = str(asked[0].reporter) if "report" in parameters else "Every reporter of the case"
    sentences = [
        f"{whom} is asked. The clock stands until an answer comes, {clocks.MOST_PAUSE.days} days at most in all."
    ]
    if silent := sum(not reporter_mails.is_mailable(each.contact) for each in asked):
        sentences.append(
            f"{silent} of {len(asked)} left no address: there the question is on the page of their report, and nowhere else."
        )
    return Touched(sentences=sentences)


def _ask(decision: Decision) -> Effect:
    case, asked = decision.case, _asked(decision.case, decision.parameters)
    for each in asked:
        _say(decision, Message.Side.REPORTER, report=each, key="ask")
    clocks.pause(case)
    case.refresh_from_db(fields=["state", "paused_at"])
    return {"asked": len(asked)}


def _undo_ask(decision: Decision, by: User | None) -> None:
    """What was asked stays asked; the clock goes on."""
    if decision.case.state == Case.State.WAITING_REPORTER:
        clocks.resume(decision.case)


def _parse_once(case: Case, given: Mapping[str, Any], ends_at: datetime | None) -> tuple[Parameters, datetime | None]:
    without_end(ends_at)
    return parse_text(case, given, None)


def _touch_inform(case: Case, parameters: Parameters) -> Touched:
    return Touched(
        sentences=[
            f"{case.name} stays as it is. The customer is told what was seen and how to put it right: no strike against them.",
            "The reporters are told that the customer was informed.",
        ]
    )


def _nothing_more(decision: Decision) -> Effect:
    return {}


def _parse_forward(case: Case, given: Mapping[str, Any], ends_at: datetime | None) -> tuple[Parameters, None]:
    check_known(given, "to", "text")
    without_end(ends_at)
    if not settings.CAN_MAIL:
        raise InvalidParameter("no mail can be sent from here: there is no mail server.")
    to = text_of(given, "to")
    try:
        validate_email(to)
    except ValidationError as error:
        raise InvalidParameter("to is the mail address of the provider's abuse desk, as RDAP says it.") from error
    return {"to": to, "text": text_of(given, "text")}, None


def _touch_forward(case: Case, parameters: Parameters) -> Touched:
    return Touched(
        sentences=[
            f"{parameters['to']} gets a mail with your text and the list of the evidence, without who reported.",
            f"{case.name} stays as it is. A mail cannot be called back: undoing reopens the case, no more.",
        ]
    )


def _parse_refer(case: Case, given: Mapping[str, Any], ends_at: datetime | None) -> tuple[Parameters, None]:
    check_known(given, "authority", "text")
    without_end(ends_at)
    authority = text_of(given, "authority")
    if len(authority) > MAX_AUTHORITY_CHARACTERS:
        raise InvalidParameter(f"authority has {MAX_AUTHORITY_CHARACTERS} characters at most.")
    text = text_of(given, "text", is_required=False)
    return {"authority": authority, **({"text": text} if text else {})}, None


def _touch_refer(case: Case, parameters: Parameters) -> Touched:
    return Touched(
        sentences=[
            f"It is recorded that {parameters['authority']} was told, and what (DSA Art. 18). Nothing is sent from here.",
            "Evidence goes to an authority as an export of the case, or on an order.",
        ]
    )


def _refer(decision: Decision) -> Effect:
    text = f"Referred to {decision.parameters['authority']}."
    if said := decision.parameters.get("text"):
        text += f"\n\n{said}"
    messages.say(decision.case, side=Message.Side.NOTE, text=text, author=decision.decided_by, is_ours=True)
    return {}


def _say(decision: Decision, side: Message.Side, *, report: Report, key: str) -> None:
    text, by = decision.parameters["text"], decision.decided_by
    messages.say(decision.case, side=side, text=text, author=by, is_ours=True, report=report, key=key)


ASK = Act(permission="decide_case", parse=_parse_ask, touch=_touch_ask, do=_ask, undo=_undo_ask)
INFORM = Act(
    permission="decide_case",
    parse=_parse_once,
    touch=_touch_inform,
    do=_nothing_more,
    outcome=Report.Outcome.INFORMED,
)
# The mail itself is sent by abuse.forwards, behind the transaction.
FORWARD = Act(
    permission="decide_case",
    parse=_parse_forward,
    touch=_touch_forward,
    do=_nothing_more,
    outcome=Report.Outcome.FORWARDED,
)
REFER = Act(permission="refer_case", parse=_parse_refer, touch=_touch_refer, do=_refer, is_beside_case=True)
