"""The parking page: what browsers see at a hostname that its owner has taken offline and parked."""

from html import escape
from wsgiref.types import WSGIEnvironment

from django.conf import settings
from django.http.request import split_domain_port, validate_host

from ddns.protocols.answers import HTML, Answer, not_allowed
from dnsupdate.names import to_unicode

_PAGE = """<!DOCTYPE html>
<html lang="{language}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>{name}</title>
<style>
body {{ font: 1.1rem/1.6 system-ui, sans-serif; max-width: 34rem; margin: 15vh auto; padding: 0 1.5rem }}
:root {{ color-scheme: light dark }}
</style>
</head><body><h1>{name}</h1><p>{said}</p><p><a href="{site}">{site_name}</a></p></body></html>
"""
_SAID = {
    "en": "The owner of this name has taken it offline for now. Your connection is all right.",
    "de": "Der Inhaber dieses Namens hat ihn vorerst vom Netz genommen. An Ihrer Verbindung liegt es nicht.",
}
_HEADERS = (
    ("Cache-Control", "no-store"),
    ("Retry-After", "3600"),
    ("X-Robots-Tag", "noindex"),
    ("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'"),
)


def is_parked(environ: WSGIEnvironment) -> bool:
    """Whether the request came to us by another name than the site's own. Which name it is, nobody is asked."""
    return bool(settings.PARKING_ADDRESSES) and not validate_host(_host(environ), settings.ALLOWED_HOSTS)


def page(environ: WSGIEnvironment) -> Answer:
    """503, so that nobody takes the page for what stands there otherwise (RFC 9110 §15.6.4)."""
    if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
        return not_allowed("GET", "HEAD")
    language = "de" if environ.get("HTTP_ACCEPT_LANGUAGE", "").lower().startswith("de") else "en"
    body = _PAGE.format(
        language=language,
        name=escape(to_unicode(_host(environ))) or "…",
        said=_SAID[language],
        site=escape(settings.SITE_URL),
        site_name=escape(settings.SITE_NAME),
    )
    return Answer(body.encode(), 503, HTML + "; charset=utf-8", _HEADERS)


def _host(environ: WSGIEnvironment) -> str:
    """Lower case, without its port; empty where it is malformed."""
    return split_domain_port(environ.get("HTTP_HOST", ""))[0]
