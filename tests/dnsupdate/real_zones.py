"""Rows for zones of the run's real nameservers, and what those nameservers answer."""

import socket
import struct
from datetime import timedelta

import dns.message
import dns.query
import dns.rcode
import dns.tsig
import dns.update
from django.utils import timezone

from deploy.local.server import Server
from dnsupdate import publisher, zones
from dnsupdate.models import PendingPublication, Publication, TsigKey, Zone
from dnsupdate.rrsets import RRsets

ANSWER_SECONDS = 10


def key_row(server: Server, *, secret: str | None = None, name: str | None = None) -> TsigKey:
    """The server's own key, unsaved, or one that it does not know."""
    key = TsigKey(name=name or server.key.name, algorithm=server.key.algorithm)
    key.secret = secret or server.key.secret
    return key


def zone_row(server: Server, apex: str, *, key: TsigKey | None = None, port: int | None = None) -> Zone:
    """The zone's row, its primary the server, or whatever listens on the port."""
    return zones.add(apex, host=server.host, port=port or server.port, key=key or key_row(server), replace=True)


def a(*addresses: str, ttl: int = 60) -> RRsets:
    return {"A": {"ttl": ttl, "rdata": list(addresses)}}


def drain(zone: Zone) -> None:
    """As a worker does: again until nothing is left that is due."""
    while not publisher.drain(zone.pk):
        pass


def drain_now(zone: Zone) -> Zone:
    """As if the pause after the last failure were over; the zone's row as it is afterwards."""
    Zone.objects.filter(pk=zone.pk).update(retry_at=timezone.now() - timedelta(hours=1))
    drain(zone)
    zone.refresh_from_db()
    return zone


def dirty_names(zone: Zone) -> set[str]:
    """By both accounts, which must agree: the revisions and the queue."""
    dirty = set(Publication.objects.dirty().filter(zone=zone).values_list("name", flat=True))
    queued = set(PendingPublication.objects.filter(zone=zone).values_list("publication__name", flat=True))
    assert dirty == queued
    return dirty


def ask(server: Server, name: str, type_name: str = "A") -> dns.message.Message:
    query = dns.message.make_query(f"{name}.", type_name, flags=0)
    return dns.query.tcp(query, server.host, port=server.port, timeout=ANSWER_SECONDS)


def answers(server: Server, name: str, type_name: str = "A") -> set[str]:
    return {rdata.to_text() for rrset in ask(server, name, type_name).answer for rdata in rrset}


def exists(server: Server, name: str) -> bool:
    return ask(server, name).rcode() != dns.rcode.NXDOMAIN


def by_hand(server: Server, apex: str) -> dns.update.UpdateMessage:
    """An UPDATE message as an operator with the key would send it."""
    key = dns.tsig.Key(server.key.name, server.key.secret, server.key.algorithm)
    return dns.update.UpdateMessage(apex, keyring=key)


def send_by_hand(server: Server, update: dns.update.UpdateMessage) -> None:
    answer = dns.query.tcp(update, server.host, port=server.port, timeout=ANSWER_SECONDS)
    assert answer.rcode() == dns.rcode.NOERROR


def send_octets(server: Server, wire: bytes) -> dns.message.Message:
    """Delivers a message that was built earlier; the answer's signature is not looked at."""
    with socket.create_connection((server.host, server.port), timeout=ANSWER_SECONDS) as connection:
        connection.sendall(struct.pack("!H", len(wire)) + wire)
        with connection.makefile("rb") as stream:
            length = int.from_bytes(stream.read(2), "big")
            return dns.message.from_wire(stream.read(length), keyring=False)
