"""Validation: what BIND and Knot sign holds, and whatever somebody changed on the way is refused for the right reason."""

import secrets
from collections.abc import Callable
from datetime import timedelta

import dns.dnssec
import dns.exception
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdatatype
import dns.rrset
import dns.tsig
import dns.update
import pytest
from django.utils import timezone
from dns.message import Message
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from deploy.local.server import Server
from deploy.local.signing import Denial
from dnsupdate import validation
from dnsupdate.errors import Bogus
from dnsupdate.validation import MAX_SIGNATURES_TRIED, Flaw, Keys
from tests.dnsupdate.real_zones import ANSWER_SECONDS, by_hand, send_by_hand
from tests.dnsupdate.signed_zones import SIGNER_IDS, SIGNERS, ask_signed, keys_of, reread, rrset, without

pytestmark = pytest.mark.servers

# One zone per signer serves the whole file: nothing changes it after this.
CONTENTS = [
    ("alice", "A", "192.0.2.1"),
    ("alice", "AAAA", "2001:db8::1"),
    ("*.bob", "A", "192.0.2.2"),
    ("carol.bob", "A", "192.0.2.3"),
    ("deep.er.dave", "A", "192.0.2.4"),
    ("erin", "CNAME", "alice"),
    ("frank", "CNAME", "host.example.com."),
    ("grace", "CNAME", "nobody"),
    ("heidi", "CNAME", "x.bob"),
]
VALID = {
    "an address": ("alice", "A", "NOERROR"),
    "the other family": ("alice", "AAAA", "NOERROR"),
    "the keys": ("", "DNSKEY", "NOERROR"),
    "the nameservers": ("", "NS", "NOERROR"),
    "the SOA": ("", "SOA", "NOERROR"),
    "from a wildcard": ("x.bob", "A", "NOERROR"),
    "from a wildcard, two labels deeper": ("y.x.bob", "A", "NOERROR"),
    "the wildcard itself": ("*.bob", "A", "NOERROR"),
    "beside a wildcard": ("carol.bob", "A", "NOERROR"),
    "no name": ("nobody", "A", "NXDOMAIN"),
    "no name, before all others": ("0", "A", "NXDOMAIN"),
    "no name, behind all others": ("zzzz", "A", "NXDOMAIN"),
    "no name below one": ("x.y.alice", "A", "NXDOMAIN"),
    "no name below one that the wildcard has not": ("x.carol.bob", "A", "NXDOMAIN"),
    "no type at a name": ("alice", "TXT", "NOERROR"),
    "no type at the apex": ("", "MX", "NOERROR"),
    "no type at a wildcard": ("x.bob", "TXT", "NOERROR"),
    "no type at an empty name": ("er.dave", "A", "NOERROR"),
    "no type where a wildcard is below": ("bob", "A", "NOERROR"),
    "an alias": ("erin", "A", "NOERROR"),
    "an alias, asked for itself": ("erin", "CNAME", "NOERROR"),
    "an alias of no type": ("erin", "TXT", "NOERROR"),
    "an alias of no name": ("grace", "A", "NXDOMAIN"),
    "an alias of a wildcard": ("heidi", "A", "NOERROR"),
    "an alias of another zone": ("frank", "A", "NOERROR"),
}


class Signed:
    """A zone at one of the signers, with its keys."""

    def __init__(self, server: Server, denial: Denial) -> None:
        self.server, self.denial, self.apex = server, denial, f"v{secrets.token_hex(4)}.test"
        server.add_zone(self.apex, denial)
        update = by_hand(server, self.apex)
        for label, type_name, rdata in CONTENTS:
            update.add(label, 60, type_name, rdata)
        send_by_hand(server, update)
        self.keys = keys_of(server, self.apex)

    def name(self, label: str) -> str:
        return f"{label}.{self.apex}".lstrip(".")

    def ask(self, label: str, type_name: str = "A") -> Message:
        return ask_signed(self.server, self.name(label), type_name)


