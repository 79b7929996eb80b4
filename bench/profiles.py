"""Where the time goes: the web processes' Python functions by py-spy, PostgreSQL's statements by pg_stat_statements.

Both cost something themselves, so numbers taken with --profile are not to be compared with others.
"""

import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import psycopg

from deploy.local.postgres import Postgres

SAMPLES_PER_SECOND = 250
SHOWN = 25
# "function (path/module.py:12)" in a line of stacks; the path from the last site-packages or directory on
_FRAME = re.compile(r"^(?P<function>.+) \((?:.*/)?(?P<file>[^/]+/[^/]+?)(?::\d+)?\)$")


class Statements:
    """pg_stat_statements: needs a restart of the server, so before anything connects."""

    def __init__(self, postgres: Postgres) -> None:
        self.postgres = postgres

    def enable(self) -> None:
        with psycopg.connect(self.postgres.url, autocommit=True) as database:
            database.execute("ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'")
        # not stop(): that would remove the directory of the socket, and its address is known already
        self.postgres.process.stop()
        self.postgres.start()
        with psycopg.connect(self.postgres.url, autocommit=True) as database:
            database.execute("CREATE EXTENSION pg_stat_statements")
            # a statement that is planned at every call costs more in the planner than in its plan
            database.execute("ALTER SYSTEM SET pg_stat_statements.track_planning = on")
            database.execute("SELECT pg_reload_conf()")

    def reset(self) -> None:
        with psycopg.connect(self.postgres.url, autocommit=True) as database:
            database.execute("SELECT pg_stat_statements_reset()")

    def top(self) -> list[dict]:
        """By total time; microseconds per call are elapsed time, which waiting for the disk is part of."""
        with psycopg.connect(self.postgres.url, autocommit=True) as database:
            rows = database.execute(
                "SELECT calls, plans, round((mean_plan_time * 1000)::numeric, 1), round((mean_exec_time * 1000)::numeric, 1), "
                "round((wal_bytes / calls)::numeric), query FROM pg_stat_statements WHERE calls > 0 "
                "ORDER BY total_exec_time + total_plan_time DESC LIMIT 8"
            ).fetchall()
        return [
            {
                "calls": calls,
                "plans": plans,
                "plan_us": float(planning),
                "us": float(mean),
                "wal_octets": int(wal),
                "query": " ".join(query.split())[:90],
            }
            for calls, plans, planning, mean, wal, query in rows
        ]


class Stacks:
    """py-spy over a process and its children; None where there is no py-spy."""

    def __init__(self, pid: int, output: Path, seconds: float) -> None:
        self.output = output
        command = ["py-spy", "record", "--pid", str(pid), "--subprocesses", "--format", "raw", "--nonblocking"]
        command += ["--duration", f"{seconds:.0f}", "--rate", str(SAMPLES_PER_SECOND), "--output", str(output)]
        self._process = None
        if shutil.which("py-spy"):
            self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)

    def top(self) -> list[dict]:
        """Functions by the share of samples in them or below them, and in themselves."""
        if self._process is None or self._process.wait() != 0:
            return []
        within, itself, total = Counter(), Counter(), 0
        for line in self.output.read_text().splitlines():
            stack, _, count = line.rpartition(" ")
            frames = [_short(frame) for frame in stack.split(";") if not frame.startswith(("process ", "thread "))]
            if not frames:
                continue
            total += int(count)
            itself[frames[-1]] += int(count)
            within.update({frame: int(count) for frame in set(frames)})
        return [
            {"function": frame, "within": round(count / total, 3), "itself": round(itself[frame] / total, 3)}
            for frame, count in within.most_common(SHOWN * 2)
            if total and (itself[frame] / total > 0.01 or count / total > 0.03)
        ]


def _short(frame: str) -> str:
    found = _FRAME.match(frame)
    return f"{found['file']}:{found['function']}" if found else frame
