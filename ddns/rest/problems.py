"""Problems: every error as application/problem+json (RFC 9457), errors of the verbs among them."""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError, connection
from django.http import Http404
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import exceptions
from rest_framework.response import Response

from ddns import changes, errors
from dnsupdate.errors import DnsUpdateError, InvalidName, InvalidRRset

logger = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"
RETRY_SECONDS = 1
OUTAGE_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of problem: field is what of the request it is about, where that is always the same."""

    slug: str
    status: int
    title: str | Promise
    field: str = ""

    @property
    def uri(self) -> str:
        return f"{settings.SITE_URL}/api/v1/problems/{self.slug}"


class Failure(exceptions.APIException):
    """A problem that a view found itself."""

    def __init__(self, kind: Kind, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.kind, self.status_code, self.headers = kind, kind.status, headers or {}


INVALID = Kind("invalid", 400, gettext_lazy("The request cannot be understood"))
NOT_AUTHENTICATED = Kind("not-authenticated", 401, gettext_lazy("Nobody is logged in and no key was sent"))
WRONG_KEY = Kind("wrong-key", 401, gettext_lazy("There is no such working key"))
NOT_ALLOWED = Kind("not-allowed", 403, gettext_lazy("This is not allowed"))
NOT_FOUND = Kind("not-found", 404, gettext_lazy("There is nothing here"))
BAD_METHOD = Kind("method-not-allowed", 405, gettext_lazy("This cannot be done here"))
NOT_TOGETHER = Kind("not-together", 409, gettext_lazy("Nothing was changed, since not everything could be"))
TOO_BIG = Kind("too-big", 413, gettext_lazy("The request is too big"))
NOT_JSON = Kind("not-json", 415, gettext_lazy("The body must be JSON"))
TOO_MANY = Kind("too-many-requests", 429, gettext_lazy("Too many requests"))
BROKEN = Kind("internal-error", 500, gettext_lazy("Something broke on our side"))
OUTAGE = Kind("outage", 503, gettext_lazy("Not available at this moment"))

# What verbs raise: translated here and nowhere else. The first class that fits counts.
_OF_ERRORS: dict[type[Exception], Kind] = {
    errors.NameUnavailable: Kind("name-unavailable", 409, gettext_lazy("The name cannot be registered"), "name"),
    errors.TooManyHostnames: Kind("too-many-hostnames", 403, gettext_lazy("The account has all its hostnames")),
    errors.TooManyRecords: Kind("too-many-records", 403, gettext_lazy("The hostname has all its records")),
    errors.TooManyKeys: Kind("too-many-keys", 403, gettext_lazy("The account has all its keys")),
    errors.TooManyGroups: Kind("too-many-groups", 403, gettext_lazy("The account has all its groups")),
    errors.NotInPlan: Kind("not-in-plan", 403, gettext_lazy("The plan does not have this")),
    errors.HostnameRestricted: Kind("restricted", 409, gettext_lazy("The hostname is under a restriction")),
    errors.HostnameReleased: Kind("released", 409, gettext_lazy("The hostname was given up")),
    errors.HostnameUnknown: NOT_FOUND,
    errors.NoSuchGroup: Kind("no-such-group", 400, gettext_lazy("There is no such group"), "group"),
    errors.GroupExists: Kind("group-exists", 409, gettext_lazy("There is such a group already"), "name"),
    errors.InvalidAddress: Kind("invalid-address", 400, gettext_lazy("The address cannot be published")),
    errors.FollowsNoPrefix: Kind(
        "follows-no-prefix", 400, gettext_lazy("The hostname does not follow the prefix"), "interface_id"
    ),
    errors.AlgorithmNotAllowed: Kind(
        "algorithm-not-allowed", 400, gettext_lazy("There are no keys of this algorithm"), "algorithm"
    ),
    errors.InvalidWebhook: Kind("invalid-webhook", 400, gettext_lazy("This cannot be a webhook"), "url"),
    errors.TooManyWebhooks: Kind("too-many-webhooks", 403, gettext_lazy("The account has all its webhooks")),
    errors.InvalidNetwork: Kind("invalid-network", 400, gettext_lazy("This is no network"), "networks"),
    errors.InvalidRecord: Kind("invalid-record", 400, gettext_lazy("The record cannot stand")),
    errors.UnknownLanguage: Kind("unknown-language", 400, gettext_lazy("There is no such language"), "language"),
    errors.ChangedMeanwhile: Kind("changed-meanwhile", 412, gettext_lazy("The hostname has changed")),
    errors.BeyondAuthority: Kind("beyond-authority", 403, gettext_lazy("The key may not do this")),
    errors.RequestUnderWay: Kind("request-under-way", 409, gettext_lazy("The same request is being answered")),
    errors.RequestDiffers: Kind("request-differs", 422, gettext_lazy("The Idempotency-Key belongs to another request")),
    errors.TooManyIdempotencyKeys: Kind(
        "too-many-idempotency-keys", 403, gettext_lazy("The account has named all the requests that it may")
    ),
    errors.TooManyChanges: Kind("too-many-changes", 429, gettext_lazy("The hostname has changed too often")),
    errors.Conflict: Kind("conflict", 409, gettext_lazy("The hostname is changed too often")),
    errors.KeyNotAllowed: Kind("key-not-allowed", 403, gettext_lazy("The key works, and not for this")),
    errors.WrongKey: WRONG_KEY,
    InvalidName: Kind("invalid-name", 400, gettext_lazy("This is no name"), "name"),
    InvalidRRset: Kind("invalid-record", 400, gettext_lazy("The record cannot stand")),
    errors.DdnsError: Kind("refused", 400, gettext_lazy("That is not possible")),
    DnsUpdateError: Kind("refused", 400, gettext_lazy("That is not possible")),
}
_OF_REST: dict[type[Exception], Kind] = {
    exceptions.MethodNotAllowed: BAD_METHOD,
    exceptions.UnsupportedMediaType: NOT_JSON,
    exceptions.NotFound: NOT_FOUND,
    Http404: NOT_FOUND,
    exceptions.NotAuthenticated: NOT_AUTHENTICATED,
    exceptions.AuthenticationFailed: NOT_AUTHENTICATED,
    exceptions.PermissionDenied: NOT_ALLOWED,
    PermissionDenied: NOT_ALLOWED,
    exceptions.Throttled: TOO_MANY,
    exceptions.ValidationError: INVALID,
    exceptions.ParseError: INVALID,
}
_PASSING = (errors.RequestUnderWay, errors.Conflict)
_OURS = [NOT_TOGETHER, TOO_BIG, BROKEN, OUTAGE]


def add(*new: Kind, of_errors: Mapping[type[Exception], Kind]) -> None:
    """Kinds of an app above this one, and which of its errors are which."""
    _OURS.extend(new)
    _OF_ERRORS.update(of_errors)


def kinds() -> list[Kind]:
    """All there are, by slug."""
    known = [*_OURS, *_OF_ERRORS.values(), *_OF_REST.values()]
    return sorted({kind.slug: kind for kind in known}.values(), key=lambda kind: kind.slug)


def handle(error: Exception, context: Mapping[str, Any]) -> Response:
    """The response to whatever was raised in a view."""
    kind = kind_of(error)
    if kind is BROKEN:
        logger.error("The REST API failed.", exc_info=error)
    elif kind is OUTAGE:
        logger.error("The REST API is out: %s", error)
        connection.close_if_unusable_or_obsolete()
    return respond(kind, _detail(error, kind), errors_of(error, kind), _headers(error, kind))


def respond(
    kind: Kind, detail: str, found: list[dict[str, Any]] | None = None, headers: Mapping[str, str] | None = None
) -> Response:
    response = Response(body(kind, detail, found), status=kind.status, headers=headers, content_type=CONTENT_TYPE)
    # For DRF: nothing of a failed transaction is left.
    response.exception = True
    return response


def body(kind: Kind, detail: str, found: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """RFC 9457 §3; errors say what is wrong with which field, and of many things, with which."""
    said: dict[str, Any] = {"type": kind.uri, "title": str(kind.title), "status": kind.status, "detail": detail}
    return said | ({"errors": found} if found else {})


def of(error: Exception) -> dict[str, Any]:
    """The body for an error of a verb or of a serializer."""
    kind = kind_of(error)
    return body(kind, _detail(error, kind), errors_of(error, kind))


def kind_of(error: Exception) -> Kind:
    if isinstance(error, Failure):
        return error.kind
    if isinstance(error, InterfaceError | OperationalError):
        return OUTAGE
    return next(
        (kind for table in (_OF_ERRORS, _OF_REST) for each, kind in table.items() if isinstance(error, each)), BROKEN
    )


def errors_of(error: Exception, kind: Kind, position: int | None = None) -> list[dict[str, Any]]:
    """One for each thing that is wrong, with its field, and its position among many."""
    where = {} if position is None else {"position": position}
    if isinstance(error, exceptions.ValidationError):
        return [where | {"field": field, "detail": said} for field, said in _flat(error.detail)]
    if position is not None or kind.field:
        return [where | ({"field": kind.field} if kind.field else {}) | {"detail": _detail(error, kind)}]
    return []


def _flat(detail: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Field, as a.b or a.0.b, and message, of whatever DRF nests."""
    if isinstance(detail, Mapping):
        for name, inner in detail.items():
            is_general = name in ("non_field_errors", "__all__")
            yield from _flat(inner, path if is_general else f"{path}.{name}".lstrip("."))
    elif isinstance(detail, list | tuple):
        for inner in detail:
            yield from _flat(inner, path)
    else:
        yield path, str(detail)


