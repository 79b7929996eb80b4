"""Catalogs (RFC 9432): set up for a primary, and written again from the rows."""

from collections.abc import Sequence

from django.db import transaction
from django.db.models.functions import Now

from dnsupdate import memberships, outbox, zones
from dnsupdate.errors import CatalogRefused
from dnsupdate.models import PendingPublication, Publication, TsigKey, Zone
from dnsupdate.models.pending import Urgency
from dnsupdate.names import normalise
from dnsupdate.rrsets import RRsets

# RFC 9432 §4.2.1.
VERSION: RRsets = {"TXT": {"ttl": memberships.TTL, "rdata": ['"2"']}}


def establish(name: str, *, host: str, port: int, key: TsigKey, replace: bool = False) -> Zone:
    """The catalog of the primary at this address, with every zone that is updated there; what is there already is kept.

    Called again, it writes everything once more, as after a loss. Raises InvalidName, ReplacementRefused as zones.add
    does, and CatalogRefused.
    """
    catalogs = Zone.objects.in_service().filter(kind=Zone.Kind.CATALOG, primary__host=host, primary__port=port)
    if (other := catalogs.exclude(name=normalise(name)).first()) is not None:
        raise CatalogRefused(f"{other.primary} has one already, {other}.")
    catalog = zones.add(name, host=host, port=port, key=key, replace=replace, kind=Zone.Kind.CATALOG)
    fill(catalog)
    return catalog


def fill(catalog: Zone, *, also: Sequence[str] = ()) -> None:
    """Enters every zone of the primary and writes all members again, and the version after them.

    Consumers leave a catalog without a version alone (RFC 9432 §5.1). Were it there before the last member, they would
    drop the zones that are still to come. The publisher takes what was queued first, first. also: names that have a row
    in the catalog and need not be members, such as one that was withdrawn and is back; they are sent again as well.
    """
    version = f"version.{catalog}"
    for zone in Zone.objects.in_service().of_names().filter(primary=catalog.primary).order_by("name"):
        memberships.enter(zone)
    _withdraw_strangers(catalog)
    members = [publication.name for publication in memberships.of(catalog).values()]
    # In one lane, however many they are: the version would overtake what is in the lane below it.
    outbox.republish(catalog, [name for name in also if name != version], urgency=Urgency.ORDINARY)
    outbox.republish(catalog, members, urgency=Urgency.ORDINARY)
    _publish_last(catalog, version)


@transaction.atomic
def _publish_last(catalog: Zone, version: str) -> None:
    """Behind all that is queued by now, also where it has a place in the queue already."""
    ids = outbox.publish(catalog, {version: VERSION})
    PendingPublication.objects.filter(pk=ids[version]).update(urgency=Urgency.ORDINARY, queued_at=Now())


def _withdraw_strangers(catalog: Zone) -> None:
    """Members whose zone has gone: no row points to them any more."""
    members = Publication.objects.answering().filter(zone=catalog, name__endswith=f".zones.{catalog}")
    strangers = members.exclude(pk__in=Zone.objects.exclude(membership=None).values("membership"))
    outbox.publish(catalog, {publication.name: {} for publication in strangers})
