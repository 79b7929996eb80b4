"""What every update protocol has in common: no session, no cookie, no redirect, and every answer one that devices understand."""

import logging
from collections.abc import Callable, Sequence
from typing import Protocol
from wsgiref.types import WSGIEnvironment

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection

from ddns import contacts, derived_keys, limits, requests, sources
from ddns.address_updates import Caller
from ddns.errors import Conflict, KeyNotAllowed, TooManyChanges, WrongKey
from ddns.keys import Proven
from ddns.protocols import parameters
from ddns.protocols.answers import Answer, not_allowed
from ddns.protocols.credentials import Credentials
from ddns.protocols.parameters import Parameters

logger = logging.getLogger(__name__)

MAX_NOTED_NAMES = 20

# Methods are case-sensitive (RFC 9110 §9.1); some devices do not know.
_METHODS = frozenset({"GET", "POST", "get", "post"})

View = Callable[[WSGIEnvironment], Answer]


class UpdateProtocol(Protocol):
    """What a module of ddns.protocols has for its view: how it reads credentials, and its answers to what all refuse."""

    @property
    def NAME(self) -> str: ...

    @staticmethod
    def credentials(environ: WSGIEnvironment, sent: Parameters) -> Credentials | None:
        """None where there are none."""

    @staticmethod
    def names(sent: Parameters) -> Sequence[str | None]:
        """The hostnames that the request is about, for their last requests."""

    @staticmethod
    def challenge() -> Answer:
        """To missing and to wrong credentials alike."""

    @staticmethod
    def bad_agent() -> Answer:
        """To forms that no device sends and to blocked firmware."""

    @staticmethod
    def outage() -> Answer:
        """To whatever is our fault, and to a source that sent too many wrong keys."""


def view_of(protocol: UpdateProtocol, answer: Callable[[Caller, Credentials, Parameters], Answer]) -> View:
    """The view that answers with `answer` where credentials were given; it may raise WrongKey and Conflict.

    GET or a posted form. Never 401 for a failure of ours: routers give up for good on 401.
    """

    def view(environ: WSGIEnvironment) -> Answer:
        if environ["REQUEST_METHOD"] not in _METHODS:
            return not_allowed("GET", "POST")
        try:
            return _answer(protocol, answer, environ)
        except TooManyChanges:
            # Not a failure of ours, but the one answer that brings every client back later.
            return protocol.outage()
        except (DatabaseError, Conflict) as error:
            logger.error("A device was told of an outage: %s", error)
        except Exception:
            logger.exception("A device was told of an outage.")
        # As Django does behind its own requests: a broken connection is not kept for the next one.
        connection.close_if_unusable_or_obsolete()
        return protocol.outage()

    return view


def note(caller: Caller, names: Sequence[str | None], code: str, detail: str = "") -> None:
    """A refusal, among the last requests of each hostname."""
    for name in filter(None, names[:MAX_NOTED_NAMES]):
        requests.note(name, caller, code, detail)


def _answer(
    protocol: UpdateProtocol, answer: Callable[[Caller, Credentials, Parameters], Answer], environ: WSGIEnvironment
) -> Answer:
    try:
        sent = parameters.parse(environ)
    except parameters.TooMuch:
        return protocol.bad_agent()
    agent = environ.get("HTTP_USER_AGENT", "")
    presented = protocol.credentials(environ, sent)
    if presented is None:
        return protocol.challenge()
    if settings.BLOCKED_AGENTS and any(map(agent.__contains__, settings.BLOCKED_AGENTS)):
        return protocol.bad_agent()
    shown = agent[: contacts.MAX_AGENT_CHARACTERS]
    caller = Caller(presented.key, sources.of_environ(environ), shown, protocol.NAME)
    try:
        return _ask(answer, caller, presented, sent)
    except KeyNotAllowed as error:
        note(caller, protocol.names(sent), "notallowed", str(error))
        return protocol.challenge()
    except WrongKey:
        note(caller, protocol.names(sent), "badauth")
        too_many = limits.count_wrong_key(presented.key, caller.source)
        return protocol.outage() if too_many else protocol.challenge()


def _ask(
    answer: Callable[[Caller, Credentials, Parameters], Answer],
    caller: Caller,
    presented: Credentials,
    sent: Parameters,
) -> Answer:
    """Once more where what was presented is no key, but what Dynu's clients make of one."""
    try:
        return answer(caller, presented, sent)
    except KeyNotAllowed:
        raise
    except WrongKey:
        known = derived_keys.of_password(presented.key)
        if known is None:
            raise
        return answer(caller._replace(key=Proven(known)), presented, sent)
