"""What is done from the page of a case: each parses, calls one verb, and says what came of it."""

from collections.abc import Callable

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from abuse import actions, appeals, cases, decisions, screen, statements
from abuse import messages as talk
from abuse.admin.offers import DecisionForm, Offer
from abuse.errors import AbuseError
from abuse.models import Appeal, Case, Decision, Message
from ddns.errors import DdnsError

MAX_NOTE_CHARACTERS = 8000


def take(request: HttpRequest, case: Case, form: DecisionForm) -> Decision | None:
    """None where it was not taken; the form says why. One who decides on an older view is asked again, once."""
    data = form.cleaned_data
    if changed := screen.changed_since(case, data.get("version", "")):
        # The same form again, about what is there now: sending it once more is the answer.
        form.data = {**form.data.dict(), "version": screen.version_of(case, screen.decisions_on(case))}
        form.add_error(None, f"{changed} Look again; to decide all the same, send it once more.")
        return None
    try:
        decision = decisions.take(
            case,
            action=form.offer.action,
            reason=data["reason"],
            by=request.user,
            parameters=form.parameters(),
            ends_at=form.ends_at(),
            ground=data.get("ground", ""),
            withheld=data.get("withheld", ""),
            keep_open=data.get("keep_open", False),
        )
    except (AbuseError, DdnsError) as error:
        form.add_error(None, str(error))
        return None
    return decision


def impact(request: HttpRequest, case: Case, offer: Offer, data=None) -> dict:
    """What it would touch, and what the customer would be told; refusal: why it cannot be done like this."""
    form = DecisionForm(offer, case, data if data is not None else _as_suggested(offer, case))
    form.full_clean()
    incomplete = [name for name in form.errors if name in form.fields and name not in ("reason", "text", "version")]
    if incomplete:
        return {"refusal": "", "incomplete": [form.fields[name].label for name in incomplete]}
    parameters = form.parameters()
    # The words are still being written; what it touches does not depend on them.
    parameters |= {"text": "…"} if form.fields.get("text") and form.fields["text"].required else {}
    try:
        found = decisions.preview(case, offer.action, parameters, by=request.user, ends_at=form.ends_at())
    except (AbuseError, DdnsError) as error:
        return {"refusal": str(error)}
    return {"impact": found, "statement": _statement(case, offer, parameters)}


def _statement(case: Case, offer: Offer, parameters: dict):
    """What the customer would read; None where they get nothing."""
    if case.account is None or offer.action not in statements.TOLD:
        return None
    try:
        return statements.preview(case, offer.action, parameters, case.account.language)
    except AbuseError:
        return None


def say(request: HttpRequest, case: Case) -> None:
    """A note among staff, or words to the customer or the reporter."""
    text, side = request.POST.get("text", "").strip(), request.POST.get("side", Message.Side.NOTE)
    if not request.user.has_perm("abuse.decide_case"):
        raise PermissionDenied
    if not text or len(text) > MAX_NOTE_CHARACTERS or side not in Message.Side.values:
        messages.error(request, f"A note has from 1 to {MAX_NOTE_CHARACTERS} characters.")
        return
    _do(
        request,
        lambda: talk.say(case, side=Message.Side(side), text=text, author=request.user, is_ours=True),
        "Noted." if side == Message.Side.NOTE else "Sent.",
    )


def reopen(request: HttpRequest, case: Case) -> None:
    if not request.user.has_perm("abuse.decide_case"):
        raise PermissionDenied
    reason = request.POST.get("reason", "")
    _do(request, lambda: cases.reopen(case, by=request.user, reason=reason), f"Case {case.pk} is open again.")


def about(request: HttpRequest, decision: Decision, verb: str) -> None:
    """The verbs check who may: undoing is for whoever may take it, approving for somebody else."""
    reason, what = request.POST.get("reason", "").strip(), decision.get_action_display()
    match verb:
        case "approve":
            _check(request, "abuse.approve_decision")
            digest = request.POST.get("digest", "")
            _do(request, lambda: decisions.approve(decision, by=request.user, digest=digest), f"{what}: approved.")
        case "refuse":
            _do(request, lambda: decisions.refuse(decision, by=request.user, reason=reason), f"{what}: refused.")
        case "undo":
            _check(request, f"abuse.{actions.of(decision.action).permission}")
            # From the toast there is nothing to say but this.
            reason = reason or "Undone at once by who decided it." * (decision.decided_by_id == request.user.pk)
            _do(
                request,
                lambda: decisions.undo(decision, reason=reason, by=request.user),
                f"{what} is undone: {decision.case.name} is as it was before.",
            )


def appeal(request: HttpRequest, case_appeal: Appeal) -> None:
    _check(request, "abuse.decide_appeal")
    is_upheld, reason = request.POST.get("is_upheld") == "yes", request.POST.get("reason", "")
    done = (
        "The appeal is upheld: the decision is undone." if is_upheld else "The appeal is rejected: the decision stands."
    )
    _do(
        request,
        lambda: appeals.decide(case_appeal, is_upheld=is_upheld, reason=reason, by=request.user),
        done,
    )


def _as_suggested(offer: Offer, case: Case) -> dict:
    return {name: field.initial for name, field in DecisionForm(offer, case).fields.items() if field.initial}


def _check(request: HttpRequest, permission: str) -> None:
    if not request.user.has_perm(permission):
        raise PermissionDenied


def _do(request: HttpRequest, act: Callable[[], object], done: str) -> None:
    try:
        act()
    except (AbuseError, DdnsError) as error:
        messages.error(request, str(error))
    else:
        messages.success(request, done)
