"""Webhooks: added, switched on and off, tested, their secrets rotated, deleted; and what was posted to them."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from ddns import webhooks
from ddns.models import Delivery, Webhook
from ddns.rest import repeats
from ddns.rest.fields import Flag, Strict, Text
from ddns.rest.pages import Cursor
from ddns.rest.permissions import OfAccount, Permission
from ddns.rest.views import View, in_range

NUMBER = OpenApiParameter("id", OpenApiTypes.INT64, OpenApiParameter.PATH, description="Of the webhook.")
NUMBER_OF_DELIVERY = OpenApiParameter(
    "delivery", OpenApiTypes.INT64, OpenApiParameter.PATH, description="Of the delivery."
)


class WebhookSerializer(serializers.ModelSerializer):
    """Where notifications are posted to, as signed JSON."""

    class Meta:
        model = Webhook
        fields = (
            *("id", "url", "is_enabled", "created_at", "failure_count", "failing_since", "disabled_at"),
            "old_secret_until",
        )
        read_only_fields = fields


class NewSecretSerializer(WebhookSerializer):
    """A webhook with its new secret, which is shown in this answer and never again."""

    secret = serializers.SerializerMethodField(help_text="What every post is signed with.")

    class Meta(WebhookSerializer.Meta):
        fields = (*WebhookSerializer.Meta.fields, "secret")
        read_only_fields = fields

    def get_secret(self, webhook: Webhook) -> str:
        return self.context["secret"]


class DeliverySerializer(serializers.ModelSerializer):
    """One notification on its way to a webhook; without a notification it is a test. It waits while `due_at` is set."""

    notification = serializers.IntegerField(source="notification_id", read_only=True, allow_null=True)
    identity = serializers.CharField(read_only=True, help_text="`webhook-id`, the same for every try.")
    status = serializers.IntegerField(read_only=True, allow_null=True, help_text="That the receiver answered with.")

    class Meta:
        model = Delivery
        fields = (
            *("id", "identity", "notification", "created_at", "due_at", "try_count", "sent_at", "given_up_at"),
            *("status", "answer"),
        )
        read_only_fields = fields


class NewWebhookSerializer(Strict):
    """A receiver."""

    url = Text(max_length=webhooks.MAX_URL_CHARACTERS, help_text="That begins with `https://`.")


class SwitchSerializer(Strict):
    """Whether it is on."""

    is_enabled = Flag(help_text="false: nothing is posted there any more, and what waits is given up.")


class _OfWebhook(View):
    """What concerns webhooks needs a key for the whole account."""

    permission_classes = (Permission, OfAccount)
    pagination_class = Cursor

    def webhook(self) -> Webhook:
        """The one in the path. Raises NotFound for what is another's, too."""
        number = in_range(self.kwargs["id"])
        found = Webhook.objects.filter(account=self.authority.account, pk=number).first()
        if found is None:
            raise NotFound
        return found


@extend_schema_view(list=extend_schema(summary="List webhooks"))
class Webhooks(ListModelMixin, _OfWebhook):
    """Receivers of notifications. Needs a key for the whole account."""

    queryset = Webhook.objects.none()
    serializer_class = WebhookSerializer
    orderings = ("id", "-id")

    def get_queryset(self) -> QuerySet[Webhook]:
        return Webhook.objects.filter(account=self.authority.account)

    @extend_schema(
        summary="Add a webhook",
        request=NewWebhookSerializer,
        responses={201: NewSecretSerializer},
        parameters=[repeats.PARAMETER],
    )
    def create(self, request: Request) -> Response:
        """Its secret is shown in this answer and never again. Needs a key that has no end and works from anywhere."""
        self.authority.check_leaves_traces()
        webhook, secret = webhooks.add(self.authority.account, self.parsed(NewWebhookSerializer)["url"])
        location = request.build_absolute_uri(f"/api/v1/webhooks/{webhook.pk}")
        return self._shown_once(webhook, secret, {"Location": location})

    @extend_schema(summary="Get a webhook", parameters=[NUMBER])
    def retrieve(self, request: Request, id: str) -> Response:
        return Response(WebhookSerializer(self.webhook()).data)

    @extend_schema(
        summary="Switch a webhook on or off",
        request=SwitchSerializer,
        responses=WebhookSerializer,
        parameters=[NUMBER, repeats.PARAMETER],
    )
    def partial_update(self, request: Request, id: str) -> Response:
        """What was given up while it was off stays so, and can be resent."""
        webhook = self.webhook()
        verb = webhooks.enable if self.parsed(SwitchSerializer)["is_enabled"] else webhooks.disable
        verb(webhook)
        return Response(WebhookSerializer(self.webhook()).data)

    @extend_schema(
        summary="Rotate a webhook's secret",
        request=None,
        responses={201: NewSecretSerializer},
        parameters=[NUMBER, repeats.PARAMETER],
    )
    def rotate(self, request: Request, id: str) -> Response:
        """The one before signs as well for a day. Needs a key that has no end and works from anywhere."""
        self.authority.check_leaves_traces()
        secret = webhooks.rotate(self.webhook())
        return self._shown_once(self.webhook(), secret, {})

    @extend_schema(
        summary="Test a webhook",
        request=None,
        responses={202: DeliverySerializer},
        parameters=[NUMBER, repeats.PARAMETER],
    )
    def test(self, request: Request, id: str) -> Response:
        """Something is posted there within seconds that says it is a test; what was answered stands with the deliveries."""
        return Response(DeliverySerializer(webhooks.test(self.webhook())).data, 202)

    @extend_schema(summary="Delete a webhook", responses={204: None}, parameters=[NUMBER, repeats.PARAMETER])
    def destroy(self, request: Request, id: str) -> Response:
        """With all its deliveries."""
        webhooks.delete(self.webhook())
        return Response(status=204)

    def _shown_once(self, webhook: Webhook, secret: str, headers: dict[str, str]) -> Response:
        shown: dict[str, Any] = NewSecretSerializer(webhook, context={"secret": secret}).data
        return Response(shown, 201, headers={"Cache-Control": "no-store", **headers})


@extend_schema_view(list=extend_schema(summary="List a webhook's deliveries", parameters=[NUMBER]))
class Deliveries(ListModelMixin, _OfWebhook):
    """What was posted to a webhook, or is to be."""

    queryset = Delivery.objects.none()
    serializer_class = DeliverySerializer
    orderings = ("-id", "id")

    def get_queryset(self) -> QuerySet[Delivery]:
        return Delivery.objects.filter(webhook=self.webhook())

    @extend_schema(
        summary="Send a delivery again",
        request=None,
        responses={202: DeliverySerializer},
        parameters=[NUMBER, NUMBER_OF_DELIVERY, repeats.PARAMETER],
    )
    def resend(self, request: Request, id: str, delivery: str) -> Response:
        """As if it had never been tried, with the same identity."""
        found = self.get_queryset().filter(pk=in_range(delivery)).first()
        if found is None:
            raise NotFound
        webhooks.resend(found)
        found.refresh_from_db()
        return Response(DeliverySerializer(found).data, 202)
