"""What an UPDATE message demands of the zone before it changes anything (RFC 2136 §2.4)."""

from collections import defaultdict

import dns.rcode
import dns.rdataclass
import dns.rdatatype

from .errors import MalformedMessageError, RejectedError
from .names import is_within
from .requests import Record, Request
from .zone import Zone


def check(request: Request, zone: Zone) -> None:
    """RFC 2136 §3.2.5; value-dependent ones are compared as whole RRsets at the end (§3.2.3).

    Raises RejectedError, MalformedMessageError.
    """
    expected: dict[tuple[bytes, int], set[bytes]] = defaultdict(set)
    for record in request.answers:
        if record.ttl:
            raise MalformedMessageError
        if not is_within(record.owner, zone.apex):
            raise RejectedError(dns.rcode.NOTZONE)
        if record.rdclass == dns.rdataclass.IN and not record.is_meta:
            expected[record.owner, record.rdtype].add(request.rdata(record))
        elif record.rdclass in (dns.rdataclass.ANY, dns.rdataclass.NONE) and record.is_empty:
            _check_existence(record, zone)
        else:
            raise MalformedMessageError
    for key, rdatas in expected.items():
        rrset = zone.rrset(*key)
        if rrset is None or set(rrset.rdatas) != rdatas:
            raise RejectedError(dns.rcode.NXRRSET)


def _check_existence(record: Record, zone: Zone) -> None:
    """A name is in use if it owns a record: empty non-terminals are not (RFC 2136 §2.4.4)."""
    must_exist = record.rdclass == dns.rdataclass.ANY
    if record.rdtype == dns.rdatatype.ANY:
        exists = record.owner in zone.nodes
        rcode = dns.rcode.NXDOMAIN if must_exist else dns.rcode.YXDOMAIN
    else:
        exists = zone.rrset(record.owner, record.rdtype) is not None
        rcode = dns.rcode.NXRRSET if must_exist else dns.rcode.YXRRSET
    if exists != must_exist:
        raise RejectedError(rcode)
