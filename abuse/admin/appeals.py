"""Appeals on the desk: the queue, the oldest first; each decided by somebody who did not decide before."""

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import F, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, path, reverse
from django.utils import timezone
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextareaWidget

from abuse import appeals
from abuse.admin.evidence import EvidenceAdmin
from abuse.errors import AbuseError
from abuse.models import Appeal
from ddns.errors import DdnsError

MAX_REASON_CHARACTERS = 4000
BADGES = {
    "overdue": "danger",
    "not looked at": "warning",
    "waits": "info",
    "upheld": "success",
    "not upheld": "default",
}


class WaitingFilter(admin.SimpleListFilter):
    title, parameter_name = "state", "waiting"

    def lookups(self, request, model_admin) -> list[tuple[str, str]]:
        return [("yes", "to decide"), ("no", "decided")]

    def queryset(self, request, queryset):
        return queryset.filter(decided_at__isnull=self.value() == "yes") if self.value() in ("yes", "no") else queryset


class AppealForm(forms.Form):
    reason = forms.CharField(
        max_length=MAX_REASON_CHARACTERS,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 5, "autofocus": True}),
        error_messages={"required": "A decision needs a reason: the appellant gets it, and a court may ask for it."},
        help_text="The appellant reads it as it stands, and it goes into the ledger. Do not name who reported.",
    )


@admin.register(Appeal)
class AppealAdmin(EvidenceAdmin):
    list_display = ("filed_at", "shown_state", "shown_case", "party", "against", "due_at", "decided_by")
    list_select_related = ("case", "decision", "decided_by")
    list_filter = (WaitingFilter, "party")
    list_filter_sheet = False
    search_fields = ("case__name", "text")

    def get_ordering(self, request: HttpRequest) -> tuple:
        """What waits first, the oldest of it at the top; then what was decided, the latest first."""
        return F("decided_at").desc(nulls_first=True), F("filed_at").asc(), F("pk").asc()

    @display(description="state", label=BADGES)
    def shown_state(self, appeal: Appeal) -> str:
        return state_of(appeal)

    @display(description="case")
    def shown_case(self, appeal: Appeal) -> str:
        return f"{appeal.case_id}: {appeal.case.name}"

    @display(description="against")
    def against(self, appeal: Appeal) -> str:
        return appeal.decision.get_action_display()

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        """Those on restricted cases only for the named people."""
        rows = super().get_queryset(request)
        return rows if request.user.has_perm("abuse.view_restricted_case") else rows.exclude(case__route="restricted")

    def get_urls(self) -> list:
        wrap = self.admin_site.admin_view
        return [
            path("<int:object_id>/decide/", wrap(self.decide_view), name="abuse_appeal_decide"),
            *super().get_urls(),
        ]

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context=None) -> HttpResponse:
        """Opening it is the first look, by whoever may decide it."""
        appeal = self._get(request, object_id)
        if _why_not(appeal, request) == "":
            appeals.look(appeal)
        return self._page(request, appeal, AppealForm())

    def decide_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        appeal, form = self._get(request, object_id), AppealForm(request.POST)
        if not request.user.has_perm("abuse.decide_appeal"):
            raise PermissionDenied
        here = reverse("admin:abuse_appeal_change", args=[appeal.pk])
        if request.method != "POST":
            return HttpResponseRedirect(here)
        is_upheld = {"uphold": True, "reject": False}.get(request.POST.get("verdict", ""))
        if is_upheld is None or not form.is_valid():
            return self._page(request, appeal, form)
        try:
            appeals.decide(appeal, is_upheld=is_upheld, reason=form.cleaned_data["reason"], by=request.user)
        except (AbuseError, DdnsError) as error:
            messages.error(request, str(error))
            return self._page(request, appeal, form)
        messages.success(request, "Upheld: the decision is undone." if is_upheld else "Rejected: the decision stands.")
        return HttpResponseRedirect(here)

    def _get(self, request: HttpRequest, object_id: str | int) -> Appeal:
        if not self.has_view_permission(request):
            raise PermissionDenied
        appeal = self.get_object(request, str(object_id))
        if appeal is None:
            raise Http404
        return appeal

    def _page(self, request: HttpRequest, appeal: Appeal, form: AppealForm) -> HttpResponse:
        context = self.admin_site.each_context(request) | {
            "opts": self.opts,
            "appeal": appeal,
            "decision": appeal.decision,
            "statement": getattr(appeal.decision, "statement", None),
            "said": appeal.case.messages.exclude(side="note").select_related("author"),
            "state": state_of(appeal),
            "badge": BADGES[state_of(appeal)],
            "why_not": _why_not(appeal, request),
            "form": form,
            "case_url": _case_url(appeal.case_id),
            "title": f"Appeal {appeal.pk}",
        }
        return TemplateResponse(request, "desk/appeal.html", context)


def state_of(appeal: Appeal) -> str:
    now = timezone.now()
    if appeal.decided_at is not None:
        return "upheld" if appeal.is_upheld else "not upheld"
    if appeal.due_at < now:
        return "overdue"
    return "not looked at" if appeal.looked_at is None else "waits"


def _why_not(appeal: Appeal, request: HttpRequest) -> str:
    """Why this person cannot decide it; "" if they can."""
    if appeal.decided_at is not None:
        return "It was decided."
    try:
        appeals.check_decider(appeal, request.user)
    except AbuseError as error:
        return str(error)
    return ""


def _case_url(case_id: int) -> str:
    try:
        return reverse("admin:abuse_case_change", args=[case_id])
    except NoReverseMatch:
        return ""
