"""Nameservers: how people write where they are, and which zones a secondary answers for."""

import socket
from collections.abc import Iterable

from django.db import transaction

from dnsupdate.models import Nameserver, Zone

DNS_PORT = 53


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
    """Address and port by the servers' keys, resolved now, and in words why there is none."""
    addresses: dict[int, tuple[str, int]] = {}
    errors: dict[int, str] = {}
    for server in servers:
        try:
            addresses[server.pk] = resolve(server), server.port
        except OSError as error:
            errors[server.pk] = f"{server.host} has no address: {error.strerror or error}"
    return addresses, errors


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
