"""Networks: whose an address is, in which country, and of what kind. Asks nobody: data on this machine alone."""

import json
import logging
import os
import re
import threading
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any

import maxminddb
from django.conf import settings

from ddns import addresses
from ddns.addresses import Address

logger = logging.getLogger(__name__)

# What is beyond is no list of networks: the longest of the MISP project (VPN, IPv4) has 42,000 entries in 1 MB.
MOST_LIST_OCTETS = 32 * 1024 * 1024

PRIVATE, CGNAT, LOOPBACK, RESERVED = "private", "CGNAT", "loopback", "reserved"
SINKHOLE, SANDBOX, TOR, VPN, HOSTING, PUBLIC = "sinkhole", "sandbox", "Tor", "VPN", "hosting", ""
# Answers that go nowhere, or to somebody who watches: the name is parked or sunk already.
SUNK = frozenset({PRIVATE, CGNAT, LOOPBACK, RESERVED, SINKHOLE, SANDBOX})
# Many strangers behind one address: that two names share it says little.
SHARED = frozenset({CGNAT, TOR, VPN, HOSTING})

_CGNAT = ip_network("100.64.0.0/10")  # RFC 6598
# What hosting companies call themselves in routing registries. Weak: a carrier rents servers out too.
_HOSTING = re.compile(
    r"host|server|cloud|vps|data ?cent|colo\b|ovh|hetzner|amazon|aws|google|microsoft|azure|digitalocean|linode|akamai|vultr"
    r"|choopa|contabo|leaseweb|m247|scaleway|online s\.?a\.?s|ionos|alibaba|tencent|oracle|fastly|netcup|aruba",
    re.IGNORECASE,
)
# How lists of the MISP project (misp-warninglists, CC0) are told apart, by their names and file names.
_KINDS_OF_LISTS = (
    ("sinkhole", SINKHOLE),
    ("sandbox", SANDBOX),
    ("malware-analysis", SANDBOX),
    ("tor", TOR),
    ("vpn", VPN),
)


@dataclass(frozen=True, slots=True)
class Network:
    """What is known of an address. asn is None and words are empty where nothing is."""

    asn: int | None = None
    org: str = ""
    country: str = ""
    kind: str = PUBLIC
    lists: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """What tells networks apart: the AS by number or, where the data has names only, by name. Empty: not known."""
        return f"AS{self.asn}" if self.asn is not None else self.org

    @property
    def is_sunk(self) -> bool:
        return self.kind in SUNK

    @property
    def is_shared(self) -> bool:
        return self.kind in SHARED

    def __str__(self) -> str:
        number = f"AS{self.asn}" if self.asn is not None else ""
        return " ".join(filter(None, [number, self.org, self.country and f"({self.country})", self.kind])) or "unknown"


UNKNOWN = Network()


@dataclass(frozen=True, slots=True)
class WarningList:
    """A list of networks that the operator put beside us: who is in it is no customer's device."""

    name: str
    kind: str
    ranges: tuple[tuple[int, int], ...]
    version: int

    def covers(self, address: Address) -> bool:
        place = bisect_right(self.ranges, (int(address), 1 << 128)) - 1
        return address.version == self.version and place >= 0 and int(address) <= self.ranges[place][1]


def of(address: Address | str | None) -> Network:
    """The network of an address; an empty one for none, or for what is no address."""
    if not address:
        return UNKNOWN
    try:
        return _of(addresses.parse(address) if isinstance(address, str) else address)
    except ValueError:
        return UNKNOWN


def forget() -> None:
    """For tests, and after the operator's files were replaced."""
    for cached in (_of, warning_lists, _databases, _bundled):
        cached.cache_clear()


# The same addresses come again and again on one case.
@lru_cache(maxsize=4096)
def _of(address: Address) -> Network:
    if (special := _special(address)) is not None:
        return Network(kind=special)
    asn, org, country = _registered(address)
    found = [each for each in warning_lists() if each.covers(address)]
    kind = next((kind for _, kind in _KINDS_OF_LISTS if any(each.kind == kind for each in found)), PUBLIC)
    if kind == PUBLIC and _HOSTING.search(org):
        kind = HOSTING
    return Network(asn, org, country, kind, tuple(each.name for each in found))


def _special(address: Address) -> str | None:
    if address.is_loopback:
        return LOOPBACK
    if address.version == 4 and address in _CGNAT:
        return CGNAT
    if address.is_private and (address.version == 4 or address in ip_network("fc00::/7") or address.is_link_local):
        # Python counts documentation and benchmark networks as private.
        return PRIVATE if _is_for_homes(address) else RESERVED
    return None if addresses.is_routed(address) else RESERVED


