"""Inquiries: hostile and broken servers give clear errors, forged answers are as if they had not come."""

import struct
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise

import dns.flags
import dns.message
import pytest

from dnsupdate import inquiry as inquiries
from dnsupdate import queries
from dnsupdate.inquiry import Inquiry, Question
from tests.dnsupdate.hostile_server import HostileServer, answer, framed

NAME = "alice.ddns.example"
FORGED = "192.0.2.66"
TRUE = "192.0.2.1"
pytestmark = pytest.mark.servers


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """For servers that stay silent; one that answers has its second even on a busy machine."""
    monkeypatch.setattr(inquiries, "TRY", timedelta(milliseconds=200))


def ask(server: HostileServer, *, count: int = 1, within: timedelta = timedelta(seconds=20)) -> list[Question]:
    questions = [Question(1, NAME if count == 1 else f"n{number}.ddns.example", "A") for number in range(count)]
    with Inquiry({1: ("127.0.0.1", server.port)}, within=within) as inquiry:
        inquiry.ask(questions)
    return questions


def addresses(question: Question) -> list[str]:
    return [".".join(map(str, record.rdata)) for record in question.reply.records] if question.reply else []


def with_id(wire: bytes, message_id: int) -> bytes:
    return struct.pack("!H", message_id) + wire[2:]


def other_id(query: bytes) -> int:
    return int.from_bytes(query[:2]) ^ 1


def other_question(query: bytes) -> bytes:
    """A query with the same id for another name of the same length."""
    return query.replace(b"\x05alice", b"\x05trudy")


FORGERIES: dict[str, Callable[[bytes], bytes]] = {
    "another id": lambda query: with_id(answer(query, FORGED), other_id(query)),
    "another question": lambda query: answer(other_question(query), FORGED),
    "another type": lambda query: answer(query.replace(b"\0\0\x01\0\x01", b"\0\0\x1c\0\x01"), FORGED),
    "the query itself": lambda query: query,
    "another opcode": lambda query: (wire := answer(query, FORGED))[:2] + bytes([wire[2] | 0x28]) + wire[3:],
    "two questions": lambda query: (wire := answer(query, FORGED))[:4] + b"\0\2" + wire[6:],
    "no question": lambda query: query[:2] + b"\x84\0" + b"\0" * 8,
    "nothing": lambda query: b"",
    "one octet": lambda query: query[:1],
    "a header alone": lambda query: answer(query, FORGED)[:12],
    "garbage": lambda query: b"\xff" * 600,
}


@pytest.mark.parametrize("case", FORGERIES)
def test_a_forged_answer_is_as_if_it_had_not_come(case: str):
    with HostileServer(lambda query, source: [FORGERIES[case](query), answer(query, TRUE)]) as server:
        (question,) = ask(server)
    assert addresses(question) == [TRUE]
    assert question.try_count == 1


@pytest.mark.parametrize("case", FORGERIES)
def test_forged_answers_alone_are_no_answer(case: str, impatient):
    with HostileServer(lambda query, source: [FORGERIES[case](query)]) as server:
        (question,) = ask(server)
    assert (question.reply, question.error) == (None, "does not answer")


def test_an_answer_from_another_port_is_as_if_it_had_not_come():
    def script(query: bytes, source: tuple[str, int]) -> list[bytes]:
        server.forger.sendto(answer(query, FORGED), source)
        return [answer(query, TRUE)]

    with HostileServer(script) as server:
        (question,) = ask(server)
    assert addresses(question) == [TRUE]


def test_an_answer_that_comes_after_its_try_is_as_if_it_had_not_come(impatient):
    kept: list[bytes] = []

    def script(query: bytes, source: tuple[str, int]) -> list[bytes]:
        kept.append(query)
        return [answer(kept[0], FORGED), answer(query, TRUE)] if len(kept) > 1 else []

    with HostileServer(script) as server:
        (question,) = ask(server)
    assert addresses(question) == [TRUE]
    assert question.try_count == 2


def test_ids_and_ports_change_all_the_time():
    with HostileServer(lambda query, source: [answer(query)]) as server:
        questions = ask(server, count=2000)
    assert all(addresses(question) == [TRUE] for question in questions)
    ids = [int.from_bytes(query[:2]) for query in server.queries]
    # Of 2,000 random ids some 30 coincide; neighbours that follow each other would be counted up.
    assert len(set(ids)) > 1900
    assert sum(after - before == 1 for before, after in pairwise(ids)) < 10
    assert len(set(server.sources)) >= inquiries.SOCKETS


