"""What the APIs for certificate clients have in common: every failure is an answer that the client can show."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Protocol
from wsgiref.types import WSGIEnvironment

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection

from ddns import challenges, contacts, limits, requests, sources
from ddns.address_updates import Caller
from ddns.errors import Conflict, DdnsError, KeyNotAllowed, WrongKey
from ddns.protocols import json_bodies
from ddns.protocols.answers import Answer, not_allowed
from ddns.protocols.credentials import Credentials
from ddns.protocols.json_bodies import Malformed
from ddns.views.devices import View
from dnsupdate.errors import InvalidName

logger = logging.getLogger(__name__)

# With a caller whose key is empty where none was presented.
Answering = Callable[[Caller, WSGIEnvironment], Answer]


class AcmeProtocol(Protocol):
    """What a module of ddns.protocols has for its views."""

    @property
    def NAME(self) -> str: ...

    @staticmethod
    def credentials(environ: WSGIEnvironment) -> Credentials | None:
        """None where there are none."""

    @staticmethod
    def refused(error: Exception) -> Answer:
        """To Malformed, InvalidName, and what the verbs raise."""

    @staticmethod
    def outage() -> Answer:
        """To whatever is our fault, and to a source that sent too many wrong keys."""


def view_of(protocol: AcmeProtocol, **methods: Answering) -> View:
    """The view that answers each method so; what is called may raise DdnsError, Malformed and InvalidName."""

    def view(environ: WSGIEnvironment) -> Answer:
        answer = methods.get(environ["REQUEST_METHOD"])
        if answer is None:
            return not_allowed(*methods)
        try:
            return _answer(protocol, answer, environ)
        except (DatabaseError, Conflict) as error:
            logger.error("A certificate client was told of an outage: %s", error)
        except (DdnsError, InvalidName, Malformed) as error:
            return protocol.refused(error)
        except Exception:
            logger.exception("A certificate client was told of an outage.")
        # As Django does behind its own requests: a broken connection is not kept for the next one.
        connection.close_if_unusable_or_obsolete()
        return protocol.outage()

    return view


@contextmanager
def noting(caller: Caller, name: str) -> Iterator[None]:
    """A refusal of the key, among the last requests of the hostname of this name."""
    try:
        yield
    except WrongKey as error:
        is_working = isinstance(error, KeyNotAllowed)
        with suppress(InvalidName):
            code, detail = ("notallowed", str(error)) if is_working else ("badauth", "")
            requests.note(challenges.subject(name), caller, code, detail)
        raise


def _answer(protocol: AcmeProtocol, answer: Answering, environ: WSGIEnvironment) -> Answer:
    agent = environ.get("HTTP_USER_AGENT", "")
    if any(map(agent.__contains__, settings.BLOCKED_AGENTS)):
        return json_bodies.error("badagent", requests.EXPLANATIONS["badagent"], 403)
    presented = protocol.credentials(environ)
    shown = agent[: contacts.MAX_AGENT_CHARACTERS]
    caller = Caller(presented.key if presented else "", sources.of_environ(environ), shown, protocol.NAME)
    try:
        return answer(caller, environ)
    except KeyNotAllowed:
        raise
    except WrongKey as error:
        too_many = presented is not None and limits.count_wrong_key(caller.key, caller.source)
        return protocol.outage() if too_many else protocol.refused(error)
