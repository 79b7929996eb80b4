"""Appeals: against decisions, by the customer or a reporter (DSA Art. 20); decided by a person who did not decide before."""

import hashlib
from collections.abc import Collection
from contextlib import suppress

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from abuse import customer_pages, ledger, messages, receipts, templates
from abuse.errors import (
    AppealDecided,
    AppealedAlready,
    NotAllowed,
    NotAppealable,
    OwnAccount,
    ReasonMissing,
    SamePerson,
)
from abuse.models import Appeal, Case, Decision, Message, Receipt, Report
from abuse.statements import RESTRICTIONS
from ddns import notifications
from ddns.models import User
from ddns.models.notifications import Kind
from dnsupdate import alarms
from dnsupdate.models import Alarm

# What a reporter may object to: everything but that it was acted on, or has nothing to do with us.
_NOT_UPHELD = frozenset(
    {Report.Outcome.REJECTED, Report.Outcome.INSUFFICIENT, Report.Outcome.INFORMED, Report.Outcome.FORWARDED}
)
# In one alarm; the queue has them all.
MAX_TOLD = 10
_OF_CUSTOMERS = RESTRICTIONS | {Decision.Action.WARN}


@transaction.atomic
def file(decision: Decision, *, party: Appeal.Party, text: str, report: Report | None = None) -> Appeal:
    """Stores it with a signed receipt and starts its clocks. Locks the decision.

    A customer has APPEAL_WINDOW from the decision, a reporter from the answer; each once. Raises TextMissing, TextTooLong,
    NotAppealable and AppealedAlready.
    """
    text = messages.clean(text)
    # An appeal of somebody else and the decision's end wait for each other.
    decision = Decision.objects.select_for_update(of=("self",)).select_related("case__account").get(pk=decision.pk)
    if problem := problem_with(decision, party=party, report=report):
        raise NotAppealable(problem)
    if Appeal.objects.filter(decision=decision, party=party, report=report).exists():
        raise AppealedAlready(where_to_go())
    now = timezone.now()
    appeal = Appeal.objects.create(
        case=decision.case,
        decision=decision,
        party=party,
        report=report,
        text=text,
        look_due_at=now + settings.APPEAL_LOOK_WITHIN,
        due_at=now + settings.APPEAL_DECIDE_WITHIN,
        first_decider=decision.decided_by,
        first_approver=decision.approved_by,
    )
    _issue_receipt(appeal)
    ledger.append(
        actor=decision.case.account if party == Appeal.Party.CUSTOMER else None,
        action="appeal",
        object=f"case {decision.case_id}",
        reason=f"Appeal of the {party}.",
        details=_details(appeal),
    )
    _answer(appeal, "appeal.received", {"due": f"{appeal.due_at:%Y-%m-%d %H:%M} UTC"})
    return appeal


def problem_with(decision: Decision, *, party: Appeal.Party, report: Report | None = None) -> str:
    """Why nobody of this party can appeal against it, in a sentence; "" if they can."""
    if party == Appeal.Party.REPORTER:
        if report is None or report.case_id != decision.case_id or decision.action not in _answers():
            return _("It is about another report.")
        if report.outcome not in _NOT_UPHELD or report.answered_at is None:
            return _("Your report was acted on, or not decided yet.")
        since = report.answered_at
    else:
        if decision.case.account_id is None or decision.action not in _OF_CUSTOMERS:
            return _("This decision restricts nothing of yours.")
        since = decision.done_at or decision.decided_at
    if decision.state in (Decision.State.UNDONE, Decision.State.ENDED):
        return _("The decision is not in force any more.")
    if decision.state != Decision.State.DONE:
        return _("The decision was not carried out.")
    if timezone.now() > since + settings.APPEAL_WINDOW:
        over = _("The time for an appeal, %(days)d days, is over.") % {"days": settings.APPEAL_WINDOW.days}
        return f"{over} {where_to_go()}"
    return ""


def decision_about(report: Report) -> Decision | None:
    """The one that a reporter would appeal against: what answered their report."""
    return decisions_about([report.case_id] if report.case_id else []).get(report.case_id or 0)


def decisions_about(cases: Collection[int]) -> dict[int, Decision]:
    """By case, the last that was carried out as an answer to its reports; one query.

    What is decided beside it (a preservation, a block) answers nobody, and is not for reporters to know of: who took it is not
    the one who must not judge the appeal.
    """
    done = Decision.objects.filter(case__in=cases, state=Decision.State.DONE, action__in=_answers())
    return {each.case_id: each for each in done.order_by("decided_at", "pk")}


@transaction.atomic
def decide(appeal: Appeal, *, is_upheld: bool, reason: str, by: User) -> Appeal:
    """Upheld: the decision is undone exactly, and the case is open again. Else the appellant gets the reason. Locks the appeal.

    Raises ReasonMissing, NotAllowed, OwnAccount, SamePerson, AppealDecided and, where it cannot be undone, NotUndoable.
    """
    if not reason.strip():
        raise ReasonMissing
    appeal = Appeal.objects.select_for_update(of=("self",)).select_related("case", "decision").get(pk=appeal.pk)
    check_decider(appeal, by)
    if appeal.decided_at is not None:
        raise AppealDecided
    appeal.is_upheld, appeal.reason, appeal.decided_by, appeal.decided_at = (
        is_upheld,
        reason.strip(),
        by,
        timezone.now(),
    )
    appeal.looked_at = appeal.looked_at or appeal.decided_at
    appeal.save(update_fields=["is_upheld", "reason", "decided_by", "decided_at", "looked_at"])
    if is_upheld:
        _uphold(appeal, by)
    _issue_receipt(appeal)
    ledger.append(
        actor=by,
        action="uphold-appeal" if is_upheld else "reject-appeal",
        object=f"case {appeal.case_id}",
        reason=appeal.reason,
        details=_details(appeal),
    )
    _answer(appeal, "appeal.upheld" if is_upheld else "appeal.rejected", {"reason": appeal.reason})
    return appeal


