"""Blocks on the desk: what is blocked until when, by which decision, and whom it meets."""

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from unfold.decorators import display

from abuse.admin.evidence import EvidenceAdmin
from abuse.models import Decision
from ddns import blocks
from ddns.models import Block

# As many as a person can look through.
MAX_SHOWN = 200


@admin.register(Block)
class BlockAdmin(EvidenceAdmin):
    list_display = ("value", "kind", "shown_state", "created_at", "expires_at")
    list_filter = ("kind",)
    list_filter_sheet = False
    search_fields = ("value",)

    @display(description="state", label={"in force": "danger", "expired": "default"})
    def shown_state(self, block: Block) -> str:
        return "in force" if block.in_force else "expired"

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).with_state()

    def has_view_permission(self, request: HttpRequest, obj=None) -> bool:
        return request.user.has_perm("abuse.view_decision")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context=None) -> HttpResponse:
        """Whom it meets is read from every hostname: a second or so at some millions."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        block = self.get_object(request, object_id)
        if block is None:
            raise Http404
        met = (
            blocks.hostnames_in(block.value) if block.kind == Block.Kind.NETWORK else blocks.hostnames_like(block.value)
        )
        names = list(met.select_related("account").order_by("name")[: MAX_SHOWN + 1])
        context = self.admin_site.each_context(request) | {
            "opts": self.opts,
            "shown": block,
            "decision": Decision.objects.filter(effect__block=block.pk)
            .select_related("case__account", "decided_by")
            .first(),
            "hostnames": names[:MAX_SHOWN],
            "has_more": len(names) > MAX_SHOWN,
            "title": block.value,
        }
        return TemplateResponse(request, "desk/block.html", context)
