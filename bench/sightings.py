"""When nameservers show what was written: asked every millisecond while something is under way, left alone otherwise."""

import select
import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bench.customers import Customer
from bench.probe import NXDOMAIN, Watcher

POLL_SECONDS = 0.001


@dataclass
class Sighting:
    """One name under way to `address`, or out of DNS where that is None; seconds of the monotonic clock."""

    number: int
    address: str | None
    seen_at: dict[str, float] = field(default_factory=dict)

    def is_shown_by(self, rcode: int, address: bytes) -> bool:
        if self.address is None:
            return rcode == NXDOMAIN
        return rcode == 0 and address == socket.inet_aton(self.address)


class Sightings:
    """Names by their number, nameservers by what they are called."""

    def __init__(self, ports: Mapping[str, int], names: Sequence[str]) -> None:
        self.watcher = Watcher(ports, [Customer(name, "") for name in names])
        self.servers = list(ports)
        self._under_way: dict[int, Sighting] = {}

    @property
    def is_any_under_way(self) -> bool:
        return bool(self._under_way)

    def expect(self, number: int, address: str | None) -> Sighting:
        sighting = self._under_way[number] = Sighting(number, address)
        return sighting

    def look(self, seconds: float = POLL_SECONDS) -> None:
        """Asks once for all that is under way, and takes what is answered in the time."""
        until = time.monotonic() + seconds
        for server in self.servers:
            for sighting in self._under_way.values():
                if server not in sighting.seen_at:
                    self.watcher.ask(server, sighting.number)
        while (left := until - time.monotonic()) > 0:
            for readable in select.select(list(self.watcher.sockets.values()), [], [], left)[0]:
                self._take(next(name for name, each in self.watcher.sockets.items() if each is readable))

    def look_for(self, sighting: Sighting, servers: Sequence[str], within: float) -> bool:
        """Until all these servers show it. Whether they did."""
        end = time.monotonic() + within
        while not set(servers) <= sighting.seen_at.keys():
            if time.monotonic() > end:
                return False
            self.look()
        return True

    def forget(self, sighting: Sighting) -> None:
        """For one that does not come."""
        self._under_way.pop(sighting.number, None)

    def close(self) -> None:
        self.watcher.close()

    def _take(self, server: str) -> None:
        seen_at = time.monotonic()
        for number, rcode, address in self.watcher.answers(server):
            sighting = self._under_way.get(number)
            if sighting is None or not sighting.is_shown_by(rcode, address):
                continue
            sighting.seen_at.setdefault(server, seen_at)
            if len(sighting.seen_at) == len(self.servers):
                del self._under_way[number]
