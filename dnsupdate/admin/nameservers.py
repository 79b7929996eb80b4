"""Nameservers: the primaries that we update and the secondaries that we ask."""

from django.contrib import admin
from unfold.admin import ModelAdmin

from dnsupdate.models import Nameserver


@admin.register(Nameserver)
class NameserverAdmin(ModelAdmin):
    list_display = ("name", "host", "port", "key")
    list_select_related = ("key",)
    search_fields = ("name", "host")

    def has_delete_permission(self, request, obj=None) -> bool:
        return False
