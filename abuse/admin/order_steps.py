"""Steps of an order on the desk: which are offered to whom, what each says that it will do, what it asks, which verb it calls."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from abuse import collateral_words, order_acts, order_screen, orders, plans
from abuse.errors import AbuseError, PlanChanged
from abuse.models import Order
from abuse.order_screen import Screen
from ddns.errors import DdnsError
from ddns.models import User
from ddns.templatetags.durations import seconds

MAX_REASON_CHARACTERS = 4000
MAX_ANSWER_CHARACTERS = 20_000

State = Order.State
_UNTOUCHED = (State.RECEIVED, State.PLANNED, State.PROPOSED, State.STOPPED)
_STOPPABLE = (State.RECEIVED, State.PLANNED, State.PROPOSED, State.ACTING, State.UNDOING)
_UNDOABLE = (State.ACTING, State.STOPPED, State.PROVING, State.ANSWERED)


@dataclass(frozen=True, slots=True)
class Step:
    """One that can be taken from the page of an order. asks: the fields of its form. is_dark: it needs a second thought."""

    value: str
    key: str
    title: str
    asks: Sequence[str] = ("reason",)
    is_dark: bool = False
    is_first: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """What the page of a step is about: the order as it was gathered, and what the verbs say of it."""

    screen: Screen
    user: User
    collateral: Sequence[str]
    second_look: str
    preview: str

    @property
    def order(self) -> Order:
        return self.screen.order


def look(order: Order, user: User) -> Seen:
    """What the steps are decided by."""
    return Seen(
        screen=order_screen.of(order),
        user=user,
        collateral=collateral_words.sentences(order),
        second_look=order_acts.second_look(order, by=user) if order.plan_digest else "",
        preview=plans.answer_preview(order) if order.plan else "",
    )


class StepForm(forms.Form):
    """Those of its fields that the step asks. count is what has to be typed again."""

    reason = forms.CharField(
        max_length=MAX_REASON_CHARACTERS,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3, "autofocus": True}),
        error_messages={"required": "A decision needs a reason: customers, the authority and a court may ask for it."},
        help_text="Goes into the ledger, unchangeable.",
    )
    text = forms.CharField(
        label="Words to the authority",
        max_length=MAX_ANSWER_CHARACTERS,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 12, "autofocus": True}),
        error_messages={"required": "Say it in words: this is what the authority reads."},
        help_text="Sent as it stands here. Goes into the ledger too, unless the order is sealed.",
    )
    retyped = forms.CharField(
        error_messages={"required": "Type it once more: this is the check that it is as many as you think."},
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off", "inputmode": "numeric"}),
    )
    digest = forms.CharField(max_length=64, required=False, widget=forms.HiddenInput)

    def __init__(self, step: Step, count: int, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.count = count
        for name in ("reason", "text", "retyped"):
            if name not in step.asks:
                del self.fields[name]
        if "retyped" in self.fields:
            self.fields["retyped"].label = f"Type {count} to confirm: so many names it is about"

    def clean_retyped(self) -> str:
        text = self.cleaned_data["retyped"]
        # As people write numbers: 18,472 and 18 472 and 18.472.
        if re.sub(r"[\s.,'’]", "", text) != str(self.count):
            raise forms.ValidationError(f"This is not {self.count}: look again at how many names it is about.")
        return text


def offered(seen: Seen) -> list[Step]:
    """The steps that are there for this person now, the one that comes next marked."""
    may_act = seen.user.has_perm("abuse.act_on_order")
    found = [*_of_second_person(seen, may_act), *(_of_analyst(seen) if may_act else ())]
    may_stop = may_act or seen.user.has_perm("abuse.freeze_officer")
    if may_stop and seen.order.state in _STOPPABLE:
        found.append(Step("stop", "s", "Stop…"))
    return found


def _of_second_person(seen: Seen, may_act: bool) -> Iterator[Step]:
    """About what was proposed; whoever proposed it takes it back."""
    may_approve, count = seen.user.has_perm("abuse.approve_order"), seen.screen.acting_count
    if seen.order.state != State.PROPOSED:
        return
    if seen.order.proposed_by_id == seen.user.pk:
        if may_act:
            yield Step("turn-down", "t", "Take back…")
    elif may_approve:
        yield Step("approve", "y", f"Approve {count}…", asks=("retyped",), is_dark=True, is_first=True)
        yield Step("turn-down", "t", "Turn down…")


def _of_analyst(seen: Seen) -> Iterator[Step]:
    screen, state, count = seen.screen, seen.order.state, seen.screen.acting_count
    if state == State.PLANNED and count:
        # What one person may do alone is few enough to be counted at a glance.
        asks = ("reason", "retyped") if seen.second_look else ("reason",)
        title = f"Propose {count}…" if seen.second_look else f"Act on {count}…"
        yield Step("propose", "a", title, asks=asks, is_dark=True, is_first=True)
    if state == State.STOPPED:
        yield Step("resume", "g", "Resume", asks=(), is_first=True)
    if state in (State.RECEIVED, State.PLANNED, State.ANSWERED) and not screen.acted_count:
        is_next = state == State.PLANNED and not count
        yield Step("answer", "w", "Answer in words…", asks=("text",), is_first=is_next)
    if state in _UNTOUCHED and screen.line_count and seen.order.preview_released_at is None:
        yield Step("preview", "v", "Show them the plan", asks=())
    if screen.is_plannable:
        yield Step("plan", "p", "Plan again", asks=())
    if screen.acted_count and state in _UNDOABLE:
        yield Step("undo", "u", f"Undo {screen.acted_count}…")
    if state in _UNTOUCHED and screen.is_untouched:
        yield Step("refuse", "x", "Refuse the order…", asks=("text",), is_dark=True)


def page(request: HttpRequest, value: str, seen: Seen, context: dict) -> HttpResponse:
    """GET says what will happen and asks, POST calls the verb; what it refuses is said on the page of the order."""
    step = next((each for each in offered(seen) if each.value == value), None)
    back = reverse("admin:abuse_order_change", args=[seen.order.pk])
    if step is None:
        return _gone(request, value, seen, back)
    data = request.POST if request.method == "POST" else None
    initial = {"digest": seen.order.plan_digest, "text": seen.preview if value == "answer" else ""}
    form = StepForm(step, seen.screen.acting_count, data, initial=initial)
    if data is not None and form.is_valid():
        try:
            _take(step, seen, form.cleaned_data)
        except (AbuseError, DdnsError) as error:
            messages.error(request, str(error))
        else:
            messages.success(request, _done(step, seen))
        return HttpResponseRedirect(back)
    return TemplateResponse(
        request,
        "desk/order_step.html",
        context
        | {
            "title": step.title.rstrip("…"),
            "step": step,
            "form": form,
            "order": seen.order,
            "screen": seen.screen,
            "consequences": _consequences(step, seen),
            "back": back,
        },
    )


def _gone(request: HttpRequest, value: str, seen: Seen, back: str) -> HttpResponse:
    """Not for this person, or the order has gone on since the page was made."""
    if value not in _VERBS:
        raise Http404
    if not any(seen.user.has_perm(f"abuse.{each}") for each in ("act_on_order", "approve_order", "freeze_officer")):
        raise PermissionDenied
    messages.warning(
        request, f"This is not possible now: the order is {seen.order.get_state_display()}, or it is not for you."
    )
    return HttpResponseRedirect(back)


def _take(step: Step, seen: Seen, said: dict) -> None:
    _VERBS[step.value](seen.order, seen.user, said)


def _propose(order: Order, by: User, said: dict) -> None:
    # What was read on the page of the step, and not what another has made of it meanwhile.
    if said["digest"] != order.plan_digest:
        raise PlanChanged
    order_acts.propose(order, reason=said["reason"], by=by)


_VERBS: dict[str, Callable[[Order, User, dict], object]] = {
    "propose": _propose,
    "approve": lambda order, by, said: order_acts.approve(order, by=by, digest=said["digest"]),
    "turn-down": lambda order, by, said: order_acts.refuse_proposal(order, by=by, reason=said["reason"]),
    "stop": lambda order, by, said: order_acts.stop(order, by=by, reason=said["reason"]),
    "resume": lambda order, by, said: order_acts.resume(order, by=by),
    "undo": lambda order, by, said: order_acts.undo(order, by=by, reason=said["reason"]),
    "preview": lambda order, by, said: orders.release_preview(order, by=by),
    "plan": lambda order, by, said: plans.make(order),
    "refuse": lambda order, by, said: orders.refuse(order, by=by, reason=said["text"]),
    "answer": lambda order, by, said: orders.answer(order, by=by, text=said["text"]),
}


def _consequences(step: Step, seen: Seen) -> list[str]:
    order, screen = seen.order, seen.screen
    match step.value:
        case "propose":
            look = (
                f"A second person has to approve it: {seen.second_look}" if seen.second_look else "It begins at once."
            )
            return [*_of_act(seen), look]
        case "approve":
            return [*_of_act(seen), f"It begins at once, as {order.proposed_by} proposed it: {order.reason}"]
        case "undo":
            return [
                f"{_names(screen.acted_count)} are as they were before; what others decided about them since stays.",
                *_until("The world sees it within {}.", screen.seconds_until_undo_seen),
                "Customers who were told are told this too.",
                "Every server is asked again, and the authority gets a report of it.",
            ]
    return list(_SAID[step.value])


# What a step does to any order.
_SAID: dict[str, Sequence[str]] = {
    "turn-down": ("Nothing is done. The plan stays, and can be changed and proposed anew.",),
    "stop": (
        "What is under way stops at the end of its chunk, within a second or so; what was not begun is not begun.",
        "What was done stays as it is until it is undone. Resume goes on from there.",
    ),
    "resume": ("It goes on where it was stopped; what was done is not done twice.",),
    "preview": (
        "The authority sees in its portal what each line of its list is to us, and what is planned for it.",
        "It cannot be taken back: what was seen was seen.",
    ),
    "plan": (
        "The list is read and matched again; nothing changes in DNS.",
        "A group with the same names keeps its decision, others begin anew. What was proposed is void.",
    ),
    "refuse": ("Nothing is done, and the order is over.", "The authority reads these words."),
    "answer": ("The order is answered with these words, which the authority reads.", "Nothing changes in DNS."),
}


def _of_act(seen: Seen) -> list[str]:
    screen = seen.screen
    told = "Customers are told which of their names, why, and what they can do against it."
    return [
        *(f"{_names(count)}: {what}." for what, count in screen.by_action()),
        f"{_names(screen.quiet_count)} of the list stay as they are.",
        *seen.collateral,
        *_until("The world sees it within {}.", screen.seconds_until_seen),
        *_until("Its undoing is seen within {}.", screen.seconds_until_undo_seen),
        "Nobody concerned is told before the seal ends." if screen.is_sealed else told,
        "Every authoritative server is asked for every name; the authority gets a signed report.",
    ]


def _done(step: Step, seen: Seen) -> str:
    return {
        "propose": "It waits for a second person." if seen.second_look else "It has begun.",
        "approve": "Approved: it has begun.",
        "turn-down": "Nothing was done. The plan can be changed.",
        "stop": "Stopped.",
        "resume": "It goes on.",
        "undo": "The undoing has begun.",
        "preview": "The authority sees the plan now.",
        "plan": "Planned again.",
        "refuse": "Refused. The authority reads why.",
        "answer": "Answered.",
    }[step.value]


def _until(words: str, value: int | None) -> list[str]:
    return [] if value is None else [words.format(seconds(value))]


def _names(count: int) -> str:
    return f"{count} name" if count == 1 else f"{count} names"