_made: dict[tuple[str, Denial], Signed] = {}


@pytest.fixture(params=SIGNERS, ids=SIGNER_IDS)
def signed(request: pytest.FixtureRequest) -> Signed:
    server, denial = request.param
    if request.param not in _made:
        _made[request.param] = Signed(request.getfixturevalue(server), denial)
    return _made[request.param]


def flaw(answer: Message, keys: Keys, **options) -> Flaw | None:
    return validation.validate(answer, keys, **options).flaw


# --- What holds -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("label", "type_name", "rcode"), VALID.values(), ids=VALID.keys())
def test_what_the_signer_says_holds(signed: Signed, label: str, type_name: str, rcode: str):
    answer = signed.ask(label, type_name)
    assert dns.rcode.to_text(answer.rcode()) == rcode
    verdict = validation.validate(answer, signed.keys)
    assert verdict.is_valid, str(verdict)


def test_case_does_not_matter(signed: Signed):
    assert flaw(signed.ask("ALICE"), signed.keys) is None
    assert flaw(signed.ask("NoBody"), signed.keys) is None


# --- What does not ----------------------------------------------------------------------------------------------


def change_signature(answer: Message) -> None:
    """One bit of every signature."""
    for each in [*answer.answer, *answer.authority]:
        if each.rdtype == dns.rdatatype.RRSIG:
            flipped = [rdata.replace(signature=bytes([rdata.signature[0] ^ 1]) + rdata.signature[1:]) for rdata in each]
            each.clear()
            for rdata in flipped:
                each.add(rdata)


def change_address(answer: Message) -> None:
    answer.answer = [rrset(f"{each.name} 60 A 192.0.2.66") if each.rdtype == 1 else each for each in answer.answer]


def rename_signer(answer: Message) -> None:
    """As if the parent's key had signed it."""
    for each in [*answer.answer, *answer.authority]:
        if each.rdtype == dns.rdatatype.RRSIG:
            signatures = [rdata.replace(signer=dns.name.from_text("test.")) for rdata in each]
            each.clear()
            for rdata in signatures:
                each.add(rdata)


def set_rcode(rcode: dns.rcode.Rcode) -> Callable[[Message], None]:
    return lambda answer: answer.set_rcode(rcode)


TAMPERED = {
    "a bit of the signature": ("alice", "A", change_signature, Flaw.BROKEN),
    "a bit of the signature of a denial": ("nobody", "A", change_signature, Flaw.BROKEN),
    "the address": ("alice", "A", change_address, Flaw.BROKEN),
    "the address from a wildcard": ("x.bob", "A", change_address, Flaw.BROKEN),
    "the signer's name": ("alice", "A", rename_signer, Flaw.OTHER_KEY),
    "the rcode of an address": ("alice", "A", set_rcode(dns.rcode.NXDOMAIN), Flaw.NO_ANSWER),
    "the rcode of no type": ("alice", "TXT", set_rcode(dns.rcode.NXDOMAIN), Flaw.NOT_DENIED),
    "the rcode of no name": ("nobody", "A", set_rcode(dns.rcode.NOERROR), Flaw.NOT_DENIED),
    "the rcode to SERVFAIL": ("alice", "A", set_rcode(dns.rcode.SERVFAIL), Flaw.NO_ANSWER),
    "the rcode to REFUSED": ("nobody", "A", set_rcode(dns.rcode.REFUSED), Flaw.NO_ANSWER),
}


@pytest.mark.parametrize(("label", "type_name", "tamper", "expected"), TAMPERED.values(), ids=TAMPERED.keys())
def test_a_changed_answer_is_refused_with_the_reason(
    signed: Signed, label: str, type_name: str, tamper: Callable[[Message], None], expected: Flaw
):
    answer = signed.ask(label, type_name)
    assert flaw(answer, signed.keys) is None
    tamper(answer)
    assert flaw(reread(answer), signed.keys) == expected


