"""Headers of a mail: the few that decide whose it is and whether it is answered. Pure; nothing of the body is parsed."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.utils import getaddresses

from abuse.intake.text import clean

KIB = 1024
# No honest mail has more, and no hostile one shall cost more.
MAX_OCTETS = 256 * KIB
MAX_HEADERS = 1000
MAX_VALUE_CHARACTERS = 4000
_END = re.compile(rb"\r?\n\r?\n")
_NAME = re.compile(r"([!-9;-~]{1,100}):(.*)", re.DOTALL)
# What the same mail has by every way that it comes.
_LASTING = ("message-id", "from", "date", "subject")


@dataclass(frozen=True, slots=True)
class Mailbox:
    """One address, in lower case, with the name before it."""

    address: str
    name: str = ""

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]

    @property
    def local(self) -> str:
        return self.address.rpartition("@")[0]


@dataclass(frozen=True, slots=True)
class Headers:
    """values by the header's name in lower case, the topmost first, unfolded. digest names the mail whichever way it came."""

    values: Mapping[str, Sequence[str]]
    digest: bytes

    def first(self, name: str) -> str:
        return next(iter(self.values.get(name, ())), "")

    @property
    def message_id(self) -> str:
        return self.first("message-id").strip()[:300]

    @property
    def subject(self) -> str:
        """For people: decoded (RFC 2047), in one line."""
        return " ".join(_decoded(self.first("subject")).split())[:300]

    @property
    def author(self) -> Mailbox | None:
        """From, where it names exactly one: with several nobody could say whose mail it is."""
        values = self.values.get("from", ())
        found = mailboxes(values[0]) if len(values) == 1 else []
        return found[0] if len(found) == 1 else None

    @property
    def return_path(self) -> str:
        """Where the last server says that it came from; empty for a bounce, and where nothing is said."""
        found = mailboxes(self.first("return-path"))
        return found[0].address if found else ""


def parse(content: bytes) -> Headers:
    """Never raises: what is no header is passed over."""
    end = _END.search(content, 0, MAX_OCTETS)
    head, body = (content[: end.start()], content[end.end() :]) if end else (content[:MAX_OCTETS], content[MAX_OCTETS:])
    values: dict[str, list[str]] = {}
    text = head.decode("utf-8", "replace").replace("\r\n", "\n").replace("\0", "")
    for line in re.sub(r"\n(?=[ \t])", "", text).split("\n", MAX_HEADERS)[:MAX_HEADERS]:
        if (match := _NAME.fullmatch(line)) is not None:
            values.setdefault(match[1].lower(), []).append(match[2].strip()[:MAX_VALUE_CHARACTERS])
    return Headers(values, _digest(values, body))


def mailboxes(text: str) -> list[Mailbox]:
    """Of a header with addresses (RFC 5322 §3.4), those that are some."""
    try:
        found = getaddresses([text[:MAX_VALUE_CHARACTERS]])
    except (ValueError, IndexError, HeaderParseError, RecursionError):
        return []
    return [
        Mailbox(address.lower(), " ".join(_decoded(name).split())[:200])
        for name, address in found
        if is_address(address)
    ]


def is_address(text: str) -> bool:
    local, at, domain = text.rpartition("@")
    is_printable = text.isascii() and text.isprintable() and not set(text) & set(' <>,;"\\')
    return bool(local and at and domain) and is_printable and len(text) <= 254


def _digest(values: Mapping[str, Sequence[str]], body: bytes) -> bytes:
    """Line ends differ between an MTA's pipe and IMAP."""
    digest = hashlib.sha256()
    for name in _LASTING:
        digest.update("\n".join(values.get(name, ())).encode("utf-8", "replace") + b"\0")
    digest.update(body.replace(b"\r\n", b"\n").rstrip(b"\n"))
    return digest.digest()


def _decoded(text: str) -> str:
    try:
        return clean(str(make_header(decode_header(text))))
    except (HeaderParseError, ValueError, LookupError, TypeError):
        return clean(text)
