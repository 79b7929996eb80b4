"""Log files of children: one earlier piece is kept, so that a forgotten run does not fill the disk."""

import shutil
from pathlib import Path

LARGEST = 10 * 1024 * 1024  # octets


def rotate(log: Path) -> None:
    """Copy and truncate: the child keeps writing to the file it has open, which it opened for appending."""
    if log.exists() and log.stat().st_size > LARGEST:
        shutil.copyfile(log, log.with_name(f"{log.name}.1"))
        with log.open("r+b") as file:
            file.truncate()