STRIPPED = {
    "the signatures of an address": ("alice", ["RRSIG"], Flaw.NO_SIGNATURE),
    "the signatures of a denial": ("nobody", ["RRSIG"], Flaw.NO_SIGNATURE),
    "the address": ("alice", ["A"], Flaw.NOT_DENIED),
    "the denial of a name": ("nobody", ["NSEC", "NSEC3"], Flaw.NOT_DENIED),
    "the denial of a type": ("er.dave", ["NSEC", "NSEC3"], Flaw.NOT_DENIED),
    "the denial behind a wildcard": ("x.bob", ["NSEC", "NSEC3"], Flaw.NOT_DENIED),
}


@pytest.mark.parametrize(("label", "types", "expected"), STRIPPED.values(), ids=STRIPPED.keys())
def test_an_answer_without_what_proves_it_is_refused(signed: Signed, label: str, types: list[str], expected: Flaw):
    answer = signed.ask(label)
    assert flaw(answer, signed.keys) is None
    if types == ["RRSIG"]:
        for section in (answer.answer, answer.authority):
            section[:] = [each for each in section if each.rdtype != dns.rdatatype.RRSIG]
        answer = reread(answer)
    assert flaw(without(answer, types), signed.keys) == expected


def test_each_record_of_a_denial_of_a_name_is_needed(signed: Signed):
    answer = signed.ask("x.y.alice")
    denying = [each for each in answer.authority if each.rdtype in (dns.rdatatype.NSEC, dns.rdatatype.NSEC3)]
    assert len(denying) >= 1
    for each in denying:
        fewer = signed.ask("x.y.alice")
        fewer.authority = [
            other
            for other in fewer.authority
            if other.name != each.name or each.rdtype not in (other.rdtype, other.covers)
        ]
        assert flaw(reread(fewer), signed.keys) == Flaw.NOT_DENIED


REPLAYED = {
    "that another name does not exist": ("nobody", "A", "alice", "A"),
    "that another type does not exist": ("alice", "TXT", "alice", "AAAA"),
    "that a name below does not exist": ("x.y.alice", "A", "alice", "A"),
    "that a sibling does not exist": ("x.carol.bob", "A", "carol.bob", "A"),
    "that a name outside the wildcard does not exist": ("nobody", "A", "x.bob", "A"),
    "that a name has no address, being empty": ("er.dave", "A", "deep.er.dave", "A"),
    "that the wildcard has no such type": ("x.bob", "TXT", "carol.bob", "A"),
    "that the wildcard has no such type, for a type that it has": ("x.bob", "TXT", "x.bob", "A"),
}


@pytest.mark.parametrize(("label", "type_name", "victim", "victim_type"), REPLAYED.values(), ids=REPLAYED.keys())
def test_a_true_denial_proves_nothing_about_another_question(
    signed: Signed, label: str, type_name: str, victim: str, victim_type: str
):
    answer = signed.ask(label, type_name)
    answer.question = signed.ask(victim, victim_type).question
    assert flaw(reread(answer), signed.keys) == Flaw.NOT_DENIED


def test_a_wildcard_does_not_answer_for_a_name_that_exists(signed: Signed):
    """RFC 4035 §5.3.4: its signature fits, and the name's own records were withheld."""
    answer = signed.ask("x.bob")
    victim = dns.name.from_text(signed.name("carol.bob"))
    for each in [*answer.answer, *answer.question]:
        each.name = victim
    assert flaw(reread(answer), signed.keys) == Flaw.NOT_DENIED


