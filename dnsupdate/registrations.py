"""Registrations: expiry and status of the watched domains, as their registries have them."""

import logging
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from dnsupdate import registries
from dnsupdate.delegation_alarms import settle
from dnsupdate.errors import RegistryError
from dnsupdate.models import Delegation, DelegationChange, Zone
from dnsupdate.registries import Registration

logger = logging.getLogger(__name__)


def watch(zones: Iterable[Zone]) -> None:
    """Asks the registry of each zone, one after the other as registries want it, and stores what it says.

    Those that were not asked for longest come first. What is wrong with one zone is logged and shown on its page.
    """
    for delegation in _rows(zones):
        try:
            record(delegation, registries.find(delegation.zone.name), timezone.now())
        except RegistryError as error:
            logger.warning("the registration of %s: %s", delegation.zone, error)
            _fail(delegation, str(error))
        except Exception as error:
            # One zone, whatever is wrong with it, must not blind us for the others.
            logger.exception("the registration of %s could not be read or stored", delegation.zone)
            _fail(delegation, f"It could not be read or stored ({type(error).__name__}).")


def _rows(zones: Iterable[Zone]) -> list[Delegation]:
    """First those that were never asked for, then those whose turn is longest ago: a run that is cut short starves none."""
    zones = list(zones)
    Delegation.objects.bulk_create([Delegation(zone_id=zone.pk) for zone in zones], ignore_conflicts=True)
    rows = Delegation.objects.filter(zone__in=zones).select_related("zone")
    return list(rows.order_by(F("registry_checked_at").asc(nulls_first=True), "pk"))


def _fail(delegation: Delegation, failure: str) -> None:
    Delegation.objects.filter(pk=delegation.pk).update(registry_failure=failure, registry_checked_at=timezone.now())


@transaction.atomic
def record(delegation: Delegation, found: Registration, at: datetime) -> Delegation:
    """Stores it and settles the zone's alarm. The first is expected, but for status that is alarming whenever it is seen."""
    delegation = Delegation.objects.select_for_update(of=("self",)).select_related("zone").get(pk=delegation.pk)
    was = _as_stored(delegation)
    delegation.registry_domain, delegation.registry_failure = found.domain, ""
    delegation.registry_status, delegation.expires_at = list(found.status), found.expires_at
    if delegation.expected_registry_status is None:
        delegation.expected_registry_status = [each for each in found.status if each not in registries.ALARMING]
        delegation.expected_expires_at = found.expires_at
    delegation.registry_checked_at = delegation.registry_observed_at = at
    delegation.save()
    if was["status"] is not None and was != _as_stored(delegation):
        _add_change(delegation, was, at)
    settle(delegation, at)
    return delegation


def _add_change(delegation: Delegation, was: dict[str, Any], at: datetime) -> None:
    now = _as_stored(delegation)
    words = [
        f"{name.capitalize()}: was {_text(was[name])}; now {_text(now[name])}."
        for name in ("status", "expiry")
        if was[name] != now[name]
    ]
    is_over = not any(
        [
            *registries.difference(delegation.expected_registry_status, delegation.registry_status),
            delegation.expires_at != delegation.expected_expires_at,
        ]
    )
    if is_over:
        delegation.changes.open().filter(source=DelegationChange.Source.REGISTRY).update(
            ended_at=at, outcome="undone: as expected again"
        )
    delegation.changes.create(
        source=DelegationChange.Source.REGISTRY,
        was=was,
        now=now,
        words="\n".join(words),
        seen_at=at,
        ended_at=at if is_over else None,
        outcome="as expected" if is_over else "",
    )


def _as_stored(delegation: Delegation) -> dict[str, Any]:
    expires_at = delegation.expires_at
    return {"status": delegation.registry_status, "expiry": expires_at.isoformat() if expires_at else None}


def _text(value: list[str] | str | None) -> str:
    return (value if isinstance(value, str) else ", ".join(value or [])) or "none"
