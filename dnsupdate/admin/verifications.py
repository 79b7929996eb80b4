"""Verifications: what was compared, what was found, and what became of it."""

from django.contrib import admin
from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from unfold.admin import ModelAdmin
from unfold.decorators import display

from dnsupdate.models import PendingPublication, Verification
from dnsupdate.models.pending import Urgency


@admin.register(Verification)
class VerificationAdmin(ModelAdmin):
    """Written by the platform; nobody edits them."""

    list_display = (
        "zone",
        "state",
        "started_at",
        "trigger",
        "method",
        "compared_count",
        "waiting_count",
        "missing_count",
        "extra_count",
        "different_count",
        "repaired_count",
        "refilling",
    )
    list_filter = ("zone", "trigger", "method", ("finished_at", admin.EmptyFieldListFilter))
    list_select_related = ("zone",)
    search_fields = ("zone__name", "error")

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        refill = PendingPublication.objects.filter(zone=OuterRef("zone"), urgency=Urgency.REFILL).order_by()
        counted = Subquery(refill.values("zone").annotate(value=Count("pk")).values("value"), IntegerField())
        return super().get_queryset(request).annotate(refill_count=Coalesce(counted, 0))

    def get_fields(self, request: HttpRequest, obj: Verification | None = None) -> list[str]:
        return ["state", *(field.name for field in Verification._meta.fields if field.name != "id"), "refilling"]

    @display(
        description="state",
        label={"running": "info", "in order": "success", "differed": "danger", "not compared": "warning"},
    )
    def state(self, verification: Verification) -> str:
        if verification.finished_at is None:
            return "running"
        if verification.error:
            return "not compared"
        return "in order" if verification.is_clean else "differed"

    @display(description="refill still waiting in the zone")
    def refilling(self, verification: Verification) -> int:
        return verification.refill_count

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Verification | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Verification | None = None) -> bool:
        return False