def test_a_denial_that_a_wildcard_answered_proves_nothing(bind: Server):
    """The record *.bob NSEC carol.bob, expanded to (.bob, which is before the asterisk: it would deny the wildcard itself."""
    if ("bind", Denial.NSEC) not in _made:
        _made["bind", Denial.NSEC] = Signed(bind, Denial.NSEC)
    signed = _made["bind", Denial.NSEC]
    answer = signed.ask("b.bob", "TXT")
    assert flaw(answer, signed.keys) is None
    expanded = [each for each in answer.authority if each.name == dns.name.from_text(signed.name("*.bob"))]
    assert {each.rdtype for each in expanded} == {dns.rdatatype.NSEC, dns.rdatatype.RRSIG}
    for each in expanded:
        each.name = dns.name.from_text(signed.name("(.bob"))
    answer.question = signed.ask("b.bob").question
    answer.set_rcode(dns.rcode.NXDOMAIN)
    verdict = validation.validate(reread(answer), signed.keys)
    assert (verdict.flaw, "from a wildcard" in verdict.detail) == (Flaw.NOT_DENIED, True)


def test_another_servers_keys_are_told_from_a_broken_signature(bind: Server, knot: Server):
    apex = f"v{secrets.token_hex(4)}.test"
    for server in (bind, knot):
        server.add_zone(apex, Denial.NSEC)
    keys = keys_of(bind, apex)
    assert flaw(ask_signed(bind, apex, "SOA"), keys) is None
    assert flaw(ask_signed(knot, apex, "SOA"), keys) == Flaw.OTHER_KEY
    assert flaw(ask_signed(knot, f"nobody.{apex}"), keys) == Flaw.OTHER_KEY


def test_a_key_with_the_tag_of_the_right_one_is_not_the_right_one(signed: Signed):
    """The key tag is a checksum (RFC 4034 appendix B): two of its octets can be swapped in any two even places."""
    key = signed.keys.rrset[0]
    octets = bytearray(key.key)
    other = next(index for index in range(2, len(octets), 2) if octets[index] != octets[0])
    octets[0], octets[other] = octets[other], octets[0]
    fake = key.replace(key=bytes(octets))
    assert dns.dnssec.key_id(fake) == dns.dnssec.key_id(key)
    keys = Keys(signed.keys.apex, dns.rrset.from_rdata(signed.keys.apex, 60, fake))
    assert flaw(signed.ask("alice"), keys) == Flaw.BROKEN


# --- Time -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("label", ["alice", "x.bob", "nobody", "er.dave"])
def test_old_signatures_have_expired_and_new_ones_are_not_yet_valid(signed: Signed, label: str, time_machine):
    answer = signed.ask(label)
    now = timezone.now()
    assert flaw(answer, signed.keys) is None
    assert flaw(answer, signed.keys, at=now - timedelta(days=1)) == Flaw.NOT_YET_VALID
    time_machine.move_to(now + timedelta(days=30))
    assert flaw(answer, signed.keys) == Flaw.EXPIRED


def test_an_expired_signature_that_was_changed_is_broken(signed: Signed):
    answer = signed.ask("alice")
    change_signature(answer)
    assert flaw(reread(answer), signed.keys, at=timezone.now() + timedelta(days=30)) == Flaw.BROKEN


# --- Keys -------------------------------------------------------------------------------------------------------


def test_keys_are_trusted_by_the_parents_ds_record(signed: Signed):
    answer = signed.ask("", "DNSKEY")
    ds = dns.dnssec.make_ds(signed.apex + ".", signed.keys.rrset[0], "SHA256")
    assert validation.trust(answer, signed.apex, anchors=[ds]).rrset == signed.keys.rrset
    other = ds.replace(digest=bytes(32))
    with pytest.raises(Bogus, match=Flaw.UNTRUSTED):
        validation.trust(answer, signed.apex, anchors=[other])
    with pytest.raises(Bogus, match=Flaw.UNTRUSTED):
        validation.trust(answer, signed.apex, anchors=[])


def test_a_key_that_did_not_sign_is_not_trusted_beside_one_that_did(signed: Signed):
    """Somebody adds a key of their own to the set."""
    answer = signed.ask("", "DNSKEY")
    own = dns.dnssec.make_dnskey(_new_key().public_key(), "ECDSAP256SHA256", flags=257)
    next(each for each in answer.answer if each.rdtype == dns.rdatatype.DNSKEY).add(own)
    with pytest.raises(Bogus, match=Flaw.BROKEN):
        validation.trust(reread(answer), signed.apex)


