"""A nameserver on loopback that answers what a test tells it to, over UDP and TCP: hostile ones cannot be installed."""

import contextlib
import selectors
import socket
import struct
import threading
from collections.abc import Callable

import dns.flags
import dns.message
import dns.rdatatype
import dns.rrset

from deploy.local.ports import free_port

# From a query and where it came from: the octets to send back, in order.
Script = Callable[[bytes, tuple[str, int]], list[bytes]]


class HostileServer:
    """over_tcp answers a query over TCP with the octets to send as they are, length included."""

    def __init__(self, script: Script, over_tcp: Callable[[bytes], bytes] | None = None) -> None:
        self.script, self.over_tcp = script, over_tcp
        self.queries: list[bytes] = []
        self.sources: list[tuple[str, int]] = []
        self._datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.port = free_port()
        self._datagrams.bind(("127.0.0.1", self.port))
        self._listener = socket.create_server(("127.0.0.1", self.port))
        # From another port: what it sends to a client is forged.
        self.forger = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._stopped = threading.Event()
        self._threads = [threading.Thread(target=self._serve)]

    def __enter__(self) -> "HostileServer":
        self._threads[0].start()
        return self

    def __exit__(self, *_) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join()
        for each in (self._datagrams, self._listener, self.forger):
            each.close()

    def _serve(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._datagrams, selectors.EVENT_READ, self._answer_datagram)
            selector.register(self._listener, selectors.EVENT_READ, self._answer_connection)
            while not self._stopped.is_set():
                for key, _ in selector.select(0.05):
                    key.data()

    def _answer_datagram(self) -> None:
        query, source = self._datagrams.recvfrom(65535)
        self.queries.append(query)
        self.sources.append(source)
        for octets in self.script(query, source):
            self._datagrams.sendto(octets, source)

    def _answer_connection(self) -> None:
        connection, _ = self._listener.accept()
        self._threads.append(threading.Thread(target=self._answer_stream, args=(connection,)))
        self._threads[-1].start()

    def _answer_stream(self, connection: socket.socket) -> None:
        connection.settimeout(5)
        with connection, contextlib.suppress(OSError), connection.makefile("rb") as stream:
            while head := stream.read(2):
                query = stream.read(*struct.unpack("!H", head))
                self.queries.append(query)
                octets = self.over_tcp(query) if self.over_tcp else b""
                if not octets:
                    return
                connection.sendall(octets)


def answer(query: bytes, address: str = "192.0.2.1", *, flags: int = dns.flags.AA) -> bytes:
    """The answer that an honest server would give to a question for an address; other types get nothing."""
    asked = dns.message.from_wire(query)
    response = dns.message.make_response(asked)
    response.flags |= flags
    (question,) = asked.question
    if dns.rdatatype.to_text(question.rdtype) == "A" and not flags & dns.flags.TC:
        response.answer.append(dns.rrset.from_text(question.name, 60, "IN", "A", address))
    return response.to_wire()


def framed(wire: bytes) -> bytes:
    return struct.pack("!H", len(wire)) + wire
