"""Hostnames: listed, registered, changed, given up."""

import dataclasses
from typing import Any

import django_filters
from django import forms
from django.db.models import QuerySet
from django.utils.http import parse_etags, quote_etag
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from ddns import hostname_changes
from ddns.errors import ChangedMeanwhile
from ddns.hostname_changes import Change, Registration
from ddns.models import Hostname, HostnameContact
from ddns.models.hostnames import State
from ddns.rest import repeats, waiting
from ddns.rest.fields import MAX_ID, Flag, InterfaceId, IPv4, IPv6, Number, OwnGroup, Strict, Text
from ddns.rest.filters import Filters
from ddns.rest.pages import Cursor
from ddns.rest.views import View
from dnsupdate.names import MAX_NAME_CHARACTERS

STATES = [(state.value, state.value) for state in State if state != State.RELEASED]
MAX_TTL = 604800

IF_MATCH = OpenApiParameter(
    "If-Match",
    {"type": "string"},
    OpenApiParameter.HEADER,
    description="The `ETag` that you read. What has changed since is not changed again: 412.",
)
IF_NONE_MATCH = OpenApiParameter(
    "If-None-Match",
    {"type": "string"},
    OpenApiParameter.HEADER,
    description="The `ETag` that you have. Where it is still the same there is no body: 304.",
)
ETAG = OpenApiParameter(
    "ETag", {"type": "string"}, OpenApiParameter.HEADER, response=[200, 201, 202], description="Of this state of it."
)


class ContactSerializer(serializers.ModelSerializer):
    """The last authenticated request about a hostname, some seconds late."""

    class Meta:
        model = HostnameContact
        fields = ("at", "source", "agent", "protocol")
        read_only_fields = fields


class HostnameSerializer(serializers.ModelSerializer):
    """A hostname. TTLs are in seconds."""

    name = serializers.CharField(read_only=True, help_text="The whole name, in A-labels.")
    unicode_name = serializers.CharField(source="__str__", read_only=True, help_text="As people write it.")
    domain = serializers.CharField(source="domain.name", read_only=True)
    state = serializers.ChoiceField(STATES, read_only=True, help_text="What it answers now.")
    ttl = serializers.IntegerField(read_only=True, allow_null=True, help_text="Its own; null: the domain's.")
    answered_ttl = serializers.IntegerField(read_only=True, help_text="In effect.")
    group = serializers.IntegerField(source="group_id", read_only=True, allow_null=True)

    class Meta:
        model = Hostname
        fields = (
            *(
                "name",
                "unicode_name",
                "domain",
                "state",
                "ipv4",
                "ipv6",
                "wildcard",
                "offline",
                "parked",
                "ttl",
                "answered_ttl",
            ),
            *("group", "follows_prefix", "interface_id", "created_at", "changed_at"),
        )
        read_only_fields = fields


class ListedHostnameSerializer(HostnameSerializer):
    """A hostname in a list, with its last contact."""

    contact = ContactSerializer(source="contact_or_none", read_only=True, allow_null=True)

    class Meta(HostnameSerializer.Meta):
        fields = (*HostnameSerializer.Meta.fields, "contact")
        read_only_fields = fields


class ChangedHostnameSerializer(HostnameSerializer):
    """A hostname after a change. dns is null unless the request waited for it."""

    dns = serializers.SerializerMethodField()

    class Meta(HostnameSerializer.Meta):
        fields = (*HostnameSerializer.Meta.fields, "dns")
        read_only_fields = fields

    @extend_schema_field(waiting.DnsSerializer(allow_null=True))
    def get_dns(self, hostname: Hostname) -> dict[str, Any] | None:
        return waiting.presented(self.context.get("dns"))


class StatusSerializer(serializers.Serializer):
    """A hostname's last contact, and its last change on the way to DNS."""

    state = serializers.ChoiceField(STATES, read_only=True)
    contact = ContactSerializer(source="contact_or_none", read_only=True, allow_null=True)
    is_published = serializers.SerializerMethodField(help_text="Whether the primary nameserver has the last change.")
    published_at = serializers.DateTimeField(source="publication.published_at", read_only=True, allow_null=True)
    refusal = serializers.CharField(
        source="publication.refusal",
        read_only=True,
        help_text="Why the nameserver does not take its records; mostly empty.",
    )

    def get_is_published(self, hostname: Hostname) -> bool:
        return not hostname.publication.is_dirty


class OptionsSerializer(Strict):
    """What shall become of a hostname; what is not given stays as it is."""

    ipv4 = IPv4(required=False, allow_null=True, help_text="null takes it away.")
    ipv6 = IPv6(required=False, allow_null=True, help_text="null takes it away.")
    wildcard = Flag(required=False, help_text="Whether every name below it answers the same.")
    offline = Flag(required=False, help_text="Whether it is out of DNS. Its addresses stay stored.")
    parked = Flag(
        required=False, help_text="Whether it leads to the parking page while it is offline, where there is one."
    )
    ttl = Number(
        required=False,
        allow_null=True,
        min_value=1,
        max_value=MAX_TTL,
        help_text="Within its domain's bounds; null: that.",
    )
    group = OwnGroup(required=False, allow_null=True, help_text="The number of a group; null: none.")
    follows_prefix = Flag(
        required=False, help_text="Whether its IPv6 address moves into each prefix that a router tells."
    )
    interface_id = InterfaceId(
        required=False,
        allow_null=True,
        help_text="Its own part of the address then: `::5`, or a MAC address; null: that of its present address.",
    )


class RegistrationSerializer(OptionsSerializer):
    """A new hostname."""

    name = Text(
        max_length=MAX_NAME_CHARACTERS, help_text="One label in front of a domain on offer, in A-labels or Unicode."
    )


