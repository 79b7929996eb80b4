"""Bodies without end at the API of a real web server: refused while they come, and what they cost in memory is said."""

import json
import re
import socket
from contextlib import suppress
from pathlib import Path

import pytest

from deploy.local.ports import LOOPBACK
from tests.stack import Stack

pytestmark = pytest.mark.servers

MB = 1_000_000
SIZE = 100 * MB
PIECE = b"garbage " * 8192
ANSWER_SECONDS = 60


def memory_of(stack: Stack) -> tuple[int, int]:
    """Resident now and at most until now, in MB: the biggest of the web server's processes."""
    found = []
    for pid in stack.web.process.family():
        with suppress(FileNotFoundError):
            said = Path(f"/proc/{pid}/status").read_text()
            found.append(tuple(int(re.search(rf"{name}:\s+(\d+)", said)[1]) // 1000 for name in ("VmRSS", "VmHWM")))
    return max(each[0] for each in found), max(each[1] for each in found)


def stored_count(stack: Stack) -> int:
    with stack.database() as database:
        return database.execute("SELECT count(*) FROM abuse_submission").fetchone()[0]


def send(stack: Stack, *headers: str, is_chunked: bool) -> tuple[int, int]:
    """Status, and how many octets went out before the server had answered or hung up."""
    head = [
        "POST /api/v1/reports HTTP/1.1",
        f"Host: {LOOPBACK}",
        "Content-Type: text/plain",
        "Connection: close",
        *headers,
    ]
    sent = 0
    with socket.create_connection((LOOPBACK, stack.web_port), timeout=ANSWER_SECONDS) as connection:
        connection.sendall("\r\n".join([*head, "", ""]).encode())
        piece = b"%x\r\n%s\r\n" % (len(PIECE), PIECE) if is_chunked else PIECE
        with suppress(OSError):
            while sent < SIZE:
                connection.sendall(piece[: SIZE - sent] if not is_chunked else piece)
                sent += len(PIECE)
            if is_chunked:
                connection.sendall(b"0\r\n\r\n")
        said = b""
        # Whoever answers before everything was sent may reset what follows the answer.
        with suppress(OSError):
            while received := connection.recv(65536):
                said += received
    return int(said.split(b" ", 2)[1]) if said else 0, sent


@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    ("headers", "is_chunked", "expected"),
    [
        ((f"Content-Length: {SIZE}",), False, {413, 0}),
        (("Transfer-Encoding: chunked",), True, {411, 413, 0}),
    ],
)
def test_100_mb_are_refused_and_nothing_is_stored(stack, headers, is_chunked, expected):
    stored, before = stored_count(stack), memory_of(stack)
    status, sent = send(stack, *headers, is_chunked=is_chunked)
    after = memory_of(stack)
    print(json.dumps({"status": status, "sent_mb": sent // MB, "memory_before": before, "memory_after": after}))
    # 0: hung up before the answer could be read.
    assert status in expected
    assert stored_count(stack) == stored
    # It goes on working.
    with socket.create_connection((LOOPBACK, stack.web_port), timeout=ANSWER_SECONDS) as connection:
        connection.sendall(f"GET /healthz HTTP/1.1\r\nHost: {LOOPBACK}\r\nConnection: close\r\n\r\n".encode())
        assert b" 200 " in connection.recv(1000).split(b"\r\n")[0] + b" "
