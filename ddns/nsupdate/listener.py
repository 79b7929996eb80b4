"""The listener: what can be said at once is, what needs the database is done in a bounded number of threads."""

import asyncio
from collections.abc import Awaitable
from concurrent.futures import ThreadPoolExecutor

import dns.flags
import dns.rcode
from django.conf import settings
from django.db import connection

from ddns import addresses, tsig_keys
from ddns.nsupdate import handler
from ddns.nsupdate.apexes import Apexes
from ddns.nsupdate.handler import Answer, Arrival, NoKeys, StoredKeys
from dnsupdate.serving import names, requests
from dnsupdate.serving.allowance import Allowance
from dnsupdate.serving.errors import MalformedMessageError
from dnsupdate.serving.requests import HEADER
from dnsupdate.serving.responses import header_only
from dnsupdate.serving.server import Answers, Limits

KIB = 1024
# Twenty hostnames with all that can be said of them take a tenth of it.
MAX_MESSAGE = 16 * KIB
LIMITS = Limits(connections=200, connections_per_peer=10, message_size=MAX_MESSAGE, waiting_datagrams=200)
# Longer, and the client has sent it again by now.
ANSWER_SECONDS = 10.0
# Unsigned questions for SOA and NS that get an answer over UDP, a second and network. Beyond it clients are sent to TCP.
LONG_ANSWERS_PER_SECOND = 10


class Listener:
    """Answers for dnsupdate.serving.server.Server."""

    def __init__(self, apexes: Apexes) -> None:
        self._apexes = apexes
        self._pool = ThreadPoolExecutor(settings.NSUPDATE_THREADS, thread_name_prefix="nsupdate")
        self._allowance = Allowance(LONG_ANSWERS_PER_SECOND)

    def answer(self, packet: bytes, peer: str, is_tcp: bool) -> Answers | Awaitable[Answers]:
        """Nothing for responses and stumps. A signed message is answered later."""
        if len(packet) < HEADER.size or packet[2] & 0x80:
            return ()
        try:
            request = requests.read(packet[: MAX_MESSAGE + 1])
        except MalformedMessageError:
            return (header_only(packet, dns.rcode.FORMERR),)
        arrival = Arrival(request, addresses.parse(peer.partition("%")[0]), is_tcp)
        if request.tsig is None or not tsig_keys.is_name(names.to_text(request.tsig.owner)):
            return (self._bounded(arrival, handler.answer(arrival, self._apexes, NoKeys())),)
        return self._later(arrival)

    def close(self) -> None:
        """Takes up nothing more, and does not wait for what is under way: it is a transaction each."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _later(self, arrival: Arrival) -> Answers:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                answer = await loop.run_in_executor(self._pool, _answer, arrival, self._apexes)
        except TimeoutError:
            return (header_only(arrival.request.packet, dns.rcode.SERVFAIL),)
        return (self._bounded(arrival, answer),)

    def _bounded(self, arrival: Arrival, answer: Answer) -> bytes:
        """Over UDP to somebody unproven: nothing that is longer than what came, but for a few a second."""
        packet, wire = arrival.request.packet, answer.wire
        if arrival.is_tcp or answer.is_proven or len(wire) <= len(packet) or self._allowance.takes(arrival.source):
            return wire
        cut = bytearray(header_only(packet, wire[3] & 0xF))
        cut[2] |= dns.flags.TC >> 8
        return bytes(cut)


def _answer(arrival: Arrival, apexes: Apexes) -> Answer:
    """In a thread of the pool, whose connection to the database stays open."""
    # So that nobody is told of a failure because the database was restarted since the last message.
    connection.close_if_health_check_failed()
    try:
        return handler.answer(arrival, apexes, StoredKeys())
    finally:
        # As Django does behind a request: a connection that an error has broken is not kept.
        connection.close_if_unusable_or_obsolete()
