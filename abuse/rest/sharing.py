"""Sharing with partners: suspended names in STIX 2.1 and CSV, and what partners say about them."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpResponse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import NotAuthenticated, Throttled, ValidationError
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from abuse import partners, shared_feeds, sightings
from abuse.errors import InvalidParameter, WrongPartnerKey
from abuse.models import Partner
from abuse.rest.problems import UNREADABLE
from abuse.sightings import Problem
from ddns import limits, sources
from ddns.limits import Subject
from ddns.rest import formats, rate_limits, views
from ddns.rest.authentication import REALM, SCHEMES
from ddns.rest.problems import WRONG_KEY, Failure, respond

STIX = "application/stix+json;version=2.1"
_STAYS_PRIVATE = "private, no-cache"


class StixParser(formats.Parser):
    """As JSON, by its own name."""

    media_type = "application/stix+json"


class TaxiiParser(formats.Parser):
    media_type = "application/taxii+json"


class PartnerKey(BaseAuthentication):
    """`Authorization: Bearer KEY`, from the partner's networks where it has named some."""

    def authenticate(self, request: Request) -> tuple[AnonymousUser, Partner]:
        """Raises NotAuthenticated, Failure, and Throttled after too many wrong ones."""
        scheme, _separator, text = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() not in SCHEMES:
            raise NotAuthenticated("Send the key that the abuse desk gave you.")
        source = sources.address_of(request._request)
        try:
            return AnonymousUser(), partners.recognise(text, source)
        except WrongPartnerKey as error:
            if limits.count_wrong_key(text, source):
                raise Throttled(limits.WINDOW_SECONDS) from error
            raise Failure(
                WRONG_KEY, "The key was wrong, was replaced, or may not be used from here. Ask the abuse desk."
            ) from error

    def authenticate_header(self, request: Request) -> str:
        return REALM


class PartnerKeyScheme(OpenApiAuthenticationExtension):
    target_class = "abuse.rest.sharing.PartnerKey"
    name = "partner"

    def get_security_definition(self, auto_schema) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "A partner's key, which the abuse desk gives out."}


class Throttle(rate_limits.Throttle):
    """By the partner: who else is behind its address is not asked."""

    def subjects(self, request: Request) -> dict[str, Subject]:
        return {"key": Subject(f"partner:{request.auth.pk}", settings.PARTNER_REQUESTS_PER_KEY)}


SINCE = OpenApiParameter(
    "since",
    OpenApiTypes.DATETIME,
    description="What came or changed since then, revoked indicators included. Without it: all that stands.",
)
AFTER = OpenApiParameter(
    "after", {"type": "integer", "minimum": 0}, description="Out of the Link header, where an answer is one of several."
)
MATCH = OpenApiParameter(
    "If-None-Match", OpenApiTypes.STR, OpenApiParameter.HEADER, description="ETag of what you have."
)
_BUNDLE = {"type": "object", "description": "A STIX 2.1 bundle."}
_UNCHANGED = OpenApiResponse(description="Nothing has changed.")


class SightingSerializer(serializers.Serializer):
    """One sighting, of a name that is or was shared with you. `id` is yours: sent again, it is the same sighting."""

    name = serializers.CharField()
    kind = serializers.ChoiceField(sightings.Sighting.Kind.choices, default="seen")
    count = serializers.IntegerField(min_value=1, default=1)
    first_seen = serializers.DateTimeField(required=False)
    last_seen = serializers.DateTimeField(required=False)
    note = serializers.CharField(required=False, max_length=sightings.MAX_NOTE)
    id = serializers.CharField(required=False, max_length=sightings.MAX_ID)


class SightingsSerializer(serializers.Serializer):
    """Or a STIX 2.1 bundle with sightings, and with opinions that disagree."""

    sightings = SightingSerializer(many=True)


class SightingProblemSerializer(serializers.Serializer):
    """Why one was not taken."""

    position = serializers.IntegerField(help_text="In what was sent, from 0.")
    detail = serializers.CharField()


class SightingsReceivedSerializer(serializers.Serializer):
    """How many were taken."""

    accepted = serializers.IntegerField()
    repeated = serializers.IntegerField(help_text="That had come before.")
    errors = SightingProblemSerializer(many=True)


