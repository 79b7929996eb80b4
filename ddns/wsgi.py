"""Answers update and checkip paths before Django: no session, no redirect, no cookie, no CSRF, no middleware.

Measured: Django's handler with an empty view costs half as much CPU as the whole of an unchanged update, database included
(docs/decisions/0005-devices-before-django.md).
"""

import re
import threading
from collections.abc import Iterable
from http.client import responses
from urllib.parse import urlsplit
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from django.conf import settings
from django.utils import translation

from ddns.protocols import checkip, duckdns, dyndns1, freedns, freedns_listing, nsupdate_info
from ddns.views import acmedns, desec, dynv6, httpreq, parking, updates
from ddns.views import duckdns as duckdns_views
from ddns.views import freedns as freedns_views
from ddns.views.devices import View

_UPDATE_PATHS = ("/nic/update", "/v3/update", "/upd.php")
_BY_PATH: dict[str, View] = {
    **dict.fromkeys(_UPDATE_PATHS, updates.update),
    **dict.fromkeys(dyndns1.PATHS, updates.dyndns1_update),
    **dict.fromkeys(nsupdate_info.PATHS, updates.delete),
    freedns.UPDATE_PATH: freedns_views.update,
    **dict.fromkeys(checkip.TEXT_PATHS, checkip.text),
    **dict.fromkeys(checkip.HTML_PATHS, checkip.html),
    **dict.fromkeys(checkip.JSON_PATHS, checkip.json),
    **dict.fromkeys(checkip.FREEDNS_PATHS, checkip.freedns),
    # Certificate clients.
    "/register": acmedns.register,
    "/health": acmedns.health,
    "/httpreq/present": httpreq.present,
    "/httpreq/cleanup": httpreq.cleanup,
    "/api/update": dynv6.update,
    "/desec/update": desec.update,
}
# Paths that several protocols have, or pages too: the first view is taken whose words all stand in the query.
_BY_QUERY: dict[str, tuple[tuple[tuple[str, ...], View], ...]] = {
    "/update": ((("domains=", "token="), duckdns_views.update), ((), updates.update)),
    freedns_listing.PATH: (((freedns_listing.QUERY,), freedns_views.listing),),
}
# Paths with values in them.
_BY_FORM: tuple[tuple[re.Pattern[str], View], ...] = (
    (freedns.TOKEN_PATH, freedns_views.update_by_path),
    (duckdns.PATH, duckdns_views.update_by_path),
)
# Under names that begin so, every path is deSEC's update, as at update.dedyn.io; but for pictures, which browsers ask for.
_DESEC_HOST_LABELS = ("update", "update6")
_PICTURES = (".ico", ".png")
# UniFi sends "//nic/update", others a final slash, and some FRITZ!Boxes glue a second URL to the first.
_ODD_UPDATE_PATH = re.compile(r"/+(?:(?:nic|v3)/)?update(?:/+|[ /]*https?:.*)?")
_STATUS_LINES = {status: f"{status} {reason}" for status, reason in responses.items()}


class Devices:
    """The application for devices, and `pages` for everything else."""

    def __init__(self, pages: WSGIApplication) -> None:
        self.pages = pages
        self._last = threading.local()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        view = view_of(environ)
        if view is None and parking.is_parked(environ):
            view = parking.page
        if view is None:
            self._last.was_page = True
            return self.pages(environ, start_response)
        # The thread has the language of the last page that it made; devices compare words. Only then: it costs 2 us.
        if getattr(self._last, "was_page", True):
            translation.deactivate()
            self._last.was_page = False
        answer = view(environ)
        length = str(len(answer.body))
        headers = [("Content-Type", answer.content_type), ("Content-Length", length), *answer.headers]
        start_response(_STATUS_LINES[answer.status], headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [answer.body]


def view_of(environ: WSGIEnvironment) -> View | None:
    """The view of an update or checkip path, None for all other paths."""
    path = environ.get("PATH_INFO") or "/"
    host = environ.get("HTTP_HOST", "")
    view = _BY_PATH.get(path) or _odd_view_of(path, environ)
    if host.startswith(_DESEC_HOST_LABELS) and view in (None, updates.update) and _is_desecs(host, path):
        return desec.update
    return view


def _is_desecs(host: str, path: str) -> bool:
    """Not where the site itself has such a name."""
    return (
        host.partition(".")[0] in _DESEC_HOST_LABELS
        and host.partition(":")[0] != urlsplit(settings.SITE_URL).hostname
        and not path.endswith(_PICTURES)
    )


def _odd_view_of(path: str, environ: WSGIEnvironment) -> View | None:
    if path == "/":
        return checkip.view_of_host(environ.get("HTTP_HOST", ""))
    # acme-dns's update path is one of ours; its clients are known by their header.
    if path == "/update" and "HTTP_X_API_USER" in environ:
        return acmedns.update
    if path in _BY_QUERY:
        has = environ.get("QUERY_STRING", "").__contains__
        # Half the time of a generator, and /update is what many routers have.
        for words, view in _BY_QUERY[path]:
            if all(map(has, words)):
                return view
    if "update" in path and _ODD_UPDATE_PATH.fullmatch(path):
        return updates.update
    if path.startswith("/acme/"):
        return acmedns.under_prefix
    return next((view for form, view in _BY_FORM if form.fullmatch(path)), None)
