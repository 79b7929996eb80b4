"""UPDATE messages (RFC 2136): the updates of one, checked and applied to a zone in memory."""

import dns.rcode
import dns.rdataclass
import dns.rdatatype

from .errors import MalformedMessageError, RejectedError
from .names import is_within
from .requests import Record, Request
from .zone import RRset, Transaction, Zone, is_serial_behind, soa_serial

A_CLASS, NO_CLASS, ANY_CLASS = dns.rdataclass.IN, dns.rdataclass.NONE, dns.rdataclass.ANY
ANY, CNAME, NS, SOA = dns.rdatatype.ANY, dns.rdatatype.CNAME, dns.rdatatype.NS, dns.rdatatype.SOA

MAX_TTL = 2**31 - 1
# A larger record might not fit into one message of a transfer, with the signature.
MAX_RDATA_LENGTH = 64_000
# What RFC 2136 §3.4.2.2 lets stand beside a CNAME: SIG, KEY, NXT and their successors RRSIG and NSEC.
_CNAME_COMPANIONS = {24, 25, 30, 46, 47, CNAME}


def prescan(request: Request, zone: Zone) -> list[tuple[Record, bytes]]:
    """The updates with their rdata checked (RFC 2136 §3.4.1); nothing after this can be malformed."""
    return [(record, _checked_rdata(request, record, zone)) for record in request.authorities]


def _checked_rdata(request: Request, record: Record, zone: Zone) -> bytes:
    if not is_within(record.owner, zone.apex):
        raise RejectedError(dns.rcode.NOTZONE)
    is_meta = record.is_meta
    if record.rdclass == ANY_CLASS:
        if record.ttl or not record.is_empty or (is_meta and record.rdtype != ANY):
            raise MalformedMessageError
        return b""
    is_removal = record.rdclass == NO_CLASS
    if is_meta or (is_removal and record.ttl) or not (is_removal or record.rdclass == A_CLASS):
        raise MalformedMessageError
    rdata = request.rdata(record)
    if len(rdata) > MAX_RDATA_LENGTH:
        raise RejectedError(dns.rcode.REFUSED)
    return rdata


def apply_one(transaction: Transaction, record: Record, rdata: bytes) -> None:
    """RFC 2136 §3.4.2."""
    if record.rdclass == A_CLASS:
        _add(transaction, record, rdata)
    elif record.rdclass == NO_CLASS:
        _delete_record(transaction, record, rdata)
    elif record.rdtype == ANY:
        for rdtype in list(transaction.zone.nodes.get(record.owner, ())):
            _delete_rrset(transaction, record.owner, rdtype)
    else:
        _delete_rrset(transaction, record.owner, record.rdtype)


def _add(transaction: Transaction, record: Record, rdata: bytes) -> None:
    """RFC 2136 §3.4.2.2: what conflicts is ignored; the RRset takes the new TTL (RFC 2181 §5.2)."""
    zone, owner, rdtype = transaction.zone, record.owner, record.rdtype
    ttl = record.ttl if record.ttl <= MAX_TTL else 0  # RFC 2181 §8
    if _conflicts(zone, owner, rdtype, rdata):
        return
    before = zone.rrset(owner, rdtype)
    others = before.rdatas if before and rdtype not in (CNAME, SOA) else ()
    transaction.put(owner, rdtype, RRset.of(ttl, (*others, rdata)))


def _conflicts(zone: Zone, owner: bytes, rdtype: int, rdata: bytes) -> bool:
    if rdtype == SOA:
        return owner != zone.apex or is_serial_behind(soa_serial(rdata), zone.serial)
    present = zone.nodes.get(owner, {})
    if rdtype == CNAME:
        return not _CNAME_COMPANIONS.issuperset(present)
    return CNAME in present and rdtype not in _CNAME_COMPANIONS


def _delete_rrset(transaction: Transaction, owner: bytes, rdtype: int) -> None:
    """RFC 2136 §3.4.2.3: SOA and NS of the apex stay."""
    if owner != transaction.zone.apex or rdtype not in (SOA, NS):
        transaction.put(owner, rdtype, None)


def _delete_record(transaction: Transaction, record: Record, rdata: bytes) -> None:
    """RFC 2136 §3.4.2.4: the SOA stays, and the last NS of the apex."""
    before = transaction.zone.rrset(record.owner, record.rdtype)
    if before is None or rdata not in before.rdatas or record.rdtype == SOA:
        return
    rest = tuple(other for other in before.rdatas if other != rdata)
    if rest:
        transaction.put(record.owner, record.rdtype, RRset(before.ttl, rest))
    else:
        _delete_rrset(transaction, record.owner, record.rdtype)
