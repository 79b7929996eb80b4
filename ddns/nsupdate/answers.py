"""Queries at the listener: where a zone begins, for clients that look for it, and a key's own hostnames for the key."""

import dns.flags
import dns.rcode
import dns.rdataclass
import dns.rdatatype

from ddns.models import Hostname, UpdateKey
from ddns.nsupdate import holdings, names
from ddns.nsupdate.apexes import Apexes
from dnsupdate.serving.errors import RejectedError
from dnsupdate.serving.requests import Request
from dnsupdate.serving.responses import ANSWER, AUTHORITY, Response
from dnsupdate.serving.zone import Node, RRset

APEX_TYPES = (dns.rdatatype.SOA, dns.rdatatype.NS)
OWN_TYPES = (dns.rdatatype.A, dns.rdatatype.AAAA, dns.rdatatype.TXT)


def answer(request: Request, response: Response, apexes: Apexes, key: UpdateKey | None) -> None:
    """Fills the response. Without a key, from memory alone. Raises RejectedError, Refused."""
    owner, rdtype, rdclass = request.questions[0]
    apex = apexes.enclosing(owner)
    if apex is None or rdclass != dns.rdataclass.IN:
        raise RejectedError(dns.rcode.REFUSED)
    if rdtype in APEX_TYPES:
        node = apexes.node(apex)
        if node is None:
            raise RejectedError(dns.rcode.SERVFAIL)
        rrset = node.get(rdtype) if owner == apex else None
    elif rdtype in OWN_TYPES and key is not None:
        rrset = _of_hostname(owner, rdtype, apex, key)
        node = apexes.node(apex) or {}
    else:
        raise RejectedError(dns.rcode.REFUSED)
    response.flags |= dns.flags.AA
    if rrset is None:
        _say_none(response, apex, node)
    elif not response.add(ANSWER, owner, rdtype, rrset):
        response.flags |= dns.flags.TC


def _of_hostname(owner: bytes, rdtype: int, apex: bytes, key: UpdateKey) -> RRset | None:
    """What DNS shall answer there. Raises Refused for everybody else's names."""
    name = names.parse(owner, apex).hostname
    in_scope = Hostname.objects.unreleased().in_scope_of(key).filter(name=name)
    hostname = in_scope.select_related("account", "domain", "restriction").first()
    if hostname is None:
        raise RejectedError(dns.rcode.REFUSED)
    return holdings.answered(apex, [hostname]).rrset(owner, rdtype)


def _say_none(response: Response, apex: bytes, node: Node) -> None:
    """RFC 2308 §2.2. Whether there is a name of somebody else's below the apex is not said: none of this type."""
    if soa := node.get(dns.rdatatype.SOA):
        response.add(AUTHORITY, apex, dns.rdatatype.SOA, soa)
