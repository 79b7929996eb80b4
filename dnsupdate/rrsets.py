"""RRsets as the rows hold them: {"A": {"ttl": 60, "rdata": ["192.0.2.1"]}}."""

from typing import TypedDict

import dns.exception
import dns.rdata
import dns.rdataclass
import dns.rdatatype
from django.utils.translation import gettext as _

from dnsupdate.errors import InvalidRRset


class RRset(TypedDict):
    """One RRset: its TTL in seconds and its rdata in presentation form."""

    ttl: int
    rdata: list[str]


RRsets = dict[str, RRset]

# RFC 2181 §8.
MAX_TTL = 2**31 - 1


def check(rrsets: RRsets) -> None:
    """Raises InvalidRRset for what a server would refuse, or worse, silently ignore.

    BIND and Knot answer NOERROR to a CNAME beside other records and keep one of them.
    """
    if "CNAME" in rrsets and (len(rrsets) > 1 or len(rrsets["CNAME"]["rdata"]) > 1):
        raise InvalidRRset(_("a CNAME stands alone (RFC 1034 §3.6.2)."))
    for type_name, rrset in rrsets.items():
        if not 0 <= rrset["ttl"] <= MAX_TTL:
            raise InvalidRRset(_("TTL {ttl} of {rdtype} is out of range.").format(ttl=rrset["ttl"], rdtype=type_name))
        for text in rrset["rdata"]:
            to_wire(type_name, text)


def to_wire(type_name: str, text: str) -> bytes:
    """The rdata's octets, uncompressed. Raises InvalidRRset."""
    try:
        rdata = dns.rdata.from_text(dns.rdataclass.IN, dns.rdatatype.from_text(type_name), text, origin=None)
        return rdata.to_wire() or b""
    except (dns.exception.DNSException, ValueError, OverflowError) as error:
        raise InvalidRRset(f"{type_name} {text[:80]!r}: {error or type(error).__name__}.") from error


def to_canonical(type_name: str, text: str) -> bytes:
    """As to_wire, with the names inside in lower case (RFC 4034 §6.2): BIND keeps their case and Knot does not."""
    wire = to_wire(type_name, text)
    if type_name in ("A", "AAAA"):
        return wire
    rdata = dns.rdata.from_wire(dns.rdataclass.IN, dns.rdatatype.from_text(type_name), wire, 0, len(wire))
    return rdata.to_digestable()
