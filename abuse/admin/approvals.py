"""Decisions on the desk: those that wait for a second person with what they touch, and all others with a way back."""

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Case as When
from django.db.models import F, IntegerField, QuerySet, Value
from django.db.models import When as Condition
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from unfold.decorators import display

from abuse import actions, decisions, proofs
from abuse.admin import decisions as pages
from abuse.admin.evidence import EvidenceAdmin
from abuse.errors import AbuseError
from abuse.models import Decision
from ddns.errors import DdnsError

State = Decision.State
BADGES = {
    State.PROPOSED.label: "warning",
    State.DONE.label: "success",
    State.REFUSED.label: "default",
    State.UNDONE.label: "info",
    State.ENDED.label: "default",
}


class StateFilter(admin.SimpleListFilter):
    title = parameter_name = "state"

    def lookups(self, request, model_admin) -> list[tuple[str, str]]:
        return [(state.value, state.label) for state in State]

    def queryset(self, request, queryset):
        return queryset.filter(state=self.value()) if self.value() in set(State) else queryset


@admin.register(Decision)
class DecisionAdmin(EvidenceAdmin):
    list_display = (
        "decided_at",
        "action",
        "shown_case",
        "shown_state",
        "decided_by",
        "approved_by",
        "ends_at",
        "proven",
    )
    list_select_related = ("case", "decided_by", "approved_by")
    list_filter = (StateFilter, "action")
    list_filter_sheet = False
    search_fields = ("case__name", "reason", "decided_by__email")

    @display(description="case", ordering="case__name")
    def shown_case(self, decision: Decision) -> str:
        return f"{decision.case_id}: {decision.case.name}"

    @display(description="state", label=BADGES)
    def shown_state(self, decision: Decision) -> str:
        return decision.get_state_display()

    @display(description="DNS", empty_value="–")
    def proven(self, decision: Decision) -> str | None:
        at, known = decision.proven_at, decision.proof
        if decision.is_over:
            at, known = decision.undoing_proven_at, decision.proof.get(proofs.UNDOING, {})
        if at is not None:
            return f"proven {at:%Y-%m-%d %H:%M:%S}"
        return ", ".join(known.get("lagging", [])) or None

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        """Of restricted cases only for the named people."""
        rows = super().get_queryset(request)
        return rows if request.user.has_perm("abuse.view_restricted_case") else rows.exclude(case__route="restricted")

    def get_ordering(self, request: HttpRequest) -> tuple:
        """What waits first, the oldest of it at the top."""
        waits = When(Condition(state=State.PROPOSED, then=Value(0)), default=Value(1), output_field=IntegerField())
        age = When(Condition(state=State.PROPOSED, then=F("pk")), default=-F("pk"), output_field=IntegerField())
        return waits.asc(), age.asc()

    def get_urls(self) -> list:
        wrap = self.admin_site.admin_view
        return [
            path("<int:object_id>/approve/", wrap(self.approve_view), name="abuse_decision_approve"),
            path("<int:object_id>/refuse/", wrap(self.refuse_view), name="abuse_decision_refuse"),
            path("<int:object_id>/undo/", wrap(self.undo_view), name="abuse_decision_undo"),
            *super().get_urls(),
        ]

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context=None) -> HttpResponse:
        """A proposal with what it would touch now, which is what an approval binds to."""
        decision = self._get(request, object_id)
        impact, refusal = decision.impact, ""
        if decision.state == State.PROPOSED:
            try:
                impact = decisions.look_again(decision, by=request.user).as_json()
            except (AbuseError, DdnsError) as error:
                refusal = str(error)
        context = self._context(request, decision) | {
            "impact": impact,
            "has_changed": impact.get("digest") != decision.impact.get("digest"),
            "refusal": refusal,
            "receipts": list(decision.receipts.order_by("issued_at")),
        }
        return TemplateResponse(request, "desk/approval.html", context)

    def approve_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        decision = self._get(request, object_id)
        if not request.user.has_perm("abuse.approve_decision"):
            raise PermissionDenied
        if request.method == "POST":
            try:
                decisions.approve(decision, by=request.user, digest=request.POST.get("digest", "")[:64])
            except (AbuseError, DdnsError) as error:
                messages.error(request, str(error))
            else:
                messages.success(
                    request, f"{decision.get_action_display()} on {decision.case.name}: approved and done."
                )
        return HttpResponseRedirect(_page_of(decision))

    def refuse_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        decision = self._get(request, object_id)
        is_own = decision.decided_by_id == request.user.pk
        page = pages.Decision(
            title=f"Refuse: {decision.get_action_display()} on {decision.case.name}",
            verb="Take back" if is_own else "Refuse",
            permission="abuse.view_decision" if is_own else "abuse.approve_decision",
            facts=_facts(decision),
            consequences=["Nothing is done. The case stays as it is, and whoever proposed it reads why."],
            act=lambda reason: decisions.refuse(decision, by=request.user, reason=reason),
            done="Refused.",
            back=_page_of(decision),
        )
        return pages.page(request, page, self._context(request, decision))

    def undo_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        decision = self._get(request, object_id)
        page = pages.Decision(
            title=f"Undo: {decision.get_action_display()} on {decision.case.name}",
            verb="Undo",
            permission=f"abuse.{actions.of(decision.action).permission}",
            facts=_facts(decision),
            consequences=[
                "Everything is exactly as it was before this decision. What else was decided stays.",
                "The case is opened again if this closed it. The customer is told, if they were told before.",
                "An undoing is not undone: it is decided anew.",
            ],
            act=lambda reason: decisions.undo(decision, by=request.user, reason=reason),
            done="Undone.",
            back=_page_of(decision),
        )
        return pages.page(request, page, self._context(request, decision))

    def _get(self, request: HttpRequest, object_id: str | int) -> Decision:
        if not self.has_view_permission(request):
            raise PermissionDenied
        decision = self.get_object(request, str(object_id))
        if decision is None:
            raise Http404
        return decision

    def _context(self, request: HttpRequest, decision: Decision) -> dict:
        return self.admin_site.each_context(request) | {
            "opts": self.opts,
            "record": decision,
            "title": f"{decision.get_action_display()} on {decision.case.name}",
            "back": _page_of(decision),
        }


def _facts(decision: Decision) -> list[tuple[str, str]]:
    return [
        ("Case", f"{decision.case_id}: {decision.case.name}"),
        ("Decision", decision.get_action_display()),
        ("Decided by", str(decision.decided_by or f"policy ({decision.rule})")),
        ("Reason", decision.reason),
        ("State", decision.get_state_display()),
    ]


def _page_of(decision: Decision) -> str:
    return reverse("admin:abuse_decision_change", args=[decision.pk])
