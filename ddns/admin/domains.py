"""Domains: whether they take new names, and with which TTL they answer."""

from django.contrib import admin, messages
from django.db.models import Count, Q, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from unfold.admin import ModelAdmin
from unfold.decorators import display

from ddns import domains
from ddns.models import Domain


@admin.register(Domain)
class DomainAdmin(ModelAdmin):
    """Put on offer by manage.py add_domain, which sets up the zone."""

    list_display = ("name", "is_open", "ttl", "hostname_count", "created_at")
    fields = ("name", "is_open", "ttl", "min_ttl", "max_ttl", "created_at")
    readonly_fields = ("name", "created_at")
    search_fields = ("name",)

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        held = Count("hostnames", filter=Q(hostnames__released_at=None))
        return super().get_queryset(request).annotate(hostname_count=held)

    @display(description="hostnames", ordering="hostname_count")
    def hostname_count(self, domain: Domain) -> int:
        return domain.hostname_count

    def save_model(self, request: HttpRequest, domain: Domain, form: ModelForm, change: bool) -> None:
        domain.save(update_fields=["is_open", "min_ttl", "max_ttl"])
        if "ttl" in form.changed_data:
            count = domains.set_ttl(domain, domain.ttl)
            names = f"{count:,} hostname{'' if count == 1 else 's'}"
            messages.info(request, f"{names} in {domain} will be published again with a TTL of {domain.ttl} s.")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Domain | None = None) -> bool:
        return False
