"""Decisions: taken with a reason, looked at by a second person where that is needed, undone exactly."""

import logging
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from abuse import actions, by_name, cases, impact, ledger, receipts, statements
from abuse.actions.act import MAX_TEXT_CHARACTERS, Act, clean
from abuse.errors import (
    AlreadyDecided,
    CaseClosed,
    ChangedSince,
    InfrastructureName,
    InvalidParameter,
    NotAllowed,
    NotUndoable,
    OwnAccount,
    ReasonMissing,
    SamePerson,
    StaffAccount,
)
from abuse.impact import Impact
from abuse.models import Case, Decision, Report
from ddns import hostnames
from ddns.models import Hostname, User

logger = logging.getLogger(__name__)

MAX_SHORT_CHARACTERS = 200
# In one run of the periodic task; the next is there soon.
CHUNK = 100
# Not in the ledger, which is kept for good: what was said to whom is with the decision and leaves with it.
_NOT_IN_LEDGER = ("text",)


def preview(
    case: Case,
    action: str,
    parameters: Mapping[str, Any] | None = None,
    *,
    by: User | None,
    ends_at: datetime | None = None,
    case_count: int = 1,
) -> Impact:
    """What would happen. case_count is how many cases are decided at once. Raises InvalidParameter and what take raises
    about the case and the person, but for the reason."""
    act = actions.of(action)
    _check_person(act, case, by)
    _check_case(act, case)
    wanted, until = act.parse(case, parameters or {}, _future(ends_at))
    return impact.of(case, action, wanted, until, by=by, case_count=case_count)


@transaction.atomic
def take(
    case: Case,
    *,
    action: str,
    reason: str,
    by: User | None,
    parameters: Mapping[str, Any] | None = None,
    ends_at: datetime | None = None,
    ground: str = "",
    rule: str = "",
    withheld: str = "",
    batch: UUID | None = None,
    keep_open: bool = False,
    case_count: int = 1,
    second_look: str = "",
) -> Decision:
    """Decides and acts, or proposes to a second person where that is needed (second_look says why it is in any case).

    by is None for policy, which holds and no more, by a rule. Locks the case and what it acts on. Raises ReasonMissing,
    NotAllowed, OwnAccount, StaffAccount, CaseClosed, AlreadyDecided where somebody else was first, InfrastructureName,
    InvalidParameter, and ddns's HostnameReleased.
    """
    reason, act = _required(reason), actions.of(action)
    case = _lock(case)
    if by is None and not (rule and action == Decision.Action.HOLD):
        raise NotAllowed("without a person there are holds, by a rule.")
    _check_person(act, case, by)
    _check_case(act, case)
    wanted, until = act.parse(case, parameters or {}, _future(ends_at))
    if act.must_end and until is None:
        raise InvalidParameter("it needs an end: what is blocked for good outlives its reason.")
    _check_is_new(case, action, wanted, until, by)
    _hold_still(act, case)
    found = impact.of(case, action, wanted, until, by=by, case_count=case_count)
    decision = Decision.objects.create(
        case=case,
        action=action,
        parameters=wanted,
        reason=reason,
        ground=_short(ground, "ground"),
        rule=rule,
        state=Decision.State.PROPOSED,
        decided_by=by,
        decided_at=timezone.now(),
        ends_at=until,
        batch=batch,
        impact=found.as_json() | {"needs_second_person": found.needs_second_person or second_look},
        effect={"keep_open": keep_open},
        withheld=_short(withheld, "withheld"),
    )
    if found.needs_second_person or second_look:
        _enter(f"propose {action}", decision, by, reason)
        receipts.issue_for_decision(decision)
    else:
        _do(decision, act, by)
    return decision


