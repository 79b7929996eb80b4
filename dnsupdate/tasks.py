"""Celery's entries: each calls one verb and may run twice."""

from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from dnsupdate import (
    alarms,
    delegations,
    proofs,
    publisher,
    registrations,
    server_states,
    signings,
    turns,
    verifications,
    wake,
    watches,
    zone_health,
    zone_settings,
)
from dnsupdate.models import Zone


@shared_task
def publish_zone(zone_id: int) -> None:
    """Publishes what waits in one zone."""
    if not publisher.drain(zone_id):
        wake.wake(zone_id)


@shared_task
def sweep() -> None:
    """Wakes every zone that has work and no publisher: finds what a lost wake-up left."""
    for zone_id in Zone.objects.with_work().values_list("pk", flat=True):
        wake.wake(zone_id)


@shared_task
def send_notices() -> None:
    """Tells people of alarms by mail and webhook."""
    alarms.send_notices()


@shared_task
def watch_zones() -> None:
    """Opens and closes the alarms of zones that do not follow."""
    zone_health.watch()


@shared_task
def check_signatures() -> None:
    """Looks whether the primaries keep signing the zones that they sign."""
    signings.check_all()


@shared_task
def watch_serials() -> None:
    """Looks whether a zone fell back, or moved without us; what is suspected is looked into at once. One at a time."""
    with turns.take("watch-serials", timedelta(minutes=1)) as is_ours:
        is_suspected = is_ours and bool(watches.watch())
    if is_suspected:
        verify_zones.apply_async(expires=10)


@shared_task
def verify_zones() -> None:
    """Compares the zone that is due most with its rows."""
    verifications.run_next()


@shared_task
def watch_servers() -> None:
    """Asks every server of every zone what it has. One at a time."""
    with turns.take("watch-servers", server_states.LONGEST_LOOK) as is_ours:
        if is_ours:
            server_states.watch()


@shared_task
def watch_zone_settings() -> None:
    """Checks that the zones' own records let withdrawals bite. One at a time."""
    with turns.take("watch-zone-settings", timedelta(minutes=1)) as is_ours:
        if is_ours:
            zone_settings.watch()


@shared_task
def purge_proofs() -> None:
    """Ends the retention of old proofs."""
    proofs.purge(timezone.now() - settings.PROOF_RETENTION)


@shared_task
def watch_delegations() -> None:
    """Looks at the delegation of every zone from outside. One at a time."""
    with turns.take("watch-delegations", timedelta(minutes=10)) as is_ours:
        if is_ours:
            delegations.watch(Zone.objects.delegated())


@shared_task
def watch_registries() -> None:
    """Asks the registries for expiry and status of every domain. One at a time."""
    with turns.take("watch-registries", timedelta(minutes=50)) as is_ours:
        if is_ours:
            registrations.watch(Zone.objects.delegated())
