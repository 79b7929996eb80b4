"""Reporters on the desk, and their keys: made, shown once, revoked with a reason."""

from datetime import UTC, datetime, time

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from unfold.decorators import display

from abuse import queue, reporter_keys, uploads
from abuse.admin import decisions
from abuse.admin.decisions import Decision
from abuse.admin.evidence import EvidenceAdmin
from abuse.admin.reporters import TierPages, record_of
from abuse.errors import AbuseError
from abuse.forms.reporters import KeyForm, ReporterForm
from abuse.models import Category, Reporter, ReporterKey

KEY_ROWS = 100
REPORT_ROWS = 20
CONFIGURE = "abuse.change_settings"


@admin.register(Reporter)
class ReporterAdmin(TierPages, EvidenceAdmin):
    list_display = ("identity", "shown_name", "kind", "shown_tier", "upheld_count", "rejected_count", "created_at")
    list_filter = ("tier", "kind")
    list_filter_sheet = False
    search_fields = ("identity", "name", "contact")
    search_help_text = "Part of a domain, mailbox or name."
    list_before_template = "desk/_reporters_before.html"

    @display(description="name", empty_value="–")
    def shown_name(self, reporter: Reporter) -> str:
        return reporter.name

    @display(description="tier", ordering="tier", label={"A": "success", "B": "success", "C": "info", "D": "danger"})
    def shown_tier(self, reporter: Reporter) -> str:
        return reporter.tier

    def has_view_permission(self, request: HttpRequest, obj: Reporter | None = None) -> bool:
        return request.user.has_perm("abuse.view_reporter") or request.user.has_perm(CONFIGURE)

    def get_urls(self) -> list:
        wrap = self.admin_site.admin_view
        return [
            path("new/", wrap(self.new_view), name="abuse_reporter_new"),
            path("<int:pk>/change/", wrap(self.page_view), name="abuse_reporter_change"),
            path("<int:pk>/make-key/", wrap(self.make_key_view), name="abuse_reporter_make_key"),
            path("keys/<int:pk>/revoke/", wrap(self.revoke_view), name="abuse_reporterkey_revoke"),
            *super().get_urls(),
        ]

    def page_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self._page(request, self._get(request, pk), KeyForm())

    def new_view(self, request: HttpRequest) -> HttpResponse:
        _check_configures(request)
        form = ReporterForm(request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            said = form.cleaned_data
            try:
                reporter = uploads.vouched_for(said["who"], name=said["name"], contact=said["contact"])
                return HttpResponseRedirect(_page_of(reporter))
            except AbuseError as error:
                form.add_error("who", str(error))
        context = self.admin_site.each_context(request) | {"opts": self.opts, "title": "A new reporter", "form": form}
        return TemplateResponse(request, "desk/reporter_new.html", context)

    def make_key_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The key is in this answer and in no other."""
        reporter = self._get(request, pk)
        _check_configures(request)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        form = KeyForm(request.POST)
        if not form.is_valid():
            return self._page(request, reporter, form)
        until = form.cleaned_data["expires_on"]
        expires_at = datetime.combine(until, time.max, tzinfo=UTC) if until else None
        label = form.cleaned_data["label"]
        try:
            key, text = reporter_keys.create(reporter, label=label, expires_at=expires_at, by=request.user)
        except AbuseError as error:
            form.add_error(None, str(error))
            return self._page(request, reporter, form)
        messages.success(request, f"The key {key} is made.")
        response = self._page(request, reporter, KeyForm(), new_key=text)
        response["Cache-Control"] = "no-store"
        return response

    def revoke_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        key = ReporterKey.objects.select_related("reporter").filter(pk=pk).first()
        if key is None or not self.has_view_permission(request):
            raise Http404
        decision = Decision(
            title=f"Revoke the key {key}",
            verb="Revoke",
            permission=CONFIGURE,
            facts=[
                ("Reporter", key.reporter.identity),
                ("Made", f"{key.created_at:%Y-%m-%d}"),
                ("Last used", f"{key.used_at:%Y-%m-%d %H:%M}" if key.used_at else "never"),
            ],
            consequences=[
                "Whoever uses it is refused from the next request on.",
                "What came by it stays, with everything that was decided about it.",
                "This cannot be undone: only the digest of a key is stored.",
            ],
            act=lambda reason: reporter_keys.revoke(key, reason=reason, by=request.user),
            done=f"The key {key} is revoked.",
            back=_page_of(key.reporter),
        )
        return decisions.page(request, decision, self._context(request, key.reporter))

    def _page(self, request: HttpRequest, reporter: Reporter, form: KeyForm, new_key: str = "") -> TemplateResponse:
        found = reporter.reports.select_related("category")
        if not queue.may_see_restricted(request.user):
            found = found.exclude(category__route=Category.Route.RESTRICTED)
        shown = {
            "form": form,
            "new_key": new_key,
            "keys": list(reporter.keys.all()[:KEY_ROWS]),
            "reports": list(found[:REPORT_ROWS]),
            "may_configure": request.user.has_perm(CONFIGURE),
            **record_of(reporter, may_configure=request.user.has_perm(CONFIGURE)),
        }
        return TemplateResponse(request, "desk/reporter.html", self._context(request, reporter) | shown)

    def _get(self, request: HttpRequest, pk: int) -> Reporter:
        if not self.has_view_permission(request):
            raise PermissionDenied
        reporter = Reporter.objects.filter(pk=pk).first()
        if reporter is None:
            raise Http404
        return reporter

    def _context(self, request: HttpRequest, reporter: Reporter) -> dict:
        return self.admin_site.each_context(request) | {
            "opts": self.opts,
            "title": str(reporter),
            "reporter": reporter,
            "back": reverse("admin:abuse_reporter_changelist"),
        }


def _check_configures(request: HttpRequest) -> None:
    if not request.user.has_perm(CONFIGURE):
        raise PermissionDenied


def _page_of(reporter: Reporter) -> str:
    return reverse("admin:abuse_reporter_change", args=[reporter.pk])
