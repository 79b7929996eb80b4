"""What is said of the domains on offer: SOA and NS, kept in memory, so that nobody's question reaches the database."""

import logging
import threading

import dns.rdatatype
from django.db import Error, connection

from ddns.models import Domain
from dnsupdate import apex_records
from dnsupdate.apex_records import ApexRecords
from dnsupdate.queries import Record
from dnsupdate.serving import names
from dnsupdate.serving.zone import Node, RRset

logger = logging.getLogger(__name__)

# A new domain is known after so many seconds, and the serial is as old: clients look at it to see that there is one.
REFRESH_SECONDS = 30.0


class Apexes:
    """The domains that primaries serve. What was known of one stays while its primary is away."""

    def __init__(self) -> None:
        self._nodes: dict[bytes, Node | None] = {}

    def enclosing(self, owner: bytes) -> bytes | None:
        """The apex of the domain that the name is in, if we offer one."""
        return next((name for name in names.ancestors(owner) if name in self._nodes), None)

    def node(self, apex: bytes) -> Node | None:
        """SOA and NS of the domain; None where its primary has not been heard yet."""
        return self._nodes.get(apex)

    def know(self, apex: str, records: ApexRecords | None) -> None:
        """What is answered for it from now on; None leaves what was known."""
        wire = names.from_text(apex)
        self._nodes[wire] = self._nodes.get(wire) if records is None else _node(records)

    def refresh(self) -> None:
        """Raises django.db.Error."""
        zones = [domain.zone for domain in Domain.objects.select_related("zone__primary") if not domain.zone.is_retired]
        said = apex_records.read(zones)
        for zone in zones:
            self.know(zone.name, said.get(zone.name))
        for gone in self._nodes.keys() - {names.from_text(zone.name) for zone in zones}:
            del self._nodes[gone]

    def keep_fresh(self, stopped: threading.Event) -> None:
        """For a thread of its own, until it is told to stop. While the database is away everything stays as it was."""
        while not stopped.is_set():
            try:
                self.refresh()
            except Error as error:
                logger.warning("What is known of the domains is from before: %s", error)
                connection.close_if_unusable_or_obsolete()
            except Exception:
                logger.exception("What is known of the domains is from before.")
            stopped.wait(REFRESH_SECONDS)


def _node(records: ApexRecords) -> Node:
    node = {dns.rdatatype.SOA: _rrset(records.soa), dns.rdatatype.NS: _rrset(records.ns)}
    return {rdtype: rrset for rdtype, rrset in node.items() if rrset.rdatas}


def _rrset(records: tuple[Record, ...]) -> RRset:
    return RRset.of(min((record.ttl for record in records), default=0), [record.rdata for record in records])
