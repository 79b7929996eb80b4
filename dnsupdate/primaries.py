"""This process's connections to the zones' primaries, each lent to one drain at a time."""

from collections.abc import Iterator
from contextlib import contextmanager

from dnsupdate.errors import KeyRefused, ZoneAtRest
from dnsupdate.models import TsigKey, Zone
from dnsupdate.primary import Primary
from dnsupdate.statements import Statement

# Prepared, since a zone that is updated now and then asks once for every update.
_READ = Statement(
    """
    SELECT coalesce(zone.frozen_at, zone.retired_at), zone.name, server.host, server.port, server.name,
        key.name, key.algorithm, key.sealed_secret
    FROM dnsupdate_zone zone
    JOIN dnsupdate_nameserver server ON server.id = zone.primary_id
    LEFT JOIN dnsupdate_tsigkey key ON key.id = server.key_id
    WHERE zone.id = $1::bigint
    """
)

_Settings = tuple[str, ...]
_idle: dict[int, tuple[_Settings, Primary]] = {}


@contextmanager
def lend(zone_id: int) -> Iterator[Primary]:
    """The connection to the zone's primary, for as long as the block lasts; nobody else has it meanwhile.

    A new one when the address or the key has changed in the rows: a key is rotated between two drains.
    Raises Zone.DoesNotExist, ZoneAtRest for a frozen or retired zone, and KeyRefused where there is no key, or none that
    can be read.
    """
    settings = _settings(zone_id)
    known, primary = _idle.pop(zone_id, (None, None))
    if primary is None or known != settings:
        if primary is not None:
            primary.close()
        primary = _new(settings)
    try:
        yield primary
    finally:
        primary.settle()
        _, other = _idle.pop(zone_id, (None, None))
        if other is not None:
            other.close()
        _idle[zone_id] = (settings, primary)


def close_all() -> None:
    """Drops every connection that is not lent out."""
    while _idle:
        _idle.popitem()[1][1].close()


def _settings(zone_id: int) -> _Settings:
    rows = _READ(str(zone_id).encode())
    if not rows:
        raise Zone.DoesNotExist
    rests_since, *settings = ("" if value is None else value.decode() for value in rows[0])
    if rests_since:
        raise ZoneAtRest(f"{settings[0]} is frozen or retired since {rests_since}.")
    return tuple(settings)


def _new(settings: _Settings) -> Primary:
    apex, host, port, server, key_name, algorithm, sealed_secret = settings
    if not sealed_secret:
        raise KeyRefused(f"{server} ({host}:{port}) has no key.")
    key = TsigKey(name=key_name, algorithm=algorithm, sealed_secret=sealed_secret)
    return Primary(apex, host, int(port), key.for_messages())
