"""Authentication by key in the Authorization header: of reporters, or nobody in particular; of officers."""

from django.contrib.auth.models import AnonymousUser
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import Throttled
from rest_framework.request import Request

from abuse import officer_keys, reporter_keys
from abuse.errors import WrongOfficerKey, WrongReporterKey
from abuse.models import OfficerKey, ReporterKey
from ddns import limits, sources
from ddns.models import User
from ddns.rest.authentication import REALM, SCHEMES
from ddns.rest.problems import WRONG_KEY, Failure


class Key(BaseAuthentication):
    """`Authorization: Bearer KEY`. A wrong key is an error: its owner would else report as a stranger and wonder."""

    def authenticate(self, request: Request) -> tuple[AnonymousUser, ReporterKey] | None:
        """Raises Failure, and Throttled after too many wrong ones."""
        header = request.headers.get("Authorization")
        if header is None:
            return None
        scheme, _separator, text = header.partition(" ")
        if scheme.lower() in SCHEMES:
            try:
                return AnonymousUser(), reporter_keys.recognise(text)
            except WrongReporterKey as error:
                if limits.count_wrong_key(text, sources.address_of(request._request)):
                    raise Throttled(limits.WINDOW_SECONDS) from error
        raise Failure(WRONG_KEY, "The key was wrong, has expired or was revoked. Ask the abuse desk for another.")

    def authenticate_header(self, request: Request) -> str:
        return REALM


class OfficersKey(BaseAuthentication):
    """`Authorization: Bearer KEY`, of an officer in office, from one of the key's networks. No session counts."""

    def authenticate(self, request: Request) -> tuple[User, OfficerKey] | None:
        """Raises Failure, and Throttled after too many wrong ones."""
        scheme, _separator, text = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() not in SCHEMES:
            return None
        source = sources.address_of(request._request)
        try:
            key = officer_keys.recognise(text, address=source)
        except WrongOfficerKey as error:
            if limits.count_wrong_key(text, source):
                raise Throttled(limits.WINDOW_SECONDS) from error
            raise Failure(WRONG_KEY, f"{error} Look at your keys in the portal, or call us.") from error
        return key.officer.account, key

    def authenticate_header(self, request: Request) -> str:
        return REALM


class OfficersKeyScheme(OpenApiAuthenticationExtension):
    target_class = "abuse.rest.authentication.OfficersKey"
    name = "officer"

    def get_security_definition(self, auto_schema) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "A key of an officer of an authority, made in the portal, from one of its networks.",
        }


class KeyScheme(OpenApiAuthenticationExtension):
    target_class = "abuse.rest.authentication.Key"
    name = "reporter"

    def get_security_definition(self, auto_schema) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "A reporter's key, which the abuse desk gives out."}
