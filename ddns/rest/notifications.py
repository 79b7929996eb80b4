"""Notifications: read, and marked as read. Pages choose which are mailed: no key shall silence the mail that tells of it."""

from typing import Any

import django_filters
from django.db.models import QuerySet
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from ddns import notifications, wordings
from ddns.models import Notification
from ddns.models.notifications import Kind
from ddns.rest import repeats
from ddns.rest.fields import MAX_ID, Number, Strict
from ddns.rest.filters import Filters
from ddns.rest.pages import Cursor
from ddns.rest.permissions import OfAccount, Permission
from ddns.rest.views import View


class NotificationSerializer(serializers.ModelSerializer):
    """Something that happened: as facts, and in words."""

    hostname = serializers.CharField(source="hostname.name", read_only=True, allow_null=True, default=None)
    headline = serializers.SerializerMethodField(help_text="In the language of `Accept-Language`.")
    text = serializers.SerializerMethodField(help_text="Why, and what can be done now.")
    details = serializers.DictField(read_only=True, help_text="Facts, by the kind.")

    class Meta:
        model = Notification
        fields = ("id", "kind", "hostname", "headline", "text", "details", "at", "read_at")
        read_only_fields = fields

    def get_headline(self, notification: Notification) -> str:
        return wordings.of(notification).headline

    def get_text(self, notification: Notification) -> str:
        return wordings.of(notification).text


class ReadSerializer(Strict):
    """Those that somebody has looked at."""

    up_to = Number(min_value=1, max_value=MAX_ID, help_text="The `id` of the newest of them.")


class ReadCountSerializer(serializers.Serializer):
    count = serializers.IntegerField(read_only=True, help_text="How many were unread until now.")


class NotificationFilters(Filters):
    kind = django_filters.ChoiceFilter(choices=Kind.choices, label="Of this kind.")
    since = django_filters.IsoDateTimeFilter(field_name="at", lookup_expr="gte", label="At this time or later.")

    class Meta:
        model = Notification
        fields = ()


@extend_schema_view(list=extend_schema(summary="List notifications"))
class Notifications(ListModelMixin, View):
    """What happened to the account. Needs a key for the whole account."""

    queryset = Notification.objects.none()
    serializer_class = NotificationSerializer
    permission_classes = (Permission, OfAccount)
    pagination_class = Cursor
    filter_backends = (DjangoFilterBackend,)
    filterset_class = NotificationFilters
    orderings = ("-id", "id")

    def get_queryset(self) -> QuerySet[Notification]:
        return Notification.objects.of(self.authority.account)

    @extend_schema(
        summary="Mark notifications as read",
        request=ReadSerializer,
        responses=ReadCountSerializer,
        parameters=[repeats.PARAMETER],
        filters=False,
    )
    def read(self, request: Request) -> Response:
        """That one and all before it; not what came after somebody looked."""
        sent: dict[str, Any] = self.parsed(ReadSerializer)
        count = notifications.read_all(self.authority.account, up_to=sent["up_to"])
        return Response(ReadCountSerializer({"count": count}).data)
