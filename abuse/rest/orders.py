"""Orders by the API: filed, followed line by line, withdrawn; effect reports. The same rules as in the portal."""

import time
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from abuse import order_pages, orders, receipts
from abuse.errors import InvalidOrder, OrderFiledAlready
from abuse.models import EffectReport, Order, OrderFile, OrderItem
from abuse.order_pages import OUTCOMES, Standing
from abuse.rest import order_bodies
from abuse.rest.problems import FILED_ALREADY
from abuse.rest.reports import ReceiptSerializer
from abuse.rest.views import OfficersView, number
from ddns import sources
from ddns.rest import fields, waiting
from ddns.rest.pages import Cursor
from ddns.rest.problems import Failure
from ddns.rest.repeats import HEADER, PARAMETER, REPLAYED, key_of

PATH = "/api/v1/authorities/orders"
FORMS = {"json": "application/json", "csv": "text/csv", "pdf": "application/pdf"}
LOOK_SECONDS = 0.25
LOOKED_AT = "looked_at"
STANDINGS = Standing.choices
OUTCOME_CHOICES = [(each or LOOKED_AT, each or LOOKED_AT) for each in OUTCOMES]

NUMBER = OpenApiParameter("id", OpenApiTypes.UUID, OpenApiParameter.PATH, description="Of the order.")
NAME = OpenApiParameter(
    HEADER,
    PARAMETER.type,
    OpenApiParameter.HEADER,
    description="Your own name for this order, best a UUID. The same order with the same name is filed once, for good.",
)
WAIT = OpenApiParameter(
    "wait",
    {"type": "integer", "minimum": 0, "maximum": waiting.MAX_WAIT_SECONDS, "default": 0},
    description="Answer when the order is answered, refused or withdrawn, after so many seconds at most.",
)
FORM = OpenApiParameter(
    "format",
    {"type": "string", "enum": list(FORMS)},
    description="Without it Accept says: application/json, text/csv, application/pdf.",
)
OUTCOME = OpenApiParameter(
    "outcome", {"type": "string", "enum": [each for each, _ in OUTCOME_CHOICES]}, description="Only such lines."
)
# Any JSON object: the very octets that were signed.
_BODY = {"type": "object", "additionalProperties": True}


class OrderSerializer(serializers.ModelSerializer):
    """An order of the own agency."""

    standing = serializers.SerializerMethodField(help_text="How far it is.")
    filed_by = serializers.CharField(source="officer.name", read_only=True)
    url = serializers.SerializerMethodField()
    page_url = serializers.SerializerMethodField(help_text="The same in the portal.")

    class Meta:
        model = Order
        fields: tuple[str, ...] = (
            *("id", "kind", "instrument", "reference", "standing", "door", "filed_by", "filed_at", "due_at"),
            *("sealed_until", "answered_at", "url", "page_url"),
        )
        read_only_fields: tuple[str, ...] = fields

    def get_standing(self, order: Order) -> Standing:
        return order_pages.standing(order)

    def get_url(self, order: Order) -> str:
        return _url(order)

    def get_page_url(self, order: Order) -> str:
        return f"{settings.SITE_URL}/authorities/orders/{order.pk}/"


class FileShownSerializer(serializers.ModelSerializer):
    sha256 = serializers.CharField(source="blob_id", read_only=True)
    size = serializers.IntegerField(source="blob.size", read_only=True)

    class Meta:
        model = OrderFile
        fields = ("role", "filename", "sha256", "size")
        read_only_fields = fields


class EffectSerializer(serializers.ModelSerializer):
    """A signed report of what was done: the SHA-256 of its JSON stands in its receipt."""

    receipt = serializers.SerializerMethodField()

    class Meta:
        model = EffectReport
        fields = ("id", "of", "made_at", "name_count", "proven_count", "sha256", "receipt")
        read_only_fields = fields

    def get_receipt(self, report: EffectReport) -> ReceiptSerializer:
        return receipts.document(report.receipt)


