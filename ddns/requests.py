"""Requests: the last ones of devices about each hostname and with each key, and what was wrong with them, in plain words.

Kept in memory and written to Redis in the background: no request waits for it, and a wiped Redis costs nothing but this view.
"""

import json
import logging
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, NamedTuple, Protocol

import redis
from django.db import Error, connection
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ddns.addresses import Address
from ddns.contacts import printable
from ddns.models import Hostname
from dnsupdate import wake

logger = logging.getLogger(__name__)

KEPT = 20
KEPT_SECONDS = 30 * 24 * 3600
# Beyond it further ones are not noted: bounds the memory between two flushes.
MAX_SUBJECTS = 50_000
# Of them, with requests that showed no working key: anybody can send those, about any names, and contacts must find room.
STRANGERS_SHARE = 0.5
MAX_DETAIL_CHARACTERS = 120

# What the codes mean for the person whose device it is; protocols spell them in their own ways.
EXPLANATIONS: dict[str, Promise] = {
    "good": _("The address was changed."),
    "nochg": _("Nothing had changed: all is well."),
    "txt": _("A certificate challenge was changed."),
    "nohost": _("The key covers no such hostname. Compare the name letter by letter, and look at what the key covers."),
    "ambiguous": _(
        "The key covers several hostnames with this label: send the full name, or make a key for one of them."
    ),
    "notfqdn": _("No full hostname was sent. The device must send the whole name, like home.example.com."),
    "numhost": _("Too many hostnames in one request: at most 20 are read."),
    "dnserr": _("What the device sent as its address is none, or one that the Internet does not route."),
    "blocked": _(
        "The address is in a network that the abuse desk has blocked: hostnames cannot point there at present. Ask it if that "
        "is wrong."
    ),
    "abuse": _("The hostname is suspended or otherwise restricted. Its page says more."),
    "badauth": _("The key was wrong, has expired or was revoked. Make a new one and put it into the device."),
    "badtime": _(
        "The clock of the device is more than five minutes off, so that its signature was not believed. Set it."
    ),
    "prereq": _("What the client required to be in DNS before its update was not so. Nothing was changed."),
    "notallowed": _("The key works, and not for this: look at its permission, its networks and its hostnames."),
    "badagent": _("The request was in a form that no device should send, or by firmware that is blocked."),
    "!donator": _("The account's plan does not have this option."),
    "toomany": _(
        "There were more changes in this hour than any device needs. The next hour's first one is taken again."
    ),
    "911": _("Something was wrong on our side. The device tries again by itself."),
}


# Codes of requests that showed no working key, or one that may not do it: no contact of the hostname. Nor is a message
# with an old signature: anybody may have kept it.
_UNAUTHENTICATED = frozenset({"badauth", "badtime", "notallowed"})

# Of hostnames that are there, whose rows nobody deletes meanwhile; an older contact does not take a later one's place.
_WRITE_CONTACTS = """
    INSERT INTO ddns_hostnamecontact AS contact (hostname_id, at, source, agent, protocol)
    SELECT id, at, source, agent, protocol
    FROM jsonb_to_recordset(%s::jsonb) AS row(id bigint, at timestamptz, source inet, agent text, protocol text)
    ORDER BY id
    ON CONFLICT (hostname_id) DO UPDATE
    SET at = excluded.at, source = excluded.source, agent = excluded.agent, protocol = excluded.protocol
    WHERE contact.at < excluded.at
"""


class Caller(Protocol):
    """Who asks, as ddns.address_updates has it."""

    @property
    def source(self) -> Address: ...
    @property
    def agent(self) -> str: ...
    @property
    def protocol(self) -> str: ...


class Request(NamedTuple):
    """times requests alike in a row, the last of them at that time; first_at is of the first of them."""

    at: datetime
    first_at: datetime
    times: int
    source: str
    agent: str
    protocol: str
    code: str
    detail: str

    @property
    def explanation(self) -> Promise | str:
        return EXPLANATIONS.get(self.code, self.code)


class _Noted:
    """A request, and how many alike came after it."""

    __slots__ = ("at", "first_at", "times", "what")

    def __init__(self, what: "_What", at: float) -> None:
        """what: source, agent, protocol, code, detail."""
        self.what, self.first_at, self.at, self.times = what, at, at, 1

    @property
    def is_authenticated(self) -> bool:
        return self.what[3] not in _UNAUTHENTICATED


_What = tuple[Address, str, str, str, object]

_by_name: dict[str, list[_Noted]] = {}
_by_key: dict[int, list[_Noted]] = {}
_kept_back: ContextVar[list[tuple[dict, str | int, _What]] | None] = ContextVar("kept_back", default=None)


def note(name: str, caller: Caller, code: str, detail: object = "") -> None:
    """A request about the hostname of this normalised name, if there is one. Cheap enough for every request.

    One with a working key is the hostname's last contact. What detail reads as is asked later.
    """
    _note(_by_name, name, (caller.source, caller.agent, caller.protocol, code, detail))


