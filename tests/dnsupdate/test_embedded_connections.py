"""TCP connections of the embedded nameserver whose clients are slow on purpose; in this process, with short limits."""

import asyncio
import contextlib
import socket
import struct

import dns.message
import dns.rcode
import pytest

from dnsupdate.serving import server as server_module
from dnsupdate.serving.server import Server

from .embedded_server import APEX, KEY, ask, files, handler, new_update  # noqa: F401

HOST = "127.0.0.1"


@pytest.fixture(autouse=True)
def _short_timeout(monkeypatch):
    monkeypatch.setattr(server_module, "CONNECTION_TIMEOUT_SECONDS", 0.3)


def new_server(handler) -> Server:  # noqa: F811
    return Server(lambda packet, peer, is_tcp: handler.answer(packet, is_tcp=is_tcp))


def framed(message: dns.message.Message) -> bytes:
    wire = message.to_wire()
    return struct.pack("!H", len(wire)) + wire


def serve(handler, client) -> None:  # noqa: F811
    """Run `client(reader, writer)` on one connection."""

    async def run():
        server = new_server(handler)
        port = await server.start([HOST], 0)
        reader, writer = await asyncio.open_connection(HOST, port)
        try:
            async with asyncio.timeout(20):
                await client(reader, writer)
        finally:
            writer.transport.abort()
            await server.stop()

    asyncio.run(run())


def test_idle_connection_is_closed(handler):  # noqa: F811
    async def client(reader, writer):
        assert await reader.read() == b""

    serve(handler, client)


def test_idle_connection_is_closed_after_its_answers(handler):  # noqa: F811
    async def client(reader, writer):
        writer.write(framed(dns.message.make_query(APEX, "SOA")))
        (length,) = struct.unpack("!H", await reader.readexactly(2))
        await reader.readexactly(length)
        assert await reader.read() == b""

    serve(handler, client)


def test_dripping_octets_do_not_hold_a_connection(handler):  # noqa: F811
    async def drip(writer):
        while True:
            writer.write(b"\x02")
            await asyncio.sleep(0.05)

    async def client(reader, writer):
        writer.write(b"\xff\xff")
        dripping = asyncio.create_task(drip(writer))
        with contextlib.suppress(ConnectionResetError):  # a drop that comes too late is answered so
            assert await reader.read() == b""
        dripping.cancel()

    serve(handler, client)


def test_client_that_reads_nothing_does_not_hold_a_connection(handler):  # noqa: F811
    for start in range(0, 2_000, 500):
        update = new_update()
        for number in range(start, start + 500):
            update.add(f"host-{number}", 60, "TXT", "x" * 80)
        assert ask(handler, update).rcode() == dns.rcode.NOERROR
    transfer = dns.message.make_query(APEX, "AXFR")
    transfer.use_tsig(KEY)

    async def run():
        server = new_server(handler)
        port = await server.start([HOST], 0)
        with socket.create_connection((HOST, port)) as silent:
            silent.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            silent.sendall(framed(transfer) * 200)
            async with asyncio.timeout(20):
                while not server._connections._open_by_task:
                    await asyncio.sleep(0.01)
                while server._connections._open_by_task:
                    await asyncio.sleep(0.01)
        await server.stop()

    asyncio.run(run())


def test_stop_ends_open_connections(handler):  # noqa: F811
    async def run():
        server = new_server(handler)
        port = await server.start([HOST], 0)
        reader, writer = await asyncio.open_connection(HOST, port)
        writer.write(framed(dns.message.make_query(APEX, "SOA")))
        await reader.readexactly(2)
        await server.stop()
        await reader.read()
        assert reader.at_eof()
        writer.transport.abort()

    asyncio.run(run())
