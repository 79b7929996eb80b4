"""Talks to a zone's primary over one kept TCP connection, and remembers the fence."""

import itertools
import secrets
import socket
import struct
import time
from collections.abc import Sequence

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.tsig

from dnsupdate import messages
from dnsupdate.errors import DnsUpdateError, FenceMoved, ServerFailed, Unreachable, ZoneMissing
from dnsupdate.messages import Change

# A primary under load answers within a second (Knot with a million names: 950 ms). The lease is longer than this.
ANSWER_TIMEOUT_SECONDS = 4.0
# Servers close idle connections after 10 to 30 seconds; a younger one is worth trying.
IDLE_SECONDS = 8.0
# How often another publisher's message may slip in between asking for the fence and sending.
FENCE_TRIES = 3


class Primary:
    """One zone at its primary: sends changes in order, each message at most once per fence value.

    Not for several threads. After an error the connection is closed and the fence is asked for anew.
    """

    def __init__(self, apex: str, host: str, port: int, key: dns.tsig.Key) -> None:
        self.apex, self.address, self.key = apex, (host, port), key
        self._socket: socket.socket | None = None
        self._used_at = 0.0
        self._fence: list[bytes] = []
        self._is_fence_known = False
        self._session = secrets.token_hex(6)
        self._numbers = itertools.count(1)

    def send(self, changes: Sequence[Change]) -> None:
        """Returns when the primary has acknowledged that all the names answer what they shall.

        Raises PrimaryError for what concerns the zone, RecordsRefused for what concerns these records,
        InvalidRRset and MessageTooBig from building. Nothing of a refused message was applied.
        """
        for _ in range(FENCE_TRIES):
            if not self._is_fence_known:
                self._ask_for_fence()
            try:
                return self._send_once(changes)
            except FenceMoved:
                self._is_fence_known = False
        raise FenceMoved

    def nameserver_names(self) -> set[str]:
        """The targets of the zone's NS RRset, in lower case. Raises PrimaryError."""
        targets = self._read_answer(self._ask(f"{self.apex}.", "NS"), dns.rdatatype.NS)
        return {dns.name.from_wire(rdata, 0)[0].to_text(omit_final_dot=True).lower() for rdata in targets}

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
        self._socket = None
        self._is_fence_known = False

    def _send_once(self, changes: Sequence[Change]) -> None:
        next_fence = f"{self._session}-{next(self._numbers)}"
        message = messages.build(
            self.apex,
            changes,
            self.key,
            message_id=secrets.randbits(16),
            fence=self._fence,
            next_fence=next_fence,
            now=int(time.time()),
        )
        answer = self._exchange(message.wire)
        try:
            messages.check_answer(answer, message, self.key)
        except FenceMoved:
            raise
        except DnsUpdateError:
            # Knot closes the connection behind a message that it cannot parse, and nobody must read a late answer.
            self.close()
            raise
        self._fence = [messages.fence_rdata(next_fence)]

    def _ask_for_fence(self) -> None:
        self._fence = self._read_answer(self._ask(f"{messages.FENCE_LABEL}.{self.apex}.", "TXT"), dns.rdatatype.TXT)
        self._is_fence_known = True

    def _ask(self, name: str, type_name: str) -> dns.message.Message:
        query = dns.message.make_query(name, type_name, flags=0)
        try:
            answer = dns.message.from_wire(self._exchange(query.to_wire()))
        except dns.exception.DNSException as error:
            self.close()
            raise ServerFailed(f"its answer is malformed ({type(error).__name__}).") from error
        if not query.is_response(answer):
            self.close()
            raise ServerFailed("its answer belongs to another message.")
        return answer

    @staticmethod
    def _read_answer(answer: dns.message.Message, rdtype: dns.rdatatype.RdataType) -> list[bytes]:
        if answer.rcode() not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN, dns.rcode.REFUSED, dns.rcode.NOTAUTH):
            raise ServerFailed(dns.rcode.to_text(answer.rcode()) + ".")
        if not answer.flags & dns.flags.AA or answer.rcode() == dns.rcode.REFUSED:
            raise ZoneMissing
        return [rdata.to_wire() for rrset in answer.answer if rrset.rdtype == rdtype for rdata in rrset]

    def _exchange(self, wire: bytes) -> bytes:
        """Sends one message and reads its answer. Raises Unreachable; whether the message arrived is then unknown."""
        deadline = time.monotonic() + ANSWER_TIMEOUT_SECONDS
        try:
            connection = self._connection(deadline)
            connection.settimeout(max(0.001, deadline - time.monotonic()))
            connection.sendall(struct.pack("!H", len(wire)) + wire)
            (length,) = struct.unpack("!H", self._read(connection, 2, deadline))
            answer = self._read(connection, length, deadline)
        # UnicodeError: the host name cannot be one (RFC 3490), and is not looked up.
        except (OSError, UnicodeError) as error:
            self.close()
            raise Unreachable(f"{self.address[0]} port {self.address[1]}: {error or type(error).__name__}.") from error
        self._used_at = time.monotonic()
        return answer

    def _connection(self, deadline: float) -> socket.socket:
        if self._socket is not None and time.monotonic() - self._used_at > IDLE_SECONDS:
            self._socket.close()
            self._socket = None
        if self._socket is None:
            self._socket = socket.create_connection(self.address, timeout=deadline - time.monotonic())
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self._socket

    @staticmethod
    def _read(connection: socket.socket, count: int, deadline: float) -> bytes:
        octets = bytearray()
        while len(octets) < count:
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                raise TimeoutError(f"no answer within {ANSWER_TIMEOUT_SECONDS:g} seconds")
            connection.settimeout(remaining)
            chunk = connection.recv(count - len(octets))
            if not chunk:
                raise ConnectionError("the connection was closed before the answer")
            octets += chunk
        return bytes(octets)
