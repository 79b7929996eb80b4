"""One child process with everything below it: started, watched, stopped by its id."""

import contextlib
import ctypes
import os
import pwd
import signal
import subprocess
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, BinaryIO

from .deadline import wait_for
from .errors import ServerFailed

PR_SET_PDEATHSIG = 1
LOG_LINES_SHOWN = 15

_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class Process:
    """A program in a session of its own, so that a Ctrl-C meant for us does not reach it.

    Start it from the main thread: Linux sends the death signal when the *thread* that started the child ends.
    """

    def __init__(
        self,
        name: str,
        argv: Sequence[str | Path],
        *,
        log: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        user: pwd.struct_passwd | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
    ):
        self.name, self.argv, self.log = name, [str(word) for word in argv], log
        self.env, self.cwd, self.user, self.stop_signal = env, cwd, user, stop_signal
        self._child: subprocess.Popen | None = None
        self._log_start = 0

    @property
    def pid(self) -> int:
        return self._started().pid

    @property
    def alive(self) -> bool:
        return self._child is not None and self._child.poll() is None

    @property
    def returncode(self) -> int | None:
        return self._child.poll() if self._child else None

    def start(self) -> None:
        if self.alive:
            raise ServerFailed(f"{self.name} already runs as process {self.pid}.")
        self.end_group()
        self._log_start = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log, warnings.catch_warnings():
            # Python 3.12 warns of preexec_fn beside threads; ours makes one system call and takes no lock.
            warnings.simplefilter("ignore", DeprecationWarning)
            self._child = self._popen(log)

    def _popen(self, log: BinaryIO) -> subprocess.Popen:
        drop: dict[str, Any] = {}
        if self.user is not None:
            drop = {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []}
        return subprocess.Popen(
            self.argv,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=self.cwd,
            env=None if self.env is None else dict(self.env),
            start_new_session=True,
            preexec_fn=_dies_with(os.getpid(), self.stop_signal),
            **drop,
        )

    def wait_until(self, check: Callable[[], bool], within: timedelta) -> None:
        """Wait for `check`; raises ServerFailed with the end of the log where the process ends or time is up."""
        try:
            wait_for(lambda: not self.alive or check(), within, self.name)
        except TimeoutError as late:
            raise ServerFailed(f"{late}.\n{self.log_end()}") from late
        if not self.alive:
            raise ServerFailed(f"{self.name} ended with status {self.returncode}.\n{self.log_end()}")

    def said(self) -> str:
        """What it logged since its start."""
        with self.log.open("rb") as log:
            log.seek(self._log_start)
            return log.read().decode(errors="replace")

    def log_end(self) -> str:
        lines = self.said().splitlines() if self.log.exists() else []
        return "\n".join([f"{self.log}:", *(f"  {line}" for line in lines[-LOG_LINES_SHOWN:])])

    def ask_to_stop(self) -> None:
        if self.alive:
            self._send([self.pid], self.stop_signal)

    def stop(self, within: timedelta = timedelta(seconds=5)) -> None:
        """Ask, wait, then insist; whatever the process left behind in its group goes too."""
        if self._child is None:
            return
        self.ask_to_stop()
        try:
            self._child.wait(within.total_seconds())
        except subprocess.TimeoutExpired:
            self.kill()
        self.end_group()

    def end_group(self) -> None:
        """End what it left behind: the workers of a web server that was killed keep its port and old code."""
        if self._child is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)

    def kill(self) -> None:
        """SIGKILL to the process and all below it at once, as a machine that fails would."""
        if self.alive:
            self._send(self.family(), signal.SIGKILL)
            self._started().wait()

    def freeze(self) -> None:
        self._send(self.family(), signal.SIGSTOP)

    def thaw(self) -> None:
        self._send(self.family(), signal.SIGCONT)

    def family(self) -> list[int]:
        """The process and its descendants; PostgreSQL puts each of its own into another group."""
        children = _children()
        found = [self.pid]
        for pid in found:
            found.extend(children.get(pid, []))
        return found

    def _started(self) -> subprocess.Popen:
        if self._child is None:
            raise ServerFailed(f"{self.name} was not started.")
        return self._child

    def _send(self, pids: Sequence[int], number: signal.Signals) -> None:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)


def _dies_with(parent: int, number: signal.Signals) -> Callable[[], None] | None:
    if _libc is None:
        return None

    def before_exec() -> None:
        _libc.prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return before_exec


def _children() -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            # the name in parentheses may hold spaces and parentheses
            parent = int(stat.read_text(errors="replace").rpartition(")")[2].split()[1])
            found.setdefault(parent, []).append(int(stat.parent.name))
    return found
