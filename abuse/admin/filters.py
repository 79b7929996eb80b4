"""Filters of the hostname list: by what a name answers, and by domain."""

from django.contrib import admin
from django.db.models import QuerySet

from ddns.models import Domain
from ddns.models.hostnames import State


class StateFilter(admin.SimpleListFilter):
    title = parameter_name = "state"

    def lookups(self, request, model_admin) -> list[tuple[str, str]]:
        return [(state.value, state.value) for state in State]

    def queryset(self, request, queryset: QuerySet) -> QuerySet:
        return queryset.in_state(State(self.value())) if self.value() in set(State) else queryset


class DomainFilter(admin.SimpleListFilter):
    title = parameter_name = "domain"

    def lookups(self, request, model_admin) -> list[tuple[int, str]]:
        return list(Domain.objects.values_list("pk", "name"))

    def queryset(self, request, queryset: QuerySet) -> QuerySet:
        value = self.value() or ""
        return queryset.filter(domain_id=value) if value.isdecimal() else queryset