@transaction.atomic
def approve(decision: Decision, *, by: User, digest: str = "") -> Decision:
    """Does what was proposed, if it still touches what by was shown: digest is that of the impact, else the proposal's.

    Locks the case and what it acts on. Raises NotAllowed, SamePerson, OwnAccount, StaffAccount, AlreadyDecided, CaseClosed,
    InvalidParameter, and ChangedSince where the world has changed.
    """
    decision = _lock_proposed(decision)
    act, case = actions.of(decision.action), decision.case
    _check_second(decision, act, by)
    _check_case(act, case)
    decision.parameters, decision.ends_at = act.parse(case, decision.parameters, decision.ends_at)
    if decision.ends_at is not None and decision.ends_at <= timezone.now():
        raise InvalidParameter("its end has passed. Refuse it, and decide anew where it is still needed.")
    _hold_still(act, case)
    found = impact.of(case, decision.action, decision.parameters, decision.ends_at, by=by)
    if found.digest != (digest or decision.impact.get("digest")):
        raise ChangedSince(f"{found.name_count} names of {found.account_count} accounts by now.")
    decision.approved_by, decision.approved_at = by, timezone.now()
    decision.impact = found.as_json() | {"needs_second_person": decision.impact.get("needs_second_person", "")}
    decision.save(update_fields=["parameters", "ends_at", "approved_by", "approved_at", "impact"])
    _do(decision, act, by)
    return decision


def look_again(decision: Decision, *, by: User) -> Impact:
    """What a proposal would do now: its digest is what by approves. Raises NotAllowed and InvalidParameter."""
    act = actions.of(decision.action)
    _check_rights(act, decision.case, by)
    wanted, until = act.parse(decision.case, decision.parameters, decision.ends_at)
    return impact.of(decision.case, decision.action, wanted, until, by=by)


@transaction.atomic
def refuse(decision: Decision, *, by: User, reason: str) -> Decision:
    """Nothing is done; the case stays as it is. Whoever proposed it may take it back so.

    Locks the case. Raises ReasonMissing, NotAllowed, AlreadyDecided.
    """
    reason = _required(reason)
    decision = _lock_proposed(decision)
    if decision.decided_by_id != by.pk:
        _check_second(decision, actions.of(decision.action), by)
    decision.state, decision.refusal = Decision.State.REFUSED, reason
    decision.save(update_fields=["state", "refusal"])
    _enter(f"refuse {decision.action}", decision, by, reason)
    receipts.issue_for_decision(decision)
    return decision


@transaction.atomic
def undo(decision: Decision, *, reason: str, by: User) -> Decision:
    """Restores exactly what was before, and reopens the case that it closed; what others decided meanwhile stays.

    Locks the case and what it acts on. Raises ReasonMissing, NotAllowed, OwnAccount, StaffAccount, and NotUndoable for what
    is not in force (an undoing is not undone: it is decided anew).
    """
    reason = _required(reason)
    case = _lock(decision.case)
    decision = Decision.objects.select_for_update(no_key=True).get(pk=decision.pk)
    decision.case = case
    act = actions.of(decision.action)
    _check_person(act, case, by)
    if decision.state != Decision.State.DONE:
        raise NotUndoable(f"it {_standing(decision)}.")
    decision.state, decision.undone_by, decision.undone_at = Decision.State.UNDONE, by, timezone.now()
    decision.undo_reason = reason
    decision.save(update_fields=["state", "undone_by", "undone_at", "undo_reason"])
    act.undo(decision, by)
    _reopen(decision, by, reason)
    statements.issue(decision)
    _enter(f"undo {decision.action}", decision, by, reason)
    receipts.issue_for_decision(decision)
    return decision


def may_undo(decision: Decision, *, by: User) -> bool:
    """Whether undo would let this person: the rights are those of taking it. The case is selected with its account."""
    try:
        _check_person(actions.of(decision.action), decision.case, by)
    except (NotAllowed, OwnAccount, StaffAccount):
        return False
    return decision.state == Decision.State.DONE


def take_all(cases_: Iterable[Case], **decision: Any) -> UUID:
    """One decision about many cases: see batches.take, which says what it needs and raises. Gives the batch's id."""
    # Batches call these verbs.
    from abuse import batches

    return batches.take(cases_, **decision)


def prove(decision: Decision) -> Decision:
    """Asks every authoritative server now: see proofs.prove."""
    from abuse import proofs

    return proofs.prove(decision)


