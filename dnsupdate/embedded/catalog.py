"""The zones that are served: those named in the zones file, each kept in a file of its own."""

import fcntl
import logging
import os
import time
from pathlib import Path
from typing import NamedTuple

import dns.rdatatype

from dnsupdate.serving import names
from dnsupdate.serving.zone import SERIAL_MODULUS, SOA_TIMES, Change, RRset, Zone

from .apexes import apex_from_text
from .errors import ConfigurationError, DamagedZoneError
from .journal import Journal
from .watch import WatchedFile, lines

log = logging.getLogger(__name__)


class ServedZone(NamedTuple):
    zone: Zone
    journal: Journal


class Catalog:
    """`version` moves when a zone comes or goes."""

    def __init__(self, data: Path, zones_file: Path):
        self.version = 0
        self._data = data
        self._file = WatchedFile(zones_file)
        self._served: dict[bytes, ServedZone] = {}

    def __len__(self) -> int:
        return len(self._served)

    def get(self, apex: bytes) -> ServedZone | None:
        return self._served.get(apex)

    def enclosing(self, owner: bytes) -> Zone | None:
        """The zone with the longest apex at or above the name."""
        for name in names.ancestors(owner):
            if name in self._served:
                return self._served[name].zone
        return None

    def refresh(self) -> None:
        """Serve what a changed file names, and nothing else; raises ConfigurationError, and nothing changes."""
        text = self._file.changed_text()
        if text is None:
            return
        wanted = _parse(text, self._file.path)
        for apex in self._served.keys() - wanted:
            self._drop(apex)
        for apex in sorted(wanted - self._served.keys()):
            self._open(apex)
        self.version += 1

    def close(self) -> None:
        for served in self._served.values():
            served.journal.close()

    def _drop(self, apex: bytes) -> None:
        self._served.pop(apex).journal.close()
        log.info("zone %s is no longer served; its data stays", names.to_text(apex))

    def _open(self, apex: bytes) -> None:
        """One zone that cannot be opened does not stop the others."""
        path = self._data / f"{names.to_text(apex)}.zone"
        try:
            served = self._served[apex] = open_zone(path, apex)
        except (OSError, DamagedZoneError) as error:
            log.error("zone %s is not served: %s", names.to_text(apex), error)
        else:
            log.info("zone %s is served, serial %d", names.to_text(apex), served.zone.serial)


def _parse(text: str, path: Path) -> set[bytes]:
    apexes = set()
    for number, line in lines(text):
        try:
            apexes.add(apex_from_text(line))
        except ConfigurationError as error:
            raise ConfigurationError(f"{path}, line {number}: {error}") from None
    return apexes


def open_zone(path: Path, apex: bytes) -> ServedZone:
    """The zone as its file has it, a new one if there is none; raises OSError, DamagedZoneError.

    A new zone's serial is the time, so that it is ahead of the zone's if that was once lost.
    """
    journal = Journal(path)
    is_new = not path.exists()
    try:
        zone = new_zone(apex, int(time.time()) % SERIAL_MODULUS) if is_new else _replayed(journal, apex)
        if is_new:
            journal.rewrite(zone.content())
        elif journal.has_changes:
            journal.compact(zone.content())
    except Exception:
        journal.close()
        raise
    return ServedZone(zone, journal)


def new_zone(apex: bytes, serial: int) -> Zone:
    """A zone with SOA, NS and the address of ns1, negative answers kept for 60 seconds."""
    zone, ns1, hostmaster = Zone(apex), b"\x03ns1" + apex, b"\x0ahostmaster" + apex
    soa = ns1 + hostmaster + SOA_TIMES.pack(serial, 3600, 600, 604800, 60)
    zone.put(Change(apex, dns.rdatatype.SOA, RRset(60, (soa,))))
    zone.put(Change(apex, dns.rdatatype.NS, RRset(60, (ns1,))))
    zone.put(Change(ns1, dns.rdatatype.A, RRset(60, (bytes([127, 0, 0, 1]),))))
    return zone


def _replayed(journal: Journal, apex: bytes) -> Zone:
    zone = Zone(apex)
    for change in journal.replay():
        zone.put(change)
    if not zone.rrset(apex, dns.rdatatype.SOA):
        raise DamagedZoneError(f"{journal.path} holds another zone")
    if journal.torn_size:
        log.warning("%s: %d octets of an unfinished update set aside", journal.path, journal.torn_size)
    return zone


def lock_data_directory(data: Path) -> int:
    """Keep a second nameserver out of the directory while the descriptor is open; raises ConfigurationError."""
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        fd = os.open(data / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise ConfigurationError(f"{data} is in use by another embedded nameserver") from None
    except OSError as error:
        raise ConfigurationError(f"cannot use {data}: {error.strerror}") from None
    return fd
