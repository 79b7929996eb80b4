"""Denial of existence: what signed NSEC (RFC 4035 §5.4) and NSEC3 records (RFC 5155 §8) prove. Knows no network and no rows."""

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import dns.dnssec
import dns.name
import dns.rdatatype
import dns.rrset
from dns.name import Name
from dns.rdatatype import RdataType
from dns.rdtypes.ANY.NSEC import NSEC
from dns.rdtypes.ANY.NSEC3 import NSEC3

from dnsupdate.errors import NotDenied

# RFC 9276 §3.2: validators may refuse more. Each costs a hash per name, and whoever answers chooses the number.
MAX_ITERATIONS = 100
OPT_OUT = 1
SHA1 = 1


class Proof(Protocol):
    """Each raises NotDenied, which says what is missing."""

    def deny_name(self, name: Name) -> None:
        """Neither the name nor a wildcard that would answer for it exists."""

    def deny_type(self, name: Name, rdtype: RdataType) -> None:
        """The name, or the wildcard that answers for it, has no such RRset."""

    def deny_closer(self, name: Name, encloser: Name) -> None:
        """No name closer than *.encloser, which answered, exists (RFC 4035 §5.3.4, RFC 5155 §8.8)."""


def proof(rrsets: Sequence[dns.rrset.RRset], apex: Name) -> Proof:
    """Of an answer's NSEC and NSEC3 RRsets, all of them with valid signatures of the zone."""
    hashed = [_Hashed.of(rrset, apex) for rrset in rrsets if rrset.rdtype == RdataType.NSEC3]
    if hashed:
        return _Nsec3Proof(apex, hashed)
    return _NsecProof(apex, [(rrset.name, rrset[0]) for rrset in rrsets if rrset.rdtype == RdataType.NSEC])


def has_type(record: NSEC | NSEC3, rdtype: RdataType) -> bool:
    """Whether the type bit map (RFC 4034 §4.1.2) has the type."""
    window, bit = divmod(int(rdtype), 256)
    octet, mask = bit // 8, 0x80 >> bit % 8
    return any(len(octets) > octet and octets[octet] & mask for number, octets in record.windows if number == window)


@dataclass(frozen=True, slots=True)
class _NsecProof:
    apex: Name
    records: Sequence[tuple[Name, NSEC]]

    def deny_name(self, name: Name) -> None:
        owner, record = self._denial_of(name)
        encloser = max(_common(name, owner), _common(name, record.next), key=len)
        self._denial_of(_wildcard(encloser))

    def deny_type(self, name: Name, rdtype: RdataType) -> None:
        for owner, record in self.records:
            if owner == name:
                return _deny_type_by(record, name, rdtype)
            if _covers(owner, record, name, self.apex) and record.next.is_subdomain(name):
                return  # an empty non-terminal
        owner, record = self._denial_of(name)
        wildcard = _wildcard(max(_common(name, owner), _common(name, record.next), key=len))
        for owner, record in self.records:
            if owner == wildcard:
                return _deny_type_by(record, wildcard, rdtype)
        raise NotDenied(f"no NSEC record stands at {name} or {wildcard}.")

    def deny_closer(self, name: Name, encloser: Name) -> None:
        self._denial_of(_next_closer(name, encloser))

    def _denial_of(self, name: Name) -> tuple[Name, NSEC]:
        """The record that proves that neither the name nor anything below it exists."""
        for owner, record in self.records:
            if _covers(owner, record, name, self.apex) and not record.next.is_subdomain(name):
                return owner, record
        raise NotDenied(f"no NSEC record covers {name}.")


def _covers(owner: Name, record: NSEC, name: Name, apex: Name) -> bool:
    # The last record of a zone leads back to the apex.
    is_between = owner < name and (name < record.next or record.next == apex)
    return is_between and not (name.is_subdomain(owner) and _is_elsewhere(record))


