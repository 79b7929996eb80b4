"""What the embedded nameserver answers to questions."""

import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rdataclass
import pytest

from .embedded_server import APEX, ask, files, handler, new_update, texts  # noqa: F401

RECORDS = """
alice           A      192.0.2.1
alice           A      192.0.2.2
alice           AAAA   2001:db8::1
a.b.empty       TXT    "below two empty non-terminals"
*.wild          A      192.0.2.7
own.wild        TXT    "stops the wildcard"
deep.sub.wild   TXT    "makes sub.wild an empty non-terminal"
*.under.ent     MX     10 mail.example.com.
www             CNAME  Alice
chain           CNAME  www
dangling        CNAME  nothing
abroad          CNAME  www.example.com.
*.alias         CNAME  alice
loop            CNAME  pool
pool            CNAME  loop
into            CNAME  host.child
child           NS     ns.child
child           NS     ns.example.com.
child           DS     1 8 2 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff
ns.child        A      192.0.2.53
ns.child        AAAA   2001:db8::53
deeper.child    NS     ns.example.com.
"""


@pytest.fixture
def served(handler):  # noqa: F811
    update = new_update()
    for line in RECORDS.strip().splitlines():
        owner, rdtype, rdata = line.split(maxsplit=2)
        update.add(owner, 300, rdtype, rdata)
    assert ask(handler, update).rcode() == dns.rcode.NOERROR
    return handler


def question(owner: str, rdtype: str, **options) -> dns.message.Message:
    return dns.message.make_query(f"{owner}.{APEX}." if owner else f"{APEX}.", rdtype, **options)


POSITIVE = [
    ("alice", "A", {"192.0.2.1", "192.0.2.2"}),
    ("ALICE", "AAAA", {"2001:db8::1"}),
    ("alice", "ANY", {"192.0.2.1", "192.0.2.2", "2001:db8::1"}),
    ("", "NS", {f"ns1.{APEX}."}),
    ("ns1", "A", {"127.0.0.1"}),
    ("x.wild", "A", {"192.0.2.7"}),
    ("x.y.wild", "A", {"192.0.2.7"}),
    ("*.wild", "A", {"192.0.2.7"}),
    ("x.under.ent", "MX", {"10 mail.example.com."}),
    ("www", "CNAME", {f"alice.{APEX}."}),
    ("www", "ANY", {f"alice.{APEX}."}),
    ("www", "AAAA", {f"alice.{APEX}.", "2001:db8::1"}),
    ("chain", "AAAA", {f"www.{APEX}.", f"alice.{APEX}.", "2001:db8::1"}),
    ("abroad", "A", {"www.example.com."}),
    ("x.alias", "AAAA", {f"alice.{APEX}.", "2001:db8::1"}),
    ("loop", "A", {f"loop.{APEX}.", f"pool.{APEX}."}),
    ("child", "DS", {"1 8 2 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"}),
]


@pytest.mark.parametrize(("owner", "rdtype", "expected"), POSITIVE)
def test_existing_record_is_answered_with_authority(served, owner, rdtype, expected):
    response = ask(served, question(owner, rdtype))

    assert response.rcode() == dns.rcode.NOERROR
    assert response.flags & dns.flags.AA
    assert texts(response) == expected
    assert not response.authority


NEGATIVE = [
    ("alice", "TXT", dns.rcode.NOERROR),
    ("", "A", dns.rcode.NOERROR),
    ("b.empty", "TXT", dns.rcode.NOERROR),
    ("empty", "TXT", dns.rcode.NOERROR),
    ("ent", "MX", dns.rcode.NOERROR),
    ("x.wild", "AAAA", dns.rcode.NOERROR),
    ("own.wild", "A", dns.rcode.NOERROR),
    ("sub.wild", "A", dns.rcode.NOERROR),
    ("x.sub.wild", "A", dns.rcode.NXDOMAIN),
    ("x.own.wild", "A", dns.rcode.NXDOMAIN),
    ("bob", "A", dns.rcode.NXDOMAIN),
    ("x.alice", "A", dns.rcode.NXDOMAIN),
    ("dangling", "A", dns.rcode.NXDOMAIN),
    ("www", "TXT", dns.rcode.NOERROR),
]


@pytest.mark.parametrize(("owner", "rdtype", "rcode"), NEGATIVE)
def test_missing_record_is_answered_with_the_soa(served, owner, rdtype, rcode):
    response = ask(served, question(owner, rdtype))

    assert response.rcode() == rcode
    assert response.flags & dns.flags.AA
    (soa,) = response.authority
    assert soa.rdtype == dns.rdatatype.SOA
    assert soa.ttl == 60


