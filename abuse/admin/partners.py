"""Partners on the desk: added, changed, their keys; what is shared; and what they say of it, which a person settles."""

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Case, Value, When
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html
from unfold.admin import ModelAdmin
from unfold.decorators import display

from abuse import partners, shared_names, sightings
from abuse.admin import decisions as pages
from abuse.admin.diversions import SETTINGS, SettingsAdmin
from abuse.errors import AbuseError
from abuse.models import Partner, PolicyZone, SharedName, Sighting


class PartnerForm(forms.ModelForm):
    class Meta:
        model = Partner
        fields = partners.FIELDS
        help_texts = {"valid_until": "End of the agreement. From then on the key opens nothing."}

    def _post_clean(self) -> None:
        super()._post_clean()
        if not self.errors:
            try:
                partners.check(self.instance)
            except AbuseError as error:
                self.add_error(None, str(error))


@admin.register(Partner)
class PartnerAdmin(SettingsAdmin):
    form = PartnerForm
    list_display = ("name", "tlp", "delay_minutes", "valid_until", "is_enabled", "key", "used_at")
    readonly_fields = ("key", "used_at", "created_at")
    change_form_outer_before_template = "desk/_partner.html"

    @display(description="key", empty_value="none")
    def key(self, partner: Partner) -> str:
        return f"{partner.prefix}…" if partner.prefix else ""

    def get_urls(self) -> list:
        wrap = self.admin_site.admin_view
        return [
            path("<int:pk>/rotate-key/", wrap(self.rotate_key_view), name="abuse_partner_rotate_key"),
            path("<int:pk>/disable/", wrap(self.disable_view), name="abuse_partner_disable"),
            *super().get_urls(),
        ]

    def save_model(self, request: HttpRequest, obj: Partner, form: forms.ModelForm, change: bool) -> None:
        fields = {name: form.cleaned_data[name] for name in partners.FIELDS}
        try:
            if change:
                partners.change(obj, by=request.user, **fields)
            else:
                obj.pk = partners.add(by=request.user, **fields).pk
        except AbuseError as error:
            messages.error(request, str(error))

    def rotate_key_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The key is in this answer and in no other."""
        partner = self._get(request, pk)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        context = self._context(request, partner) | {"new_key": partners.rotate_key(partner, by=request.user)}
        response = TemplateResponse(request, "desk/partner_key.html", context)
        response["Cache-Control"] = "no-store"
        return response

    def disable_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        partner = self._get(request, pk)
        page = pages.Decision(
            title=f"Share nothing more with {partner}",
            verb="Switch off",
            permission=SETTINGS,
            facts=[
                ("Partner", partner.name),
                ("Sees", partner.get_tlp_display()),
                ("Last used", f"{partner.used_at:%Y-%m-%d %H:%M}" if partner.used_at else "never"),
            ],
            consequences=[
                "Its key opens nothing from the next request on.",
                "What it has it keeps: take its TSIG key out of the nameserver too, where it transfers a policy zone.",
            ],
            act=lambda reason: partners.disable(partner, reason=reason, by=request.user),
            done=f"{partner} gets nothing any more.",
            back=reverse("admin:abuse_partner_change", args=[pk]),
        )
        return pages.page(request, page, self._context(request, partner))

    def _get(self, request: HttpRequest, pk: int) -> Partner:
        if not request.user.has_perm(SETTINGS):
            raise PermissionDenied
        partner = Partner.objects.filter(pk=pk).first()
        if partner is None:
            raise Http404
        return partner

    def _context(self, request: HttpRequest, partner: Partner) -> dict:
        back = reverse("admin:abuse_partner_change", args=[partner.pk])
        return self.admin_site.each_context(request) | {"opts": self.opts, "title": str(partner), "back": back}


class _ReadOnly(ModelAdmin):
    """Rows that nobody writes by hand."""

    show_full_result_count = False
    actions = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj=None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj=None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj=None) -> bool:
        return request.user.has_perm("abuse.view_partner") or request.user.has_perm(SETTINGS)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)


@admin.register(PolicyZone)
class PolicyZoneAdmin(_ReadOnly):
    """Added by manage.py add_rpz, which tries them out."""

    list_display = ("zone", "tlp", "entries", "left_out", "created_at")
    list_select_related = ("zone",)

    @display(description="names in it")
    def entries(self, policy: PolicyZone) -> int:
        return SharedName.objects.shared().up_to(policy.tlp).count() - shared_names.too_long_count(policy)

    @display(description="left out: too long")
    def left_out(self, policy: PolicyZone) -> int:
        return shared_names.too_long_count(policy)


@admin.register(SharedName)
class SharedNameAdmin(_ReadOnly):
    list_display = ("hostname", "tlp", "category", "since", "shared_at", "withdrawn_at")
    list_select_related = ("hostname",)
    list_filter = ("tlp", ("withdrawn_at", admin.EmptyFieldListFilter))
    list_filter_sheet = False
    search_fields = ("hostname__name",)


_SETTLED = Case(When(kind=Sighting.Kind.FALSE_POSITIVE, settled_at=None, then=Value(0)), default=Value(1))


@admin.register(Sighting)
class SightingAdmin(_ReadOnly):
    """What waits for a person comes first, the oldest of it first."""

    list_display = ("name", "kind", "partner", "count", "note", "received_at", "settled", "to_settle")
    list_select_related = ("hostname", "partner", "settled_by")
    list_filter = ("kind", ("settled_at", admin.EmptyFieldListFilter), "partner")
    list_filter_sheet = False
    search_fields = ("hostname__name", "note")
    ordering = (_SETTLED.asc(), "received_at")

    @display(description="name")
    def name(self, sighting: Sighting) -> str:
        address = reverse("admin:ddns_hostname_change", args=[sighting.hostname_id])
        return format_html('<a class="desk-link" href="{}">{}</a>', address, sighting.hostname.name)

    @display(description="settled", empty_value="")
    def settled(self, sighting: Sighting) -> str:
        if sighting.settled_at is None:
            return ""
        return f"{sighting.settled_at:%Y-%m-%d %H:%M} by {sighting.settled_by}: {sighting.settlement[:200]}"

    @display(description="", empty_value="")
    def to_settle(self, sighting: Sighting) -> str:
        if sighting.kind != Sighting.Kind.FALSE_POSITIVE or sighting.settled_at is not None:
            return ""
        return format_html(
            '<a class="desk-link" href="{}">Settle</a>', reverse("admin:abuse_sighting_settle", args=[sighting.pk])
        )

    def has_view_permission(self, request: HttpRequest, obj=None) -> bool:
        return request.user.has_perm("abuse.view_sighting") or request.user.has_perm(SETTINGS)

    def get_urls(self) -> list:
        settle = self.admin_site.admin_view(self.settle_view)
        return [path("<int:pk>/settle/", settle, name="abuse_sighting_settle"), *super().get_urls()]

    def settle_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        row = Sighting.objects.select_related("hostname", "partner").filter(pk=pk).first()
        if not self.has_view_permission(request):
            raise PermissionDenied
        if row is None:
            raise Http404
        case = sightings.case_of(row)
        where = f"on case {case.pk}" if case else "on the page of the hostname, or on its order"
        page = pages.Decision(
            title=f"Settle what {row.partner} says of {row.hostname.name}",
            verb="Settle",
            permission="abuse.decide_case",
            facts=[
                ("Name", row.hostname.name),
                ("Partner", f"{row.partner} ({row.partner.contact})"),
                ("Says", f"it is innocent. {row.note}".strip()),
                ("Received", f"{row.received_at:%Y-%m-%d %H:%M} UTC"),
                ("Case", str(case) if case else "none"),
            ],
            consequences=[
                "It waits for nobody any more.",
                f"The name stays as it is: where the suspension was a mistake, undo it first, {where}. It leaves the feeds "
                "then by itself.",
            ],
            act=lambda reason: sightings.settle(row, reason=reason, by=request.user),
            done="It is settled.",
            back=reverse("admin:abuse_sighting_changelist"),
        )
        return pages.page(request, page, self.admin_site.each_context(request) | {"opts": self.opts, "title": str(row)})
