"""DNS claims: what a report says that a name answered, held against what it did answer at that minute."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from abuse.models import Report
from ddns import addresses
from ddns.models import AddressUpdate, Hostname

# Changes that are looked through, the latest first; a name that flaps has more, and what is before is not known.
MOST_CHANGES = 1000
MOST_CLAIMED = 8


@dataclass(frozen=True, slots=True)
class Stay:
    """An address of the name from a time to a time; None: from before our history, until now."""

    address: str
    since: datetime | None
    until: datetime | None

    def covers(self, at: datetime) -> bool:
        return (self.since is None or self.since <= at) and (self.until is None or at < self.until)


@dataclass(frozen=True, slots=True)
class Held:
    """A claim held against our history. agrees is None where nothing was claimed or nothing is known."""

    at: datetime
    claimed: Sequence[str]
    ours: Sequence[Stay]

    @property
    def matching(self) -> list[Stay]:
        return [stay for stay in self.ours if stay.address in self.claimed]

    @property
    def agrees(self) -> bool | None:
        if not self.claimed or not self.ours:
            return None
        return bool(self.matching)


def held_against(reports: Iterable[Report], hostname: Hostname) -> dict[Any, Held]:
    """By report. One query, whatever their number."""
    changes = list(AddressUpdate.objects.filter(hostname=hostname).order_by("-at")[:MOST_CHANGES])[::-1]
    begins_at = hostname.created_at if len(changes) < MOST_CHANGES else None
    known = [stay for version in (4, 6) for stay in _stays(hostname, changes, version, begins_at)]
    return {
        report.pk: Held(
            report.evidence_at, claimed(report), [stay for stay in known if stay.covers(report.evidence_at)]
        )
        for report in reports
    }


def claimed(report: Report) -> list[str]:
    """The addresses in the reporter's own look at DNS, or the one that was named beside the host; normalised."""
    said = report.details.get("dns_records") if isinstance(report.details, dict) else None
    texts = [report.address, *_texts(said)]
    return list(dict.fromkeys(filter(None, map(_normalised, texts))))[:MOST_CLAIMED]


def _stays(hostname: Hostname, changes: Sequence[AddressUpdate], version: int, since: datetime | None) -> list[Stay]:
    found: list[Stay] = []
    for change in changes:
        old, new = getattr(change, f"old_ipv{version}"), getattr(change, f"new_ipv{version}")
        if old == new:
            continue
        if old:
            found.append(Stay(old, since, change.at))
        since = change.at
    if current := getattr(hostname, f"ipv{version}"):
        found.append(Stay(current, since, None))
    return found


def _texts(said: object) -> list[str]:
    """Every string in lists and objects: XARF has {a: [...]}, others [{type, value}]."""
    match said:
        case str():
            return [said]
        case dict():
            return [text for each in list(said.values())[:20] for text in _texts(each)]
        case list():
            return [text for each in said[:20] for text in _texts(each)]
    return []


def _normalised(text: str | None) -> str | None:
    try:
        return str(addresses.parse(text)) if text else None
    except ValueError:
        return None
