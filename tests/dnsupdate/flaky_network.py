"""A TCP proxy on loopback that loses what a network or a dying server loses."""

import contextlib
import select
import socket
import threading

CHUNK = 65536


class FlakyNetwork:
    """Passes everything, until told how many octets more it lets through in one direction.

    cut_requests_after / cut_answers_after: the connection breaks then. swallow_answers: it stays open and nothing comes.
    """

    def __init__(self, host: str, port: int) -> None:
        self._upstream = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.1)
        self.port = self._listener.getsockname()[1]
        self._stopped = threading.Event()
        self.heal()
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def heal(self) -> None:
        self.cut_requests_after: int | None = None
        self.cut_answers_after: int | None = None
        self.swallow_answers = False

    def close(self) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def _accept(self) -> None:
        while not self._stopped.is_set():
            with contextlib.suppress(TimeoutError):
                client, _ = self._listener.accept()
                self._threads.append(threading.Thread(target=self._pass, args=(client,)))
                self._threads[-1].start()

    def _pass(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError), socket.create_connection(self._upstream) as server:
            is_open = True
            while is_open and not self._stopped.is_set():
                for ready in select.select([client, server], [], [], 0.1)[0]:
                    octets = ready.recv(CHUNK)
                    is_open &= bool(octets) and (
                        self._request(server, octets) if ready is client else self._answer(client, octets)
                    )

    def _request(self, server: socket.socket, octets: bytes) -> bool:
        server.sendall(octets[: self.cut_requests_after])
        return self.cut_requests_after is None

    def _answer(self, client: socket.socket, octets: bytes) -> bool:
        if not self.swallow_answers:
            client.sendall(octets[: self.cut_answers_after])
        return self.cut_answers_after is None
