"""Parents: which servers a zone's parent has, and what each of them says about the delegation, asked directly."""

import asyncio
import logging
from dataclasses import dataclass

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
from django.conf import settings

from dnsupdate import questions
from dnsupdate.errors import NoAnswer
from dnsupdate.pictures import Picture
from dnsupdate.questions import Server

logger = logging.getLogger(__name__)

# Enough to outvote a broken one; a registry has up to 13 and all of them are told the same.
MAX_SERVERS = 5
# More nameservers, addresses of one, or DS records than any registry takes: the answer of somebody who means harm.
MAX_RECORDS = 32
# Of the answers kept as evidence; a referral to 13 nameservers with glue and DS has about 2,000.
MAX_EVIDENCE_CHARACTERS = 8000


@dataclass(frozen=True, slots=True)
class Answer:
    """One server's answer: the picture, or in said why there is none. Evidence is the messages in presentation form.

    is_own: the server serves the zone itself and answers with the zone's own NS RRset; from it no referral can be had.
    """

    server: Server
    picture: Picture | None = None
    said: str = ""
    evidence: str = ""
    is_own: bool = False


async def find(apex: str) -> tuple[str, list[Server]]:
    """The enclosing zone's name (empty: the root) and its servers, by the resolver. Raises NoAnswer."""
    name = dns.name.from_text(apex)
    while name != dns.name.root:
        name = name.parent()
        if targets := await questions.resolve(name.to_text(), dns.rdatatype.NS):
            return name.to_text(omit_final_dot=True).lower().rstrip("."), await _servers(targets)
    raise NoAnswer(f"from the resolver that names a zone above {apex}.")


async def _servers(targets: list[str]) -> list[Server]:
    """The first few by name, so that each check asks the same; an IPv4 address of each where it has one."""
    names = sorted(target.lower().rstrip(".") for target in targets)[:MAX_SERVERS]
    found = await asyncio.gather(*(questions.addresses(name) for name in names), return_exceptions=True)
    servers = []
    for name, addresses in zip(names, found, strict=True):
        if isinstance(addresses, list) and addresses:
            servers.append(Server(name, addresses[0], settings.DELEGATION_PORT))
        else:
            logger.info("no address of the parent's server %s: %s", name, addresses)
    if not servers:
        raise NoAnswer(f"from the resolver that has an address of {', '.join(names)}.")
    return servers


async def ask(apex: str, server: Server) -> Answer:
    """NS and then DS without recursion. Never raises: what is wrong is said in the answer."""
    try:
        referral = await questions.ask(apex, dns.rdatatype.NS, server)
        return await _read(dns.name.from_text(apex), referral, server)
    except NoAnswer as error:
        return Answer(server, said=str(error))
    except Exception as error:
        # A hostile answer must cost no other server's.
        logger.warning("%s answered about %s what cannot be read", server, apex, exc_info=True)
        return Answer(server, said=f"An answer that cannot be read ({type(error).__name__}).")


async def _read(apex: dns.name.Name, answer: dns.message.Message, server: Server) -> Answer:
    evidence = _text(answer)
    is_authoritative = bool(answer.flags & dns.flags.AA)
    if not (answer.rcode() == dns.rcode.NOERROR or (answer.rcode() == dns.rcode.NXDOMAIN and is_authoritative)):
        return Answer(server, said=f"It says {dns.rcode.to_text(answer.rcode())}.", evidence=evidence)
    own, referral = _find(answer.answer, apex), _find(answer.authority, apex)
    if is_authoritative and not own and not referral:
        # RFC 2308: NXDOMAIN, or a name without the type: either way nothing is delegated here.
        return Answer(server, Picture(), f"Not delegated ({dns.rcode.to_text(answer.rcode())}).", evidence)
    # A cache answers without authority; a referral with it comes from servers that set the flag always.
    own = own if is_authoritative else None
    nameservers = own or referral
    if not nameservers:
        return Answer(
            server, said="It is not the parent: neither a referral nor an answer with authority.", evidence=evidence
        )
    ds_answer = await questions.ask(apex.to_text(), dns.rdatatype.DS, server)
    evidence += "\n\n" + _text(ds_answer)
    ds = _ds(ds_answer, apex)
    names = tuple(sorted({rdata.target.to_text(omit_final_dot=True).lower() for rdata in nameservers}))
    glue = () if own else _glue(answer, apex, names)
    if ds is None:
        return Answer(server, said=f"It says {dns.rcode.to_text(ds_answer.rcode())} about DS.", evidence=evidence)
    if max(len(names), len(ds), *(len(addresses) for _, addresses in glue), 0) > MAX_RECORDS:
        return Answer(
            server, said=f"It names more than {MAX_RECORDS} servers, addresses or DS records.", evidence=evidence
        )
    said = "It serves the zone itself." if own else ""
    return Answer(server, Picture(names, glue, ds), said, evidence, is_own=bool(own))


def _find(section: list[dns.rrset.RRset], owner: dns.name.Name) -> dns.rrset.RRset | None:
    return next((rrset for rrset in section if rrset.name == owner and rrset.rdtype == dns.rdatatype.NS), None)


def _glue(
    answer: dns.message.Message, apex: dns.name.Name, names: tuple[str, ...]
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    found: dict[str, set[str]] = {}
    for rrset in answer.additional:
        name = rrset.name.to_text(omit_final_dot=True).lower()
        if rrset.rdtype in (dns.rdatatype.A, dns.rdatatype.AAAA) and name in names and rrset.name.is_subdomain(apex):
            found.setdefault(name, set()).update(rdata.to_text() for rdata in rrset)
    return tuple((name, tuple(sorted(found[name]))) for name in sorted(found))


def _ds(answer: dns.message.Message, apex: dns.name.Name) -> tuple[str, ...] | None:
    """None where the server does not say. One that answers with a referral knows no DS, so it holds none (RFC 4035 §3.1.4.1)."""
    is_referral = _find(answer.authority, apex) is not None
    if answer.rcode() != dns.rcode.NOERROR or not (answer.flags & dns.flags.AA or is_referral):
        return None
    found = (rrset for rrset in answer.answer if rrset.name == apex and rrset.rdtype == dns.rdatatype.DS)
    return tuple(sorted({rdata.to_text() for rrset in found for rdata in rrset}))


def _text(answer: dns.message.Message) -> str:
    """Without NUL, which an extended error (RFC 8914) may hold and PostgreSQL takes in no text."""
    return answer.to_text()[:MAX_EVIDENCE_CHARACTERS].replace("\x00", "\\000")