def _is_for_homes(address: Address) -> bool:
    homes = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "fc00::/7", "fe80::/10")
    return any(address in ip_network(each) for each in homes if ip_network(each).version == address.version)


def _registered(address: Address) -> tuple[int | None, str, str]:
    """Number and name of the AS, and the country: of the operator's files, else of the data that came with the package."""
    of_asn, of_country = (_row(database, address) for database in _databases())
    bundled = _bundled_facts(address) if of_asn is None or of_country is None else ("", "")
    asn, org = _as_of(of_asn) if isinstance(of_asn, dict) else (None, bundled[0])
    country = _country_of(of_country) if isinstance(of_country, dict) else bundled[1]
    return asn, org, country


def _row(database: maxminddb.Reader | None, address: Address) -> Any:
    """None where the file has nothing, or is of the other family."""
    try:
        return database and database.get(str(address))
    except (ValueError, maxminddb.InvalidDatabaseError):
        return None


def _as_of(row: dict[str, Any]) -> tuple[int | None, str]:
    """As GeoLite2 and DB-IP say it, or as IPinfo does."""
    number = str(row.get("autonomous_system_number") or row.get("asn") or "").upper().removeprefix("AS")
    org = row.get("autonomous_system_organization") or row.get("as_name") or row.get("name") or ""
    return (int(number) if number.isdecimal() else None), str(org)[:200]


def _country_of(row: dict[str, Any]) -> str:
    country = row.get("country") or row.get("registered_country") or row.get("country_code") or ""
    return str(country.get("iso_code", "") if isinstance(country, dict) else country)[:2].upper()


@cache
def _databases() -> tuple[maxminddb.Reader | None, maxminddb.Reader | None]:
    return _opened(settings.ASN_MMDB), _opened(settings.GEO_MMDB)


def _opened(path: Path | None) -> maxminddb.Reader | None:
    """One that cannot be read is said once; the desk works on without it."""
    if path is None:
        return None
    try:
        return maxminddb.open_database(path)
    except (OSError, maxminddb.InvalidDatabaseError) as error:
        logger.error("%s cannot be read, so data that is older is used: %s", path, error)
        return None


_loading = threading.Lock()


@cache
def _bundled() -> Any:
    """About 90 MB of memory, and a tenth of a second, when it is first asked: workers and desk, not the hot path."""
    from geoip2fast import geoip2fast

    path = os.path.join(os.path.dirname(geoip2fast.__file__), "geoip2fast-asn-ipv6.dat.gz")
    try:
        return geoip2fast.GeoIP2Fast(geoip2fast_data_file=path)
    except (OSError, geoip2fast.GeoIPError) as error:
        logger.error("There is no data on networks at hand: %s", error)
        return None


def _bundled_facts(address: Address) -> tuple[str, str]:
    with _loading:
        if (data := _bundled()) is None:
            return "", ""
        row = data.lookup(str(address))
    country = row.country_code if row.country_code.isalpha() else ""
    return row.asn_name, country


@cache
def warning_lists() -> tuple[WarningList, ...]:
    """Of the directory DDNS_WARNINGLISTS: every list.json of MISP's format below it that has networks in it."""
    directory: Path | None = settings.WARNINGLISTS
    if directory is None:
        return ()
    return tuple(each for path in sorted(directory.rglob("*.json")) for each in _read_list(path))


def _read_list(path: Path) -> Iterator[WarningList]:
    try:
        if path.stat().st_size > MOST_LIST_OCTETS:
            raise ValueError("it is too big")
        document = json.loads(path.read_bytes())
        name, entries = str(document["name"]), document["list"]
        networks = list(_networks(entries))
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        logger.error("The warning list %s cannot be read: %s", path, error)
        return
    said = f"{path.parent.name} {path.name} {name}".lower()
    kind = next((kind for word, kind in _KINDS_OF_LISTS if re.search(rf"\b{word}", said)), "")
    for version in (4, 6):
        if ranges := _merged(each for each in networks if each.version == version):
            yield WarningList(name[:200], kind, ranges, version)


def _networks(entries: Iterable[Any]) -> Iterator[IPv4Network | IPv6Network]:
    """Entries that are networks; lists of names have others, which are none of ours."""
    for entry in entries:
        try:
            yield ip_network(str(entry).strip(), strict=False)
        except ValueError:
            continue


def _merged(networks: Iterable[IPv4Network | IPv6Network]) -> tuple[tuple[int, int], ...]:
    """Ranges in order that do not overlap, so that one look by bisection finds an address."""
    merged: list[tuple[int, int]] = []
    for first, last in sorted((int(each.network_address), int(each.broadcast_address)) for each in networks):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return tuple(merged)