class Sharing(views.View):
    """For partners. docs/partners.md has the words to it."""

    authentication_classes = (PartnerKey,)
    permission_classes = (AllowAny,)
    throttle_classes = (Throttle,)
    parser_classes = (formats.Parser, StixParser, TaxiiParser)
    serializer_class = SightingsReceivedSerializer

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Repeats of sightings are known by their ids: there is no account to count them for."""
        GenericViewSet.initial(self, request, *args, **kwargs)

    @extend_schema(
        operation_id="sharing_indicators",
        summary="Get suspended names as STIX 2.1",
        parameters=[SINCE, AFTER, MATCH],
        responses={(200, "application/stix+json"): _BUNDLE, 304: _UNCHANGED},
    )
    def indicators(self, request: Request) -> HttpResponse:
        """One indicator for each name; what was reinstated comes once more with `revoked`. 5,000 at once: Link says more."""
        now, since, after = timezone.now(), self._since(), self._after()
        tag = shared_feeds.tag(self.partner, f"stix {since} {after}", now)
        if self._has(tag):
            return self._unchanged(tag)
        page = shared_feeds.page(self.partner, since=since, after=after, now=now)
        headers = self._headers(tag)
        if page.next is not None:
            at, pk = page.next
            query = urlencode({"since": at.isoformat(), "after": pk})
            headers["Link"] = f'<{settings.SITE_URL}/api/v1/sharing/indicators?{query}>; rel="next"'
        return Response(shared_feeds.bundle(page.rows, of=tag), headers=headers, content_type=STIX)

    @extend_schema(
        operation_id="sharing_names",
        summary="Get suspended names as CSV",
        parameters=[MATCH],
        responses={(200, "text/csv"): {"type": "string"}, 304: _UNCHANGED},
    )
    def names(self, request: Request) -> HttpResponse:
        """All that stand, with category, times and level."""
        now = timezone.now()
        tag = shared_feeds.tag(self.partner, "csv", now)
        if self._has(tag):
            return self._unchanged(tag)
        text = shared_feeds.table(self.partner, now)
        return HttpResponse(text, content_type="text/csv; charset=utf-8; header=present", headers=self._headers(tag))

    @extend_schema(
        operation_id="sharing_sightings",
        summary="Say that names were seen, or are innocent",
        request={"application/json": SightingsSerializer, "application/stix+json": _BUNDLE},
        responses={202: SightingsReceivedSerializer},
    )
    def sightings(self, request: Request) -> Response:
        """A person looks at every false positive; what was suspended by mistake is reinstated, and so leaves the feeds."""
        try:
            said, problems = sightings.read(request.data)
        except InvalidParameter as error:
            raise ValidationError({"": [str(error)]}) from error
        received = sightings.receive(self.partner, said, now=timezone.now())
        found = [*problems, *received.problems]
        if found and not received.accepted_count and not received.repeated_count:
            return respond(UNREADABLE, "Nothing was stored.", _errors(found))
        answer = {"accepted": received.accepted_count, "repeated": received.repeated_count, "errors": _errors(found)}
        return Response(answer, 202)

    @property
    def partner(self) -> Partner:
        return self.request.auth

    def _since(self) -> datetime | None:
        text = self.request.query_params.get("since")
        if text is None:
            return None
        try:
            at = parse_datetime(text.replace(" ", "+"))
        except ValueError:
            at = None
        if at is None or at.tzinfo is None:
            raise ValidationError({"since": ["A moment with its zone (RFC 3339), such as 2026-11-25T08:00:00Z."]})
        return at

    def _after(self) -> int:
        text = self.request.query_params.get("after", "0")
        if not (text.isascii() and text.isdecimal() and len(text) < 19):
            raise ValidationError({"after": ["A number, out of the Link header."]})
        return int(text)

    def _has(self, tag: str) -> bool:
        sent = self.request.headers.get("If-None-Match", "")
        return any(each.strip().removeprefix("W/") in (f'"{tag}"', "*") for each in sent.split(","))

    def _headers(self, tag: str) -> dict[str, str]:
        return {"ETag": f'"{tag}"', "Cache-Control": _STAYS_PRIVATE, "Vary": "Authorization"}

    def _unchanged(self, tag: str) -> HttpResponse:
        return HttpResponse(status=304, headers=self._headers(tag))


def _errors(found: list[Problem]) -> list[dict[str, Any]]:
    return [{"position": each.position, "detail": each.detail} for each in found]
