"""Alarms: what is wrong now, what was, and who has been told."""

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import display

from dnsupdate.models import Alarm, Notice


class NoticeInline(TabularInline):
    model = Notice
    fields = readonly_fields = ("event", "channel", "created_at", "sent_at", "try_count", "failure")
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj=None) -> bool:
        return False


@admin.register(Alarm)
class AlarmAdmin(ModelAdmin):
    """Opened and closed by the platform; nobody edits them."""

    list_display = ("state", "kind", "zone", "nameserver", "text", "opened_at", "closed_at")
    list_display_links = ("state", "kind")
    list_filter = ("kind", ("closed_at", admin.EmptyFieldListFilter))
    list_select_related = ("zone", "nameserver")
    search_fields = ("zone__name", "nameserver__name", "text")
    inlines = (NoticeInline,)

    @display(description="state", label={"open": "danger", "over": "success"})
    def state(self, alarm: Alarm) -> str:
        return "open" if alarm.is_open else "over"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj=None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj=None) -> bool:
        return False
