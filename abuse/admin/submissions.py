"""Submissions on the desk: what came in by which door, as it came; what no parser understood is settled; uploads."""

import uuid

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from unfold.decorators import display

from abuse import files, looks, settlements, uploads
from abuse.admin.evidence import EvidenceAdmin
from abuse.errors import AbuseError
from abuse.forms.submissions import SettleForm, UploadForm
from abuse.models import Category, Submission

LIST = "admin:abuse_submission_changelist"
REPORT_ROWS = 100
# Of text, on the page; the rest is downloaded.
SHOWN_OCTETS = 64 * 1024
# A browser that was tricked into opening it finds nothing to run.
SANDBOX = "sandbox; default-src 'none'"
_STATES = {
    Submission.State.RECEIVED.label: "info",
    Submission.State.READ.label: "success",
    Submission.State.UNREADABLE.label: "danger",
    Submission.State.SETTLED.label: "success",
}


@admin.register(Submission)
class SubmissionAdmin(EvidenceAdmin):
    list_display = ("received_at", "door", "shown_state", "source", "shown_reporter", "format", "shown_problem")
    list_filter = ("state", "door", "received_at")
    list_filter_sheet = False
    search_fields = ("source", "filename", "reporter__identity", "blob__sha256__startswith", "id__startswith")
    search_help_text = "Part of a source, file name or reporter; or the beginning of the SHA-256 or of its number."
    ordering = ("-received_at",)
    list_before_template = "desk/_submissions_before.html"

    @display(description="state", ordering="state", label=_STATES)
    def shown_state(self, submission: Submission) -> str:
        return submission.get_state_display()

    @display(description="reporter", ordering="reporter__identity", empty_value="not proven")
    def shown_reporter(self, submission: Submission) -> str | None:
        return str(submission.reporter) if submission.reporter else None

    @display(description="problem", empty_value="")
    def shown_problem(self, submission: Submission) -> str:
        return submission.problem[:120]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        """What is about restricted cases is for named people. Without the octets, which no list shows."""
        found = super().get_queryset(request).select_related("reporter")
        if not request.user.has_perm("abuse.view_restricted_case"):
            found = found.exclude(reports__category__route=Category.Route.RESTRICTED)
        return found

    def get_urls(self) -> list:
        wrap = self.admin_site.admin_view
        return [
            path("upload/", wrap(self.upload_view), name="abuse_submission_upload"),
            path("<uuid:pk>/change/", wrap(self.page_view), name="abuse_submission_change"),
            path("<uuid:pk>/show/", wrap(self.show_view), name="abuse_submission_show"),
            path("<uuid:pk>/download/", wrap(self.download_view), name="abuse_submission_download"),
            path("<uuid:pk>/settle/", wrap(self.settle_view), name="abuse_submission_settle"),
            *super().get_urls(),
        ]

    def page_view(self, request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
        submission = self._get(request, pk)
        return TemplateResponse(request, "desk/submission.html", self._context(request, submission))

    def show_view(self, request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
        """The beginning of it as text. By POST: the look is in the ledger, and no link makes somebody have looked."""
        submission = self._opened(request, pk)
        if isinstance(submission, HttpResponse):
            return submission
        context = self._context(request, submission) | _text_of(submission)
        if context["may_settle"]:
            context["form"] = SettleForm()
        response = TemplateResponse(request, "desk/submission.html", context)
        response["Cache-Control"] = "no-store"
        return response

    def download_view(self, request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
        """As it came, to be saved and never to be opened by the browser."""
        submission = self._opened(request, pk)
        if isinstance(submission, HttpResponse):
            return submission
        return HttpResponse(
            bytes(submission.blob.content),
            content_type="application/octet-stream",
            headers={
                "Content-Disposition": f'attachment; filename="submission-{submission.pk}.bin"',
                "X-Content-Type-Options": "nosniff",
                "Content-Security-Policy": SANDBOX,
                "Cross-Origin-Resource-Policy": "same-origin",
                "Cache-Control": "no-store",
            },
        )

    def settle_view(self, request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
        submission = self._get(request, pk)
        if not request.user.has_perm("abuse.file_report"):
            raise PermissionDenied
        form = SettleForm(request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            try:
                made = settlements.settle(submission, form.reading, reason=form.cleaned_data["reason"], by=request.user)
            except AbuseError as error:
                messages.error(request, str(error))
            else:
                messages.success(request, f"Settled: {len(made)} report{'' if len(made) == 1 else 's'}.")
            return HttpResponseRedirect(_page_of(submission))
        context = self._context(request, submission) | {"form": form}
        if request.method == "POST" and context["may_look"] and not context["is_shut"]:
            # It is read while the form is filled in.
            looks.note_submission(submission, by=request.user)
            context |= _text_of(submission)
        return TemplateResponse(request, "desk/submission_settle.html", context)

    def upload_view(self, request: HttpRequest) -> HttpResponse:
        if not request.user.has_perm("abuse.file_report"):
            raise PermissionDenied
        form = UploadForm(request.POST, request.FILES) if request.method == "POST" else UploadForm()
        if request.method == "POST" and form.is_valid():
            try:
                return HttpResponseRedirect(_page_of(self._upload(request, form)))
            except AbuseError as error:
                form.add_error(None, str(error))
        context = self.admin_site.each_context(request) | {"opts": self.opts, "title": "Upload reports", "form": form}
        return TemplateResponse(request, "desk/submission_upload.html", context)

    def _upload(self, request: HttpRequest, form: UploadForm) -> Submission:
        file = form.cleaned_data["file"]
        submission = uploads.accept(
            form.content,
            by=request.user,
            content_type=(file.content_type or "") if file else "text/plain",
            filename=file.name if file else "",
            kind=form.cleaned_data["kind"],
            on_behalf_of=form.cleaned_data["on_behalf_of"],
        )
        messages.success(request, f"Stored with receipt {submission.receipt.pk}. It is read within seconds.")
        return submission

    def _opened(self, request: HttpRequest, pk: uuid.UUID) -> Submission | HttpResponse:
        """The look is in the ledger before anything is shown."""
        submission = self._get(request, pk)
        if not request.user.has_perm("abuse.view_evidence"):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if is_shut(submission) or submission.blob.purged_at is not None:
            raise Http404
        looks.note_submission(submission, by=request.user)
        return submission

    def _get(self, request: HttpRequest, pk: uuid.UUID) -> Submission:
        if not self.has_view_permission(request):
            raise PermissionDenied
        # The octets are fetched where they are shown, and nowhere else.
        found = self.get_queryset(request).select_related("blob", "reporter", "settled_by", "receipt")
        submission = found.defer("blob__content").filter(pk=pk).first()
        if submission is None:
            raise Http404
        return submission

    def _context(self, request: HttpRequest, submission: Submission) -> dict:
        rows = submission.reports.select_related("category", "case").order_by("position")
        user = request.user
        return self.admin_site.each_context(request) | {
            "opts": self.opts,
            "title": f"{submission.get_door_display()} of {submission.received_at:%Y-%m-%d %H:%M:%S}",
            "submission": submission,
            "reports": list(rows[:REPORT_ROWS]),
            "report_count": rows.count(),
            "is_shut": is_shut(submission),
            "may_look": user.has_perm("abuse.view_evidence") and submission.blob.purged_at is None,
            "may_settle": user.has_perm("abuse.file_report") and submission.state == Submission.State.UNREADABLE,
            "back": reverse(LIST),
        }


def is_shut(submission: Submission) -> bool:
    """Of what nobody may hold nobody sees more than hash and size."""
    return submission.reports.filter(category__route=Category.Route.RESTRICTED).exists()


def _text_of(submission: Submission) -> dict:
    """The beginning of it as text."""
    content = bytes(submission.blob.content[:SHOWN_OCTETS])
    return {
        "text": content.decode("utf-8", "replace").translate(files.CONTROLS),
        "is_cut": submission.blob.size > SHOWN_OCTETS,
    }


def _page_of(submission: Submission) -> str:
    return reverse("admin:abuse_submission_change", args=[submission.pk])
