"""Validation of answers from a signed zone (RFC 4035 §5): what holds, and if not, which of the ways it fails.

The signatures are dnspython's to verify; which records must be signed, and what denies a name, is decided here.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import cast

import dns.dnssec
import dns.exception
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
from dns.dnssectypes import DSDigest
from dns.name import Name
from dns.rdatatype import RdataType
from dns.rdtypes.ANY.DNSKEY import DNSKEY
from dns.rdtypes.ANY.DS import DS
from dns.rdtypes.ANY.RRSIG import RRSIG
from dns.rdtypes.dnskeybase import Flag

from dnsupdate import denial
from dnsupdate.errors import Bogus, NotDenied

# More is either broken or meant to cost us: an answer can hold hundreds of keys and signatures with one key tag.
MAX_KEYS = 32
MAX_SIGNATURES_TRIED = 8
MAX_ALIASES = 8
DIGESTS = (DSDigest.SHA256, DSDigest.SHA384)

# Records about a name, which stand beside a CNAME and are not answered by it (RFC 4035 §2.5, RFC 2181 §10.1).
ABOUT_NAMES = (RdataType.RRSIG, RdataType.NSEC, RdataType.NSEC3, RdataType.SIG, RdataType.KEY, RdataType.NXT)

RRset = dns.rrset.RRset


class Flaw(StrEnum):
    """Why an answer does not validate. Each is mended elsewhere, so they are told apart; later ones tell more."""

    NO_ANSWER = "it answers something else"
    NO_KEYS = "the zone has no keys"
    UNTRUSTED = "none of the zone's keys is a trusted one"
    NO_SIGNATURE = "it is not signed"
    OTHER_KEY = "it is signed with a key that is not the zone's"
    BROKEN = "the signature does not fit the records"
    NOT_YET_VALID = "the signature is not valid yet"
    EXPIRED = "the signature has expired"
    NOT_DENIED = "nothing proves that there is no such record"


_GRAVITY = list(Flaw)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether an answer validates (no flaw), and about which record that is said."""

    flaw: Flaw | None = None
    detail: str = ""

    @property
    def is_valid(self) -> bool:
        return self.flaw is None

    def __str__(self) -> str:
        return f"{self.detail}: {self.flaw}." if self.flaw else "valid"


@dataclass(frozen=True, slots=True)
class Keys:
    """A zone's DNSKEY RRset, trusted: what its signatures are checked with."""

    apex: Name
    rrset: RRset

    @property
    def entry_points(self) -> list[DNSKEY]:
        """What the parent's DS records may point at: KSK or CSK, not revoked (RFC 4034 §2.1.1, RFC 5011 §2.1)."""
        return [key for key in _dnskeys(self.rrset) if key.flags & Flag.SEP and not key.flags & Flag.REVOKE]


class _Flawed(Exception):
    def __init__(self, flaw: Flaw, detail: object) -> None:
        self.verdict = Verdict(flaw, str(detail))
        super().__init__(str(self.verdict))


def trust(
    answer: dns.message.Message, apex: str, *, anchors: Iterable[DS] | None = None, at: datetime | None = None
) -> Keys:
    """The keys that a DNSKEY answer holds, which must have signed themselves.

    anchors are the DS records of the parent, one of which must fit a key that signed the set (RFC 4035 §5.2). Without them
    the answer is the anchor: it must then come from the primary itself, by TSIG. Raises Bogus.
    """
    name = dns.name.from_text(apex)
    try:
        return _trust(answer, name, anchors, _seconds(at))
    except _Flawed as error:
        raise Bogus(str(error)) from error


def validate(answer: dns.message.Message, keys: Keys, *, at: datetime | None = None) -> Verdict:
    """Whether the answer, asked with the DO bit, is what the zone's signer says of its question now, or at that time.

    Positive answers, from a wildcard or not (RFC 4035 §5.3), aliases within the zone, and names and types that do not exist, by
    NSEC or NSEC3. Every record of the zone in the answer section is then a checked one. What comes by DNAME or by delegation,
    and questions for the signer's own records, do not validate. Costs no network.
    """
    try:
        _Validation(answer, keys, _seconds(at)).run()
    except _Flawed as error:
        return error.verdict
    return Verdict()


