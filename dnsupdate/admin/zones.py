"""Zones: whether they follow, and if not, why and since when."""

from datetime import timedelta

from django.contrib import admin
from django.db.models import Count, Min, OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.utils import timezone
from unfold.admin import ModelAdmin
from unfold.decorators import display

from dnsupdate.admin.server_states import ServerStateInline
from dnsupdate.models import Alarm, PendingPublication, Zone

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
        ("Settings", {"fields": ("unsafe_settings",)}),
        ("Queue", {"fields": ("waiting", "oldest_waiting", "published_at", "created_at")}),
    )
    readonly_fields = (
        "name",
        "health",
        "failing_since",
        "failure",
        "failure_count",
        "failed_at",
        "retry_at",
        "unsafe_settings",
        "waiting",
        "oldest_waiting",
        "published_at",
        "created_at",
    )
    inlines = (ServerStateInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        waiting = PendingPublication.objects.filter(zone=OuterRef("pk")).order_by().values("zone")
        return (
            super()
            .get_queryset(request)
            .annotate(
                waiting_count=Subquery(waiting.annotate(value=Count("pk")).values("value")),
                oldest_queued_at=Subquery(waiting.annotate(value=Min("queued_at")).values("value")),
            )
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

    @display(description="unsafe settings")
    def unsafe_settings(self, zone: Zone) -> str:
        """As found at the last of the checks that run every ten minutes."""
        alarm = Alarm.objects.open().filter(kind=Alarm.Kind.SETTINGS, zone=zone).first()
        return alarm.text if alarm else "None were found at the last check."

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Zone | None = None) -> bool:
        return False
