"""A program of the platform itself: web, worker, beat, or a command that ends."""

import http.client
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from .deadline import wait_for
from .errors import CommandFailed
from .ports import LOOPBACK
from .process import Process
from .server import Server

ROOT = Path(__file__).resolve().parents[2]
ANSWER_TIME = timedelta(seconds=2)
COMMAND_TIME = timedelta(minutes=2)


class Program(Server):
    """`is_up` says when it is ready, given the program itself."""

    def __init__(
        self,
        name: str,
        argv: Sequence[str | Path],
        *,
        env: Mapping[str, str],
        log: Path,
        is_up: Callable[["Program"], bool] = lambda program: program.alive,
    ):
        self.name, self.log, self._is_up = name, log, is_up
        self.process = Process(name, argv, log=log, env=env, cwd=ROOT)

    def is_ready(self) -> bool:
        return self._is_up(self)

    def run(self) -> None:
        """Run a command to its end; raises CommandFailed with the end of its log."""
        self.process.start()
        wait_for(lambda: not self.alive, COMMAND_TIME, self.name)
        if self.process.returncode != 0:
            raise CommandFailed(f"{self.name} ended with status {self.process.returncode}.\n{self.process.log_end()}")


def answers(port: int, path: str) -> Callable[[Program], bool]:
    """Ready when GET on loopback returns 200."""

    def check(_: Program) -> bool:
        connection = http.client.HTTPConnection(LOOPBACK, port, timeout=ANSWER_TIME.total_seconds())
        try:
            connection.request("GET", path)
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    return check


def logged(text: str) -> Callable[[Program], bool]:
    """Ready when it says so itself."""
    return lambda program: text in program.process.said()
