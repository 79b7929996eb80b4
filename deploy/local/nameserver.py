"""Our own small nameserver, `python -m dnsupdate.embedded`: for trying the platform and for tests."""

import sys
from collections.abc import Sequence
from pathlib import Path

from .data_directory import write_private
from .deadline import wait_for
from .ports import LOOPBACK, free_port
from .process import Process
from .program import ROOT
from .server import Server
from .tsig import TsigKey
from .zones import serves


class EmbeddedNameserver(Server):
    """Zones live in `directory` and survive. It reads the zones file again when that changes."""

    name = "nameserver"
    host = LOOPBACK

    def __init__(
        self,
        directory: Path,
        *,
        zones: Sequence[str] = (),
        key: TsigKey,
        port: int | None = None,
        zones_file: Path | None = None,
        log: Path | None = None,
    ):
        self.directory, self.key = Path(directory).absolute(), key
        self.zones = list(zones)
        self.zones_file = zones_file or self.directory / "zones"
        self.keys_file = self.directory / "keys"
        self.log = log or self.directory / "nameserver.log"
        self.port = port or free_port()

    def begin(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._write_zones()
        write_private(self.keys_file, f"{self.key.name} {self.key.algorithm} {self.key.secret}\n")
        argv = [sys.executable, "-m", "dnsupdate.embedded", "--host", LOOPBACK, "--port", str(self.port)]
        argv += ["--data", str(self.directory / "data"), "--zones", str(self.zones_file), "--keys", str(self.keys_file)]
        self.process = Process(self.name, argv, log=self.log, cwd=ROOT)
        super().begin()

    def is_ready(self) -> bool:
        return serves(self.port, self.zones)

    def add_zone(self, apex: str) -> None:
        """Serve one more zone, at once where the server runs."""
        self.zones.append(apex)
        self._rezone()

    def remove_zone(self, apex: str) -> None:
        self.zones.remove(apex)
        self._rezone()

    def _rezone(self) -> None:
        self._write_zones()
        if self.alive:
            wait_for(self.is_ready, self.start_time, "the zones of the nameserver")

    def _write_zones(self) -> None:
        """Keep what others have added: with `zones_file` given, the platform itself adds zones to it."""
        there = self.zones_file.read_text().split() if self.zones_file.exists() else []
        added = [apex for apex in self.zones if apex not in there]
        if added or not self.zones_file.exists():
            write_private(self.zones_file, "".join(f"{apex}\n" for apex in [*there, *added]))