@dataclass(frozen=True, slots=True)
class _Hashed:
    """One NSEC3 record, with the hash that is its owner's first label."""

    owner: str
    record: NSEC3
    apex: Name

    @classmethod
    def of(cls, rrset: dns.rrset.RRset, apex: Name) -> "_Hashed":
        record: NSEC3 = rrset[0]
        if record.algorithm != SHA1 or record.iterations > MAX_ITERATIONS:
            raise NotDenied(f"NSEC3 with algorithm {record.algorithm} and {record.iterations} iterations (RFC 9276).")
        if rrset.name.parent() != apex:
            raise NotDenied(f"the NSEC3 record {rrset.name} is not directly below {apex}.")
        return cls(rrset.name.labels[0].decode("ascii", "replace").upper(), record, apex)

    def matches(self, name: Name) -> bool:
        return self._hash(name) == self.owner

    def covers(self, name: Name) -> bool:
        hashed, end = self._hash(name), base64.b32hexencode(self.record.next).decode()
        if self.owner < end:
            return self.owner < hashed < end
        # The last of the chain leads back to the first.
        return hashed > self.owner or hashed < end

    def _hash(self, name: Name) -> str:
        return dns.dnssec.nsec3_hash(name, self.record.salt, self.record.iterations, self.record.algorithm).upper()


@dataclass(frozen=True, slots=True)
class _Nsec3Proof:
    apex: Name
    records: Sequence[_Hashed]

    def deny_name(self, name: Name) -> None:
        """RFC 5155 §8.4."""
        self._deny(_wildcard(self._closest_encloser(name)))

    def deny_type(self, name: Name, rdtype: RdataType) -> None:
        """RFC 5155 §8.5, §8.7; a record with the opt-out flag proves nothing here (§8.6)."""
        if record := self._at(name):
            return _deny_type_by(record, name, rdtype)
        wildcard = _wildcard(self._closest_encloser(name))
        if record := self._at(wildcard):
            return _deny_type_by(record, wildcard, rdtype)
        raise NotDenied(f"no NSEC3 record stands at {name} or {wildcard}.")

    def deny_closer(self, name: Name, encloser: Name) -> None:
        self._deny(_next_closer(name, encloser))

    def _closest_encloser(self, name: Name) -> Name:
        """RFC 5155 §8.3: the longest ancestor that exists, of which the next closer name does not."""
        if self._at(name):
            raise NotDenied(f"{name} exists.")
        for ancestor in _ancestors(name, self.apex):
            record = self._at(ancestor)
            if record is None:
                continue
            if _is_elsewhere(record):
                raise NotDenied(f"{ancestor} is delegated.")
            self._deny(_next_closer(name, ancestor))
            return ancestor
        raise NotDenied(f"no NSEC3 record stands at an ancestor of {name}.")

    def _at(self, name: Name) -> NSEC3 | None:
        return next((each.record for each in self.records if each.matches(name)), None)

    def _deny(self, name: Name) -> None:
        covering = [each.record for each in self.records if each.covers(name)]
        if not covering:
            raise NotDenied(f"no NSEC3 record covers {name}.")
        if all(record.flags & OPT_OUT for record in covering):
            raise NotDenied(f"{name} is covered with opt-out only: it may be delegated.")


def _deny_type_by(record: NSEC | NSEC3, name: Name, rdtype: RdataType) -> None:
    if has_type(record, rdtype) or has_type(record, RdataType.CNAME):
        raise NotDenied(f"{name} has {dns.rdatatype.to_text(rdtype)} or CNAME by its own record.")
    if _is_delegation(record) and rdtype != RdataType.DS:
        raise NotDenied(f"{name} is delegated.")


def _is_elsewhere(record: NSEC | NSEC3) -> bool:
    """Whether names below its owner are another zone's, or redirected: it says nothing of them (RFC 6840 §4.1)."""
    return _is_delegation(record) or has_type(record, RdataType.DNAME)


def _is_delegation(record: NSEC | NSEC3) -> bool:
    return has_type(record, RdataType.NS) and not has_type(record, RdataType.SOA)


def _common(name: Name, other: Name) -> Name:
    _, _, count = name.fullcompare(other)
    return name.split(count)[1]


def _next_closer(name: Name, encloser: Name) -> Name:
    return name.split(len(encloser) + 1)[1]


def _wildcard(encloser: Name) -> Name:
    return Name((b"*", *encloser.labels))


def _ancestors(name: Name, apex: Name) -> Iterator[Name]:
    while name != apex:
        name = name.parent()
        yield name