def signatures(answer: dns.message.Message) -> list[RRSIG]:
    """All signatures in the answer and authority sections."""
    rrsets = [*answer.answer, *answer.authority]
    return [cast(RRSIG, rdata) for rrset in rrsets if rrset.rdtype == RdataType.RRSIG for rdata in rrset]


def _trust(answer: dns.message.Message, apex: Name, anchors: Iterable[DS] | None, now: float) -> Keys:
    rrset = _get(answer, answer.answer, apex, RdataType.DNSKEY)
    if rrset is None:
        raise _Flawed(Flaw.NO_KEYS, f"{apex} DNSKEY")
    if len(rrset) > MAX_KEYS:
        raise _Flawed(Flaw.UNTRUSTED, f"{apex} has {len(rrset)} DNSKEY records")
    keys = _dnskeys(rrset)
    if anchors is not None:
        trusted = [
            key for key in keys if not key.flags & Flag.REVOKE and _fits_any(apex, key, anchors := list(anchors))
        ]
        if not trusted:
            raise _Flawed(Flaw.UNTRUSTED, f"{apex} DNSKEY")
        keys = trusted
    signer = Keys(apex, dns.rrset.from_rdata_list(apex, rrset.ttl, keys))
    _check_signature(answer, answer.answer, rrset, signer, now)
    return Keys(apex, rrset)


def _fits_any(apex: Name, key: DNSKEY, anchors: Iterable[DS]) -> bool:
    candidates = [ds for ds in anchors if ds.digest_type in DIGESTS and ds.key_tag == dns.dnssec.key_id(key)]
    return any(dns.dnssec.make_ds(apex, key, DSDigest(ds.digest_type), validating=True) == ds for ds in candidates)


@dataclass(frozen=True, slots=True)
class _Validation:
    answer: dns.message.Message
    keys: Keys
    now: float

    def run(self) -> None:
        name, rdtype = self._question()
        chain: set[tuple[Name, RdataType]] = set()
        for _ in range(MAX_ALIASES):
            found = self._find(name, rdtype) or self._find(name, RdataType.CNAME)
            if found is None:
                self._check_denial(name, rdtype)
                break
            self._check_positive(name, found)
            chain.add((name, found.rdtype))
            if found.rdtype == rdtype:
                self._check_rcode(found)
                break
            name = found[0].target
            if not name.is_subdomain(self.keys.apex):
                break  # what it answers there is another zone's to sign
        self._refuse_others(chain)

    def _question(self) -> tuple[Name, RdataType]:
        if len(self.answer.question) != 1:
            raise _Flawed(Flaw.NO_ANSWER, "a message without a question")
        question = self.answer.question[0]
        is_of_records = not dns.rdatatype.is_metatype(question.rdtype) and question.rdtype not in ABOUT_NAMES
        if question.rdclass != dns.rdataclass.IN or not is_of_records:
            raise _Flawed(Flaw.NO_ANSWER, f"{question.name} {_text(question.rdtype)}, which is not validated")
        if self.answer.rcode() not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
            raise _Flawed(Flaw.NO_ANSWER, dns.rcode.to_text(self.answer.rcode()))
        if not question.name.is_subdomain(self.keys.apex):
            raise _Flawed(Flaw.NO_ANSWER, f"{question.name} is not in {self.keys.apex}")
        return question.name, question.rdtype

    def _find(self, name: Name, rdtype: RdataType) -> RRset | None:
        return _get(self.answer, self.answer.answer, name, rdtype)

    def _check_rcode(self, found: RRset) -> None:
        if self.answer.rcode() != dns.rcode.NOERROR:
            text = dns.rcode.to_text(self.answer.rcode())
            raise _Flawed(Flaw.NO_ANSWER, f"{found.name} {_text(found.rdtype)}, with {text}")

    def _refuse_others(self, chain: set[tuple[Name, RdataType]]) -> None:
        """Records of the zone that nobody asked for are not checked, so a reader must not take them for checked."""
        for rrset in self.answer.answer:
            is_ours = rrset.name.is_subdomain(self.keys.apex) and rrset.rdtype != RdataType.RRSIG
            if is_ours and (rrset.name, rrset.rdtype) not in chain:
                raise _Flawed(Flaw.NO_ANSWER, f"{rrset.name} {_text(rrset.rdtype)}, which was not asked for")

    def _check_positive(self, name: Name, rrset: RRset) -> None:
        signature = _check_signature(self.answer, self.answer.answer, rrset, self.keys, self.now)
        if signature.labels >= _labels(name):
            return
        encloser = name.split(signature.labels + 1)[1]
        try:
            self._proof().deny_closer(name, encloser)
        except NotDenied as error:
            raise _Flawed(Flaw.NOT_DENIED, f"{name}, answered by *.{encloser} ({error})") from error

    def _check_denial(self, name: Name, rdtype: RdataType) -> None:
        soa = _get(self.answer, self.answer.authority, self.keys.apex, RdataType.SOA)
        if soa is not None:
            _check_signature(self.answer, self.answer.authority, soa, self.keys, self.now)
        try:
            if self.answer.rcode() == dns.rcode.NXDOMAIN:
                self._proof().deny_name(name)
            else:
                self._proof().deny_type(name, rdtype)
        except NotDenied as error:
            raise _Flawed(Flaw.NOT_DENIED, f"{name} {_text(rdtype)} ({error})") from error

    def _proof(self) -> denial.Proof:
        """Of the NSEC and NSEC3 records, each signed under its own name: what a wildcard answered proves nothing."""
        rrsets = [rrset for rrset in self.answer.authority if rrset.rdtype in (RdataType.NSEC, RdataType.NSEC3)]
        for rrset in rrsets:
            signature = _check_signature(self.answer, self.answer.authority, rrset, self.keys, self.now)
            if signature.labels != _labels(rrset.name):
                raise _Flawed(Flaw.NOT_DENIED, f"{rrset.name} {_text(rrset.rdtype)}, from a wildcard")
        return denial.proof(rrsets, self.keys.apex)


