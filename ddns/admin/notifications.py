"""Notifications and their deliveries, for whoever is asked why a mail did not come."""

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline

from ddns.models import Delivery, Notification


class DeliveryInline(TabularInline):
    model = Delivery
    fields = readonly_fields = ("webhook", "due_at", "try_count", "sent_at", "given_up_at", "status", "answer")
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj=None) -> bool:
        return False


@admin.register(Notification)
class NotificationAdmin(ModelAdmin):
    """Written by the platform; nobody edits them."""

    list_display = ("at", "account", "kind", "hostname", "read_at")
    # What was told may have a link that speaks for its reader.
    exclude = ("details",)
    list_filter = ("kind",)
    list_select_related = ("account", "hostname")
    search_fields = ("account__email", "hostname__name")
    show_full_result_count = False
    inlines = (DeliveryInline,)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj=None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj=None) -> bool:
        return False
