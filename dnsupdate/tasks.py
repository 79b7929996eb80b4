"""Celery's entries: each calls one verb and may run twice."""

from celery import shared_task

from dnsupdate import alarms, publisher, signings, verifications, wake, watches, zone_health
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
    """Looks whether a zone fell back, or moved without us; what is suspected is looked into at once."""
    if watches.watch():
        verify_zones.apply_async(expires=10)


@shared_task
def verify_zones() -> None:
    """Compares the zone that is due most with its rows."""
    verifications.run_next()
