"""Agencies on the desk: what we have found out of them, who changed it when, and their officers."""

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from unfold.decorators import display

from abuse import agencies
from abuse.admin.evidence import EvidenceAdmin
from abuse.errors import AbuseError
from abuse.forms.vetting import AgencyForm
from abuse.models import Agency, LedgerEntry

OFFICER_ROWS = 200
ENTRY_ROWS = 20


@admin.register(Agency)
class AgencyAdmin(EvidenceAdmin):
    list_display = ("name", "kind", "country", "shown_domains", "phone", "created_at")
    list_filter = ("kind", "country")
    list_filter_sheet = False
    search_fields = ("name", "country", "phone")
    search_help_text = "Part of a name or number, or a country."
    list_before_template = "desk/_agencies_before.html"

    @display(description="mail domains")
    def shown_domains(self, agency: Agency) -> str:
        return ", ".join(agency.mail_domains)

    def has_view_permission(self, request: HttpRequest, obj: Agency | None = None) -> bool:
        return request.user.has_perm("abuse.view_agency") or request.user.has_perm(agencies.VET)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def get_urls(self) -> list:
        wrap = self.admin_site.admin_view
        return [
            path("new/", wrap(self.new_view), name="abuse_agency_new"),
            path("<int:pk>/change/", wrap(self.page_view), name="abuse_agency_change"),
            *super().get_urls(),
        ]

    def new_view(self, request: HttpRequest) -> HttpResponse:
        if not request.user.has_perm(agencies.VET):
            raise PermissionDenied
        form = AgencyForm(request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            try:
                agency = agencies.add(by=request.user, **form.cleaned_data)
            except AbuseError as error:
                form.add_error(None, str(error))
            else:
                messages.success(request, f"{agency} is added.")
                return HttpResponseRedirect(_page_of(agency))
        return self._page(request, {"title": "A new agency", "form": form, "verb": "Add"})

    def page_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """What it is, and for those who vet the form that changes it."""
        agency = self._get(request, pk)
        may_change = request.user.has_perm(agencies.VET)
        if request.method == "POST" and not may_change:
            raise PermissionDenied
        form = AgencyForm(request.POST if request.method == "POST" else None, initial=AgencyForm.initial_of(agency))
        if request.method == "POST" and form.is_valid():
            try:
                agencies.change(agency, by=request.user, **form.cleaned_data)
            except AbuseError as error:
                form.add_error(None, str(error))
                agency.refresh_from_db()
            else:
                messages.success(request, f"{agency} is changed.")
                return HttpResponseRedirect(_page_of(agency))
        shown = {
            "title": str(agency),
            "agency": agency,
            "form": form if may_change else None,
            "verb": "Change",
            "officers": list(agency.officers.select_related("account").order_by("name")[:OFFICER_ROWS]),
            "entries": list(LedgerEntry.objects.filter(object=f"agency {agency.pk}")[:ENTRY_ROWS]),
        }
        return self._page(request, shown)

    def _page(self, request: HttpRequest, shown: dict) -> TemplateResponse:
        back = reverse("admin:abuse_agency_changelist")
        context = self.admin_site.each_context(request) | {"opts": self.opts, "back": back} | shown
        return TemplateResponse(request, "desk/agency.html", context)

    def _get(self, request: HttpRequest, pk: int) -> Agency:
        if not self.has_view_permission(request):
            raise PermissionDenied
        agency = Agency.objects.select_related("added_by").filter(pk=pk).first()
        if agency is None:
            raise Http404
        return agency


def _page_of(agency: Agency) -> str:
    return reverse("admin:abuse_agency_change", args=[agency.pk])
