"""Hostnames as their devices know them, and one device's connection."""

import base64
import socket
from dataclasses import dataclass
from itertools import product

from deploy.local.ports import LOOPBACK

# RFC 5737, in the order in which update.lua counts them.
ADDRESSES = [f"{net}.{last}" for net, last in product(("192.0.2", "198.51.100", "203.0.113"), range(1, 255))]
ANSWER_SECONDS = 10.0


@dataclass(frozen=True)
class Customer:
    """A hostname and its key."""

    name: str
    key: str

    @property
    def authorization(self) -> str:
        return base64.b64encode(f"{self.name}:{self.key}".encode()).decode()

    def request(self, address: str) -> bytes:
        return (
            f"GET /nic/update?hostname={self.name}&myip={address} HTTP/1.1\r\nHost: {LOOPBACK}\r\n"
            f"User-Agent: bench/1\r\nAuthorization: Basic {self.authorization}\r\n\r\n"
        ).encode()


class Connection:
    """Kept open; one request at a time."""

    def __init__(self, port: int, *, timeout: float = ANSWER_SECONDS) -> None:
        self.socket = socket.create_connection((LOOPBACK, port), timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def update(self, customer: Customer, address: str) -> str:
        """The body of the answer."""
        self.send(customer, address)
        return self.receive()

    def send(self, customer: Customer, address: str) -> None:
        self.socket.sendall(customer.request(address))

    def receive(self) -> str:
        head, _, body = self._read_past(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split()[0])
        while len(body) < length:
            body += self._more()
        return body.decode().strip()

    def close(self) -> None:
        self.socket.close()

    def _read_past(self, mark: bytes) -> tuple[bytes, bytes, bytes]:
        octets = b""
        while mark not in octets:
            octets += self._more()
        return octets.partition(mark)

    def _more(self) -> bytes:
        octets = self.socket.recv(4096)
        if not octets:
            raise ConnectionError("the server closed the connection")
        return octets
