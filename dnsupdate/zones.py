"""Zones: added and checked."""

from contextlib import closing

from django.db import transaction
from django.db.models import Q

from dnsupdate import primaries
from dnsupdate.errors import ReplacementRefused
from dnsupdate.models import Nameserver, TsigKey, Zone
from dnsupdate.names import normalise
from dnsupdate.primary import Primary


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
    with primaries.lend(zone.pk) as primary:
        return primary.nameserver_names()


def check(zone: Zone) -> None:
    """Sends an update that changes no customer's name. Raises the PrimaryError that says what is wrong."""
    with primaries.lend(zone.pk) as primary:
        primary.send([])
