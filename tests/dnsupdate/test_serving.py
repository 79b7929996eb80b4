"""What bounds the share of a client: connections of a network, octets of a message, datagrams that wait, long answers."""

import asyncio
import socket
import struct
from ipaddress import ip_address

import pytest

from dnsupdate.serving import allowance
from dnsupdate.serving.allowance import Allowance
from dnsupdate.serving.server import Limits, Server

HOST = "127.0.0.1"
PATIENCE_SECONDS = 20


def framed(message: bytes) -> bytes:
    return struct.pack("!H", len(message)) + message


def run(handler, client, limits: Limits | None = None, hosts=(HOST,)) -> None:
    """Runs `client(port)` while the handler is served."""

    async def main():
        server = Server(handler, limits)
        port = await server.start(hosts, 0)
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await client(port)
        finally:
            await server.stop()

    asyncio.run(main())


def echo(packet: bytes, peer: str, is_tcp: bool):
    return (packet,)


async def echo_later(packet: bytes, peer: str, is_tcp: bool):
    await asyncio.sleep(0)
    return (packet,)


@pytest.mark.parametrize("handler", [echo, echo_later])
def test_an_answer_may_be_there_at_once_or_later(handler):
    async def client(port):
        reader, writer = await asyncio.open_connection(HOST, port)
        writer.write(framed(b"first") + framed(b"second"))
        assert await reader.readexactly(15) == framed(b"first") + framed(b"second")
        writer.close()
        assert await asked_by_udp(port, b"third") == b"third"

    run(handler, client)


async def asked_by_udp(port: int, message: bytes) -> bytes:
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.setblocking(False)
        await loop.sock_sendto(udp, message, (HOST, port))
        return await loop.sock_recv(udp, 65535)


def test_both_families_are_served_on_one_port_and_seen_as_they_are():
    seen = []

    def handler(packet, peer, is_tcp):
        seen.append((peer, is_tcp))
        return (packet,)

    async def client(port):
        for host in (HOST, "::1"):
            reader, writer = await asyncio.open_connection(host, port)
            writer.write(framed(b"!"))
            await reader.readexactly(3)
            writer.close()
        await asked_by_udp(port, b"!")

    run(handler, client, hosts=[HOST, "::1"])
    assert seen == [(HOST, True), ("::1", True), (HOST, False)]


def test_a_longer_message_than_is_taken_ends_the_connection():
    async def client(port):
        reader, writer = await asyncio.open_connection(HOST, port)
        writer.write(framed(b"x" * 10) + framed(b"x" * 11))
        assert await reader.read() == framed(b"x" * 10)
        writer.close()

    run(echo, client, Limits(message_size=10))


def test_a_network_with_too_many_connections_loses_its_quietest():
    async def client(port):
        first, second, third = [await asyncio.open_connection(HOST, port) for _ in range(3)]
        for reader, writer in (second, third):
            writer.write(framed(b"!"))
            assert await reader.readexactly(3) == framed(b"!")
        assert await first[0].read() == b""
        for _, writer in (first, second, third):
            writer.close()

    run(echo, client, Limits(connections_per_peer=2))


def test_another_networks_connections_are_left_alone():
    async def client(port):
        other = await asyncio.open_connection("::1", port)
        crowd = [await asyncio.open_connection(HOST, port) for _ in range(3)]
        other[1].write(framed(b"!"))
        assert await other[0].readexactly(3) == framed(b"!")
        for _, writer in (other, *crowd):
            writer.close()

    run(echo, client, Limits(connections_per_peer=1), hosts=[HOST, "::1"])


def test_datagrams_beyond_those_that_wait_are_dropped():
    released, begun = asyncio.Event(), []

    async def handler(packet, peer, is_tcp):
        begun.append(packet)
        await released.wait()
        return (packet,)

    async def client(port):
        asking = [asyncio.create_task(asked_by_udp(port, b"%d" % number)) for number in range(2)]
        while len(begun) < 2:
            await asyncio.sleep(0.01)
        dropped = asyncio.create_task(asked_by_udp(port, b"dropped"))
        # Connections are served all the while, and this one proves that the datagram has been seen.
        _, writer = await asyncio.open_connection(HOST, port)
        writer.write(framed(b"by TCP"))
        while b"by TCP" not in begun:
            await asyncio.sleep(0.01)
        released.set()
        assert sorted(await asyncio.gather(*asking)) == [b"0", b"1"]
        writer.close()
        dropped.cancel()

    run(handler, client, Limits(waiting_datagrams=2))
    assert b"dropped" not in begun


@pytest.fixture
def clock(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(allowance, "monotonic", lambda: now[0])
    return now


def takes(answers: Allowance, source: str) -> bool:
    return answers.takes(ip_address(source))


def test_an_allowance_is_for_a_network_and_a_second(clock):
    answers = Allowance(per_second=2)

    assert [takes(answers, "192.0.2.1"), takes(answers, "192.0.2.200"), takes(answers, "192.0.2.3")] == [
        True,
        True,
        False,
    ]
    assert takes(answers, "198.51.100.1")
    assert [takes(answers, f"2001:db8:0:{number:x}::1") for number in range(3)] == [True, True, False]
    clock[0] += 1
    assert takes(answers, "192.0.2.3")


def test_an_allowance_for_very_many_networks_is_none(clock, monkeypatch):
    monkeypatch.setattr(allowance, "MAX_NETWORKS", 2)
    answers = Allowance(per_second=2)

    assert [takes(answers, f"192.0.{number}.1") for number in range(4)] == [True, True, False, False]
    assert takes(answers, "192.0.0.1")
