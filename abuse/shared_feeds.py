"""Shared feeds: which of the shared names one partner sees, and since when; in STIX 2.1 and CSV."""

import csv
import hashlib
import io
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Case, Count, DateTimeField, ExpressionWrapper, F, Max, Q, QuerySet, Value, When
from django.db.models.functions import Greatest

from abuse.models import Partner, SharedName

# Indicators in one answer: 18,472 names come in four, of some three megabytes each.
PAGE = 5000
# STIX 2.1 §3.2; the objects of TLP 2.0 and the extension that they are made by, as OASIS publishes them.
_TLP = {
    "clear": "94868c89-83c2-464b-929b-a1a8aa3c8487",
    "green": "bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
    "amber": "55d920b0-5e8b-4f79-9ee9-91f868d9b421",
}
_TLP_EXTENSION = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"
_TLP_CREATED = "2022-10-01T00:00:00.000Z"
# Of the identity: any moment before the first indicator.
_FOUNDED = "2026-01-01T00:00:00.000Z"
COLUMNS = ("name", "category", "since", "shared_at", "tlp")

Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Page:
    """Some of what a partner sees, the oldest change first; next is where it goes on, None at the end."""

    rows: list[SharedName]
    next: tuple[datetime, int] | None


def visible(partner: Partner, now: datetime) -> QuerySet[SharedName]:
    """What this partner may know of now: up to its level, after its delay; also what was taken back after it knew.

    shown_at is when it came, or last changed, for this partner.
    """
    delay = timedelta(minutes=partner.delay_minutes)
    due = ExpressionWrapper(F("since") + Value(delay), output_field=DateTimeField())
    shown_at = Case(When(withdrawn_at=None, then=Greatest(F("changed_at"), due)), default=F("changed_at"))
    knew = Q(withdrawn_at__gte=due)
    return (
        SharedName.objects.up_to(partner.tlp)
        .annotate(shown_at=shown_at)
        .filter(Q(withdrawn_at=None, since__lte=now - delay) | knew)
    )


def page(partner: Partner, *, since: datetime | None, after: int = 0, now: datetime) -> Page:
    """Without since: all that stands. With it: also what was revoked since then; after is the row that was given last."""
    # The checker does not know what was annotated.
    shown: Any = visible(partner, now)
    found = shown.select_related("hostname").order_by("shown_at", "pk")
    if since is None:
        found = found.filter(withdrawn_at=None)
    else:
        found = found.filter(Q(shown_at__gt=since) | Q(shown_at=since, pk__gt=after))
    rows = list(found[: PAGE + 1])
    if len(rows) <= PAGE:
        return Page(rows, None)
    last: Any = rows[PAGE - 1]
    return Page(rows[:PAGE], (last.shown_at, last.pk))


def tag(partner: Partner, asked: str, now: datetime) -> str:
    """For ETag: another one whenever what this partner sees has changed."""
    found = visible(partner, now).aggregate(count=Count("pk"), shown=Max("shown_at"), changed=Max("changed_at"))
    text = f"{partner.pk} {partner.tlp} {partner.delay_minutes} {asked} {sorted(map(str, found.values()))}"
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def bundle(rows: Iterable[SharedName], *, of: str) -> Object:
    """STIX 2.1 §8; of names what was asked, so that the same answer has the same id."""
    rows = list(rows)
    levels = [level for level in _TLP if any(row.tlp == level for row in rows)]
    objects = [_identity(), *map(_marking, levels), *map(indicator, rows)]
    return {"type": "bundle", "id": f"bundle--{_id('bundle', of)}", "objects": objects}


def indicator(row: SharedName) -> Object:
    """STIX 2.1 §4.7. One that was withdrawn is revoked, for good: what is shared again is another row."""
    return {
        "type": "indicator",
        "spec_version": "2.1",
        "id": indicator_id(row.pk),
        "created_by_ref": _identity_id(),
        "created": _moment(row.shared_at),
        "modified": _moment(row.changed_at),
        **({"revoked": True} if row.withdrawn_at is not None else {}),
        "name": row.hostname.name,
        "description": "Suspended by its dynamic-DNS provider.",
        "indicator_types": ["malicious-activity"],
        "pattern": f"[domain-name:value = '{row.hostname.name}']",
        "pattern_type": "stix",
        "pattern_version": "2.1",
        "valid_from": _moment(row.since),
        "labels": [row.category],
        "object_marking_refs": [f"marking-definition--{_TLP[row.tlp]}"],
    }


def indicator_id(pk: int) -> str:
    """By the row's number, under a name of this platform (RFC 9562 §5.5)."""
    return f"indicator--{_id('indicator', str(pk))}"


def table(partner: Partner, now: datetime) -> str:
    """All that stands, as CSV (RFC 4180), by name."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    rows = visible(partner, now).filter(withdrawn_at=None).order_by("hostname__name")
    writer.writerows(_lines(rows))
    return text.getvalue()


def _lines(rows: QuerySet[SharedName]) -> Iterator[tuple[str, ...]]:
    for name, category, since, shared_at, tlp in rows.values_list("hostname__name", *COLUMNS[1:]).iterator():
        yield name, category, _moment(since), _moment(shared_at), f"TLP:{tlp.upper()}"


def _identity() -> Object:
    return {
        "type": "identity",
        "spec_version": "2.1",
        "id": _identity_id(),
        "created": _FOUNDED,
        "modified": _FOUNDED,
        "name": settings.SITE_NAME,
        "identity_class": "organization",
        "contact_information": settings.ABUSE_CONTACT,
    }


def _marking(level: str) -> Object:
    return {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": f"marking-definition--{_TLP[level]}",
        "created": _TLP_CREATED,
        "name": f"TLP:{level.upper()}",
        "extensions": {_TLP_EXTENSION: {"extension_type": "property-extension", "tlp_2_0": level}},
    }


def _identity_id() -> str:
    return f"identity--{_id('identity', '')}"


def _id(kind: str, name: str) -> uuid.UUID:
    ours = uuid.uuid5(uuid.NAMESPACE_URL, settings.SITE_URL)
    return uuid.uuid5(ours, f"{kind}/{name}")


def _moment(at: datetime) -> str:
    """STIX 2.1 §2.16, to the millisecond."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
