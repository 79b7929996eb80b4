"""Catalogs (RFC 9432): set up for a primary, and written again from the rows."""

from dnsupdate import memberships, outbox, zones
from dnsupdate.errors import CatalogRefused
from dnsupdate.models import Publication, TsigKey, Zone
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


def fill(catalog: Zone) -> None:
    """Enters every zone of the primary and writes all members again, and the version after them.

    Consumers leave a catalog without a version alone (RFC 9432 §5.1). Were it there before the last member, they would
    drop the zones that are still to come. The publisher takes what was queued first, first.
    """
    for zone in Zone.objects.in_service().of_names().filter(primary=catalog.primary).order_by("name"):
        memberships.enter(zone)
    _withdraw_strangers(catalog)
    outbox.republish(catalog, [publication.name for publication in memberships.of(catalog).values()])
    outbox.publish(catalog, {f"version.{catalog}": VERSION})


def _withdraw_strangers(catalog: Zone) -> None:
    """Members whose zone has gone: no row points to them any more."""
    members = Publication.objects.answering().filter(zone=catalog, name__endswith=f".zones.{catalog}")
    strangers = members.exclude(pk__in=Zone.objects.exclude(membership=None).values("membership"))
    outbox.publish(catalog, {publication.name: {} for publication in strangers})
