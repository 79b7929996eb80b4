"""What a zone answers to a question: RFC 1034 §4.3.2, RFC 2308 and RFC 4592."""

from dataclasses import dataclass, field

import dns.rcode
import dns.rdatatype

from dnsupdate.serving.names import WILDCARD_LABEL, ancestors, is_within, parent
from dnsupdate.serving.zone import Node, OwnedRRset, RRset, Zone

MAX_CNAME_COUNT = 16

_ADDRESS_TYPES = (dns.rdatatype.A, dns.rdatatype.AAAA)


@dataclass(slots=True)
class Answer:
    rcode: int = dns.rcode.NOERROR
    is_authoritative: bool = True
    answer: list[OwnedRRset] = field(default_factory=list)
    authority: list[OwnedRRset] = field(default_factory=list)
    additional: list[OwnedRRset] = field(default_factory=list)


def look_up(zone: Zone, name: bytes, rdtype: int) -> Answer:
    """The answer for a name in the zone; CNAMEs are followed as long as they stay in it."""
    result = Answer()
    for _ in range(MAX_CNAME_COUNT):
        if cut := _zone_cut(zone, name, rdtype):
            return _referral(zone, cut, result)
        node = _matching_node(zone, name)
        if node is None:
            result.rcode = dns.rcode.NXDOMAIN
            return _negative(zone, result)
        cname = node.get(dns.rdatatype.CNAME)
        if cname is None or rdtype in (dns.rdatatype.CNAME, dns.rdatatype.ANY):
            return _data(zone, name, rdtype, node, result)
        result.answer.append(OwnedRRset(name, dns.rdatatype.CNAME, cname))
        name = cname.rdatas[0]
        if not is_within(name, zone.apex) or name in (owned.owner for owned in result.answer):
            break
    return result


def _zone_cut(zone: Zone, name: bytes, rdtype: int) -> bytes | None:
    """The topmost delegation at or above the name; DS is the parent's (RFC 4035 §3.1.4.1)."""
    cut = None
    for owner in ancestors(name):
        if owner == zone.apex:
            return cut
        is_parents = owner == name and rdtype == dns.rdatatype.DS
        if zone.rrset(owner, dns.rdatatype.NS) and not is_parents:
            cut = owner
    return cut


def _matching_node(zone: Zone, name: bytes) -> Node | None:
    """The node at the name or at its source of synthesis (RFC 4592 §3.3.1)."""
    node = zone.node(name)
    if node is not None:
        return node
    encloser = next(owner for owner in ancestors(parent(name)) if zone.node(owner) is not None)
    return zone.node(WILDCARD_LABEL + encloser)


def _data(zone: Zone, name: bytes, rdtype: int, node: Node, result: Answer) -> Answer:
    types = list(node) if rdtype == dns.rdatatype.ANY else [t for t in (rdtype,) if t in node]
    if not types:
        return _negative(zone, result)
    result.answer += [OwnedRRset(name, t, node[t]) for t in types]
    return result


def _negative(zone: Zone, result: Answer) -> Answer:
    """RFC 2308 §3."""
    soa = RRset(zone.negative_ttl, zone.soa.rdatas)
    result.authority.append(OwnedRRset(zone.apex, dns.rdatatype.SOA, soa))
    return result


def _referral(zone: Zone, cut: bytes, result: Answer) -> Answer:
    """NS and glue; not authoritative unless a CNAME of ours led here."""
    servers = zone.nodes[cut][dns.rdatatype.NS]
    result.is_authoritative = bool(result.answer)
    result.authority.append(OwnedRRset(cut, dns.rdatatype.NS, servers))
    for target in servers.rdatas:
        for rdtype in _ADDRESS_TYPES:
            if addresses := zone.rrset(target, rdtype):
                result.additional.append(OwnedRRset(target, rdtype, addresses))
    return result