def note_of_key(key_id: int, caller: Caller, code: str, detail: object = "") -> None:
    """A request with the key that is about none of its hostnames."""
    _note(_by_key, key_id, (caller.source, caller.agent, caller.protocol, code, detail))


@contextmanager
def kept_back() -> Iterator[None]:
    """What is noted within it is noted at its end, and not at all where it raises: then a transaction has undone it."""
    waiting: list[tuple[dict, str | int, _What]] = []
    token = _kept_back.set(waiting)
    try:
        yield
    finally:
        _kept_back.reset(token)
    for each in waiting:
        _note(*each)


def recent(hostname: Hostname) -> list[Request]:
    """The newest first, some seconds late; none where Redis cannot be asked."""
    return _read(f"requests:name:{hostname.pk}")


def recent_of_keys(key_ids: Iterable[int]) -> dict[int, list[Request]]:
    """By key, those about none of its hostnames."""
    return {key_id: _read(f"requests:key:{key_id}") for key_id in key_ids}


def flush() -> None:
    """Writes what was noted, of hostnames that there are, and their last contacts.

    After an error of the database that is noted again, unless there was a later request; what Redis does not take is let go.
    """
    named = {name: _by_name.pop(name) for name in list(_by_name)}
    keyed = {key_id: _by_key.pop(key_id) for key_id in list(_by_key)}
    if not named and not keyed:
        return
    try:
        known = dict(Hostname.objects.unreleased().filter(name__in=list(named)).values_list("name", "pk"))
        _write_contacts({known[name]: noted for name, noted in named.items() if name in known})
    except Error as error:
        logger.warning("The last requests of %d hostnames are written later: %s", len(named), error)
        for name, noted in named.items():
            _by_name.setdefault(name, noted)
        for key_id, noted in keyed.items():
            _by_key.setdefault(key_id, noted)
        connection.close_if_unusable_or_obsolete()
        return
    _write_lists(
        {f"requests:name:{known[name]}": noted for name, noted in named.items() if name in known}
        | {f"requests:key:{key_id}": noted for key_id, noted in keyed.items()}
    )


def _note(by_subject: dict[Any, list[_Noted]], subject: Any, what: _What) -> None:
    waiting = _kept_back.get()
    if waiting is not None:
        waiting.append((by_subject, subject, what))
        return
    noted = by_subject.get(subject)
    if noted is None:
        new = _Noted(what, time.time())
        if len(by_subject) < (MAX_SUBJECTS if new.is_authenticated else MAX_SUBJECTS * STRANGERS_SHARE):
            by_subject[subject] = [new]
        return
    last = noted[-1]
    if last.what == what:
        last.at = time.time()
        last.times += 1
        return
    noted.append(_Noted(what, time.time()))
    if len(noted) > KEPT:
        # The last contact is not for strangers to push out.
        is_last_contact = noted[0].is_authenticated and not any(each.is_authenticated for each in noted[1:])
        del noted[1 if is_last_contact else 0]


def _write_contacts(by_hostname: dict[int, list[_Noted]]) -> None:
    rows = []
    for hostname_id, noted in by_hostname.items():
        last = next((each for each in reversed(noted) if each.is_authenticated), None)
        if last is not None:
            source, agent, protocol, _, _ = last.what
            at = datetime.fromtimestamp(last.at, UTC).isoformat()
            rows.append(
                {"id": hostname_id, "at": at, "source": str(source), "agent": printable(agent), "protocol": protocol}
            )
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(_WRITE_CONTACTS, [json.dumps(rows)])


def _write_lists(by_list: dict[str, list[_Noted]]) -> None:
    try:
        with wake.redis_client().pipeline(transaction=False) as pipeline:
            for name, noted in by_list.items():
                pipeline.lpush(name, *map(_encoded, noted))
                pipeline.ltrim(name, 0, KEPT - 1)
                pipeline.expire(name, KEPT_SECONDS)
            pipeline.execute()
    except redis.RedisError as error:
        logger.warning("The last requests of %d hostnames and keys are not shown: %s", len(by_list), error)


def _encoded(noted: _Noted) -> str:
    source, agent, protocol, code, detail = noted.what
    shown = printable(str(detail))[:MAX_DETAIL_CHARACTERS]
    return json.dumps([noted.at, noted.first_at, noted.times, str(source), printable(agent), protocol, code, shown])


def _read(name: str) -> list[Request]:
    try:
        rows = wake.redis_client().lrange(name, 0, KEPT - 1)
    except redis.RedisError as error:
        logger.warning("The last requests cannot be shown at present: %s", error)
        return []
    # Each process writes what it noted when its time comes, one before the other.
    newest_first = sorted(map(json.loads, rows), reverse=True)
    return [
        Request(datetime.fromtimestamp(at, UTC), datetime.fromtimestamp(first_at, UTC), *rest)
        for at, first_at, *rest in newest_first
    ]
