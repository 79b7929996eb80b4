"""Officers on the desk: who applies, who vetted whom and when, whose term ends, what is unusual."""

from datetime import timedelta

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from unfold.decorators import display

from abuse import officers, restricted
from abuse.admin.evidence import EvidenceAdmin
from abuse.admin.officer_steps import StepPages
from abuse.models import Officer, OfficerAlert, Order

State = Officer.State
ROWS = 20
_BADGES = {
    State.APPLIED.label: "info",
    State.CALLED.label: "warning",
    State.VETTED.label: "success",
    State.REFUSED.label: "danger",
    State.FROZEN.label: "danger",
}


class TermFilter(admin.SimpleListFilter):
    title = parameter_name = "term"

    def lookups(self, request, model_admin) -> list[tuple[str, str]]:
        return [("30", "ends within 30 days"), ("90", "ends within 90 days")]

    def queryset(self, request, queryset: QuerySet) -> QuerySet:
        if self.value() not in ("30", "90"):
            return queryset
        until = timezone.now() + timedelta(days=int(self.value()))
        return queryset.filter(state=State.VETTED, vetted_until__lte=until)


class AlertFilter(admin.SimpleListFilter):
    title = "alerts"
    parameter_name = "alerts"

    def lookups(self, request, model_admin) -> list[tuple[str, str]]:
        return [("waiting", "that nobody has looked at")]

    def queryset(self, request, queryset: QuerySet) -> QuerySet:
        waiting = OfficerAlert.objects.waiting().values("officer")
        return queryset.filter(pk__in=waiting) if self.value() == "waiting" else queryset


@admin.register(Officer)
class OfficerAdmin(StepPages, EvidenceAdmin):
    list_display = ("name", "shown_agency", "email", "shown_state", "vetted_until", "applied_at")
    list_filter = ("state", TermFilter, AlertFilter)
    list_filter_sheet = False
    list_select_related = ("agency", "account")
    # Who waits for longest comes first; those in office by the end of their term.
    ordering = ("state", "applied_at")
    search_fields = ("name", "agency_said", "agency__name", "account__email")
    search_help_text = "Part of a name, an agency or a mail address."

    @display(description="agency", ordering="agency__name")
    def shown_agency(self, officer: Officer) -> str:
        return str(officer.agency) if officer.agency else f"says: {officer.agency_said}"

    @display(description="account", ordering="account__email")
    def email(self, officer: Officer) -> str:
        return officer.account.email

    @display(description="state", ordering="state", label=_BADGES)
    def shown_state(self, officer: Officer) -> str:
        return officer.get_state_display()

    def has_view_permission(self, request: HttpRequest, obj: Officer | None = None) -> bool:
        return any(request.user.has_perm(each) for each in ("abuse.view_officer", officers.VET, officers.FREEZE))

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def get_urls(self) -> list:
        page = self.admin_site.admin_view(self.page_view)
        return [path("<int:pk>/change/", page, name="abuse_officer_change"), *super().get_urls()]

    def page_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        officer = self._get(request, pk)
        user = request.user
        orders = Order.objects.visible_to(user).filter(officer=officer)
        alerts = list(officer.alerts.waiting().exclude(order__in=restricted.hidden_orders(user)))
        may_vet, may_see_orders = user.has_perm(officers.VET), user.has_perm("abuse.view_order")
        call = officers.pending_call(officer) if officer.state in (State.CALLED, State.VETTED) else None
        shown = {
            "why_not": officers.why_not(officer),
            "call": call,
            "may_confirm": may_vet and call is not None and call.by_id != user.pk,
            "steps": list(officer.vettings.select_related("by", "agency")),
            "alerts": alerts,
            "seen_orders": set(orders.filter(alerts__in=alerts).values_list("pk", flat=True))
            if may_see_orders
            else set(),
            "keys": list(officer.keys.all()[:ROWS]),
            "orders": list(orders.select_related("agency")[:ROWS]) if may_see_orders else [],
            "entries": list(restricted.entries(user).filter(object=f"officer {officer.pk}")[:ROWS]),
            "may_vet": may_vet,
            "may_freeze": user.has_perm(officers.FREEZE),
            "is_open": officer.state in (State.APPLIED, State.CALLED),
        }
        return TemplateResponse(request, "desk/officer.html", self._context(request, officer) | shown)

    def _get(self, request: HttpRequest, pk: int) -> Officer:
        if not self.has_view_permission(request):
            raise PermissionDenied
        officer = Officer.objects.select_related("account", "agency", "frozen_by").filter(pk=pk).first()
        if officer is None:
            raise Http404
        return officer

    def _context(self, request: HttpRequest, officer: Officer) -> dict:
        return self.admin_site.each_context(request) | {
            "opts": self.opts,
            "title": officer.name,
            "officer": officer,
            "back": reverse("admin:abuse_officer_changelist"),
        }