def test_expired_keys_are_not_trusted(signed: Signed):
    answer = signed.ask("", "DNSKEY")
    with pytest.raises(Bogus, match=Flaw.EXPIRED):
        validation.trust(answer, signed.apex, at=timezone.now() + timedelta(days=30))


def test_a_zone_without_keys_is_said_to_have_none(bind: Server, fresh_zone):
    apex = fresh_zone(bind)
    with pytest.raises(Bogus, match=Flaw.NO_KEYS):
        validation.trust(ask_signed(bind, apex, "DNSKEY"), apex)


def _new_key():
    from cryptography.hazmat.primitives.asymmetric import ec

    return ec.generate_private_key(ec.SECP256R1())


# --- Hostile ----------------------------------------------------------------------------------------------------


def test_hundreds_of_signatures_cost_no_more_than_a_few(signed: Signed):
    """CVE-2023-50387: each has the tag of our key, and would cost a verification."""
    answer = signed.ask("alice")
    signatures = next(each for each in answer.answer if each.rdtype == dns.rdatatype.RRSIG)
    right = signatures[0]
    wrong = [right.replace(signature=number.to_bytes(64)) for number in range(1, 400)]
    for count, expected in ((MAX_SIGNATURES_TRIED - 1, None), (MAX_SIGNATURES_TRIED, Flaw.BROKEN), (399, Flaw.BROKEN)):
        signatures.clear()
        for each in [*wrong[:count], right]:
            signatures.add(each)
        # As it is: dnspython shuffles what it sends.
        assert flaw(answer, signed.keys) == expected


def said(answer: Message) -> object:
    """What a reader takes from it: question, rcode, and the records of the answer."""
    records = {(each.name, each.rdtype, frozenset(each)) for each in answer.answer if each.rdtype != 46}
    return answer.rcode(), [(each.name, each.rdclass, each.rdtype) for each in answer.question], records


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(label=st.sampled_from(["alice", "x.bob", "nobody", "er.dave", "grace"]), data=st.data())
def test_one_changed_octet_never_makes_a_false_answer_valid(signed: Signed, label: str, data):
    """A true denial may be one of a question that became another, so the signer itself is asked that."""
    wire = bytearray(signed.ask(label).to_wire())
    wire[data.draw(st.integers(0, len(wire) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        changed = dns.message.from_wire(bytes(wire))
    except (dns.exception.DNSException, ValueError):
        assume(False)
    if validation.validate(changed, signed.keys).is_valid:
        question = changed.question[0]
        query = dns.message.make_query(question.name, question.rdtype, question.rdclass, flags=0, want_dnssec=True)
        truth = dns.query.tcp(query, signed.server.host, port=signed.server.port, timeout=ANSWER_SECONDS)
        assert said(changed) == said(truth)


def test_a_record_that_nobody_asked_for_is_not_let_through(signed: Signed):
    answer = signed.ask("erin")
    answer.answer.append(rrset(f"{signed.name('mallory')}. 60 A 192.0.2.66"))
    assert flaw(reread(answer), signed.keys) == Flaw.NO_ANSWER


def test_an_alias_does_not_answer_for_what_stands_beside_it(signed: Signed):
    """NSEC and CNAME are at the same name: that the alias leads nowhere does not say that there is no NSEC."""
    answer = signed.ask("grace")
    answer.question = [dns.rrset.RRset(answer.question[0].name, 1, dns.rdatatype.NSEC)]
    assert flaw(reread(answer), signed.keys) == Flaw.NO_ANSWER


@pytest.mark.parametrize("type_name", ["ANY", "AXFR"])
def test_a_denial_of_a_type_does_not_deny_all_types(signed: Signed, type_name: str):
    answer = signed.ask("alice", "TXT")
    answer.question = [dns.rrset.RRset(answer.question[0].name, 1, dns.rdatatype.from_text(type_name))]
    assert flaw(reread(answer), signed.keys) == Flaw.NO_ANSWER