def end_due(now: datetime) -> int:
    """Ends what was decided until now; gives how many. Each is a transaction; may be stopped and run again."""
    due = Decision.objects.in_force().filter(ends_at__lte=now).order_by("ends_at")
    return sum(_end_one(decision, now) for decision in due.select_related("case")[:CHUNK])


def _end_one(decision: Decision, now: datetime) -> bool:
    try:
        return _end(decision, now)
    except Exception:
        # Else those behind it would never end.
        logger.exception("Decision %d could not be ended.", decision.pk)
        return False


@transaction.atomic
def _end(decision: Decision, now: datetime) -> bool:
    case = _lock(decision.case)
    decision = Decision.objects.select_for_update(no_key=True).get(pk=decision.pk)
    if decision.state != Decision.State.DONE or decision.ends_at is None or decision.ends_at > now:
        return False
    decision.case, decision.state, decision.undone_at = case, Decision.State.ENDED, now
    decision.save(update_fields=["state", "undone_at"])
    act = actions.of(decision.action)
    act.undo(decision, None)
    statements.issue(decision)
    _enter(f"end {decision.action}", decision, None, f"It ends at {decision.ends_at.isoformat(timespec='seconds')}.")
    receipts.issue_for_decision(decision)
    return True


def _do(decision: Decision, act: Act, by: User | None) -> None:
    """by is who acts: the person that decided, or the second one. The case is locked."""
    case, now = decision.case, timezone.now()
    decision.state, decision.done_at = Decision.State.DONE, now
    decision.save(update_fields=["state", "done_at"])
    effect = act.do(decision)
    if case.decided_at is None and not act.is_beside_case:
        case.decided_at = now
        case.save(update_fields=["decided_at"])
    outcome = _outcome(decision, act) if case.closed_at is None else None
    decision.effect = {**decision.effect, **effect, "closed": outcome is not None}
    decision.save(update_fields=["effect"])
    # Before its reports and reporters are locked: batches hold the ledger's lock while they go on to the next case.
    _enter(decision.action, decision, by, decision.reason)
    if outcome is not None:
        cases.close(case, outcome=outcome, by=by, reason=decision.reason)
    statements.issue(decision)
    receipts.issue_for_decision(decision)


def _outcome(decision: Decision, act: Act) -> Report.Outcome | None:
    """What closes its case, if it does. A hold of policy leaves the case to people."""
    if act.outcome is None or decision.effect["keep_open"] or decision.decided_by_id is None:
        return None
    return Report.Outcome(decision.parameters.get("outcome", act.outcome))


def _reopen(decision: Decision, by: User, reason: str) -> None:
    """Where it was closed by this decision: its reports are answered anew."""
    if decision.effect.get("closed") and decision.case.closed_at is not None:
        cases.reopen(decision.case, by=by, reason=reason, is_entered=True)


def _lock(case: Case) -> Case:
    locked = Case.objects.select_for_update(of=("self",), no_key=True)
    return locked.select_related("hostname__domain__zone", "account", "category").get(pk=case.pk)


def _hold_still(act: Act, case: Case) -> None:
    """Locks what is about to be looked at: what was shown is what is done."""
    if act.is_of_account and case.account is not None:
        User.objects.select_for_update(no_key=True).get(pk=case.account.pk)
        hostnames.lock_all(Hostname.objects.held_by(case.account))
    elif act.is_in_dns and case.hostname is not None:
        hostnames.lock_all([case.hostname])


def _lock_proposed(decision: Decision) -> Decision:
    """Raises AlreadyDecided."""
    case = _lock(decision.case)
    decision = Decision.objects.select_for_update(no_key=True).get(pk=decision.pk)
    if decision.state != Decision.State.PROPOSED:
        raise AlreadyDecided(f"it {_standing(decision)}.")
    decision.case = case
    return decision


def _check_person(act: Act, case: Case, by: User | None) -> None:
    """Raises NotAllowed, OwnAccount, StaffAccount."""
    if by is not None:
        _check_rights(act, case, by)
    holder = case.account
    if holder is None:
        return
    if by is not None and holder.pk == by.pk:
        raise OwnAccount
    if holder.is_staff and not (by is not None and by.is_superuser):
        raise StaffAccount


