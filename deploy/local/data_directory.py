"""The directory that holds everything of one installation: data, logs, secrets, and a lock against a second run."""

import fcntl
import json
import os
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path

from .errors import DirectoryInUse, DirectoryUnusable
from .tsig import TsigKey

SECRET_KEY_SIZE = 50  # octets; Django warns below 50 characters


@dataclass(frozen=True)
class Secrets:
    secret_key: str = field(repr=False)
    tsig_key: TsigKey


class DataDirectory:
    """Raises DirectoryInUse where another run holds it, DirectoryUnusable where we cannot write."""

    def __init__(self, path: Path):
        self.path = path.absolute()
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            (self.path / "log").mkdir(exist_ok=True)
            self._lock = self._locked()
        except (PermissionError, FileExistsError, NotADirectoryError) as error:
            raise DirectoryUnusable(f"{error.strerror}: {error.filename}. Set DDNS_VAR to another.") from error

    def log(self, name: str) -> Path:
        return self.path / "log" / f"{name}.log"

    def secrets(self) -> Secrets:
        """Made on the first start, the same on every later one."""
        file = self.path / "secrets.json"
        if not file.exists():
            write_private(file, json.dumps(asdict(_generated()), indent=2))
        stored = json.loads(file.read_text())
        return Secrets(stored["secret_key"], TsigKey(**stored["tsig_key"]))

    def close(self) -> None:
        os.close(self._lock)

    def _locked(self) -> int:
        """The lock goes with the process that holds it, so a crash leaves none behind."""
        descriptor = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 20).decode()
            os.close(descriptor)
            raise DirectoryInUse(
                f"Process {holder} runs on {self.path}. Stop it, or set DDNS_VAR to another directory "
                "and DDNS_WEB_PORT, DDNS_DNS_PORT and DDNS_NSUPDATE_PORT to other ports."
            ) from None
        os.truncate(descriptor, 0)
        os.write(descriptor, str(os.getpid()).encode())
        return descriptor


def write_private(path: Path, text: str) -> None:
    """Replace at once, mode 0600: nobody else reads it and no reader sees half of it."""
    half = path.with_name(f"{path.name}.new")
    half.unlink(missing_ok=True)
    descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    half.replace(path)


def _generated() -> Secrets:
    return Secrets(secrets.token_urlsafe(SECRET_KEY_SIZE), TsigKey.generate("demo-update"))
