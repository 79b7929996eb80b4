"""Readers of submissions killed while they read, the database too: what was acknowledged is read, and exactly once."""

import http.client
import json
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta

import psycopg
import pytest

from abuse.reports import CLAIM
from deploy.local.deadline import wait_for
from deploy.local.errors import BinaryMissing
from deploy.local.ports import LOOPBACK
from tests.left_out import left_out
from tests.stack import ZONE, Stack

SUBMISSIONS, REPORTS, NAMES, REPORTERS = 300, 10, 20, 4
PATIENCE = timedelta(seconds=120)
ANSWERED = timedelta(seconds=30)

ENVIRONMENT = {
    "DDNS_PLANS": json.dumps({"free": {"hostnames": 1000}}),
    "DDNS_ABUSE_REQUESTS_PER_KEY": "1000000",
}
KEY = """
from abuse import reporter_keys
from abuse.models import Reporter
from ddns.models import User
root = User.objects.create_superuser("root@example.com")
reporter = Reporter.objects.create(identity="org:cert.example", kind="organisation")
result = reporter_keys.create(reporter, label="scanner", by=root)[1]
"""


@pytest.fixture
def desk(servers) -> Iterator[Stack]:
    """A stack of the test's own: others could not use one that is treated like this."""
    try:
        stack = Stack(servers.directory / "readers", web_workers=2, environment=ENVIRONMENT)
    except BinaryMissing as missing:
        left_out("stack", str(missing))
    try:
        stack.start()
        yield stack
    finally:
        stack.stop()


def body(number: int) -> bytes:
    """Ten reports about ten names of ours, and one about another's."""
    names = [f"n{(number + each) % NAMES}.{ZONE}" for each in range(REPORTS)]
    return json.dumps(
        [_report(number, position, name) for position, name in enumerate([*names, "www.example.org"])]
    ).encode()


def _report(number: int, position: int, name: str) -> dict:
    party = {"org": "CERT Example", "contact": "trudy@cert.example", "domain": "cert.example"}
    return {
        "xarf_version": "4.2.0",
        "report_id": f"5d7b7f9c-0f5c-4f6e-{position:04}-{number:012}",
        "timestamp": "2026-11-25T08:00:00Z",
        "reporter": party,
        "sender": party,
        "source_identifier": name,
        "category": "content",
        "type": "phishing",
        "url": f"https://{name}/{number}",
    }


class Sender(threading.Thread):
    """Posts its share; what is not answered with 202 is posted again under the same Idempotency-Key."""

    def __init__(self, stack: Stack, key: str, numbers: range) -> None:
        super().__init__(daemon=True)
        self.stack, self.key, self.numbers = stack, key, numbers
        self.acknowledged: dict[int, str] = {}
        self.refusals: Counter[str] = Counter()

    def run(self) -> None:
        for number in self.numbers:
            while not self._is_acknowledged(number):
                time.sleep(0.2)

    def _is_acknowledged(self, number: int) -> bool:
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/xarf+json"}
        headers["Idempotency-Key"] = f"report-{number}"
        connection = http.client.HTTPConnection(LOOPBACK, self.stack.web_port, timeout=ANSWERED.total_seconds())
        try:
            connection.request("POST", "/api/v1/reports", body(number), headers)
            answer = connection.getresponse()
            said = answer.read()
        except (OSError, http.client.HTTPException) as error:
            self.refusals[type(error).__name__] += 1
            return False
        finally:
            connection.close()
        if answer.status != http.HTTPStatus.ACCEPTED:
            self.refusals[str(answer.status)] += 1
            return False
        self.acknowledged[number] = json.loads(said)["id"]
        return True


def count(stack: Stack, state: str) -> int:
    """Of submissions; -1 while the database is away."""
    try:
        with stack.database() as database:
            return database.execute("SELECT count(*) FROM abuse_submission WHERE state = %s", [state]).fetchone()[0]
    except psycopg.OperationalError:
        return -1


