"""Nameservers for zones at scale: a primary that starts with a zone file, secondaries that are attached later."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from bench.zones import SeededZone
from deploy.local.bind import Bind
from deploy.local.bind_secondary import BindSecondary
from deploy.local.deadline import wait_for
from deploy.local.knot import Knot
from deploy.local.ports import LOOPBACK
from deploy.local.server import Server
from deploy.local.tsig import TsigKey
from deploy.local.users import give
from deploy.local.zones import file_of, serial

# BIND loads a million names in seven seconds on a machine that does nothing else.
LOAD_TIME = timedelta(minutes=2)
KINDS = {"bind": Bind, "knot": Knot}


def primary(kind: str, directory: Path, zones: Sequence[SeededZone], *, key: TsigKey, log: Path) -> Bind | Knot:
    """Not started yet; its zone files are written."""
    server = KINDS[kind](directory, zones=[zone.apex for zone in zones], key=key, log=log)
    server.start_time = LOAD_TIME
    server.directory.mkdir(mode=0o700)
    for zone in zones:
        path = file_of(server.directory, zone.apex)
        zone.write_file(path)
        give(path, server.user)
    return server


def secondaries(of: Bind | Knot, directory: Path, kinds: Sequence[str] = ("bind", "knot")) -> dict[str, Server]:
    """Not started yet."""
    made = {}
    for kind in kinds:
        server_class = BindSecondary if kind == "bind" else Knot
        name = f"secondary-{kind}-of-{of.directory.name}"
        made[kind] = server_class(
            directory / name, zones=of.zones, key=of.key, primary=(LOOPBACK, of.port), log=directory / f"{name}.log"
        )
        made[kind].start_time = LOAD_TIME
    return made


def attach(of: Bind | Knot, followers: Sequence[Server]) -> None:
    """Tells the primary whom to notify, and waits until all of them, started by then, have caught up."""
    addresses = [(LOOPBACK, each.port) for each in followers]
    if isinstance(of, Bind):
        of.secondaries = addresses
    else:
        of.notify = addresses
    # What add_zone does, with no zone to add.
    of._reconfigure()
    for each in followers:
        each.start()
    for apex in of.zones:
        wait_for(lambda apex=apex: _are_level(apex, [of, *followers]), LOAD_TIME, f"the secondaries of {apex}")


def _are_level(apex: str, servers: Sequence[Server]) -> bool:
    return len({serial(each.port, apex) for each in servers}) == 1
