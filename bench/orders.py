"""Orders to staff (staff.py, or another module) that runs beside the measurement."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from deploy.local.program import ROOT


class Orders:
    """Use as a context manager. The desk is a process of its own, so that it starts before anything is timed."""

    def __init__(self, environment: Mapping[str, str], log: Path, *, module: str = "bench.staff") -> None:
        self.environment, self.log, self.module = environment, log, module

    def __enter__(self) -> Self:
        with self.log.open("ab") as log:
            self._desk = subprocess.Popen(
                [sys.executable, "-m", self.module], cwd=ROOT, env=dict(self.environment), text=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
            )  # fmt: skip
        return self

    def __exit__(self, *_) -> None:
        self._desk.stdin.close()
        self._desk.wait()
        self._desk.stdout.close()

    def do(self, verb: str, **order: Any) -> Any:
        self.send(verb, **order)
        return self.receive()

    def send(self, verb: str, **order: Any) -> None:
        self._desk.stdin.write(json.dumps({"do": verb, **order}) + "\n")
        self._desk.stdin.flush()

    def receive(self) -> Any:
        line = self._desk.stdout.readline()
        if not line:
            raise RuntimeError(f"the desk has ended; see {self.log}:\n{self.log.read_text()[-2000:]}")
        return json.loads(line)
