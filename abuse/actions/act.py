"""What an action is made of: who may do it, what it needs, what it touches, how it is done and undone."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from abuse.errors import InfrastructureName, InvalidParameter
from abuse.models import Case, Decision, Report
from ddns.models import Hostname, User
from ddns.models.hostnames import HostnameQuerySet

MAX_TEXT_CHARACTERS = 10_000

Parameters = dict[str, Any]
# Whatever undoing needs, as JSON.
Effect = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Touched:
    """hostnames are those whose answers change; met are those that it is about without a change of theirs, in words below.

    undo_seconds is how long the world may believe what was, after it was undone; None where nothing is in DNS.
    """

    hostnames: HostnameQuerySet = field(default_factory=lambda: Hostname.objects.none())
    met: Sequence[str] = ()
    sentences: Sequence[str] = ()
    undo_seconds: int | None = None


def parse_text(case: Case, given: Mapping[str, Any], ends_at: datetime | None) -> tuple[Parameters, datetime | None]:
    """For actions that need nothing, may end, and may say something to the customer."""
    check_known(given, "text")
    text = text_of(given, "text", is_required=False)
    return {"text": text} if text else {}, ends_at


def undo_nothing(decision: Decision, by: User | None) -> None:
    """For actions that changed nothing but the case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """parse gives the parameters in one spelling, and the end, and raises InvalidParameter. do gives what undo needs."""

    permission: str
    touch: Callable[[Case, Parameters], Touched]
    do: Callable[[Decision], Effect]
    undo: Callable[[Decision, User | None], None] = undo_nothing
    parse: Callable[[Case, Mapping[str, Any], datetime | None], tuple[Parameters, datetime | None]] = parse_text
    # What reports are told where it closes the case; None where it does not.
    outcome: Report.Outcome | None = None
    # Why it always needs a second person.
    second_look: str = ""
    # Whether it changes what names answer, so that DNS has to prove it.
    is_in_dns: bool = False
    must_end: bool = False
    # Whether it may be decided on a case that is closed: it neither moves nor reopens it.
    is_beside_case: bool = False
    # Whether it is about the account rather than about the hostname.
    is_of_account: bool = False


def hostname_of(case: Case) -> Hostname:
    """Raises InfrastructureName for a case about no customer's name."""
    if case.hostname is None:
        raise InfrastructureName(f"{case.name}.")
    return case.hostname


def check_known(given: Mapping[str, Any], *known: str) -> None:
    """Raises InvalidParameter: a parameter that nobody reads is a mistake, and somebody relied on it."""
    if unknown := sorted(set(given) - set(known)):
        raise InvalidParameter(f"there is no parameter {', '.join(unknown)}.")


def text_of(given: Mapping[str, Any], name: str, *, is_required: bool = True) -> str:
    """Raises InvalidParameter."""
    text = given.get(name, "")
    text = clean(text) if isinstance(text, str) else text
    if not isinstance(text, str) or len(text) > MAX_TEXT_CHARACTERS:
        raise InvalidParameter(f"{name} is a text of {MAX_TEXT_CHARACTERS} characters at most.")
    if is_required and not text:
        raise InvalidParameter(f"{name} is empty.")
    return text


def clean(text: str) -> str:
    """As PostgreSQL can keep it: without NUL, and without halves of characters that JSON lets through."""
    return text.encode(errors="replace").decode().replace("\0", "").strip()


def without_end(ends_at: datetime | None) -> None:
    """Raises InvalidParameter: what happened once cannot end by itself."""
    if ends_at is not None:
        raise InvalidParameter("this has no end: it happens once.")