def _detail(error: Exception, kind: Kind) -> str:
    if isinstance(error, exceptions.ValidationError):
        return _("Look at the errors, correct the request and send it again.")
    if kind is NOT_FOUND:
        return _("Nothing that you may see has this address. Compare it letter by letter; it has no slash at its end.")
    if kind is OUTAGE:
        return _("The database does not answer. Nothing is half done: send the request again in a moment.")
    if kind is BROKEN:
        return _("This is our fault and was logged. Try again later, or ask us.")
    if isinstance(error, exceptions.APIException):
        return str(error.detail)
    return str(error) or str(kind.title)


def _headers(error: Exception, kind: Kind) -> dict[str, str]:
    headers = dict(getattr(error, "headers", {}))
    if kind.status == 401:
        headers["WWW-Authenticate"] = getattr(error, "auth_header", 'Bearer realm="api"')
    if isinstance(error, errors.TooManyChanges):
        headers["Retry-After"] = str(changes.seconds_left())
    elif isinstance(error, _PASSING):
        headers["Retry-After"] = str(RETRY_SECONDS)
    elif isinstance(error, exceptions.Throttled) and error.wait is not None:
        headers["Retry-After"] = str(int(error.wait) or RETRY_SECONDS)
    elif kind is OUTAGE:
        headers["Retry-After"] = str(OUTAGE_SECONDS)
    return headers