class OrderStatusSerializer(OrderSerializer):
    """How far it is, and what was answered."""

    line_count = serializers.SerializerMethodField(help_text="Of the list; 0 until it was read.")
    outcomes = serializers.SerializerMethodField(
        help_text="How many lines are what to us: they add up to line_count. looked_at: told when it is answered."
    )
    acted_count = serializers.SerializerMethodField(help_text="Lines that were acted on.")
    answer = serializers.CharField(read_only=True)
    files = FileShownSerializer(many=True, read_only=True)
    receipt = serializers.SerializerMethodField(help_text="Names the SHA-256 of every file. Keep it.")
    effect_reports = EffectSerializer(many=True, read_only=True)

    class Meta(OrderSerializer.Meta):
        fields = (
            *OrderSerializer.Meta.fields,
            *("line_count", "outcomes", "acted_count", "answer", "files", "receipt", "effect_reports"),
        )
        read_only_fields = fields

    def get_line_count(self, order: Order) -> int:
        return self._counts(order).line_count

    def get_outcomes(self, order: Order) -> dict[str, int]:
        return {outcome or LOOKED_AT: count for outcome, count in self._counts(order).outcomes.items()}

    def get_acted_count(self, order: Order) -> int:
        return self._counts(order).acted_count

    def get_receipt(self, order: Order) -> ReceiptSerializer(allow_null=True):  # type: ignore[valid-type]
        receipt = order.receipts.filter(kind="order").select_related("key").first()
        return None if receipt is None else receipts.document(receipt)

    def _counts(self, order: Order) -> order_pages.Counts:
        known: Any = self.context
        if "counts" not in known:
            known["counts"] = order_pages.counts(order)
        return known["counts"]


class LineSerializer(serializers.Serializer):
    """One line of the list. looked_at until the order is answered, where only our people know more."""

    position = serializers.IntegerField(read_only=True, help_text="In the list, from 1.")
    text = serializers.CharField(read_only=True, help_text="As written, cut.")
    name = serializers.CharField(read_only=True, help_text="As we read it; empty: it names no host.")
    port = serializers.IntegerField(read_only=True, allow_null=True)
    outcome = serializers.SerializerMethodField(help_text="What it is to us.")
    note = serializers.CharField(read_only=True, help_text="Why it names no host; which line it repeats.")
    since = serializers.DateTimeField(read_only=True, allow_null=True, help_text="Of dormant, suspended, released.")
    state = serializers.CharField(read_only=True, help_text="listed, acted, left or undone; empty: not told yet.")
    acted_at = serializers.DateTimeField(read_only=True, allow_null=True)
    undone_at = serializers.DateTimeField(read_only=True, allow_null=True)

    def get_outcome(self, line: order_pages.Line) -> str:
        return line.outcome or LOOKED_AT


class WithdrawalSerializer(fields.Strict):
    reason = fields.Text(max_length=2000)


