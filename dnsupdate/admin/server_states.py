"""Server states: which server has what, dead and stale ones first."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import display

from dnsupdate.models import ServerState

LABELS = {
    ServerState.State.DEAD: "danger",
    ServerState.State.STALE: "danger",
    ServerState.State.SILENT: "warning",
    ServerState.State.BEHIND: "warning",
    ServerState.State.CURRENT: "success",
}
COLUMNS = ("condition", "lag", "serial", "answered_at", "asked_at", "error")


class _Conditions:
    """Columns of the list and of the zone's page."""

    @display(description="state", label=LABELS)
    def condition(self, state: ServerState) -> tuple[str, str]:
        return state.state, state.state.label

    @display(description="lag", empty_value="–")
    def lag(self, state: ServerState) -> str | None:
        """Whole seconds: the looks are ten apart."""
        return None if state.lag is None else f"{state.lag.total_seconds():.0f} s"

    def has_add_permission(self, request: HttpRequest, obj=None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj=None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj=None) -> bool:
        return False


class ServerStateInline(_Conditions, TabularInline):
    model = ServerState
    fields = readonly_fields = ("nameserver", *COLUMNS)
    extra = 0
    can_delete = False

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).select_related("zone", "nameserver").worst_first()


@admin.register(ServerState)
class ServerStateAdmin(_Conditions, ModelAdmin):
    """Written by the watch every ten seconds; nobody edits them."""

    list_display = ("zone", "nameserver", *COLUMNS)
    list_select_related = ("zone", "nameserver")
    list_filter = ("nameserver",)
    search_fields = ("zone__name", "nameserver__name", "error")
    fields = ("zone", "nameserver", *COLUMNS, "behind_since", "awaited_serial")

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).worst_first()
