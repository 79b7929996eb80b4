"""Questions: one of them to one server, over UDP and where that fails over TCP, and what a resolver is asked for."""

import asyncio
from dataclasses import dataclass

import dns.asyncquery
import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.resolver
from django.conf import settings

from dnsupdate import nameservers
from dnsupdate.errors import NoAnswer

# Over UDP, and again over TCP. Registries answer within 0.1 s; a server that is frozen costs a check twice this.
TIMEOUT_SECONDS = 2.0
# What arrives in one piece everywhere (DNS flag day 2020); a longer answer comes by TCP.
UDP_OCTETS = 1232
# Of one name in each family: a hostile answer must not make us ask a thousand servers.
MAX_ADDRESSES = 4


@dataclass(frozen=True, slots=True)
class Server:
    """A nameserver as it is asked: what it is called, one of its addresses (empty: none is known), the port."""

    name: str
    address: str
    port: int

    def __str__(self) -> str:
        if not self.address:
            return self.name
        place = self.address if self.port == nameservers.DNS_PORT else f"{self.address} port {self.port}"
        return place if self.name == self.address else f"{self.name} ({place})"


async def ask(
    name: str, rdtype: dns.rdatatype.RdataType, server: Server, *, is_recursive: bool = False
) -> dns.message.Message:
    """The server's answer, whatever it says. Raises NoAnswer.

    The message ID is random, and so is the source port; the question must come back with the answer (RFC 5452 §9).
    """
    flags = dns.flags.RD if is_recursive else 0
    query = dns.message.make_query(name, rdtype, flags=flags, use_edns=0, payload=UDP_OCTETS)
    try:
        return await dns.asyncquery.udp(
            query,
            server.address,
            timeout=TIMEOUT_SECONDS,
            port=server.port,
            ignore_unexpected=True,
            raise_on_truncation=True,
        )
    except Exception:
        # Cut short, lost, forged or garbage, on which the parser may fail in any way: a connection tells them apart.
        return await _ask_over_tcp(query, server)


async def _ask_over_tcp(query: dns.message.Message, server: Server) -> dns.message.Message:
    try:
        return await dns.asyncquery.tcp(query, server.address, timeout=TIMEOUT_SECONDS, port=server.port)
    except (dns.exception.Timeout, TimeoutError) as error:
        raise NoAnswer(f"within {TIMEOUT_SECONDS:g} seconds.") from error
    except OSError as error:
        raise NoAnswer(f"({error.strerror or error}).") from error
    except EOFError as error:
        raise NoAnswer("(the connection was closed).") from error
    except Exception as error:
        raise NoAnswer(f"that can be read ({type(error).__name__}).") from error


async def resolve(name: str, rdtype: dns.rdatatype.RdataType) -> list[str]:
    """The RRset's rdata as the first resolver that answers has it, none where there is no such RRset. Raises NoAnswer."""
    failure = NoAnswer("from any resolver: none is configured.")
    for resolver in resolvers():
        try:
            answer = await ask(name, rdtype, resolver, is_recursive=True)
        except NoAnswer as error:
            failure = NoAnswer(f"from the resolver {resolver}: {error}")
            continue
        if answer.rcode() in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
            found = (rrset for rrset in answer.answer if rrset.rdtype == rdtype)
            return sorted({rdata.to_text() for rrset in found for rdata in rrset})
        failure = NoAnswer(f"from the resolver {resolver}: it says {dns.rcode.to_text(answer.rcode())}.")
    raise failure


async def addresses(name: str) -> list[str]:
    """IPv4 addresses first, then IPv6, by the resolver. Raises NoAnswer."""
    families = await asyncio.gather(*(resolve(name, rdtype) for rdtype in (dns.rdatatype.A, dns.rdatatype.AAAA)))
    return [address for family in families for address in family[:MAX_ADDRESSES]]


def resolvers() -> list[Server]:
    """DDNS_RESOLVERS, or the system's."""
    if settings.RESOLVERS:
        places = [nameservers.parse_address(text) for text in settings.RESOLVERS]
        return [Server(address, address, port) for address, port in places]
    try:
        found = dns.resolver.Resolver().nameservers
    except dns.resolver.NoResolverConfiguration:
        return []
    return [Server(str(address), str(address), nameservers.DNS_PORT) for address in found]
