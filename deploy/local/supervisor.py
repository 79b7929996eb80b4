"""Starts the servers in order, keeps them running, stops all of them within five seconds."""

import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from types import TracebackType
from typing import Any, NoReturn, Self

from .deadline import POLL
from .errors import LocalError
from .logs import rotate
from .server import Server

LOOK_EVERY = timedelta(milliseconds=200)
ROTATE_EVERY = timedelta(minutes=1)
SHORTEST_PAUSE, LONGEST_PAUSE = timedelta(seconds=0.5), timedelta(seconds=30)
# One that ran this long had started well: its next pause is the shortest again.
SETTLED = timedelta(minutes=1)
# All of it takes less than five seconds, on a busy machine too. A Celery worker at rest takes two to three to end by
# itself; one that is killed loses nothing, the rows are the queue, and a PostgreSQL that is killed recovers.
LAYER_STOP, WHOLE_STOP = timedelta(seconds=2.5), timedelta(seconds=3.5)
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(BaseException):
    """Somebody asked us to stop."""


@dataclass
class Watched:
    server: Server
    pause: timedelta = SHORTEST_PAUSE
    started_at: float = field(default_factory=time.monotonic)  # seconds of the monotonic clock, as the next one
    start_again_at: float | None = None


class Supervisor:
    """Use as a context manager: leaving it stops everything, whatever the reason. Main thread only."""

    def __init__(self, say: Callable[[str], None] = print):
        self.say = say
        self._layers: list[list[Watched]] = []
        self._handlers: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        for number in SIGNALS:
            # nohup ignores SIGHUP for us, and means it
            if number is not signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
                self._handlers[number] = signal.signal(number, _stop)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> bool:
        _ignore_signals()
        self.stop()
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        return isinstance(error, Stopped)

    def start(self, *servers: Server) -> None:
        """One layer: started together, each waited for; stopped before the layers below it."""
        layer: list[Watched] = []
        self._layers.append(layer)
        began = time.monotonic()
        for server in servers:
            rotate(server.log)
            layer.append(Watched(server))
            server.begin()
        for server in servers:
            server.finish_start()
            self.say(f"  {server.name:<12} ready after {time.monotonic() - began:.1f} s")

    def watch(self) -> NoReturn:
        """Start again what ends, until a signal comes."""
        rotated_at = time.monotonic()
        while True:
            for watched in self._all():
                self._look(watched)
            if time.monotonic() - rotated_at > ROTATE_EVERY.total_seconds():
                rotated_at = time.monotonic()
                for watched in self._all():
                    rotate(watched.server.log)
            self._rest()

    def stop(self) -> None:
        end = time.monotonic() + WHOLE_STOP.total_seconds()
        for layer in reversed(self._layers):
            layer_end = min(end, time.monotonic() + LAYER_STOP.total_seconds())
            _stop_together([watched.server for watched in layer], layer_end)
        self._layers.clear()

    def _rest(self) -> None:
        time.sleep(LOOK_EVERY.total_seconds())

    def _all(self) -> list[Watched]:
        return [watched for layer in self._layers for watched in layer]

    def _look(self, watched: Watched) -> None:
        if watched.server.alive:
            if time.monotonic() - watched.started_at > SETTLED.total_seconds():
                watched.pause = SHORTEST_PAUSE
        elif watched.start_again_at is None:
            watched.server.process.end_group()
            self._announce(watched, f"{watched.server.name} ended with status {watched.server.process.returncode}")
        elif time.monotonic() >= watched.start_again_at:
            self._start_again(watched)

    def _announce(self, watched: Watched, what: str) -> None:
        pause, log = watched.pause, watched.server.log
        self.say(f"{what}, starting it again in {pause.total_seconds():g} s; its log is {log}")
        watched.start_again_at = time.monotonic() + pause.total_seconds()
        watched.pause = min(pause * 2, LONGEST_PAUSE)

    def _start_again(self, watched: Watched) -> None:
        watched.start_again_at, watched.started_at = None, time.monotonic()
        try:
            watched.server.begin()
        except (LocalError, OSError, TimeoutError) as error:
            self._announce(watched, f"{watched.server.name}: {error}")


def _stop_together(servers: Sequence[Server], end: float) -> None:
    for server in servers:
        server.ask_to_stop()
    while any(server.alive for server in servers) and time.monotonic() < end:
        time.sleep(POLL.total_seconds())
    for server in servers:
        server.stop(timedelta(0))


def _stop(*_) -> NoReturn:
    _ignore_signals()
    raise Stopped


def _ignore_signals() -> None:
    """Impatience must not leave children behind; the end is bounded anyway."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
