"""Records of a hostname and of the names below it: one by one, and as whole RRsets."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from ddns import records
from ddns.errors import InvalidRecord
from ddns.models import Hostname, Record
from ddns.models.records import MAX_RDATA_CHARACTERS
from ddns.rest import repeats, waiting
from ddns.rest.fields import Choice, Number, Strict, Text
from ddns.rest.hostnames import MAX_TTL
from ddns.rest.pages import Cursor
from ddns.rest.views import View, in_range

# More than any plan's, and what one message to the primary holds easily.
MAX_RDATAS = 100
MAX_LABEL_CHARACTERS = 253
TYPES = [(each, each) for each in records.TYPES]

NUMBER = OpenApiParameter("id", OpenApiTypes.INT64, OpenApiParameter.PATH, description="Of the record.")
LABEL = OpenApiParameter(
    "label",
    {"type": "string"},
    OpenApiParameter.PATH,
    description="Relative to the hostname; `@`: the hostname itself.",
)
TYPE = OpenApiParameter("type", {"type": "string", "enum": list(records.TYPES)}, OpenApiParameter.PATH)


class RecordSerializer(serializers.ModelSerializer):
    """A record. rdata is in presentation form (RFC 1035 §5.1), names in it absolute."""

    label = serializers.CharField(read_only=True, help_text="Relative to the hostname; empty: the hostname itself.")
    type = serializers.ChoiceField(TYPES, source="rdtype", read_only=True)
    ttl = serializers.IntegerField(
        read_only=True, allow_null=True, help_text="Its own, in seconds; null: the hostname's."
    )

    class Meta:
        model = Record
        fields = ("id", "label", "type", "rdata", "ttl", "created_at")
        read_only_fields = fields


class ChangedRecordSerializer(RecordSerializer):
    """A record that was added. dns is null unless the request waited for it."""

    dns = serializers.SerializerMethodField()

    class Meta(RecordSerializer.Meta):
        fields = (*RecordSerializer.Meta.fields, "dns")
        read_only_fields = fields

    @extend_schema_field(waiting.DnsSerializer(allow_null=True))
    def get_dns(self, record: Record) -> dict[str, Any] | None:
        return waiting.presented(self.context.get("dns"))


class RRsetSerializer(serializers.Serializer):
    """All records of one type at one name."""

    label = serializers.CharField(read_only=True, help_text="Empty: the hostname itself.")
    type = serializers.ChoiceField(TYPES, read_only=True)
    ttl = serializers.IntegerField(read_only=True, allow_null=True, help_text="In seconds; null: the hostname's.")
    rdata = serializers.ListField(child=serializers.CharField(), read_only=True)


class ChangedRRsetSerializer(RRsetSerializer):
    """An RRset after a change. dns is null unless the request waited for it."""

    dns = waiting.DnsSerializer(read_only=True, allow_null=True)


def _rdata(**options: Any) -> Text:
    # The longest text that a TXT record takes is the longest that anybody may send.
    return Text(max_length=MAX_RDATA_CHARACTERS, trim_whitespace=False, **options)


def _ttl() -> Number:
    return Number(
        required=False,
        allow_null=True,
        min_value=1,
        max_value=MAX_TTL,
        help_text="null: the hostname's.",
    )


class NewRecordSerializer(Strict):
    """A record to add. Text without quotes is one TXT value."""

    label = Text(required=False, allow_blank=True, default="", max_length=MAX_LABEL_CHARACTERS)
    type = Choice(TYPES)
    rdata = _rdata()
    ttl = _ttl()


class NewRRsetSerializer(Strict):
    """The records that shall be there, and no others of this type at this name."""

    rdata = serializers.ListField(child=_rdata(), min_length=1, max_length=MAX_RDATAS)
    ttl = _ttl()


class Records(ListModelMixin, View):
    """Records besides the addresses that devices set."""

    queryset = Record.objects.none()
    serializer_class = RecordSerializer
    pagination_class = Cursor
    orderings = ("id", "-id")

    def get_queryset(self) -> QuerySet[Record]:
        return self.hostname().records.all()

    @extend_schema(
        summary="Add a record",
        request=NewRecordSerializer,
        responses={201: ChangedRecordSerializer, 202: ChangedRecordSerializer},
        parameters=[waiting.PARAMETER, repeats.PARAMETER],
    )
    def create(self, request: Request, name: str) -> Response:
        """The same record again is the one that is there, with this TTL."""
        waiting.seconds(request)
        hostname, sent = self.hostname(), self.parsed(NewRecordSerializer)
        record = records.add(
            hostname, rdtype=sent["type"], rdata=sent["rdata"], label=sent["label"], ttl=sent.get("ttl")
        )
        dns = waiting.wait(request, [hostname])
        return Response(ChangedRecordSerializer(record, context={"dns": dns}).data, waiting.status_of(dns, 201))

    @extend_schema(summary="Get a record", parameters=[NUMBER])
    def retrieve(self, request: Request, name: str, id: str) -> Response:
        return Response(RecordSerializer(self._record(self.hostname(), id)).data)

    @extend_schema(
        summary="Remove a record",
        responses={200: waiting.DnsSerializer, 202: waiting.DnsSerializer, 204: None},
        parameters=[NUMBER, waiting.PARAMETER, repeats.PARAMETER],
    )
    def destroy(self, request: Request, name: str, id: str) -> Response:
        waiting.seconds(request)
        hostname = self.hostname()
        records.remove(self._record(hostname, id))
        return waiting.respond_to_removal(request, hostname)

    @staticmethod
    def _record(hostname: Hostname, number: str) -> Record:
        record = hostname.records.select_related("hostname").filter(pk=in_range(number)).first()
        if record is None:
            raise NotFound
        return record


@extend_schema(parameters=[LABEL, TYPE])
class RRsets(View):
    """All records of one type at one name, replaced and removed together."""

    queryset = Record.objects.none()
    serializer_class = RRsetSerializer

    @extend_schema(summary="Get an RRset")
    def retrieve(self, request: Request, name: str, label: str, type: str) -> Response:
        """404 where there is none."""
        hostname, relative, rdtype = self._place()
        found = list(hostname.records.filter(label=relative, rdtype=rdtype))
        if not found:
            raise NotFound
        return Response(RRsetSerializer(_rrset(relative, rdtype, found)).data)

    @extend_schema(
        summary="Replace an RRset",
        request=NewRRsetSerializer,
        responses={200: ChangedRRsetSerializer, 202: ChangedRRsetSerializer},
        parameters=[waiting.PARAMETER, repeats.PARAMETER],
    )
    def update(self, request: Request, name: str, label: str, type: str) -> Response:
        waiting.seconds(request)
        hostname, relative, rdtype = self._place()
        sent = self.parsed(NewRRsetSerializer)
        found = records.replace(hostname, rdtype=rdtype, rdata=sent["rdata"], label=relative, ttl=sent.get("ttl"))
        dns = waiting.wait(request, [hostname])
        data = ChangedRRsetSerializer(_rrset(relative, rdtype, found) | {"dns": dns}).data
        return Response(data, waiting.status_of(dns, 200))

    @extend_schema(
        summary="Remove an RRset",
        responses={200: waiting.DnsSerializer, 202: waiting.DnsSerializer, 204: None},
        parameters=[waiting.PARAMETER, repeats.PARAMETER],
    )
    def destroy(self, request: Request, name: str, label: str, type: str) -> Response:
        """Gone already is as good."""
        waiting.seconds(request)
        hostname, relative, rdtype = self._place()
        records.replace(hostname, rdtype=rdtype, rdata=[], label=relative)
        return waiting.respond_to_removal(request, hostname)

    def _place(self) -> tuple[Hostname, str, str]:
        """Where the path points. Raises NotFound."""
        hostname, rdtype = self.hostname(), self.kwargs["type"].upper()
        if rdtype not in records.TYPES:
            raise NotFound
        try:
            return hostname, records.parse_label(self.kwargs["label"], hostname), rdtype
        except InvalidRecord as error:
            raise NotFound from error


def _rrset(label: str, rdtype: str, found: list[Record]) -> dict[str, Any]:
    """The records of an RRset have one TTL, the least that was asked for."""
    ttls = [record.ttl for record in found if record.ttl is not None]
    return {"label": label, "type": rdtype, "ttl": min(ttls, default=None), "rdata": [record.rdata for record in found]}
