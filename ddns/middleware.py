"""Middleware: update paths past everything that browsers need, the true source address, the content security policy."""

import re
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed

from ddns import sources
from ddns.protocols import checkip
from ddns.views import updates

View = Callable[[HttpRequest], HttpResponse]

_UPDATE_PATHS = ("/nic/update", "/v3/update", "/update")
_BY_PATH: dict[str, View] = {
    **dict.fromkeys(_UPDATE_PATHS, updates.update),
    **dict.fromkeys(checkip.TEXT_PATHS, checkip.text),
    **dict.fromkeys(checkip.HTML_PATHS, checkip.html),
    **dict.fromkeys(checkip.JSON_PATHS, checkip.json),
    **dict.fromkeys(checkip.FREEDNS_PATHS, checkip.freedns),
}
# UniFi sends "//nic/update", others a final slash, and some FRITZ!Boxes glue a second URL to the first.
_ODD_UPDATE_PATH = re.compile(r"/+(?:(?:nic|v3)/)?update(?:/+|[ /]*https?:.*)?")


class UpdatePaths:
    """Answers update and checkip paths before any other middleware: no session, no redirect, no cookie, no CSRF."""

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        view = view_of(request)
        if view is None:
            return self.get_response(request)
        if view is not updates.update and request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"], headers={"Content-Length": "0"})
        return view(request)


class SourceAddress:
    """Makes REMOTE_ADDR the client's address where trusted proxies stand in between, for everything that reads it.

    Forwarding headers of other peers are dropped: else anybody could say that TLS was spoken (request.is_secure).
    """

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not sources.is_from_trusted_proxy(request):
            request.META.pop("HTTP_X_FORWARDED_PROTO", None)
        request.META["REMOTE_ADDR"] = str(sources.address_of(request))
        request.META.pop("HTTP_X_FORWARDED_FOR", None)
        return self.get_response(request)


class ContentSecurityPolicy:
    """Our pages run no foreign code and sit in no frame. The admin theme's Alpine build evaluates expressions."""

    PAGES = (
        "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
        "frame-ancestors 'none'; form-action 'self'"
    )
    ADMIN = PAGES + "; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'"

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        policy = self.ADMIN if request.path_info.startswith("/admin/") else self.PAGES
        response.headers.setdefault("Content-Security-Policy", policy)
        return response


def view_of(request: HttpRequest) -> View | None:
    """The view of an update or checkip path, None for all other paths."""
    path = request.path_info
    view = _BY_PATH.get(path)
    if view is None and "update" in path and _ODD_UPDATE_PATH.fullmatch(path):
        return updates.update
    if view is None and path == "/" and request.META.get("HTTP_HOST", "").partition(".")[0] in checkip.HOST_LABELS:
        return checkip.html
    return view
