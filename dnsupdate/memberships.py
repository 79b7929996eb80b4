"""Memberships: which zones stand in their primary's catalog (RFC 9432), whence its consumers take up and drop zones.

A membership is a publication in the catalog's zone, so that it gets to DNS as everything else does.
"""

import secrets

from django.db import transaction

from dnsupdate import outbox
from dnsupdate.errors import ZoneLifeRefused
from dnsupdate.models import Nameserver, Publication, Zone
from dnsupdate.rrsets import RRsets

# RFC 9432 §4: nobody asks for these records but consumers, and those transfer them.
TTL = 0
# Random, so that it is never used twice: a new id is what makes consumers drop the old state (RFC 9432 §5.4).
ID_OCTETS = 16


def catalog_of(server: Nameserver) -> Zone | None:
    """The catalog that says which zones the server, a primary, has."""
    return Zone.objects.in_service().filter(primary=server, kind=Zone.Kind.CATALOG).first()


@transaction.atomic
def enter(zone: Zone) -> None:
    """Enters the zone into the catalog of its primary, if that has one, and takes over the catalog's secondaries.

    A zone that stands in it already keeps its id; one that stands in another catalog leaves that. Response policy zones
    never stand in one: the servers that follow it answer everybody, and these zones are for partners. Locks the zone's row.
    """
    zone = _locked(zone)
    is_member = zone.kind == Zone.Kind.NAMES and not zone.is_retired
    catalog = catalog_of(zone.primary) if is_member else None
    if zone.membership is not None and zone.membership.zone_id == (catalog and catalog.pk):
        return
    _leave(zone)
    if catalog is None:
        return
    if catalog.is_frozen:
        raise ZoneLifeRefused(f"{catalog}, where {zone} must stand, is frozen. Thaw it first.")
    name = f"{secrets.token_hex(ID_OCTETS)}.zones.{catalog}"
    ids = outbox.publish(catalog, {name: pointer(zone)})
    zone.membership_id = ids[name]
    zone.save(update_fields=["membership"])
    zone.secondaries.add(*catalog.secondaries.all())


@transaction.atomic
def leave(zone: Zone) -> None:
    """Takes the zone out of the catalog, if it stands in one. Locks the zone's row."""
    _leave(_locked(zone))


def pointer(zone: Zone) -> RRsets:
    """The member's records: one PTR to the zone (RFC 9432 §4.1)."""
    return {"PTR": {"ttl": TTL, "rdata": [f"{zone}."]}}


def _leave(zone: Zone) -> None:
    if zone.membership is not None:
        outbox.publish(zone.membership.zone, {zone.membership.name: {}})
    zone.membership = None
    zone.save(update_fields=["membership"])


def _locked(zone: Zone) -> Zone:
    Zone.objects.select_for_update(no_key=True).get(pk=zone.pk)
    return Zone.objects.select_related("primary", "membership__zone").get(pk=zone.pk)


def of(catalog: Zone) -> dict[str, Publication]:
    """The catalog's members: their publications by the zones' names."""
    members = Zone.objects.filter(membership__zone=catalog).select_related("membership").order_by("name")
    return {zone.name: zone.membership for zone in members if zone.membership is not None}
