"""Inquiries: very many questions to a few servers at once, over UDP, and over TCP where an answer was cut."""

import os
import selectors
import time
from array import array
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta

from dnsupdate import queries
from dnsupdate.channels import Channel, Datagrams, Stream
from dnsupdate.queries import Malformed, Reply

# One try. A server that needs longer is as good as dead to a resolver, which asks another one after less.
TRY = timedelta(seconds=1)
# The last one goes over TCP: a rate limit and a bad path drop datagrams alone.
TRIES = 3
# So many questions ran through all their tries while the server said nothing at all: it is not asked any more. One alone
# may be one that a filter on the way does not like.
UNHEARD = 2
# Unanswered at one server at a time: what a socket's usual buffer of 208 KiB holds, and 10,000 a second at 20 ms.
WINDOW = 200
# A forger must guess an id and a port, and both change all the time (RFC 5452 §9.2). A socket per query costs 15 µs.
SOCKETS = 8
QUERIES_PER_SOCKET = 500

NOT_IN_TIME = "not answered in time"
SILENT = "does not answer"
NOT_OVER_TCP = "answers with less than all over UDP, and not over TCP"
PORT_REFUSED = "does not answer: its host refuses the port"


class Question:
    """One question to one server, and what came back: a reply, or an error in words. asked_at is in Unix seconds."""

    __slots__ = (
        "asked_at",
        "channel",
        "ends_at",
        "error",
        "is_cut",
        "message_id",
        "name",
        "reply",
        "section",
        "server",
        "try_count",
        "type_name",
    )

    def __init__(self, server: int, name: str, type_name: str, section: bytes | None = None) -> None:
        self.server, self.name, self.type_name = server, name, type_name
        self.section = section or queries.question(name, type_name)
        self.reply: Reply | None = None
        self.error = ""
        self.asked_at = 0.0
        self.channel: Channel | None = None
        self.message_id = -1
        self.ends_at = 0.0
        self.try_count = 0
        self.is_cut = False


class Inquiry:
    """Servers by a number of the caller's, each with its address and port. Closed by `with`; not for several threads.

    An answer must come from the address and port that was asked to the port that asked, with the query's id and question
    (RFC 5452 §9.1); whatever else arrives is ignored. What was truncated is asked again over TCP (RFC 7766). A server
    that stays silent is given up for the rest of the inquiry.
    """

    def __init__(
        self, servers: Mapping[int, tuple[str, int]], *, within: timedelta, with_signatures: bool = False
    ) -> None:
        self.deadline = time.monotonic() + within.total_seconds()
        self._selector = selectors.DefaultSelector()
        self._servers = {
            number: _Server(self._selector, address, with_signatures) for number, address in servers.items()
        }

    def __enter__(self) -> "Inquiry":
        return self

    def __exit__(self, *_) -> None:
        for server in self._servers.values():
            server.close()
        self._selector.close()

    def ask(self, questions: Iterable[Question]) -> None:
        """Returns when each has a reply or an error. Nothing is raised for what a server or the network does."""
        for question in questions:
            self._servers[question.server].waiting.append(question)
        while busy := [server for server in self._servers.values() if server.is_busy]:
            now = time.monotonic()
            for server in busy:
                if now < self.deadline:
                    server.send(now)
                else:
                    server.drop(NOT_IN_TIME)
            looks = [server.next_look for server in busy if server.is_busy]
            if looks:
                self._wait(max(0.0, min(*looks, self.deadline) - now))
            # After what has arrived was read: a process that was stopped meanwhile must not take answers for lost.
            now = time.monotonic()
            for server in busy:
                server.expire(now)

    def _wait(self, seconds: float) -> None:
        for key, events in self._selector.select(seconds):
            # One handled before it may have closed this one.
            if key.data.is_open:
                key.data.handle(events)


