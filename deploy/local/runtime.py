"""A short private directory for what lives as long as a server: its socket, its copied binary."""

import pwd
import shutil
import tempfile
from pathlib import Path

from .users import give

PREFIX = "ddns-"
# A socket address holds 107 octets of path (unix(7)); the longest name we put there is ".s.PGSQL.5432.lock".
LONGEST = 85


class RuntimeDirectory:
    """Made at start, removed at stop. A note beside the data lets the next start remove what a crash left."""

    def __init__(self, note: Path, user: pwd.struct_passwd | None):
        self.note, self.user = note, user
        self.remove()
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=_short_parent()))
        give(self.path, user)
        note.write_text(f"{self.path}\n")

    def remove(self) -> None:
        if self.note.exists():
            left = Path(self.note.read_text().strip())
            if left.name.startswith(PREFIX) and not left.is_symlink():
                shutil.rmtree(left, ignore_errors=True)
            self.note.unlink()


def _short_parent() -> str:
    temporary = tempfile.gettempdir()
    return temporary if len(temporary) + len(PREFIX) + 8 <= LONGEST else "/tmp"  # noqa: S108 mkdtemp follows
