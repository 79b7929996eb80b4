"""Parents: what hostile and broken servers answer costs nobody but themselves, and is said."""

import asyncio
import random
from collections.abc import Callable, Iterator

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest

from dnsupdate import apexes, parents, questions
from dnsupdate.errors import NoAnswer
from dnsupdate.parents import Answer
from dnsupdate.questions import Server
from tests.dnsupdate.scripted_server import ScriptedServer

APEX = "ddns.example"
Reply = Callable[[bytes, bool], bytes | None]


@pytest.fixture
def serve(monkeypatch) -> Iterator[Callable[..., Server]]:
    """`serve(reply)` starts a server that answers so."""
    monkeypatch.setattr(questions, "TIMEOUT_SECONDS", 1.0)
    running: list[ScriptedServer] = []

    def start(reply: Reply, *, drip: bool = False) -> Server:
        running.append(ScriptedServer(reply, drip=drip))
        return Server("ns.nic.example", "127.0.0.1", running[-1].port)

    yield start
    for each in running:
        each.close()


def ask(server: Server) -> Answer:
    return asyncio.run(parents.ask(APEX, server))


def reply(change: Callable[[dns.message.Message, bool], None]) -> Reply:
    """A well-formed answer that the test fills."""

    def answer(wire: bytes, is_tcp: bool) -> bytes:
        response = dns.message.make_response(dns.message.from_wire(wire))
        change(response, is_tcp)
        return response.to_wire(max_size=65535)

    return answer


def refer(response: dns.message.Message, *names: str) -> None:
    """A referral; DS is denied with authority."""
    if response.question[0].rdtype == dns.rdatatype.DS:
        response.flags |= dns.flags.AA
    else:
        response.authority.append(dns.rrset.from_text(f"{APEX}.", 60, "IN", "NS", *names))


def test_a_referral_is_read(serve):
    answer = ask(serve(reply(lambda response, _: refer(response, "NS2.Example.NET.", "ns1.example.net."))))
    assert answer.picture.ns == ("ns1.example.net", "ns2.example.net")
    assert answer.picture.ds == ()


def test_what_does_not_fit_is_asked_for_over_tcp(serve):
    def cut(response: dns.message.Message, is_tcp: bool) -> None:
        if is_tcp:
            refer(response, "ns1.example.net.")
        else:
            response.flags |= dns.flags.TC

    assert ask(serve(reply(cut))).picture.ns == ("ns1.example.net",)


def test_a_forged_datagram_does_not_hide_the_answer(serve):
    """With another message ID, as somebody would send it who guesses."""

    def forge(wire: bytes, is_tcp: bool) -> bytes:
        octets = reply(lambda response, _: refer(response, "ns1.example.net." if is_tcp else "ns.mallory.example."))(
            wire, is_tcp
        )
        return octets if is_tcp else bytes([octets[0] ^ 1]) + octets[1:]

    assert ask(serve(forge)).picture.ns == ("ns1.example.net",)


@pytest.mark.parametrize(
    ("garbage", "said"),
    [
        (lambda wire, _: b"", "No answer that can be read"),
        (lambda wire, _: b"\x00" * 11, "No answer that can be read"),
        (lambda wire, _: wire[:2] + b"\xff" * 500, "No answer that can be read"),
        # A name that points to itself.
        (lambda wire, _: wire[:2] + b"\x84\x00\x00\x01\x00\x00\x00\x00\x00\x00\xc0\x0c\x00\x02\x00\x01", "No answer"),
        # The question, sent back.
        (lambda wire, _: wire, "No answer that can be read"),
        # Another question's answer.
        (lambda wire, _: wire[:2] + b"\x84" + wire[3:13] + b"x" + wire[14:], "No answer that can be read"),
        (lambda wire, _: None, "No answer (the connection was closed)."),
    ],
)
def test_garbage_is_said_to_be_no_answer(serve, garbage, said):
    answer = ask(serve(garbage))
    assert answer.picture is None
    assert answer.said.startswith(said)


def test_random_octets_never_raise(serve):
    dice = random.Random(20140630)
    server = serve(lambda wire, _: wire[:2] + b"\x80\x00" + wire[4:6] + dice.randbytes(dice.randrange(6, 400)))
    assert all(ask(server).picture is None for _ in range(100))


def test_changed_octets_never_raise(serve):
    """Answers that are nearly right reach further into the parser."""
    dice = random.Random(20140630)
    referral = reply(lambda response, _: refer(response, "ns1.example.net.", "ns2.example.net."))

    def nearly(wire: bytes, is_tcp: bool) -> bytes:
        octets = bytearray(referral(wire, is_tcp))
        for _ in range(3):
            octets[dice.randrange(12, len(octets))] = dice.randrange(256)
        return bytes(octets)

    server = serve(nearly)
    assert all(isinstance(ask(server), Answer) for _ in range(100))


def test_an_answer_that_drips_is_given_up(serve):
    answer = ask(serve(lambda wire, is_tcp: wire + b"\x00" * 1000 if is_tcp else b"", drip=True))
    assert answer.said == "No answer within 1 seconds."


