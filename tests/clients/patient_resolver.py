"""A resolver that answers when there is something to answer: what a client's look for its own record is to wait for.

lego asks a resolver, and then every authoritative server at port 53, which no test may listen at. With --dns.disable-cp the
resolver alone decides, and lego takes its first answer, whatever it is.
"""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta

import dns.message
import dns.query
import dns.rdatatype

from deploy.local.bind import Bind
from deploy.local.deadline import wait_for
from deploy.local.ports import LOOPBACK

PATIENCE = timedelta(seconds=60)


@contextmanager
def patient_resolver(bind: Bind, *, texts: int) -> Iterator[str]:
    """Its address; TXT queries are answered once the primary has so many values at the name."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind((LOOPBACK, 0))
        thread = threading.Thread(target=_serve, args=[listening, bind, texts], daemon=True)
        thread.start()
        yield f"{LOOPBACK}:{listening.getsockname()[1]}"
        # An empty datagram ends it.
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sending:
            sending.sendto(b"", listening.getsockname())
        thread.join()


def _serve(listening: socket.socket, bind: Bind, texts: int) -> None:
    while True:
        octets, client = listening.recvfrom(4096)
        if not octets:
            return
        query = dns.message.from_wire(octets)
        if query.question[0].rdtype == dns.rdatatype.TXT:
            # Too late is answered as it is, and fails the test where it can be seen.
            with suppress(TimeoutError):
                wait_for(lambda query=query: _count(_ask(query, bind)) >= texts, PATIENCE, "the challenge in DNS")
        listening.sendto(_ask(query, bind).to_wire(), client)


def _ask(query: dns.message.Message, bind: Bind) -> dns.message.Message:
    return dns.query.udp(query, bind.host, port=bind.port, timeout=PATIENCE.total_seconds())


def _count(response: dns.message.Message) -> int:
    return sum(len(rrset) for rrset in response.answer if rrset.rdtype == dns.rdatatype.TXT)
