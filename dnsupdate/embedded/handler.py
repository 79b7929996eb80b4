"""One message in, its answers out: no sockets, and no exception whatever the message is."""

import logging
from collections.abc import Iterable
from typing import NamedTuple

import dns.flags
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype

from dnsupdate.serving import checks, requests, tsig
from dnsupdate.serving.errors import MalformedMessageError, RejectedError
from dnsupdate.serving.requests import HEADER, Request
from dnsupdate.serving.responses import (
    ADDITIONAL,
    ANSWER,
    AUTHORITY,
    MAX_TCP_SIZE,
    AnySigner,
    Response,
    header_only,
    refusal,
    size_limit,
)
from dnsupdate.serving.zone import Zone

from . import answers, transfers, updates
from .catalog import Catalog
from .keys import Keyring

log = logging.getLogger(__name__)

MAX_KEPT_COUNT = 10_000
MAX_KEPT_QUERY_SIZE = 512  # with padding a query can be a hundred times longer
_TRANSFER_TYPES = (dns.rdatatype.AXFR, dns.rdatatype.IXFR)


class _KeptAnswer(NamedTuple):
    zone: Zone
    zone_version: int
    catalog_version: int
    tail: bytes


class Handler:
    """Answers to equal UDP queries are kept until the zone or the catalog changes."""

    def __init__(self, catalog: Catalog, keyring: Keyring):
        self._catalog = catalog
        self._keyring = keyring
        self._kept: dict[bytes, _KeptAnswer] = {}

    def answer(self, packet: bytes, *, is_tcp: bool) -> Iterable[bytes]:
        """The messages to send back: none for a response or a stump, several for a transfer."""
        if len(packet) < HEADER.size or packet[2] & 0x80:
            return ()
        if not is_tcp and (kept := self._still_good(packet)):
            return (packet[:2] + kept,)
        try:
            return self._answer(packet, is_tcp)
        except MalformedMessageError:
            return (header_only(packet, _rcode_for_unreadable(packet)),)
        except Exception:
            log.exception("answered SERVFAIL")
            return (header_only(packet, dns.rcode.SERVFAIL),)

    def _still_good(self, packet: bytes) -> bytes | None:
        kept = self._kept.get(packet[2:])
        if kept is None or kept.catalog_version != self._catalog.version:
            return None
        return kept.tail if kept.zone_version == kept.zone.version else None

    def _keep(self, packet: bytes, zone: Zone, wire: bytes) -> None:
        if len(packet) > MAX_KEPT_QUERY_SIZE:
            return
        if len(self._kept) >= MAX_KEPT_COUNT:
            self._kept.clear()
        self._kept[packet[2:]] = _KeptAnswer(zone, zone.version, self._catalog.version, wire[2:])

    def _answer(self, packet: bytes, is_tcp: bool) -> Iterable[bytes]:
        request = requests.read(packet)
        signer = tsig.verify(request, self._keyring)
        try:
            return self._dispatch(request, signer, is_tcp)
        except RejectedError as rejection:
            return (refusal(request, signer, rejection.rcode),)
        except MalformedMessageError:
            return (refusal(request, signer, dns.rcode.FORMERR),)

    def _dispatch(self, request: Request, signer: AnySigner, is_tcp: bool) -> Iterable[bytes]:
        checks.check(request, signer)
        if request.opcode == dns.opcode.UPDATE:
            return self._update(request, signer)
        if request.questions[0][1] in _TRANSFER_TYPES:
            return self._transfer(request, signer, is_tcp)
        return (self._query(request, signer, is_tcp),)

    def _update(self, request: Request, signer: AnySigner) -> Iterable[bytes]:
        """RFC 2136 §3.1, and nothing for those without a key."""
        apex, rdtype, rdclass = request.questions[0]
        if rdtype != dns.rdatatype.SOA:
            raise MalformedMessageError
        if signer is None:
            raise RejectedError(dns.rcode.REFUSED)
        served = self._catalog.get(apex)
        if served is None or rdclass != dns.rdataclass.IN:
            raise RejectedError(dns.rcode.NOTAUTH)
        updates.apply(request, *served)
        return (Response(request, signer, MAX_TCP_SIZE).finish(),)

    def _transfer(self, request: Request, signer: AnySigner, is_tcp: bool) -> Iterable[bytes]:
        """RFC 5936 §2.2.1 for the rcodes; AXFR over UDP is not defined (§4.2)."""
        apex, rdtype, rdclass = request.questions[0]
        if signer is None:
            raise RejectedError(dns.rcode.REFUSED)
        served = self._catalog.get(apex)
        if served is None or rdclass != dns.rdataclass.IN:
            raise RejectedError(dns.rcode.NOTAUTH)
        if rdtype == dns.rdatatype.IXFR:
            return transfers.incremental(request, served.zone, signer, is_tcp=is_tcp)
        if not is_tcp:
            raise MalformedMessageError
        return transfers.transfer(request, served.zone, signer)

    def _query(self, request: Request, signer: AnySigner, is_tcp: bool) -> bytes:
        name, rdtype, rdclass = request.questions[0]
        zone = self._catalog.enclosing(name)
        if zone is None or rdclass != dns.rdataclass.IN:
            raise RejectedError(dns.rcode.REFUSED)
        response = Response(request, signer, size_limit(request, is_tcp=is_tcp))
        _fill(response, answers.look_up(zone, name, rdtype))
        wire = response.finish()
        if signer is None and not is_tcp:
            self._keep(request.packet, zone, wire)
        return wire


def _fill(response: Response, answer: answers.Answer) -> None:
    """What does not fit sets TC, glue included (RFC 9471 §3)."""
    response.rcode = answer.rcode
    response.flags |= dns.flags.AA if answer.is_authoritative else 0
    sections = ((ANSWER, answer.answer), (AUTHORITY, answer.authority), (ADDITIONAL, answer.additional))
    for section, rrsets in sections:
        for owner, rdtype, rrset in rrsets:
            if not response.add(section, owner, rdtype, rrset):
                response.flags |= dns.flags.TC
                return


def _rcode_for_unreadable(packet: bytes) -> int:
    opcode = (packet[2] >> 3) & 0xF
    return dns.rcode.FORMERR if opcode in checks.OPCODES else dns.rcode.NOTIMP