def check_decider(appeal: Appeal, by: User) -> None:
    """Raises NotAllowed, OwnAccount and SamePerson: whoever decided or approved what is appealed against does not judge it."""
    if not by.has_perm("abuse.decide_appeal"):
        raise NotAllowed("it needs the permission to decide appeals.")
    if appeal.case.route == "restricted" and not by.has_perm("abuse.view_restricted_case"):
        raise NotAllowed("the case is restricted to named people.")
    if appeal.case.account_id == by.pk:
        raise OwnAccount
    # The decision may have been approved after the appeal was filed.
    if by.pk in {
        appeal.first_decider_id,
        appeal.first_approver_id,
        appeal.decision.decided_by_id,
        appeal.decision.approved_by_id,
    }:
        raise SamePerson


def look(appeal: Appeal) -> None:
    """Somebody opened it: the first of its two clocks stands."""
    now = timezone.now()
    if Appeal.objects.filter(pk=appeal.pk, looked_at=None).update(looked_at=now):
        appeal.looked_at = now


def look_at_all(case: Case, by: User) -> None:
    """Somebody opened the case, with the appeals that wait on it: a look, if they may decide them."""
    for appeal in Appeal.objects.waiting().filter(case=case, looked_at=None).select_related("case", "decision"):
        with suppress(NotAllowed, OwnAccount, SamePerson):
            check_decider(appeal, by)
            look(appeal)


def watch() -> int:
    """Tells who is on duty of appeals that nobody has looked at or decided in time, until it is done; gives how many."""
    now = timezone.now()
    unseen = Q(looked_at=None, look_due_at__lt=now)
    late = list(Appeal.objects.waiting().filter(unseen | Q(due_at__lt=now))[:MAX_TOLD])
    overdue = [each.pk for each in late if each.due_at < now]
    Appeal.objects.filter(pk__in=overdue, breached_at=None).update(breached_at=now)
    if late:
        shown = ", ".join(f"{each.pk} (case {each.case_id}, filed {each.filed_at:%Y-%m-%d %H:%M} UTC)" for each in late)
        alarms.open(Alarm.Kind.APPEAL, f"Appeals wait for longer than they may: {shown}. Decide them.")
    else:
        alarms.close(Alarm.Kind.APPEAL)
    return len(late)


def where_to_go() -> str:
    """After an appeal there is no second one here."""
    body = settings.DISPUTE_BODY or _("a certified body for settlement out of court (Digital Services Act, Article 21)")
    return _("You can still turn to %(body)s, or to a court.") % {"body": body}


def _answers() -> list[str]:
    """Actions that answer the reports of a case."""
    # Actions say things by messages, as this module does: at the top each would wait for the other.
    from abuse.actions import ACTS

    return [action for action, act in ACTS.items() if not act.is_beside_case]


def _uphold(appeal: Appeal, by: User) -> None:
    # decisions imports statements: at the top each would wait for the other.
    from abuse import cases, decisions

    decision = appeal.decision
    if decision.state != Decision.State.DONE:
        # The desk was quicker, or it ended by itself: there is nothing left to undo.
        return
    if appeal.party == Appeal.Party.REPORTER and decision.action != Decision.Action.DISMISS:
        cases.reopen(appeal.case, by=by, reason=appeal.reason, is_entered=True)
    else:
        decisions.undo(decision, reason=f"Appeal {appeal.pk} upheld: {appeal.reason}", by=by)


def _answer(appeal: Appeal, key: str, values: dict[str, str]) -> None:
    case, account = appeal.case, appeal.case.account
    if appeal.party == Appeal.Party.REPORTER:
        report = appeal.report
        language = report.language if report is not None else ""
        words = templates.render(f"{key}.reporter", language or settings.LANGUAGE_CODE, name=case.name, **values)
        messages.say(case, side=Message.Side.REPORTER, text=words.text, author=None, is_ours=True, report=report)
    elif account is not None:
        link = customer_pages.link(case)
        words = templates.render(key, account.language, name=case.name, case=case.pk, link=link, **values)
        notifications.tell(
            account,
            Kind.STATEMENT,
            hostname=case.hostname,
            details={
                "headline": words.subject,
                "text": words.text,
                "case": case.pk,
                "appeal": appeal.pk,
                "page": customer_pages.path(case),
            },
        )


def _issue_receipt(appeal: Appeal) -> Receipt:
    """Says nothing of who appealed, and nothing of what they wrote but its hash."""
    body = {
        "appeal": appeal.pk,
        "case": appeal.case_id,
        "decision": appeal.decision_id,
        "party": appeal.party,
        "text_sha256": hashlib.sha256(appeal.text.encode()).hexdigest(),
        "filed_at": appeal.filed_at.isoformat(),
        "due_at": appeal.due_at.isoformat(),
        "decided_at": appeal.decided_at and appeal.decided_at.isoformat(),
        "is_upheld": appeal.is_upheld,
    }
    return receipts.issue(Receipt.Kind.APPEAL, body, appeal=appeal)


def _details(appeal: Appeal) -> dict:
    return {
        "case": appeal.case_id,
        "appeal": appeal.pk,
        "decision": appeal.decision_id,
        "party": appeal.party,
        "report": appeal.report_id and str(appeal.report_id),
        "account": appeal.case.account_id,
    }
