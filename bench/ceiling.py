"""The ceiling: what a primary takes where nothing but itself limits it. Signed messages, built beforehand, one in flight."""

import secrets
import socket
import struct
import time
from collections.abc import Sequence

import dns.message
import dns.query
import dns.rdatatype
import dns.tsig

from bench.figures import percentiles
from bench.zones import a
from deploy.local.server import Server
from dnsupdate import messages
from dnsupdate.messages import Change, UpdateMessage

# Knot with a million names took 950 ms now and then.
ANSWER_SECONDS = 30.0


def measure(server: Server, apex: str, key: dns.tsig.Key, batches: Sequence[Sequence[tuple[str, str]]]) -> dict:
    """Sends each batch of (name, address) as the publisher would. Raises DnsUpdateError where one is refused."""
    chain = _build(server, apex, key, batches)
    answers, times = [], []
    with socket.create_connection((server.host, server.port), timeout=ANSWER_SECONDS) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        stream = connection.makefile("rb")
        begin = time.monotonic()
        for message in chain:
            sent_at = time.monotonic()
            connection.sendall(struct.pack("!H", len(message.wire)) + message.wire)
            answers.append(_read(stream))
            times.append(time.monotonic() - sent_at)
        seconds = time.monotonic() - begin
    for message, answer in zip(chain, answers, strict=True):
        messages.check_answer(answer, message, key)
    count = sum(map(len, batches))
    return {
        "messages": len(batches),
        "seconds": round(seconds, 3),
        "names_per_s": round(count / seconds),
        **percentiles("ack", sorted(each * 1e3 for each in times), digits=2),
    }


def _build(
    server: Server, apex: str, key: dns.tsig.Key, batches: Sequence[Sequence[tuple[str, str]]]
) -> list[UpdateMessage]:
    """Each needs the fence of the one before, which is known already since they are sent in order."""
    fence, session = _fence(server, apex), secrets.token_hex(6)
    made = []
    for number, batch in enumerate(batches):
        changes = [Change(0, name, 1, a(address)) for name, address in batch]
        next_fence = f"{session}-{number}"
        order = {"message_id": number % 65536, "fence": fence, "next_fence": next_fence, "now": int(time.time())}
        made.append(messages.build(apex, changes, key, **order))
        fence = [messages.fence_rdata(next_fence)]
    return made


def _fence(server: Server, apex: str) -> list[bytes]:
    query = dns.message.make_query(f"{messages.FENCE_LABEL}.{apex}.", "TXT", flags=0)
    answer = dns.query.tcp(query, server.host, port=server.port, timeout=ANSWER_SECONDS)
    return [rdata.to_wire() for rrset in answer.answer if rrset.rdtype == dns.rdatatype.TXT for rdata in rrset]


def _read(stream) -> bytes:
    head = stream.read(2)
    if len(head) < 2:
        raise ConnectionError("the server closed the connection before its answer")
    return stream.read(int.from_bytes(head))
