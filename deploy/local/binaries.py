"""Where the programs are that we start."""

import os
import shutil
from pathlib import Path

from .errors import BinaryMissing

# Debian keeps servers where an ordinary user's PATH does not look.
SYSTEM_DIRECTORIES = ("/usr/sbin", "/usr/local/sbin", "/sbin")


def find(name: str) -> Path | None:
    found = shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", os.defpath), *SYSTEM_DIRECTORIES]))
    return Path(found) if found else None


def need(name: str) -> Path:
    """The program's path; raises BinaryMissing."""
    found = find(name)
    if found is None:
        raise BinaryMissing(name)
    return found
