"""Servers that live by a catalog zone (RFC 9432): BIND as primary under keep-zones, BIND and Knot as secondaries."""

import os
import shutil
import subprocess
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from .binaries import SYSTEM_DIRECTORIES
from .bind import KEY, Bind
from .errors import ServerFailed
from .knot import Knot
from .ports import LOOPBACK
from .process import Process
from .program import ROOT
from .tsig import TsigKey
from .users import give
from .zones import serves

SCRIPTS = ROOT / "deploy" / "provider" / "bind"
NAMESERVERS = f"ns.nameservers.test={LOOPBACK}"
ONCE_TIME = timedelta(seconds=20)

# Later than every earlier one, as the provider's: consumers must follow a catalog that had to be made again.
CATALOG_FILE = """\
@ 0 IN SOA invalid. invalid. {serial} 60 10 2419200 0
@ 0 IN NS invalid.
"""
FOLLOWING = """\
options {{
    catalog-zones {{
        zone "{catalog}" default-primaries {{ {host} port {port} key "{key}"; }}
            zone-directory "{directory}" min-update-interval 1;
    }};
"""


class KeptBind(Bind):
    """A primary whose catalog is updated like any zone, and whose other zones keep-zones keeps, the provider's script.

    patience is how long a zone must be missing in the catalog before it is served no more.
    """

    name = "kept-bind"

    def __init__(
        self,
        directory: Path,
        *,
        catalog: str,
        key: TsigKey,
        secondaries: Sequence[tuple[str, int]] = (),
        patience: timedelta = timedelta(seconds=1),
        port: int | None = None,
        log: Path | None = None,
    ):
        super().__init__(directory, key=key, secondaries=secondaries, port=port, log=log)
        self.catalog, self.patience = catalog, patience
        self.kept, self.runtime = self.directory / "kept", self.directory / "run"
        self._keeper: Process | None = None

    @property
    def keeper(self) -> Process:
        """Raises ServerFailed before the first start."""
        if self._keeper is None:
            raise ServerFailed("keep-zones was not started.")
        return self._keeper

    def begin(self) -> None:
        self._prepare()
        self._write_config()
        self._keeper = self._keeper or self._make_keeper()
        # It outlives a BIND that has died, and there must never be two of it.
        self._keeper.stop()
        self._keep_once()
        super().begin()
        self._keeper.start()

    def is_ready(self) -> bool:
        return serves(self.port, [self.catalog])

    def stop(self, within: timedelta | None = None) -> None:
        if self._keeper is not None:
            self._keeper.stop()
        super().stop(within)

    def served(self) -> set[str]:
        """The zones that keep-zones has written into BIND's configuration."""
        lines = (self.kept / "members.conf").read_text().splitlines()
        return {line.split('"')[1] for line in lines if line.startswith("zone ")}

    def _prepare(self) -> None:
        super()._prepare()
        for name in ("kept", "run", "scripts"):
            self._prepare_directory(name)
        # Copies: the server's user need not be able to enter our own directory.
        for name in ("keep-zones", "new-zone-file"):
            shutil.copy(SCRIPTS / name, self.directory / "scripts")
            give(self.directory / "scripts" / name, self.user)

    def _write_config(self) -> None:
        super()._write_config()
        shutil.copy(self.directory / "rndc.conf", self.runtime / "rndc.conf")
        give(self.runtime / "rndc.conf", self.user)
        self._write("run/transfer.key", KEY.format(key=self.key))
        self._write("run/member.template", self._zone_statement("@ZONE@", "kept/@ZONE@.zone"))
        if not (self.kept / f"{self.catalog}.zone").exists():
            self._write(f"kept/{self.catalog}.zone", CATALOG_FILE.format(serial=int(time.time() * 10) % 2**32))
        if self.alive:
            # There must never be two of it.
            self.keeper.kill()
            self._keep_once()
            self.keeper.start()

    def _more_config(self) -> str:
        catalog = self._zone_statement(self.catalog, f"kept/{self.catalog}.zone")
        return f'{catalog}include "kept/members.conf";\n'

    def _environment(self) -> dict[str, str]:
        path = [str(self.directory / "scripts"), os.environ.get("PATH", os.defpath), *SYSTEM_DIRECTORIES]
        return {
            "PATH": os.pathsep.join(path),
            "ZONES": str(self.kept),
            "RUN": str(self.runtime),
            "CATALOG": self.catalog,
            "PORT": str(self.port),
            "PATIENCE": f"{self.patience.total_seconds():.0f}",
            "DDNS_NAMESERVERS": NAMESERVERS,
        }

    def _keep_once(self) -> None:
        """The part of named.conf as it was, before BIND reads it."""
        process = self._make_keeper("--once")
        done = subprocess.run(
            process.argv,
            env=self._environment(),
            user=self.user.pw_uid if self.user else None,
            group=self.user.pw_gid if self.user else None,
            timeout=ONCE_TIME.total_seconds(),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise ServerFailed(f"keep-zones --once: {done.stderr}")

    def _make_keeper(self, *options: str) -> Process:
        argv: list[str | Path] = [self.directory / "scripts" / "keep-zones", *options]
        log, where = self.directory / "keep-zones.log", self.directory
        return Process("keep-zones", argv, log=log, env=self._environment(), cwd=where, user=self.user)


class FollowingBind(Bind):
    """A secondary that takes its zones from the primary's catalog. Told by NOTIFY: the primary must know our port."""

    name = "following-bind"

    def __init__(
        self, directory: Path, *, catalog: str, primary: tuple[str, int], key: TsigKey, port: int | None = None
    ):
        super().__init__(directory, key=key, port=port)
        self.catalog, self.primary = catalog, primary

    def _prepare(self) -> None:
        super()._prepare()
        self._prepare_directory("members")

    def _write(self, name: str, text: str) -> None:
        if name == "named.conf":
            host, port = self.primary
            names = {"catalog": self.catalog, "host": host, "port": port, "key": self.key.name}
            following = FOLLOWING.format(**names, directory=self.directory / "members")
            text = text.replace("options {\n", following, 1)
        super()._write(name, text)

    def _more_config(self) -> str:
        host, port = self.primary
        primaries = f'primaries {{ {host} port {port} key "{self.key.name}"; }};'
        return f'zone "{self.catalog}" {{ type secondary; file "{self.catalog}.zone"; {primaries} }};\n'


class FollowingKnot(Knot):
    """The same with Knot, which interprets the catalog."""

    name = "following-knot"

    def __init__(
        self, directory: Path, *, catalog: str, primary: tuple[str, int], key: TsigKey, port: int | None = None
    ):
        super().__init__(directory, key=key, primary=primary, port=port)
        self.catalog = catalog

    def _more_templates(self, roles: str) -> str:
        return f"""\
  - id: member
    storage: "{self.directory}"
    file: "%s.zone"
    zonefile-sync: -1
    zonefile-load: none
    journal-content: all
    journal-max-usage: 1G
{roles}  - id: catalog
    storage: "{self.directory}"
{roles}"""

    def _more_zones(self) -> str:
        return (
            f'  - domain: "{self.catalog}"\n'
            "    template: catalog\n"
            "    catalog-role: interpret\n"
            "    catalog-template: member\n"
        )