class HostnameFilters(Filters):
    state = django_filters.ChoiceFilter(choices=STATES, method="in_state", label="In this state.")
    domain = django_filters.CharFilter(field_name="domain__name", label="In this domain.")
    group = django_filters.NumberFilter(field_name="group_id", label="In the group of this number.")
    name = django_filters.CharFilter(lookup_expr="icontains", label="With this in the name, in A-labels.")
    changed_since = django_filters.IsoDateTimeFilter(
        field_name="changed_at", lookup_expr="gte", label="Whose address has changed at this time or later."
    )
    group.field_class = forms.IntegerField
    group.extra |= {"min_value": 1, "max_value": MAX_ID}

    class Meta:
        model = Hostname
        fields = ()

    def in_state(self, queryset: Any, name: str, value: str) -> Any:
        return queryset.in_state(State(value))


def change_of(sent: dict[str, Any]) -> Change:
    return Change(**{each.name: sent[each.name] for each in dataclasses.fields(Change) if each.name in sent})


@extend_schema_view(
    list=extend_schema(summary="List hostnames", responses=ListedHostnameSerializer(many=True)),
)
class Hostnames(ListModelMixin, View):
    """Hostnames of the account, as far as the key covers them."""

    queryset = Hostname.objects.none()
    serializer_class = ListedHostnameSerializer
    pagination_class = Cursor
    filter_backends = (DjangoFilterBackend,)
    filterset_class = HostnameFilters
    orderings = ("name", "-name", "created_at", "-created_at")
    lookup_url_kwarg = "name"

    def get_queryset(self) -> QuerySet[Hostname]:
        return self.authority.hostnames().with_state()

    @extend_schema(
        summary="Register a hostname",
        request=RegistrationSerializer,
        responses={201: ChangedHostnameSerializer, 202: ChangedHostnameSerializer},
        parameters=[waiting.PARAMETER, repeats.PARAMETER, ETAG],
    )
    def create(self, request: Request) -> Response:
        """With addresses and options at once, if they are given. Needs a key for the whole account."""
        waiting.seconds(request)
        self.authority.check_covers_account()
        sent = self.parsed(RegistrationSerializer)
        wanted = Registration(sent["name"], change_of(sent))
        hostname = hostname_changes.register(self.authority.account, wanted, author=self.author)
        return self._changed(hostname, 201)

    @extend_schema(
        summary="Get a hostname",
        responses={200: HostnameSerializer, 304: None},
        parameters=[IF_NONE_MATCH, ETAG],
        filters=False,
    )
    def retrieve(self, request: Request, name: str) -> Response:
        hostname = self.hostname()
        headers = {"ETag": quote_etag(hostname.version)}
        if is_known(request, hostname):
            return Response(status=304, headers=headers)
        return Response(HostnameSerializer(hostname).data, headers=headers)

    @extend_schema(
        summary="Change a hostname",
        request=OptionsSerializer,
        responses={200: ChangedHostnameSerializer, 202: ChangedHostnameSerializer},
        parameters=[waiting.PARAMETER, IF_MATCH, repeats.PARAMETER, ETAG],
    )
    def partial_update(self, request: Request, name: str) -> Response:
        """Addresses and options, all in one step. What is not given stays as it is."""
        waiting.seconds(request)
        hostname = self.hostname()
        change = change_of(self.parsed(OptionsSerializer))
        self.authority.check_change(change)
        changed = hostname_changes.apply(hostname, change, author=self.author, version=version_of(request, hostname))
        return self._changed(changed, 200)

    @extend_schema(
        summary="Give a hostname up",
        responses={200: waiting.DnsSerializer, 202: waiting.DnsSerializer, 204: None},
        parameters=[waiting.PARAMETER, IF_MATCH, repeats.PARAMETER],
    )
    def destroy(self, request: Request, name: str) -> Response:
        """It leaves DNS, and nobody can register it for 30 days, in which it counts as the account's."""
        waiting.seconds(request)
        hostname = self.hostname()
        hostname_changes.release(hostname, version=version_of(request, hostname))
        return waiting.respond_to_removal(request, hostname)

    @extend_schema(summary="Get what is known of a hostname's devices", responses=StatusSerializer, filters=False)
    def status(self, request: Request, name: str) -> Response:
        """The last contact, and whether DNS has the last change. Changes all the time, and has no `ETag`."""
        return Response(StatusSerializer(self.hostname()).data)

    def _changed(self, hostname: Hostname, status: int) -> Response:
        dns = waiting.wait(self.request, [hostname])
        data = ChangedHostnameSerializer(hostname, context={"dns": dns}).data
        headers = {"ETag": quote_etag(hostname.version)}
        if status == 201:
            headers["Location"] = self.request.build_absolute_uri(f"/api/v1/hostnames/{hostname.name}")
        return Response(data, waiting.status_of(dns, status), headers=headers)


def is_known(request: Request, hostname: Hostname) -> bool:
    """RFC 9110 §13.1.2: weak comparison."""
    known = parse_etags(request.headers.get("If-None-Match", ""))
    return "*" in known or quote_etag(hostname.version) in [each.removeprefix("W/") for each in known]


def version_of(request: Request, hostname: Hostname) -> str | None:
    """The version that the client wants to change, None for any (RFC 9110 §13.1.1). Raises ChangedMeanwhile.

    Of several the one that is there counts: that it is still there is looked at under the hostname's lock.
    """
    wanted = parse_etags(request.headers.get("If-Match", ""))
    if "If-Match" not in request.headers or "*" in wanted:
        return None
    if quote_etag(hostname.version) not in wanted:
        raise ChangedMeanwhile
    return hostname.version
