"""The reference: the OpenAPI document, a page that renders it, and what each kind of problem means. For everybody."""

import hashlib
from functools import lru_cache

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.http import quote_etag
from django.views.decorators.http import condition, require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from ddns.rest import problems
from ddns.rest.views import View


# Made once per process: that takes half a second, and its words are in one language.
@lru_cache(maxsize=1)
def document() -> bytes:
    with translation.override(settings.LANGUAGE_CODE):
        return OpenApiJsonRenderer().render(
            SchemaGenerator().get_schema(request=None, public=True), renderer_context={}
        )


@require_safe
@condition(etag_func=lambda request: quote_etag(hashlib.sha256(document()).hexdigest()[:24]))
def openapi(request: HttpRequest) -> HttpResponse:
    """Anybody may read it, from a page of anybody's: it says nothing of anybody."""
    return HttpResponse(document(), content_type="application/json", headers={"Access-Control-Allow-Origin": "*"})


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    return render(request, "ddns/reference.html")


class KindSerializer(serializers.Serializer):
    type = serializers.CharField(source="uri", read_only=True)
    title = serializers.CharField(read_only=True)
    status = serializers.IntegerField(read_only=True)


class KindsSerializer(serializers.Serializer):
    results = KindSerializer(many=True, read_only=True)


class Problems(View):
    """Kinds of problems, by the `type` in them."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = ()
    serializer_class = KindsSerializer

    @extend_schema(operation_id="problems_list", summary="List the kinds of problems", responses=KindsSerializer)
    def list_all(self, request: Request) -> Response:
        return Response(KindsSerializer({"results": problems.kinds()}).data)

    @extend_schema(summary="Get a kind of problem", responses=KindSerializer)
    def retrieve(self, request: Request, slug: str) -> Response:
        kind = next((kind for kind in problems.kinds() if kind.slug == slug), None)
        if kind is None:
            raise NotFound
        return Response(KindSerializer(kind).data)


class Nothing(View):
    """Every other address: a problem too, and no redirect to one with a slash at its end."""

    schema = None
    permission_classes = (AllowAny,)
    throttle_classes = ()

    def nothing(self, request: Request, *args, **kwargs) -> Response:
        raise NotFound
