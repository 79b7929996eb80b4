"""Denial of existence: what single NSEC and NSEC3 records prove, down to those that no honest server sends."""

import base64
from collections.abc import Callable

import dns.dnssec
import dns.name
import dns.rdatatype
import pytest
from dns.rdatatype import RdataType

from dnsupdate import denial
from dnsupdate.denial import MAX_ITERATIONS
from dnsupdate.errors import NotDenied
from tests.dnsupdate.signed_zones import rrset

APEX = dns.name.from_text("z.test")


def name(label: str) -> dns.name.Name:
    return dns.name.from_text(f"{label}.z.test." if label else "z.test.")


def nsec(owner: str, following: str, types: str) -> dns.rrset.RRset:
    return rrset(f"{name(owner)} 60 NSEC {name(following)} {types} RRSIG NSEC")


def hashed(label: str) -> str:
    return dns.dnssec.nsec3_hash(name(label), None, 0, 1)


def nsec3_at(label: str, types: str = "", *, flags: int = 0, iterations: int = 0) -> dns.rrset.RRset:
    """The record that stands at the name and covers nothing else that matters."""
    owner = hashed(label) if iterations == 0 else dns.dnssec.nsec3_hash(name(label), None, iterations, 1)
    return rrset(f"{owner}.z.test. 60 NSEC3 1 {flags} {iterations} - {_beside(owner, 1)} {types}")


def nsec3_over(label: str, *, flags: int = 0) -> dns.rrset.RRset:
    """A record that covers this name and stands at none that is asked for."""
    return rrset(f"{_beside(hashed(label), -1)}.z.test. 60 NSEC3 1 {flags} 0 - {_beside(hashed(label), 1)} A")


def _beside(text: str, distance: int) -> str:
    number = int.from_bytes(base64.b32hexdecode(text)) + distance
    return base64.b32hexencode(number.to_bytes(20)).decode()


def proof(*rrsets: dns.rrset.RRset) -> denial.Proof:
    return denial.proof(rrsets, APEX)


Denying = Callable[[], object]

