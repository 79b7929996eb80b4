"""Whole zones, in as many messages as they need (AXFR, RFC 5936; IXFR answered as RFC 1995 §2 and §4 permit)."""

from collections.abc import Iterator

import dns.flags
import dns.rdatatype

from dnsupdate.serving.requests import Request
from dnsupdate.serving.responses import ANSWER, MAX_TCP_SIZE, AnySigner, Response, size_limit
from dnsupdate.serving.zone import OwnedRRset, RRset, Zone, is_serial_behind, soa_serial

# Compression reaches no further than this (RFC 1035 §4.1.4), so longer messages gain nothing.
MESSAGE_SIZE = 16 * 1024


def transfer(request: Request, zone: Zone, signer: AnySigner) -> Iterator[bytes]:
    """The zone as it is now, even if it changes while the messages are taken, between two copies of its SOA."""
    soa = OwnedRRset(zone.apex, dns.rdatatype.SOA, zone.soa)
    content = [*zone.content(), soa]
    return _messages(request, signer, content)


def _messages(request: Request, signer: AnySigner, content: list[OwnedRRset]) -> Iterator[bytes]:
    response = _new_response(request, signer)
    for owner, rdtype, rrset in content:
        for rdata in rrset.rdatas:
            single = RRset(rrset.ttl, (rdata,))
            if response.size >= MESSAGE_SIZE or not response.add(ANSWER, owner, rdtype, single):
                yield response.finish()
                response = _new_response(request, signer)
                response.add(ANSWER, owner, rdtype, single)
    yield response.finish()


def _new_response(request: Request, signer: AnySigner) -> Response:
    response = Response(request, signer, MAX_TCP_SIZE)
    response.flags |= dns.flags.AA
    return response


def incremental(request: Request, zone: Zone, signer: AnySigner, *, is_tcp: bool) -> Iterator[bytes]:
    """Only the SOA if the client is up to date or came by UDP (RFC 1995 §2), else the whole zone (§4)."""
    if is_tcp and not _is_up_to_date(request, zone):
        return transfer(request, zone, signer)
    response = Response(request, signer, size_limit(request, is_tcp=is_tcp))
    response.flags |= dns.flags.AA
    response.add(ANSWER, zone.apex, dns.rdatatype.SOA, zone.soa)
    return iter([response.finish()])


def _is_up_to_date(request: Request, zone: Zone) -> bool:
    """Raises MalformedMessageError if the client's SOA is none."""
    known = [soa_serial(request.rdata(r)) for r in request.authorities if r.rdtype == dns.rdatatype.SOA]
    return bool(known) and (known[0] == zone.serial or is_serial_behind(zone.serial, known[0]))
