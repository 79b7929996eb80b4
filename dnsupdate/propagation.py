"""Propagation: what each authoritative server of a zone answers for a name right now."""

from dataclasses import dataclass

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rcode

from dnsupdate import nameservers
from dnsupdate.models import Nameserver, Zone

# A person waits for the page: a server that needs longer is shown as not answering.
TIMEOUT_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Answer:
    """One server's answer: its rcode and its addresses, or why there is none."""

    nameserver: str
    rcode: str = ""
    addresses: tuple[str, ...] = ()
    error: str = ""

    @property
    def is_nothing(self) -> bool:
        """Whether the server says that the name answers no address. A server that refuses to say proves nothing."""
        return not self.error and not self.addresses and self.rcode in ("NOERROR", "NXDOMAIN")


def ask(zone: Zone, name: str) -> list[Answer]:
    """Asks the primary and every secondary for A and AAAA over UDP, without recursion."""
    return [_ask(server, name) for server in (zone.primary, *zone.secondaries.all())]


def _ask(server: Nameserver, name: str) -> Answer:
    addresses: list[str] = []
    rcode = ""
    try:
        address = nameservers.resolve(server)
        for type_name in ("A", "AAAA"):
            query = dns.message.make_query(f"{name}.", type_name, flags=0)
            answer, _ = dns.query.udp_with_fallback(query, address, port=server.port, timeout=TIMEOUT_SECONDS)
            rcode = dns.rcode.to_text(answer.rcode())
            addresses += [rdata.to_text() for rrset in answer.answer for rdata in rrset]
    except (dns.exception.DNSException, OSError) as error:
        return Answer(server.name, error=str(error) or type(error).__name__)
    return Answer(server.name, rcode=rcode, addresses=tuple(addresses))
