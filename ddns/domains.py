"""Domains: put on offer."""

from django.db import transaction

from ddns.models import Domain
from dnsupdate.models import Zone


@transaction.atomic
def offer(zone: Zone, *, ttl: int | None = None) -> Domain:
    """The domain of the zone, open for registration; what is there already is kept."""
    domain, _ = Domain.objects.get_or_create(zone=zone, defaults={"name": zone.name})
    if ttl is not None and domain.ttl != ttl:
        domain.ttl = ttl
        domain.full_clean()
        domain.save(update_fields=["ttl"])
    return domain
