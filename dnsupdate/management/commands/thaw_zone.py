"""manage.py thaw_zone ZONE: publishes what waited while the zone was frozen, and goes on as before."""

from django.core.management.base import BaseCommand, CommandError

from dnsupdate import zones
from dnsupdate.errors import DnsUpdateError
from dnsupdate.models import PendingPublication, Zone
from dnsupdate.names import normalise


class Command(BaseCommand):
    help = "Ends the freezing of a zone: what waits is published at once."

    def add_arguments(self, parser) -> None:
        parser.add_argument("zone")

    def handle(self, zone: str, **options) -> None:
        try:
            found = zones.thaw(Zone.objects.get(name=normalise(zone)))
        except Zone.DoesNotExist as error:
            raise CommandError(f"There is no zone {zone}.") from error
        except DnsUpdateError as error:
            raise CommandError(str(error)) from error
        count = PendingPublication.objects.filter(zone=found).count()
        self.stdout.write(self.style.SUCCESS(f"{found} is thawed; {count:,} names waited and are published now."))
