"""Messages on the desk: what customers and reporters have written, the unread first, whatever has become of the case."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from unfold.decorators import display

from abuse.admin.evidence import EvidenceAdmin
from abuse.models import Message


class UnreadFilter(admin.SimpleListFilter):
    title, parameter_name = "read", "read"

    def lookups(self, request, model_admin) -> list[tuple[str, str]]:
        return [("no", "new"), ("yes", "read")]

    def queryset(self, request, queryset):
        return queryset.filter(read_at__isnull=self.value() == "no") if self.value() in ("yes", "no") else queryset


@admin.register(Message)
class MessageAdmin(EvidenceAdmin):
    """A suspended customer answers on a case that is closed: here the answer is not overlooked."""

    list_display = ("at", "shown_state", "shown_case", "side", "beginning")
    list_display_links = None
    list_select_related = ("case",)
    list_filter = (UnreadFilter, "side")
    list_filter_sheet = False
    search_fields = ("case__name", "text")
    ordering = ("-at",)

    def has_view_permission(self, request: HttpRequest, obj=None) -> bool:
        return request.user.has_perm("abuse.view_case")

    @display(description="state", label={"new": "warning", "read": "default"})
    def shown_state(self, message: Message) -> str:
        return "read" if message.read_at else "new"

    @display(description="case")
    def shown_case(self, message: Message) -> str:
        address = reverse("admin:abuse_case_change", args=[message.case_id])
        return format_html(
            '<a class="desk-link" href="{}">{}: {}</a> ({})',
            address,
            message.case_id,
            message.case.name,
            message.case.get_state_display(),
        )

    @display(description="text")
    def beginning(self, message: Message) -> str:
        return message.text[:200]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        """What came in, of restricted cases only for the named people."""
        rows = super().get_queryset(request).filter(is_ours=False)
        return rows if request.user.has_perm("abuse.view_restricted_case") else rows.exclude(case__route="restricted")
