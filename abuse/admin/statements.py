"""Statements on the desk: what customers were told, as it was sent; read and nothing else."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.decorators import display

from abuse.admin.evidence import EvidenceAdmin
from abuse.models import Statement


@admin.register(Statement)
class StatementAdmin(EvidenceAdmin):
    list_display = ("at", "account", "subject", "action", "language")
    list_display_links = ("at", "subject")
    list_select_related = ("account", "decision")
    list_filter = ("at", "decision__action", "language")
    list_filter_sheet = False
    search_fields = ("subject", "account__email", "decision__case__name")
    fields = ("at", "account", "decision", "language", "subject", "text", "facts")

    @display(description="action")
    def action(self, statement: Statement) -> str:
        return statement.decision.get_action_display()

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        """Those of restricted cases only for the named people."""
        rows = super().get_queryset(request)
        if request.user.has_perm("abuse.view_restricted_case"):
            return rows
        return rows.exclude(decision__case__route="restricted")
