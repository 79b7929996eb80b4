"""Where a request came from: the peer, or what trusted proxies say of theirs."""

from django.conf import settings
from django.http import HttpRequest

from ddns import addresses
from ddns.addresses import Address


def address_of(request: HttpRequest) -> Address:
    """The client's address. X-Forwarded-For counts only as far as trusted proxies wrote it, read from its end."""
    return of_environ(request.META)


def of_environ(environ: dict) -> Address:
    """The same from a WSGI environment."""
    peer = _peer(environ)
    if not settings.TRUSTED_PROXIES or not _is_trusted(peer):
        return peer
    for hop in reversed(environ.get("HTTP_X_FORWARDED_FOR", "").split(",")):
        try:
            peer = addresses.parse(hop.strip())
        except ValueError:
            break
        if not _is_trusted(peer):
            break
    return peer


def is_from_trusted_proxy(request: HttpRequest) -> bool:
    """Whether the peer itself, whose REMOTE_ADDR nobody has replaced yet, may say how the client came to it."""
    return _is_trusted(_peer(request.META))


def _peer(environ: dict) -> Address:
    return addresses.parse(environ.get("REMOTE_ADDR") or "0.0.0.0")  # noqa: S104 - "unknown", nothing listens


def _is_trusted(peer: Address) -> bool:
    return any(peer in network for network in settings.TRUSTED_PROXIES)
