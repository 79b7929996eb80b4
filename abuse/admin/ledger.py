"""The ledger on the desk: read, searched, and nothing else."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.decorators import display

from abuse import restricted
from abuse.admin.evidence import EvidenceAdmin
from abuse.models import LedgerEntry

ACTION_BADGES = {"suspend": "danger", "deactivate": "danger", "lift": "success", "reactivate": "success"}


@admin.register(LedgerEntry)
class LedgerAdmin(EvidenceAdmin):
    list_display = ("sequence", "at", "shown_action", "object", "actor_name", "reason")
    list_display_links = ("sequence", "object")
    list_filter = ("at", "action")
    list_filter_sheet = False
    date_hierarchy = "at"
    search_fields = ("object", "actor_name", "reason", "hash__startswith")
    search_help_text = "Part of a name, an account, a person or a reason; or the beginning of a hash."
    fields = ("sequence", "at", "actor_name", "action", "object", "reason", "details", "previous_hash", "hash")

    def get_queryset(self, request: HttpRequest) -> QuerySet[LedgerEntry]:
        return restricted.entries(request.user, super().get_queryset(request))

    @display(description="action", ordering="action", label=ACTION_BADGES)
    def shown_action(self, entry: LedgerEntry) -> str:
        return entry.action
