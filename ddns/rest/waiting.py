"""Waiting: `?wait=5` on a change answers when DNS has it. Few requests wait at once, and none holds anything meanwhile."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from threading import BoundedSemaphore
from typing import Any, TypeVar

from django.conf import settings
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from ddns import hostnames
from ddns.models import Hostname
from dnsupdate import acknowledgements
from dnsupdate.acknowledgements import Acknowledgement

# Publishing takes some tens of milliseconds. A client that wants to wait for longer asks again.
MAX_WAIT_SECONDS = 10

_places = BoundedSemaphore(settings.REST_WAITS_AT_ONCE)
T = TypeVar("T")

PARAMETER = OpenApiParameter(
    "wait",
    {"type": "integer", "minimum": 0, "maximum": MAX_WAIT_SECONDS, "default": 0},
    description="Answer when the primary nameserver has the change, after so many seconds at most; then with 202 and "
    "`published` false. The change itself is made in any case.",
)


class DnsSerializer(serializers.Serializer):
    """Whether DNS has a change. A server whose serial is this one or a later one has it."""

    published = serializers.BooleanField(source="is_published", read_only=True)
    server = serializers.CharField(read_only=True, help_text="The primary nameserver.")
    serial = serializers.IntegerField(read_only=True, allow_null=True, help_text="Of its zone, when it had the change.")
    reason = serializers.CharField(read_only=True, help_text="Why there is nothing to wait for; empty where there is.")


def seconds(request: Request) -> int:
    """How long the client wants to wait. Raises ValidationError."""
    text = request.query_params.get("wait", "0")
    if not (text.isascii() and text.isdecimal() and len(text) < 3 and int(text) <= MAX_WAIT_SECONDS):
        raise ValidationError({"wait": [_("Whole seconds, from 0 to %d.") % MAX_WAIT_SECONDS]})
    return int(text)


def wait(request: Request, changed: Sequence[Hostname]) -> Acknowledgement | None:
    """For hostnames of one zone; None where the client does not want to wait. After the transaction of the change."""
    within = seconds(request)
    if not within or not changed:
        return None
    zone = changed[0].domain.zone
    ids = hostnames.publication_ids(changed)
    return in_a_place(lambda within: acknowledgements.wait(zone, ids, within=timedelta(seconds=within)), within)


def presented(dns: Acknowledgement | None) -> dict[str, Any] | None:
    return None if dns is None else dict(DnsSerializer(dns).data)


def status_of(dns: Acknowledgement | None, otherwise: int) -> int:
    return 202 if dns is not None and not dns.is_published else otherwise


def respond_to_removal(request: Request, hostname: Hostname) -> Response:
    """204, or what DNS says where the client waited for it."""
    dns = wait(request, [hostname])
    return Response(status=204) if dns is None else Response(presented(dns), status_of(dns, 200))


def in_a_place(verb: Callable[[int], T], within: int) -> T:
    """With no place left one look is all there is (verb(0)): whoever waits has a thread of this process."""
    if not _places.acquire(blocking=False):
        return verb(0)
    try:
        return verb(within)
    finally:
        _places.release()
