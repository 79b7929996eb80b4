"""The metrics page, in the text formats that Prometheus reads, behind a bearer token."""

import logging
from collections.abc import Callable

from django.conf import settings
from django.db import Error
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from abuse.metrics import Desk, Doors
from ddns.metrics import Customers
from dnsupdate import metrics

logger = logging.getLogger(__name__)

PATH = "/metrics"
REGISTRY = CollectorRegistry()
REGISTRY.register(metrics.Publishing())
REGISTRY.register(Customers())
REGISTRY.register(Doors())
REGISTRY.register(Desk())


class Metrics:
    """Answers /metrics before the checks of the host name and of TLS; without a token set there is no such page.

    Prometheus comes from inside the network, through no proxy and by the service's name. That name in ALLOWED_HOSTS would
    let anybody have links for new passwords made with it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.METRICS_TOKEN and request.path_info == PATH:
            return page(request)
        return self.get_response(request)


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """200 with all metrics, 401 without the token (RFC 6750), 503 where the database is away or too slow."""
    if not _has_token(request):
        return _text("The metrics want the token of DDNS_METRICS_TOKEN.", 401, {"WWW-Authenticate": "Bearer"})
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    try:
        with metrics.bounded():
            body = encode(REGISTRY)
    except Error as error:
        logger.warning("no metrics: %s", error)
        return _text(f"No metrics: the database is away or too slow. {error}", 503, {})
    return HttpResponse(body, content_type=content_type)


def _has_token(request: HttpRequest) -> bool:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return scheme.lower() == "bearer" and constant_time_compare(token.strip(), settings.METRICS_TOKEN)


def _text(text: str, status: int, headers: dict[str, str]) -> HttpResponse:
    return HttpResponse(f"{text}\n", status=status, headers=headers, content_type="text/plain; charset=utf-8")
