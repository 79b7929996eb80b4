"""Zones: added, checked, their health, and this process's connections to their primaries."""

import logging
import random
from contextlib import closing
from datetime import timedelta

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from dnsupdate.errors import KeyRefused, PrimaryError, ReplacementRefused
from dnsupdate.models import Nameserver, TsigKey, Zone
from dnsupdate.names import normalise
from dnsupdate.primary import Primary

logger = logging.getLogger(__name__)

# A restart of the nameserver takes about a second; an outage costs one probe in half a minute.
FIRST_PAUSE = timedelta(milliseconds=500)
LONGEST_PAUSE = timedelta(seconds=30)

_primaries: dict[int, tuple[tuple, Primary]] = {}


def primary_of(zone_id: int) -> Primary:
    """This process's connection to the zone's primary; a new one when address or key have changed in the rows.

    Raises KeyRefused where there is no key, or none that can be read.
    """
    zone = Zone.objects.select_related("primary__key").get(pk=zone_id)
    server, key = zone.primary, zone.primary.key
    if key is None:
        raise KeyRefused(f"{server} has no key.")
    settings = (zone.name, server.host, server.port, key.name, key.algorithm, key.sealed_secret)
    known, primary = _primaries.get(zone_id, (None, None))
    if primary is None or known != settings:
        if primary is not None:
            primary.close()
        primary = Primary(zone.name, server.host, server.port, key.for_messages())
        _primaries[zone_id] = (settings, primary)
    return primary


def record_failure(zone_id: int, error: PrimaryError) -> None:
    """Keeps the reason and the time on the zone, and sets when to try again: doubled each time, capped, with jitter."""
    failures = Zone.objects.filter(pk=zone_id).values_list("failure_count", flat=True).get()
    pause = min(FIRST_PAUSE * 2 ** min(failures, 16), LONGEST_PAUSE) * random.uniform(0.5, 1)  # noqa: S311 - spread, no secret
    logger.warning("zone %s, try %d: %s", zone_id, failures + 1, error)
    Zone.objects.filter(pk=zone_id).update(
        failure=str(error),
        failure_count=F("failure_count") + 1,
        failed_at=Now(),
        failing_since=Coalesce("failing_since", Now()),
        retry_at=timezone.now() + pause,
    )


def add(name: str, *, host: str, port: int, key: TsigKey, replace: bool = False) -> Zone:
    """The zone with its primary and key; what is there already is brought up to date. The key may be unsaved.

    Raises InvalidName, and ReplacementRefused unless replace is said: see replacement.
    """
    name = normalise(name)
    with transaction.atomic():
        if not replace and (what := replacement(name, host=host, port=port, key=key)):
            raise ReplacementRefused(what)
        saved, _ = TsigKey.objects.update_or_create(
            name=key.name, defaults={"algorithm": key.algorithm, "sealed_secret": key.sealed_secret}
        )
        server, _ = Nameserver.objects.update_or_create(
            host=host, port=port, defaults={"key": saved}, create_defaults={"key": saved, "name": f"{host}:{port}"}
        )
        zone, _ = Zone.objects.update_or_create(name=name, defaults={"primary": server})
        # Whatever failed before may be mended now.
        Zone.objects.filter(pk=zone.pk).update(retry_at=None)
    return zone


def replacement(name: str, *, host: str, port: int, key: TsigKey) -> str:
    """What add would take from zones that are there: another primary, or another key of other zones. Empty: nothing."""
    zone = Zone.objects.select_related("primary").filter(name=name).first()
    if zone is not None and (zone.primary.host, zone.primary.port) != (host, port):
        return f"{zone} is updated at {zone.primary}."
    shares = Q(primary__host=host, primary__port=port) | Q(primary__key__name=key.name)
    for other in Zone.objects.exclude(name=name).filter(shares).select_related("primary__key").order_by("name"):
        present = other.primary.key
        if present is not None and not present.is_same_as(key):
            return f"{other} is updated at {other.primary} with another key, {present}."
    return ""


def try_out(name: str, *, host: str, port: int, key: TsigKey) -> None:
    """As check, with a server and a key that may be in no row yet. Raises PrimaryError."""
    with closing(Primary(name, host, port, key.for_messages())) as primary:
        primary.send([])


def nameserver_names(zone: Zone) -> set[str]:
    """What the zone's nameservers are called, as its primary says. Raises PrimaryError."""
    return primary_of(zone.pk).nameserver_names()


def check(zone: Zone) -> None:
    """Sends an update that changes no customer's name. Raises the PrimaryError that says what is wrong."""
    primary_of(zone.pk).send([])
