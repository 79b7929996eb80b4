"""An allowance for answers longer than their questions, which anybody may have sent to somebody under a false address."""

import ipaddress
from ipaddress import IPv4Address, IPv6Address
from time import monotonic

Address = IPv4Address | IPv6Address

# Beyond so many networks in one second nobody gets a long answer over UDP: bounds the memory.
MAX_NETWORKS = 10_000
# What one provider's customer has: who sends from one of its addresses may send from all.
PREFIX_LENGTHS = {4: 24, 6: 56}


class Allowance:
    """So many a second for each network (RFC 5358 §4 asks for limits; this is what nameservers call rate limiting)."""

    def __init__(self, per_second: int) -> None:
        self._per_second = per_second
        self._second = 0
        self._counts: dict[str, int] = {}

    def takes(self, source: Address) -> bool:
        """Whether one more may go there; counted if so."""
        if (second := int(monotonic())) != self._second:
            self._second = second
            self._counts.clear()
        network = _network(source)
        count = self._counts.get(network, 0)
        if count >= self._per_second or (not count and len(self._counts) >= MAX_NETWORKS):
            return False
        self._counts[network] = count + 1
        return True


def _network(source: Address) -> str:
    return str(ipaddress.ip_network((source, PREFIX_LENGTHS[source.version]), strict=False))
