"""A real update client, run once: what it said and how it ended."""

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

PATIENCE = timedelta(seconds=60)


@dataclass(frozen=True)
class Ran:
    status: int
    said: str


def run(*argv: object, environment: Mapping[str, str] | None = None, given: str = "") -> Ran:
    """To its end, with `given` on its standard input; what it prints on both streams, together."""
    done = subprocess.run(
        [str(word) for word in argv],
        env=None if environment is None else dict(environment),
        input=given,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=PATIENCE.total_seconds(),
        check=False,
    )
    return Ran(done.returncode, done.stdout)