def _check_signature(answer: dns.message.Message, section: list[RRset], rrset: RRset, keys: Keys, now: float) -> RRSIG:
    """The signature that holds. Of several that do not, the flaw that tells most is raised."""
    subject = f"{rrset.name} {_text(rrset.rdtype)}"
    if not rrset.name.is_subdomain(keys.apex):
        raise _Flawed(Flaw.OTHER_KEY, subject)
    found = _get(answer, section, rrset.name, RdataType.RRSIG, covers=rrset.rdtype)
    flaws = [Flaw.NO_SIGNATURE]
    for signature in cast("Sequence[RRSIG]", list(found or ())[:MAX_SIGNATURES_TRIED]):
        flaw = _flaw_of(rrset, signature, keys, now)
        if flaw is None:
            return signature
        flaws.append(flaw)
    raise _Flawed(max(flaws, key=_GRAVITY.index), subject)


def _flaw_of(rrset: RRset, signature: RRSIG, keys: Keys, now: float) -> Flaw | None:
    tags = {(dns.dnssec.key_id(key), key.algorithm) for key in _dnskeys(keys.rrset)}
    if signature.signer != keys.apex or (signature.key_tag, signature.algorithm) not in tags:
        return Flaw.OTHER_KEY
    try:
        # At a time when it is valid, so that a changed record is told from an old signature.
        dns.dnssec.validate_rrsig(rrset, signature, {keys.apex: keys.rrset}, now=signature.inception)
    except (dns.exception.DNSException, ValueError):
        return Flaw.BROKEN
    if signature.expiration < now:
        return Flaw.EXPIRED
    return Flaw.NOT_YET_VALID if signature.inception > now else None


def _get(
    answer: dns.message.Message,
    section: list[RRset],
    name: Name,
    rdtype: RdataType,
    covers: RdataType = RdataType.NONE,
) -> RRset | None:
    return answer.get_rrset(section, name, dns.rdataclass.IN, rdtype, covers)


def _dnskeys(rrset: RRset) -> list[DNSKEY]:
    return [cast(DNSKEY, rdata) for rdata in rrset]


def _labels(name: Name) -> int:
    """As a signature counts them: without the root, and without the asterisk of a wildcard (RFC 4034 §3.1.3)."""
    return len(name) - 1 - name.is_wild()


def _text(rdtype: RdataType) -> str:
    return dns.rdatatype.to_text(rdtype)


def _seconds(at: datetime | None) -> float:
    return (at or datetime.now(UTC)).timestamp()
