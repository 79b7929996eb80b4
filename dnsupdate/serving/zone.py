"""One zone in memory: a plain dict changed in place, and the undo that makes a message atomic."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

import dns.rdatatype

from .names import ancestors

SERIAL_MODULUS = 2**32
SOA_TIMES = struct.Struct("!IIIII")  # serial refresh retry expire minimum


class RRset(NamedTuple):
    """Immutable; rdatas are in canonical form and order, so that equality is equality of sets."""

    ttl: int
    rdatas: tuple[bytes, ...]

    @classmethod
    def of(cls, ttl: int, rdatas) -> RRset:
        return cls(ttl, tuple(sorted(set(rdatas))))


Node = dict[int, RRset]


class OwnedRRset(NamedTuple):
    owner: bytes
    rdtype: int
    rrset: RRset


class Change(NamedTuple):
    """What an RRset is from now on; None: it does not exist."""

    owner: bytes
    rdtype: int
    rrset: RRset | None


class Zone:
    """`version` moves with every change, so that an answer kept from before can be told from a current one."""

    def __init__(self, apex: bytes):
        self.apex = apex
        self.nodes: dict[bytes, Node] = {}
        self.version = 0
        self._below_counts: dict[bytes, int] = {}

    def rrset(self, owner: bytes, rdtype: int) -> RRset | None:
        node = self.nodes.get(owner)
        return node.get(rdtype) if node else None

    def node(self, owner: bytes) -> Node | None:
        """The RRsets at the name: {} for an empty non-terminal, None for a name that does not exist."""
        node = self.nodes.get(owner)
        if node is None and owner in self._below_counts:
            return {}
        return node

    def put(self, change: Change) -> None:
        """Make the RRset what the change says."""
        self.version += 1
        owner, rdtype, rrset = change
        if rrset is not None:
            if owner not in self.nodes:
                self.nodes[owner] = {}
                self._count_below(owner, 1)
            self.nodes[owner][rdtype] = rrset
        elif (node := self.nodes.get(owner)) and node.pop(rdtype, None) and not node:
            del self.nodes[owner]
            self._count_below(owner, -1)

    def _count_below(self, owner: bytes, step: int) -> None:
        for name in ancestors(owner):
            if name == self.apex:
                return
            if name != owner:
                self._below_counts[name] = self._below_counts.get(name, 0) + step
                if not self._below_counts[name]:
                    del self._below_counts[name]

    def content(self) -> Iterator[OwnedRRset]:
        """Every RRset of the zone, the SOA first."""
        yield OwnedRRset(self.apex, dns.rdatatype.SOA, self.soa)
        for owner, node in self.nodes.items():
            for rdtype, rrset in node.items():
                if (owner, rdtype) != (self.apex, dns.rdatatype.SOA):
                    yield OwnedRRset(owner, rdtype, rrset)

    @property
    def soa(self) -> RRset:
        return self.nodes[self.apex][dns.rdatatype.SOA]

    @property
    def serial(self) -> int:
        return soa_serial(self.soa.rdatas[0])

    @property
    def negative_ttl(self) -> int:
        """Seconds that "does not exist" may be cached (RFC 2308 §5)."""
        return min(self.soa.ttl, _soa_times(self.soa.rdatas[0])[4])


class Transaction:
    """Changes to one zone that take effect at once and can all be undone."""

    def __init__(self, zone: Zone):
        self.zone = zone
        self._before: dict[tuple[bytes, int], RRset | None] = {}

    def put(self, owner: bytes, rdtype: int, rrset: RRset | None) -> None:
        self._before.setdefault((owner, rdtype), self.zone.rrset(owner, rdtype))
        self.zone.put(Change(owner, rdtype, rrset))

    def changes(self) -> list[Change]:
        """The net effect: an RRset that was deleted and added again alike is no change."""
        now = [Change(*key, self.zone.rrset(*key)) for key in self._before]
        return [change for change in now if change.rrset != self._before[change[:2]]]

    def raise_serial(self) -> None:
        """Move the serial on, unless the message itself did (RFC 2136 §3.6)."""
        key = (self.zone.apex, dns.rdatatype.SOA)
        before = self._before.get(key) or self.zone.soa
        if soa_serial(before.rdatas[0]) == self.zone.serial:
            self.put(*key, RRset(self.zone.soa.ttl, (with_next_serial(self.zone.soa.rdatas[0]),)))

    def undo(self) -> None:
        for (owner, rdtype), rrset in self._before.items():
            self.zone.put(Change(owner, rdtype, rrset))


def _soa_times(rdata: bytes) -> tuple[int, ...]:
    return SOA_TIMES.unpack(rdata[-SOA_TIMES.size :])


def soa_serial(rdata: bytes) -> int:
    return _soa_times(rdata)[0]


def with_next_serial(rdata: bytes) -> bytes:
    """The SOA rdata with its serial moved by one, over zero (RFC 1982 §3.1)."""
    serial, *others = _soa_times(rdata)
    following = (serial + 1) % SERIAL_MODULUS or 1
    return rdata[: -SOA_TIMES.size] + SOA_TIMES.pack(following, *others)


def is_serial_behind(serial: int, other: int) -> bool:
    """Whether `serial` is older than `other`, or the two cannot be compared (RFC 1982 §3.2)."""
    return (serial - other) % SERIAL_MODULUS >= SERIAL_MODULUS // 2
