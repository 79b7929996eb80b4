"""Nameservers: how people write where they are, and which zones a secondary answers for."""

import socket
from collections.abc import Iterable, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor, wait
from datetime import timedelta
from ipaddress import ip_address

from django.db import transaction

from dnsupdate.models import Nameserver, Zone

DNS_PORT = 53
# For all names together. A system's resolver tries for ten seconds where nobody answers it.
RESOLVE_WITHIN = timedelta(seconds=4)
# Beyond so many names that hang, others hang with them.
NAMES_AT_ONCE = 32


def parse_address(text: str) -> tuple[str, int]:
    """HOST, HOST:PORT, or [IPv6]:PORT; port 53 unless given. Raises ValueError."""
    host, separator, port = text.rpartition(":")
    if not separator or text.endswith("]") or (":" in host and not host.startswith("[")):
        return text.strip("[]"), DNS_PORT
    if not port.isdecimal() or not 0 < int(port) < 65536:
        raise ValueError(f"“{port}” is not a port: write the nameserver as HOST or HOST:PORT, 1 to 65535.")
    return host.strip("[]"), int(port)


def resolve(server: Nameserver) -> str:
    """An address of the server, resolved now: dnspython sends to addresses only. Raises OSError."""
    try:
        return str(socket.getaddrinfo(server.host, server.port, type=socket.SOCK_STREAM)[0][4][0])
    except UnicodeError as error:
        raise OSError(f"{server.host} cannot be a host name: {error}") from error


def resolve_all(servers: Iterable[Nameserver]) -> tuple[dict[int, tuple[str, int]], dict[int, str]]:
    """Address and port by the servers' keys, resolved now, and in words why there is none.

    Takes RESOLVE_WITHIN at most: a name that does not resolve by then is that server's error and costs no other its address.
    """
    addresses: dict[int, tuple[str, int]] = {}
    errors: dict[int, str] = {}
    for server, future in _resolving(list(servers)):
        try:
            addresses[server.pk] = future.result(timeout=0), server.port
        except (CancelledError, TimeoutError):
            errors[server.pk] = f"{server.host} has no address: its name does not resolve in time"
        except OSError as error:
            errors[server.pk] = f"{server.host} has no address: {error.strerror or error}"
    return addresses, errors


def _resolving(servers: Sequence[Nameserver]) -> list[tuple[Nameserver, Future[str]]]:
    """Each with its address, or what is known of it when the time is over. Addresses wait behind no names."""
    servers = sorted(servers, key=lambda server: not _is_address(server.host))
    pool = ThreadPoolExecutor(NAMES_AT_ONCE)
    try:
        futures = [pool.submit(resolve, server) for server in servers]
        wait(futures, RESOLVE_WITHIN.total_seconds())
    finally:
        # Not waited for: the threads end when the resolver gives up.
        pool.shutdown(wait=False, cancel_futures=True)
    return list(zip(servers, futures, strict=True))


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


@transaction.atomic
def add_secondary(zones: Iterable[Zone], *, host: str, port: int, name: str | None = None) -> Nameserver:
    """The server as a secondary of the zones; what is there already is kept, only a name that is given replaces its own."""
    names = {"name": name} if name else {}
    server, _ = Nameserver.objects.update_or_create(
        host=host, port=port, defaults=names, create_defaults={"name": name or f"{host}:{port}"}
    )
    for zone in zones:
        zone.secondaries.add(server)
    return server
