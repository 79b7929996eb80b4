"""Receivers: real web servers that keep what they are posted or asked for, and answer as a test wants them to."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from dnsupdate import posts
from tests.certificates import Certificate, issue

LOOPBACK = "127.0.0.1"


class Receiver(ThreadingHTTPServer):
    """Over TLS with a certificate. `headers` and `body` are what it answers with `status`.

    While `holds` is set it says nothing more than `first_octets`, until it is closed.
    """

    daemon_threads = True

    def __init__(self, certificate: Certificate | None = None) -> None:
        super().__init__((LOOPBACK, 0), _Handler)
        self.received: list[tuple[dict, bytes]] = []
        self.paths: list[str] = []
        self.status, self.headers, self.body = 204, {}, b""
        self.holds, self.first_octets = False, b""
        self.is_closing = threading.Event()
        self.scheme = "https" if certificate else "http"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate.certificate, certificate.key)
            self.socket = context.wrap_socket(self.socket, server_side=True)
        self.thread = threading.Thread(target=self.serve_forever)
        self.thread.start()

    @property
    def url(self) -> str:
        return self.url_at(LOOPBACK)

    def url_at(self, host: str) -> str:
        return f"{self.scheme}://{host}:{self.server_port}/hook"

    def close(self) -> None:
        self.is_closing.set()
        self.shutdown()
        self.thread.join()
        self.server_close()

    def handle_error(self, request, client_address) -> None:
        """A client that hangs up is no error here."""


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers["Content-Length"])))

    def do_GET(self) -> None:
        self._answer(b"")

    def _answer(self, body: bytes) -> None:
        self.server.paths.append(self.path)
        self.server.received.append((dict(self.headers), body))
        if self.server.holds:
            self.wfile.write(self.server.first_octets)
            self.server.is_closing.wait()
            return
        self.send_response(self.server.status)
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        self.end_headers()
        with suppress(OSError):
            self.wfile.write(self.server.body)

    def log_message(self, format: str, *args) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def tls_receiver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """Its certificate is for localhost and 127.0.0.1, and trusted."""
    certificate = issue(tmp_path / "certificates")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.authority))
    posts._tls.cache_clear()
    receiver = Receiver(certificate)
    yield receiver
    receiver.close()
    posts._tls.cache_clear()
