"""Middleware: the source address, how long a form may be, the language, what is said while Redis is away, the security policy."""

import logging
from collections.abc import Callable

import redis
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.locale import LocaleMiddleware
from django.shortcuts import render
from django.utils import translation

from ddns import sources

logger = logging.getLogger(__name__)

View = Callable[[HttpRequest], HttpResponse]


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


class Language(LocaleMiddleware):
    """What was chosen here, else what the browser asks for. The desk speaks one language: so do its ledger and its mails."""

    def process_request(self, request: HttpRequest) -> None:
        super().process_request(request)
        if request.path_info.startswith("/admin/"):
            translation.activate(settings.LANGUAGE_CODE)
            request.LANGUAGE_CODE = settings.LANGUAGE_CODE


class BodyLimit:
    """Forms with files are spooled to the disk before any view sees them: what is too long for every form is refused unread.

    Other bodies have Django's own limit, and the API for reports one of its own.
    """

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or "0"
        is_form = (request.content_type or "").strip().lower().startswith("multipart/")
        if is_form and length.isdecimal() and int(length) > settings.MAX_FORM_OCTETS:
            most = f"This is too big: a form has {settings.MAX_FORM_OCTETS} octets at most. Nothing was stored."
            return HttpResponse(most, status=413, content_type="text/plain; charset=utf-8")
        return self.get_response(request)


class CacheAway:
    """Pages that count attempts need Redis: log-in, sign-up, second factors. Without it they say so, and let nobody guess."""

    RETRY_AFTER_SECONDS = 60

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, redis.RedisError):
            return None
        logger.error("A page was answered with 503: %s", error)
        response = render(request, "503.html", status=503)
        response["Retry-After"] = str(self.RETRY_AFTER_SECONDS)
        return response


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