def kill(pids: list[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def end_claims_of_the_dead(stack: Stack) -> int:
    """As if CLAIM had passed since whoever is dead had claimed what they did; gives how many there were."""
    with stack.database() as database:
        return database.execute(
            "UPDATE abuse_submission SET claimed_until = now() WHERE state = 'received' AND claimed_until > now()"
        ).rowcount


def kill_amid_reading(stack: Stack, read_before: int) -> int:
    """The worker, once it has read something more and while it has claimed some; gives how many it left claimed.

    Where nothing waits any more it is killed all the same.
    """

    def is_amid() -> bool:
        with stack.database() as database:
            read, claimed, waiting = database.execute(
                "SELECT count(*) FILTER (WHERE state = 'read'), "
                "count(*) FILTER (WHERE state = 'received' AND claimed_until > now()), "
                "count(*) FILTER (WHERE state = 'received') FROM abuse_submission"
            ).fetchone()
        return (read > read_before and claimed > 0) or waiting == 0

    wait_for(is_amid, PATIENCE, "a reader amid its work")
    kill(stack.worker.process.family())
    wait_for(lambda: not stack.worker.alive, PATIENCE, "the end of the worker")
    left = end_claims_of_the_dead(stack)
    stack.worker.begin()
    return left


@pytest.mark.servers
@pytest.mark.timeout(400)
def test_what_was_acknowledged_is_read_exactly_once(desk):
    desk.customer("alice@example.com", *(f"n{number}" for number in range(NAMES)))
    key = desk.run(KEY)
    senders = [Sender(desk, key, range(first, SUBMISSIONS, REPORTERS)) for first in range(REPORTERS)]
    kill(desk.worker.process.family())
    for sender in senders:
        sender.start()
    # Enough for readers to take many at once.
    wait_for(lambda: count(desk, "received") > SUBMISSIONS // 2, PATIENCE, "submissions")
    desk.worker.begin()
    left = [kill_amid_reading(desk, 0)]
    restarted_at = _restart_database(desk)
    left.append(kill_amid_reading(desk, max(count(desk, "read"), 0)))
    for sender in senders:
        sender.join(PATIENCE.total_seconds())
    _read_what_readers_without_a_database_left(desk, restarted_at)
    wait_for(lambda: count(desk, "received") == 0, PATIENCE, "the end of reading")

    acknowledged = {number: pk for sender in senders for number, pk in sender.acknowledged.items()}
    refusals = sum((sender.refusals for sender in senders), Counter())
    print(f"{len(acknowledged)} acknowledged, answered otherwise: {dict(refusals)}, left by the dead: {left}")
    assert len(acknowledged) == SUBMISSIONS
    assert any(left)
    _check(desk, acknowledged)


def _restart_database(stack: Stack) -> float:
    """As a crash does it: every process at once. Gives when it was back, in seconds since the epoch."""
    kill(stack.postgres.process.family())
    wait_for(lambda: not stack.postgres.alive, PATIENCE, "the end of the database")

    def is_back() -> bool:
        with suppress(Exception):
            stack.postgres.start()
        return stack.postgres.alive and count(stack, "read") >= 0

    wait_for(is_back, PATIENCE, "the database")
    return time.time()


def _read_what_readers_without_a_database_left(stack: Stack, restarted_at: float) -> None:
    """Claims from before it was back are nobody's."""
    with stack.database() as database:
        database.execute(
            "UPDATE abuse_submission SET claimed_until = now() "
            "WHERE state = 'received' AND claimed_until < to_timestamp(%s)",
            [restarted_at + CLAIM.total_seconds()],
        )


def _check(stack: Stack, acknowledged: dict[int, str]) -> None:
    with stack.database() as database:
        states = dict(database.execute("SELECT id::text, state FROM abuse_submission").fetchall())
        reports = database.execute(
            "SELECT submission_id::text, external_id, name, state FROM abuse_report ORDER BY submission_id, position"
        ).fetchall()
        cases = database.execute("SELECT name, report_count, source_count, state FROM abuse_case").fetchall()
        octets = dict(
            database.execute(
                "SELECT s.id::text, b.content FROM abuse_submission s JOIN abuse_blob b ON b.sha256 = s.blob_id"
            )
        )
        receipts = database.execute("SELECT count(DISTINCT submission_id) FROM abuse_receipt").fetchone()[0]
    # One for each, though it was posted again where no answer came.
    assert states == dict.fromkeys(acknowledged.values(), "read")
    assert receipts == SUBMISSIONS
    by_submission: dict[str, list[tuple[str, str, str]]] = {}
    for pk, *report in reports:
        by_submission.setdefault(pk, []).append(tuple(report))
    for number, pk in acknowledged.items():
        assert octets[pk] == body(number)
        wanted = json.loads(body(number))
        assert [(each["report_id"], each["source_identifier"]) for each in wanted] == [
            (external_id, name) for external_id, name, _ in by_submission[pk]
        ]
        assert [state for *_, state in by_submission[pk]] == ["open"] * REPORTS + ["not_ours"]
    each = SUBMISSIONS * REPORTS // NAMES
    assert sorted(cases) == sorted((f"n{number}.{ZONE}", each, 1, "open") for number in range(NAMES))
