"""Celery's entries: each calls one verb and may run twice."""

from celery import shared_task

from dnsupdate import alarms, delegations, publisher, registrations, wake
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
def watch_delegations() -> None:
    """Looks at the delegation of every zone from outside."""
    delegations.watch(Zone.objects.delegated())


# Half an hour for all: a registry that sends an octet now and then must not hold a worker for good.
@shared_task(time_limit=1800)
def watch_registries() -> None:
    """Asks the registries for expiry and status of every domain."""
    registrations.watch(Zone.objects.delegated())
