"""The command line of the embedded nameserver."""

import argparse
import asyncio
import ipaddress
import logging
import os
import signal
import sys
from pathlib import Path

from dnsupdate.serving.errors import CannotListenError
from dnsupdate.serving.server import Server

from .catalog import Catalog, lock_data_directory
from .errors import ConfigurationError
from .handler import Handler
from .keys import Keyring

log = logging.getLogger("embedded")

PROGRAM = "embedded nameserver"
POLL_SECONDS = 1


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; the exit status."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s", stream=sys.stderr)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    options = _parse(arguments)
    try:
        return _run(options)
    except (ConfigurationError, CannotListenError) as error:
        print(f"{PROGRAM}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m dnsupdate.embedded",
        description="An authoritative nameserver for trying and testing only. See docs/embedded-nameserver.md.",
    )
    parser.add_argument("--host", default="127.0.0.1", type=_address, help="address to listen on")
    parser.add_argument("--port", default=5300, type=_port, help="UDP and TCP port; 0: a free one")
    parser.add_argument("--data", required=True, type=Path, help="directory that keeps the zones")
    parser.add_argument("--zones", required=True, type=Path, help="file with one apex per line")
    parser.add_argument("--keys", required=True, type=Path, help="file with TSIG keys, mode 0600")
    parser.add_argument("--allow-public", action="store_true", help="listen where others can reach it")
    options = parser.parse_args(arguments)
    if not (options.host.is_loopback or options.allow_public):
        parser.error(
            f"{options.host} is not a loopback address, and this nameserver is for trying and testing only; "
            "add --allow-public if others shall reach it all the same"
        )
    return options


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    return ipaddress.ip_address(text)


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:
        raise ValueError
    return port


def _run(options: argparse.Namespace) -> int:
    lock = lock_data_directory(options.data)
    keyring, catalog = Keyring(options.keys), Catalog(options.data, options.zones)
    try:
        keyring.refresh()
        catalog.refresh()
        asyncio.run(_serve(options, keyring, catalog))
    finally:
        catalog.close()
        os.close(lock)
    return 0


async def _serve(options: argparse.Namespace, keyring: Keyring, catalog: Catalog) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    handler = Handler(catalog, keyring)
    server = Server(lambda packet, _, is_tcp: handler.answer(packet, is_tcp=is_tcp))
    port = await server.start([str(options.host)], options.port)
    _announce(options.host, port, len(catalog))
    polling = asyncio.create_task(_poll(keyring, catalog))
    await stopped.wait()
    polling.cancel()
    await server.stop()


def _announce(host: ipaddress.IPv4Address | ipaddress.IPv6Address, port: int, zone_count: int) -> None:
    where = f"{host}:{port}" if host.version == 4 else f"[{host}]:{port}"
    print(
        f"{PROGRAM}: for trying and testing only; listening on {where} (UDP and TCP), {zone_count} zones",
        flush=True,
    )


async def _poll(keyring: Keyring, catalog: Catalog) -> None:
    """A file that cannot be used leaves what was in force."""
    while True:
        await asyncio.sleep(POLL_SECONDS)
        for source in (keyring, catalog):
            try:
                source.refresh()
            except ConfigurationError as error:
                log.error("nothing changed: %s", error)


if __name__ == "__main__":
    sys.exit(main())
