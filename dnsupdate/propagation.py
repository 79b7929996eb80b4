"""Propagation: what each authoritative server of a zone answers for a name, shown to a person or kept as proof."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rcode

from dnsupdate import nameservers, proofs, signed_answers
from dnsupdate.errors import InvalidName
from dnsupdate.inquiry import Inquiry, Question
from dnsupdate.models import Nameserver, Proof, Zone
from dnsupdate.names import is_within, normalise
from dnsupdate.proofs import Questioning, Validate

# A person waits for the page: a server that needs longer is shown as not answering.
TIMEOUT_SECONDS = 1.0
# For a whole run of prove. A list of 18,472 names at two servers takes some seconds.
PROOF_DEADLINE = timedelta(seconds=30)
# For a look of somebody who waits for the page: two tries at a server that is silent.
LOOK_DEADLINE = timedelta(seconds=2)
# Names whose rows are read at once: a revision is as old as its answers, give or take the time that these take.
CHUNK = 2000
# Names that do not match are kept in a summary up to this number of each server; all are in the rows.
MAX_NAMES_KEPT = 1000


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


@dataclass(slots=True)
class ServerSummary:
    """One server in one run: its serial, how many names it answers as the rows say, and the first that it does not.

    silence is why it was not asked for names at all.
    """

    nameserver: Nameserver
    serial: int | None = None
    silence: str = ""
    name_count: int = 0
    match_count: int = 0
    nothing_count: int = 0
    differences: dict[str, str] = field(default_factory=dict)

    @property
    def is_match(self) -> bool:
        return self.match_count == self.name_count

    def add(self, proof: Proof) -> None:
        self.name_count += 1
        self.match_count += proof.is_match
        self.nothing_count += proof.is_nothing
        if not proof.is_match and len(self.differences) < MAX_NAMES_KEPT:
            self.differences[proof.name] = proof.error


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run of prove found, the primary first. Its proofs are in the rows."""

    zone: Zone
    servers: Sequence[ServerSummary]

    @property
    def is_match(self) -> bool:
        """Whether every server answers for every name what its row says. Nothing asked is nothing proven."""
        return self._is_of_names and all(server.is_match for server in self.servers)

    @property
    def are_all_nothing(self) -> bool:
        """Whether every server says with authority that none of the names answers anything: all are out of DNS."""
        return self._is_of_names and all(server.nothing_count == server.name_count for server in self.servers)

    @property
    def _is_of_names(self) -> bool:
        return any(server.name_count for server in self.servers)


def ask(zone: Zone, name: str) -> list[Answer]:
    """Asks the primary and every secondary for A and AAAA over UDP, without recursion."""
    return [_ask(server, name) for server in (zone.primary, *zone.secondaries.all())]


def look(
    zone: Zone, names: Iterable[str], *, within: timedelta = LOOK_DEADLINE, at: Collection[int] | None = None
) -> list[Proof]:
    """What every authoritative server answers for the names now, compared with their rows as prove does; nothing is stored.

    By name, the primary first; of some servers only where at names them by primary key. Signatures are not validated. Not
    inside a transaction: this waits for the network, as long as within says, and nameservers.RESOLVE_WITHIN for servers that
    are known by name. Raises InvalidName as prove does.
    """
    names = list(dict.fromkeys(names))
    _check(zone, names)
    servers = _servers(zone, at)
    addresses, errors = nameservers.resolve_all(servers)
    questioning = Questioning(zone, names, servers=servers, serials={}, errors=errors)
    with Inquiry(addresses, within=within) as inquiry:
        questioning.ask(inquiry)
    return questioning.proofs()


def prove(
    zone: Zone,
    names: Iterable[str],
    *,
    within: timedelta = PROOF_DEADLINE,
    validate: Validate | None = None,
    at: Collection[int] | None = None,
    silent: Mapping[int, str] = MappingProxyType({}),
) -> Summary:
    """Asks every authoritative server of the zone for every name, compares with the rows, and stores a Proof of each.

    Asked are A, AAAA, TXT and whatever else the row has. A name without a row shall answer nothing, or what a wildcard
    above it says (RFC 4592). A change that was not published yet is a mismatch, one that is made meanwhile is proven by the
    next run: a proof is of the revision that it names. What is not answered within the time is stored as that.
    Where the zone is signed every answer must validate with the keys that the primary has now: the queries carry the DO bit
    (RFC 4035 §3.2.1), and what validate says makes an answer no proof. Where at names servers by primary key only these are
    asked; those in silent were found to say nothing a moment ago, and that is stored without waiting for it again.
    Not inside a transaction: this waits for the network.
    Raises InvalidName for a name that is not normalised or not below the apex.
    """
    names = list(dict.fromkeys(names))
    _check(zone, names)
    validate = validate or signed_answers.validator(zone)
    servers = _servers(zone, at)
    addresses, errors = nameservers.resolve_all([server for server in servers if server.pk not in silent])
    errors |= {server.pk: silent[server.pk] for server in servers if server.pk in silent}
    summaries = {server.pk: ServerSummary(server) for server in servers}
    with Inquiry(addresses, within=within, with_signatures=validate is not None) as inquiry:
        for question in _ask_for_serials(inquiry, zone, addresses):
            if question.reply is None:
                # Silent three times in a row: its names are not worth the time of the others.
                errors[question.server] = question.error
            elif question.reply.is_authoritative:
                summaries[question.server].serial = question.reply.serial
        serials = {server.pk: summaries[server.pk].serial for server in servers}
        for number, why in errors.items():
            summaries[number].silence = why
        for chunk in _chunks(names):
            questioning = Questioning(zone, chunk, servers=servers, serials=serials, errors=errors, validate=validate)
            questioning.ask(inquiry)
            found = questioning.proofs()
            proofs.store(found)
            for proof in found:
                summaries[proof.nameserver_id].add(proof)
    return Summary(zone, list(summaries.values()))


def servers_of(zone: Zone) -> list[Nameserver]:
    """The primary first, each once."""
    return list({server.pk: server for server in (zone.primary, *zone.secondaries.order_by("name"))}.values())


def _servers(zone: Zone, at: Collection[int] | None) -> list[Nameserver]:
    return [server for server in servers_of(zone) if at is None or server.pk in at]


def _ask_for_serials(inquiry: Inquiry, zone: Zone, servers: Iterable[int]) -> list[Question]:
    questions = [Question(server, zone.name, "SOA") for server in servers]
    inquiry.ask(questions)
    return questions


def _check(zone: Zone, names: Iterable[str]) -> None:
    for name in names:
        if normalise(name) != name or not is_within(name, zone.name) or name == zone.name:
            raise InvalidName(f"{name} is not a normalised name below {zone.name}.")


def _chunks(names: Sequence[str]) -> Iterable[Sequence[str]]:
    return (names[start : start + CHUNK] for start in range(0, len(names), CHUNK))


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
