"""What every server here has in common: one process, a readiness check, and ways to hurt it."""

from abc import ABC, abstractmethod
from datetime import timedelta
from pathlib import Path
from typing import Self

from .errors import ServerFailed
from .process import Process


class Server(ABC):
    """Subclasses set `name` and `log`, build `process` and say when they are ready."""

    name: str
    log: Path
    _process: Process | None = None
    start_time = timedelta(seconds=30)
    stop_time = timedelta(seconds=4)

    @property
    def process(self) -> Process:
        """Raises ServerFailed before the first start."""
        if self._process is None:
            raise ServerFailed(f"{self.name} was not started.")
        return self._process

    @process.setter
    def process(self, process: Process) -> None:
        self._process = process

    def start(self) -> None:
        """Start and wait until it answers; raises ServerFailed with the end of its log."""
        self.begin()
        self.finish_start()

    def begin(self) -> None:
        """Start without waiting."""
        self.process.start()

    def finish_start(self) -> None:
        """Wait until it answers after begin()."""
        self.process.wait_until(self.is_ready, self.start_time)

    @abstractmethod
    def is_ready(self) -> bool:
        """Whether it answers now."""

    def ask_to_stop(self) -> None:
        if self._process is not None:
            self._process.ask_to_stop()

    def stop(self, within: timedelta | None = None) -> None:
        """Ask it to end, insist after `within`; without effect where it does not run."""
        if self._process is not None:
            self._process.stop(self.stop_time if within is None else within)

    def kill(self) -> None:
        self.process.kill()

    def freeze(self) -> None:
        """Stop it in its tracks (SIGSTOP): connections stay open and nothing answers."""
        self.process.freeze()

    def thaw(self) -> None:
        self.process.thaw()

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.alive

    @property
    def pid(self) -> int:
        return self.process.pid

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_) -> None:
        self.stop()
