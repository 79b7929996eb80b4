"""Availability: whether a name can be registered now, in each domain on offer, and if not why."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ddns import blocks, hostnames
from ddns.models import Domain, Hostname, ReservedName
from dnsupdate.names import normalise, normalise_host_label


@dataclass(frozen=True, slots=True)
class Offer:
    """The label in one domain; reason says why it cannot be had, and is empty where it can."""

    domain: Domain
    name: str
    reason: str | Promise = ""

    @property
    def is_free(self) -> bool:
        return not self.reason


def of(label: str) -> list[Offer]:
    """Of the label in every domain that takes names, by four queries. Raises InvalidName.

    What is said to be free may be gone a moment later: hostnames.register decides.
    """
    label = normalise_host_label(label)
    by_name = {normalise(f"{label}.{domain.name}"): domain for domain in Domain.objects.taking_names()}
    reserved = set(ReservedName.objects.in_force().filter(name__in=[label, *by_name]).values_list("name", flat=True))
    taken = set(Hostname.objects.unreleased().filter(name__in=by_name).values_list("name", flat=True))
    is_kept = label in reserved or hostnames.is_kept(label) or blocks.bars_label(label)
    offers = []
    for name, domain in by_name.items():
        reason = _("taken") if name in taken else _("reserved") if is_kept or name in reserved else ""
        offers.append(Offer(domain, name, reason))
    return offers
