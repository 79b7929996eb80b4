"""The update endpoint: any device, no session, no cookie, no redirect; every answer is one that devices understand."""

import logging

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, QueryDict

from ddns import address_updates, limits, sources
from ddns.address_updates import Caller
from ddns.addresses import is_publishable
from ddns.errors import Conflict, WrongKey
from ddns.protocols import credentials, dyndns2
from ddns.protocols.credentials import Credentials

logger = logging.getLogger(__name__)

MAX_FORM_OCTETS = 16 * 1024


def update(request: HttpRequest) -> HttpResponse:
    """GET or a posted form. Never 401 for a failure of ours: routers give up for good on 401."""
    if request.method not in ("GET", "POST"):
        return HttpResponseNotAllowed(["GET", "POST"], headers={"Content-Length": "0"})
    try:
        return _update(request)
    except (DatabaseError, Conflict) as error:
        logger.error("An update was answered with 911: %s", error)
    except Exception:
        logger.exception("An update was answered with 911.")
    return dyndns2.outage()


def _update(request: HttpRequest) -> HttpResponse:
    try:
        parameters = _parameters(request)
    except SuspiciousOperation:
        # More fields than any device sends.
        parameters = None
    if parameters is None:
        return dyndns2.text("badagent\n")
    agent = request.META.get("HTTP_USER_AGENT", "")
    presented = credentials.find(request, parameters)
    if presented is None:
        return dyndns2.challenge()
    if any(blocked in agent for blocked in settings.BLOCKED_AGENTS):
        return dyndns2.text("badagent\n")
    caller = Caller(presented.key, sources.address_of(request), agent, dyndns2.NAME)
    try:
        return _answer(caller, presented, parameters)
    except WrongKey:
        too_many = limits.count_wrong_key(presented.key, caller.source)
        return dyndns2.outage() if too_many else dyndns2.challenge()


def _answer(caller: Caller, presented: Credentials, parameters: QueryDict) -> HttpResponse:
    """The table of docs/protocols.md from top to bottom. Raises WrongKey before anything else is said."""
    wanted = dyndns2.parse(parameters)
    names = wanted.names or [_default_name(caller, presented)]
    if len(names) > dyndns2.MAX_HOSTNAMES:
        return _refuse(caller, "numhost\n")
    known = [name for name in names if name is not None]
    if not known:
        return _refuse(caller, "notfqdn\n" * len(names))
    try:
        wish = wanted.wish(caller.source)
    except dyndns2.Malformed:
        return _refuse(caller, "dnserr\n" * len(names))
    if not all(map(is_publishable, wish.addresses)):
        return _refuse(caller, "dnserr\n" * len(names))
    outcomes = iter(address_updates.update(caller, known, wish))
    echo = wanted.echo or ",".join(map(str, wish.addresses))
    return dyndns2.render([next(outcomes) if name is not None else None for name in names], echo)


def _refuse(caller: Caller, body: str) -> HttpResponse:
    """To a caller with a working key only. Raises WrongKey."""
    address_updates.check_key(caller.key)
    return dyndns2.text(body)


def _default_name(caller: Caller, presented: Credentials) -> str | None:
    """For clients that name no host: the user name if it is one, else the only one that the key covers."""
    return dyndns2.full_name(presented.user) or address_updates.only_name(caller.key)


def _parameters(request: HttpRequest) -> QueryDict | None:
    """The query, and a form's fields behind it. None for a form that is too large to be one."""
    if request.method == "GET":
        return request.GET
    try:
        length = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return None
    if length > MAX_FORM_OCTETS:
        return None
    parameters = request.GET.copy()
    parameters.update(QueryDict(request.read(length)))
    return parameters
