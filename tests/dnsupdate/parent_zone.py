"""A real parent zone on loopback: BIND, and Knot as its secondary, delegate zones of the run's other BIND."""

import secrets
from dataclasses import dataclass
from datetime import timedelta

import dns.message
import dns.query
import pytest

from deploy.local.bind import Bind
from deploy.local.deadline import wait_for
from deploy.local.knot import Knot
from deploy.local.server import Server
from dnsupdate import delegations, questions
from dnsupdate.models import Delegation, Zone
from tests.dnsupdate.real_zones import by_hand, send_by_hand, zone_row
from tests.servers import Run

PARENT = "parent.test"
FOLLOWED = timedelta(seconds=20)
# Some zone's, in form.
DS = "12345 13 2 " + "0123456789abcdef" * 4
SEIZED = ["ns7.microsoftinternetsafety.example", "ns8.microsoftinternetsafety.example"]


@dataclass
class Family:
    """A zone, its servers, and the parent that delegates it. registry is BIND, copy is Knot."""

    zone: Zone
    child: Bind
    registry: Bind
    copy: Knot

    @property
    def apex(self) -> str:
        return self.zone.name

    def delegate(self, *nameservers: str, glue: str = "127.0.0.1", ds: str = "") -> None:
        """In place of whatever was; at both servers of the parent when it returns. Without nameservers: gone."""
        update = by_hand(self.registry, PARENT)
        for name in (self.apex, f"ns.{self.apex}"):
            update.delete(f"{name}.")
        for nameserver in nameservers:
            update.add(f"{self.apex}.", 60, "NS", f"{nameserver}.")
        if nameservers == (f"ns.{self.apex}",):
            update.add(f"ns.{self.apex}.", 60, "A", glue)
        if ds:
            update.add(f"{self.apex}.", 60, "DS", ds)
        send_by_hand(self.registry, update)
        wait_for(lambda: serial(self.copy) == serial(self.registry), FOLLOWED, "the transfer to the parent's secondary")

    def as_usual(self) -> None:
        self.delegate(f"ns.{self.apex}")

    def watch(self) -> Delegation:
        (delegation,) = delegations.watch([self.zone])
        return delegation

    def ask_at(self, *servers: Server | int) -> None:
        """Whom the parent's servers are, by port where it is no server."""
        ports = [server if isinstance(server, int) else server.port for server in servers]
        Delegation.objects.update_or_create(
            zone=self.zone, defaults={"parent_override": "\n".join(f"127.0.0.1:{port}" for port in ports)}
        )


def serial(server: Server, apex: str = PARENT) -> int:
    query = dns.message.make_query(apex, "SOA", flags=0)
    return dns.query.udp(query, server.host, port=server.port, timeout=5).answer[0][0].serial


@pytest.fixture(scope="session")
def parent_servers(servers: Run, tsig_key) -> tuple[Bind, Knot]:
    """The parent's primary, and the secondary that it tells."""
    registry = Bind(servers.directory / "parent-bind", zones=[PARENT], key=tsig_key)
    copy = Knot(servers.directory / "parent-knot", zones=[PARENT], key=tsig_key, primary=(registry.host, registry.port))
    registry.secondaries = [(copy.host, copy.port)]
    servers.start(registry)
    servers.start(copy)
    return registry, copy


@pytest.fixture
def family(committed_db, parent_servers, bind, settings, monkeypatch) -> Family:
    """A zone of the test's own, delegated as it should be, watched by nobody yet."""
    registry, copy = parent_servers
    apex = f"z{secrets.token_hex(4)}.{PARENT}"
    bind.add_zone(apex)
    settings.DELEGATION_PORT = bind.port
    settings.RESOLVERS = [f"127.0.0.1:{registry.port}"]
    monkeypatch.setattr(questions, "TIMEOUT_SECONDS", 1.0)
    family = Family(zone_row(bind, apex), bind, registry, copy)
    family.as_usual()
    family.ask_at(registry, copy)
    return family
