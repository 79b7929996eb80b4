"""Suspensions on the desk: the list of what is and was in force."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from unfold.decorators import display

from abuse import restricted
from abuse.admin.evidence import EvidenceAdmin
from abuse.models import Suspension


class InForceFilter(admin.SimpleListFilter):
    title, parameter_name = "in force", "in_force"

    def lookups(self, request, model_admin) -> list[tuple[str, str]]:
        return [("yes", "in force"), ("no", "lifted")]

    def queryset(self, request, queryset):
        return queryset.filter(lifted_at__isnull=self.value() == "yes") if self.value() in ("yes", "no") else queryset


@admin.register(Suspension)
class SuspensionAdmin(EvidenceAdmin):
    list_display = ("decided_at", "shown_hostname", "shown_state", "reason", "decided_by", "lifted_at", "lifted_by")
    list_select_related = ("hostname", "decided_by", "lifted_by")
    list_filter = (InForceFilter,)
    list_filter_sheet = False
    search_fields = ("hostname__name", "reason", "decided_by__email")
    fields = ("shown_hostname", "reason", "decided_by", "decided_at", "lifted_by", "lifted_at", "lift_reason")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        """Those of restricted cases and sealed orders only for the named people; the page of the name says that there is one."""
        rows = super().get_queryset(request)
        if hidden := restricted.hidden_orders(request.user):
            rows = rows.exclude(order_item__order__in=hidden)
        return rows if restricted.may_see(request.user) else rows.exclude(decision__case__route="restricted")

    @display(description="hostname", ordering="hostname__name")
    def shown_hostname(self, suspension: Suspension) -> str:
        address = reverse("admin:ddns_hostname_change", args=[suspension.hostname_id])
        return format_html('<a class="desk-link" href="{}">{}</a>', address, suspension.hostname)

    @display(description="state", label={"in force": "danger", "lifted": "success"})
    def shown_state(self, suspension: Suspension) -> str:
        return "in force" if suspension.is_in_force else "lifted"
