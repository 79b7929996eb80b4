"""Load: wrk with update.lua. It checks every answer and needs little of the processors that it shares."""

import json
import shutil
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

from bench.customers import Customer
from deploy.local.errors import BinaryMissing
from deploy.local.ports import LOOPBACK

SCRIPT = Path(__file__).with_name("update.lua")
TIMEOUT_SECONDS = 10


class Load:
    """One run of wrk against /nic/update, or against the bare view."""

    def __init__(
        self,
        port: int,
        hosts: Path,
        *,
        case: str,
        concurrency: int,
        seconds: float,
        first: int = 0,
        rest_milliseconds: int = 0,
    ) -> None:
        argv = ["wrk", "-t", "1", "-c", str(concurrency), "-d", f"{seconds:g}s", "--timeout", f"{TIMEOUT_SECONDS}s"]
        argv += ["-s", str(SCRIPT), f"http://{LOOPBACK}:{port}", "--", case, str(hosts)]
        argv += [str(first), str(rest_milliseconds)]
        if shutil.which("wrk") is None:
            raise BinaryMissing("wrk. On Debian: apt-get install wrk.")
        self._process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def stop(self) -> dict:
        """Ends it before its time."""
        self._process.send_signal(signal.SIGINT)
        return self.result()

    def result(self) -> dict:
        """Waits for the end."""
        output, _ = self._process.communicate()
        for line in output.splitlines():
            if line.startswith("RESULT "):
                return json.loads(line.removeprefix("RESULT "))
        raise RuntimeError(f"wrk said nothing of use:\n{output}")


def write_hosts(path: Path, customers: Sequence[Customer]) -> None:
    """The file that update.lua reads."""
    path.touch(mode=0o600)
    path.write_text("".join(f"{customer.name} {customer.authorization}\n" for customer in customers))