def test_a_referral_to_a_thousand_servers_is_not_followed(serve):
    names = [f"ns{number}.example.net." for number in range(1000)]
    answer = ask(serve(reply(lambda response, _: refer(response, *names))))
    assert (answer.picture, answer.said) == (None, "It names more than 32 servers, addresses or DS records.")
    assert len(answer.evidence) < 3 * parents.MAX_EVIDENCE_CHARACTERS


def test_odd_octets_in_names_are_written_out(serve):
    name = dns.name.Name([b"\x00\xff'<b>", b"example", b""])
    answer = ask(serve(reply(lambda response, _: refer(response, name.to_text()))))
    assert answer.picture.ns == ("\\000\\255'<b>.example",)


def test_nul_in_an_answer_is_written_out(serve):
    """PostgreSQL takes none in a text, and the evidence is stored."""

    def explain(response: dns.message.Message, _: bool) -> None:
        refer(response, "ns1.example.net.")
        response.use_edns(0, options=[dns.edns.EDEOption(0, "a\x00b")])

    answer = ask(serve(reply(explain)))
    assert "a\\000b" in answer.evidence
    assert "\x00" not in answer.evidence


def test_a_denial_without_authority_is_none(serve):
    """As a resolver gives it from its cache."""
    answer = ask(serve(reply(lambda response, _: response.set_rcode(dns.rcode.NXDOMAIN))))
    assert (answer.picture, answer.said) == (None, "It says NXDOMAIN.")


def test_the_answer_of_a_cache_is_none(serve):
    """It may be hours old."""

    def from_cache(response: dns.message.Message, _: bool) -> None:
        response.answer.append(dns.rrset.from_text(f"{APEX}.", 60, "IN", "NS", "ns1.example.net."))

    assert "not the parent" in ask(serve(reply(from_cache))).said


def test_a_referral_that_claims_authority_is_read(serve):
    def refer_with_authority(response: dns.message.Message, _: bool) -> None:
        refer(response, "ns1.example.net.")
        response.flags |= dns.flags.AA

    answer = ask(serve(reply(refer_with_authority)))
    assert (answer.picture.ns, answer.is_own) == (("ns1.example.net",), False)


def test_a_referral_elsewhere_is_none(serve):
    """To the root's servers, as a server refers that does not know the zone."""

    def refer_upward(response: dns.message.Message, _: bool) -> None:
        response.authority.append(dns.rrset.from_text(".", 60, "IN", "NS", "a.root-servers.example."))

    assert "not the parent" in ask(serve(reply(refer_upward))).said


def test_glue_for_strangers_is_left_out(serve):
    def poison(response: dns.message.Message, _: bool) -> None:
        refer(response, f"ns1.{APEX}.", "ns1.example.net.")
        for name in (f"ns1.{APEX}.", "ns1.example.net.", f"www.{APEX}."):
            response.additional.append(dns.rrset.from_text(name, 60, "IN", "A", "192.0.2.66"))

    assert ask(serve(reply(poison))).picture.glue == ((f"ns1.{APEX}", ("192.0.2.66",)),)


def test_a_server_that_does_not_say_about_ds_is_not_heard(serve):
    """Its referral alone would look as if DS had been taken away."""

    def half(response: dns.message.Message, _: bool) -> None:
        if response.question[0].rdtype == dns.rdatatype.DS:
            response.set_rcode(dns.rcode.SERVFAIL)
        else:
            refer(response, "ns1.example.net.")

    assert (lambda answer: (answer.picture, answer.said))(ask(serve(reply(half)))) == (
        None,
        "It says SERVFAIL about DS.",
    )


def test_a_hostile_server_of_the_zone_is_shown_as_one(serve):
    server = serve(lambda wire, _: wire[:2] + b"\xff" * 300)
    (apex,) = asyncio.run(apexes.ask_all(APEX, None, [server]))
    assert apex.failure.startswith("No answer that can be read")


def test_a_resolver_that_fails_is_not_one_that_says_no(serve, settings):
    server = serve(reply(lambda response, _: response.set_rcode(dns.rcode.SERVFAIL)))
    settings.RESOLVERS = [f"127.0.0.1:{server.port}"]
    with pytest.raises(NoAnswer, match="SERVFAIL"):
        asyncio.run(parents.find(APEX))


def test_the_second_resolver_is_asked_where_the_first_is_away(serve, settings, free_port):
    def answer(response: dns.message.Message, _: bool) -> None:
        question = response.question[0]
        if question.rdtype == dns.rdatatype.NS and question.name.to_text() == "example.":
            response.answer.append(dns.rrset.from_text("example.", 60, "IN", "NS", "A.nic.example.", "b.nic.example."))
        if question.rdtype == dns.rdatatype.A and question.name.to_text() == "a.nic.example.":
            response.answer.append(dns.rrset.from_text("a.nic.example.", 60, "IN", "A", "192.0.2.1"))

    server = serve(reply(answer))
    settings.RESOLVERS = [f"127.0.0.1:{free_port}", f"127.0.0.1:{server.port}"]
    parent, servers = asyncio.run(parents.find(f"deep.below.{APEX}"))
    assert (parent, servers) == ("example", [Server("a.nic.example", "192.0.2.1", 53)])
