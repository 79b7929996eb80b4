"""Domains: put on offer, found for a name, given a TTL, and the names of their nameservers kept from customers."""

from collections.abc import Iterable, Iterator

from django.db import transaction
from django.utils.translation import gettext

from ddns import hostnames
from ddns.errors import DomainInUse, NameUnavailable
from ddns.models import Domain, Hostname, ReservedName
from dnsupdate import zones
from dnsupdate.errors import ZoneLifeRefused
from dnsupdate.models import Zone
from dnsupdate.names import is_within, normalise

# A device whose hostname is being published again waits for the rest of its chunk: some tenths of a second.
CHUNK = 500
NAMESERVER_REASON = "nameserver of the zone"


@transaction.atomic
def offer(zone: Zone, *, ttl: int | None = None) -> Domain:
    """The domain of the zone, open for registration; what is there already is kept.

    Raises ValidationError, and ZoneLifeRefused for a zone that is not for customers' names.
    """
    if zone.kind != Zone.Kind.NAMES:
        raise ZoneLifeRefused(f"{zone} is there for {zone.get_kind_display()}.")
    domain, _ = Domain.objects.get_or_create(zone=zone, defaults={"name": zone.name})
    if ttl is not None:
        set_ttl(domain, ttl)
    return domain


@transaction.atomic
def set_ttl(domain: Domain, ttl: int) -> int:
    """Sets the TTL in seconds; gives how many hostnames follow: once this is committed they are published again.

    In chunks, each a transaction of its own. What was interrupted is finished by setting the same TTL again.
    Raises ValidationError.
    """
    domain.ttl = ttl
    domain.full_clean()
    domain.save(update_fields=["ttl"])
    transaction.on_commit(lambda: _publish_all(domain))
    return Hostname.objects.unreleased().filter(domain=domain).count()


@transaction.atomic
def retire(domain: Domain, *, even_with_names: bool = False) -> int:
    """Takes the domain out of DNS as a whole; gives how many hostnames go with it. No new names are registered.

    Nothing of the customers' is touched: hostnames, addresses and restrictions stay stored, updates are accepted and wait,
    and zones.add brings back exactly what is to be answered then. Raises DomainInUse while customers hold names, unless
    even_with_names is said, and ZoneInUse while other names answer.
    """
    count = Hostname.objects.unreleased().filter(domain=domain).count()
    if count and not even_with_names:
        raise DomainInUse(f"{count:,}.")
    zones.retire(domain.zone, even_in_use=even_with_names)
    return count


def split(name: str) -> tuple[str, Domain]:
    """The label and the domain of a whole name that somebody wants to register. Raises InvalidName, NameUnavailable."""
    label, _, apex = normalise(name).partition(".")
    domain = Domain.objects.select_related("zone").filter(name=apex).first()
    if domain is None:
        raise NameUnavailable(
            gettext("{name}. It must be one label in front of a domain that is on offer.").format(name=name[:80])
        )
    return label, domain


def reserve_nameservers(domain: Domain, names: Iterable[str]) -> list[str]:
    """Keeps the domain's nameservers among these names from being registered, for good; gives which those are."""
    inside = sorted(name for name in names if name != domain.name and is_within(name, domain.name))
    for name in inside:
        ReservedName.objects.update_or_create(name=name, defaults={"reason": NAMESERVER_REASON, "until": None})
    return inside


def _publish_all(domain: Domain) -> None:
    for chunk in _chunks(domain):
        with transaction.atomic():
            hostnames.lock_all(chunk)
            # Read after locking, as hostnames.lock does: every decision before ours is seen.
            locked = Hostname.objects.unreleased().select_related("account", "domain__zone", "restriction")
            for hostname in locked.filter(pk__in=[each.pk for each in chunk]):
                hostnames.publish(hostname)


def _chunks(domain: Domain) -> Iterator[list[Hostname]]:
    held, last = Hostname.objects.unreleased().filter(domain=domain).order_by("name"), ""
    while chunk := list(held.filter(name__gt=last)[:CHUNK]):
        yield chunk
        last = chunk[-1].name
