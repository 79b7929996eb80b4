"""Loopback ports: a free one, and whether one is taken."""

import random
import socket

from .errors import PortTaken

LOOPBACK = "127.0.0.1"
# Below the range from which Linux takes the ports of outgoing connections: nobody else picks one between our
# look and the server's start.
LOWEST, HIGHEST = 10_000, 32_000
ATTEMPTS = 200


def is_taken(port: int, host: str = LOOPBACK) -> bool:
    """Whether somebody holds the port, over TCP or UDP."""
    return not (_can_bind(host, port, socket.SOCK_STREAM) and _can_bind(host, port, socket.SOCK_DGRAM))


def free_port() -> int:
    """A port free over TCP and UDP; raises PortTaken where there seems to be none."""
    for _ in range(ATTEMPTS):
        port = random.randint(LOWEST, HIGHEST)  # noqa: S311 it guards nothing
        if not is_taken(port):
            return port
    raise PortTaken(f"None of {ATTEMPTS} ports tried on {LOOPBACK} is free.")


def _can_bind(host: str, port: int, kind: socket.SocketKind) -> bool:
    with socket.socket(socket.AF_INET, kind) as probe:
        if kind is socket.SOCK_STREAM:
            # a server just stopped leaves connections in TIME_WAIT, which are nobody's
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True
