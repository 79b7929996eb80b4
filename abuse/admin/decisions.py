"""Decision pages: they say what will happen and to how much, ask a reason, and call one verb."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from abuse.errors import AbuseError
from abuse.refang import refang
from ddns.errors import DdnsError

MAX_REASON_CHARACTERS = 4000


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision about one object. retype is what a person must type again before something goes dark."""

    title: str
    verb: str
    facts: Sequence[tuple[str, str]]
    consequences: Sequence[str]
    act: Callable[[str], object]
    done: str
    back: str
    permission: str
    retype: str = ""


class DecisionForm(forms.Form):
    reason = forms.CharField(
        max_length=MAX_REASON_CHARACTERS,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 4, "autofocus": True}),
        error_messages={"required": "A decision needs a reason: the customer and a court may ask for it."},
        help_text="Goes into the ledger, unchangeable. Name the evidence and the rule that was broken.",
    )
    retyped = forms.CharField(
        error_messages={"required": "Type it once more: this is the check that you decide about the right one."},
        widget=UnfoldAdminTextInputWidget(
            attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )

    def __init__(self, decision: Decision, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.decision = decision
        if not decision.retype:
            del self.fields["retyped"]
        else:
            self.fields["retyped"].label = f"Type {decision.retype} to confirm"

    def clean_retyped(self) -> str:
        text = self.cleaned_data["retyped"]
        if not _is_same(text, self.decision.retype):
            raise forms.ValidationError(
                f"This is not {self.decision.retype}: look again at what you are deciding about."
            )
        return text


def page(request: HttpRequest, decision: Decision, context: dict) -> HttpResponse:
    """GET asks, POST decides. What the verb refuses is said on the page of the object."""
    if not request.user.has_perm(decision.permission):
        raise PermissionDenied
    form = DecisionForm(decision, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            decision.act(form.cleaned_data["reason"])
        except (AbuseError, DdnsError) as error:
            messages.error(request, str(error))
        else:
            messages.success(request, decision.done)
        return HttpResponseRedirect(decision.back)
    return TemplateResponse(request, "desk/decision.html", {**context, "decision": decision, "form": form})


def _is_same(typed: str, wanted: str) -> bool:
    """Names as names, in any spelling; e-mail addresses without regard to case."""
    if "@" in wanted:
        return typed.strip().casefold() == wanted.casefold()
    return refang(typed) == wanted
