"""Zones that the run's real nameservers sign, and what they answer with the DO bit."""

from collections.abc import Sequence

import dns.message
import dns.query
import dns.rrset

from deploy.local.server import Server
from deploy.local.signing import Denial
from dnsupdate import validation
from tests.dnsupdate.real_zones import ANSWER_SECONDS

SIGNERS = [(server, denial) for server in ("bind", "knot") for denial in Denial]
SIGNER_IDS = ["-".join(each) for each in SIGNERS]


def ask_signed(server: Server, name: str, type_name: str = "A") -> dns.message.Message:
    query = dns.message.make_query(f"{name}.", type_name, flags=0, want_dnssec=True)
    return dns.query.tcp(query, server.host, port=server.port, timeout=ANSWER_SECONDS)


def keys_of(server: Server, apex: str) -> validation.Keys:
    return validation.trust(ask_signed(server, apex, "DNSKEY"), apex)


def verdict_on(server: Server, keys: validation.Keys, name: str, type_name: str = "A") -> str:
    """The rcode, and whether the answer validates: "NXDOMAIN valid"."""
    answer = ask_signed(server, name, type_name)
    return f"{dns.rcode.to_text(answer.rcode())} {validation.validate(answer, keys)}"


def rrset(*texts: str) -> dns.rrset.RRset:
    """From `name TTL type rdata` in presentation form."""
    name, ttl, type_name, _ = texts[0].split(maxsplit=3)
    return dns.rrset.from_text(name, int(ttl), "IN", type_name, *(text.split(maxsplit=3)[3] for text in texts))


def without(answer: dns.message.Message, type_names: Sequence[str]) -> dns.message.Message:
    """The answer with the RRsets of these types, and their signatures, taken out."""
    types = {dns.rdatatype.from_text(each) for each in type_names}
    copy = dns.message.from_wire(answer.to_wire())
    for section in (copy.answer, copy.authority):
        section[:] = [each for each in section if each.rdtype not in types and each.covers not in types]
    return reread(copy)


def reread(answer: dns.message.Message) -> dns.message.Message:
    """As somebody who gets it from the wire sees it."""
    return dns.message.from_wire(answer.to_wire(max_size=65535))
