"""Blocks: networks that no hostname may point into from now on, and patterns of labels that nobody may register.

What points there already stays as it is: whom it touches is a decision for each name. Networks are asked for by every change of
an address, so each process has them in memory and reads them anew every few seconds; an update that changes nothing asks nothing.
"""

import re
import time
from collections.abc import Iterable
from datetime import datetime
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import NamedTuple

from django.db import transaction
from django.db.models import BooleanField
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext as _

from ddns.addresses import Address
from ddns.errors import InvalidBlock
from ddns.models import Block, Hostname
from ddns.models.hostnames import HostnameQuerySet
from dnsupdate.statements import Statement

Network = IPv4Network | IPv6Network

# A block is as late at most in other processes than the one that made it.
REFRESH_SECONDS = 5.0
# What one provider announces, and not a country: the shortest prefixes that may be blocked.
SHORTEST_PREFIX = {4: 16, 6: 32}
# A pattern of fewer letters is met by names that have nothing to do with it.
MIN_LETTERS = 4
MAX_STARS = 3
_PATTERN = re.compile(r"[a-z0-9*-]{1,63}")

_READ = Statement("SELECT value FROM ddns_block WHERE kind = 'network' AND expires_at > statement_timestamp()")


class _Networks(NamedTuple):
    """By IP version and length of the prefix, so that a look-up costs as many steps as there are lengths."""

    read_at: float
    by_length: dict[int, dict[int, frozenset[int]]]


_networks: _Networks | None = None


def bars(addresses: Iterable[Address]) -> bool:
    """Whether one of them is in a blocked network."""
    by_length = _current().by_length
    return bool(by_length) and any(_is_blocked(by_length, address) for address in addresses)


def bars_label(label: str) -> bool:
    """Whether a pattern in force matches the normalised label (one query)."""
    return any(matches(value, label) for value in Block.objects.patterns().values_list("value", flat=True))


@transaction.atomic
def add(kind: Block.Kind, value: str, *, expires_at: datetime) -> Block:
    """Of a parsed value. This process knows it at once, others after REFRESH_SECONDS."""
    block = Block.objects.create(kind=kind, value=value, expires_at=expires_at)
    _forget_here()
    return block


@transaction.atomic
def remove(pk: int) -> None:
    """Gone already is as good."""
    Block.objects.filter(pk=pk).delete()
    _forget_here()


def parse_network(text: str) -> str:
    """As it is stored. Raises InvalidBlock."""
    try:
        network = ip_network(text.strip(), strict=False)
    except ValueError as error:
        raise InvalidBlock(_("“{text}” is no network. Write it like 192.0.2.0/24.").format(text=text[:80])) from error
    if network.prefixlen < SHORTEST_PREFIX[network.version]:
        shortest = SHORTEST_PREFIX[network.version]
        raise InvalidBlock(_("{network} is too wide: from /{shortest} on.").format(network=network, shortest=shortest))
    return str(network)


def parse_pattern(text: str) -> str:
    """A label in which * stands for any letters, as it is stored. Raises InvalidBlock."""
    pattern = re.sub(r"\*+", "*", text.strip().lower())
    if not _PATTERN.fullmatch(pattern) or pattern.count("*") > MAX_STARS:
        raise InvalidBlock(
            _(
                "“{text}” is no pattern of a label: letters, digits, hyphens, and up to {count} times * for any of them."
            ).format(text=text[:80], count=MAX_STARS)
        )
    if len(pattern.replace("*", "").replace("-", "")) < MIN_LETTERS:
        raise InvalidBlock(
            _("{pattern} matches too much: it needs {count} letters.").format(pattern=pattern, count=MIN_LETTERS)
        )
    return pattern


def matches(pattern: str, label: str) -> bool:
    """The whole label. Goes through it once: no pattern can make it slow, as it could a regular expression."""
    first, *middle, last = pattern.split("*") if "*" in pattern else [pattern, ""]
    if "*" not in pattern:
        return label == pattern
    if len(label) < len(first) + len(last) or not (label.startswith(first) and label.endswith(last)):
        return False
    position, end = len(first), len(label) - len(last)
    for part in middle:
        found = label.find(part, position, end)
        if found < 0:
            return False
        position = found + len(part)
    return True


def hostnames_in(network: str) -> HostnameQuerySet:
    """Those that have an address in the network now, or a record with one. Reads the whole table, once.

    By one condition on the row: of two subqueries joined by OR the planner makes nested loops, a minute for a million names.
    """
    is_in = RawSQL(_IS_IN, (network, network, network), output_field=BooleanField())  # noqa: S611
    return Hostname.objects.unreleased().filter(is_in)


# The SQL is constant. The cast is of those rows alone that are addresses.
_IS_IN = """(ddns_hostname.ipv4 <<= %s::inet OR ddns_hostname.ipv6 <<= %s::inet OR ddns_hostname.id IN (
    SELECT hostname_id FROM ddns_record
    WHERE CASE WHEN rdtype IN ('A', 'AAAA') THEN rdata::inet <<= %s::inet ELSE false END
))"""


def hostnames_like(pattern: str) -> HostnameQuerySet:
    """Those whose label the pattern matches. Reads the whole table."""
    # Only letters, digits, hyphens and stars are in it.
    return Hostname.objects.unreleased().filter(name__regex=f"^{pattern.replace('*', '[^.]*')}\\.")


def forget() -> None:
    """As in a new process."""
    global _networks
    _networks = None


def _forget_here() -> None:
    # Now for what follows in this transaction; and again, since another thread may read before it is committed.
    forget()
    transaction.on_commit(forget)


def _current() -> _Networks:
    global _networks
    known, now = _networks, time.monotonic()
    if known is None or now - known.read_at >= REFRESH_SECONDS:
        known = _networks = _Networks(now, _by_length([ip_network(value.decode()) for (value,) in _READ()]))
    return known


def _by_length(networks: Iterable[Network]) -> dict[int, dict[int, frozenset[int]]]:
    found: dict[int, dict[int, frozenset[int]]] = {}
    for network in networks:
        lengths = found.setdefault(network.version, {})
        prefix = int(network.network_address) >> (network.max_prefixlen - network.prefixlen)
        lengths[network.prefixlen] = lengths.get(network.prefixlen, frozenset()) | {prefix}
    return found


def _is_blocked(by_length: dict[int, dict[int, frozenset[int]]], address: Address) -> bool:
    if isinstance(address, IPv6Address) and address.sixtofour is not None:
        # RFC 3056: it leads to the IPv4 address in it.
        return _is_within(by_length, address) or _is_within(by_length, address.sixtofour)
    return _is_within(by_length, address)


def _is_within(by_length: dict[int, dict[int, frozenset[int]]], address: Address) -> bool:
    lengths = by_length.get(address.version)
    if not lengths:
        return False
    bits, number = address.max_prefixlen, int(address)
    return any(number >> (bits - length) in prefixes for length, prefixes in lengths.items())
