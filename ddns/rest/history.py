"""History: changes of addresses, of all hostnames or of one."""

import django_filters
from django.db.models import QuerySet
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.mixins import ListModelMixin

from ddns.models import AddressUpdate
from ddns.rest.filters import Filters
from ddns.rest.pages import Cursor
from ddns.rest.views import View


class AddressUpdateSerializer(serializers.ModelSerializer):
    """One change: who sent it, from where, with which client, what was and what became."""

    hostname = serializers.CharField(source="hostname.name", read_only=True)
    key = serializers.IntegerField(
        source="key_id", read_only=True, allow_null=True, help_text="null: by somebody logged in."
    )

    class Meta:
        model = AddressUpdate
        fields = (
            "hostname",
            "at",
            "key",
            "source",
            "agent",
            "protocol",
            "old_ipv4",
            "new_ipv4",
            "old_ipv6",
            "new_ipv6",
        )
        read_only_fields = fields


class HistoryFilters(Filters):
    since = django_filters.IsoDateTimeFilter(field_name="at", lookup_expr="gte", label="At this time or later.")
    until = django_filters.IsoDateTimeFilter(field_name="at", lookup_expr="lt", label="Before this time.")

    class Meta:
        model = AddressUpdate
        fields = ()


@extend_schema_view(list=extend_schema(summary="List changes of addresses"))
class History(ListModelMixin, View):
    """Kept for 90 days where the operator has not set another time."""

    queryset = AddressUpdate.objects.none()
    serializer_class = AddressUpdateSerializer
    pagination_class = Cursor
    filter_backends = (DjangoFilterBackend,)
    filterset_class = HistoryFilters
    orderings = ("-at", "at")

    def get_queryset(self) -> QuerySet[AddressUpdate]:
        return AddressUpdate.objects.filter(hostname__in=self.authority.hostnames()).select_related("hostname")


@extend_schema_view(list=extend_schema(summary="List changes of a hostname's addresses"))
class HistoryOfHostname(History):
    def get_queryset(self) -> QuerySet[AddressUpdate]:
        return AddressUpdate.objects.filter(hostname=self.hostname()).select_related("hostname")
