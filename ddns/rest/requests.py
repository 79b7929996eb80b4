"""Requests: the last ones about a hostname, and what was wrong with them."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from ddns import requests
from ddns.models import Hostname
from ddns.rest.views import View


class RequestSerializer(serializers.Serializer):
    """Requests alike in a row count as one."""

    at = serializers.DateTimeField(read_only=True, help_text="Of the last of them.")
    first_at = serializers.DateTimeField(read_only=True)
    times = serializers.IntegerField(read_only=True)
    source = serializers.CharField(read_only=True, help_text="The address that they came from.")
    agent = serializers.CharField(read_only=True, help_text="The User-Agent.")
    protocol = serializers.CharField(read_only=True)
    code = serializers.CharField(read_only=True, help_text="What was answered, as dyndns2 calls it.")
    explanation = serializers.CharField(read_only=True, help_text="The same in plain words.")
    detail = serializers.CharField(read_only=True)


class RequestsSerializer(serializers.Serializer):
    results = RequestSerializer(many=True, read_only=True)


class Requests(View):
    queryset = Hostname.objects.none()
    serializer_class = RequestsSerializer

    @extend_schema(summary="List the last requests about a hostname", responses=RequestsSerializer)
    def list_recent(self, request: Request, name: str) -> Response:
        """At most 20, the newest first, some seconds late."""
        return Response(RequestsSerializer({"results": requests.recent(self.hostname())}).data)
