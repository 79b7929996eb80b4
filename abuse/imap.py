"""IMAP (RFC 9051): a mailbox looked into, and what was stored moved out of it. Nothing is deleted for good."""

import imaplib
import re
import ssl
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from abuse.errors import MailboxFailed

# Of one answer: a server that has stopped must not hold a worker.
PATIENCE = timedelta(seconds=30)
# The same mail is not listed twice: what waits for a person was flagged.
_WAITING = "UNFLAGGED UNDELETED"
_LEFT = "FLAGGED UNDELETED"
_UID = re.compile(rb"\bUID (\d+)")
_SIZE = re.compile(rb"\bRFC822\.SIZE (\d+)")
_FAILURES = (imaplib.IMAP4.error, OSError, ValueError)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the mailbox is, and how one gets in. security: tls, starttls, none."""

    host: str
    port: int
    security: str
    user: str
    password: str
    folder: str

    @property
    def name(self) -> str:
        return f"{self.user}@{self.host}/{self.folder}"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A mail in the folder. size in octets, as the server says."""

    uid: int
    size: int
    arrived_at: datetime | None


class Folder:
    """The selected folder. Everything raises MailboxFailed."""

    def __init__(self, server: imaplib.IMAP4, capabilities: Collection[str]) -> None:
        self._server, self._capabilities = server, capabilities

    def waiting(self) -> list[int]:
        """UIDs of what is to be stored, the oldest first."""
        return self._search(_WAITING)

    def left(self) -> list[int]:
        """UIDs of what was left to a person."""
        return self._search(_LEFT)

    def describe(self, uids: Sequence[int]) -> list[Waiting]:
        if not uids:
            return []
        found = [
            each for each in self._uid("FETCH", _set(uids), "(UID RFC822.SIZE INTERNALDATE)") if isinstance(each, bytes)
        ]
        return sorted(filter(None, map(_described, found)), key=lambda each: each.uid)

    def fetch(self, uid: int, *, most: int) -> bytes:
        """The mail as it is, cut off after so many octets. Stays unseen."""
        answer = self._uid("FETCH", str(uid), f"(BODY.PEEK[]<0.{most}>)")
        content = next((each[1] for each in answer if isinstance(each, tuple)), None)
        if content is None:
            raise MailboxFailed(f"mail {uid} is gone.")
        return content

    def move(self, uid: int, folder: str) -> None:
        """In one step where the server can (RFC 6851); else a copy comes first, so that at worst there are two."""
        if "MOVE" in self._capabilities:
            self._uid("MOVE", str(uid), _quoted(folder))
            return
        self._uid("COPY", str(uid), _quoted(folder))
        self._uid("STORE", str(uid), "+FLAGS.SILENT", r"(\Deleted)")
        if "UIDPLUS" in self._capabilities:
            self._uid("EXPUNGE", str(uid))

    def flag(self, uid: int) -> None:
        """Left to a person, and not looked at again."""
        self._uid("STORE", str(uid), "+FLAGS.SILENT", r"(\Flagged)")

    def make(self, folder: str) -> None:
        """The folder, where it is not there yet."""
        try:
            self._server.create(_quoted(folder))
        except _FAILURES as error:
            raise MailboxFailed(_said(error)) from error

    def _search(self, criteria: str) -> list[int]:
        (found, *_) = self._uid("SEARCH", criteria) or [b""]
        return sorted(int(each) for each in found.split()) if isinstance(found, bytes) else []

    def _uid(self, command: str, *arguments: str) -> list:
        try:
            status, answer = self._server.uid(command, *arguments)
        except _FAILURES as error:
            raise MailboxFailed(_said(error)) from error
        if status != "OK":
            raise MailboxFailed(f"{command} is answered with {status} {answer!r}."[:300])
        return [each for each in answer if each is not None]


@contextmanager
def opened(place: Place) -> Iterator[Folder]:
    """Logged in, with the folder selected. Raises MailboxFailed."""
    try:
        server = _connected(place)
    except _FAILURES as error:
        raise MailboxFailed(_said(error)) from error
    try:
        try:
            server.login(place.user, place.password)
            # Servers say more of what they can to those who are logged in; imaplib has asked before.
            _, (capabilities, *_) = server.capability()
            status, answer = server.select(_quoted(place.folder))
        except _FAILURES as error:
            raise MailboxFailed(_said(error)) from error
        if status != "OK":
            raise MailboxFailed(f"there is no folder {place.folder}: {answer!r}."[:300])
        yield Folder(server, (capabilities or b"").decode().upper().split())
    finally:
        _leave(server)


def _connected(place: Place) -> imaplib.IMAP4:
    seconds = PATIENCE.total_seconds()
    if place.security == "tls":
        return imaplib.IMAP4_SSL(place.host, place.port, ssl_context=_tls(), timeout=seconds)
    server = imaplib.IMAP4(place.host, place.port, timeout=seconds)
    if place.security == "starttls":
        try:
            server.starttls(_tls())
        except _FAILURES:
            _leave(server)
            raise
    return server


def _leave(server: imaplib.IMAP4) -> None:
    try:
        server.logout()
    except _FAILURES:
        server.shutdown()


def _described(answer: bytes) -> Waiting | None:
    uid, size = _UID.search(answer), _SIZE.search(answer)
    if uid is None or size is None:
        return None
    arrived = imaplib.Internaldate2tuple(answer)
    at = None if arrived is None else datetime.fromtimestamp(int(time.mktime(arrived)), tz=UTC)
    return Waiting(int(uid[1]), int(size[1]), at)


def _set(uids: Sequence[int]) -> str:
    return ",".join(map(str, uids))


def _quoted(folder: str) -> str:
    """A quoted string (RFC 9051 §4.3)."""
    return '"' + folder.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _said(error: Exception) -> str:
    """imaplib's errors carry octets of the server. The password is in none: it is an argument, and no answer."""
    return f"{type(error).__name__}: {error}."[:300]


# Reading the system's authorities costs some 20 ms.
@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()