def _check_rights(act: Act, case: Case, by: User) -> None:
    if not by.is_active or not by.has_perm(f"abuse.{act.permission}"):
        raise NotAllowed(f"it takes the right to “{act.permission}”.")
    if case.route == "restricted" and not by.has_perm("abuse.view_restricted_case"):
        raise NotAllowed("this case is for the people who are named for restricted cases.")


def _check_second(decision: Decision, act: Act, by: User) -> None:
    """Raises SamePerson, and what _check_person raises."""
    if decision.decided_by_id == by.pk:
        raise SamePerson
    if not by.has_perm("abuse.approve_decision"):
        raise NotAllowed("it takes the right to approve decisions.")
    _check_person(act, decision.case, by)


def _check_case(act: Act, case: Case) -> None:
    """Raises CaseClosed, InfrastructureName, InvalidParameter."""
    if case.closed_at is not None and not act.is_beside_case:
        raise CaseClosed(f"{case.get_state_display()} since {case.closed_at:%Y-%m-%d %H:%M}.")
    if act.is_in_dns or act.is_of_account:
        _check_holder(case)


def _check_holder(case: Case) -> None:
    hostname = case.hostname
    if hostname is None or case.account is None:
        raise InfrastructureName(f"{case.name}. No customer holds it.")
    by_name.check_hostname(hostname)


def _check_is_new(
    case: Case, action: str, parameters: Mapping[str, Any], until: datetime | None, by: User | None
) -> None:
    """The same twice is a slip of the hand, or two people at once. Raises AlreadyDecided.

    A person may confirm policy; and what is no answer to the case, a block or a preservation, is prolonged by another.
    """
    standing = (Decision.State.PROPOSED, Decision.State.DONE)
    for each in Decision.objects.filter(case=case, action=action, state__in=standing).select_related("decided_by"):
        is_confirmed = each.decided_by is None and by is not None
        is_longer = actions.of(action).must_end and _lasts_longer(until, each.ends_at)
        if _comparable(each.parameters) == _comparable(parameters) and not is_confirmed and not is_longer:
            raise AlreadyDecided(
                f"{each.decided_by or 'policy'} at {each.decided_at:%H:%M:%S}, and it {_standing(each)}."
            )


def _lasts_longer(until: datetime | None, than: datetime | None) -> bool:
    """By more than what passes between two clicks."""
    return until is not None and than is not None and until - than >= timedelta(hours=1)


def _standing(decision: Decision) -> str:
    words = decision.get_state_display()
    return words if decision.state == Decision.State.PROPOSED else f"is {words}"


def _comparable(parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in parameters.items() if name != "deadline"}


def _enter(action: str, decision: Decision, by: User | None, reason: str) -> None:
    case = decision.case
    parameters = {name: value for name, value in decision.parameters.items() if name not in _NOT_IN_LEDGER}
    ledger.append(
        actor=by,
        action=action.replace("_", "-").replace(" ", "-"),
        object=f"hostname {case.name}" if case.hostname_id else f"name {case.name}",
        reason=reason,
        details={
            "case": case.pk,
            "decision": decision.pk,
            "account": case.account_id,
            "parameters": parameters,
            "ends_at": decision.ends_at and decision.ends_at.isoformat(),
            "rule": decision.rule,
            "names": decision.impact.get("name_count", 0),
        },
    )


def _future(ends_at: datetime | None) -> datetime | None:
    """Raises InvalidParameter."""
    if ends_at is not None and ends_at <= timezone.now():
        raise InvalidParameter("its end is in the past.")
    return ends_at


def _required(reason: str) -> str:
    """Raises ReasonMissing, InvalidParameter."""
    reason = clean(reason)
    if not reason:
        raise ReasonMissing
    if len(reason) > MAX_TEXT_CHARACTERS:
        raise InvalidParameter(f"a reason has {MAX_TEXT_CHARACTERS} characters at most.")
    return reason


def _short(text: str, name: str) -> str:
    """Raises InvalidParameter."""
    text = clean(text)
    if len(text) > MAX_SHORT_CHARACTERS:
        raise InvalidParameter(f"{name} has {MAX_SHORT_CHARACTERS} characters at most.")
    return text
