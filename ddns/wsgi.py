"""Answers update and checkip paths before Django: no session, no redirect, no cookie, no CSRF, no middleware.

Measured: Django's handler with an empty view costs half as much CPU as the whole of an unchanged update, database included
(docs/decisions/0005-devices-before-django.md).
"""

import re
from collections.abc import Iterable
from http.client import responses
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from ddns.protocols import checkip
from ddns.views import acmedns, httpreq, updates
from ddns.views.devices import View

_UPDATE_PATHS = ("/nic/update", "/v3/update", "/update")
_BY_PATH: dict[str, View] = {
    **dict.fromkeys(_UPDATE_PATHS, updates.update),
    **dict.fromkeys(checkip.TEXT_PATHS, checkip.text),
    **dict.fromkeys(checkip.HTML_PATHS, checkip.html),
    **dict.fromkeys(checkip.JSON_PATHS, checkip.json),
    **dict.fromkeys(checkip.FREEDNS_PATHS, checkip.freedns),
    # Certificate clients.
    "/register": acmedns.register,
    "/health": acmedns.health,
    "/httpreq/present": httpreq.present,
    "/httpreq/cleanup": httpreq.cleanup,
}
# UniFi sends "//nic/update", others a final slash, and some FRITZ!Boxes glue a second URL to the first.
_ODD_UPDATE_PATH = re.compile(r"/+(?:(?:nic|v3)/)?update(?:/+|[ /]*https?:.*)?")
_STATUS_LINES = {status: f"{status} {reason}" for status, reason in responses.items()}


class Devices:
    """The application for devices, and `pages` for everything else."""

    def __init__(self, pages: WSGIApplication) -> None:
        self.pages = pages

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        view = view_of(environ)
        if view is None:
            return self.pages(environ, start_response)
        answer = view(environ)
        length = str(len(answer.body))
        headers = [("Content-Type", answer.content_type), ("Content-Length", length), *answer.headers]
        start_response(_STATUS_LINES[answer.status], headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [answer.body]


def view_of(environ: WSGIEnvironment) -> View | None:
    """The view of an update or checkip path, None for all other paths."""
    path = environ.get("PATH_INFO") or "/"
    # acme-dns's update path is one of ours; its clients are known by their header.
    if path == "/update" and "HTTP_X_API_USER" in environ:
        return acmedns.update
    view = _BY_PATH.get(path)
    if view is None and "update" in path and _ODD_UPDATE_PATH.fullmatch(path):
        return updates.update
    if view is None and path.startswith("/acme/"):
        return acmedns.under_prefix
    if view is None and path == "/" and environ.get("HTTP_HOST", "").partition(".")[0] in checkip.HOST_LABELS:
        return checkip.html
    return view
