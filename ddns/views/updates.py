"""The update endpoint: any device, no session, no cookie, no redirect; every answer is one that devices understand."""

import logging
from wsgiref.types import WSGIEnvironment

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection

from ddns import address_updates, limits, sources
from ddns.address_updates import Caller
from ddns.addresses import is_publishable
from ddns.errors import Conflict, WrongKey
from ddns.protocols import credentials, dyndns2, parameters
from ddns.protocols.answers import Answer, not_allowed
from ddns.protocols.credentials import Credentials
from ddns.protocols.parameters import Parameters

logger = logging.getLogger(__name__)


def update(environ: WSGIEnvironment) -> Answer:
    """GET or a posted form. Never 401 for a failure of ours: routers give up for good on 401."""
    if environ["REQUEST_METHOD"] not in ("GET", "POST"):
        return not_allowed("GET", "POST")
    try:
        return _update(environ)
    except (DatabaseError, Conflict) as error:
        logger.error("An update was answered with 911: %s", error)
    except Exception:
        logger.exception("An update was answered with 911.")
    # As Django does behind its own requests: a broken connection is not kept for the next one.
    connection.close_if_unusable_or_obsolete()
    return dyndns2.outage()


def _update(environ: WSGIEnvironment) -> Answer:
    try:
        sent = parameters.parse(environ)
    except parameters.TooMuch:
        return dyndns2.text("badagent\n")
    agent = environ.get("HTTP_USER_AGENT", "")
    presented = credentials.find(environ.get("HTTP_AUTHORIZATION", ""), sent)
    if presented is None:
        return dyndns2.challenge()
    if any(map(agent.__contains__, settings.BLOCKED_AGENTS)):
        return dyndns2.text("badagent\n")
    caller = Caller(presented.key, sources.of_environ(environ), agent, dyndns2.NAME)
    try:
        return _answer(caller, presented, sent)
    except WrongKey:
        too_many = limits.count_wrong_key(presented.key, caller.source)
        return dyndns2.outage() if too_many else dyndns2.challenge()


def _answer(caller: Caller, presented: Credentials, sent: Parameters) -> Answer:
    """The table of docs/protocols.md from top to bottom. Raises WrongKey before anything else is said."""
    wanted = dyndns2.parse(sent)
    names = wanted.names or [_default_name(caller, presented)]
    if len(names) > dyndns2.MAX_HOSTNAMES:
        return _refuse(caller, "numhost\n")
    if not any(names):
        return _refuse(caller, "notfqdn\n" * len(names))
    try:
        wish = wanted.wish(caller.source)
    except dyndns2.Malformed:
        return _refuse(caller, "dnserr\n" * len(names))
    if not all(map(is_publishable, wish.addresses)):
        return _refuse(caller, "dnserr\n" * len(names))
    outcomes = address_updates.update(caller, names, wish)
    return dyndns2.render(outcomes, wanted.echo or ",".join(map(str, wish.addresses)))


def _refuse(caller: Caller, body: str) -> Answer:
    """To a caller with a working key only. Raises WrongKey."""
    address_updates.check_key(caller.key)
    return dyndns2.text(body)


def _default_name(caller: Caller, presented: Credentials) -> str | None:
    """For clients that name no host: the user name if it is one, else the only one that the key covers."""
    return dyndns2.full_name(presented.user) or address_updates.only_name(caller.key)
