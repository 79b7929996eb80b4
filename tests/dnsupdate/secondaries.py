"""A BIND primary with a Knot and a BIND secondary that follow it, and ways to cut them off."""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import dns.message
import dns.query
import dns.rdatatype

from deploy.local.bind import Bind
from deploy.local.bind_secondary import BindSecondary
from deploy.local.deadline import wait_for
from deploy.local.knot import Knot
from deploy.local.ports import LOOPBACK, free_port
from deploy.local.server import Server
from deploy.local.tsig import TsigKey
from deploy.local.zones import serial
from dnsupdate import nameservers
from dnsupdate.models import Zone
from tests.dnsupdate.real_zones import zone_row

SOON = timedelta(seconds=20)


@dataclass
class Cluster:
    primary: Bind
    knot: Knot
    bind: BindSecondary

    @classmethod
    def start(cls, directory: Path, key: TsigKey, start) -> "Cluster":
        ports = free_port(), free_port()
        told = [(LOOPBACK, port) for port in ports]
        primary = start(Bind(directory / "primary", key=key, secondaries=told))
        master = (LOOPBACK, primary.port)
        knot = start(Knot(directory / "knot", key=key, primary=master, port=ports[0]))
        bind = start(BindSecondary(directory / "bind", key=key, primary=master, port=ports[1]))
        return cls(primary, knot, bind)

    def add_zone(self, *, secondaries: tuple[str, ...] = ("knot", "bind")) -> Zone:
        """A zone of the test's own at all servers, with its rows."""
        apex = f"z{secrets.token_hex(4)}.test"
        for server in (self.primary, *(getattr(self, name) for name in secondaries)):
            server.add_zone(apex)
        zone = zone_row(self.primary, apex)
        for name in secondaries:
            server = getattr(self, name)
            nameservers.add_secondary([zone], host=server.host, port=server.port, name=name)
        return zone

    def wait_for_serials(self, zone: Zone) -> None:
        """Until every secondary has what the primary has."""
        for server in (self.knot, self.bind):
            self._wait_for(server, zone.name)

    def _wait_for(self, server: Server, apex: str) -> None:
        wait_for(lambda: serial(server.port, apex) == serial(self.primary.port, apex), SOON, f"{apex} at {server.name}")

    def _catch_up(self) -> None:
        """By themselves they would try again after minutes, and Knot, started anew, would keep to that without a zone."""
        self.knot.knotc("zone-refresh")
        for apex in self.bind.zones:
            self.bind.rndc("refresh", apex)
        for server in (self.knot, self.bind):
            for apex in server.zones:
                self._wait_for(server, apex)

    @contextmanager
    def transfers_refused(self) -> Iterator[None]:
        """The primary answers queries and gives its zones to nobody."""
        path = self.primary.directory / "named.conf"
        text = path.read_text()
        refusing, count = re.subn(r"allow-transfer \{.*?\};", "allow-transfer { none; };", text)
        assert count == 1
        path.write_text(refusing)
        self.primary.rndc("reconfig")
        try:
            yield
        finally:
            path.write_text(text)
            self.primary.rndc("reconfig")
            self._catch_up()


def sign(server: Bind, apex: str) -> None:
    """Has the primary sign the zone by BIND's default policy, and waits until it has."""
    path = server.directory / "named.conf"
    unsigned = f'zone "{apex}" {{\n    type primary;\n'
    signed = f"{unsigned}    dnssec-policy default;\n    inline-signing no;\n"
    path.write_text(path.read_text().replace(unsigned, signed))
    server.rndc("reconfig")
    wait_for(lambda: _is_signed(server, apex), SOON, f"signatures of {apex}")


def _is_signed(server: Bind, apex: str) -> bool:
    query = dns.message.make_query(apex, "SOA", want_dnssec=True)
    answer = dns.query.tcp(query, server.host, port=server.port, timeout=5)
    return any(rrset.rdtype == dns.rdatatype.RRSIG for rrset in answer.answer)
