"""Proofs: a run's questions for one chunk of names, the verdict on each answer, and how long proofs are kept."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

import dns.rdata
import dns.rdataclass
import dns.rdatatype
from django.db import connection

from dnsupdate import queries
from dnsupdate.expectations import Expectations, Expected
from dnsupdate.inquiry import Inquiry, Question
from dnsupdate.models import Nameserver, Proof, Zone
from dnsupdate.models.proofs import UNPROVEN
from dnsupdate.queries import Record
from dnsupdate.rrsets import RRsets

# Rows per DELETE of what is too old.
CHUNK = 2000
# A hostile server may answer 64 KiB for every name; evidence needs no more of it than this.
MAX_RECORDS_KEPT = 20
MAX_CHARACTERS_KEPT = 300

_COLUMNS = (
    *("zone_id", "name", "revision", "nameserver_id", "rcode", "serial", "asked_at", "is_match", "error"),
    "answer",
)
_COPY = f"COPY dnsupdate_proof ({', '.join(_COLUMNS)}) FROM STDIN"

# Says what is wrong with a signed answer (RFC 4035 §5), empty where it validates. The reply has the message's octets.
Validate = Callable[[Question], str]


class Questioning:
    """A chunk of names at some servers: what is asked, and the proofs that follow from the answers.

    serials are what each server said of the zone in this run, errors why a server cannot be asked at all.
    """

    def __init__(
        self,
        zone: Zone,
        names: Sequence[str],
        *,
        servers: Sequence[Nameserver],
        serials: Mapping[int, int | None],
        errors: Mapping[int, str],
        validate: Validate | None = None,
    ) -> None:
        self.zone, self.servers, self.serials, self.errors = zone, servers, serials, errors
        self.validate = validate
        self.expectations = Expectations(zone, names)
        self._asked = [
            (server, expected, [] if errors.get(server.pk) else list(_questions(server, expected)))
            for expected in map(self.expectations.of, names)
            for server in servers
        ]

    def ask(self, inquiry: Inquiry) -> None:
        inquiry.ask(question for _, _, questions in self._asked for question in questions)

    def proofs(self) -> list[Proof]:
        """Compares. What is not as expected may be so because of names below, which is looked up only then."""
        proofs = [self._proof(*each) for each in self._asked]
        suspects = {
            proof.name for proof, (_, expected, _) in zip(proofs, self._asked, strict=True) if _is_odd(proof, expected)
        }
        if suspects:
            self.expectations.look_deeper(suspects)
            proofs = [
                self._proof(server, self.expectations.of(expected.name), questions)
                if expected.name in suspects
                else proof
                for proof, (server, expected, questions) in zip(proofs, self._asked, strict=True)
            ]
        return proofs

    def _proof(self, server: Nameserver, expected: Expected, questions: list[Question]) -> Proof:
        error = self._error(expected, questions)
        if why := self.errors.get(server.pk):
            error = f"{UNPROVEN}{why}"
        replies = [question.reply for question in questions if question.reply is not None]
        records = {record for reply in replies for record in reply.records}
        serials = [reply.serial for reply in replies if reply.serial is not None]
        asked_at = min((question.asked_at for question in questions if question.asked_at), default=None)
        return Proof(
            zone=self.zone,
            name=expected.name,
            revision=expected.revision,
            nameserver=server,
            answer=_as_rrsets(records) if records else {},
            rcode=_rcode(questions),
            serial=serials[-1] if serials else self.serials.get(server.pk),
            asked_at=datetime.fromtimestamp(asked_at, UTC) if asked_at else datetime.now(UTC),
            is_match=not error,
            error=error,
        )

    def _error(self, expected: Expected, questions: list[Question]) -> str:
        for question in questions:
            if why := self._why_no_proof(question):
                return f"{UNPROVEN}{question.type_name}: {why}"
        for question in questions:
            if question.reply and (difference := expected.difference(question.type_name, question.reply)):
                return difference
        return ""

    def _why_no_proof(self, question: Question) -> str:
        reply = question.reply
        if reply is None:
            return question.error
        if reply.rcode not in ("NOERROR", "NXDOMAIN"):
            return reply.rcode
        if reply.is_truncated:
            return "the answer is cut short even over TCP"
        if not reply.is_authoritative:
            return "the answer is without authority"
        return self.validate(question) if self.validate else ""


def store(proofs: Sequence[Proof]) -> None:
    """Writes them. Their primary keys are not known afterwards: by COPY they take a third of the time of INSERTs."""
    with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        for proof in proofs:
            copy.write_row([getattr(proof, column) for column in _COLUMNS[:-1]] + [json.dumps(proof.answer)])


def purge(before: datetime) -> int:
    """Deletes proofs that are older, a chunk at a time; how many. The first that was written is the first to go."""
    total = 0
    while rows := list(Proof.objects.order_by("pk").values_list("pk", "asked_at")[:CHUNK]):
        old = [pk for pk, asked_at in rows if asked_at < before]
        total += Proof.objects.filter(pk__in=old).delete()[0]
        if len(old) < len(rows):
            break
    return total


def _questions(server: Nameserver, expected: Expected) -> Iterator[Question]:
    name = queries.name_to_wire(expected.name)
    for type_name in expected.types:
        yield Question(server.pk, expected.name, type_name, queries.question_of(name, type_name))


def _is_odd(proof: Proof, expected: Expected) -> bool:
    """Whether names below may be the reason: they make a name exist that has no records, and keep a wildcard from it."""
    is_own = bool(expected.rrsets) and not expected.wildcard
    return not (proof.is_match or is_own or proof.answer or proof.error.startswith(UNPROVEN))


def _rcode(questions: Iterable[Question]) -> str:
    """The common one; where they differ, the one that a reader must know of."""
    rcodes = {question.reply.rcode for question in questions if question.reply is not None}
    for usual in ("NXDOMAIN", "NOERROR"):
        if len(rcodes) > 1:
            rcodes.discard(usual)
    return min(rcodes, default="")


def _as_rrsets(found: set[Record]) -> RRsets:
    rrsets: RRsets = {}
    for record in sorted(found, key=lambda record: (record.type_name, record.rdata))[:MAX_RECORDS_KEPT]:
        rrset = rrsets.setdefault(record.type_name, {"ttl": record.ttl, "rdata": []})
        rrset["rdata"].append(_as_text(record)[:MAX_CHARACTERS_KEPT])
    return rrsets


def _as_text(record: Record) -> str:
    type_code = queries.type_code(record.type_name)
    return dns.rdata.from_wire(dns.rdataclass.IN, type_code, record.rdata, 0, len(record.rdata)).to_text()
