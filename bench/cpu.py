"""CPU time of processes with everything below them, from /proc (Linux)."""

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path

from deploy.local.server import Server

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
# Fields of /proc/PID/stat behind the name: utime, stime, and of children that were waited for cutime, cstime.
_TIMES = slice(11, 15)


def used(servers: Mapping[str, Server]) -> dict[str, float]:
    """Seconds of CPU by name since the start of each, with its children, those that have ended included."""
    return {name: sum(map(_of_process, server.process.family())) for name, server in servers.items()}


def _of_process(pid: int) -> float:
    with contextlib.suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
        return sum(map(int, fields[_TIMES])) / TICKS_PER_SECOND
    return 0.0
