"""A configuration file that is read again when it changes."""

import os
from pathlib import Path

from .errors import ConfigurationError


class WatchedFile:
    def __init__(self, path: Path):
        self.path = path
        self._seen: tuple[int, ...] | None = None

    def changed_text(self) -> str | None:
        """The text if it is new since the last call, else None; raises ConfigurationError once per change."""
        try:
            status = os.stat(self.path)
        except OSError as error:
            seen, self._seen = self._seen, (error.errno or 0,)
            if seen == self._seen:
                return None
            raise ConfigurationError(f"cannot read {self.path}: {error.strerror}") from error
        seen, self._seen = self._seen, (status.st_mtime_ns, status.st_size, status.st_ino, status.st_mode)
        return self._read(status.st_mode) if seen != self._seen else None

    def _read(self, mode: int) -> str:
        self.check_mode(mode)
        try:
            return self.path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"cannot read {self.path}: {type(error).__name__}") from None

    def check_mode(self, mode: int) -> None:
        """Raise ConfigurationError if this kind of file must not have these permissions."""


def lines(text: str) -> list[tuple[int, str]]:
    """The numbered lines that say something, without comments."""
    stripped = [(number, line.partition("#")[0].strip()) for number, line in enumerate(text.splitlines(), 1)]
    return [(number, line) for number, line in stripped if line]
