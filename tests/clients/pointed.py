"""Runs a program where a provider's names lead to the platform: for clients that cannot be told another server.

In a network and a view of files of its own (Linux namespaces), so that nothing outside sees the names or the port. The
listening socket is handed out to us; the program's connections are passed on to the platform.
"""

import select
import socket
import subprocess
import sys
import threading
from collections.abc import Iterable
from pathlib import Path

from tests.clients.update_client import PATIENCE, Ran
from tests.left_out import left_out, require

HTTP_PORT = 80

_INSIDE = """
import fcntl, os, socket, subprocess, sys
handle, hosts, port, *argv = sys.argv[1:]
subprocess.run(["mount", "--bind", hosts, "/etc/hosts"], check=True)
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
    # SIOCSIFFLAGS of "lo": IFF_UP | IFF_RUNNING.
    fcntl.ioctl(any_socket, 0x8914, b"lo".ljust(16, b"\\0") + (0x41).to_bytes(2, sys.byteorder) + bytes(14))
with socket.create_server(("127.0.0.1", int(port))) as listener, socket.socket(fileno=int(handle)) as outside:
    socket.send_fds(outside, [b"."], [listener.fileno()])
os.execvp(argv[0], argv)
"""


def run_pointed(names: Iterable[str], web_port: int, directory: Path, *argv: object) -> Ran:
    """To its end; port 80 of each name is the platform's web_port. Skips where there are no namespaces."""
    unshare = require("unshare", "util-linux")
    hosts = directory / "hosts"
    hosts.write_text("".join(f"127.0.0.1 {name}\n" for name in ("localhost", *names)))
    outside, inside = socket.socketpair()
    command = [unshare, "--map-root-user", "--mount", "--net", sys.executable, "-c", _INSIDE]
    command += [str(inside.fileno()), hosts, str(HTTP_PORT), *argv]
    with (
        outside,
        subprocess.Popen(
            [str(word) for word in command],
            pass_fds=[inside.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as program,
    ):
        inside.close()
        _, received, _, _ = socket.recv_fds(outside, 1, 1)
        if not received:
            left_out("clients of one provider", f"no namespaces: {program.communicate()[0][-200:]}")
        with socket.socket(fileno=received[0]) as listener, _Passing(listener, web_port):
            said, _ = program.communicate(timeout=PATIENCE.total_seconds())
        return Ran(program.returncode, said)


class _Passing:
    """Passes connections on until it is left."""

    def __init__(self, listener: socket.socket, port: int) -> None:
        self._listener, self._port = listener, port
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(PATIENCE.total_seconds())

    def _run(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with client, socket.create_connection(("127.0.0.1", self._port)) as server:
                _pass_on(client, server)


def _pass_on(client: socket.socket, server: socket.socket) -> None:
    """Until the server has said everything."""
    while True:
        for ready in select.select([client, server], [], [], PATIENCE.total_seconds())[0]:
            octets = ready.recv(65536)
            if not octets:
                return
            (server if ready is client else client).sendall(octets)
