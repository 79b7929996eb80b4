"""A server on loopback that answers every question with whatever a test makes of it, over UDP and TCP."""

import contextlib
import socket
import struct
import threading
from collections.abc import Callable

from deploy.local.ports import LOOPBACK, free_port

POLL_SECONDS = 0.05


class ScriptedServer:
    """answer(query, is_tcp) gives the octets to send, or None for silence. drip: over TCP octet by octet, for ever."""

    def __init__(self, answer: Callable[[bytes, bool], bytes | None], *, drip: bool = False) -> None:
        self.port, self._answer, self._drip = free_port(), answer, drip
        self._stopped = threading.Event()
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind((LOOPBACK, self.port))
        self._tcp = socket.create_server((LOOPBACK, self.port))
        for each in (self._udp, self._tcp):
            each.settimeout(POLL_SECONDS)
        self._threads = [threading.Thread(target=run) for run in (self._serve_udp, self._serve_tcp)]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join()
        self._udp.close()
        self._tcp.close()

    def _serve_udp(self) -> None:
        while not self._stopped.is_set():
            with contextlib.suppress(TimeoutError):
                query, peer = self._udp.recvfrom(65535)
                if (answer := self._answer(query, False)) is not None:
                    self._udp.sendto(answer, peer)

    def _serve_tcp(self) -> None:
        while not self._stopped.is_set():
            with contextlib.suppress(TimeoutError, OSError):
                connection, _ = self._tcp.accept()
                with connection:
                    connection.settimeout(1)
                    length = struct.unpack("!H", connection.recv(2))[0]
                    self._send(connection, self._answer(connection.recv(length), True))

    def _send(self, connection: socket.socket, answer: bytes | None) -> None:
        if answer is None:
            return
        octets = struct.pack("!H", len(answer)) + answer
        if not self._drip:
            connection.sendall(octets)
            return
        for octet in octets:
            if self._stopped.wait(POLL_SECONDS):
                return
            connection.sendall(bytes([octet]))
