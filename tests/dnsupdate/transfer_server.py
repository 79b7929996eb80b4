"""A server on loopback that answers a transfer with whatever a test makes up, octet by octet."""

import socket
import struct
import threading
from collections.abc import Callable, Sequence
from typing import Self

import dns.flags
import dns.message
import dns.rrset
import dns.tsig

Answer = Callable[[dns.message.Message], Sequence[bytes]]


class TransferServer:
    """Reads one request on each connection, sends the messages that `answer` gives, each with its length, and closes."""

    def __init__(self, key: dns.tsig.Key) -> None:
        self.key, self.answer = key, lambda request: []
        self.host = "127.0.0.1"
        self._listener = socket.create_server((self.host, 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection, connection.makefile("rb") as stream:
                request = stream.read(int.from_bytes(stream.read(2)))
                parsed = dns.message.from_wire(request, keyring={self.key.name: self.key})
                try:
                    for octets in self.answer(parsed):
                        connection.sendall(struct.pack("!H", len(octets)) + octets)
                except ConnectionError:
                    # Whoever has seen enough hangs up.
                    continue


def message(request: dns.message.Message, *records: str) -> dns.message.Message:
    """An answer that holds these records, one RRset each: "name ttl type rdata"."""
    answer = dns.message.QueryMessage(id=request.id)
    answer.flags = dns.flags.QR | dns.flags.AA
    answer.question = list(request.question)
    for text in records:
        name, ttl, rdtype, rdata = text.split(" ", 3)
        answer.answer.append(dns.rrset.from_text(name, int(ttl), "IN", rdtype, rdata))
    return answer


def signed(
    request: dns.message.Message,
    key: dns.tsig.Key,
    messages: Sequence[dns.message.Message],
    *,
    unsigned: Sequence[int] = (),
) -> list[bytes]:
    """The messages as one signed sequence (RFC 8945 §5.3.1); those with these indexes without a signature of their own."""
    wires, context = [], None
    for index, each in enumerate(messages):
        if index in unsigned:
            wire = each.to_wire()
            if context is not None:
                context.update(wire)
        else:
            each.use_tsig({key.name: key}, key.name, algorithm=key.algorithm)
            each.request_mac = request.mac
            wire = each.to_wire(multi=True, tsig_ctx=context)
            context = each.tsig_ctx
        wires.append(wire)
    return wires