BROKEN: dict[str, Callable[[bytes], bytes]] = {
    "cut amid a record": lambda query: answer(query)[:-20],
    "rdata longer than the message": lambda query: answer(query).replace(b"\0\4\xc0\0\2\1", b"\xff\xff\xc0\0\2\1"),
    "more records than there are": lambda query: (wire := answer(query))[:6] + b"\xff\xff" + wire[8:],
    "an owner that points to itself": lambda query: _with_record(
        query, lambda offset: struct.pack("!H", 0xC000 | offset)
    ),
    "an owner that points behind": lambda query: _with_record(query, lambda offset: b"\xff\xff"),
    "an alias to a name that loops": lambda query: _with_record(
        query, lambda offset: b"\xc0\x0c", b"\0\5", b"\xc0\xff"
    ),
    "an IPv4 address of three octets": lambda query: _with_rdata(query, b"\0\1", b"\xc0\0\2"),
    "an IPv4 address of five octets": lambda query: _with_rdata(query, b"\0\1", b"\xc0\0\2\1\1"),
    "an IPv6 address of four octets": lambda query: _with_rdata(query, b"\0\x1c", b"\xc0\0\2\1"),
    "an address of no octets": lambda query: _with_rdata(query, b"\0\1", b""),
    "a text longer than its record": lambda query: _with_rdata(query, b"\0\x10", b"\3abc\4abc"),
    "a text of no strings": lambda query: _with_rdata(query, b"\0\x10", b""),
}


def _with_record(
    query: bytes, owner: Callable[[int], bytes], type_code: bytes = b"\0\1", rdata: bytes = b"\xc0\0\2\1"
) -> bytes:
    head = query[:2] + b"\x84\0\0\1\0\1\0\0\0\0" + query[12 : 12 + len(queries.question(NAME, "A"))]
    return head + owner(len(head)) + type_code + b"\0\1\0\0\0\x3c" + struct.pack("!H", len(rdata)) + rdata


def _with_rdata(query: bytes, type_code: bytes, rdata: bytes) -> bytes:
    return _with_record(query, lambda offset: b"\xc0\x0c", type_code, rdata)


@pytest.mark.parametrize("case", BROKEN)
def test_a_malformed_answer_is_said(case: str):
    with HostileServer(lambda query, source: [BROKEN[case](query)]) as server:
        (question,) = ask(server)
    assert question.reply is None
    assert question.error.startswith("The answer is malformed")


@pytest.mark.parametrize("rdata", [b"\0", b"\3abc", b"\3abc\0\2de"])
def test_a_text_of_any_strings_is_read(rdata: bytes):
    with HostileServer(lambda query, source: [_with_rdata(query, b"\0\x10", rdata)]) as server:
        (question,) = ask(server)
    assert [record.rdata for record in question.reply.records] == [rdata]


def test_records_at_another_name_are_not_the_names():
    def script(query: bytes, source: tuple[str, int]) -> list[bytes]:
        return [_with_record(query, lambda offset: b"\5trudy\xc0\x12")]

    with HostileServer(script) as server:
        (question,) = ask(server)
    assert addresses(question) == []
    assert question.error == ""


def test_an_extended_rcode_is_read():
    """BADVERS is 16: its lower bits alone read as NOERROR (RFC 6891 §6.1.3)."""

    def script(query: bytes, source: tuple[str, int]) -> list[bytes]:
        head = query[:2] + b"\x84\0\0\1\0\0\0\0\0\1" + query[12 : 12 + len(queries.question(NAME, "A"))]
        return [head + b"\0\0\x29\4\xd0\1\0\0\0\0\0"]

    with HostileServer(script) as server:
        (question,) = ask(server)
    assert question.reply.rcode == "RCODE16"
    assert not question.reply.says_nothing


# --- TCP ------------------------------------------------------------------------------------------------------


def cut(query: bytes, source: tuple[str, int]) -> list[bytes]:
    return [answer(query, FORGED, flags=dns.flags.AA | dns.flags.TC)]


def test_truncated_answers_are_asked_for_over_tcp():
    with HostileServer(cut, lambda query: framed(answer(query))) as server:
        questions = ask(server, count=300)
    assert all(addresses(question) == [TRUE] for question in questions)


def test_forged_answers_over_tcp_are_as_if_they_had_not_come():
    def over_tcp(query: bytes) -> bytes:
        forged = with_id(answer(query, FORGED), other_id(query))
        return framed(b"") + framed(forged) + framed(answer(other_question(query), FORGED)) + framed(answer(query))

    with HostileServer(cut, over_tcp) as server:
        (question,) = ask(server)
    assert addresses(question) == [TRUE]


