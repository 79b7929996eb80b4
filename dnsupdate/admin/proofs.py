"""Proofs: what each server answered for a name, and when. Evidence, so nobody edits them."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.paginator import InfinitePaginator

from dnsupdate.errors import InvalidName
from dnsupdate.models import Proof
from dnsupdate.names import normalise


@admin.register(Proof)
class ProofAdmin(ModelAdmin):
    """Searched by the exact name: there are tens of thousands per takedown."""

    list_display = ("name", "nameserver", "match", "rcode", "answer", "serial", "asked_at", "error")
    list_select_related = ("zone", "nameserver")
    list_filter = ("is_match", "nameserver", "zone")
    search_fields = ("name",)
    search_help_text = "The whole name."
    ordering = ("-pk",)
    # Neither needs to count millions of rows to show fifty.
    paginator = InfinitePaginator
    show_full_result_count = False
    fields = ("name", "zone", "revision", "nameserver", "match", "rcode", "answer", "serial", "asked_at", "error")

    @display(description="as it shall", label={"yes": "success", "no": "danger"})
    def match(self, proof: Proof) -> str:
        return "yes" if proof.is_match else "no"

    def get_search_results(self, request: HttpRequest, queryset: QuerySet, search_term: str) -> tuple[QuerySet, bool]:
        """By the index: Django's own search compares parts, or without case, and would read every row."""
        if not search_term.strip():
            return queryset, False
        try:
            return queryset.filter(name=normalise(search_term)), False
        except InvalidName:
            return queryset.none(), False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj=None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj=None) -> bool:
        return False
