"""The sockets: UDP and TCP on one port, and what bounds a client's share of them."""

import asyncio
import errno
import logging
from collections.abc import Callable, Iterable
from typing import Protocol

from .errors import CannotListenError

log = logging.getLogger(__name__)

MAX_CONNECTION_COUNT = 200
# For a whole message to arrive or leave, not for its next octet: a client cannot hold on by dripping.
CONNECTION_TIMEOUT_SECONDS = 30
STOP_TIMEOUT_SECONDS = 0.5
FREE_PORT_ATTEMPTS = 20  # a free TCP port may be taken for UDP


class Handler(Protocol):
    """What answers the messages."""

    def answer(self, packet: bytes, *, is_tcp: bool) -> Iterable[bytes]: ...


class _Udp(asyncio.DatagramProtocol):
    def __init__(self, handler: Handler):
        self._handler = handler

    def connection_made(self, transport) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, address) -> None:
        for message in self._handler.answer(data, is_tcp=False):
            self._transport.sendto(message, address)


class _Connections:
    """The open TCP connections; when there are too many, the one that was quiet longest has to go."""

    def __init__(self) -> None:
        self._close_by_task: dict[asyncio.Task | None, Callable[[], None]] = {}

    def admit(self, close: Callable[[], None]) -> None:
        if len(self._close_by_task) >= MAX_CONNECTION_COUNT:
            quietest = next(iter(self._close_by_task))
            self._close_by_task.pop(quietest)()
        self._close_by_task[asyncio.current_task()] = close

    def touch(self) -> bool:
        """Whether the connection was not displaced in the meantime; from now on it is the least quiet."""
        task = asyncio.current_task()
        close = self._close_by_task.pop(task, None)
        if close:
            self._close_by_task[task] = close
        return close is not None

    def forget(self) -> None:
        self._close_by_task.pop(asyncio.current_task(), None)

    async def close(self) -> None:
        """End them all, so that no task is left to be cancelled, which asyncio before 3.12 reports as an error."""
        tasks = [task for task in self._close_by_task if task]
        for close in self._close_by_task.values():
            close()
        if tasks:
            await asyncio.wait(tasks, timeout=STOP_TIMEOUT_SECONDS)


class Server:
    """Listens once `start` has returned."""

    def __init__(self, handler: Handler):
        self._handler = handler
        self._connections = _Connections()
        self._tcp: asyncio.Server | None = None
        self._udp: asyncio.BaseTransport | None = None

    async def start(self, host: str, port: int) -> int:
        """The port, chosen freely if `port` is 0; raises CannotListenError if it cannot be had."""
        for attempt in range(FREE_PORT_ATTEMPTS):
            try:
                return await self._listen(host, port)
            except OSError as error:
                self._close_listeners()
                if port or attempt == FREE_PORT_ATTEMPTS - 1:
                    raise CannotListenError(_why_not(host, port, error)) from error
        raise AssertionError("unreachable")

    async def _listen(self, host: str, port: int) -> int:
        loop = asyncio.get_running_loop()
        self._tcp = await asyncio.start_server(self._serve_connection, host, port, backlog=256)
        port = self._tcp.sockets[0].getsockname()[1]
        self._udp, _ = await loop.create_datagram_endpoint(lambda: _Udp(self._handler), local_addr=(host, port))
        return port

    async def stop(self) -> None:
        """Listen no more, and end every connection where it is."""
        self._close_listeners()
        await self._connections.close()

    def _close_listeners(self) -> None:
        for listener in (self._tcp, self._udp):
            if listener:
                listener.close()
        self._tcp = self._udp = None

    async def _serve_connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            self._connections.admit(writer.transport.abort)
            while (packet := await _read(reader)) and self._connections.touch():
                await self._serve_message(packet, writer)
            writer.close()
            async with asyncio.timeout(CONNECTION_TIMEOUT_SECONDS):
                await writer.wait_closed()
        except (TimeoutError, OSError):
            pass  # the client is gone or too slow; either way it is over
        finally:
            self._connections.forget()
            writer.transport.abort()

    async def _serve_message(self, packet: bytes, writer: asyncio.StreamWriter) -> None:
        for message in self._handler.answer(packet, is_tcp=True):
            writer.write(len(message).to_bytes(2, "big") + message)
            async with asyncio.timeout(CONNECTION_TIMEOUT_SECONDS):
                await writer.drain()
        await asyncio.sleep(0)  # a client with many requests waiting lets the others have their turn


async def _read(reader: asyncio.StreamReader) -> bytes:
    """One message, length first (RFC 7766 §8); empty at the end of the connection."""
    try:
        async with asyncio.timeout(CONNECTION_TIMEOUT_SECONDS):
            length = int.from_bytes(await reader.readexactly(2), "big")
            return await reader.readexactly(length)
    except asyncio.IncompleteReadError:
        return b""


def _why_not(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} on {host} is taken"
    return f"cannot listen on {host}, port {port}: {error.strerror}"
