"""Apexes: what each server of a zone says at its top: SOA and NS, and whether with authority."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import dns.flags
import dns.inet
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
from django.conf import settings

from dnsupdate import questions
from dnsupdate.errors import NoAnswer
from dnsupdate.pictures import Picture
from dnsupdate.questions import Server

# How we come to know of a server.
DELEGATED, LISTED = "delegated", "listed"


@dataclass(frozen=True, slots=True)
class Apex:
    """One server's word about the apex. failure says why it is of no use as a nameserver of the zone, empty: it is."""

    role: str
    server: Server
    serial: int | None = None
    ns: tuple[str, ...] = ()
    failure: str = ""


async def ask_all(apex: str, picture: Picture | None, listed: Sequence[Server]) -> list[Apex]:
    """Every address of every nameserver that the parent names, then those that we list."""
    shown = picture or Picture()
    delegated = await asyncio.gather(*(_of_nameserver(apex, name, shown) for name in shown.ns))
    return [
        *(each for apexes in delegated for each in apexes),
        *await asyncio.gather(*(_of_listed(apex, server) for server in listed)),
    ]


async def _of_nameserver(apex: str, name: str, picture: Picture) -> list[Apex]:
    """By the parent's glue where it has any, else by the resolver."""
    port = settings.DELEGATION_PORT
    try:
        addresses = list(dict(picture.glue).get(name, ())) or await questions.addresses(name)
    except NoAnswer as error:
        return [Apex(DELEGATED, Server(name, "", port), failure=f"Its address is not known. {error}")]
    if not addresses:
        return [Apex(DELEGATED, Server(name, "", port), failure="It has no address.")]
    servers = [Server(name, address, port) for address in addresses[: 2 * questions.MAX_ADDRESSES]]
    return list(await asyncio.gather(*(_ask(apex, DELEGATED, server) for server in servers)))


async def _of_listed(apex: str, server: Server) -> Apex:
    """A Nameserver row may hold a name for an address."""
    try:
        addresses = [server.address] if _is_address(server.address) else await questions.addresses(server.address)
    except NoAnswer as error:
        return Apex(LISTED, server, failure=f"Its address is not known. {error}")
    if not addresses:
        return Apex(LISTED, server, failure="It has no address.")
    return await _ask(apex, LISTED, Server(server.name, addresses[0], server.port))


async def _ask(apex: str, role: str, server: Server) -> Apex:
    """SOA and NS. Never raises: whatever is wrong is the server's failure."""
    try:
        soa = await questions.ask(apex, dns.rdatatype.SOA, server)
        if failure := _lameness(soa):
            return Apex(role, server, failure=failure)
        ns = await questions.ask(apex, dns.rdatatype.NS, server)
        owner = dns.name.from_text(apex)
        serials = [rdata.serial for rdata in _rdata(soa, owner, dns.rdatatype.SOA)]
        targets = {rdata.target.to_text(omit_final_dot=True).lower() for rdata in _rdata(ns, owner, dns.rdatatype.NS)}
    except Exception as error:
        # A hostile answer must cost no other server's.
        return Apex(role, server, failure=str(error) if isinstance(error, NoAnswer) else type(error).__name__)
    if not serials:
        return Apex(role, server, failure="Lame: it has no SOA record here.")
    return Apex(role, server, serials[0], tuple(sorted(targets)))


def _lameness(answer: dns.message.Message) -> str:
    if answer.rcode() != dns.rcode.NOERROR:
        return f"Lame: it says {dns.rcode.to_text(answer.rcode())}."
    return "" if answer.flags & dns.flags.AA else "Lame: it answers without authority."


def _rdata(answer: dns.message.Message, owner: dns.name.Name, rdtype: dns.rdatatype.RdataType) -> list:
    return [rdata for rrset in answer.answer if (rrset.name, rrset.rdtype) == (owner, rdtype) for rdata in rrset]


def _is_address(text: str) -> bool:
    try:
        dns.inet.af_for_address(text)
    except ValueError:
        return False
    return True