def test_an_answer_that_is_cut_short_over_tcp_too_is_said_to_be():
    with HostileServer(cut, lambda query: framed(cut(query, ("", 0))[0])) as server:
        (question,) = ask(server)
    assert question.reply.is_truncated


@pytest.mark.parametrize(
    ("case", "octets"),
    {"closed at once": b"", "closed amid an answer": b"\0\xff\0"}.items(),
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_connection_that_breaks_is_said(case: str, octets: bytes):
    def over_tcp(query: bytes) -> bytes:
        return octets

    with HostileServer(cut, over_tcp) as server:
        (question,) = ask(server)
    assert question.reply is None
    assert question.error.startswith(inquiries.NOT_OVER_TCP)


def test_a_connection_that_breaks_once_is_made_again():
    def over_tcp(query: bytes) -> bytes:
        tcp_queries.append(query)
        return framed(answer(query)) if len(tcp_queries) > 1 else b""

    tcp_queries: list[bytes] = []
    with HostileServer(cut, over_tcp) as server:
        (question,) = ask(server)
    assert addresses(question) == [TRUE]


# --- Silence ----------------------------------------------------------------------------------------------------


def test_a_lost_query_is_sent_again(impatient):
    with HostileServer(lambda query, source: [answer(query)] if len(server.queries) > 1 else []) as server:
        (question,) = ask(server)
    assert addresses(question) == [TRUE]
    assert question.try_count == 2


def test_the_last_try_goes_over_tcp(impatient):
    """A rate limit drops datagrams alone."""
    with HostileServer(lambda query, source: [], lambda query: framed(answer(query))) as server:
        questions = ask(server, count=300)
    assert all(addresses(question) == [TRUE] for question in questions)
    assert {question.try_count for question in questions} == {inquiries.TRIES}


def test_a_silent_server_is_given_up_and_not_asked_for_every_name(impatient):
    with HostileServer(lambda query, source: []) as server:
        questions = ask(server, count=2000)
    assert {question.error for question in questions} == {"does not answer"}
    assert len(server.queries) <= inquiries.WINDOW * inquiries.TRIES


def test_one_question_that_is_never_answered_does_not_end_the_others():
    def script(query: bytes, source: tuple[str, int]) -> list[bytes]:
        return [] if b"\x02n7" in query else [answer(query)]

    with HostileServer(script) as server:
        questions = ask(server, count=500)
    assert [question.name for question in questions if question.error] == ["n7.ddns.example"]


def test_nobody_at_the_port_is_said(free_port: int, impatient):
    question = Question(1, NAME, "A")
    with Inquiry({1: ("127.0.0.1", free_port)}, within=timedelta(seconds=20)) as inquiry:
        inquiry.ask([question])
    assert question.error == "does not answer: its host refuses the port"


def test_the_deadline_ends_everything():
    with HostileServer(lambda query, source: []) as server:
        questions = ask(server, count=500, within=timedelta(milliseconds=300))
    assert {question.error for question in questions} == {"not answered in time"}


def test_after_the_deadline_nothing_is_sent_any_more():
    with HostileServer(lambda query, source: [answer(query)]) as server:
        question = Question(1, NAME, "A")
        with Inquiry({1: ("127.0.0.1", server.port)}, within=timedelta(0)) as inquiry:
            inquiry.ask([question])
    assert question.error == "not answered in time"
    assert server.queries == []


def test_a_slow_server_does_not_keep_another_waiting():
    with (
        HostileServer(lambda query, source: []) as silent,
        HostileServer(lambda query, source: [answer(query)]) as honest,
    ):
        questions = [Question(number, f"n{i}.ddns.example", "A") for i in range(300) for number in (1, 2)]
        ports = {1: ("127.0.0.1", silent.port), 2: ("127.0.0.1", honest.port)}
        with Inquiry(ports, within=timedelta(seconds=20)) as inquiry:
            inquiry.ask(questions)
    assert {question.error for question in questions if question.server == 1} == {"does not answer"}
    assert all(question.reply for question in questions if question.server == 2)


def test_queries_ask_for_no_recursion_and_for_signatures_only_when_told_to():
    seen = []
    for with_signatures in (False, True):
        with HostileServer(lambda query, source: [answer(query)]) as server:
            with Inquiry(
                {1: ("127.0.0.1", server.port)}, within=timedelta(seconds=20), with_signatures=with_signatures
            ) as inquiry:
                inquiry.ask([Question(1, NAME, "A")])
            message = dns.message.from_wire(server.queries[0])
            seen.append((bool(message.flags & dns.flags.RD), bool(message.ednsflags & dns.flags.DO), message.payload))
    assert seen == [(False, False, 1232), (False, True, 1232)]
