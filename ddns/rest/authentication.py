"""Authentication: a key in the Authorization header, or the session of somebody who is logged in."""

from django.utils.translation import gettext as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import Throttled
from rest_framework.request import Request

from ddns import keys, limits, sources
from ddns.authority import Authority
from ddns.errors import KeyNotAllowed, WrongKey
from ddns.models import UpdateKey, User
from ddns.rest.problems import WRONG_KEY, Failure

SCHEMES = ("bearer", "token")
REALM = 'Bearer realm="api"'


class Key(BaseAuthentication):
    """`Authorization: Bearer KEY` (RFC 6750), or `Token KEY`."""

    def authenticate(self, request: Request) -> tuple[User, UpdateKey] | None:
        """Raises Failure, KeyNotAllowed and BeyondAuthority."""
        scheme, _separator, text = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() not in SCHEMES:
            return None
        source = sources.address_of(request._request)
        try:
            key = keys.recognise(text, source, request.headers.get("User-Agent", ""))
        except KeyNotAllowed:
            raise
        except WrongKey as error:
            if limits.count_wrong_key(text, source):
                raise Throttled(limits.WINDOW_SECONDS) from error
            raise Failure(
                WRONG_KEY, _("The key was wrong, has expired or was revoked. Compare it, or make a new one.")
            ) from error
        Authority(key.account, key).check_reads()
        return key.account, key

    def authenticate_header(self, request: Request) -> str:
        return REALM


class Session(SessionAuthentication):
    """The session cookie; what changes something must bring the CSRF token."""


class KeyScheme(OpenApiAuthenticationExtension):
    target_class = "ddns.rest.authentication.Key"
    name = "key"

    def get_security_definition(self, auto_schema) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "A key with the permission `read` or `manage`.",
        }


class SessionScheme(OpenApiAuthenticationExtension):
    target_class = "ddns.rest.authentication.Session"
    name = "session"

    def get_security_definition(self, auto_schema) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "cookie",
            "name": "sessionid",
            "description": "Somebody who is logged in. What changes something needs `X-CSRFToken` too.",
        }
