"""Talks to a zone's primary over one kept TCP connection, and remembers the fence."""

import itertools
import secrets
import socket
import struct
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.tsig

from dnsupdate import messages
from dnsupdate.batch_size import BatchSize
from dnsupdate.errors import DnsUpdateError, FenceMoved, RecordsRefused, ServerFailed, Unreachable, ZoneMissing
from dnsupdate.messages import Change, UpdateMessage

# A primary under load answers within a second (Knot with a million names: 950 ms). The lease is longer than this.
ANSWER_TIMEOUT_SECONDS = 4.0
# Servers close idle connections after 10 to 30 seconds; a younger one is worth trying.
IDLE_SECONDS = 8.0
GRACE_SECONDS = 0.2
# How often another publisher's message may slip in between asking for the fence and sending.
FENCE_TRIES = 3


class Primary:
    """One zone at its primary: sends changes in order, each message at most once per fence value.

    One message is on the wire at a time; the next one may be prepared meanwhile. Not for several threads. After an error the
    connection is closed and the fence is asked for anew.
    """

    def __init__(self, apex: str, host: str, port: int, key: dns.tsig.Key) -> None:
        self.apex, self.address, self.key = apex, (host, port), key
        self.batch_size = BatchSize()
        self._socket: socket.socket | None = None
        self._used_at = 0.0
        self._posted: UpdateMessage | None = None
        self._deadline = 0.0
        # What the fence's RRset holds once the primary has applied what was posted.
        self._fence: Sequence[bytes] = ()
        self._is_fence_known = False
        self._session = secrets.token_hex(6)
        self._numbers = itertools.count(1)

    def learn_fence(self) -> None:
        """Asks for the fence unless it is known. Raises PrimaryError.

        Before the rows are read: what another publisher sends after that moves it, and what was read is refused.
        """
        if not self._is_fence_known:
            self._ask_for_fence()

    def check(self) -> None:
        """Sends a message without names. Raises the PrimaryError that says what is wrong with the zone."""
        for _ in range(FENCE_TRIES):
            self.learn_fence()
            with suppress(FenceMoved):
                return self.send([])
        raise FenceMoved

    def send(self, changes: Sequence[Change]) -> None:
        """Returns when the primary has acknowledged that all the names answer what they shall.

        Raises PrimaryError for what concerns the zone, FenceMoved where the fence is not what it was when it was learnt,
        RecordsRefused for what concerns these records, InvalidRRset and MessageTooBig from building. Nothing of a refused
        message was applied.
        """
        self.post(self.prepare(changes))
        try:
            self.collect()
        except RecordsRefused as error:
            if changes:
                raise
            raise ServerFailed(f"{error.reason} to a message without names.") from error

    def prepare(self, changes: Sequence[Change]) -> UpdateMessage:
        """The message that follows the one on the wire. Raises FenceMoved if that is unknown, InvalidRRset, MessageTooBig."""
        if not self._is_fence_known:
            raise FenceMoved
        return messages.build(
            self.apex,
            changes,
            self.key,
            message_id=secrets.randbits(16),
            fence=self._fence,
            next_fence=f"{self._session}-{next(self._numbers)}",
            now=int(time.time()),
        )

    def is_next(self, message: UpdateMessage) -> bool:
        """Whether the message, prepared earlier, still follows what the primary has applied."""
        return self._is_fence_known and message.fence is self._fence

    def post(self, message: UpdateMessage) -> None:
        """Sends it without waiting for the answer. Raises Unreachable."""
        with self._reaching():
            self._deadline = time.monotonic() + ANSWER_TIMEOUT_SECONDS
            self._write(message.wire)
        self._posted, self._fence = message, message.next_fence

    def collect(self) -> None:
        """Waits for the answer to what was posted. Raises PrimaryError, FenceMoved and RecordsRefused."""
        message, self._posted = self._posted, None
        if message is None:
            raise ValueError("Nothing was posted.")
        # What came while we did something else is taken, however long that took.
        self._deadline = max(self._deadline, time.monotonic() + GRACE_SECONDS)
        with self._reaching():
            answer = self._read_message()
        try:
            messages.check_answer(answer, message, self.key)
        except FenceMoved:
            self._is_fence_known = False
            raise
        except DnsUpdateError:
            # Knot closes the connection behind a message that it cannot parse, and nobody must read a late answer.
            self.close()
            # It was refused, and not applied. Had it been, the fence would refuse the next one.
            self._fence, self._is_fence_known = message.fence, True
            raise

    def settle(self) -> None:
        """Closes the connection if an answer is still to come, so that nobody takes it for the answer to something else."""
        if self._posted is not None:
            self.close()

    def nameserver_names(self) -> set[str]:
        """The targets of the zone's NS RRset, in lower case. Raises PrimaryError."""
        targets = self._read_answer(self._ask(f"{self.apex}.", "NS"), dns.rdatatype.NS)
        return {dns.name.from_wire(rdata, 0)[0].to_text(omit_final_dot=True).lower() for rdata in targets}

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
        self._socket = self._posted = None
        self._is_fence_known = False

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
        with self._reaching():
            self._deadline = time.monotonic() + ANSWER_TIMEOUT_SECONDS
            self._write(wire)
            return self._read_message()

    @contextmanager
    def _reaching(self) -> Iterator[None]:
        """Raises Unreachable for whatever the network does."""
        try:
            yield
        # UnicodeError: the host name cannot be one (RFC 3490), and is not looked up.
        except (OSError, UnicodeError) as error:
            self.close()
            raise Unreachable(f"{self.address[0]} port {self.address[1]}: {error or type(error).__name__}.") from error

    def _write(self, wire: bytes) -> None:
        connection = self._connection()
        connection.settimeout(self._remaining())
        connection.sendall(struct.pack("!H", len(wire)) + wire)

    def _read_message(self) -> bytes:
        (length,) = struct.unpack("!H", self._read(2))
        answer = self._read(length)
        self._used_at = time.monotonic()
        return answer

    def _connection(self) -> socket.socket:
        if self._socket is not None and time.monotonic() - self._used_at > IDLE_SECONDS:
            self._socket.close()
            self._socket = None
        if self._socket is None:
            self._socket = socket.create_connection(self.address, timeout=self._remaining())
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self._socket

    def _read(self, count: int) -> bytes:
        octets = bytearray()
        while len(octets) < count:
            chunk = self._receive(count - len(octets))
            if not chunk:
                raise ConnectionError("the connection was closed before the answer")
            octets += chunk
        return bytes(octets)

    def _receive(self, count: int) -> bytes:
        if self._socket is None:
            return b""
        self._socket.settimeout(self._remaining())
        return self._socket.recv(count)

    def _remaining(self) -> float:
        """Seconds until the answer must be here. Raises TimeoutError."""
        remaining = self._deadline - time.monotonic()
        if remaining <= 0:
            raise TimeoutError(f"no answer within {ANSWER_TIMEOUT_SECONDS:g} seconds")
        return remaining
