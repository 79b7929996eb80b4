"""Time from an answer to DNS: some hosts are updated at a modest rate, and the nameservers asked until they show it."""

import select
import socket
import struct
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import dns.message

from bench.customers import ADDRESSES, Connection, Customer
from deploy.local.ports import LOOPBACK

PROBES_PER_SECOND = 10
POLL_SECONDS = 0.005
# Behind the question of our own length: pointer, type, class, TTL, length; then the four octets of an A record.
_ANSWER_HEADER_OCTETS = 12
NXDOMAIN = 3


@dataclass
class Sample:
    """One update under way: seconds of the monotonic clock."""

    number: int
    address: bytes
    answered_at: float
    seen_at: dict[str, float] = field(default_factory=dict)


class Watcher:
    """Asks nameservers over UDP without waiting for the answers."""

    def __init__(self, ports: Mapping[str, int], customers: Sequence[Customer]) -> None:
        self.sockets = {name: _udp(port) for name, port in ports.items()}
        self.queries = [_query(number, customer.name) for number, customer in enumerate(customers)]

    def ask(self, server: str, number: int) -> None:
        self.sockets[server].send(self.queries[number])

    def answers(self, server: str) -> list[tuple[int, int, bytes]]:
        """Number, rcode and address of every answer that is here."""
        found = []
        while True:
            try:
                octets = self.sockets[server].recv(4096)
            except BlockingIOError:
                return found
            number, flags, _, answer_count = struct.unpack_from("!HHHH", octets)
            begin = len(self.queries[number]) + _ANSWER_HEADER_OCTETS
            found.append((number, flags & 15, octets[begin : begin + 4] if answer_count else b""))

    def close(self) -> None:
        for each in self.sockets.values():
            each.close()


class Prober:
    def __init__(self, web_port: int, ports: Mapping[str, int], customers: Sequence[Customer]) -> None:
        self.customers, self.watcher = customers, Watcher(ports, customers)
        self.connection = Connection(web_port)
        self.started = 0
        self.failures = 0
        self.samples: list[Sample] = []
        self._pending: dict[int, Sample] = {}
        self._sent: tuple[int, str] | None = None

    def run(self, seconds: float) -> None:
        """Probes for so long, and then waits for what is still under way (two seconds at most)."""
        begin = time.monotonic()
        next_start = begin
        while (now := time.monotonic()) < begin + seconds or (self._is_busy and now < begin + seconds + 2):
            if now >= next_start and now < begin + seconds and self._sent is None:
                next_start += 1 / PROBES_PER_SECOND
                self._begin_next()
            for server in self.watcher.sockets:
                for sample in self._pending.values():
                    if server not in sample.seen_at:
                        self.watcher.ask(server, sample.number)
            self._gather(now + POLL_SECONDS)
        self.failures += len(self._pending)

    def milliseconds(self, server: str) -> list[float]:
        """From the answer to the address at the server, sorted; none below zero: DNS may be faster than the answer."""
        return sorted(max(0.0, s.seen_at[server] - s.answered_at) * 1e3 for s in self.samples if server in s.seen_at)

    def close(self) -> None:
        self.connection.close()
        self.watcher.close()

    @property
    def _is_busy(self) -> bool:
        return bool(self._pending) or self._sent is not None

    def _begin_next(self) -> None:
        number = self.started % len(self.customers)
        if number in self._pending:
            return
        address = ADDRESSES[(self.started // len(self.customers) + 1) % len(ADDRESSES)]
        self.started += 1
        self._sent = (number, address)
        self.connection.send(self.customers[number], address)

    def _gather(self, until: float) -> None:
        """Takes what arrives until the next time to ask."""
        while (left := until - time.monotonic()) > 0:
            wanted = [*self.watcher.sockets.values(), *([self.connection.socket] if self._sent else [])]
            readable, _, _ = select.select(wanted, [], [], left)
            if self.connection.socket in readable:
                self._take_answer()
            for server, each in self.watcher.sockets.items():
                if each in readable:
                    self._take_addresses(server)

    def _take_answer(self) -> None:
        number, address = self._sent
        self._sent = None
        if self.connection.receive() != f"good {address}":
            self.failures += 1
            return
        sample = Sample(number, socket.inet_aton(address), time.monotonic())
        self.samples.append(sample)
        self._pending[number] = sample

    def _take_addresses(self, server: str) -> None:
        for number, _, address in self.watcher.answers(server):
            sample = self._pending.get(number)
            if sample is not None and address == sample.address:
                sample.seen_at.setdefault(server, time.monotonic())
                if len(sample.seen_at) == len(self.watcher.sockets):
                    del self._pending[number]


def _query(number: int, name: str) -> bytes:
    query = dns.message.make_query(f"{name}.", "A", flags=0, use_edns=False)
    query.id = number
    return query.to_wire()


def _udp(port: int) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.connect((LOOPBACK, port))
    made.setblocking(False)
    return made
