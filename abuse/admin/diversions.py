"""Targets of diversion and protected names on the desk: changed by whoever may change settings, each change in the ledger."""

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path, reverse
from unfold.admin import ModelAdmin
from unfold.decorators import display

from abuse import diversions, protected_names
from abuse.admin import decisions as pages
from abuse.errors import AbuseError
from abuse.models import DiversionTarget, ProtectedName

SETTINGS = "abuse.change_settings"


class SettingsAdmin(ModelAdmin):
    """Seen and changed by whoever may change settings, deleted by nobody."""

    show_full_result_count = False
    actions = None

    def has_view_permission(self, request: HttpRequest, obj=None) -> bool:
        return super().has_view_permission(request, obj) or request.user.has_perm(SETTINGS)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(SETTINGS)

    def has_change_permission(self, request: HttpRequest, obj=None) -> bool:
        return request.user.has_perm(SETTINGS)

    def has_delete_permission(self, request: HttpRequest, obj=None) -> bool:
        return False


class TargetForm(forms.ModelForm):
    class Meta:
        model = DiversionTarget
        fields = (
            *("name", "kind", "addresses", "ttl", "contact", "capacity", "probe_port", "valid_until", "is_enabled"),
        )
        help_texts = {
            "probe_port": "TCP port that is asked each minute; empty: it is not watched. When no address has answered three "
            "times in a row, the names are suspended, and stay so when it answers again.",
            "valid_until": "End of the agreement. From then on the names that are diverted there are suspended.",
            "is_enabled": "Switched off, the names that are diverted there are suspended within a minute.",
        }

    def _post_clean(self) -> None:
        super()._post_clean()
        if not self.errors:
            try:
                diversions.check(self.instance)
            except AbuseError as error:
                self.add_error(None, str(error))


@admin.register(DiversionTarget)
class DiversionTargetAdmin(SettingsAdmin):
    form = TargetForm
    list_display = (
        *("name", "kind", "shown_addresses", "ttl", "valid_until", "is_enabled", "diverted", "load", "state"),
    )
    readonly_fields = ("diverted", "load", "state")
    _counts: dict[int, int] = {}
    list_filter_sheet = False

    @display(description="addresses")
    def shown_addresses(self, target: DiversionTarget) -> str:
        return ", ".join(target.addresses)

    @display(description="names diverted")
    def diverted(self, target: DiversionTarget) -> int:
        return self._counts.get(target.pk, 0)

    @display(description="capacity used")
    def load(self, target: DiversionTarget) -> str:
        load = diversions.load_of(target, self._counts.get(target.pk, 0))
        if load.share is None:
            most = diversions.MOST_UNDECLARED
            return f"not declared: {most} names at most" if target.kind == target.Kind.SINKHOLE else "not declared"
        return f"{load.share:.0%}: {load.connections:,.0f} of {load.capacity:,} connections a second expected"

    @display(
        description="answers", label={"yes": "success", "no": "danger", "in part": "warning", "not watched": "info"}
    )
    def state(self, target: DiversionTarget) -> tuple[str, str]:
        if target.probe_port is None:
            return "not watched", "not watched"
        if target.failing_since is not None:
            return "no", f"no, since {target.failing_since:%Y-%m-%d %H:%M} UTC: {target.failure}"
        if target.answered_at is None:
            return "not watched", target.failure or "asked as soon as names are diverted there"
        seen = f"{target.answered_at:%Y-%m-%d %H:%M} UTC"
        return ("in part", f"{seen}, but {target.failure}") if target.failure else ("yes", seen)

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        self._counts = diversions.counts()
        return super().get_queryset(request)

    def save_model(self, request: HttpRequest, obj: DiversionTarget, form: forms.ModelForm, change: bool) -> None:
        diversions.store(obj, by=request.user)


class ProtectedNameForm(forms.ModelForm):
    class Meta:
        model = ProtectedName
        fields = ("name", "reason")


@admin.register(ProtectedName)
class ProtectedNameAdmin(SettingsAdmin):
    form = ProtectedNameForm
    list_display = ("name", "reason", "added_by", "added_at")
    list_select_related = ("added_by",)
    search_fields = ("name", "reason")
    change_form_outer_before_template = "desk/_protected_name.html"

    def has_change_permission(self, request: HttpRequest, obj=None) -> bool:
        """Another name is another row."""
        return False

    def get_urls(self) -> list:
        remove = self.admin_site.admin_view(self.remove_view)
        return [
            path("<int:object_id>/remove/", remove, name="abuse_protectedname_remove"),
            *super().get_urls(),
        ]

    def save_model(self, request: HttpRequest, obj: ProtectedName, form: forms.ModelForm, change: bool) -> None:
        try:
            obj.pk = protected_names.add(obj.name, reason=obj.reason, by=request.user).pk
        except AbuseError as error:
            messages.error(request, str(error))

    def remove_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        row = ProtectedName.objects.filter(pk=object_id).first()
        if not self.has_view_permission(request):
            raise PermissionDenied
        if row is None:
            raise Http404
        page = pages.Decision(
            title=f"Protect {row} no longer",
            verb="Remove",
            permission=SETTINGS,
            facts=[("Name", row.name), ("Protected because", row.reason)],
            consequences=["One person alone may act on it again."],
            act=lambda reason: protected_names.remove(row, reason=reason, by=request.user),
            done=f"{row} is not protected any more.",
            back=reverse("admin:abuse_protectedname_changelist"),
        )
        context = self.admin_site.each_context(request) | {"opts": self.opts, "title": str(row)}
        return pages.page(request, page, context)
