"""The sockets: UDP and TCP on one port, and what bounds a client's share of them."""

import asyncio
import errno
import ipaddress
import logging
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from .errors import CannotListenError

log = logging.getLogger(__name__)

# For a whole message to arrive or leave, not for its next octet: a client cannot hold on by dripping.
CONNECTION_TIMEOUT_SECONDS = 30
STOP_TIMEOUT_SECONDS = 0.5
FREE_PORT_ATTEMPTS = 20  # a free TCP port may be taken for UDP
# Octets of datagrams that the network does not take at present; more are dropped, as it would drop them itself.
MAX_UNSENT = 1024 * 1024

Answers = Iterable[bytes]
# What answers a message, given that, the address of who sent it, and whether it came over TCP: at once, or later.
Handler = Callable[[bytes, str, bool], Answers | Awaitable[Answers]]


@dataclass(frozen=True)
class Limits:
    """What clients may take up, all together and each."""

    connections: int = 200
    # Of one IPv4 address, or one /64 of IPv6.
    connections_per_peer: int = 200
    # Octets. A longer message over TCP ends its connection.
    message_size: int = 65535
    # Datagrams that wait for their answers; more are dropped, and whoever sent them asks again.
    waiting_datagrams: int = 200


class _Udp(asyncio.DatagramProtocol):
    def __init__(self, handler: Handler, limits: Limits):
        self._handler, self._limits = handler, limits
        self._waiting: set[asyncio.Task] = set()

    def connection_made(self, transport) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, address) -> None:
        if len(self._waiting) >= self._limits.waiting_datagrams:
            return
        answers = self._handler(data, address[0], False)
        if not isinstance(answers, Awaitable):
            self._send(answers, address)
            return
        task = asyncio.ensure_future(self._send_later(answers, address))
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)

    async def _send_later(self, answers: Awaitable[Answers], address) -> None:
        self._send(await answers, address)

    def _send(self, answers: Answers, address) -> None:
        for message in answers:
            if not self._transport.is_closing() and self._transport.get_write_buffer_size() < MAX_UNSENT:
                self._transport.sendto(message, address)


class _Open(NamedTuple):
    network: str
    close: Callable[[], None]


class _Connections:
    """The open TCP connections; when there are too many, the one that was quiet longest has to go."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._open_by_task: dict[asyncio.Task | None, _Open] = {}

    def admit(self, network: str, close: Callable[[], None]) -> None:
        """Makes room first: among the connections of its own network where those are too many."""
        siblings = [task for task, other in self._open_by_task.items() if other.network == network]
        if len(siblings) >= self._limits.connections_per_peer:
            self._open_by_task.pop(siblings[0]).close()
        elif len(self._open_by_task) >= self._limits.connections:
            self._open_by_task.pop(next(iter(self._open_by_task))).close()
        self._open_by_task[asyncio.current_task()] = _Open(network, close)

    def touch(self) -> bool:
        """Whether the connection was not displaced in the meantime; from now on it is the least quiet."""
        task = asyncio.current_task()
        connection = self._open_by_task.pop(task, None)
        if connection:
            self._open_by_task[task] = connection
        return connection is not None

    def forget(self) -> None:
        self._open_by_task.pop(asyncio.current_task(), None)

    async def close(self) -> None:
        """End them all, so that no task is left to be cancelled, which asyncio before 3.12 reports as an error."""
        tasks = [task for task in self._open_by_task if task]
        for connection in self._open_by_task.values():
            connection.close()
        if tasks:
            await asyncio.wait(tasks, timeout=STOP_TIMEOUT_SECONDS)


class Server:
    """Listens once `start` has returned."""

    def __init__(self, handler: Handler, limits: Limits | None = None):
        self._handler, self._limits = handler, limits or Limits()
        self._connections = _Connections(self._limits)
        self._listeners: list[asyncio.Server | asyncio.BaseTransport] = []

    async def start(self, hosts: Sequence[str], port: int) -> int:
        """On all these addresses. The port, chosen freely if `port` is 0; raises CannotListenError."""
        for attempt in range(FREE_PORT_ATTEMPTS):
            try:
                return await self._listen(hosts, port)
            except OSError as error:
                self._close_listeners()
                if port or attempt == FREE_PORT_ATTEMPTS - 1:
                    raise CannotListenError(_why_not(hosts, port, error)) from error
        raise AssertionError("unreachable")

    async def _listen(self, hosts: Sequence[str], port: int) -> int:
        loop = asyncio.get_running_loop()
        for host in hosts:
            tcp = await asyncio.start_server(self._serve_connection, host, port, backlog=256)
            self._listeners.append(tcp)
            port = tcp.sockets[0].getsockname()[1]
            udp, _ = await loop.create_datagram_endpoint(
                lambda: _Udp(self._handler, self._limits), sock=_udp_socket(host, port)
            )
            self._listeners.append(udp)
        return port

    async def stop(self) -> None:
        """Listen no more, and end every connection where it is."""
        self._close_listeners()
        await self._connections.close()

    def _close_listeners(self) -> None:
        for listener in self._listeners:
            listener.close()
        self._listeners.clear()

    async def _serve_connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = writer.get_extra_info("peername")
        if not peer:
            writer.transport.abort()  # gone already
            return
        try:
            self._connections.admit(_network(peer[0]), writer.transport.abort)
            while (packet := await self._read(reader)) and self._connections.touch():
                await self._serve_message(packet, peer[0], writer)
            writer.close()
            async with asyncio.timeout(CONNECTION_TIMEOUT_SECONDS):
                await writer.wait_closed()
        except (TimeoutError, OSError):
            pass  # the client is gone or too slow; either way it is over
        finally:
            self._connections.forget()
            writer.transport.abort()

    async def _read(self, reader: asyncio.StreamReader) -> bytes:
        """One message, length first (RFC 7766 §8); empty at the end of the connection."""
        try:
            async with asyncio.timeout(CONNECTION_TIMEOUT_SECONDS):
                length = int.from_bytes(await reader.readexactly(2), "big")
                return await reader.readexactly(length) if length <= self._limits.message_size else b""
        except asyncio.IncompleteReadError:
            return b""

    async def _serve_message(self, packet: bytes, peer: str, writer: asyncio.StreamWriter) -> None:
        answers = self._handler(packet, peer, True)
        for message in await answers if isinstance(answers, Awaitable) else answers:
            writer.write(len(message).to_bytes(2, "big") + message)
            async with asyncio.timeout(CONNECTION_TIMEOUT_SECONDS):
                await writer.drain()
        await asyncio.sleep(0)  # a client with many requests waiting lets the others have their turn


def _udp_socket(host: str, port: int) -> socket.socket:
    """One for each family, as TCP has them: an IPv4 client is never seen as an IPv6 address."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_DGRAM)
    try:
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        bound.bind((host, port))
    except OSError:
        bound.close()
        raise
    return bound


def _network(peer: str) -> str:
    """What one client may have all of: whoever has an IPv6 address has the 2**64 beside it."""
    address = ipaddress.ip_address(peer.partition("%")[0])
    return peer if address.version == 4 else str(ipaddress.ip_network((address, 64), strict=False))


def _why_not(hosts: Sequence[str], port: int, error: OSError) -> str:
    where = ", ".join(hosts)
    if error.errno == errno.EADDRINUSE:
        return f"port {port} on {where} is taken"
    return f"cannot listen on {where}, port {port}: {error.strerror}"
