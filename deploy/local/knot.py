"""A private Knot DNS on loopback, as primary or as secondary."""

import subprocess
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from .binaries import need
from .deadline import wait_for
from .errors import ServerFailed
from .ports import LOOPBACK, free_port
from .process import Process
from .runtime import RuntimeDirectory
from .server import Server
from .signing import KNOT_POLICIES, KNOT_ZONE, Denial, is_signed
from .tsig import TsigKey
from .users import check_reach, give, unprivileged
from .zones import file_of, serves, zone_file

CONTROL_TIME = timedelta(seconds=10)

# zonefile-sync -1 and a journal that holds everything: with the default of writing the zone file at once, without
# fsync, a simulated power cut lost 5,706 of 6,976 acknowledged names.
CONFIG = """\
server:
    rundir: "{runtime}"
    listen: {host}@{port}
    udp-workers: 1
    tcp-workers: 2
    background-workers: 2
log:
  - target: stderr
    any: info
control:
    listen: "{runtime}/knot.sock"
database:
    storage: "{directory}"
    journal-db-max-size: 4G
key:
{keys}remote:
{remotes}
acl:
  - id: by-key
    address: {host}
    key: [{key_names}]
    action: [update, transfer, notify]
  - id: by-primary
    address: {host}
    action: notify
{policies}template:
  - id: default
    storage: "{directory}"
    file: "%s.zone"
    zonefile-sync: -1
    journal-content: all
    journal-max-usage: 1G
{templates}zone:
{zones}
"""
KEY = """\
  - id: "{key.name}"
    algorithm: {key.algorithm}
    secret: "{key.secret}"
"""


class Knot(Server):
    """Without `primary` it is one itself and tells `notify`; with it, it transfers every zone from there.

    Zones live in `directory` and survive; a zone file that exists is not written again. Zones in `signed` are signed.
    """

    name = "knot"
    host = LOOPBACK

    def __init__(
        self,
        directory: Path,
        *,
        zones: Sequence[str] = (),
        key: TsigKey,
        primary: tuple[str, int] | None = None,
        notify: Sequence[tuple[str, int]] = (),
        port: int | None = None,
        log: Path | None = None,
        signed: Mapping[str, Denial] | None = None,
    ):
        self.signed = dict(signed or {})
        self.directory, self.key, self.primary = Path(directory).absolute(), key, primary
        self.notify, self.zones = list(notify), list(zones)
        self.more_keys: list[TsigKey] = []
        self.log = log or self.directory / "knot.log"
        self.port = port or free_port()
        self.user = unprivileged("knot")
        self._runtime: RuntimeDirectory | None = None
        need("knotd")

    def begin(self) -> None:
        self._prepare()
        self._write_config()
        argv: list[str | Path] = [need("knotd"), "-c", self.directory / "knot.conf"]
        self.process = Process(self.name, argv, log=self.log, cwd=self.directory, user=self.user)
        super().begin()

    def is_ready(self) -> bool:
        """As secondary it is ready once it has transferred every zone."""
        return serves(self.port, self.zones) and all(is_signed(self.port, *each) for each in self.signed.items())

    def stop(self, within: timedelta | None = None) -> None:
        super().stop(within)
        if self._runtime is not None:
            self._runtime.remove()
            self._runtime = None

    def add_zone(self, apex: str, denial: Denial | None = None) -> None:
        """Serve one more zone, at once where the server runs; with `denial`, signed."""
        self.zones.append(apex)
        if denial is not None:
            self.signed[apex] = denial
        self._reconfigure()

    def sign_zone(self, apex: str, denial: Denial) -> None:
        """Sign a zone that it serves, at once and with all that it holds."""
        self.signed[apex] = denial
        self._reconfigure()

    def remove_zone(self, apex: str) -> None:
        """Stop serving it and forget what it held."""
        if self.alive:
            self.knotc("-f", "zone-purge", apex)
        self.zones.remove(apex)
        self.signed.pop(apex, None)
        self._reconfigure()
        file_of(self.directory, apex).unlink(missing_ok=True)

    def freeze_zone(self, apex: str) -> None:
        """UPDATE messages for it are refused until it thaws; Knot 3.4 lets them wait instead."""
        self.knotc("zone-freeze", apex)

    def thaw_zone(self, apex: str) -> None:
        self.knotc("zone-thaw", apex)

    def accept_key(self, key: TsigKey) -> None:
        """Take updates and transfers by this key as well."""
        self.more_keys.append(key)
        self._reconfigure()

    def refuse_key(self, key: TsigKey) -> None:
        """Take the key no more, be it the first or another."""
        self.key, *self.more_keys = (each for each in [self.key, *self.more_keys] if each != key)
        self._reconfigure()

    def knotc(self, *command: str) -> str:
        """Run a control command and return its output; raises ServerFailed."""
        argv: list[str | Path] = [need("knotc"), "-b", "-s", self._prepared().path / "knot.sock", *command]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=CONTROL_TIME.total_seconds(), check=False)
        if done.returncode != 0:
            raise ServerFailed(f"knotc {' '.join(command)}: {done.stdout}{done.stderr}")
        return done.stdout

    def _reconfigure(self) -> None:
        self._write_config()
        if self.alive:
            self.knotc("reload")
            wait_for(self.is_ready, self.start_time, "the zones of knot")

    def _prepare(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        give(self.directory, self.user)
        check_reach(self.directory, self.user)

    def _prepared(self) -> RuntimeDirectory:
        if self._runtime is None:
            self._runtime = RuntimeDirectory(self.directory / "runtime", self.user)
        return self._runtime

    def _write_config(self) -> None:
        remotes = {f"remote-{number}": address for number, address in enumerate(self.notify)}
        if self.primary:
            remotes["primary"] = self.primary
        roles = "".join([
            "    acl: [by-key, by-primary]\n",
            "    master: primary\n" if self.primary else "",
            f"    notify: [{', '.join(remotes)}]\n" if remotes and not self.primary else "",
        ])  # fmt: skip
        keys = [self.key, *self.more_keys]
        text = CONFIG.format(
            runtime=self._prepared().path,
            host=LOOPBACK,
            port=self.port,
            directory=self.directory,
            keys="".join(KEY.format(key=key) for key in keys),
            key_names=", ".join(f'"{key.name}"' for key in keys),
            remotes="".join(self._remote(name, *address) for name, address in remotes.items()),
            policies=KNOT_POLICIES if self.signed else "",
            templates=self._more_templates(roles),
            zones="".join(f'  - domain: "{apex}"\n{roles}{self._signing(apex)}' for apex in self.zones)
            + self._more_zones(),
        )
        self._write("knot.conf", text)
        for apex in [] if self.primary else self.zones:
            if not file_of(self.directory, apex).exists():
                self._write(file_of(self.directory, apex).name, zone_file(apex))

    def _signing(self, apex: str) -> str:
        return KNOT_ZONE.format(denial=self.signed[apex]) if apex in self.signed else ""

    def _more_templates(self, roles: str) -> str:
        """What a subclass adds to the templates; roles are a zone's lines of whom it hears and whom it tells."""
        return ""

    def _more_zones(self) -> str:
        """What a subclass adds to the zones."""
        return ""

    def _remote(self, name: str, host: str, port: int) -> str:
        return f'  - id: {name}\n    address: {host}@{port}\n    key: "{self.key.name}"\n'

    def _write(self, name: str, text: str) -> None:
        path = self.directory / name
        path.touch(mode=0o600)
        path.write_text(text)
        give(path, self.user)