class _Server:
    """One server's questions: those that wait, and those under way on its channels."""

    def __init__(self, selector: selectors.BaseSelector, address: tuple[str, int], with_signatures: bool) -> None:
        self.waiting: deque[Question] = deque()
        self._heard_at = 0.0
        self._unheard_count = 0
        self._selector, self._address, self._with_signatures = selector, address, with_signatures
        self._ids = _random_ids()
        self._under_way = 0
        # In the order in which they end. An entry whose question has moved on is skipped.
        self._tries: deque[tuple[float, Question]] = deque()
        self._datagrams: deque[Datagrams] = deque()
        self._retired: list[Datagrams] = []
        self._stream: Stream | None = None
        self._silence = SILENT
        self._given_up = ""

    @property
    def is_busy(self) -> bool:
        return bool(self.waiting or self._under_way)

    @property
    def next_look(self) -> float:
        """When the oldest try ends, or now where nothing could be sent."""
        return self._tries[0][0] if self._tries else 0.0

    def send(self, now: float) -> None:
        """Sends what the window has room for."""
        if self._given_up:
            return self.drop(self._given_up)
        ends_at = now + TRY.total_seconds()
        while self.waiting and self._under_way < WINDOW:
            question = self.waiting.popleft()
            question.asked_at = question.asked_at or time.time()
            question.ends_at = ends_at
            question.try_count += 1
            self._under_way += 1
            self._tries.append((ends_at, question))
            try:
                is_stream = question.is_cut or question.try_count == TRIES
                self._send(question, self._stream_channel() if is_stream else self._datagram_channel())
            except OSError as error:
                self._take_back(question)
                question.error = f"cannot be asked: {error.strerror or error}"
        return None

    def accept(self, channel: Channel, wire: bytes) -> None:
        """An answer, if it is one; anything else is as if it had not come."""
        question = channel.pending.get(int.from_bytes(wire[:2]))
        if question is None or not queries.answers(wire, question.section):
            return
        self._take_back(question)
        self._heard_at, self._unheard_count = time.monotonic(), 0
        if queries.is_truncated(wire) and isinstance(channel, Datagrams):
            question.is_cut, question.try_count = True, 0
            self.waiting.appendleft(question)
            return
        try:
            question.reply = queries.read(wire, question.section)
        except Malformed as error:
            question.error = str(error)

    def fail(self, channel: Channel, error: OSError) -> None:
        """A host's refusal may be forged: datagrams wait for their tries to end. A stream that broke brings no answer."""
        if isinstance(channel, Datagrams):
            return self._note(error)
        channel.close()
        if channel is self._stream:
            self._stream = None
        for question in list(channel.pending.values()):
            self._lose(question, f": {error.strerror or error}")
        return None

    def expire(self, now: float) -> None:
        """Ends the tries whose time is up, and gives the server up if it says nothing at all."""
        while self._tries and (self._tries[0][0] <= now or self._has_moved_on(*self._tries[0])):
            ends_at, question = self._tries.popleft()
            if not self._has_moved_on(ends_at, question):
                self._lose(question)
        for channel in [channel for channel in self._retired if not channel.pending]:
            channel.close()
            self._retired.remove(channel)
        if self.is_busy and self._unheard_count >= UNHEARD:
            self._given_up = self._silence
            self.drop(self._silence)

    def drop(self, why: str) -> None:
        """Everything that has no reply yet gets this error."""
        under_way = [question for ends_at, question in self._tries if not self._has_moved_on(ends_at, question)]
        for question in [*self.waiting, *under_way]:
            question.error = why
            question.channel = None
        self.waiting.clear()
        self._tries.clear()
        self._under_way = 0
        self.close()

    def close(self) -> None:
        for channel in (*self._datagrams, *self._retired):
            channel.close()
        if self._stream is not None:
            self._stream.close()
        self._datagrams.clear()
        self._retired.clear()
        self._stream = None

    def _send(self, question: Question, channel: Channel) -> None:
        message_id = next(self._ids)
        while message_id in channel.pending:
            message_id = next(self._ids)
        question.channel, question.message_id = channel, message_id
        channel.pending[message_id] = question
        try:
            channel.send(queries.build(message_id, question.section, with_signatures=self._with_signatures))
        except (BlockingIOError, ConnectionRefusedError) as error:
            # No room in the buffer, or the host's answer to an earlier query: this one counts as lost on the way.
            self._note(error)

    def _datagram_channel(self) -> Datagrams:
        """The next one in turn; a new one in the place of one that has been used for long enough."""
        if len(self._datagrams) < SOCKETS:
            self._datagrams.append(Datagrams(self._selector, self._address, self))
        self._datagrams.rotate()
        if self._datagrams[0].query_count >= QUERIES_PER_SOCKET:
            self._retired.append(self._datagrams[0])
            self._datagrams[0] = Datagrams(self._selector, self._address, self)
        return self._datagrams[0]

    def _stream_channel(self) -> Stream:
        if self._stream is None:
            self._stream = Stream(self._selector, self._address, self)
        return self._stream

    def _take_back(self, question: Question) -> None:
        """It is no longer under way: an answer that comes late finds nothing."""
        if question.channel is not None:
            question.channel.pending.pop(question.message_id, None)
        question.channel = None
        self._under_way -= 1

    def _lose(self, question: Question, detail: str = "") -> None:
        self._take_back(question)
        if question.try_count >= TRIES:
            question.error = f"{NOT_OVER_TCP}{detail}" if question.is_cut else self._silence
            # Since its first try.
            self._unheard_count += self._heard_at < time.monotonic() - (TRIES - 1) * TRY.total_seconds()
        else:
            self.waiting.appendleft(question)

    def _note(self, error: OSError) -> None:
        if isinstance(error, ConnectionRefusedError):
            self._silence = PORT_REFUSED

    @staticmethod
    def _has_moved_on(ends_at: float, question: Question) -> bool:
        return question.channel is None or question.ends_at != ends_at


def _random_ids() -> Iterator[int]:
    while True:
        yield from array("H", os.urandom(2048))
