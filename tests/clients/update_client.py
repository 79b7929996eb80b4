"""A real update client, run once: what it said and how it ended."""

import subprocess
from dataclasses import dataclass
from datetime import timedelta

PATIENCE = timedelta(seconds=60)


@dataclass(frozen=True)
class Ran:
    status: int
    said: str


def run(*argv: object) -> Ran:
    """To its end; what it prints on both streams, together."""
    done = subprocess.run(
        [str(word) for word in argv],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=PATIENCE.total_seconds(),
        check=False,
    )
    return Ran(done.returncode, done.stdout)
