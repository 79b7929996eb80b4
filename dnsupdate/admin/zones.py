"""Zones: whether they follow, and if not, why and since when."""

from datetime import timedelta

from django.contrib import admin
from django.db.models import Count, F, Min, OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from unfold.admin import ModelAdmin
from unfold.decorators import display

from dnsupdate.models import PendingPublication, Zone

# A change that waits longer than this is worth a look: the sweep runs every two seconds.
SLOW = timedelta(seconds=10)


@admin.register(Zone)
class ZoneAdmin(ModelAdmin):
    """Made by manage.py add_domain, which checks that updates work; here its servers can be changed."""

    list_display = ("name", "health", "waiting", "oldest_waiting", "published_at", "primary", "failure")
    list_select_related = ("primary",)
    search_fields = ("name",)
    fieldsets = (
        (None, {"fields": ("name", "primary", "secondaries")}),
        ("Health", {"fields": ("health", "failing_since", "failure", "failure_count", "failed_at", "retry_at")}),
        ("Queue", {"fields": ("waiting", "oldest_waiting", "published_at", "created_at")}),
        ("Beside its rows", {"fields": ("last_verification",)}),
    )
    readonly_fields = (
        "name",
        "health",
        "failing_since",
        "failure",
        "failure_count",
        "failed_at",
        "retry_at",
        "waiting",
        "oldest_waiting",
        "published_at",
        "created_at",
        "last_verification",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        waiting = PendingPublication.objects.filter(zone=OuterRef("pk")).order_by().values("zone")
        return (
            super()
            .get_queryset(request)
            .annotate(
                waiting_count=Subquery(waiting.annotate(value=Count("pk")).values("value")),
                oldest_queued_at=Subquery(waiting.annotate(value=Min("queued_at")).values("value")),
            )
            # The worst first: failing longest, then waiting longest.
            .order_by(F("failing_since").asc(nulls_last=True), F("oldest_queued_at").asc(nulls_last=True), "name")
        )

    @display(description="health", label={"failing": "danger", "slow": "warning", "follows": "success"})
    def health(self, zone: Zone) -> str:
        if zone.is_failing:
            return "failing"
        oldest = zone.oldest_queued_at
        return "slow" if oldest and timezone.now() - oldest > SLOW else "follows"

    @display(description="waiting", ordering="waiting_count")
    def waiting(self, zone: Zone) -> int:
        return zone.waiting_count or 0

    @display(description="oldest waiting since", empty_value="–")
    def oldest_waiting(self, zone: Zone):
        return zone.oldest_queued_at

    @display(description="last verification")
    def last_verification(self, zone: Zone) -> str:
        last = zone.verifications.first()
        if last is None:
            return "none yet"
        found = last.error or f"{last.compared_count} names compared, {last.difference_count} different"
        state = found if last.finished_at else f"running, {found}"
        address = f"{reverse('admin:dnsupdate_verification_changelist')}?zone__id__exact={zone.pk}"
        return format_html(
            '{}, {}: {} (<a href="{}">all</a>)',
            f"{last.started_at:%Y-%m-%d %H:%M:%S}",
            last.get_trigger_display(),
            state,
            address,
        )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Zone | None = None) -> bool:
        return False