@extend_schema_view(list=extend_schema(summary="List the orders of your agency"))
class Orders(ListModelMixin, OfficersView):
    """Orders of authorities, for programs. docs/authorities.md has the words to it."""

    queryset = Order.objects.none()
    serializer_class = OrderSerializer
    pagination_class = Cursor
    parser_classes = (order_bodies.Json, order_bodies.Multipart)
    orderings = ("-filed_at", "filed_at")

    def get_queryset(self) -> QuerySet[Order]:
        return orders.visible(self.officer).select_related("officer")

    @extend_schema(
        summary="File an order",
        request=order_bodies.REQUEST,
        responses={201: OrderStatusSerializer},
        parameters=[NAME],
    )
    def create(self, request: Request) -> Response:
        """Stored as it came, with a receipt; its list is read within seconds, and people decide what is done.

        The same with the same Idempotency-Key is the same order, for good.
        """
        order_bodies.check_size(request._request)
        key, began_at = key_of(request) or "", timezone.now()
        said = order_bodies.said(request)
        try:
            order = orders.file(
                self.officer,
                order_bodies.filing(said),
                order_bodies.files(said),
                door=Order.Door.API,
                source=sources.address_of(request._request),
                key=self.key,
                idempotency_key=key,
                is_meant_twice=said["is_meant_twice"],
            )
        except InvalidOrder as error:
            raise order_bodies.in_fields(error) from error
        except OrderFiledAlready as error:
            where = f"It is {_url(error.order)}. With is_meant_twice it is filed all the same."
            raise Failure(FILED_ALREADY, f"{error} {where}") from error
        headers = {"Location": _url(order), "Cache-Control": "no-store"}
        if order.filed_at < began_at:
            headers[REPLAYED] = "true"
        return Response(OrderStatusSerializer(order).data, 201, headers=headers)

    @extend_schema(summary="Get an order", responses=OrderStatusSerializer, parameters=[NUMBER, WAIT])
    def retrieve(self, request: Request, id: str) -> Response:
        """How far it is, how many lines are what, and what was answered."""
        within = waiting.seconds(request)
        order = self._order(id)
        if within and not order_pages.is_settled(order):
            waiting.in_a_place(lambda seconds: _wait(order, seconds), within)
        return Response(OrderStatusSerializer(order).data)

    @extend_schema(
        summary="Get the effect report of an order",
        responses={
            (200, media_type): _BODY if form == "json" else OpenApiTypes.BINARY for form, media_type in FORMS.items()
        },
        parameters=[NUMBER, FORM],
    )
    def effect(self, request: Request, id: str) -> HttpResponse:
        """The last one. As JSON the very octets whose SHA-256 was signed. 404 until there is one."""
        form = self._form()
        report = self._order(id).effect_reports.first()
        if report is None:
            raise NotFound
        content, content_type = order_pages.paper(report, form)
        response = HttpResponse(content, content_type=content_type)
        response["Content-Disposition"] = f'attachment; filename="effect-{report.pk}.{form}"'
        return response

    def _order(self, id: str) -> Order:
        return _order(self, id)

    def _form(self) -> str:
        """Raises ValidationError."""
        form = self.request.query_params.get("format")
        if form is None:
            accepted = self.request.headers.get("Accept", "").lower()
            return next((each for each in ("csv", "pdf") if FORMS[each] in accepted), "json")
        if form not in FORMS:
            raise ValidationError({"format": [f"One of {', '.join(FORMS)}."]})
        return form


class Withdrawals(OfficersView):
    queryset = Order.objects.none()
    serializer_class = WithdrawalSerializer

    @extend_schema(
        summary="Withdraw an order",
        request=WithdrawalSerializer,
        responses=OrderStatusSerializer,
        parameters=[NUMBER],
    )
    def withdraw(self, request: Request, id: str) -> Response:
        """As long as nothing was done for it."""
        order = _order(self, id)
        reason = self.parsed(WithdrawalSerializer)["reason"]
        return Response(OrderStatusSerializer(orders.withdraw(order, by=self.officer, reason=reason)).data)


@extend_schema_view(
    list=extend_schema(
        summary="List the lines of an order", parameters=[NUMBER, OUTCOME], responses=LineSerializer(many=True)
    )
)
class Items(ListModelMixin, OfficersView):
    """In the order of the list. Every line that was filed is one, those that name nothing too."""

    queryset = OrderItem.objects.none()
    serializer_class = LineSerializer
    pagination_class = Cursor
    orderings = ("position", "-position")

    def list(self, request: Request, id: str) -> Response:
        order = _order(self, id)
        found = order_pages.items(order, outcome=self._outcome())
        page = self.paginate_queryset(found) or []
        return self.get_paginated_response(LineSerializer(order_pages.lines(order, page), many=True).data)

    def _outcome(self) -> str | None:
        """Raises ValidationError."""
        outcome = self.request.query_params.get("outcome")
        if outcome is not None and outcome not in dict(OUTCOME_CHOICES):
            raise ValidationError({"outcome": [f"One of {', '.join(dict(OUTCOME_CHOICES))}."]})
        return "" if outcome == LOOKED_AT else outcome


def _order(view: OfficersView, id: str) -> Order:
    """Raises NotFound for another agency's, too."""
    found = orders.visible(view.officer).select_related("officer").filter(pk=number(id)).first()
    if found is None:
        raise NotFound
    return found


def _wait(order: Order, seconds: int) -> None:
    """Until it is settled, or the time is over; order says then what it says."""
    ends_at = time.monotonic() + seconds
    while not order_pages.is_settled(order) and time.monotonic() < ends_at:
        time.sleep(LOOK_SECONDS)
        order.refresh_from_db()


def _url(order: Order) -> str:
    return f"{settings.SITE_URL}{PATH}/{order.pk}"