# a.z.test, *.w.z.test, x.d.c.z.test; b is delegated, e is a DNAME
PROVEN: dict[str, Denying] = {
    "a name between two": lambda: proof(nsec("a", "b", "A"), nsec("", "a", "SOA NS")).deny_name(name("aa")),
    "the last name": lambda: proof(nsec("w", "", "A"), nsec("", "a", "SOA NS")).deny_name(name("x")),
    "the only name": lambda: proof(nsec("", "", "SOA NS")).deny_name(name("x")),
    "a type": lambda: proof(nsec("a", "b", "A")).deny_type(name("a"), RdataType.TXT),
    "a type beyond the first window": lambda: proof(nsec("a", "b", "A")).deny_type(name("a"), RdataType.CAA),
    "a type at the apex": lambda: proof(nsec("", "a", "SOA NS")).deny_type(name(""), RdataType.A),
    "the DS of a delegation": lambda: proof(nsec("b", "c", "NS")).deny_type(name("b"), RdataType.DS),
    "an empty name": lambda: proof(nsec("a", "x.d.c", "A")).deny_type(name("c"), RdataType.A),
    "a type of a wildcard": lambda: proof(nsec("*.w", "", "A")).deny_type(name("q.w"), RdataType.TXT),
    "nothing closer": lambda: proof(nsec("*.w", "", "A")).deny_closer(name("p.q.w"), name("w")),
    "NSEC3, a name": lambda: proof(nsec3_at("", "SOA NS"), nsec3_over("x"), nsec3_over("*")).deny_name(name("x")),
    "NSEC3, a name far below": lambda: proof(nsec3_at("a", "A"), nsec3_over("y.a"), nsec3_over("*.a")).deny_name(
        name("x.y.a")
    ),
    "NSEC3, a type": lambda: proof(nsec3_at("a", "A")).deny_type(name("a"), RdataType.TXT),
    "NSEC3, an empty name": lambda: proof(nsec3_at("c")).deny_type(name("c"), RdataType.A),
    "NSEC3, a type of a wildcard": lambda: proof(nsec3_at("w"), nsec3_over("q.w"), nsec3_at("*.w", "A")).deny_type(
        name("q.w"), RdataType.TXT
    ),
    "NSEC3, nothing closer": lambda: proof(nsec3_over("q.w")).deny_closer(name("p.q.w"), name("w")),
    "NSEC3, as many iterations as are let": lambda: proof(nsec3_at("a", "A", iterations=MAX_ITERATIONS)).deny_type(
        name("a"), RdataType.TXT
    ),
}
UNPROVEN: dict[str, Denying] = {
    "a name, by nothing": lambda: proof().deny_name(name("x")),
    "a name, wildcard not denied": lambda: proof(nsec("a", "b", "A")).deny_name(name("aa")),
    "a name that exists": lambda: proof(nsec("a", "b", "A"), nsec("", "a", "SOA NS")).deny_name(name("a")),
    "a name before the record": lambda: proof(nsec("b", "d", "A"), nsec("", "a", "SOA")).deny_name(name("aa")),
    "a name behind the record": lambda: proof(nsec("b", "d", "A"), nsec("", "a", "SOA")).deny_name(name("x")),
    "an empty name, as if it were none": lambda: proof(nsec("a", "x.d.c", "A"), nsec("", "a", "SOA")).deny_name(
        name("c")
    ),
    "a name below a delegation": lambda: proof(nsec("b", "c", "NS"), nsec("", "a", "SOA")).deny_name(name("x.b")),
    "a name below a DNAME": lambda: proof(nsec("e", "f", "DNAME"), nsec("", "a", "SOA")).deny_name(name("x.e")),
    "a type of a delegation": lambda: proof(nsec("b", "c", "NS")).deny_type(name("b"), RdataType.A),
    "a type that is there": lambda: proof(nsec("a", "b", "A")).deny_type(name("a"), RdataType.A),
    "a type of an alias": lambda: proof(nsec("a", "b", "CNAME")).deny_type(name("a"), RdataType.A),
    "a type of another name": lambda: proof(nsec("a", "b", "A")).deny_type(name("aa"), RdataType.TXT),
    "a type that the wildcard has": lambda: proof(nsec("*.w", "", "A")).deny_type(name("q.w"), RdataType.A),
    "a type of a wildcard that is an alias": lambda: proof(nsec("*.w", "", "CNAME")).deny_type(
        name("q.w"), RdataType.A
    ),
    "nothing closer, where something is": lambda: proof(nsec("*.w", "x.q.w", "A")).deny_closer(
        name("p.q.w"), name("w")
    ),
    "NSEC3, encloser missing": lambda: proof(nsec3_over("x"), nsec3_over("*")).deny_name(name("x")),
    "NSEC3, next closer missing": lambda: proof(nsec3_at("", "SOA NS"), nsec3_over("*")).deny_name(name("x")),
    "NSEC3, wildcard missing": lambda: proof(nsec3_at("", "SOA NS"), nsec3_over("x")).deny_name(name("x")),
    "NSEC3, a name that exists": lambda: proof(nsec3_at("", "SOA NS"), nsec3_at("a", "A"), nsec3_over("*")).deny_name(
        name("a")
    ),
    "NSEC3, encloser delegated": lambda: proof(nsec3_at("b", "NS"), nsec3_over("x.b"), nsec3_over("*.b")).deny_name(
        name("x.b")
    ),
    "NSEC3, encloser a DNAME": lambda: proof(nsec3_at("e", "DNAME"), nsec3_over("x.e"), nsec3_over("*.e")).deny_name(
        name("x.e")
    ),
    "NSEC3, covered with opt-out": lambda: proof(
        nsec3_at("", "SOA NS"), nsec3_over("x", flags=1), nsec3_over("*")
    ).deny_name(name("x")),
    "NSEC3, a type that is there": lambda: proof(nsec3_at("a", "A")).deny_type(name("a"), RdataType.A),
    "NSEC3, a type of an alias": lambda: proof(nsec3_at("a", "CNAME")).deny_type(name("a"), RdataType.A),
    "NSEC3, nothing closer, not covered": lambda: proof(nsec3_at("w")).deny_closer(name("p.q.w"), name("w")),
    "NSEC3, too many iterations": lambda: proof(nsec3_at("a", "A", iterations=MAX_ITERATIONS + 1)).deny_type(
        name("a"), RdataType.TXT
    ),
    "NSEC3, not below the apex": lambda: proof(
        rrset(f"{hashed('a')}.x.z.test. 60 NSEC3 1 0 0 - {hashed('b')} A")
    ).deny_type(name("a"), RdataType.TXT),
    "NSEC3, of another hash": lambda: proof(rrset(f"{hashed('a')}.z.test. 60 NSEC3 2 0 0 - {hashed('b')} A")).deny_type(
        name("a"), RdataType.TXT
    ),
    "NSEC3, its owner no hash": lambda: proof(rrset(f"\\255\\000.z.test. 60 NSEC3 1 0 0 - {hashed('b')} A")).deny_type(
        name("a"), RdataType.TXT
    ),
}


@pytest.mark.parametrize("deny", PROVEN.values(), ids=PROVEN.keys())
def test_it_is_proven(deny: Denying):
    deny()


@pytest.mark.parametrize("deny", UNPROVEN.values(), ids=UNPROVEN.keys())
def test_it_is_not_proven(deny: Denying):
    with pytest.raises(NotDenied):
        deny()


def test_the_last_hash_leads_back_to_the_first():
    first, last = sorted([hashed("a"), hashed("b")])
    end = proof(rrset(f"{last}.z.test. 60 NSEC3 1 0 0 - {first} A"))
    outside = [label for label in map(str, range(50)) if not first < hashed(label) < last]
    inside = [label for label in map(str, range(50)) if first < hashed(label) < last]
    assert outside
    assert inside
    for label in outside:
        end.deny_closer(name(label), APEX)
    for label in inside:
        with pytest.raises(NotDenied):
            end.deny_closer(name(label), APEX)
