"""Verification: what the zone says beside what the rows say, and the repair of every difference."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import dns.name
from django.db.models import Q
from django.utils import timezone

from dnsupdate import outbox, transfers
from dnsupdate import rrsets as records
from dnsupdate.errors import InvalidName
from dnsupdate.messages import FENCE_LABEL
from dnsupdate.models import Publication, Zone
from dnsupdate.names import is_within, normalise
from dnsupdate.rrsets import RRsets
from dnsupdate.transfers import Contents


class Kind(StrEnum):
    MISSING = "missing from the zone"
    EXTRA = "in the zone, in no row"
    DIFFERENT = "different in the zone"


@dataclass(frozen=True, slots=True)
class Difference:
    name: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Comparison:
    """waiting_count names are on their way and count as neither equal nor different."""

    name_count: int
    waiting_count: int
    differences: list[Difference]


def compare(zone: Zone) -> Comparison:
    """Transfers the zone and compares every owner name. The apex, the names of its nameservers, the fence and the
    signer's records are the operator's. Holds the zone once; reads the rows as a stream. Raises Unreachable.
    """
    started_at = timezone.now()
    contents = transfers.transfer(zone)
    for name in _operators_names(zone, contents):
        contents.pop(name, None)
    suspects, count = [], 0
    for name, rrsets in _rows(zone):
        count += 1
        found = contents.pop(name, {})
        if found != _as_contents(rrsets):
            suspects.append(Difference(name, Kind.DIFFERENT if found and rrsets else _one_sided(rrsets)))
    suspects += [Difference(name, Kind.EXTRA) for name in contents]
    moving = _moving(zone, [suspect.name for suspect in suspects], started_at)
    return Comparison(count, len(moving), [suspect for suspect in suspects if suspect.name not in moving])


def repair(zone: Zone, differences: list[Difference]) -> list[Difference]:
    """Sends the rows again where the zone differs, and withdraws what stands in no row. In chunks, each committed.

    Gives what it cannot repair: names that no row can hold, such as an escaped dot, which somebody put there by hand.
    """
    differences, left = _split(differences)
    outbox.republish(zone, [each.name for each in differences])
    # Also those that have a row, which this leaves alone: whether they have one may change until it is written.
    outbox.withdraw_strays(zone, [each.name for each in differences if each.kind == Kind.EXTRA])
    return left


def _split(differences: list[Difference]) -> tuple[list[Difference], list[Difference]]:
    ours: list[Difference] = []
    left: list[Difference] = []
    for difference in differences:
        try:
            (ours if normalise(difference.name) == difference.name else left).append(difference)
        except InvalidName:
            left.append(difference)
    return ours, left


def _one_sided(rrsets: RRsets) -> Kind:
    return Kind.MISSING if rrsets else Kind.EXTRA


def _rows(zone: Zone) -> Iterator[tuple[str, RRsets]]:
    return Publication.objects.filter(zone=zone).values_list("name", "rrsets").iterator(chunk_size=5000)


def _operators_names(zone: Zone, contents: Contents) -> set[str]:
    names = {zone.name, f"{FENCE_LABEL}.{zone.name}"}
    for target in contents.get(zone.name, {}).get("NS", (0, frozenset()))[1]:
        name = dns.name.from_wire(target, 0)[0].to_text(omit_final_dot=True).lower()
        if is_within(name, zone.name):
            names.add(name)
    return names


def _as_contents(rrsets: RRsets) -> dict[str, tuple[int, frozenset[bytes]]]:
    return {
        type_name: (rrset["ttl"], frozenset(records.to_canonical(type_name, text) for text in rrset["rdata"]))
        for type_name, rrset in rrsets.items()
        if rrset["rdata"]
    }


def _moving(zone: Zone, names: list[str], since) -> set[str]:
    """The names among these that changed, or were published, while the zone was being transferred, or still wait."""
    moved = Q(pending__isnull=False) | Q(published_at__gte=since)
    return set(Publication.objects.filter(moved, zone=zone, name__in=names).values_list("name", flat=True))
