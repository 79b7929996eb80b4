"""A zone's file: a snapshot and behind it every later change, each on disk before it is acknowledged."""

import logging
import os
import struct
import zlib
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from dnsupdate.serving.names import ROOT, parent
from dnsupdate.serving.zone import Change, OwnedRRset, RRset

from .errors import DamagedZoneError

log = logging.getLogger(__name__)

MAGIC = b"embedded zone 1\n"
KIB = 1024
MIN_COMPACTION_SIZE = 4 * KIB * KIB  # a smaller file is read in a tenth of a second
SNAPSHOT_CHUNK_COUNT = 1000
_FRAME = struct.Struct("!II")  # length and checksum of the payload
_CHECKSUM_START = 1  # with 0, a run of zeros, which a power cut may leave, would be good records
_RRSET = struct.Struct("!HII")  # type, TTL, count of rdatas; 0 rdatas: the RRset is gone

AnyChange = Change | OwnedRRset


class Journal:
    """Changes are absolute, so replaying one twice does no harm. An empty record ends the snapshot."""

    def __init__(self, path: Path):
        self.path = path
        self.torn_size = 0
        self._fd = -1
        self._size = 0
        self._snapshot_size = 0
        self._is_broken = False

    def replay(self) -> Iterator[Change]:
        """Every change in the file; a record torn by a crash at its end is set aside. Raises DamagedZoneError."""
        self._fd = os.open(self.path, os.O_RDWR | os.O_APPEND)
        data = self.path.read_bytes()
        if not data.startswith(MAGIC):
            raise DamagedZoneError(f"{self.path} is not a zone file of this program")
        self._size = len(MAGIC)
        while payload := _payload_at(data, self._size):
            self._size += len(payload)
            changes = list(_decode(payload[_FRAME.size :]))
            if not changes:
                self._snapshot_size = self._size
            yield from changes
        self._cut(data)

    def _cut(self, data: bytes) -> None:
        self.torn_size = len(data) - self._size
        if not self._snapshot_size or _is_followed(data, self._size):
            raise DamagedZoneError(f"{self.path} is damaged at octet {self._size}; restore it from a copy")
        if self.torn_size:
            self.path.with_suffix(".torn").write_bytes(data[self._size :])
            os.ftruncate(self._fd, self._size)
            os.fsync(self._fd)

    @property
    def has_changes(self) -> bool:
        """Whether anything was appended since the snapshot."""
        return self._size > self._snapshot_size

    @property
    def is_large(self) -> bool:
        return self._size > max(MIN_COMPACTION_SIZE, 2 * self._snapshot_size)

    def append(self, changes: Iterable[AnyChange]) -> None:
        """Returns when the changes are on disk; raises OSError, and then the file is as before."""
        if self._is_broken:
            raise OSError(f"{self.path} could not be repaired after a failed write")
        record = _record(changes)
        try:
            _write(self._fd, record)
            os.fsync(self._fd)
        except OSError:
            self._is_broken = True
            os.ftruncate(self._fd, self._size)
            self._is_broken = False
            raise
        self._size += len(record)

    def compact(self, content: Iterable[AnyChange]) -> None:
        """Rewrite what need not be; so a failure, a full disk say, is only logged."""
        try:
            self.rewrite(content)
        except OSError as error:
            log.error("%s is not compacted: %s", self.path, error)

    def rewrite(self, content: Iterable[AnyChange]) -> None:
        """Put a snapshot in place of the file, at once or not at all; raises OSError."""
        temporary = self.path.with_suffix(".new")
        fd = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
        try:
            size = _write_snapshot(fd, content)
            os.replace(temporary, self.path)
        except OSError:
            os.close(fd)
            temporary.unlink(missing_ok=True)
            raise
        self.close()
        self._fd, self._size, self._snapshot_size = fd, size, size
        self._is_broken = True  # until the new name is on disk too
        _sync_directory(self.path.parent)
        self._is_broken = False

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = -1


def _checksum(payload: bytes) -> int:
    return zlib.crc32(payload, _CHECKSUM_START)


def _record(changes: Iterable[AnyChange]) -> bytes:
    payload = b"".join(map(_encode, changes))
    return _FRAME.pack(len(payload), _checksum(payload)) + payload


def _encode(change: AnyChange) -> bytes:
    owner, rdtype, rrset = change
    rrset = rrset or RRset(0, ())
    head = owner + _RRSET.pack(rdtype, rrset.ttl, len(rrset.rdatas))
    return head + b"".join(len(rdata).to_bytes(2, "big") + rdata for rdata in rrset.rdatas)


def _decode(payload: bytes) -> Iterator[Change]:
    offset = 0
    while offset < len(payload):
        owner = _owner_at(payload, offset)
        offset += len(owner)
        rdtype, ttl, count = _RRSET.unpack_from(payload, offset)
        offset += _RRSET.size
        rdatas = []
        for _ in range(count):
            end = offset + 2 + int.from_bytes(payload[offset : offset + 2], "big")
            rdatas.append(payload[offset + 2 : end])
            offset = end
        yield Change(owner, rdtype, RRset(ttl, tuple(rdatas)) if rdatas else None)


def _owner_at(payload: bytes, start: int) -> bytes:
    rest = payload[start : start + 255]
    length = len(rest)
    while not rest.startswith(ROOT):
        rest = parent(rest)
    return payload[start : start + length - len(rest) + 1]


def _payload_at(data: bytes, offset: int) -> bytes | None:
    """The whole record at the offset, frame included; None at the end and where length or checksum is wrong."""
    if len(data) - offset < _FRAME.size:
        return None
    length, checksum = _FRAME.unpack_from(data, offset)
    payload = data[offset + _FRAME.size : offset + _FRAME.size + length]
    if len(payload) != length or _checksum(payload) != checksum:
        return None
    return data[offset : offset + _FRAME.size + length]


def _is_followed(data: bytes, offset: int) -> bool:
    """Whether a good record stands behind the bad one: then it is no torn end but damage."""
    if len(data) - offset < _FRAME.size:
        return False
    end = offset + _FRAME.size + _FRAME.unpack_from(data, offset)[0]
    return end < len(data) and _payload_at(data, end) is not None


def _write_snapshot(fd: int, content: Iterable[AnyChange]) -> int:
    rest = iter(content)
    size = _write(fd, MAGIC)
    while chunk := list(islice(rest, SNAPSHOT_CHUNK_COUNT)):
        size += _write(fd, _record(chunk))
    size += _write(fd, _record(()))
    os.fsync(fd)
    return size


def _write(fd: int, data: bytes) -> int:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]
    return len(data)


def _sync_directory(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
