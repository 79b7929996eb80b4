"""A primary that lives by a catalog, with a Knot and a BIND secondary that follow it."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from deploy.local.catalogs import FollowingBind, FollowingKnot, KeptBind
from deploy.local.deadline import wait_for
from deploy.local.ports import LOOPBACK, free_port
from deploy.local.server import Server
from deploy.local.tsig import TsigKey
from deploy.local.zones import serial
from dnsupdate import catalogs, nameservers, outbox, verify, zones
from dnsupdate.models import Zone
from tests.dnsupdate.real_zones import a, answers, drain, key_row
from tests.left_out import require

CATALOG = "catalog.test"
SOON = timedelta(seconds=20)


@dataclass(frozen=True)
class Estate:
    primary: KeptBind
    knot: FollowingKnot
    bind: FollowingBind

    @property
    def servers(self) -> list[Server]:
        return [self.primary, self.knot, self.bind]

    @property
    def secondaries(self) -> list[Server]:
        return [self.knot, self.bind]

    def heal(self) -> None:
        """What a test has stopped or frozen runs again."""
        for server in self.servers:
            if not server.alive:
                server.start()
        if not self.primary.keeper.alive:
            self.primary.keeper.start()
        self.primary.keeper.thaw()

    def catalog_row(self) -> Zone:
        """The catalog set up as add_catalog does it, and in DNS; what earlier tests left in it is withdrawn."""
        catalog = catalogs.establish(CATALOG, host=LOOPBACK, port=self.primary.port, key=key_row(self.primary))
        for server in self.secondaries:
            nameservers.add_secondary([catalog], host=server.host, port=server.port, name=server.name)
        drain(catalog)
        verify.repair(catalog, verify.compare(catalog).differences)
        drain(catalog)
        return catalog

    def add(self, apex: str) -> Zone:
        zone = zones.add(apex, host=LOOPBACK, port=self.primary.port, key=key_row(self.primary))
        drain(Zone.objects.get(name=CATALOG))
        return zone

    def wait_until_served(self, apex: str) -> None:
        for server in self.servers:
            wait_for(lambda server=server: serial(server.port, apex) is not None, SOON, f"{apex} at {server.name}")

    def wait_until_gone(self, apex: str) -> None:
        for server in self.servers:
            wait_for(
                lambda server=server: serial(server.port, apex) is None, SOON, f"the end of {apex} at {server.name}"
            )

    def wait_until_answered(self, name: str, *addresses: str) -> None:
        wanted = set(addresses)
        for server in self.servers:
            wait_for(lambda server=server: answers(server, name) == wanted, SOON, f"{name} at {server.name}")

    def publish(self, zone: Zone, label: str, address: str) -> str:
        name = f"{label}.{zone}"
        outbox.publish(zone, {name: a(address)})
        drain(zone)
        return name


@pytest.fixture(scope="session")
def running_estate(servers, tsig_key) -> Iterator[Estate]:
    for program, package in (("named", "bind9"), ("dig", "bind9-dnsutils"), ("knotd", "knot")):
        require(program, package)
    estate = start(servers.directory / f"estate-{secrets.token_hex(4)}", tsig_key)
    yield estate
    stop(estate)


@pytest.fixture
def estate(committed_db, running_estate) -> Estate:
    """Its servers run, its catalog is in the rows, and nothing else is."""
    running_estate.heal()
    running_estate.catalog_row()
    return running_estate


@pytest.fixture
def apex() -> str:
    return f"z{secrets.token_hex(4)}.test"


def start(directory: Path, key: TsigKey) -> Estate:
    ports = free_port(), free_port()
    primary = KeptBind(
        directory / "primary", catalog=CATALOG, key=key, secondaries=[(LOOPBACK, port) for port in ports]
    )
    followed = {"catalog": CATALOG, "primary": (LOOPBACK, primary.port), "key": key}
    knot = FollowingKnot(directory / "knot", **followed, port=ports[0])
    bind = FollowingBind(directory / "bind", **followed, port=ports[1])
    estate = Estate(primary, knot, bind)
    for server in estate.servers:
        server.start()
    return estate


def stop(estate: Estate) -> None:
    for server in reversed(estate.servers):
        server.stop()
