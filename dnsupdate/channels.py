"""Channels: one connected socket to a nameserver, and the questions that are under way on it by message id."""

from __future__ import annotations

import selectors
import socket
import struct
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from dnsupdate.inquiry import Question

# Read from one socket before the others have their turn: a flood at one port starves nobody.
READS_PER_TURN = 64
MAX_MESSAGE_OCTETS = 65535


class Listener(Protocol):
    """Whom a channel tells what happens on it."""

    def accept(self, channel: Channel, wire: bytes) -> None: ...

    def fail(self, channel: Channel, error: OSError) -> None: ...


class Channel(ABC):
    """Connected: the kernel drops what comes from any other address or port than the server's."""

    kind: socket.SocketKind

    def __init__(self, selector: selectors.BaseSelector, address: tuple[str, int], listener: Listener) -> None:
        self.pending: dict[int, Question] = {}
        self.query_count = 0
        self.is_open = True
        self._selector, self._listener = selector, listener
        self._socket = socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET, self.kind)
        try:
            self._socket.setblocking(False)
            self._begin(address)
        except BaseException:
            self._socket.close()
            raise

    @abstractmethod
    def send(self, wire: bytes) -> None:
        """Sends a query, now or as soon as there is room. Raises OSError."""

    @abstractmethod
    def handle(self, events: int) -> None:
        """What the selector has seen: reads what is there, writes what waits."""

    def close(self) -> None:
        if self.is_open:
            self.is_open = False
            self._selector.unregister(self._socket)
            self._socket.close()

    @abstractmethod
    def _begin(self, address: tuple[str, int]) -> None:
        """Connects and registers with the selector."""


class Datagrams(Channel):
    """UDP. The kernel chooses the port at random (RFC 6056)."""

    kind = socket.SOCK_DGRAM

    def send(self, wire: bytes) -> None:
        """Raises BlockingIOError where there is no room, and ConnectionRefusedError for an earlier datagram."""
        self.query_count += 1
        self._socket.send(wire)

    def handle(self, events: int) -> None:
        receive, accept = self._socket.recv, self._listener.accept
        try:
            for _ in range(READS_PER_TURN):
                accept(self, receive(MAX_MESSAGE_OCTETS))
                if not self.is_open:
                    return
        except BlockingIOError:
            return
        except OSError as error:
            self._listener.fail(self, error)

    def _begin(self, address: tuple[str, int]) -> None:
        self._socket.connect(address)
        self._selector.register(self._socket, selectors.EVENT_READ, self)


class Stream(Channel):
    """TCP, with several questions under way at once (RFC 7766 §6.2.1.1)."""

    kind = socket.SOCK_STREAM

    def send(self, wire: bytes) -> None:
        self.query_count += 1
        self._outgoing += struct.pack("!H", len(wire)) + wire
        self._selector.modify(self._socket, selectors.EVENT_READ | selectors.EVENT_WRITE, self)

    def handle(self, events: int) -> None:
        try:
            if events & selectors.EVENT_WRITE:
                self._write()
            if events & selectors.EVENT_READ:
                self._read()
        except BlockingIOError:
            return
        except OSError as error:
            self._listener.fail(self, error)

    def _begin(self, address: tuple[str, int]) -> None:
        self._outgoing, self._incoming = bytearray(), bytearray()
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.connect_ex(address)
        self._selector.register(self._socket, selectors.EVENT_READ | selectors.EVENT_WRITE, self)

    def _write(self) -> None:
        del self._outgoing[: self._socket.send(self._outgoing)]
        if not self._outgoing:
            self._selector.modify(self._socket, selectors.EVENT_READ, self)

    def _read(self) -> None:
        octets = self._socket.recv(MAX_MESSAGE_OCTETS)
        if not octets:
            raise ConnectionError("the connection was closed before the answer")
        self._incoming += octets
        while self.is_open and len(self._incoming) >= 2:
            end = 2 + int.from_bytes(self._incoming[:2])
            if len(self._incoming) < end:
                return
            wire = bytes(self._incoming[2:end])
            del self._incoming[:end]
            self._listener.accept(self, wire)