@pytest.mark.parametrize(
    ("owner", "rdtype"),
    [("child", "A"), ("child", "NS"), ("x.child", "A"), ("ns.child", "A"), ("x.deeper.child", "A")],
)
def test_delegated_name_is_referred_with_glue(served, owner, rdtype):
    response = ask(served, question(owner, rdtype))

    assert not response.flags & dns.flags.AA
    assert not response.answer
    assert [rrset.name.to_text() for rrset in response.authority] == [f"child.{APEX}."]
    glue = {rdata.to_text() for rrset in response.additional for rdata in rrset}
    assert glue == {"192.0.2.53", "2001:db8::53"}


def test_alias_into_a_delegation_is_authoritative_for_the_alias(served):
    response = ask(served, question("into", "A"))

    assert response.flags & dns.flags.AA
    assert texts(response) == {f"host.child.{APEX}."}
    assert response.authority[0].rdtype == dns.rdatatype.NS


@pytest.mark.parametrize(
    ("name", "rdclass"),
    [
        ("example.com.", "IN"),
        ("example.", "IN"),
        (".", "IN"),
        ("xdyn.example.", "IN"),
        (f"alice.{APEX}.", "CH"),
        (f"alice.{APEX}.", "ANY"),
    ],
)
def test_question_for_another_zone_or_class_is_refused(served, name, rdclass):
    response = ask(served, dns.message.make_query(name, "A", rdclass))

    assert response.rcode() == dns.rcode.REFUSED
    assert not response.flags & dns.flags.AA


def test_name_that_only_looks_like_the_zone_at_its_end_is_refused(served):
    impostor = dns.name.Name([b"x\x03dyn\x07example", b""])

    assert ask(served, dns.message.make_query(impostor, "A")).rcode() == dns.rcode.REFUSED


@pytest.mark.parametrize("opcode", [dns.opcode.IQUERY, dns.opcode.STATUS, dns.opcode.NOTIFY, 6, 15])
def test_other_opcode_is_not_implemented(served, opcode):
    message = question("alice", "A")
    message.set_opcode(opcode)

    assert ask(served, message).rcode() == dns.rcode.NOTIMP


def test_question_keeps_the_case_it_came_in(served):
    response = ask(served, question("aLiCe", "A"))

    assert response.question[0].name.labels[0] == b"aLiCe"


def test_class_in_an_inner_zone_is_answered_by_the_inner_zone(files):  # noqa: F811
    files.write_zones("example.test", "inner.example.test")
    handler = files.handler()  # noqa: F811

    response = ask(handler, dns.message.make_query("x.inner.example.test", "A"))

    assert response.authority[0].name.to_text() == "inner.example.test."
    handler.catalog.close()


def fill(handler, count: int) -> None:  # noqa: F811
    update = new_update()
    for number in range(count):
        update.add("big", 60, "TXT", f"{number:0100}")
    assert ask(handler, update).rcode() == dns.rcode.NOERROR


@pytest.mark.parametrize(
    ("payload", "limit", "is_cut"),
    [(None, 512, True), (0, 512, True), (512, 512, True), (1232, 1232, True), (4096, 4096, False)],
)
def test_udp_answer_keeps_to_the_size_the_client_takes(handler, payload, limit, is_cut):  # noqa: F811
    fill(handler, 15)
    query = question("big", "TXT", use_edns=0 if payload is not None else False, payload=payload)

    (wire,) = handler.answer(query.to_wire(), is_tcp=False)

    assert len(wire) <= limit
    assert bool(dns.message.from_wire(wire).flags & dns.flags.TC) == is_cut


def test_tcp_answer_is_whole(handler):  # noqa: F811
    fill(handler, 200)

    assert len(texts(ask(handler, question("big", "TXT")))) == 200


def test_edns_is_answered_with_edns(served):
    response = ask(served, question("alice", "A", use_edns=0, want_dnssec=True))

    assert response.edns == 0
    assert response.ednsflags & dns.flags.DO
    assert ask(served, question("alice", "A", use_edns=False)).edns == -1


def test_unknown_edns_version_is_badvers(served):
    query = question("alice", "A", use_edns=0)
    query.use_edns(edns=1)

    response = ask(served, query)

    assert response.rcode() == dns.rcode.BADVERS
    assert not response.answer


def test_repeated_question_sees_the_latest_update(handler):  # noqa: F811
    for last in (1, 2, 3):
        update = new_update()
        update.replace("alice", 60, "A", f"192.0.2.{last}")
        ask(handler, update)

        for _ in range(2):
            assert texts(ask(handler, question("alice", "A"), is_tcp=False)) == {f"192.0.2.{last}"}


def test_kept_answer_carries_the_id_of_its_own_question(served):
    for message_id in (7, 8):
        query = question("alice", "A", id=message_id)

        assert ask(served, query, is_tcp=False).id == message_id


def test_kept_answer_ends_with_its_zone(served, files):  # noqa: F811
    ask(served, question("alice", "A"), is_tcp=False)
    files.write_zones("example.test")
    served.catalog.refresh()

    assert ask(served, question("alice", "A"), is_tcp=False).rcode() == dns.rcode.REFUSED
