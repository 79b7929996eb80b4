"""Batches on the desk: how far each is, what was refused in it, approved and undone as a whole."""

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from unfold.decorators import display

from abuse import batches
from abuse.admin import decisions as pages
from abuse.admin.evidence import EvidenceAdmin
from abuse.errors import AbuseError
from abuse.models import Batch, Decision


@admin.register(Batch)
class BatchAdmin(EvidenceAdmin):
    list_display = ("created_at", "shown_action", "case_count", "by", "shown_step", "finished_at")
    list_select_related = ("by", "step_by")
    list_filter_sheet = False

    @display(description="action")
    def shown_action(self, batch: Batch) -> str:
        return str(Decision.Action(batch.action).label)

    @display(description="cases")
    def case_count(self, batch: Batch) -> int:
        return len(batch.case_ids)

    @display(description="step")
    def shown_step(self, batch: Batch) -> str:
        return f"{batch.get_step_display()}: {batch.done_count} of {len(batch.case_ids)}"

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).select_related("by", "step_by")

    def has_view_permission(self, request: HttpRequest, obj=None) -> bool:
        return request.user.has_perm("abuse.view_decision")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def get_urls(self) -> list:
        wrap = self.admin_site.admin_view
        return [
            path("<uuid:object_id>/approve/", wrap(self.approve_view), name="abuse_batch_approve"),
            path("<uuid:object_id>/refuse/", wrap(self.refuse_view), name="abuse_batch_refuse"),
            path("<uuid:object_id>/undo/", wrap(self.undo_view), name="abuse_batch_undo"),
            *super().get_urls(),
        ]

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context=None) -> HttpResponse:
        batch = self._get(request, object_id)
        context = self._context(request, batch) | {"progress": batches.progress(batch.pk)}
        return TemplateResponse(request, "desk/batch.html", context)

    def approve_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        batch = self._get(request, object_id)
        if not request.user.has_perm("abuse.approve_decision"):
            raise PermissionDenied
        if request.method == "POST":
            try:
                batches.approve(batch.pk, by=request.user)
            except AbuseError as error:
                messages.error(request, str(error))
            else:
                messages.success(request, "Approved: it is being carried out.")
        return HttpResponseRedirect(_page_of(batch))

    def refuse_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        batch = self._get(request, object_id)
        page = pages.Decision(
            title=f"Refuse: {batch}",
            verb="Refuse all",
            permission="abuse.approve_decision",
            facts=_facts(batch),
            consequences=["Nothing is done about what still waits in this batch."],
            act=lambda reason: batches.refuse(batch.pk, by=request.user, reason=reason),
            done="Refused.",
            back=_page_of(batch),
        )
        return pages.page(request, page, self._context(request, batch))

    def undo_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        batch = self._get(request, object_id)
        page = pages.Decision(
            title=f"Undo: {batch}",
            verb="Undo all",
            permission="abuse.decide_case",
            facts=_facts(batch),
            consequences=[
                "Each decision of this batch that is in force is undone: everything is exactly as it was before it.",
                "The cases are opened again, and the customers are told if they were told before.",
            ],
            act=lambda reason: batches.undo(batch.pk, by=request.user, reason=reason),
            done="Being undone.",
            back=_page_of(batch),
        )
        return pages.page(request, page, self._context(request, batch))

    def _get(self, request: HttpRequest, object_id: str) -> Batch:
        if not self.has_view_permission(request):
            raise PermissionDenied
        batch = self.get_object(request, str(object_id))
        if batch is None:
            raise Http404
        return batch

    def _context(self, request: HttpRequest, batch: Batch) -> dict:
        return self.admin_site.each_context(request) | {
            "opts": self.opts,
            "batch": batch,
            "title": str(batch),
            "back": _page_of(batch),
        }


def _facts(batch: Batch) -> list[tuple[str, str]]:
    return [
        ("Action", str(Decision.Action(batch.action).label)),
        ("Cases", str(len(batch.case_ids))),
        ("Decided by", str(batch.by)),
        ("Reason", batch.decision["reason"]),
    ]


def _page_of(batch: Batch) -> str:
    return reverse("admin:abuse_batch_change", args=[batch.pk])
