"""Posts: JSON sent to a receiver by HTTP POST, signed; and files fetched by GET. Within limits of time and size, from
permitted addresses only.
"""

import base64
import hmac
import io
import socket
import ssl
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from http.client import HTTPConnection, HTTPException, HTTPResponse
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any
from urllib.parse import SplitResult, urlsplit

from dnsupdate.errors import FetchFailed, PostFailed

Address = IPv4Address | IPv6Address

CONNECT_SECONDS = 4.0
# From the first packet to the last, however slowly the receiver drips. Finding its address is not in it: that takes as long
# as the system's resolver does (resolv.conf).
TOTAL_SECONDS = 10.0
# Of what the receiver answers, for a person who looks for what is wrong with it. The rest is not read.
MAX_ANSWER_OCTETS = 1000
PIECE_OCTETS = 64 * 1024
# A name with a hundred addresses must not make us connect a hundred times.
MAX_ADDRESSES = 3


@dataclass(frozen=True, slots=True)
class Answer:
    """What the other side said: the status, the body or the beginning of it, and headers by their names in lower case."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_accepted(self) -> bool:
        """Redirects are not followed: they would lead to where nobody has looked, and lose the body on the way."""
        return 200 <= self.status < 300

    @property
    def text(self) -> str:
        """The body, fit to be shown."""
        return "".join(each if each.isprintable() else " " for each in self.body.decode(errors="replace")).strip()


def anywhere(address: Address) -> bool:
    """For receivers that the operator has chosen."""
    return True


def post(url: str, body: bytes, headers: dict[str, str], *, permits: Callable[[Address], bool] = anywhere) -> Answer:
    """One POST of JSON. The address is looked up once, must be permitted, and is the one that is connected to.

    No proxy of the environment is used: it would choose the address. Raises PostFailed.
    """
    parts = urlsplit(url)
    ends_at = time.monotonic() + TOTAL_SECONDS
    try:
        connection = _Connection(parts, _permitted(parts, permits), ends_at)
        try:
            connection.request(
                "POST", _target(parts), body, {"Content-Type": "application/json", "Connection": "close", **headers}
            )
            return _read(connection)
        finally:
            connection.hang_up()
    except (OSError, HTTPException, ValueError) as error:
        raise PostFailed(f"{type(error).__name__}: {error}."[:500]) from error


def get(
    url: str, headers: Mapping[str, str], *, most: int, seconds: float, permits: Callable[[Address], bool] = anywhere
) -> Answer:
    """One GET, as post is one POST: at most so many octets of body, unpacked ones too, in so many seconds over all.

    The body is whole, or FetchFailed is raised; that of an answer other than 200 is not read.
    """
    parts = urlsplit(url)
    ends_at = time.monotonic() + seconds
    try:
        connection = _Connection(parts, _permitted(parts, permits), ends_at)
        try:
            connection.request(
                "GET", _target(parts), headers={"Accept-Encoding": "gzip", "Connection": "close", **headers}
            )
            answer = connection.getresponse()
            said = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, _whole(answer, most) if answer.status == 200 else b"", said)
        finally:
            connection.hang_up()
    except PostFailed as error:
        raise FetchFailed(*error.args) from error
    except (OSError, HTTPException, ValueError, zlib.error) as error:
        raise FetchFailed(f"{type(error).__name__}: {error}."[:500]) from error


def body_signature(secret: str, body: bytes) -> str:
    """`sha256=` and the hexadecimal HMAC of the body (RFC 2104)."""
    return "sha256=" + hmac.new(secret.encode(), body, "sha256").hexdigest()


def signed_headers(secrets: Sequence[bytes], identity: str, at: int, body: bytes) -> dict[str, str]:
    """As Standard Webhooks has it: one signature per secret, so that a new one can be introduced while the old one holds.

    at is in seconds since the epoch. identity is the same for every try of the same message.
    """
    content = b".".join((identity.encode(), str(at).encode(), body))
    macs = (base64.b64encode(hmac.digest(secret, content, "sha256")).decode() for secret in secrets)
    return {
        "webhook-id": identity,
        "webhook-timestamp": str(at),
        "webhook-signature": " ".join(f"v1,{mac}" for mac in macs),
    }


def _target(parts: SplitResult) -> str:
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _whole(answer: HTTPResponse, most: int) -> bytes:
    """All of the body, unpacked as it comes. Raises FetchFailed where it is longer, or ends too early."""
    if (answer.length or 0) > most:
        raise FetchFailed(f"it has {answer.length} octets; the most is {most}.")
    is_packed = (answer.headers.get("Content-Encoding") or "").strip().lower() in ("gzip", "x-gzip")
    # 16: with the header and trailer of gzip (RFC 1952).
    unpacking = zlib.decompressobj(zlib.MAX_WBITS | 16) if is_packed else None
    pieces, size, packed_size = [], 0, 0
    while octets := answer.read(PIECE_OCTETS):
        packed_size += len(octets)
        piece = octets if unpacking is None else unpacking.decompress(octets, most + 1 - size)
        pieces.append(piece)
        size += len(piece)
        if max(size, packed_size) > most:
            raise FetchFailed(f"it has more than {most} octets.")
    if answer.length or (unpacking is not None and not unpacking.eof):
        raise FetchFailed("it ended too early.")
    return b"".join(pieces)


def _permitted(parts: SplitResult, permits: Callable[[Address], bool]) -> list[Address]:
    """Raises PostFailed where none is, and OSError where the name has none."""
    if not parts.hostname:
        raise PostFailed("the URL names no host.")
    found = socket.getaddrinfo(parts.hostname, _port(parts), type=socket.SOCK_STREAM)
    addresses = [ip_address(str(place[0]).partition("%")[0]) for *_, place in found]
    permitted = [address for address in dict.fromkeys(addresses) if permits(_plain(address))]
    if not permitted:
        raise PostFailed(f"{parts.hostname} has no address that may be connected to from here.")
    return permitted[:MAX_ADDRESSES]


def _plain(address: Address) -> Address:
    """An IPv4-mapped address leads to the IPv4 one."""
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def _port(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


def _read(connection: HTTPConnection) -> Answer:
    answer = connection.getresponse()
    try:
        return Answer(answer.status, answer.read(MAX_ANSWER_OCTETS))
    except (OSError, HTTPException):
        # It has decided already; how the rest of its answer drips is no matter.
        return Answer(answer.status, b"")


class _Connection(HTTPConnection):
    """To one of these addresses, under the receiver's own name in Host and in TLS (RFC 6066 §3)."""

    def __init__(self, parts: SplitResult, addresses: Sequence[Address], ends_at: float) -> None:
        super().__init__(parts.hostname or "", _port(parts))
        self.default_port = 443 if parts.scheme == "https" else 80
        self._is_tls, self._addresses, self._ends_at = parts.scheme == "https", addresses, ends_at
        self._raw: socket.socket | None = None

    def connect(self) -> None:
        self._raw = self._reach()
        if self._is_tls:
            self._raw.settimeout(_left(self._ends_at))
            self._raw = _tls().wrap_socket(self._raw, server_hostname=self.host)
        self.sock: Any = _Bounded(self._raw, self._ends_at)

    def hang_up(self) -> None:
        if self._raw is not None:
            self._raw.close()

    def _reach(self) -> socket.socket:
        failure: OSError = TimeoutError()
        for address in self._addresses:
            try:
                timeout = min(CONNECT_SECONDS, _left(self._ends_at))
                return socket.create_connection((str(address), self.port), timeout=timeout)
            except OSError as error:
                failure = error
        raise failure


class _Bounded:
    """A connected socket whose time is up at a fixed moment: a time-out of its own would begin anew with every octet."""

    def __init__(self, sock: socket.socket, ends_at: float) -> None:
        self._sock, self._ends_at = sock, ends_at

    def sendall(self, octets: bytes) -> None:
        self._sock.settimeout(_left(self._ends_at))
        self._sock.sendall(octets)

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self._sock, self._ends_at))

    def close(self) -> None:
        """The connection hangs up when the answer was read."""


class _Reader(io.RawIOBase):
    def __init__(self, sock: socket.socket, ends_at: float) -> None:
        self._sock, self._ends_at = sock, ends_at

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._sock.settimeout(_left(self._ends_at))
        return self._sock.recv_into(buffer)


def _left(ends_at: float) -> float:
    """Seconds. Raises TimeoutError when there are none."""
    left = ends_at - time.monotonic()
    if left <= 0:
        raise TimeoutError("the receiver takes too long")
    return left


# Reading the system's authorities costs some 20 ms.
@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()
