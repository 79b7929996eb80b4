"""A private BIND as hidden primary on loopback."""

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from .binaries import need
from .deadline import wait_for
from .errors import ServerFailed
from .ports import LOOPBACK, free_port
from .process import Process
from .server import Server
from .signing import BIND_POLICIES, BIND_ZONE, Denial, is_signed
from .tsig import TsigKey
from .users import check_reach, give, unprivileged
from .zones import file_of, serves, zone_file

CONTROL_TIME = timedelta(seconds=10)

CONFIG = """\
{keys}
key "{control.name}" {{ algorithm {control.algorithm}; secret "{control.secret}"; }};
controls {{ inet {host} port {control_port} allow {{ {host}; }} keys {{ "{control.name}"; }}; }};
logging {{
    category default {{ default_stderr; }};
    // a line for every name that changes, NOTIFY and transfer costs more than the update; refusals are in update-security
    category update {{ null; }};
    category notify {{ null; }};
    category xfer-out {{ null; }};
}};
options {{
    directory "{directory}";
    pid-file none;
    {lock_file}
    listen-on port {port} {{ {host}; }};
    listen-on-v6 {{ none; }};
    recursion no;
    dnssec-validation no;
    allow-transfer {{ {allowed} }};
    notify explicit;
    notify-delay 0;
    notify-rate 1000;
    startup-notify-rate 1000;
    serial-query-rate 1000;
    also-notify {{ {secondaries} }};
    // a secondary must never fall back to a whole transfer because the journal was cut
    max-journal-size 1g;
    max-ixfr-ratio unlimited;
    tcp-clients 1000;
}};
"""

# notify-delay per zone: BIND takes it in a zone's options only from 9.18 on, in the global ones always
ZONE = """\
zone "{apex}" {{
    type primary;
    file "{file}";
    update-policy {{ {grants} }};
{signing}}};
"""
KEY = 'key "{key.name}" {{ algorithm {key.algorithm}; secret "{key.secret}"; }};\n'

RNDC = """\
key "{control.name}" {{ algorithm {control.algorithm}; secret "{control.secret}"; }};
options {{ default-key "{control.name}"; default-server {host}; default-port {control_port}; }};
"""


class Bind(Server):
    """Zones live in `directory` and survive; a zone file that exists is not written again.

    Secondaries are told by NOTIFY and may transfer with the same key that may update. Zones in `signed` are signed.
    """

    name = "bind"
    host = LOOPBACK

    def __init__(
        self,
        directory: Path,
        *,
        zones: Sequence[str] = (),
        key: TsigKey,
        secondaries: Sequence[tuple[str, int]] = (),
        port: int | None = None,
        log: Path | None = None,
        signed: Mapping[str, Denial] | None = None,
    ):
        self.signed = dict(signed or {})
        self.directory, self.key, self.secondaries = Path(directory).absolute(), key, list(secondaries)
        self.zones = list(zones)
        self.more_keys: list[TsigKey] = []
        self.log = log or self.directory / "bind.log"
        self.port, self.control_port = port or free_port(), free_port()
        self.control_key = TsigKey.generate("rndc-key")
        self.user = unprivileged("bind", "named")
        need("named")

    def begin(self) -> None:
        self._prepare()
        self._write_config()
        # -f and not -g, which would log every changed name whatever the categories say
        self.process = Process(
            self.name,
            [self.directory / "named", "-f", "-4", "-c", self.directory / "named.conf"],
            log=self.log,
            cwd=self.directory,
            user=self.user,
        )
        super().begin()

    def is_ready(self) -> bool:
        return serves(self.port, self.zones) and all(is_signed(self.port, *each) for each in self.signed.items())

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
        self.zones.remove(apex)
        self.signed.pop(apex, None)
        self._reconfigure()
        for left in self.directory.glob(f"{apex}.zone*"):
            left.unlink()

    def freeze_zone(self, apex: str) -> None:
        """UPDATE messages for it are refused until it thaws."""
        self.rndc("freeze", apex)

    def thaw_zone(self, apex: str) -> None:
        self.rndc("thaw", apex)

    def accept_key(self, key: TsigKey) -> None:
        """Take updates and transfers by this key as well."""
        self.more_keys.append(key)
        self._reconfigure()

    def refuse_key(self, key: TsigKey) -> None:
        """Take the key no more, be it the first or another."""
        self.key, *self.more_keys = (each for each in self._keys() if each != key)
        self._reconfigure()

    def rndc(self, *command: str) -> str:
        """Run a control command and return its output; raises ServerFailed."""
        argv: list[str | Path] = [need("rndc"), "-c", self.directory / "rndc.conf", *command]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=CONTROL_TIME.total_seconds(), check=False)
        if done.returncode != 0:
            raise ServerFailed(f"rndc {' '.join(command)}: {done.stdout}{done.stderr}")
        return done.stdout

    def _reconfigure(self) -> None:
        self._write_config()
        if self.alive:
            self.rndc("reconfig")
            wait_for(self.is_ready, self.start_time, "the zones of bind")

    def _prepare(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        give(self.directory, self.user)
        check_reach(self.directory, self.user)
        (self.directory / "keys").mkdir(exist_ok=True, mode=0o700)
        give(self.directory / "keys", self.user)
        # A copy, because Ubuntu's AppArmor profile keeps /usr/sbin/named out of any directory but its own.
        if not (self.directory / "named").exists():
            shutil.copy(need("named"), self.directory / "named")

    def _keys(self) -> list[TsigKey]:
        return [self.key, *self.more_keys]

    def _grants(self) -> str:
        return " ".join(f'grant "{key.name}" zonesub ANY;' for key in self._keys())

    def _more_config(self) -> str:
        """What a subclass adds to named.conf."""
        return ""

    def _write_config(self) -> None:
        names = {
            "host": LOOPBACK,
            "port": self.port,
            "keys": "".join(KEY.format(key=key) for key in self._keys()),
            "allowed": "".join(f'key "{key.name}"; ' for key in self._keys()),
            "control": self.control_key,
            "control_port": self.control_port,
            "directory": self.directory,
            "secondaries": "".join(f"{host} port {port}; " for host, port in self.secondaries),
            "lock_file": "lock-file none;" if _version() < (9, 20) else "",
        }
        zones = "".join(map(self._zone_statement, self.zones))
        policies = BIND_POLICIES if self.signed else ""
        self._write("named.conf", CONFIG.format(**names) + policies + zones + self._more_config())
        self._write("rndc.conf", RNDC.format(**names))
        for apex in self.zones:
            if not file_of(self.directory, apex).exists():
                self._write(file_of(self.directory, apex).name, zone_file(apex))

    def _zone_statement(self, apex: str, file: str = "") -> str:
        signing = BIND_ZONE.format(denial=self.signed[apex]) if apex in self.signed else ""
        return ZONE.format(
            apex=apex, file=file or file_of(self.directory, apex).name, grants=self._grants(), signing=signing
        )

    def _write(self, name: str, text: str) -> None:
        path = self.directory / name
        path.touch(mode=0o600)
        path.write_text(text)
        give(path, self.user)

    def _prepare_directory(self, name: str) -> Path:
        path = self.directory / name
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        give(path, self.user)
        return path


def _version() -> tuple[int, ...]:
    """(9, 18) of `BIND 9.18.49-1~deb12u3-Debian (...)`."""
    said = subprocess.run([need("named"), "-v"], capture_output=True, text=True, check=True).stdout.split()[1]
    return tuple(int(part) for part in said.split(".")[:2])
