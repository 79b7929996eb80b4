"""manage.py verify_zone ZONE [--repair]: compares the zone with the rows."""

from django.core.management.base import BaseCommand, CommandError

from dnsupdate import verify
from dnsupdate.errors import DnsUpdateError
from dnsupdate.models import Zone
from dnsupdate.names import normalise

SHOWN = 50


class Command(BaseCommand):
    help = "Transfers a zone from its primary, compares it with the rows, and repairs differences if asked to."

    def add_arguments(self, parser) -> None:
        parser.add_argument("zone")
        parser.add_argument("--repair", action="store_true", help="send the rows again where the zone differs")

    def handle(self, zone: str, repair: bool, **options) -> None:
        try:
            found = Zone.objects.select_related("primary__key").get(name=normalise(zone))
            comparison = verify.compare(found)
        except Zone.DoesNotExist as error:
            raise CommandError(f"There is no zone {zone}.") from error
        except DnsUpdateError as error:
            raise CommandError(str(error)) from error
        for difference in comparison.differences[:SHOWN]:
            self.stdout.write(f"{difference.name}: {difference.kind}")
        if len(comparison.differences) > SHOWN:
            self.stdout.write(f"... and {len(comparison.differences) - SHOWN} more")
        self.stdout.write(
            f"{comparison.name_count} names compared, {len(comparison.differences)} different, "
            f"{comparison.waiting_count} on their way."
        )
        if comparison.differences and not repair:
            raise CommandError("The zone differs from the rows. Repair it with --repair.")
        if comparison.differences:
            left = verify.repair(found, comparison.differences)
            self.stdout.write("Queued for repair; the worker publishes them now.")
            if left:
                raise CommandError(
                    "Delete these by hand, no row can hold them: " + ", ".join(each.name for each in left)
                )
